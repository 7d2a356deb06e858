"""Learning curves of several runs on common axes."""

import numpy as np

from dmm.figures.base import blank
from dmm.palette import RUNS


def compared_curves(curves, x_title, y_title, height=380):
    """One line for each run.

    Args:
        curves: from a run's label to two lists, x and y; six at most.

    Raises:
        ValueError: more than six runs, or a run with more of the one than of the other.
    """
    import plotly.graph_objects as go

    if len(curves) > len(RUNS):
        raise ValueError(f"got {len(curves)} runs, expected at most {len(RUNS)}")
    told = []
    traces = []
    for (label, (x, y)), (colour, dash) in zip(curves.items(), RUNS, strict=False):
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if x.shape != y.shape or x.ndim != 1:
            raise ValueError(f"got shapes {x.shape} and {y.shape} for {label}, expected (N,) twice")
        told.append(f"{label}: {y[0]:.2f} to {y[-1]:.2f}" if len(y) else f"{label}: nothing yet")
        hover = f"{label}<br>%{{x:,.4g}}: %{{y:.3f}}<extra></extra>"
        line = {"color": colour, "dash": dash, "width": 2}
        traces.append(go.Scatter(x=x, y=y, mode="lines", name=label, line=line, hovertemplate=hover))
    figure = blank(
        f"{y_title} over {x_title}, a line for each run; {'; '.join(told) or 'no run'}.",
        height=height,
        showlegend=True,
        xaxis={"title": {"text": x_title}},
        yaxis={"title": {"text": y_title}},
    )
    figure.add_traces(traces)
    return figure
