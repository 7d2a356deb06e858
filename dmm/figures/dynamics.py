"""How a hidden number moves: one step with its bell, and the spread of many steps with some paths."""

import numpy as np

from dmm.figures.base import blank, matrix, rgba
from dmm.palette import GREY, LATENT, VERMILLION

REACH = 6.0  # units of z to each side of 0
TALLEST = 1.6  # units of z_{t-1}: how far the bell of one step reaches to the side
SHADES = [[0.0, rgba(LATENT, 0.0)], [0.25, rgba(LATENT, 0.45)], [1.0, rgba(LATENT, 1.0)]]


def one_step(step, name, z_prev):
    """The mean of z_t over z_{t-1}, a band of two standard deviations, and at one z_{t-1} the bell of z_t.

    Args:
        step: from z_{t-1}, (S,), to the mean and the standard deviation of z_t, (S,) both.
        name: of the step, in words.
        z_prev: where the bell stands.

    Raises:
        ValueError: a number is not finite.
    """
    import plotly.graph_objects as go

    z = np.linspace(-REACH, REACH, 241)
    mean, noise = matrix(step(z), "step")
    (loc,), (scale,) = step(np.array([float(z_prev)]))
    figure = blank(
        f"{name}: the mean of z_t over z_t-1 as a line, with a band of two standard deviations. "
        f"From z_t-1 = {z_prev:g} the next state is a bell of mean {loc:.2f} and standard deviation {scale:.2f}.",
        height=210,
    )
    quiet = {"hoverinfo": "skip", "showlegend": False, "mode": "lines"}
    band = {"x": np.concatenate([z, z[::-1]]), "y": np.concatenate([mean + 2 * noise, (mean - 2 * noise)[::-1]])}
    ends, height = [-REACH, REACH], np.linspace(-3.5, 3.5, 71)
    side = z_prev + (-1 if z_prev > REACH - 2 * TALLEST else 1) * TALLEST * np.exp(-(height**2) / 2)
    bell = {"x": side, "y": loc + scale * height, "fill": "toself", "fillcolor": rgba(VERMILLION, 0.25)}
    look = {"fill": "toself", "fillcolor": rgba(LATENT, 0.2), "line": {"width": 0}}
    line = {"x": z, "y": mean, "line": {"color": LATENT, "width": 2.5}, "mode": "lines", "showlegend": False}
    hover = "from %{x:.2f}<br>to %{y:.2f} on average<extra></extra>"
    figure.add_traces(
        [
            go.Scatter(x=ends, y=ends, line={"color": GREY, "width": 1, "dash": "dot"}, name="stays", **quiet),
            go.Scatter(**band, **look, name="noise", **quiet),
            go.Scatter(**line, name="mean", hovertemplate=hover),
            go.Scatter(**bell, line={"color": VERMILLION, "width": 2}, name="bell", **quiet),
        ]
    )
    figure.add_vline(x=z_prev, line={"color": VERMILLION, "width": 1, "dash": "dot"})
    _set_range(figure.update_xaxes, "z<sub>t−1</sub>")
    _set_range(figure.update_yaxes, "z<sub>t</sub>")
    figure.update_xaxes(title_standoff=2)
    return figure


def spreading(grid, densities, paths, name, t, normal):
    """The density of z_t at each time as shades, some paths on it; at the right the density at one time, and a bell.

    Args:
        grid: (G,), values of z.
        densities: (T - 1, G), of z_2 to z_T.
        paths: (N, T), drawn, all from the same z_1.
        name: of the dynamics, in words.
        t: the time that is drawn at the right, 2..T.
        normal: (G,), the bell of the same mean and width as the density at t.

    Raises:
        ValueError: a number is not finite, or t is out of range.
    """
    import plotly.graph_objects as go

    grid, densities, paths = np.asarray(grid), matrix(densities, "densities", 0), matrix(paths, "paths")
    T = paths.shape[1]
    if not 2 <= t <= T or len(densities) != T - 1:
        raise ValueError(f"got time {t} of {len(densities)} densities and paths of {T} states, expected 2 to {T}")
    inside = np.abs(grid) <= REACH
    shown, place = np.flatnonzero(inside)[::3], grid[inside]
    here, normal = densities[t - 2], np.asarray(normal)
    tall = max(here.max(), normal.max())
    figure = blank(
        f"{name}: {len(paths)} paths of z from {paths[0, 0]:g} over {T} steps, on shades of the density of z_t. "
        f"At t = {t} the density is highest at z = {grid[here.argmax()]:.2f}, where it is {here.max():.3f}; the bell "
        f"of the same mean and width has {normal.max():.3f} at its top.",
        height=290,
    )
    shades = (densities / densities.max(1, keepdims=True))[:, shown].T
    heat = {"x": np.arange(2, T + 1), "y": grid[shown], "z": np.round(shades, 3).astype("float32")}
    hover = "t = %{x}, z = %{y:.2f}<br>density %{customdata:.3f}<extra></extra>"
    gap = np.full((len(paths), 1), np.nan)  # between one path and the next, so that one trace draws them all
    lines = {"x": np.tile(np.r_[1 : T + 1, np.nan], len(paths)), "y": np.hstack([paths, gap]).ravel()}
    quiet = {"hoverinfo": "skip", "showlegend": False, "mode": "lines"}
    edge = {"color": VERMILLION, "width": 2}
    fill = {"fill": "tozerox", "fillcolor": rgba(VERMILLION, 0.25)}
    figure.add_traces(
        [
            go.Heatmap(
                **heat,
                customdata=np.round(densities[:, shown].T, 4).astype("float32"),
                colorscale=SHADES,
                showscale=False,
                hovertemplate=hover,
            ),
            go.Scatter(**lines, line={"color": rgba(GREY, 0.75), "width": 1.2}, name="paths", **quiet),
            go.Scatter(x=here[inside], y=place, xaxis="x2", line=edge, name="density", **fill, **quiet),
            go.Scatter(x=normal[inside], y=place, xaxis="x2", line=edge | {"dash": "dot"}, name="bell", **quiet),
        ]
    )
    figure.add_vline(x=t, line={"color": VERMILLION, "width": 1, "dash": "dot"})
    figure.update_layout(
        margin_t=22,
        xaxis={"domain": [0, 0.7], "range": [0.8, T + 0.5], "showgrid": False, "fixedrange": True},
        xaxis_title={"text": "time t", "standoff": 2},
        xaxis2={"domain": [0.74, 1], "range": [0, 1.05 * tall], "showticklabels": False, "showgrid": False},
        xaxis2_fixedrange=True,
        annotations=[{"text": f"t = {t}", "x": 0.87, "y": 1, "xref": "paper", "yref": "paper", "yanchor": "bottom"}],
    )
    figure.update_annotations(showarrow=False)
    _set_range(figure.update_yaxes, "z<sub>t</sub>")
    return figure


def _set_range(update, title):
    """An axis of z."""
    update(title_text=title, range=[-REACH, REACH], tickvals=[-4, 0, 4], showgrid=False, fixedrange=True)
