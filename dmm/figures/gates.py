"""How far each dimension's gate is open: beat by beat, over a piece, and in the course of training."""

import numpy as np

from dmm.figures.base import blank, check_dims, matrix, rgba
from dmm.palette import GATE, GREY

TITLE = "gate g<sub>t</sub>: 0 = linear, 1 = non-linear"


def gate_bars(gates, active, chosen: int):
    """How open each gate is over a piece: its mean as a bar, from its lowest to its highest value as a line.

    Args:
        gates: `(T, Z)`, 0..1.
        active: `(Z,)`, whether the music uses a dimension; the others are grey.
        chosen: a dimension to point at, from 0.

    Raises:
        ValueError: the shapes do not fit, a value is outside 0..1, or there is no such dimension.
    """
    import plotly.graph_objects as go

    gates, active = matrix(gates, "gates", 0, 1), np.asarray(active, dtype=bool)
    Z = gates.shape[1]
    (chosen,) = check_dims([chosen], Z)
    _check_active(active, Z)
    mean, low, high = gates.mean(0), gates.min(0), gates.max(0)
    figure = blank(
        f"Bars for {Z} gates over {len(gates)} beats. The {active.sum()} dimensions that the music uses are open "
        f"{_span(mean[active])} on average; the others {_span(mean[~active])}. Dimension {chosen + 1}: "
        f"{mean[chosen]:.2f} on average, from {low[chosen]:.2f} to {high[chosen]:.2f}.",
        height=300,
    )
    for some, colour, name in ((active, GATE, "used by the music"), (~active, GREY, "hardly used")):
        dims = np.flatnonzero(some)
        reach = {"type": "data", "symmetric": False, "array": (high - mean)[dims], "arrayminus": (mean - low)[dims]}
        hover = (
            "dimension %{x}<br>open %{y:.2f} on average<br>from %{customdata[0]:.2f} to "
            "%{customdata[1]:.2f}<extra></extra>"
        )
        figure.add_trace(
            go.Bar(
                x=dims + 1,
                y=mean[dims],
                error_y=reach | {"color": colour, "thickness": 1.5, "width": 3},
                marker={"color": rgba(colour, 0.55)},
                customdata=np.stack([low[dims], high[dims]], axis=1),
                name=name,
                hovertemplate=hover,
            )
        )
    figure.add_vrect(x0=chosen + 0.5, x1=chosen + 1.5, line_width=0, fillcolor=rgba(GREY, 0.3), layer="below")
    figure.update_layout(barmode="overlay", bargap=0.2, showlegend=True)
    figure.update_xaxes(title_text="dimension of z", showgrid=False, range=[0.4, Z + 0.6])
    figure.update_yaxes(title_text="gate g", range=[0, 1.02])
    return figure


def gate_history(epochs, gates, active, moment: int):
    """How open each gate was on average over a piece, as training went on.

    Args:
        epochs: `(S,)`, at least 1 and rising.
        gates: `(S, Z)`, 0..1.
        active: `(Z,)`, whether the music uses a dimension in the end; the others are grey.
        moment: one of the S, to mark.

    Raises:
        ValueError: the shapes do not fit, or a value is outside 0..1.
    """
    import plotly.graph_objects as go

    gates, active, epochs = matrix(gates, "gates", 0, 1), np.asarray(active, dtype=bool), np.asarray(epochs)
    S, Z = gates.shape
    _check_active(active, Z)
    if epochs.shape != (S,):
        raise ValueError(f"got epochs of shape {epochs.shape}, expected ({S},)")
    figure = blank(
        f"{Z} gates over training, averaged over a piece: after {epochs[0]} epochs {_span(gates[0])}, after "
        f"{epochs[-1]} epochs {_span(gates[-1][active])} in the {active.sum()} dimensions that the music uses and "
        f"{_span(gates[-1][~active])} in the others.",
        height=300,
    )
    for some, colour, width, name in ((~active, GREY, 1, "hardly used"), (active, GATE, 1.8, "used by the music")):
        for place, i in enumerate(np.flatnonzero(some)):
            line = {"color": rgba(colour, 0.45 if colour == GREY else 0.85), "width": width}
            hover = f"dimension {i + 1}<br>after %{{x}} epochs<br>open %{{y:.2f}}<extra></extra>"
            group = {"name": name, "legendgroup": name, "showlegend": place == 0}
            figure.add_trace(go.Scatter(x=epochs, y=gates[:, i], mode="lines", line=line, hovertemplate=hover, **group))
    figure.add_vline(x=epochs[moment], line={"color": GREY, "width": 2, "dash": "dot"})
    figure.update_xaxes(
        title_text="epochs of training", type="log", tickvals=[1, 3, 10, 30, 100, 300, 1000], showgrid=False
    )
    figure.update_yaxes(title_text="gate g, mean", range=[0, 1.02])
    return figure


def _check_active(active, Z):
    if active.shape != (Z,):
        raise ValueError(f"got active of shape {active.shape}, expected ({Z},)")


def _span(values):
    """Some gates in words."""
    return f"{values.min():.2f} to {values.max():.2f}" if len(values) else "nowhere"
