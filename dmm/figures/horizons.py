"""How far ahead a model knows anything: what each beat that it has not heard costs it."""

import numpy as np

from dmm.figures.base import blank
from dmm.palette import BOUND, GREY, VERMILLION


def cost_ahead(model, deaf, histogram, start: int):
    """What beats cost that come after what was heard, in nats.

    Args:
        model, deaf, histogram: (H,) each, for 1, 2, ... H beats ahead: the model, the same without having heard
            anything, and a histogram of keys.
        start: how many beats were heard.

    Raises:
        ValueError: the shapes differ, there is none, or a cost is not finite.
    """
    import plotly.graph_objects as go

    costs = [np.asarray(values, dtype=float) for values in (model, deaf, histogram)]
    shapes = {values.shape for values in costs}
    if len(shapes) > 1 or costs[0].ndim != 1 or not len(costs[0]):
        raise ValueError(f"got shapes {', '.join(map(str, sorted(shapes)))}, expected the same (H,) for all three")
    if not np.isfinite(costs).all():
        raise ValueError("got a cost that is not finite")
    model, deaf, histogram = costs
    ahead = np.arange(1, len(model) + 1)
    figure = blank(
        f"Cost of the {len(ahead)} beats after beat {start}, in nats: the first beat ahead {model[0]:.1f} for the "
        f"model, {deaf[0]:.1f} for the model without a beginning and {histogram[0]:.1f} for the histogram of keys; on "
        f"average {model.mean():.1f}, {deaf.mean():.1f} and {histogram.mean():.1f}.",
        height=300,
    )
    looks = (
        (histogram, "each key by its frequency", GREY, "dot"),
        (deaf, "this model without a beginning", VERMILLION, "dash"),
        (model, "this model", BOUND, "solid"),
    )
    for values, name, colour, dash in looks:
        hover = f"beat {start} + %{{x}}<br>%{{y:.2f}} nats, {name}<extra></extra>"
        line = {"color": colour, "width": 2, "dash": dash}
        figure.add_trace(go.Scatter(x=ahead, y=values, mode="lines+markers", name=name, line=line, hovertemplate=hover))
    figure.update_xaxes(title_text="beats ahead", range=[0.5, len(ahead) + 0.5], showgrid=False)
    figure.update_yaxes(title_text="nats", rangemode="tozero")
    return figure
