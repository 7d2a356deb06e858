"""The lanes of a gated transition in one dimension, as curves; and the matrix of the linear lane in all of them."""

import numpy as np

from dmm.figures.base import blank, matrix, rgba
from dmm.figures.influences import DIVERGING
from dmm.palette import GATE, GREEN, GREY, LATENT, VERMILLION

LINEAR, PROPOSAL = GREEN, VERMILLION
SPAN = 7.0  # units of z to each side of 0
LANES = (("linear", LINEAR, 2, "dash"), ("h", PROPOSAL, 2, "dash"), ("loc", LATENT, 4, "solid"))
NAMES = {"linear": "linear", "h": "proposed", "loc": "mean"}


def gated_map(lanes, here: float):
    """Where the linear lane, the proposal and their mixture send each z_{t-1}; below, how open the gate is.

    Args:
        lanes: from z_{t-1}, (S, 1), to something with `linear`, `h`, `g`, `loc` and `scale`, (S, 1) each.
        here: a z_{t-1} to mark on each curve.

    Raises:
        ValueError: a number is not finite.
    """
    import plotly.graph_objects as go

    z = np.linspace(-SPAN, SPAN, 281)
    curves, point = lanes(z[:, None]), lanes(np.array([[float(here)]]))
    drawn = {name: matrix(getattr(curves, name), name)[:, 0] for name in ("linear", "h", "g", "loc", "scale")}
    at = {name: getattr(point, name).item() for name in drawn}
    figure = blank(
        "The mean of z_t over z_t-1 as a curve between a straight line and the curve that the network proposes, with "
        f"a band of two standard deviations. The gate runs from {drawn['g'].min():.2f} to {drawn['g'].max():.2f}. At "
        f"z_t-1 = {here:g} the line is at {at['linear']:.2f}, the proposal at {at['h']:.2f}, the gate at {at['g']:.2f} "
        f"and the mean at {at['loc']:.2f}.",
        height=400,
    )
    up, down = drawn["loc"] + 2 * drawn["scale"], drawn["loc"] - 2 * drawn["scale"]
    quiet = {"hoverinfo": "skip", "showlegend": False}
    band = {"x": np.concatenate([z, z[::-1]]), "y": np.concatenate([up, down[::-1]]), "name": "noise"}
    look = {"mode": "lines", "line": {"width": 0}, "fill": "toself", "fillcolor": rgba(LATENT, 0.2)}
    figure.add_trace(go.Scatter(**band, **look, **quiet))
    for name, colour, width, dash in LANES:
        line = {"color": colour, "width": width, "dash": dash}
        hover = f"{NAMES[name]}<br>from %{{x:.2f}}<br>to %{{y:.2f}}<extra></extra>"
        curve = {"x": z, "y": drawn[name], "name": NAMES[name], "mode": "lines", "line": line}
        figure.add_trace(go.Scatter(**curve, hovertemplate=hover))
    gate = {"x": z, "y": drawn["g"], "name": "gate", "mode": "lines", "line": {"color": GATE, "width": 2}}
    hover = "gate %{y:.2f} at %{x:.2f}<extra></extra>"
    fill = {"fill": "tozeroy", "fillcolor": rgba(GATE, 0.3)}
    figure.add_trace(go.Scatter(**gate, **fill, yaxis="y2", hovertemplate=hover))
    for name, colour, _, _ in LANES:
        dot = {"x": [here], "y": [at[name]], "mode": "markers", "name": f"{name} here"}
        mark = {"color": colour, "size": 11, "line": {"color": GREY, "width": 1}}
        figure.add_trace(go.Scatter(**dot, marker=mark, **quiet))
    plain = {"fixedrange": True, "zeroline": False}
    figure.update_layout(
        xaxis=plain | {"range": [-SPAN, SPAN], "title": {"text": "z<sub>t−1</sub>"}, "anchor": "y2"},
        yaxis=plain | {"range": [-SPAN, SPAN], "domain": [0.3, 1], "title": {"text": "z<sub>t</sub>"}},
        yaxis2=plain | {"range": [0, 1.05], "domain": [0, 0.22], "tickvals": [0, 1], "title": {"text": "g"}},
    )
    figure.add_vline(x=here, line={"color": GREY, "width": 1, "dash": "dot"})
    return figure


def step_matrix(W):
    """The matrix of the linear lane: a row for each dimension that it makes, a column for each it takes from.

    Args:
        W: (Z, Z).

    Raises:
        ValueError: a number is not finite.
    """
    import plotly.graph_objects as go

    W = matrix(W, "W")
    Z, own = len(W), np.diag(W)
    end = abs(W).max() or 1.0
    rest = abs(W - np.diag(own)).max()
    figure = blank(
        f"The {Z} by {Z} matrix of the linear lane, where the identity would have 1 along the diagonal and 0 "
        f"elsewhere. Along the diagonal it runs from {own.min():.2f} to {own.max():.2f}; the largest number beside it "
        f"is {rest:.2f}.",
        height=360,
    )
    dims = np.arange(1, Z + 1)
    hover = "from dimension %{x} to %{y}<br>%{z:.2f}<extra></extra>"
    bar = {"thickness": 10, "outlinewidth": 0, "len": 0.9}
    heat = {"x": dims, "y": dims, "z": W, "zmin": -end, "zmax": end, "colorscale": DIVERGING, "colorbar": bar}
    figure.add_trace(go.Heatmap(**heat, hovertemplate=hover))
    axis = {"showgrid": False, "constrain": "domain", "tickvals": [*range(1, Z, 5)], "fixedrange": True}
    figure.update_xaxes(title_text="from dimension", range=[0.5, Z + 0.5], **axis)
    figure.update_yaxes(title_text="to dimension", range=[Z + 0.5, 0.5], scaleanchor="x", **axis)
    return figure
