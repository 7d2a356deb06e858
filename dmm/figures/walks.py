"""A guess that learns: its way over the landscape of the bound, and the bound step by step."""

import numpy as np

from dmm.figures.base import blank
from dmm.figures.bounds import GAP
from dmm.palette import BLACK, BLUE, BOUND, GREY, LATENT, SKY, VERMILLION

LEVELS = np.arange(-1.5, 2, 0.5)  # log10 of the gap in nats: each line has about three times the gap of the next
SEEN = (2, 15)  # nats: the axis of the bound goes down to where it began, but by no less and no more than this
HUES = ((0, BLUE), (0.4, SKY), (1, "#D5D8DC"))


def guess_walk(locs, scales, gap, walk, best):
    """Contours of the gap over the mean and the standard deviation of q, the way of q, and the best there is.

    Args:
        locs: (M,). scales: (S,), above 0.
        gap: (S, M), nats.
        walk: (N, 2), means and standard deviations, the start first.
        best: pairs of mean and standard deviation.

    Raises:
        ValueError: the gap does not fit, or the walk has no start.
    """
    import plotly.graph_objects as go

    walk = np.asarray(walk, dtype=float)
    if gap.shape != (len(scales), len(locs)) or walk.ndim != 2 or walk.shape[1:] != (2,) or not len(walk):
        raise ValueError(
            f"got a gap of shape {gap.shape} and a walk of shape {walk.shape}, expected "
            f"({len(scales)}, {len(locs)}) and (N, 2)"
        )
    figure = blank(_in_words(walk, best), height=400)
    contours = {"start": LEVELS[0], "end": LEVELS[-1], "size": LEVELS[1] - LEVELS[0]}
    land = {"x": locs, "y": scales, "z": np.log10(np.maximum(gap, 1e-4)).round(3), "contours": contours}
    look = {"colorscale": HUES, "showscale": False, "line": {"color": GREY, "width": 1}, "opacity": 0.5, "name": "gap"}
    look |= {"zmin": LEVELS[0], "zmax": LEVELS[-1]}
    figure.add_trace(go.Contour(**land, **look, hoverinfo="skip"))
    x, y = walk.T
    step = np.arange(len(walk))
    hover = "step %{customdata}<br>mean %{x:.2f}, sd %{y:.2f}<extra></extra>"
    path = {"x": x, "y": y, "customdata": step, "mode": "lines+markers", "name": "the way of q", "hovertemplate": hover}
    figure.add_trace(
        go.Scatter(**path, line={"color": VERMILLION, "width": 2}, marker={"size": 4, "color": VERMILLION})
    )
    marks = (
        ("peaks of the bound", *np.transpose(best), "star", GAP, 17),
        ("q now", x[-1:], y[-1:], "circle", LATENT, 15),
    )
    for name, mean, scale, symbol, colour, size in marks:
        marker = {"symbol": symbol, "size": size, "color": colour, "line": {"width": 1.5, "color": BLACK}}
        hover = f"{name}<br>mean %{{x:.3f}}, sd %{{y:.3f}}<extra></extra>"
        figure.add_trace(go.Scatter(x=mean, y=scale, mode="markers", name=name, marker=marker, hovertemplate=hover))
    figure.update_xaxes(title_text="mean μ of q", range=[locs[0], locs[-1]], fixedrange=True)
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2) if scales[0] <= tick <= scales[-1]]
    ends = np.log10([scales[0], scales[-1]])
    figure.update_yaxes(title_text="standard deviation σ of q", type="log", range=ends, tickvals=ticks, fixedrange=True)
    return figure


def bound_by_step(elbo, log_p_x: float, ceiling: float):
    """The bound after each step, the evidence, and the highest that a Gaussian guess can come.

    Args:
        elbo: (N,), nats, the start first.
        log_p_x, ceiling: nats.

    Raises:
        ValueError: a bound is above the evidence, or there is none.
    """
    import plotly.graph_objects as go

    elbo = np.asarray(elbo, dtype=float)
    if not len(elbo) or not elbo.max() <= log_p_x + 1e-9:
        raise ValueError(f"got bounds {elbo}, expected at least one, none above log p(x) = {log_p_x:g}")
    figure = blank(
        f"The bound over {len(elbo) - 1} steps, from {elbo[0]:.3f} to {elbo[-1]:.3f} nats; log p(x) is {log_p_x:.3f}, "
        f"and the best Gaussian reaches {ceiling:.3f}.",
        height=230,
    )
    last, below = max(len(elbo) - 1, 20), np.clip(log_p_x - elbo[0], *SEEN)
    lines = (("log p(x)", log_p_x, GREY, "dot"), ("best q", ceiling, GAP, "dash"))
    for name, y, colour, dash in lines:
        line = {"x": [0, last], "y": [y, y], "mode": "lines", "name": name}
        look = {"line": {"color": colour, "width": 3, "dash": dash}}
        figure.add_trace(go.Scatter(**line, **look, hovertemplate=f"{name}: {y:.4f} nats<extra></extra>"))
    hover = "step %{x}: %{y:.4f} nats<extra></extra>"
    way = {"x": np.arange(len(elbo)), "y": elbo, "mode": "lines+markers", "name": "ELBO"}
    look = {"line": {"color": BOUND, "width": 3}, "marker": {"size": 5, "color": BOUND}}
    figure.add_trace(go.Scatter(**way, **look, hovertemplate=hover))
    figure.update_xaxes(title_text="step", range=[-0.5, last + 0.5], fixedrange=True)
    figure.update_yaxes(title_text="nats", range=[log_p_x - 1.05 * below, log_p_x + 0.1 * below], fixedrange=True)
    return figure


def _in_words(walk, best):
    (loc, scale), (start, width) = walk[-1], walk[0]
    goals = " and ".join(f"({mean:.2f}, {sd:.2f})" for mean, sd in best)
    return (
        f"The landscape of the gap over mean and standard deviation of q. After {len(walk) - 1} steps q has gone from "
        f"({start:.2f}, {width:.2f}) to ({loc:.2f}, {scale:.2f}); peaks of the bound: {goals}."
    )
