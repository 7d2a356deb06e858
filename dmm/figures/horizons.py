"""How far ahead a model knows anything: what each beat that it has not heard costs it."""

import numpy as np

from dmm.figures.base import blank
from dmm.palette import BOUND, GREY


def cost_ahead(model, histogram, start: int):
    """What beats cost that come after what was heard, in nats: the model, and a histogram of keys.

    Args:
        model, histogram: (H,) each, for 1, 2, ... H beats ahead.
        start: how many beats were heard.

    Raises:
        ValueError: the shapes differ, there is none, or a cost is not finite.
    """
    import plotly.graph_objects as go

    model, histogram = (np.asarray(values, dtype=float) for values in (model, histogram))
    if model.ndim != 1 or not len(model) or model.shape != histogram.shape:
        raise ValueError(f"got shapes {model.shape} and {histogram.shape}, expected (H,) twice")
    if not (np.isfinite(model).all() and np.isfinite(histogram).all()):
        raise ValueError("got a cost that is not finite")
    ahead = np.arange(1, len(model) + 1)
    figure = blank(
        f"Cost of the {len(ahead)} beats after beat {start}, in nats: the first beat ahead {model[0]:.1f} for the "
        f"model and {histogram[0]:.1f} for the histogram of keys; on average {model.mean():.1f} and "
        f"{histogram.mean():.1f}.",
        height=280,
    )
    looks = ((histogram, "each key by its frequency", GREY, "dot"), (model, "this model", BOUND, "solid"))
    for values, name, colour, dash in looks:
        hover = f"beat {start} + %{{x}}<br>%{{y:.2f}} nats, {name}<extra></extra>"
        line = {"color": colour, "width": 2, "dash": dash}
        figure.add_trace(go.Scatter(x=ahead, y=values, mode="lines+markers", name=name, line=line, hovertemplate=hover))
    figure.update_xaxes(title_text="beats ahead", range=[0.5, len(ahead) + 0.5], showgrid=False)
    figure.update_yaxes(title_text="nats", rangemode="tozero")
    return figure
