"""All runs of a sweep as lines across upright axes: parallel coordinates."""

import numpy as np

from dmm.figures.base import blank, rgba
from dmm.figures.sweeps import LOW_IS_GOOD, shades_of
from dmm.palette import GREY, SKY, VERMILLION


def sweep_lines(axes, runs, bounds):
    """Parallel coordinates: an upright axis for each setting and one for the bound; each run is a line across them.

    Args:
        axes: (title, names of its values in order) for each setting.
        runs: for each run its place on each axis.
        bounds: of each run, nats per frame.

    Raises:
        ValueError: a run has no place on an axis, or no bound.
    """
    import plotly.graph_objects as go

    if len(runs) != len(bounds) or any(len(places) != len(axes) for places in runs):
        raise ValueError(f"got {len(runs)} runs, {len(bounds)} bounds and {len(axes)} axes, expected a place on each")
    low, high = (min(bounds), max(bounds)) if bounds else (0.0, 1.0)
    width = (high - low) or 1.0
    shades = shades_of(np.asarray(bounds, dtype=float))
    figure = blank(
        _lines_in_words(axes, runs, bounds),
        height=360,
        margin={"t": 24, "b": 8, "l": 44, "r": 64},
        xaxis={"tickvals": [*range(len(axes) + 1)], "ticktext": [*(title for title, _ in axes), "best bound"]}
        | {"range": [-0.15, len(axes) + 0.15], "showgrid": False, "fixedrange": True},
        yaxis={"range": [-0.1, 1.08], "showgrid": False, "showticklabels": False, "fixedrange": True, "title": None},
    )
    order = sorted(range(len(runs)), key=lambda place: -bounds[place])  # the best is drawn last, on top
    for place in order:
        heights = [_height(where, len(names)) for where, (_, names) in zip(runs[place], axes, strict=True)]
        best = place == order[-1]
        colour = VERMILLION if best else rgba(SKY, 0.5 + 0.5 * shades[place])
        said = [f"{title} {names[where]}" for where, (title, names) in zip(runs[place], axes, strict=True)]
        figure.add_trace(
            go.Scatter(
                x=[*range(len(axes) + 1)],
                y=[*heights, (bounds[place] - low) / width],
                mode="lines+markers",
                line={"color": colour, "width": 3.5 if best else 1.8},
                marker={"size": 6},
                hovertemplate=f"{'<br>'.join(said)}<br>{bounds[place]:.3f} nats per frame<extra></extra>",
                showlegend=False,
            )
        )
    for place, (_, names) in enumerate(axes):
        _upright(figure, place, [(_height(where, len(names)), name) for where, name in enumerate(names)])
    ends = [(0, f"{low:.3f}"), (1, f"{high:.3f}")] if high > low else [(0, f"{low:.3f}")]
    _upright(figure, len(axes), ends if bounds else [])
    return figure


def _height(place, count):
    return place / (count - 1) if count > 1 else 0.5


def _upright(figure, place, marks):
    """An axis, and its marks beside it."""
    figure.add_shape(type="line", x0=place, x1=place, y0=0, y1=1, line={"color": GREY, "width": 1})
    for height, name in marks:
        end = height in (0, 1)  # there is room beyond the axis, where no line comes
        where = {"x": place, "y": height, "xanchor": "center" if end else "left", "xshift": 0 if end else 7}
        figure.add_annotation(text=f"<b>{name}</b>", showarrow=False, yshift=-11 if height == 0 else 11, **where)


def _lines_in_words(axes, runs, bounds):
    titles = ", ".join(title for title, _ in axes)
    if not runs:
        return f"Parallel coordinates over {titles}; no run is done yet."
    place = int(np.argmin(bounds))
    said = ", ".join(f"{title} {names[where]}" for where, (title, names) in zip(runs[place], axes, strict=True))
    return (
        f"Parallel coordinates: {len(runs)} runs as lines over {titles} and their best bound, from {min(bounds):.3f} "
        f"to {max(bounds):.3f} {LOW_IS_GOOD}. The best, drawn thick: {said}."
    )
