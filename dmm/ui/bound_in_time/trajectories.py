"""The bound in time, first part: trajectories of a posterior, and what is lost if each latent is drawn by itself."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm import figures, gaussian_chain, kalman, linear_gaussian, systems
from dmm.gaussian_chain import GaussianChain
from dmm.systems import FRAMES
from dmm.ui.asking import predict
from dmm.ui.dials import Dial, dials, pick
from dmm.ui.plot import plot

LESSON = "bound_in_time"
SHOWN, MANY = 6, 2000  # trajectories that are drawn, and those that are measured

DRAW = Dial("draw", "Another sequence", 1, 20, 2, 1, "Which sequence of the linear system S9 is drawn, by its number.")
GUESSES = {"marginals": "From $p(z_t | x_{1:T})$", "frames": "From $p(z_t | x_t)$"}
GUESS = (
    "What each latent is drawn from, by itself: what all frames say of it, its marginal, or what its own frame alone "
    "says of it."
)


class World(NamedTuple):
    """One sequence of S9: hidden z and seen x, (T,) each, the exact posterior, and the log-likelihood in nats."""

    z: np.ndarray
    x: np.ndarray
    posterior: GaussianChain
    log_p: float


@lru_cache(maxsize=20)
def world(number: int) -> World:
    """The sequence with a number, always the same."""
    model = systems.linear()
    z, x = (part[0, :, 0] for part in linear_gaussian.sample(model, 1, FRAMES, np.random.default_rng(number)))
    log_p = float(kalman.kalman_filter(model, x[None, :, None]).log_likelihood[0])
    return World(z, x, gaussian_chain.posterior(model, x), log_p)


# --- whole trajectories -----------------------------------------------------------------------------------------------


def by_frames(x) -> GaussianChain:
    r"""Each latent of S9 by itself, from its own frame alone: $p(z_t \mid x_t)$, by Bayes' rule."""
    model = systems.linear()
    mean, cov = gaussian_chain.moments(gaussian_chain.prior(model, len(x)))
    var, H, R = np.diag(cov), model.H[0, 0], model.R[0, 0]
    gain = var * H / (H**2 * var + R)
    return GaussianChain(np.zeros_like(mean), mean + gain * (x - H * mean), (1 - gain * H) * var)


class Drawn(NamedTuple):
    """Trajectories of a law, (MANY, T), and its band: mean and standard deviation, (T,) each."""

    law: GaussianChain
    trajectories: np.ndarray
    band: tuple[np.ndarray, np.ndarray]

    @property
    def move(self) -> float:
        """The variance of $z_t - z_{t-1}$ over the trajectories, on average over t."""
        return float(np.diff(self.trajectories).var(0).mean())

    @property
    def inside(self) -> float:
        """Which part of the points lies in the band of two standard deviations."""
        return float(np.mean(abs(self.trajectories - self.band[0]) <= 2 * self.band[1]))


@lru_cache(maxsize=60)
def drawn(number: int, guess: str) -> Drawn:
    """Trajectories of one law of a world, "posterior" or a key of `GUESSES`, all from the same random numbers."""
    one = world(number)
    law = one.posterior if guess == "posterior" else by_frames(one.x)
    if guess == "marginals":
        law = gaussian_chain.independent(one.posterior)
    mean, cov = gaussian_chain.moments(law)
    trajectories = gaussian_chain.draw(law, np.random.default_rng(number).standard_normal((MANY, FRAMES)))
    return Drawn(law, trajectories, (mean, np.sqrt(np.diag(cov))))


WRONG = [
    "Nothing: each point is drawn from the right band",
    "It leaves the band too often",
    "It jumps too far from frame to frame",
]


@st.fragment
def show_trajectories() -> None:
    """Trajectories of the posterior; once somebody has predicted, those of independent draws below them."""
    words, shown = st.columns([2, 3], gap="large")
    with words:
        st.markdown(_system())
        number = dials(LESSON, [DRAW])["draw"]
        question = (
            "Now draw each $z_t$ by itself, from the very band that you see: the *product of the marginals*, "
            "$\\prod_t p(z_t \\mid x_{1:T})$. What will be wrong with such a trajectory?"
        )
        answered = predict("trajectories", question, WRONG, lambda: _what_is_wrong(number))
        guess = "marginals"
        if answered:
            guess = pick(LESSON, "guess", "Each latent by itself", GUESSES, GUESS)
            st.markdown(in_numbers(number, guess))
    laws = {"the posterior": "posterior"} | ({"each latent by itself": guess} if answered else {})
    found = {name: drawn(number, law) for name, law in laws.items()}
    with shown:
        draws = {name: one.trajectories[:SHOWN] for name, one in found.items()}
        bands = {name: one.band for name, one in found.items()}
        plot(figures.trajectory_draws(draws, bands), "trajectories", tools=False)
        same = " The same random numbers draw both panels." if answered else ""
        st.caption(
            f"{SHOWN} trajectories, one of them strong; the band is two standard deviations to each side of the mean."
            f"{same}"
        )


def _system():
    """The linear system in symbols."""
    F, Q, H, R, mean_1, cov_1, drift, _ = (float(np.ravel(part)[0]) for part in systems.linear())
    step = f"z_{{t-1}} + {drift:g}" if F == 1 else f"{F:g} z_{{t-1}} + {drift:g}"
    return (
        f"The paper's linear system, here called **S9**: $z_1 \\sim N({mean_1:g}, {cov_1:g})$, $z_t \\sim N({step}, "
        f"{Q:g})$, $x_t \\sim N({H:g} \\, z_t, {R:g})$. The second number of each $N$ is a variance."
    )


def _what_is_wrong(number):
    """The answer, by the measured numbers, and why."""
    exact, product = drawn(number, "posterior"), drawn(number, "marginals")
    jumps, leaves = product.move > 1.5 * exact.move, exact.inside - product.inside > 0.01
    right = WRONG[2 if jumps and not leaves else 1 if leaves else 0]
    return right, (
        f"Both have {product.inside:.0%} of their points in the band. But neighbours of one trajectory belong "
        "together: if $z_{t-1}$ was high, so is $z_t$. A product forgets that, and the model would hardly ever draw "
        "such trajectories."
    )


def in_numbers(number: int, guess: str) -> str:
    """How far neighbours lie apart: measured over many draws, and in closed form."""
    rows = [("posterior", drawn(number, "posterior")), ("each by itself", drawn(number, guess))]
    table = [f"| {name} | {one.move:.2f} | {gaussian_chain.step_variance(one.law).mean():.2f} |" for name, one in rows]
    prior = gaussian_chain.step_variance(gaussian_chain.prior(systems.linear(), FRAMES)).mean()
    head = f"| variance of $z_t - z_{{t-1}}$ | {MANY:,} draws | exact |\n|:---|---:|---:|\n"
    words = (
        "The bands are the same; the trajectories are not."
        if guess == "marginals"
        else "One frame alone says little, so here even the band is wrong."
    )
    return head + "\n".join(table) + f"\n\nA step of the model itself has variance {prior:.0f}. {words}"
