"""How far the bound is below log p(x), exactly: line by line, each with its numbers."""

import numpy as np
import streamlit as st

from dmm import one_latent
from dmm.one_latent import WORLDS, log_p_normal
from dmm.ui.bound.guess import LESSON, now, painted
from dmm.ui.bound.numbers import DRAWS, FINE, average, draws, integral, joint
from dmm.ui.deriving import Check, Step, derive


@st.fragment
def show_exactly() -> None:
    """What Jensen's inequality leaves out is a KL."""
    derive(LESSON, "exactly", painted(EXACTLY))


def check_bayes() -> Check:
    """Bayes' rule at one z."""
    kind, x, loc, _ = now()
    world = WORLDS[kind]
    density = np.exp(joint(world, x, FINE))
    posterior = float(np.exp(joint(world, x, loc)) / integral(density))
    right = float(joint(world, x, loc) - np.log(posterior))
    exact = one_latent.log_evidence(world, x)
    return Check("$\\log p(x)$", exact, f"the right side at $z = {loc:g}$", right)


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
    return Check("$\\log p(x)$", found.log_p_x, "ELBO + KL, three sums and a closed form", found.elbo + found.gap)


EXACTLY = (
    Step(
        r"\log p(x) = \log p(x, z) - \log p(z \mid x)",
        "Bayes' rule, in logarithms. It holds for *every* $z$: the right side changes in both terms, never in their "
        "difference. (The check takes $z = \\mu$.)",
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
