"""How far single draws scatter: one hill of draws for each way to estimate the same number."""

from typing import NamedTuple

import numpy as np

from dmm.figures.base import blank, rgba
from dmm.palette import GREY

BINS = 60
SEEN = (0.5, 99.5)  # percent: what lies farther out is beyond the axis
HIGH = 0.72  # of a row, the highest bin


class Estimate(NamedTuple):
    """A way to estimate: its name, its colour, draws (N,), and the exact standard deviation of one draw."""

    name: str
    colour: str
    draws: np.ndarray
    scale: float


def estimate_hills(estimates, exact: float, title: str):
    """A hill for each estimate, on one axis, and where all of them are right on average.

    Args:
        estimates: of type `Estimate`, the first one at the top.
        exact: what they estimate.
        title: of the axis.

    Raises:
        ValueError: no estimate, or a draw that is not finite.
    """
    import plotly.graph_objects as go

    every = np.concatenate([one.draws for one in estimates]) if estimates else np.array([np.nan])
    if not np.isfinite(every).all():
        raise ValueError(f"got {len(estimates)} estimates with {np.sum(~np.isfinite(every))} draws that are not finite")
    figure = blank(_in_words(estimates, exact, title), height=70 + 92 * len(estimates))
    edges = _edges(estimates, exact)
    for row, one in enumerate(reversed(estimates)):
        counts, _ = np.histogram(one.draws, edges)
        heights = row + HIGH * counts / max(counts.max(), 1)
        x, y = np.repeat(edges, 2), np.concatenate([[row], np.repeat(heights, 2), [row]])
        look = {"fill": "toself", "fillcolor": rgba(one.colour, 0.45), "line": {"color": one.colour, "width": 1.5}}
        hover = f"{one.name}<br>at %{{x:.2f}}<br>standard deviation {one.scale:.4f}<extra></extra>"
        trace = {"mode": "lines", "name": one.name, "hoveron": "points", "hovertemplate": hover}
        figure.add_trace(go.Scatter(x=x, y=y, **trace, **look))
        upright = {"type": "line", "x0": exact, "x1": exact, "y0": row, "y1": row + HIGH}
        figure.add_shape(line={"color": GREY, "width": 2, "dash": "dot"}, **upright)
        words = f"{one.name}: <b>sd {one.scale:.2f}</b>"
        place = {"x": 0, "xref": "paper", "xanchor": "left", "y": row + 0.87, "showarrow": False}
        figure.add_annotation(text=words, font={"size": 14}, **place)
    figure.update_xaxes(title_text=title, range=[edges[0], edges[-1]], fixedrange=True)
    top = len(estimates)
    figure.update_yaxes(range=[-0.03, top + 0.05], showticklabels=False, showgrid=False, fixedrange=True)
    figure.update_layout(showlegend=False)
    return figure


def _edges(estimates, exact):
    """Bins around the exact value that hold nearly all draws; its own bin has it in the middle."""
    ends = np.concatenate([np.percentile(one.draws, SEEN) for one in estimates])
    width = max(np.ptp(ends), 1e-3) / (BINS - 2)
    first = np.floor((ends.min() - exact) / width)
    return exact + width * (first - 0.5 + np.arange(BINS + 1))


def _in_words(estimates, exact, title):
    told = [f"{one.name} {one.scale:.3f}" for one in estimates]
    return f"{title}, exactly {exact:.3f}: hills of single draws, with their standard deviations: {'; '.join(told)}."
