"""One step of a chain: the KL of each latent dimension, and the Gaussians behind it."""

import numpy as np

from dmm.figures.base import blank, matrix, rgba
from dmm.palette import BLACK, GREEN, GREY, KL, LATENT

BELLS = {"q": LATENT, "p": GREY, "exact": GREEN}
WIDE = 3.6  # standard deviations to each side that are drawn


def ranked_kl(kl, rank: int):
    """The KL of each latent dimension at one step, the largest first, with one of them marked.

    Args:
        kl: (Z,), in nats.
        rank: which is marked, from 0 for the largest.

    Raises:
        ValueError: the rank is not among them, or a number is not finite.
    """
    import plotly.graph_objects as go

    kl = matrix([kl], "kl")[0]
    order = np.argsort(-kl, kind="stable")
    if not 0 <= rank < len(kl):
        raise ValueError(f"got rank {rank}, expected 0 to {len(kl) - 1}")
    chosen = order[rank] + 1
    figure = blank(
        f"Bars of the KL in {len(kl)} latent dimensions, {kl.sum():.2f} nats in all, the largest first: dimensions "
        f"{', '.join(f'{i + 1} with {kl[i]:.2f}' for i in order[:3])}. Marked is dimension {chosen}, with "
        f"{kl[chosen - 1]:.2f}.",
        height=150,
    )
    hover = "dimension %{x}<br>KL %{y:.3f} nats<extra></extra>"
    colours = [KL if i == rank else rgba(KL, 0.4) for i in range(len(kl))]
    names = [str(i + 1) for i in order]
    figure.add_trace(go.Bar(x=names, y=kl[order], marker={"color": colours}, hovertemplate=hover, showlegend=False))
    figure.update_xaxes(type="category", title_text="dimension of z", showgrid=False, fixedrange=True, tickfont_size=10)
    figure.update_yaxes(title_text="KL (nats)", fixedrange=True)
    return figure


def step_bells(bells, label: str = "z<sub>t</sub>", mark: float | None = None):
    """Gaussians over one dimension of the latent at one step.

    Args:
        bells: from "q", "p" or "exact" to (words, mean, standard deviation).
        label: of the axis.
        mark: what was drawn, or None.

    Raises:
        ValueError: a name is unknown, or a standard deviation is not above 0.
    """
    import plotly.graph_objects as go

    wrong = [name for name, (_, _, scale) in bells.items() if name not in BELLS or not scale > 0]
    if wrong or not bells:
        raise ValueError(f"got bells {bells}, expected some of {', '.join(BELLS)} with a deviation above 0")
    told = "; ".join(f"{words}: mean {loc:.2f}, standard deviation {scale:.2f}" for words, loc, scale in bells.values())
    figure = blank(f"{len(bells)} bells. {told}.", height=235)
    low = min(loc - WIDE * scale for _, loc, scale in bells.values())
    high = max(loc + WIDE * scale for _, loc, scale in bells.values())
    for name, (words, loc, scale) in bells.items():
        near = loc + scale * np.linspace(-WIDE, WIDE, 121)  # a narrow bell beside a wide one still needs its points
        z = np.unique(np.concatenate([np.linspace(low, high, 121), near]))
        height = np.exp(-(((z - loc) / scale) ** 2) / 2) / (scale * np.sqrt(2 * np.pi))
        line = {"color": BELLS[name], "width": 3 if name == "q" else 2, "dash": "dash" if name == "exact" else "solid"}
        shade = {"fill": "tozeroy", "fillcolor": rgba(BELLS[name], 0.06 if name == "exact" else 0.2)}
        hover = f"{words}<br>z = %{{x:.2f}}, density %{{y:.3f}}<extra></extra>"
        figure.add_trace(go.Scatter(x=z, y=height, mode="lines", name=words, line=line, hovertemplate=hover, **shade))
    if mark is not None:
        symbol = {"symbol": "triangle-up", "size": 11, "color": LATENT, "line": {"color": BLACK, "width": 1}}
        hover = "drawn from q: %{x:.2f}<extra></extra>"
        figure.add_trace(
            go.Scatter(x=[mark], y=[0], mode="markers", marker=symbol, name="drawn from q", hovertemplate=hover)
        )
    figure.update_xaxes(title_text=label, range=[low, high], fixedrange=True)
    figure.update_yaxes(rangemode="tozero", showticklabels=False, fixedrange=True)
    figure.update_layout(showlegend=True)
    return figure
