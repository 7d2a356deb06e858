"""Single dimensions of the hidden state over time, with their uncertainty."""

import numpy as np

from dmm.figures.base import TIME_AXIS, beats, blank, check_dims, matrix, rgba
from dmm.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION

COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)


def latent_lines(z_loc, z_scale, dims=None):
    """A few dimensions of z over time: the mean as a line, two standard deviations to each side as a band.

    Args:
        z_loc: `(T, Z)` means.
        z_scale: `(T, Z)` standard deviations, not negative.
        dims: the dimensions to draw, from 0; by default the three whose means move most, in their order.

    Raises:
        ValueError: the shapes are not the same `(T, Z)`, a scale is negative, or a dimension does not exist.
    """
    z_loc, z_scale = matrix(z_loc, "z_loc"), matrix(z_scale, "z_scale", low=0)
    if z_scale.shape != z_loc.shape:
        raise ValueError(f"got z_scale of shape {z_scale.shape}, expected {z_loc.shape} as z_loc")
    T, Z = z_loc.shape
    liveliest = sorted(np.argsort(-z_loc.std(axis=0), kind="stable")[:3])
    dims = check_dims(liveliest if dims is None else dims, Z)
    figure = blank(
        f"{len(dims)} of {Z} latent dimensions over {T} beats, with bands of two standard deviations. "
        + " ".join(_in_words(i, z_loc[:, i], z_scale[:, i]) for i in dims)
    )
    for i, colour in zip(dims, COLOURS * len(dims), strict=False):
        figure.add_traces(_line_and_band(i, z_loc[:, i], z_scale[:, i], colour))
    figure.update_xaxes(title_text=TIME_AXIS)
    figure.update_yaxes(title_text="latent z<sub>t</sub>")
    return figure


def _in_words(i: int, loc: np.ndarray, scale: np.ndarray) -> str:
    """One dimension as a sentence."""
    span = f"from {loc.min():.2f} to {loc.max():.2f}"
    return f"Dimension {i + 1} runs {span}, standard deviation {scale.mean():.2f} on average."


def _line_and_band(i: int, loc: np.ndarray, scale: np.ndarray, colour: str) -> list:
    """The traces of one dimension; a click on its name in the legend hides both."""
    import plotly.graph_objects as go

    t, name = beats(len(loc)), f"dimension {i + 1}"
    band = go.Scatter(
        x=np.concatenate([t, t[::-1]]),
        y=np.concatenate([loc + 2 * scale, (loc - 2 * scale)[::-1]]),
        fill="toself",
        fillcolor=rgba(colour, 0.2),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        legendgroup=name,
        name=f"{name}, two standard deviations",
    )
    line = go.Scatter(
        x=t,
        y=loc,
        mode="lines" if len(t) > 1 else "markers",
        line={"color": colour, "width": 2},
        marker={"color": colour},
        error_y=None if len(t) > 1 else {"array": 2 * scale, "color": colour},
        customdata=scale,
        name=name,
        legendgroup=name,
        hovertemplate=f"beat %{{x}}, {name}<br>mean %{{y:.2f}}, standard deviation %{{customdata:.2f}}<extra></extra>",
    )
    return [band, line]
