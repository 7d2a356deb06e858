"""The KL of two Gaussians in closed form, line by line, for two bells of one's own."""

import numpy as np
import streamlit as st

from dmm.one_latent import kl_normal, log_p_normal
from dmm.ui.bound.guess import LESSON
from dmm.ui.bound.numbers import DRAWS, FINE, average, draws, integral
from dmm.ui.deriving import Check, Step, derive
from dmm.ui.dials import Dial, dials, value

TWO = (
    Dial("q_mean", r"$\mu_q$", -2.0, 2.0, 1.0, 0.1, "The mean of $q$."),
    Dial("q_sd", r"$\sigma_q$", 0.2, 2.0, 0.5, 0.1, "The standard deviation of $q$."),
    Dial("p_mean", r"$\mu_p$", -2.0, 2.0, 0.0, 0.1, "The mean of $p$."),
    Dial("p_sd", r"$\sigma_p$", 0.2, 2.0, 1.5, 0.1, "The standard deviation of $p$."),
)


@st.fragment
def show_kl() -> None:
    """Two bells, their KL both ways, and where its formula comes from."""
    for column, dial in zip(st.columns(4, gap="medium"), TWO, strict=True):
        with column:
            dials(LESSON, [dial])
    q_loc, q_scale, p_loc, p_scale = two()
    there, back = kl_normal(q_loc, q_scale, p_loc, p_scale), kl_normal(p_loc, p_scale, q_loc, q_scale)
    st.markdown(
        f"Now $\\mathrm{{KL}}(q \\,\\|\\, p)$ is **{there:.3f}** nats, and the other way round, "
        f"$\\mathrm{{KL}}(p \\,\\|\\, q)$, **{back:.3f}**. It is not symmetric: it matters which of the "
        "two one draws from."
    )
    derive(LESSON, "gaussians", GAUSSIANS)


def two() -> tuple[float, float, float, float]:
    """Means and standard deviations of q and p, as the sliders stand."""
    return tuple(value(LESSON, dial) for dial in TWO)


def log_ratio(z):
    """log q(z) - log p(z)."""
    q_loc, q_scale, p_loc, p_scale = two()
    return log_p_normal(z, q_loc, q_scale) - log_p_normal(z, p_loc, p_scale)


def by_grid(function) -> float:
    """A mean over q, as a sum over a grid of z."""
    q_loc, q_scale, *_ = two()
    return integral(np.exp(log_p_normal(FINE, q_loc, q_scale)) * function(FINE))


def check_definition() -> Check:
    """The mean of the log ratio, by a grid and from draws."""
    q_loc, q_scale, *_ = two()
    mean, error = average(log_ratio(q_loc + q_scale * draws(1)))
    return Check("a sum over a grid of $z$", by_grid(log_ratio), f"mean over {DRAWS:,} draws of $q$", mean, error)


def check_ratio() -> Check:
    """The log ratio at one z."""
    q_loc, q_scale, p_loc, p_scale = two()
    z = q_loc + q_scale
    right = np.log(p_scale / q_scale) - (z - q_loc) ** 2 / (2 * q_scale**2) + (z - p_loc) ** 2 / (2 * p_scale**2)
    densities = [np.exp(-(((z - loc) / scale) ** 2) / 2) / (scale * np.sqrt(2 * np.pi)) for loc, scale in _pairs()]
    left = float(np.log(densities[0] / densities[1]))
    return Check(f"log of the two heights at $z = {z:.1f}$", left, "the right side there", float(right))


def _pairs():
    """Mean and standard deviation of q, and of p."""
    q_loc, q_scale, p_loc, p_scale = two()
    return (q_loc, q_scale), (p_loc, p_scale)


def check_own_square() -> Check:
    """The variance of q."""
    q_loc, q_scale, *_ = two()
    return Check("a sum over a grid of $z$", by_grid(lambda z: (z - q_loc) ** 2), r"$\sigma_q^2$", q_scale**2)


def check_other_square() -> Check:
    """The mean square around the other mean."""
    q_loc, q_scale, p_loc, _ = two()
    right = q_scale**2 + (q_loc - p_loc) ** 2
    return Check("a sum over a grid of $z$", by_grid(lambda z: (z - p_loc) ** 2), "the right side", right)


def check_closed_form() -> Check:
    """The whole, by a grid and in closed form."""
    return Check("a sum over a grid of $z$", by_grid(log_ratio), "the closed form", float(kl_normal(*two())))


GAUSSIANS = (
    Step(
        r"\mathrm{KL}(q \,\|\, p) = E_q[\log q(z) - \log p(z)]",
        "The definition: on average over draws from $q$, how many nats likelier the draw is under $q$ than under $p$.",
        check_definition,
    ),
    Step(
        r"\begin{aligned} &\log q(z) - \log p(z) = \log \frac{\sigma_p}{\sigma_q} \\ "
        r"&\quad - \frac{(z - \mu_q)^2}{2 \sigma_q^2} + \frac{(z - \mu_p)^2}{2 \sigma_p^2} \end{aligned}",
        "Both bells written out; the factors $1 / \\sqrt{2 \\pi}$ cancel.",
        check_ratio,
    ),
    Step(
        r"E_q[(z - \mu_q)^2] = \sigma_q^2",
        "The definition of a variance. So the second term is always $-\\tfrac12$.",
        check_own_square,
    ),
    Step(
        r"E_q[(z - \mu_p)^2] = \sigma_q^2 + (\mu_q - \mu_p)^2",
        "$z - \\mu_p$ is $(z - \\mu_q) + (\\mu_q - \\mu_p)$; squared, the mixed term is 0 on average.",
        check_other_square,
    ),
    Step(
        r"\mathrm{KL}(q \,\|\, p) = \log \frac{\sigma_p}{\sigma_q} "
        r"+ \frac{\sigma_q^2 + (\mu_q - \mu_p)^2}{2 \sigma_p^2} - \frac12",
        "Put together. With several dimensions and diagonal covariances one adds this up over the dimensions: the "
        "paper's Eq. 11.",
        check_closed_form,
    ),
)
