"""Why the bound is one, by Jensen's inequality: Eq. 2 of the paper, line by line, each with its numbers."""

import numpy as np
import streamlit as st

from dmm import figures, one_draw, one_latent
from dmm.one_latent import NOISE, WORLDS, kl_normal, log_p_normal, log_p_x
from dmm.ui.bound.guess import LESSON, now, painted
from dmm.ui.bound.numbers import DRAWS, FINE, average, draws, integral, joint
from dmm.ui.deriving import Check, Step, derive
from dmm.ui.dials import Dial, dials
from dmm.ui.plot import plot

APART = Dial(
    "apart", "How far apart, $d$", 0.0, 0.95, 0.8, 0.05, "The two weights are $1 - d$ and $1 + d$: this is $d$."
)


@st.fragment
def show_chord() -> None:
    """Why the log of a mean is above the mean of the logs."""
    apart = dials(LESSON, [APART])["apart"]
    plot(figures.jensen_chord(1 - apart, 1 + apart), "chord", tools=False)


@st.fragment
def show_jensen() -> None:
    """Eq. 2 of the paper."""
    derive(LESSON, "jensen", painted(JENSEN))


def check_evidence() -> Check:
    """The integral, by a grid and by a formula or draws."""
    kind, x, *_ = now()
    world = WORLDS[kind]
    by_grid = "$\\log p(x)$, a sum over a grid of $z$", float(np.log(integral(np.exp(joint(world, x, FINE)))))
    if kind == "straight":  # x is then a Gaussian, its variance that of f(z) plus that of the noise
        scale = float(np.hypot(world.look(1.0), NOISE))
        words = f"$\\log N(x; 0, {scale:g}^2)$, as for any straight line"
        return Check(*by_grid, words, float(log_p_normal(x, 0.0, scale)))
    mean, error = average(np.exp(log_p_x(world, x, draws(0))))
    return Check(
        *by_grid, f"log of the mean of $p(x \\mid z)$, {DRAWS:,} draws of the prior", np.log(mean), error / mean
    )


def check_weights() -> Check:
    """The mean of the weights, from draws."""
    kind, x, loc, scale = now()
    weights = np.exp(one_draw.bound_sampled(WORLDS[kind], x, loc, scale, draws(0)))
    mean, error = average(weights)
    exact = one_latent.log_evidence(WORLDS[kind], x)
    words = f"log of the mean of $w$, {DRAWS:,} draws of $q$"
    return Check("$\\log p(x)$, a sum over a grid", exact, words, float(np.log(mean)), error / mean)


def check_jensen() -> Check:
    """Both sides of the inequality."""
    kind, x, loc, scale = now()
    log_w = one_draw.bound_sampled(WORLDS[kind], x, loc, scale, one_latent.EPS)
    exact = one_latent.log_evidence(WORLDS[kind], x)
    return Check("log of the mean", exact, "mean of the logs", float(log_w @ one_latent.WEIGHTS))


def check_split() -> Check:
    """The log of the weight, and its two summands."""
    kind, x, loc, scale = now()
    mean, error = average(one_draw.bound_sampled(WORLDS[kind], x, loc, scale, draws(0)))
    exact = one_latent.expect(lambda z: log_p_x(WORLDS[kind], x, z), loc, scale) + one_latent.expect(
        lambda z: log_p_normal(z, 0.0, 1.0) - log_p_normal(z, loc, scale), loc, scale
    )
    return Check(f"mean of $\\log w$, {DRAWS:,} draws", mean, "both means, each a sum over a grid", float(exact), error)


def check_prior_kl() -> Check:
    """The second mean, by a grid and in closed form."""
    *_, loc, scale = now()
    log_q = log_p_normal(FINE, loc, scale)
    by_grid = integral(np.exp(log_q) * (log_p_normal(FINE, 0.0, 1.0) - log_q))
    words = "mean of $\\log p(z) - \\log q(z)$, a sum over a grid"
    return Check(words, by_grid, "$-\\mathrm{KL}$, in closed form", -float(kl_normal(loc, scale, 0.0, 1.0)))


JENSEN = (
    Step(
        r"\begin{gathered} \log p(x) = \log \int p(x, z) \, dz \\ p(x, z) = p(x \mid z) \, p(z) \end{gathered}",
        "Every $z$ could have made this frame; add them all up. With networks and many dimensions nobody can.",
        check_evidence,
    ),
    Step(
        r"\begin{gathered} = \log \int q(z) \, \frac{p(x, z)}{q(z)} \, dz = \log E_q[w] \\ "
        r"w = p(x, z) / q(z) \end{gathered}",
        "Multiplied by $q/q = 1$: an integral has become a mean over draws from $q$. (A $q$ that is much narrower than "
        "the posterior rarely draws where $w$ is large; then neither the mean nor its error can be trusted.)",
        check_weights,
    ),
    Step(
        r"\ge E_q[\log w]",
        "Jensen's inequality. The two sides differ; by how much is the next derivation.",
        check_jensen,
    ),
    Step(
        r"= E_q[\log p(x \mid z)] + E_q[\log p(z) - \log q(z)]",
        "The log of a product is a sum, and so is its mean.",
        check_split,
    ),
    Step(
        r"\begin{aligned} &= E_q[\log p(x \mid z)] - \mathrm{KL}(q(z) \,\|\, p(z)) \\ &= \mathrm{ELBO} \end{aligned}",
        "The second mean is minus a KL, by its definition. This is the paper's Eq. 2.",
        check_prior_kl,
    ),
)
