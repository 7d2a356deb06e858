"""Two engines that train the same model: their bounds, one upon the other, and their speeds."""

import numpy as np

from dmm.figures.base import blank, matrix, rgba
from dmm.palette import SKY, VERMILLION

LOOKS = ({"color": rgba(SKY, 0.5), "width": 11}, {"color": VERMILLION, "width": 2})  # a band, and a line upon it
BARS = (SKY, VERMILLION)


def engine_curves(bounds):
    """The bound of each update with two engines: the first as a wide pale band, the second as a thin line on it.

    Args:
        bounds: from an engine's name to `(N,)` nats per frame; two of them.

    Raises:
        ValueError: there are not two, they have different lengths, or a value is not finite.
    """
    import plotly.graph_objects as go

    names, values = _two(bounds, "bounds")
    updates = np.arange(1, values.shape[1] + 1)
    apart = np.max(np.abs(values[0] - values[1]) / np.maximum(np.abs(values[0]), 1e-12))
    figure = blank(
        f"Two learning curves over {values.shape[1]} updates, {names[0]} as a wide band and {names[1]} as a thin line "
        f"upon it, from {values[1, 0]:.2f} to {values[1, -1]:.2f} nats per frame. They differ by at most {apart:.1e} "
        "of their value.",
        height=300,
    )
    for name, row, look in zip(names, values, LOOKS, strict=True):
        hover = f"update %{{x}}, {name}<br>%{{y:.5f}} nats per frame<extra></extra>"
        figure.add_trace(go.Scatter(x=updates, y=row, name=name, mode="lines", line=look, hovertemplate=hover))
    figure.update_xaxes(title_text="updates", showgrid=False)
    figure.update_yaxes(title_text="bound (nats per frame)")
    return figure


def engine_speeds(speeds):
    """How many frames a second two engines train on, as two bars.

    Args:
        speeds: from an engine's name to its frames per second; two of them.

    Raises:
        ValueError: there are not two, or one is not a positive number.
    """
    import plotly.graph_objects as go

    names, values = _two({name: [speed] for name, speed in speeds.items()}, "speeds", low=1e-9)
    values = values[:, 0]
    words = " and ".join(f"{name} trains on {speed:,.0f}" for name, speed in zip(names, values, strict=True))
    figure = blank(f"Two bars: {words} frames a second.", height=150)
    figure.add_trace(
        go.Bar(
            x=values,
            y=list(names),
            orientation="h",
            marker={"color": BARS},
            text=[f"{speed:,.0f}" for speed in values],
            textposition=["inside" if speed > values.max() / 2 else "outside" for speed in values],
            hovertemplate="%{y}<br>%{x:,.0f} frames a second<extra></extra>",
        )
    )
    figure.update_layout(showlegend=False, bargap=0.3)
    figure.update_xaxes(title_text="frames a second", range=[0, 1.05 * values.max()])
    figure.update_yaxes(showgrid=False)
    return figure


def _two(series, name, low=-np.inf):
    """The names and the (2, N) values of two series of one length."""
    lengths = {len(values) for values in series.values()}
    if len(series) != 2 or len(lengths) != 1:
        raise ValueError(
            f"got {name} of {len(series)} engines with lengths {sorted(lengths)}, expected two of one length"
        )
    return tuple(series), matrix(list(series.values()), name, low)
