"""What training weighs against each other: the likelihood of a law, and what the guess loses under it."""

import numpy as np

from dmm.figures.base import blank, rgba
from dmm.figures.surfaces import between
from dmm.palette import GREY


def bound_at_ends(alphas, betas, nll, best, ends):
    """The lowest exact NLL for each alpha as a curve; on it each network's gap as a bar, where it ended.

    Args:
        alphas, betas, nll, best: as for `likelihood_valley`: the lowest NLL is taken off.
        ends: from a network's name to (colour, alpha, NLL above the lowest, gap of q), nats per frame.

    Raises:
        ValueError: a shape does not fit, or a number is not finite.
    """
    import plotly.graph_objects as go

    numbers = np.array([end[1:] for end in ends.values()], dtype=float)
    if not len(numbers) or not np.isfinite(numbers).all():
        raise ValueError(f"got ends {dict(ends)}, expected at least one, of finite numbers")
    told = "; ".join(
        f"{name} at alpha {alpha:.3f}: NLL {law:.4f}, gap {gap:.4f}, bound {law + gap:.4f}"
        for name, (_, alpha, law, gap) in ends.items()
    )
    figure = blank(f"A curve, the lowest exact NLL for each alpha, and bars upon it, in nats per frame. {told}.", 380)
    low, high = _span(alphas, best, numbers[:, 0])
    fine = np.linspace(low, high, 201)
    other = np.linspace(betas[0], betas[-1], 4 * len(betas))
    curve = between(alphas, betas, nll, fine, other).min(1) - between(alphas, betas, nll, best[:1], best[1:]).item()
    line = {"color": GREY, "width": 2.5}
    hover = "α = %{x:.3f}<br>NLL %{y:.5f} nats per frame above the lowest<extra></extra>"
    figure.add_trace(go.Scatter(x=fine, y=curve, mode="lines", line=line, name="exact NLL", hovertemplate=hover))
    figure.add_vline(x=best[0], line={"color": rgba(GREY, 0.8), "width": 1, "dash": "dot"})
    for name, (colour, alpha, law, gap) in ends.items():
        hover = f"{name}, α = {alpha:.3f}<br>NLL {law:.4f} + gap {gap:.4f}<br>= bound {law + gap:.4f}<extra></extra>"
        mark = {"color": colour, "size": [7, 12], "symbol": ["circle", "line-ew"], "line": {"color": colour}}
        mark["line"]["width"] = [0, 3]
        bar = {"mode": "lines+markers", "line": {"color": colour, "width": 5}, "marker": mark}
        figure.add_trace(go.Scatter(x=[alpha] * 2, y=[law, law + gap], name=name, hovertemplate=hover, **bar))
    top = max((numbers[:, 1] + numbers[:, 2]).max(), 1e-9)
    figure.update_xaxes(title_text="α", range=[low, high], fixedrange=True)
    figure.update_yaxes(title_text="nats per frame above the best", range=[-0.04 * top, 1.1 * top], fixedrange=True)
    return figure


def _span(alphas, best, ends):
    """From where to where alpha is drawn: all ends, the lowest point, and some air."""
    low, high = min(best[0], ends.min()), max(best[0], ends.max())
    air = 0.15 * (high - low) + 0.03
    return max(alphas[0], low - air), min(alphas[-1], high + air)
