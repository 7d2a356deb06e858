"""The path of the hidden state in space."""

import numpy as np
import plotly.graph_objects as go

from dmm.figures.base import TIME_SCALE, blank, check_dims, matrix
from dmm.figures.projection import principal_components
from dmm.palette import GREEN, GREY, ORANGE, VERMILLION

AXES = 3
DRAWS = 6


def trajectory_3d(z, frame_labels=None, *, dims=None, samples=None, names=None, highlight=None) -> go.Figure:
    """The path of z in space: its first three principal components, or three chosen dimensions.

    Args:
        z: `(T, Z)` hidden states.
        frame_labels: T texts that say when each state was; by default "beat 1" and so on.
        dims: three dimensions, from 0, instead of principal components.
        samples: `(S, T, Z)` draws of the guess, thin behind the path; the first six show.
        names: T texts with the notes that sound, for the hover.
        highlight: one frame, from 0, to ring.

    Raises:
        ValueError: a shape, dimension or frame does not fit z.
    """
    z = matrix(z, "z")
    points, titles, project = _view(z, dims)
    hover = _hover_texts(len(z), frame_labels, names)
    figure = blank(_in_words(points, titles), height=460)
    if samples is not None:
        figure.add_trace(_draws(project(_checked_samples(samples, z.shape))))
    figure.add_traces(_path(points, hover))
    marks = [(0, "start", GREEN, "circle"), (len(z) - 1, "end", VERMILLION, "square")]
    if highlight is not None:
        marks.append((_checked_frame(highlight, len(z)), f"beat {highlight + 1}", ORANGE, "circle-open"))
    figure.add_traces([_mark(points[t], hover[t], name, colour, symbol) for t, name, colour, symbol in marks])
    return _with_axes(figure, titles)


def _view(z: np.ndarray, dims):
    """Points `(T, 3)`, a title for each axis, and the function that takes other states to the same axes."""
    Z = z.shape[1]
    if dims is not None and len(dims) != AXES:
        raise ValueError(f"got {len(dims)} dimensions to show, expected {AXES}")
    if dims is None and Z == AXES:
        dims = range(AXES)
    if dims is not None:
        dims = list(check_dims(dims, Z))
        return z[:, dims], [f"dimension {i + 1} of z" for i in dims], lambda other: other[..., dims]
    found = principal_components(z, AXES)
    shares = [round(100 * share) for share in found.explained]
    return found.points, [f"PC {i + 1} ({s} %)" for i, s in enumerate(shares)], found.project


def _hover_texts(T: int, frame_labels, names) -> list[str]:
    """What the pointer reads at each frame."""
    labels = [f"beat {t + 1}" for t in range(T)] if frame_labels is None else list(map(str, frame_labels))
    played = [""] * T if names is None else [f"<br>{text or 'silence'}" for text in names]
    if len(labels) != T or len(played) != T:
        raise ValueError(f"got {len(labels)} frame labels and {len(played)} names, expected {T} as z has frames")
    return [label + text for label, text in zip(labels, played, strict=True)]


def _scatter(points: np.ndarray, **settings) -> go.Scatter3d:
    """A scatter trace of points `(N, 3)`."""
    return go.Scatter3d(**dict(zip("xyz", points.T, strict=True)), **settings)


def _path(points: np.ndarray, hover: list[str]) -> list:
    """The path as points that darken with time, on a line that darkens too, to show depth."""
    T = len(points)
    time = {"color": np.arange(1, T + 1), "colorscale": TIME_SCALE, "cmin": 1, "cmax": max(T, 2)}
    words = {"text": hover, "hovertemplate": "%{text}<extra></extra>", "name": "path, darker later"}
    quiet = {"hoverinfo": "skip", "showlegend": False, "name": "line of the path"}  # the legend would show it black
    return [
        _scatter(points, mode="markers", marker=time | {"size": 5, "line": {"width": 0}}, **words),
        _scatter(points, mode="lines", line=time | {"width": 6}, **quiet),
    ]


def _draws(drawn: np.ndarray) -> go.Scatter3d:
    """Posterior draws `(S, T, 3)` as one trace with gaps; only a few, so that the path stays clear."""
    drawn = drawn[:DRAWS]
    gaps = np.concatenate([drawn, np.full((len(drawn), 1, AXES), np.nan)], axis=1).reshape(-1, AXES)
    # WebGL on a clear background turns translucent lines white
    return _scatter(gaps, mode="lines", line={"color": GREY, "width": 1}, hoverinfo="skip", name="draws of the guess")


def _mark(point: np.ndarray, hover: str, name: str, colour: str, symbol: str) -> go.Scatter3d:
    """One marked frame."""
    marker = {"size": 12 if symbol == "circle-open" else 8, "color": colour, "symbol": symbol}
    template = f"{name}: %{{text}}<extra></extra>"
    return _scatter(point[None], mode="markers", marker=marker, text=[hover], hovertemplate=template, name=name)


def _with_axes(figure: go.Figure, titles: list[str]) -> go.Figure:
    """The axes with their titles, without walls."""
    style = {"showbackground": False, "gridcolor": GREY, "zeroline": False, "nticks": 4}
    axes = {f"{axis}axis": style | {"title": {"text": text}} for axis, text in zip("xyz", titles, strict=True)}
    camera = {"eye": {"x": 1.45, "y": 1.6, "z": 0.9}, "center": {"x": 0, "y": 0, "z": -0.2}}
    figure.update_layout(scene=axes | {"aspectmode": "cube", "camera": camera})
    return figure


def _in_words(points: np.ndarray, titles: list[str]) -> str:
    """The path as sentences."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    words = f"Path of the hidden state over {len(points)} beats along {', '.join(titles)}."
    if not steps.size or not steps.any():
        return f"{words} It does not move."
    start, end = (", ".join(f"{value:.2f}" for value in point) for point in (points[0], points[-1]))
    far = np.argmax(steps)
    longest = f"the longest step, {steps[far]:.2f}, is from beat {far + 1} to {far + 2}"
    return f"{words} From ({start}) to ({end}); {longest}."


def _checked_samples(samples, shape: tuple[int, int]) -> np.ndarray:
    """Draws `(S, T, Z)`; ValueError if they do not fit z."""
    samples = np.asarray(samples, dtype=float)
    if samples.ndim != 3 or samples.shape[1:] != shape:
        raise ValueError(f"got samples of shape {samples.shape}, expected (S, {shape[0]}, {shape[1]})")
    return samples


def _checked_frame(frame: int, T: int) -> int:
    """A frame, from 0; ValueError outside the piece."""
    if not 0 <= frame < T:
        raise ValueError(f"got highlight={frame}, expected a frame from 0 to {T - 1}")
    return int(frame)
