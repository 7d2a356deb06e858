"""How far the bound is below log p(x), exactly: line by line, each with its numbers."""

import numpy as np
import streamlit as st

from dmm import one_latent
from dmm.one_latent import WORLDS, log_p_normal
from dmm.ui.bound.guess import LESSON, now, painted
from dmm.ui.bound.numbers import DRAWS, FINE, average, draws, integral, joint, straight_posterior
from dmm.ui.deriving import Check, Step, derive

NEAR_X, NEAR_Z = 0.1, 0.05  # how near is near, where draws are counted


@st.fragment
def show_exactly() -> None:
    """What Jensen's inequality leaves out is a KL."""
    derive(LESSON, "exactly", painted(EXACTLY))


def check_bayes() -> Check:
    """Bayes' rule at one z; the posterior comes from a formula or from counting, never from p(x)."""
    kind, x, loc, _ = now()
    world, left = WORLDS[kind], ("$\\log p(x)$, a sum over a grid", one_latent.log_evidence(WORLDS[kind], x))
    if kind == "straight":
        right = joint(world, x, loc) - log_p_normal(loc, *straight_posterior(x))
        return Check(*left, f"the right side at $z = {loc:g}$, the posterior by its formula", float(right))
    z, density, noise = counted_posterior(world, x)
    words = f"the right side at $z = {z:.2f}$, the posterior counted in {DRAWS:,} draws of the model"
    return Check(*left, words, float(joint(world, x, z) - np.log(density)), noise)


def counted_posterior(world, x) -> tuple[float, float, float]:
    """A z that made an x like this one, how dense such z lie around it, and one standard error of that in logarithms.

    Pairs of z and x are drawn from the model; of those z whose x came near, the first is looked at.
    """
    z = draws(0)
    first, *others = z[abs(world.look(z) + one_latent.NOISE * draws(1) - x) < NEAR_X]
    share = np.mean(abs(np.array(others) - first) < NEAR_Z)
    return float(first), float(share / (2 * NEAR_Z)), float(np.sqrt((1 - share) / share / len(others)))


def check_mean() -> Check:
    """The mean over q, from draws."""
    kind, x, loc, scale = now()
    world, z = WORLDS[kind], loc + scale * draws(0)
    log_q = log_p_normal(z, loc, scale)
    first, second = joint(world, x, z) - log_q, log_q - one_latent.log_posterior(world, x, z)
    exact = float(np.log(integral(np.exp(joint(world, x, FINE)))))
    words = f"both means, each from {DRAWS // 2:,} draws of its own"
    (left, left_error), (right, right_error) = average(first[::2]), average(second[1::2])
    return Check(
        "$\\log p(x)$, a sum over a grid", exact, words, left + right, float(np.hypot(left_error, right_error))
    )


def check_identity() -> Check:
    """The bound and the gap, added up."""
    kind, x, loc, scale = now()
    found = one_latent.parts(WORLDS[kind], x, loc, scale)
    if kind == "straight":
        words, gap = "both in closed form", one_latent.kl_normal(loc, scale, *straight_posterior(x))
    else:  # the posterior is what a sum over z makes of its heights: log p(x) is not asked for
        log_q, log_p = log_p_normal(FINE, loc, scale), joint(WORLDS[kind], x, FINE)
        words = "the posterior a curve over a grid of $z$"
        gap = integral(np.exp(log_q) * (log_q - log_p)) + np.log(integral(np.exp(log_p)))
    return Check("$\\log p(x)$, a sum over a grid", found.log_p_x, f"ELBO + KL, {words}", float(found.elbo + gap))


EXACTLY = (
    Step(
        r"\log p(x) = \log p(x, z) - \log p(z \mid x)",
        "Bayes' rule, in logarithms. It holds for *every* $z$: the right side changes in both terms, never in their "
        "difference. (The straight world's posterior has a formula: there the check takes $z = \\mu$. In the others it "
        "draws pairs of $z$ and $x$ from the model, and counts the $z$ whose $x$ came near this one.)",
        check_bayes,
    ),
    Step(
        r"\begin{aligned} = {} & \log p(x, z) - \log q(z) \\ & + \log q(z) - \log p(z \mid x) \end{aligned}",
        "Take $\\log q(z)$ off, and put it on again.",
    ),
    Step(
        r"\begin{aligned} = {} & E_q[\log p(x, z) - \log q(z)] \\ & + E_q[\log q(z) - \log p(z \mid x)] \end{aligned}",
        "The mean over draws from $q$. The left side has no $z$ in it, so it stays as it is.",
        check_mean,
    ),
    Step(
        r"= \mathrm{ELBO} + \mathrm{KL}(q(z) \,\|\, p(z \mid x))",
        "The first mean is the ELBO of the lines above, the second is a KL by its definition. No inequality was "
        "needed.",
        check_identity,
    ),
    Step(
        r"\ge \mathrm{ELBO}",
        "A KL is never below 0, and 0 only between equals. So the ELBO is a bound; and it reaches $\\log p(x)$ only if "
        "$q$ is the posterior: then $w$ is $p(x)$ for every $z$, and Jensen's two sides are equal.",
    ),
)
