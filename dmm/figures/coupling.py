"""Where one step takes a plane of states on average: rings before, and what they become."""

import numpy as np

from dmm.figures.base import blank, rgba
from dmm.palette import BLUE, GREY, LATENT

RADII = (1.0, 2.0)  # of the rings
ARROWS = 12  # from the outer ring
SPAN = 2.3


def coupled_step(step, truth, noise: float):
    """Two rings of states, and where a step takes them on average, under two laws.

    Args:
        step: from z_{t-1}, (..., 2), to the mean of z_t, (..., 2), under the law that is looked at.
        truth: the same under the true law.
        noise: the standard deviation of a step, drawn as a disc around 0.
    """
    import plotly.graph_objects as go

    outer = _ring(RADII[-1], ARROWS + 1)[:-1]
    far = _distance(step(outer), truth(outer))
    figure = blank(
        f"A plane of states z. Rings of radius {' and '.join(f'{radius:g}' for radius in RADII)} become closed curves "
        f"after one step; arrows lead from the outer ring to its curve. On average the curve of the chosen law "
        f"lies {far:.2f} from that of the truth, which is dashed. A disc around 0 has the radius of the noise, "
        f"{noise:g}.",
        height=400,
    )
    quiet = {"mode": "lines", "hoverinfo": "skip"}
    disc = {"fill": "toself", "fillcolor": rgba(LATENT, 0.15), "line": {"width": 0}}
    figure.add_trace(go.Scatter(**_xy(_ring(noise)), **quiet, **disc, name="noise, one sd"))
    for place, radius in enumerate(RADII):
        ring, shown = _ring(radius), {"showlegend": place == 0}
        dotted, dashed = {"color": GREY, "width": 1, "dash": "dot"}, {"color": GREY, "width": 3, "dash": "dash"}
        figure.add_trace(go.Scatter(**_xy(ring), **quiet, **shown, line=dotted, name="before"))
        figure.add_trace(go.Scatter(**_xy(truth(ring)), **quiet, **shown, line=dashed, name="after, truth"))
        solid = {"color": BLUE, "width": 2.5}
        figure.add_trace(go.Scatter(**_xy(step(ring)), **quiet, **shown, line=solid, name="after, chosen"))
    ways = np.stack([outer, step(outer), np.full_like(outer, np.nan)], axis=1).reshape(-1, 2)
    tips = {"symbol": "arrow", "angleref": "previous", "size": [0, 9, 0] * ARROWS, "color": BLUE}
    line = {"color": rgba(BLUE, 0.6), "width": 1.2}
    hover = "(%{x:.2f}, %{y:.2f})<extra></extra>"
    look = {"mode": "lines+markers", "marker": tips, "line": line, "showlegend": False, "hovertemplate": hover}
    figure.add_trace(go.Scatter(**_xy(ways), **look, name="step"))
    figure.update_xaxes(title_text="z<sup>0</sup>", range=[-SPAN, SPAN], fixedrange=True)
    figure.update_yaxes(title_text="z<sup>1</sup>", range=[-SPAN, SPAN], fixedrange=True)
    figure.update_yaxes(scaleanchor="x", constrain="domain")
    figure.update_xaxes(constrain="domain")
    return figure


def _ring(radius, points=73):
    """A closed ring of states, (points, 2)."""
    angle = np.linspace(0, 2 * np.pi, points)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _xy(points):
    """Points (P, 2) as what a trace takes."""
    return {"x": points[:, 0], "y": points[:, 1]}


def _distance(first, second):
    """How far points lie from their partners on average."""
    return np.linalg.norm(first - second, axis=-1).mean()
