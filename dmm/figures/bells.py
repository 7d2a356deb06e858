"""Gaussians as bells and ellipses: two messages and their product, a posterior and its best factorised guess."""

import numpy as np

from dmm.figures.base import blank, rgba
from dmm.figures.chains import FUTURE, PAST
from dmm.palette import ORANGE, SKY

REACH = 9.0  # both ends of the axis on which bells stand
TWO = "two standard deviations"


def multiply(left, right):
    """Two Gaussians, each (mean, standard deviation), multiplied: the Gaussian of `combiner.product`, without torch.

    >>> multiply((0.0, 1.0), (2.0, 1.0))
    (1.0, 0.7071067811865476)
    """
    (left_loc, left_scale), (right_loc, right_scale) = left, right
    left_var, right_var = left_scale**2, right_scale**2
    loc = (right_loc * left_var + left_loc * right_var) / (right_var + left_var)
    return loc, float(np.sqrt(right_var * left_var / (right_var + left_var)))


def two_bells(left, right, answered: bool = True):
    """Two Gaussian messages about one latent, and, once `answered`, their product.

    Args:
        left, right: each (mean, standard deviation), the deviation above 0.
    """
    import plotly.graph_objects as go

    for name, (_, scale) in (("left", left), ("right", right)):
        if not scale > 0:
            raise ValueError(f"The {name} message's standard deviation must be above 0: got {scale:g}.")
    bells = {"left: the past says": (left, PAST), "right: the future says": (right, FUTURE)}
    if answered:
        bells["their product"] = (multiply(left, right), SKY)
    told = [f"{name} mean {loc:.2f}, standard deviation {scale:.2f}" for name, ((loc, scale), _) in bells.items()]
    figure = blank(f"{len(bells)} bells: {'; '.join(told)}.", height=280)
    z = np.linspace(-REACH, REACH, 361)
    for name, ((loc, scale), colour) in bells.items():
        height = np.exp(-(((z - loc) / scale) ** 2) / 2) / (scale * np.sqrt(2 * np.pi))
        figure.add_trace(
            go.Scatter(
                x=z,
                y=height,
                name=name,
                mode="lines",
                fill="tozeroy",
                fillcolor=rgba(colour, 0.3 if colour == SKY else 0.08),
                line={"color": colour, "width": 3 if colour == SKY else 2},
                hovertemplate=f"{name}<br>z = %{{x:.2f}}, density %{{y:.3f}}<extra></extra>",
            )
        )
    figure.update_xaxes(title_text="z<sub>t</sub>", range=[-REACH, REACH], fixedrange=True)
    figure.update_yaxes(rangemode="tozero", showticklabels=False, fixedrange=True)
    figure.update_layout(showlegend=True)
    return figure


def ellipses(correlation: float, answered: bool = True):
    """A posterior of two neighbouring latents with unit variances, and, once `answered`, the best factorised guess.

    The guess has the posterior's mean, and the variances $1 / \\Lambda_{ii} = 1 - \\rho^2$.

    Args:
        correlation: of the two latents, between -1 and 1.
    """
    import plotly.graph_objects as go

    if not -1 < correlation < 1:
        raise ValueError(f"The correlation must lie between -1 and 1: got {correlation:g}.")
    cov = np.array([[1, correlation], [correlation, 1]])
    guess = factorised_scale(correlation)
    shapes = {"posterior": (np.linalg.cholesky(cov), SKY)}
    if answered:
        shapes["best factorised q"] = (guess * np.eye(2), ORANGE)
    told = f" The best factorised guess, {guess:.2f} each, has the same centre; it is narrower along both axes."
    figure = blank(
        f"An ellipse of {TWO}: two latents with correlation {correlation:.2f}, standard deviation 1 each."
        + (told if answered else ""),
        height=330,
    )
    angle = np.linspace(0, 2 * np.pi, 121)
    circle = 2 * np.stack([np.cos(angle), np.sin(angle)])
    for name, (root, colour) in shapes.items():
        x, y = root @ circle
        line = {"color": colour, "width": 3}
        fill = {"fill": "toself", "fillcolor": rgba(colour, 0.15), "hoverinfo": "skip"}
        figure.add_trace(go.Scatter(x=x, y=y, mode="lines", name=name, line=line, **fill))
    mark = {"symbol": "cross-thin", "size": 13, "line": {"width": 3, "color": ORANGE if answered else SKY}}
    hover = "mean<extra></extra>"
    figure.add_trace(
        go.Scatter(x=[0], y=[0], mode="markers", marker=mark, showlegend=False, name="mean", hovertemplate=hover)
    )
    figure.update_xaxes(title_text="z<sub>t-1</sub>", range=[-2.6, 2.6], constrain="domain", fixedrange=True)
    figure.update_yaxes(title_text="z<sub>t</sub>", range=[-2.3, 2.3], scaleanchor="x", fixedrange=True)
    figure.update_layout(showlegend=True)
    return figure


def factorised_scale(correlation: float) -> float:
    """The standard deviation of the best factorised guess of two latents with unit variances.

    >>> factorised_scale(0.6)
    0.8
    """
    return float(np.sqrt(1 - correlation**2))
