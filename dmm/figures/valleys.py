"""The likelihood as a valley over two numbers, and the ways of learners into it, with a slider over their updates."""

from typing import NamedTuple

import numpy as np

from dmm.figures.base import blank, rgba
from dmm.figures.surfaces import between
from dmm.palette import GREY

FINE = 4  # points drawn for each of the grid
DEEPEST = 1e-5  # nats per frame: nothing finer is drawn
LINES = (-4.0, -1.0, 0.5)  # the contours: powers of ten, and what lies between two
LABELLED = (0.0001, 0.001, 0.01, 0.1)
ROOM = 0.04  # of the figure's height, that a label needs above the lowest point
EARLY, LATER = 20, 30  # moments of the slider: each of the first, where most happens, and so many of the others
CLOSE = 0.05  # around what is to be seen, when looked at closely


class Way(NamedTuple):
    """One learner's way: its name, colour, dash, and triples of updates and the two numbers, (P, 3)."""

    name: str
    colour: str
    dash: str
    points: np.ndarray


def likelihood_valley(alphas, betas, nll, best, errors, truth, ways=(), close=False):
    """Contours of the exact NLL above its lowest, the truth, the exact estimate, and the ways of learners.

    Args:
        alphas: (A,) and betas: (B,), the grid.
        nll: (A, B), nats per frame, of any zero: the lowest is taken off.
        best: where it is lowest; errors: the standard errors of that; truth: the world's two numbers.
        ways: `Way`s; the slider shows where each of them was after some updates.
        close: only the part around truth, estimate and the ends of the ways.

    Raises:
        ValueError: a shape does not fit, or a point lies beside the grid.
    """
    import plotly.graph_objects as go

    ways = [way._replace(points=checked_way(way.points)) for way in ways]
    figure = blank(_in_words(best, errors, truth, ways), height=520 if ways else 420)
    figure.add_trace(_valley(alphas, betas, nll, best))
    moments = _moments(ways)
    if ways:
        figure.add_traces(_at(ways, moments[-1], named=True))
        moving = list(range(1, len(ways) + 2))
        figure.frames = [{"name": f"{moment}", "data": _at(ways, moment), "traces": moving} for moment in moments]
        figure.update_layout(sliders=[_slider(moments)], updatemenus=[_buttons()])
    bars = {"color": GREY, "thickness": 2, "width": 5}
    spread = {"error_x": {"array": [2 * errors[0]]} | bars, "error_y": {"array": [2 * errors[1]]} | bars}
    mark = {"symbol": "square", "size": 5, "color": GREY}
    hover = "α = %{x:.3f}<br>β = %{y:.3f}"
    exact = {"name": "exact estimate ± 2 s.e.", "hovertemplate": f"exact estimate<br>{hover}<extra></extra>"}
    figure.add_trace(go.Scatter(x=[best[0]], y=[best[1]], mode="markers", marker=mark, **spread, **exact))
    mark = {"symbol": "star", "size": 13, "color": "#FFFFFF", "line": {"color": "#444444", "width": 1.5}}
    told = {"name": "truth", "hovertemplate": f"truth<br>{hover}<extra></extra>"}
    figure.add_trace(go.Scatter(x=[truth[0]], y=[truth[1]], mode="markers", marker=mark, **told))
    figure.update_xaxes(title_text="α", showgrid=False, range=[alphas[0], alphas[-1]])
    figure.update_yaxes(title_text="β", showgrid=False, range=[betas[0], betas[-1]])
    if close:
        seen = np.array([best, truth, *(way.points[-1, 1:] for way in ways)])
        low, high = seen.min(0) - CLOSE, seen.max(0) + CLOSE
        figure.update_xaxes(range=[max(low[0], alphas[0]), min(high[0], alphas[-1])])
        figure.update_yaxes(range=[max(low[1], betas[0]), min(high[1], betas[-1])])
    figure.update_layout(annotations=_labels(alphas, betas, nll, best, figure.layout.yaxis.range))
    return figure


def checked_way(points):
    """A way's triples as an array, if they can be drawn; else a ValueError."""
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[1] != 3 or len(points) < 2 or not np.isfinite(points).all():
        raise ValueError(f"got a way of shape {points.shape}, expected (P, 3), P at least 2, of finite numbers")
    return points


def _valley(alphas, betas, nll, best):
    """The contours, evenly spaced in powers of ten."""
    import plotly.graph_objects as go

    fine_a, fine_b = (np.linspace(one[0], one[-1], FINE * (len(one) - 1) + 1) for one in (alphas, betas))
    lowest = between(alphas, betas, nll, best[:1], best[1:]).item()
    above = np.maximum(between(alphas, betas, nll, fine_a, fine_b) - lowest, DEEPEST).T.astype(np.float32)
    start, end, size = LINES
    return go.Contour(
        x=fine_a,
        y=fine_b,
        z=np.log10(above),
        customdata=above,
        zmin=start - size,
        zmax=end,
        colorscale=[[0, rgba(GREY, 0.0)], [1, rgba(GREY, 0.32)]],
        contours={"start": start, "end": end, "size": size},
        line={"color": rgba(GREY, 0.7), "width": 1},
        showscale=False,
        name="exact NLL",
        hovertemplate="α = %{x:.3f}, β = %{y:.3f}<br>%{customdata:.5f} nats per frame above the lowest<extra></extra>",
    )


def _labels(alphas, betas, nll, best, shown):
    """What the contours of whole powers of ten stand for, above the lowest point, as far as they are in sight."""
    reach = np.linspace(best[1], shown[1], 400)
    along = between(alphas, betas, nll, best[:1], reach)[0]
    labels = []
    for level in LABELLED:
        place = np.searchsorted(along - along[0], level)
        if ROOM * (shown[1] - shown[0]) < reach[min(place, 399)] - best[1] and place < len(reach):
            labels.append({"x": best[0], "y": reach[place], "text": f"{level:g}"})
    return [label | {"font": {"size": 11}, "yanchor": "bottom", "showarrow": False, "yshift": -2} for label in labels]


def _moments(ways):
    """The numbers of updates at which the slider stops: the first and the last one always."""
    every = sorted({int(step) for way in ways for step in way.points[:, 0]})
    later = every[EARLY:]
    return every[:EARLY] + later[::-1][:: -(-len(later) // LATER) or 1][::-1]


def _at(ways, moment, named=False):
    """Every way up to a moment, pale, and one trace of where they are then; as plain words, which plotly reads fast."""
    traces, ends, told = [], [], set()
    for way in ways:
        past = way.points[way.points[:, 0] <= moment]
        ends.append(past[-1])
        trace = {"type": "scatter", "x": past[:, 1].astype(np.float32), "y": past[:, 2].astype(np.float32)}
        if named:
            line = {"color": rgba(way.colour, 0.7), "width": 2, "dash": way.dash}
            trace |= {"mode": "lines", "line": line, "name": way.name, "hoverinfo": "skip", "legendgroup": way.name}
            trace |= {"showlegend": way.name not in told}
            told.add(way.name)
        traces.append(trace)
    ends = np.array(ends, dtype=np.float32)
    points = {"type": "scatter", "x": ends[:, 1], "y": ends[:, 2], "customdata": ends[:, 0]}
    if named:
        mark = {"color": [way.colour for way in ways], "size": 10, "line": {"color": "#FFFFFF", "width": 1}}
        hover = "%{text} after %{customdata} updates<br>α = %{x:.3f}<br>β = %{y:.3f}<extra></extra>"
        points |= {"mode": "markers", "marker": mark, "showlegend": False, "name": "now", "hovertemplate": hover}
        points["text"] = [way.name for way in ways]
    return [*traces, points]


def _slider(moments):
    """A slider of the browser's own, so that it can be dragged; without `redraw` the contours would vanish."""
    how = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    steps = [{"method": "animate", "label": f"{moment:,}", "args": [[f"{moment}"], how]} for moment in moments]
    return {
        "active": len(moments) - 1,
        "steps": steps,
        "currentvalue": {"prefix": "after ", "suffix": " updates", "xanchor": "right", "font": {"color": GREY}},
        "font": {"color": rgba(GREY, 0)},  # of the numbers below it: too many to be read
        "x": 0.0,
        "len": 1.0,
        "y": 0,
        "pad": {"t": 62, "b": 4},
        "bgcolor": rgba(GREY, 0.25),
        "activebgcolor": GREY,
        "bordercolor": rgba(GREY, 0.6),
        "tickcolor": rgba(GREY, 0.6),
        "ticklen": 0,
        "minorticklen": 0,
    }


def _buttons():
    """Play and pause."""
    on = {"frame": {"duration": 70, "redraw": True}, "transition": {"duration": 0}, "fromcurrent": True}
    off = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    buttons = [
        {"method": "animate", "label": "Play", "args": [None, on | {"mode": "immediate"}]},
        {"method": "animate", "label": "Pause", "args": [[None], off]},
    ]
    look = {"bgcolor": rgba(GREY, 0.15), "bordercolor": rgba(GREY, 0.6), "showactive": False}
    place = {"x": 0, "y": 0, "xanchor": "left", "yanchor": "top", "pad": {"t": 58}, "direction": "right"}
    return {"type": "buttons", "buttons": buttons} | look | place


def _in_words(best, errors, truth, ways):
    """Where everything is."""
    ends = "; ".join(f"{way.name} ends at {way.points[-1, 1]:.3f}, {way.points[-1, 2]:.3f}" for way in ways)
    return (
        f"Contours of the exact negative log-likelihood over alpha and beta: a valley whose lowest point lies at "
        f"{best[0]:.3f}, {best[1]:.3f}, with standard errors {errors[0]:.4f} and {errors[1]:.4f}; the truth is "
        f"{truth[0]:g}, {truth[1]:g}. {ends + '.' if ends else 'No learner is shown yet.'}"
    )
