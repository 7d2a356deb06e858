"""Where a transition sends the states on a plane."""

import numpy as np

from dmm.figures.base import blank, matrix, rgba
from dmm.palette import GATE, GREY, LATENT, ORANGE, VERMILLION

OPENNESS = [[0.0, rgba(GATE, 0.04)], [1.0, GATE]]  # behind arrows, on a light page and on a dark one
ARROW = 1.3  # how long a long arrow is drawn, in spaces between two arrows


def vector_field(view, titles=("z<sub>1</sub>", "z<sub>2</sub>"), states=None, part: float | None = None):
    """Steps as arrows, over how open the gates are; nine states with what noise makes of them; fixed points; a path.

    Args:
        view: a `fields.View`.
        titles: of the axes.
        states: (T, 2), places where a piece has been, or None.
        part: what part of each step an arrow shows, 0..1; None for what fits.

    Raises:
        ValueError: a number is not finite.
    """
    import plotly.graph_objects as go

    steps = matrix(view.after - view.places, "steps")
    part = fitting_part(view) if part is None else part
    figure = blank(_in_words(view, part), height=470)
    across, up = (np.unique(column) for column in view.places.T)
    heat = {"x": across, "y": up, "z": view.openness.reshape(len(up), len(across)), "zsmooth": "best"}
    shade = {"colorscale": OPENNESS, "zmin": 0, "zmax": 1, "showscale": False, "opacity": 0.45}
    figure.add_trace(go.Heatmap(**heat, **shade, hoverinfo="skip", name="gates"))
    figure.add_traces(_arrows(view.places, _cut(part * steps, 1.6 * ARROW * _gap(view)), steps))
    if states is not None:
        dot = {"size": 4, "color": GREY, "opacity": 0.8}
        figure.add_trace(_dots(states, "beats of the chorale", dot, "beat"))
    figure.add_traces(_landings(view))
    figure.add_traces([_path(view), *_fixed(view)])
    _set_window(figure, view, titles)
    figure.update_layout(showlegend=True)
    return figure


def fitting_part(view) -> float:
    """What part of each step an arrow may show, so that few run into their neighbours: 0..1."""
    long = np.quantile(np.linalg.norm(view.after - view.places, axis=1), 0.9)
    return float(min(1.0, ARROW * _gap(view) / max(long, 1e-12)))


def near_fixed_point(view, titles=("z<sub>1</sub>", "z<sub>2</sub>")):
    """Steps around a fixed point as a few arrows, and the path of a state beside it, without noise.

    Args:
        view: a `fields.View`.
        titles: of the axes.

    Raises:
        ValueError: a number is not finite.
    """
    steps, part = matrix(view.after - view.places, "steps"), fitting_part(view)
    figure = blank(_near_in_words(view, part), height=300)
    some = np.arange(len(steps)).reshape(int(np.sqrt(len(steps))), -1)[1::2, 1::2].ravel()  # the figure is small
    figure.add_traces(_arrows(view.places[some], part * steps[some], steps[some]))
    figure.update_traces(showlegend=False)
    figure.add_traces([_path(view), *_fixed(view)])
    figure.update_traces(marker_size=9, selector={"name": "path"})
    for x, y in (one.place for one in view.fixed):
        how = {"showarrow": False, "xshift": 16, "yshift": 12, "font_size": 18}
        figure.add_annotation(x=x, y=y, text="z*", **how)
    _set_window(figure, view, titles)
    return figure


def _gap(view):
    """From one arrow to the next."""
    return float(min((view.high - view.low) / (np.sqrt(len(view.places)) - 1)))


def _cut(steps, longest):
    """The steps, none of them longer."""
    length = np.linalg.norm(steps, axis=1, keepdims=True)
    return steps * np.minimum(1, longest / np.maximum(length, 1e-12))


def _arrows(places, drawn, steps):
    """Shafts in one trace, heads in another; a head says the whole step."""
    import plotly.graph_objects as go

    tips = places + drawn
    gaps = np.stack([places, tips, np.full_like(places, np.nan)], axis=1).reshape(-1, 2)
    shaft = {"mode": "lines", "line": {"color": GREY, "width": 1.2}, "hoverinfo": "skip", "showlegend": False}
    angle = np.degrees(np.arctan2(steps[:, 0], steps[:, 1]))
    mark = {"symbol": "arrow", "size": 8, "color": GREY, "angle": angle}
    hover = "step (%{customdata[0]:.2f}, %{customdata[1]:.2f})<extra></extra>"
    head = {"mode": "markers", "marker": mark, "customdata": steps, "hovertemplate": hover, "name": "step of the mean"}
    return [
        go.Scatter(x=gaps[:, 0], y=gaps[:, 1], **shaft, name="shafts"),
        go.Scatter(x=tips[:, 0], y=tips[:, 1], **head),
    ]


def _path(view):
    """A state's way without noise."""
    import plotly.graph_objects as go

    look = {"mode": "lines+markers", "line": {"color": ORANGE, "width": 2}, "marker": {"size": 5, "color": ORANGE}}
    hover = "step %{customdata}<br>(%{x:.2f}, %{y:.2f})<extra></extra>"
    x, y = view.path.T
    return go.Scatter(x=x, y=y, **look, name="path", customdata=np.arange(len(x)), hovertemplate=hover)


def _fixed(view):
    """The fixed points: filled where stable, open where not."""
    traces = []
    for stable, symbol in ((True, "circle"), (False, "circle-open")):
        points = np.array([one.place for one in view.fixed if one.stable == stable]).reshape(-1, 2)
        mark = {"size": 14, "color": VERMILLION, "symbol": symbol, "line": {"width": 3 if not stable else 1}}
        word = "stable" if stable else "unstable"
        traces.append(_dots(points, f"{word} fixed point", mark, f"{word} fixed point"))
    return traces


def _set_window(figure, view, titles):
    """Both axes: one unit as long on either, or angles would lie."""
    for update, low, high, title in zip(
        (figure.update_xaxes, figure.update_yaxes), view.low, view.high, titles, strict=True
    ):
        update(title_text=title, range=[low, high], constrain="domain", showgrid=False, fixedrange=True)
    figure.update_yaxes(scaleanchor="x", title_standoff=4)


def _landings(view):
    """From each dot a thin line to the mean of its next state, and one standard deviation around that."""
    import plotly.graph_objects as go

    turn = np.linspace(0, 2 * np.pi, 33)
    circle = np.stack([np.cos(turn), np.sin(turn)])
    rings = view.landed[:, None] + np.swapaxes(np.linalg.cholesky(view.noise) @ circle, 1, 2)
    gap = np.full((len(rings), 1, 2), np.nan)
    outline = np.concatenate([rings, gap], axis=1).reshape(-1, 2)
    lines = np.stack([view.dots, view.landed, gap[:, 0]], axis=1).reshape(-1, 2)
    quiet = {"mode": "lines", "hoverinfo": "skip"}
    ring = {"line": {"color": LATENT, "width": 2}, "fill": "toself", "fillcolor": rgba(LATENT, 0.2)}
    shaft = {"line": {"color": LATENT, "width": 1.5, "dash": "dot"}, "showlegend": False}
    return [
        go.Scatter(x=lines[:, 0], y=lines[:, 1], **quiet, **shaft, name="to"),
        _dots(view.dots, "nine states", {"size": 7, "color": LATENT}, "from", numbers=True),
        go.Scatter(x=outline[:, 0], y=outline[:, 1], **quiet, **ring, name="next state, ±1 sd"),
    ]


def _dots(points, name, marker, word, numbers=False):
    import plotly.graph_objects as go

    count = [f" {i + 1}" if numbers or word == "beat" else "" for i in range(len(points))]
    hover = f"{word}%{{customdata}}<br>(%{{x:.2f}}, %{{y:.2f}})<extra></extra>"
    look = {"mode": "markers", "marker": marker, "name": name, "customdata": count, "hovertemplate": hover}
    return go.Scatter(x=points[:, 0], y=points[:, 1], **look)


def _in_words(view, part):
    steps = np.linalg.norm(view.after - view.places, axis=1)
    stable = sum(one.stable for one in view.fixed)
    places = "; ".join(f"({one.place[0]:.2f}, {one.place[1]:.2f})" for one in view.fixed)
    end = ", ".join(f"{value:.2f}" for value in view.path[-1])
    return (
        f"Steps on a plane as {len(steps)} arrows, each {part:.2f} of its step; the steps are {steps.min():.2f} to "
        f"{steps.max():.2f} long. The gates are open {view.openness.mean():.2f} on average. {len(view.fixed)} fixed "
        f"points, {stable} of them stable{': ' + places if places else ''}. Nine ellipses show one standard deviation "
        f"of noise. A path of {len(view.path) - 1} steps ends at ({end})."
    )


def _near_in_words(view, part):
    """The same around one point, with how far from it the path is after each step."""
    words = [f"Steps on a plane as arrows, each {part:.2f} of its step."]
    for one in view.fixed:
        far = ", ".join(f"{away:.2f}" for away in np.linalg.norm(view.path - one.place, axis=1))
        place = f"({one.place[0]:.2f}, {one.place[1]:.2f})"
        words.append(f"A {'stable' if one.stable else 'unstable'} fixed point at {place}.")
        words.append(f"Step by step a path is {far} away from it.")
    return " ".join(words)
