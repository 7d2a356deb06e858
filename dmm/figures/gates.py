"""How far each dimension's gate is open, beat by beat."""

import numpy as np

from dmm.figures.base import TIME_AXIS, beats, blank, colour_bar, matrix, rgba
from dmm.palette import GATE

SCALE = [[0.0, rgba(GATE, 0.04)], [1.0, GATE]]
TITLE = "gate g<sub>t</sub>: 0 = linear, 1 = non-linear"


def gate_heatmap(gates):
    """The gates of a trained model over a piece: one row per dimension of z, one column per beat.

    Args:
        gates: `(T, Z)`, 0 = the next mean is linear in z, 1 = it comes from the network.

    Raises:
        ValueError: the shape is not `(T, Z)`, or a value is outside 0..1.
    """
    import plotly.graph_objects as go

    gates = matrix(gates, "gates", 0, 1)
    T, Z = gates.shape
    mean = gates.mean(axis=0)
    figure = blank(
        f"Heat map of {Z} gates over {T} beats, from 0 (linear) to 1 (non-linear). "
        f"On average {gates.mean():.2f}; most open is dimension {np.argmax(mean) + 1} ({mean.max():.2f}), "
        f"most closed dimension {np.argmin(mean) + 1} ({mean.min():.2f}).",
        height=max(220, min(560, 140 + 14 * Z)),
    )
    hover = "beat %{x}, dimension %{y}<br>gate %{z:.2f}<extra></extra>"
    figure.add_trace(
        go.Heatmap(
            x=beats(T),
            y=np.arange(1, Z + 1),
            z=gates.T,
            zmin=0,
            zmax=1,
            colorscale=SCALE,
            colorbar=colour_bar(TITLE),
            hovertemplate=hover,
        )
    )
    figure.update_xaxes(title_text=TIME_AXIS, showgrid=False)
    figure.update_yaxes(title_text="dimension of z", showgrid=False, autorange="reversed")
    return figure
