"""The evidence and the bound as one bar, cut in two ways; and why the logarithm of a mean is above the mean."""

import numpy as np

from dmm.figures.base import blank
from dmm.palette import BOUND, GREY, KL, PURPLE, RECONSTRUCTION

GAP = PURPLE  # KL(q || posterior), and the posterior itself
LEAST = 0.06  # of the axis: a part that is narrower has no room for its number
BEYOND = 1.1  # of the axis: bars are drawn no farther
TOP, BOTTOM = 1.0, 0.0


def bound_bar(parts, low: float):
    """One bar from 0 to the bound, cut twice: into evidence and gap, and into reconstruction and KL.

    Args:
        parts: log_p_x, reconstruction, kl, gap, in nats; none of the first two above 0.
        low: where the axis begins, in nats, under log_p_x.

    Raises:
        ValueError: a part is not finite or has the wrong sign, or the axis begins above the evidence.
    """

    log_p_x, reconstruction, kl, gap = _checked(parts, low)
    elbo = reconstruction - kl
    figure = blank(_in_words(parts, elbo), height=250)
    pieces = (  # name, row, from, to, colour
        ("log p(x)", TOP, 0.0, log_p_x, GREY),
        ("gap", TOP, log_p_x, log_p_x - gap, GAP),
        ("reconstruction", BOTTOM, 0.0, reconstruction, RECONSTRUCTION),
        ("KL", BOTTOM, reconstruction, elbo, KL),
    )
    for name, row, start, end, colour in pieces:
        figure.add_trace(_piece(name, row, start, end, colour, low))
    _marks(figure, log_p_x, elbo, low)
    figure.update_xaxes(title_text="nats", range=[low, -0.02 * low], fixedrange=True)
    figure.update_yaxes(range=[-0.85, 1.8], showticklabels=False, showgrid=False, fixedrange=True)
    figure.update_layout(barmode="overlay", showlegend=False)
    return figure


def _piece(name, row, start, end, colour, low):
    """A part as a length, with its number where there is room; it is cut off a little beyond the axis."""
    import plotly.graph_objects as go

    size = end if start == 0 else start - end
    start, end = max(start, BEYOND * low), max(end, BEYOND * low)
    text = f"<b>{name}</b><br>{size:.2f}" if max(start, low) - max(end, low) > LEAST * -low else ""
    bar = {"y": [row], "x": [end - start], "base": start, "width": 0.72, "orientation": "h", "customdata": [size]}
    words = {"text": text, "textposition": "inside", "insidetextanchor": "middle", "textangle": 0}
    hover = f"{name}: %{{customdata:.4f}} nats<extra></extra>"
    look = {"marker": {"color": colour}, "textfont": {"size": 16}, "hovertemplate": hover}
    return go.Bar(name=name, **bar, **words, **look)


def _checked(parts, low):
    """The parts, if they can be drawn as lengths to the left of 0."""
    if not np.isfinite([*parts, low]).all():
        raise ValueError(f"got parts {tuple(parts)} on an axis from {low}, expected finite numbers")
    log_p_x, reconstruction, kl, gap = parts
    if log_p_x > 0 or reconstruction > 0 or kl < -1e-9 or gap < -1e-9:
        raise ValueError(f"got parts {tuple(parts)}, expected the first two at most 0, the others at least 0")
    if not low < log_p_x:
        raise ValueError(f"got an axis from {low:g}, expected it to begin under log p(x) = {log_p_x:g}")
    return parts


def _marks(figure, log_p_x, elbo, low):
    """Where the evidence stands, and where the bound ends: at the left edge, if it is beyond it."""
    upright = {"type": "line", "y0": -0.5, "y1": 1.45}
    figure.add_shape(x0=log_p_x, x1=log_p_x, line={"color": GREY, "width": 3, "dash": "dot"}, **upright)
    number = {"showarrow": False, "font": {"size": 16}}
    figure.add_annotation(x=log_p_x, y=1.62, text=f"log p(x) = <b>{log_p_x:.2f}</b>", **number)
    if elbo < low:
        edge = {"x": low, "xanchor": "left", "y": -0.66}
        figure.add_annotation(text=f"◀ ELBO = <b>{elbo:.2f}</b>, beyond the axis", **edge, **number)
        return
    figure.add_shape(x0=elbo, x1=elbo, line={"color": BOUND, "width": 5}, **upright)
    side = "left" if elbo < 0.7 * low else "right"
    figure.add_annotation(x=elbo, y=-0.66, xanchor=side, text=f"ELBO = <b>{elbo:.2f}</b>", **number)


def _in_words(parts, elbo):
    log_p_x, reconstruction, kl, gap = parts
    return (
        f"One bar from 0 down to the ELBO, {elbo:.3f} nats, cut in two ways. Above: log p(x) {log_p_x:.3f}, then the "
        f"gap {gap:.3f}. Below: reconstruction {reconstruction:.3f}, then the KL of q and the prior {kl:.3f}."
    )


def jensen_chord(first: float, second: float):
    """Two weights on the curve of the logarithm: the log of their mean, and under it the mean of their logs.

    Args:
        first, second: the weights, above 0.

    Raises:
        ValueError: a weight is not above 0.
    """
    import plotly.graph_objects as go

    if not (first > 0 and second > 0):
        raise ValueError(f"The weights must be above 0: got {first:g} and {second:g}.")
    mean = (first + second) / 2
    above, below = np.log(mean), (np.log(first) + np.log(second)) / 2
    figure = blank(
        f"The logarithm of two weights, {first:.2f} and {second:.2f}: the log of their mean is {above:.3f}, the mean "
        f"of their logs {below:.3f}, which is {above - below:.3f} less.",
        height=280,
    )
    w = np.geomspace(0.02, 4, 200)
    hover = "log %{x:.2f} = %{y:.2f}<extra></extra>"
    line = {"x": w, "y": np.log(w), "mode": "lines", "name": "log w"}
    figure.add_trace(go.Scatter(**line, line={"color": GREY, "width": 3}, hovertemplate=hover))
    ends = {"x": [first, second], "y": np.log([first, second]), "mode": "lines+markers", "name": "two draws"}
    look = {"line": {"color": GREY, "dash": "dot"}, "marker": {"size": 9, "color": GREY}}
    figure.add_trace(go.Scatter(**ends, **look, hovertemplate=hover))
    for name, y, colour in (("log of the mean", above, GAP), ("mean of the logs", below, BOUND)):
        mark = {"x": [mean], "y": [y], "mode": "markers", "name": name, "marker": {"size": 13, "color": colour}}
        figure.add_trace(go.Scatter(**mark, hovertemplate=f"{name}: {y:.3f}<extra></extra>"))
    figure.update_xaxes(title_text="w", range=[0, 4], fixedrange=True)
    figure.update_yaxes(title_text="log w", range=[-3, 1.6], fixedrange=True)
    return figure
