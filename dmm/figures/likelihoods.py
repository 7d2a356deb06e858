"""How likely the data are as one parameter moves."""

import numpy as np

from dmm.figures.base import blank, matrix, rgba
from dmm.palette import BLUE, GREEN, LATENT, VERMILLION

AS_GOOD = 2.0  # nats over the whole sequence: a model that is worse by less can hardly be told from the best


def likelihood_curve(values, log_likelihood, frames, symbol, world, belief):
    """The log-likelihood per frame over the values of a parameter, with the world's, the believed and the best one.

    Args:
        values: (V,), rising.
        log_likelihood: (V,), nats, summed over frames.
        frames: how many were seen.
        symbol: the parameter's letter.
        world, belief: two values, and the log-likelihood there: `(value, nats)`.

    Raises:
        ValueError: the shapes do not fit, or a number is not finite.
    """
    import plotly.graph_objects as go

    values, nats = matrix([values, log_likelihood], "values and log_likelihood")
    best = best_place(values, nats, world[0])
    low, high = as_good(values, nats, best)
    nats, believed = nats / frames, belief[1] / frames
    top = nats[best]
    floor = max(nats.min(), min(top - 1.5, believed, world[1] / frames))  # far down there is nothing to see
    shade = {"fillcolor": rgba(LATENT, 0.18), "line": {"width": 0}, "layer": "below"}
    figure = blank(
        f"Curve of the log-likelihood per frame as {symbol} moves from {values[0]:g} to {values[-1]:g}. It is highest, "
        f"{nats[best]:.3f} nats, at {values[best]:.2f}; the world has {world[0]:g} ({world[1] / frames:.3f}), "
        f"the model believes {belief[0]:g} ({believed:.3f}). Shaded: {low:.2f} to {high:.2f}, "
        f"within {AS_GOOD:g} nats of the best for all {frames} frames together.",
        height=330,
        shapes=[{"type": "rect", "x0": low, "x1": high, "yref": "paper", "y0": 0, "y1": 1} | shade],
        xaxis={"title": {"text": symbol}, "showgrid": False},
        yaxis={
            "title": {"text": "nats per frame"},
            "range": [floor - 0.08 * (top - floor), top + 0.1 * (top - floor)],
        },
    )
    hover = f"{symbol} = %{{x:.3g}}<br>%{{y:.3f}} nats per frame<extra></extra>"
    line = {"color": BLUE, "width": 2.5}
    figure.add_trace(go.Scatter(x=values, y=nats, mode="lines", line=line, name="log p(x)", hovertemplate=hover))
    for name, x, y, colour, mark in (
        ("the world's", world[0], world[1] / frames, GREEN, {"symbol": "line-ns", "size": 26, "line": {"width": 4}}),
        ("the best", values[best], nats[best], BLUE, {"symbol": "diamond", "size": 11}),
        ("the model's", belief[0], believed, VERMILLION, {"symbol": "circle", "size": 12}),
    ):
        mark = mark | {"color": colour, "line": {"color": colour} | mark.get("line", {})}
        point = {"mode": "markers", "marker": mark, "name": f"{name}: {x:.3g}", "hovertemplate": hover}
        figure.add_trace(go.Scatter(x=[x], y=[y], **point))
    return figure


def best_place(values, nats, near):
    """The index of the highest value; of several as high, such as twins on both sides of 0, the one nearest `near`.

    >>> best_place([-1, 0, 1], [-2.0, -5.0, -2.0], near=0.5)
    2
    """
    values, nats = np.asarray(values), np.asarray(nats)
    highest = np.flatnonzero(nats >= nats.max() - 1e-9 * (1 + abs(nats.max())))
    return int(highest[np.argmin(abs(values[highest] - near))])


def as_good(values, nats, best):
    """From where to where around the best place the log-likelihood is within `AS_GOOD` nats of it.

    >>> as_good([1, 2, 3, 4], [-9.0, -5.0, -4.0, -8.0], best=2)
    (2, 3)
    """
    values, nats = np.asarray(values), np.asarray(nats)
    far = np.flatnonzero(nats < nats[best] - AS_GOOD)
    low, high = far[far < best], far[far > best]
    first, last = (low[-1] + 1 if len(low) else 0), (high[0] - 1 if len(high) else len(values) - 1)
    return values[first].item(), values[last].item()
