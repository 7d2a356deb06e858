"""Pictures to keep, as SVG written by hand: curves on common axes, and a piano roll. Light, whatever the page is."""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

import numpy as np

from dmm.music import LOWEST_KEY, note_name
from dmm.palette import BLACK, BLUE, GREY, RUNS

DASHES = {"solid": "", "dash": "9 5", "dot": "2 4", "dashdot": "9 4 2 4", "longdash": "15 6", "longdashdot": "15 5 2 5"}
WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 70, 52  # room around the axes
CELL_WIDTH, CELL_HEIGHT = 8, 4  # of a roll, a beat and a key


def curves(lines: Mapping[str, tuple[Sequence[float], Sequence[float]]], x_title: str, y_title: str, title: str) -> str:
    """One line for each run, with axes, a legend and a title.

    Args:
        lines: from a run's label to its points, x and y; six at most. Points that are not finite are left out.

    Raises:
        ValueError: more lines than can be told apart, or one with more of x than of y.
    """
    if len(lines) > len(RUNS):
        raise ValueError(f"got {len(lines)} lines, expected at most {len(RUNS)}")
    points = {label: _finite(label, *both) for label, both in lines.items()}
    xs, ys = ([value for each in points.values() for value in each[:, place]] for place in (0, 1))
    across, up = ticks(xs), ticks(ys)
    to_x = _scale(across, LEFT, WIDTH - RIGHT)
    to_y = _scale(up, HEIGHT - BOTTOM, TOP)
    parts = [_text(LEFT, 26, title, size=16, weight="bold")]
    for value in across:
        parts += [_line(to_x(value), TOP, to_x(value), HEIGHT - BOTTOM), _tick(to_x(value), value, across)]
    for value in up:
        parts += [_line(LEFT, to_y(value), WIDTH - RIGHT, to_y(value))]
        parts += [_text(LEFT - 8, to_y(value) + 4, _number(value, up), anchor="end")]
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_title, anchor="middle"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(_text(16, middle, y_title, anchor="middle", transform=f"rotate(-90 16 {middle:g})"))
    for place, ((label, each), (colour, dash)) in enumerate(zip(points.items(), RUNS, strict=False)):
        look = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{DASHES[dash] or "none"}"'
        spots = " ".join(f"{to_x(x):.2f},{to_y(y):.2f}" for x, y in each)
        parts.append(f'<polyline {look} points="{spots}"><title>{escape(label)}</title></polyline>')
        start = LEFT + 110 * place
        parts.append(f'<line {look} x1="{start}" y1="48" x2="{start + 34}" y2="48"/>')
        parts.append(_text(start + 40, 52, label))
    return _whole(WIDTH, HEIGHT, title, parts)


def roll(frames: np.ndarray, title: str) -> str:
    """A piano roll: a bar for each note that sounds, as long as it does without a rest.

    Args:
        frames: (T, X), 0 or 1; only the keys between the lowest and the highest that sound are shown.

    Raises:
        ValueError: it is not of two axes, or has no frame.
    """
    frames = np.asarray(frames) > 0.5
    if frames.ndim != 2 or not len(frames):
        raise ValueError(f"got a roll of shape {frames.shape}, expected (T, X) with T at least 1")
    sounding = np.flatnonzero(frames.any(0))
    low, high = (int(sounding[0]), int(sounding[-1])) if len(sounding) else (0, 0)
    width = LEFT + CELL_WIDTH * len(frames) + RIGHT
    bottom = TOP - 24 + CELL_HEIGHT * (high - low + 1)

    def top_of(key):
        return TOP - 24 + CELL_HEIGHT * (high - key)

    parts = [_text(LEFT, 26, title, size=16, weight="bold")]
    for beat in range(0, len(frames) + 1, 8):
        x = LEFT + CELL_WIDTH * beat
        parts += [_line(x, TOP - 24, x, bottom), _text(x, bottom + 18, f"{beat}", anchor="middle")]
    parts += [  # the Cs
        _text(LEFT - 8, top_of(key) + CELL_HEIGHT, note_name(key + LOWEST_KEY), anchor="end")
        for key in range(low, high + 1)
        if (key + LOWEST_KEY) % 12 == 0
    ]
    parts += [
        f'<rect x="{LEFT + CELL_WIDTH * start}" y="{top_of(key)}" width="{CELL_WIDTH * beats}" '
        f'height="{CELL_HEIGHT}" fill="{BLUE}"/>'
        for key, start, beats in notes(frames)
    ]
    parts.append(_text(LEFT, bottom + 38, "beats"))
    return _whole(width, bottom + 50, title, parts)


def notes(frames: np.ndarray) -> list[tuple[int, int, int]]:
    """Each stretch in which a key sounds: its key, its first frame and how many frames it has.

    >>> notes(np.array([[1, 0], [1, 1], [0, 1], [1, 0]]))
    [(0, 0, 2), (0, 3, 1), (1, 1, 2)]
    """
    padded = np.pad(np.asarray(frames, dtype=int), ((1, 1), (0, 0)))
    turns = np.diff(padded, axis=0).T  # (X, T + 1)
    return [
        (key, int(start), int(end - start))
        for key, row in enumerate(turns)
        for start, end in zip(np.flatnonzero(row > 0), np.flatnonzero(row < 0), strict=True)
    ]


def ticks(values: Sequence[float]) -> list[float]:
    """Round numbers, evenly spaced, from at or below the lowest value to at or above the highest.

    >>> ticks([7.1, 12.3])
    [7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0]
    """
    low, high = (min(values), max(values)) if len(values) else (0.0, 1.0)
    spread = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(spread / 5))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= spread / 6 * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(first, max(last, first + 1) + 1)]


def _finite(label, x, y):
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"got shapes {x.shape} and {y.shape} for {label}, expected (N,) twice")
    both = np.stack([x, y], axis=1)
    return both[np.isfinite(both).all(1)]


def _scale(marks, start, end):
    """From a value to its place, the first tick at `start`, the last at `end`."""
    return lambda value: start + (value - marks[0]) / (marks[-1] - marks[0]) * (end - start)


def _tick(x, value, marks):
    return _text(x, HEIGHT - BOTTOM + 18, _number(value, marks), anchor="middle")


def _number(value, marks):
    """With as many digits as neighbours differ in."""
    return f"{value:,.{max(0, -math.floor(math.log10(marks[1] - marks[0]) + 1e-9))}f}"


def _line(x1, y1, x2, y2):
    return (
        f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="{GREY}" stroke-opacity="0.3" '
        'stroke-width="1"/>'
    )


def _text(x, y, words, anchor="start", size=12, **more):
    extra = "".join(f' {"font-weight" if name == "weight" else name}="{value}"' for name, value in more.items())
    where = f'x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" font-size="{size}"'
    return f"<text {where}{extra}>{escape(words)}</text>"


def _whole(width, height, title, parts):
    """The document: a white sheet, and what is on it."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" font-family="sans-serif" fill="{BLACK}">'
    )
    sheet = f'<rect width="{width:g}" height="{height:g}" fill="#FFFFFF"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", sheet, *parts, "</svg>"]) + "\n"
