"""One hidden number: how it shows, and the four curves over it: prior, likelihood, posterior and guess."""

from typing import NamedTuple

import numpy as np

from dmm.figures.base import GRID, blank, rgba
from dmm.figures.bounds import GAP
from dmm.palette import GREEN, GREY, LATENT

REACH = 3.5  # both ends of the axis


class Curves(NamedTuple):
    """Over z, (N,): the look f(z) in units of x, and densities; the likelihood may have any height."""

    z: np.ndarray
    look: np.ndarray
    prior: np.ndarray
    likelihood: np.ndarray
    posterior: np.ndarray
    guess: np.ndarray


def latent_curves(curves: Curves, x: float, noise: float):
    """Above, how z shows in x, and the frame that was seen; below, what is believed of z.

    Args:
        x: the frame.
        noise: the standard deviation of x around f(z).

    Raises:
        ValueError: the curves differ in length.
    """
    figure = blank(_in_words(curves, x), height=400)
    figure.add_traces([*beliefs(curves), *_map(curves, x, noise)])
    notes = [
        {"x": -REACH, "y": x, "text": f"frame x = {x:g}", "xanchor": "left"},
        {"x": REACH, "y": -1.2, "text": "f(z) ± r", "xanchor": "right"},
    ]
    shared = {"fixedrange": True, "zeroline": False, "gridcolor": GRID}
    figure.update_layout(
        xaxis={"title": {"text": "z"}, "range": [-REACH, REACH], **shared},
        yaxis={"domain": [0, 0.6], "showticklabels": False, "rangemode": "tozero", **shared},
        yaxis2={"domain": [0.66, 1], "title": {"text": "x"}, "range": [-2, 4], **shared},
        annotations=[{"yref": "y2", "yanchor": "bottom", "showarrow": False, **note} for note in notes],
    )
    return figure


def belief_curves(curves: Curves, x: float):
    """What is believed of z alone; arguments as `latent_curves`."""
    figure = blank(_in_words(curves, x), height=230)
    figure.add_traces(list(beliefs(curves)))
    figure.update_xaxes(title_text="z", range=[-REACH, REACH], fixedrange=True)
    figure.update_yaxes(showticklabels=False, rangemode="tozero", fixedrange=True)
    return figure


def beliefs(curves):
    """Prior, likelihood, posterior and guess; the likelihood as high as the posterior, for it is no density of z."""
    import plotly.graph_objects as go

    scaled = curves.likelihood * curves.posterior.max() / curves.likelihood.max()
    looks = (  # name, heights, line, opacity of what is under it
        ("prior", curves.prior, {"color": GREY, "width": 2, "dash": "dash"}, 0),
        ("likelihood, scaled", scaled, {"color": GREEN, "width": 2, "dash": "dot"}, 0),
        ("posterior", curves.posterior, {"color": GAP, "width": 3}, 0.3),
        ("guess q", curves.guess, {"color": LATENT, "width": 4}, 0),
    )
    for name, heights, line, opacity in looks:
        under = {"fill": "tozeroy", "fillcolor": rgba(line["color"], opacity)} if opacity else {}
        hover = f"{name}<br>z = %{{x:.2f}}: %{{y:.3f}}<extra></extra>"
        yield go.Scatter(x=curves.z, y=heights, name=name, mode="lines", line=line, hovertemplate=hover, **under)


def _map(curves, x, noise):
    """f with one standard deviation of noise around it, and the frame."""
    import plotly.graph_objects as go

    both = np.concatenate([curves.look + noise, (curves.look - noise)[::-1]])
    band = {"x": np.concatenate([curves.z, curves.z[::-1]]), "y": both, "fill": "toself", "hoverinfo": "skip"}
    quiet = {"showlegend": False, "yaxis": "y2"}
    look = {"line": {"width": 0}, "fillcolor": rgba(GREEN, 0.2), "name": "noise"}
    yield go.Scatter(**band, **look, **quiet)
    hover = "z = %{x:.2f} shows as %{y:.2f}<extra></extra>"
    line = {"line": {"color": GREEN, "width": 3}, "mode": "lines", "name": "f(z)"}
    yield go.Scatter(x=curves.z, y=curves.look, hovertemplate=hover, **line, **quiet)
    seen = {"x": [-REACH, REACH], "y": [x, x], "mode": "lines", "name": "the frame x", **quiet}
    yield go.Scatter(**seen, line={"color": GREY, "width": 3}, hovertemplate=f"x = {x:g}<extra></extra>")


def _in_words(curves, x):
    """The frame, and the mean and spread of posterior and guess."""
    if len({len(one) for one in curves}) > 1:
        raise ValueError(f"got curves of {[len(one) for one in curves]} points, expected one length")
    told = []
    for name, density in (("posterior", curves.posterior), ("guess", curves.guess)):
        weights = density / density.sum()
        mean = weights @ curves.z
        told.append(
            f"the {name} has mean {mean:.2f} and standard deviation {np.sqrt(weights @ (curves.z - mean) ** 2):.2f}"
        )
    peaks = int((np.diff(np.sign(np.diff(curves.posterior))) < 0).sum())
    both = "; ".join(told)
    return f"Curves over one hidden number z, once the frame {x:.2f} is seen: {both}; peaks of the posterior: {peaks}."
