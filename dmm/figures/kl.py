"""How much each dimension of z tells about the music."""

import numpy as np

from dmm.conventions import ACTIVE
from dmm.figures.base import blank, matrix
from dmm.palette import GREY, KL


def kl_bars(kl, threshold: float = ACTIVE):
    """KL(q || p) of each dimension, averaged over frames: active dimensions in colour, the rest in grey.

    Args:
        kl: `(Z,)` nats per frame. A sampled estimate may be a little below 0.
        threshold: a dimension above it is active.

    Raises:
        ValueError: the shape is not `(Z,)`, or a value is not finite.
    """
    import plotly.graph_objects as go

    kl = np.asarray(kl, dtype=float)
    if kl.ndim != 1:
        raise ValueError(f"got kl of shape {kl.shape}, expected (Z,)")
    kl = matrix(kl[None], "kl")[0]
    active = kl > threshold
    figure = blank(
        f"Bars of the KL divergence in each of {len(kl)} latent dimensions, {kl.sum():.2f} nats per frame "
        f"in all. {active.sum()} are active (above {threshold:g}); the largest is dimension {np.argmax(kl) + 1} "
        f"with {kl.max():.2f}.",
        height=280,
    )
    for chosen, colour, word in ((active, KL, "active"), (~active, GREY, "inactive")):
        figure.add_trace(
            go.Bar(
                x=np.flatnonzero(chosen) + 1,
                y=kl[chosen],
                marker={"color": colour},
                name=f"{word} ({chosen.sum()})",
                hovertemplate=f"dimension %{{x}}, {word}<br>%{{y:.3f}} nats per beat<extra></extra>",
            )
        )
    figure.update_layout(barmode="overlay", bargap=0.15, showlegend=True)
    figure.update_xaxes(title_text="dimension of z", range=[0.4, len(kl) + 0.6], showgrid=False)
    figure.update_yaxes(title_text="KL(q ‖ p) (nats per beat)")
    return figure
