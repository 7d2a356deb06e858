"""The deep Markov model: why a linear density is a bell and a network's need not be, in three lines with numbers."""

import numpy as np
import streamlit as st

from dmm import marginals
from dmm.ui.deep_markov_model.dynamics import NOISE, START, spread
from dmm.ui.deep_markov_model.unrolled import LESSON
from dmm.ui.deriving import Check, Step, derive
from dmm.ui.dials import value

DRAWS = 100_000  # of z_2
NODES = 20_001  # of the quadrature


@st.fragment
def show_derivation() -> None:
    """Why the linear density is a bell, and why a network's need not be."""
    derive(LESSON, "lines", STEPS)


def _settings():
    return float(value(LESSON, START)), float(value(LESSON, NOISE))


def check_mixture() -> Check:
    """The integral over the grid, where it is highest, against an average over draws."""
    z_1, scale = _settings()
    step, density = marginals.gated(scale), spread("gated", scale, z_1)[1]
    z_3 = marginals.GRID[density.argmax()]
    z_2 = marginals.draw_paths(step, z_1, np.random.default_rng(1).standard_normal((DRAWS, 1)))[:, 1]
    heights = marginals.bell(z_3, *step(z_2))
    noise = float(heights.std() / np.sqrt(DRAWS))
    left, right = f"gated, at $z_3 = {z_3:g}$: the density by the grid", f"mean of {DRAWS:,} bells, $z_2$ drawn"
    return Check(left, float(density.max()), right, float(heights.mean()), noise)


def check_linear() -> Check:
    """The linear density by the grid, where it is highest, against the closed form."""
    z_1, scale = _settings()
    density = spread("linear", scale, z_1)[1]
    z_3 = marginals.GRID[density.argmax()]
    closed = marginals.bell(z_3, marginals.A**2 * z_1, scale * np.sqrt(1 + marginals.A**2))
    left = f"linear, at $z_3 = {z_3:g}$: the density by the grid"
    return Check(left, float(density.max()), "the bell of this line", float(closed))


def check_variance() -> Check:
    """The MLP's variance by the grid against a sum over the noise of z_2."""
    z_1, scale = _settings()
    step = marginals.mlp(scale)
    (loc,), _ = step(np.array([z_1]))
    left = marginals.moments(spread("mlp", scale, z_1)[1])[1] ** 2
    eps = np.linspace(-9, 9, NODES)
    mean, weight = step(loc + scale * eps)[0], marginals.bell(eps, 0, 1) * (eps[1] - eps[0])
    spread_of_means = weight @ mean**2 - (weight @ mean) ** 2
    words = "variance of the MLP's $z_3$, by the grid", r"$\sigma^2$ + variance of $\mu(z_2)$, by a sum over its noise"
    return Check(words[0], float(left), words[1], float(scale**2 + spread_of_means))


STEPS = (
    Step(
        r"p(z_3 \mid z_1) = \int p(z_3 \mid z_2) \, p(z_2 \mid z_1) \, dz_2",
        "Sum over all that $z_2$ may have been. Given $z_2$, the start $z_1$ tells nothing more of $z_3$. So the "
        "density is a mixture of bells, one for each $z_2$.",
        check_mixture,
    ),
    Step(
        r"z_3 = a (a z_1 + \sigma \epsilon_2) + \sigma \epsilon_3 \sim N\bigl(a^2 z_1, \; (1 + a^2) \sigma^2\bigr)",
        f"A linear step, $\\mu = a z$ with $a = {marginals.A:g}$, only scales the noise $\\epsilon$ and adds to it. A "
        "sum of Gaussians is Gaussian: one bell, at each $t$.",
        check_linear,
    ),
    Step(
        r"\operatorname{Var}[z_3 \mid z_1] = \sigma^2 + \operatorname{Var}[\mu(z_2) \mid z_1]",
        "For any step with this noise. A network may squeeze the means $\\mu(z_2)$ together or pull them apart; then "
        "mean and variance no longer tell the whole density. (The grid is fine, not exact: it misses a little where "
        "the MLP bends.)",
        check_variance,
    ),
)
