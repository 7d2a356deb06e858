"""How a state moves: a straight or a curved map with its noise, what becomes of a bell on the way, and a table."""

import numpy as np

from dmm.figures.base import GRID, blank, matrix, rgba
from dmm.palette import LATENT, ORANGE, VERMILLION

SPAN = 7.0  # units of z to each side of 0


def noisy_map(step, name, loc, scale):
    """z_t over z_{t-1}: the mean with two standard deviations of noise; below the bell before, left what it becomes.

    Args:
        step: from z_{t-1}, (S,), to the mean and the standard deviation of z_t, (S,) each.
        name: of the map, in words.
        loc, scale: of the bell before.

    Raises:
        ValueError: a number is not finite.
    """
    import plotly.graph_objects as go

    z = np.linspace(-SPAN, SPAN, 201)
    mean, noise = matrix(step(z), "step")
    before, after, bell = through(step, loc, scale, z)
    figure = blank(
        f"{name.capitalize()}: the mean of z_t over z_t-1 as a line, with a band of two standard deviations of noise "
        f"({noise.mean():.2f} each on average). A bell around {loc:g} with standard deviation {scale:g} becomes a "
        f"density with {_humps(after)}, drawn at the left; the normal density of the same mean and variance is dotted.",
        height=360,
        **_axes(before, max(after.max(), bell.max())),
    )
    band = {"x": np.concatenate([z, z[::-1]]), "y": np.concatenate([mean + 2 * noise, (mean - 2 * noise)[::-1]])}
    quiet = {"mode": "lines", "hoverinfo": "skip", "line": {"width": 0}, "showlegend": False}
    figure.add_trace(go.Scatter(**band, **quiet, fill="toself", fillcolor=rgba(LATENT, 0.22), name="noise"))
    hover = "from %{x:.2f}<br>to %{y:.2f} on average<extra></extra>"
    line = {"color": LATENT, "width": 2.5}
    figure.add_trace(go.Scatter(x=z, y=mean, mode="lines", line=line, name=name, showlegend=False, hovertemplate=hover))
    for x, y, axis, colour, dash, words in (
        (z, before, {"yaxis": "y2"}, ORANGE, "solid", "before"),
        (after, z, {"xaxis": "x2"}, VERMILLION, "solid", "after"),
        (bell, z, {"xaxis": "x2"}, VERMILLION, "dot", "as a bell"),
    ):
        fill = {"fill": "tozeroy" if words == "before" else "tozerox", "fillcolor": rgba(colour, 0.25)}
        look = {"line": {"color": colour, "width": 2, "dash": dash}, "mode": "lines", "hoverinfo": "skip"}
        figure.add_trace(go.Scatter(x=x, y=y, name=words, **axis, **look, **(fill if dash == "solid" else {})))
    return figure


def _axes(before, top):
    """Of the map, and of the two strips in which the bells stand."""
    place = {"range": [-SPAN, SPAN], "showgrid": False, "gridcolor": GRID, "zeroline": False, "fixedrange": True}
    margin = {"showticklabels": False, "showgrid": False, "zeroline": False, "fixedrange": True}
    return {
        "xaxis": place | {"domain": [0.2, 1], "title": {"text": "z<sub>t−1</sub>", "standoff": 4}, "anchor": "y2"},
        "yaxis": place | {"domain": [0.2, 1], "title": {"text": "z<sub>t</sub>"}, "anchor": "x", "side": "right"},
        "xaxis2": margin | {"domain": [0, 0.18], "range": [1.05 * top, 0], "anchor": "y"},
        "yaxis2": margin | {"domain": [0, 0.18], "range": [1.05 * before.max(), 0], "anchor": "x"},
    }


def through(step, loc, scale, z):
    """A normal density before, what it becomes after one step, and the normal density of that mean and variance.

    Args:
        step: as for `noisy_map`.
        z: (S,), where all three are told.

    Returns:
        Three (S,) densities. The second is a sum over 801 points of the first.
    """
    grid = loc + scale * np.linspace(-6, 6, 801)
    weight = bell_curve(grid, loc, scale)
    weight /= weight.sum()
    mean, noise = step(grid)
    after = bell_curve(z[:, None], mean, noise) @ weight
    centre = weight @ mean
    spread = np.sqrt(weight @ ((mean - centre) ** 2 + noise**2))
    return bell_curve(z, loc, scale), after, bell_curve(z, centre, spread)


def bell_curve(z, loc, scale):
    """The density of N(loc, scale squared)."""
    return np.exp(-(((z - loc) / scale) ** 2) / 2) / (scale * np.sqrt(2 * np.pi))


def transition_table(table):
    """How likely each state is after each other: (K, K), a row for the state before, each row summing to one.

    Raises:
        ValueError: a row does not sum to one, or an entry is below 0.
    """
    import plotly.graph_objects as go

    table = matrix(table, "table", 0, 1)
    if abs(table.sum(1) - 1).max() > 1e-9:
        raise ValueError(f"got rows that sum to {table.sum(1).tolist()}, expected 1 each")
    names = [f"state {k}" for k in range(1, len(table) + 1)]
    rows = "; ".join(f"from {k}: {', '.join(f'{p:g}' for p in row)}" for k, row in zip(names, table, strict=True))
    figure = blank(f"A table of {table.size} probabilities. {rows}.", height=300)
    figure.add_trace(
        go.Heatmap(
            x=names,
            y=names,
            z=table,
            zmin=0,
            zmax=1,
            colorscale=[[0, "#EDF6FC"], [1, LATENT]],  # not clear: its numbers are dark on dark pages too
            showscale=False,
            text=[[f"{p:g}" for p in row] for row in table],
            texttemplate="%{text}",
            textfont={"size": 15},
            xgap=3,
            ygap=3,
            hovertemplate="from %{y} to %{x}<br>probability %{z:g}<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="z<sub>t</sub>", showgrid=False, fixedrange=True)
    figure.update_yaxes(title_text="z<sub>t−1</sub>", showgrid=False, autorange="reversed", fixedrange=True)
    return figure


def _humps(density):
    peaks = int(((density[1:-1] > density[:-2]) & (density[1:-1] >= density[2:])).sum())
    return "one hump" if peaks == 1 else f"{peaks} humps"
