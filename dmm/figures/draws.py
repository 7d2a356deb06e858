"""Whole trajectories of a latent, drawn from a posterior and from a guess that has only its bands right."""

import numpy as np

from dmm.figures.base import blank, matrix, rgba
from dmm.palette import BLUE, LATENT, VERMILLION

TIME = "time t (frames)"
COLOURS = (BLUE, VERMILLION)  # of the posterior, and of the guess


def trajectory_draws(draws, bands):
    """Panels one below another on the same axes: a band of two standard deviations, and trajectories that were drawn.

    Args:
        draws: from a name to (N, T) trajectories; the first are the posterior's.
        bands: from the same names to (mean, standard deviation), (T,) each.

    Raises:
        ValueError: there are none or more than two, a shape does not fit, or a number is not finite.
    """
    if not 1 <= len(draws) <= len(COLOURS) or list(draws) != list(bands):
        raise ValueError(f"got draws of {list(draws)} and bands of {list(bands)}, expected one or two, the same")
    draws = {name: matrix(trajectories, name) for name, trajectories in draws.items()}
    figure = blank(" ".join(_in_words(name, draws[name], *bands[name]) for name in draws), height=50 + 205 * len(draws))
    for row, (name, trajectories) in enumerate(draws.items()):
        _draw(figure, name, trajectories, bands[name], COLOURS[row], row, len(draws))
    ends = [mean + sign * 3.2 * scale for mean, scale in bands.values() for sign in (-1, 1)]
    figure.update_yaxes(range=[np.min(ends), np.max(ends)], title_text="hidden z")
    frames = next(iter(draws.values())).shape[1]
    figure.update_xaxes(title_text=TIME, range=[0.5, frames + 0.5], showgrid=False, anchor=_axis(len(draws) - 1))
    figure.update_layout(showlegend=False)
    return figure


def _draw(figure, name, trajectories, band, colour, row, rows):
    """One panel: the band, the trajectories, and its name above."""
    import plotly.graph_objects as go

    mean, scale = band
    t, axis = np.arange(1, len(mean) + 1), _axis(row)
    top = 1 - row / rows - 0.07
    figure.add_trace(
        go.Scatter(
            x=np.concatenate([t, t[::-1]]),
            y=np.concatenate([mean + 2 * scale, (mean - 2 * scale)[::-1]]),
            fill="toself",
            fillcolor=rgba(LATENT, 0.22),
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            name=f"{name}: two standard deviations",
            yaxis=axis,
        )
    )
    for i, z in enumerate(trajectories, 1):
        hover = f"trajectory {i}, frame %{{x}}<br>z is %{{y:.2f}}<extra></extra>"
        line = {"color": rgba(colour, 1 if i == 1 else 0.35), "width": 2.5 if i == 1 else 1.2}
        figure.add_trace(go.Scatter(x=t, y=z, mode="lines", line=line, name=name, hovertemplate=hover, yaxis=axis))
    style = {"domain": [1 - (row + 1) / rows + 0.02, top]}
    figure.update_layout({axis.replace("y", "yaxis"): style | ({"matches": "y"} if row else {})})
    look = {"xref": "paper", "yref": "paper", "yanchor": "bottom", "xanchor": "left", "showarrow": False}
    figure.add_annotation(text=name, x=0, y=top, **look)


def _axis(row):
    return f"y{row + 1}" if row else "y"


def _in_words(name, z, mean, scale):
    inside = np.mean(abs(z - mean) <= 2 * scale)
    return (
        f"{name}: {len(z)} trajectories over {z.shape[1]} frames, {inside:.0%} of their points within the band of two "
        f"standard deviations; from one frame to the next they move by {abs(np.diff(z)).mean():.2f} on average."
    )
