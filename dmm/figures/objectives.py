"""What training looks at: the weight of the KL, the loss that is printed with it, and the noise of two gradients."""

import numpy as np

from dmm.figures.base import blank, rgba
from dmm.palette import BOUND, GREY, KL, RECONSTRUCTION


def annealing_schedule(schedules, updates, weight):
    """The weight of the KL over the updates, on a logarithmic axis, and where each schedule passes a weight.

    Args:
        schedules: from a name to (colour, weights (K,) in 0..1).
        updates: (K,), rising, the first above 0.
        weight: 0..1, drawn as a line across.

    Raises:
        ValueError: a schedule has another length than `updates`.
    """
    import plotly.graph_objects as go

    updates = np.asarray(updates)
    told = []
    figure = blank("", height=320)
    for name, (colour, weights) in schedules.items():
        weights = np.asarray(weights, dtype=float)
        if weights.shape != updates.shape:
            raise ValueError(f"got {len(weights)} weights for {len(updates)} updates")
        passed = int(updates[(weights >= weight).argmax()])
        told.append(f"{name} is at {weight:g} by update {passed:,}")
        hover = f"{name}<br>update %{{x:,}}: weight %{{y:.2f}}<extra></extra>"
        line = {"color": colour, "width": 2.5}
        figure.add_trace(go.Scatter(x=updates, y=weights, name=name, mode="lines", line=line, hovertemplate=hover))
    figure.add_hline(y=weight, line={"color": GREY, "dash": "dot"})
    figure.update_layout(
        meta={"description": f"Lines: the weight of the KL over {updates[-1]:,} updates. {'; '.join(told)}."},
        showlegend=True,
    )
    figure.update_xaxes(type="log", title_text="update", dtick=1, tickformat=",")
    figure.update_yaxes(title_text="weight w of the KL", range=[0, 1.05])
    return figure


def printed_loss(reconstruction, kl, weight):
    """Two bars: what training prints with the KL weighted, and minus the bound; what is left out is pale.

    Args:
        reconstruction, kl: nats per frame.
        weight: 0..1.
    """
    import plotly.graph_objects as go

    printed, bound = reconstruction + weight * kl, reconstruction + kl
    names = [f"with w = {weight:g}:<br><b>{printed:.3f}</b>", f"minus the ELBO:<br><b>{bound:.3f}</b>"]
    figure = blank(
        f"Two bars. With weight {weight:g} the loss is {printed:.3f} nats per frame: reconstruction "
        f"{reconstruction:.3f} and {weight * kl:.3f} of the KL. Minus the ELBO is {bound:.3f}, with all of the KL, "
        f"{kl:.3f}.",
        height=230,
    )
    rest = (1 - weight) * kl
    for name, values, colour in (
        ("reconstruction", [reconstruction, reconstruction], RECONSTRUCTION),
        ("KL, as weighted", [weight * kl, kl], KL),
        ("KL left out", [rest, 0.0], rgba(KL, 0.2)),
    ):
        hover = f"{name}: %{{x:.3f}} nats per frame<extra></extra>"
        bar = {"y": names, "x": values, "orientation": "h", "marker": {"color": colour}}
        figure.add_trace(go.Bar(name=name, hovertemplate=hover, **bar))
    figure.add_vline(x=bound, line={"color": BOUND, "dash": "dot"})
    figure.update_xaxes(title_text="nats per frame", rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_layout(barmode="stack", bargap=0.35, showlegend=True, legend={"traceorder": "normal"})
    return figure


def gradient_strips(entries, title):
    """One entry of a gradient, drawn many times, in rows of dots; a bar of one standard deviation to each side.

    Args:
        entries: from a name to (colour, (S,)), S at least 2.
        title: what the entry is.
    """
    import plotly.graph_objects as go

    told = []
    figure = blank("", height=90 + 90 * len(entries))
    for place, (name, (colour, values)) in enumerate(entries.items()):
        values = np.asarray(values, dtype=float)
        mean, sd = values.mean(), values.std(ddof=1)
        told.append(f"{name}: mean {mean:.4f}, standard deviation {sd:.4f} over {len(values)} draws")
        y = place + 0.28 * np.sin(2.4 * np.arange(len(values)))  # spread, so that dots do not hide each other
        hover = f"{name}<br>%{{x:.4f}}<extra></extra>"
        dots = {"mode": "markers", "marker": {"color": rgba(colour, 0.55), "size": 7}}
        figure.add_trace(go.Scatter(x=values, y=y, name=name, hovertemplate=hover, **dots))
        bar = {"type": "data", "array": [sd], "color": colour, "thickness": 3, "width": 12}
        figure.add_trace(
            go.Scatter(
                x=[mean],
                y=[place],
                error_x=bar,
                mode="markers",
                marker={"color": colour, "size": 11, "symbol": "diamond"},
                name=f"{name}, mean ± sd",
                hovertemplate=f"{name}: {mean:.4f} ± {sd:.4f}<extra></extra>",
            )
        )
    figure.update_layout(meta={"description": f"Dots in rows: {title}. {'; '.join(told)}."}, showlegend=False)
    figure.update_yaxes(
        tickvals=list(range(len(entries))), ticktext=list(entries), range=[len(entries) - 0.5, -0.5], showgrid=False
    )
    figure.update_xaxes(title_text=title)
    return figure
