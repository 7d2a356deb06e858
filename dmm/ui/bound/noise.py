"""How noisy one draw is: the bound with sampled and with analytic KL, and three ways to the bound's gradient."""

from functools import lru_cache

import numpy as np
import streamlit as st

from dmm import figures, one_draw
from dmm.one_latent import EPS, WEIGHTS, WORLDS
from dmm.palette import BLUE, ORANGE, SKY, VERMILLION
from dmm.ui.asking import predict
from dmm.ui.bound.guess import FRAME, KINDS, LESSON, LOC, SCALE, WORLD, parts
from dmm.ui.bound.numbers import straight_posterior
from dmm.ui.dials import dials, pick
from dmm.ui.plot import plot
from dmm.ui.questions import answer

X = FRAME.start  # the frame here
COUNT = 2000  # draws in each hill
NOISY = (LOC._replace(name="noisy_mean"), SCALE._replace(name="noisy_sd"))
WAYS = ["The score function", "The reparameterised gradient", "Both scatter alike"]


def by_score(world, x, loc, scale, eps):
    """The slope of the bound by the mean of q, from each draw, by the score function: (N,)."""
    return one_draw.gradient_score(world, x, loc, scale, eps)[0] - one_draw.kl_gradient_analytic(loc, scale)[0]


def by_sampled(world, x, loc, scale, eps):
    """The same reparameterised, with the sampled KL."""
    return one_draw.gradient_inside(world, x, loc, scale, eps)[0] - one_draw.kl_gradient_sampled(loc, scale, eps)[0]


def by_analytic(world, x, loc, scale, eps):
    """The same reparameterised, with the KL in closed form."""
    return one_draw.gradient_inside(world, x, loc, scale, eps)[0] - one_draw.kl_gradient_analytic(loc, scale)[0]


VALUES = (("sampled KL", BLUE, one_draw.bound_sampled), ("analytic KL", ORANGE, one_draw.bound_analytic))
SLOPES = (
    ("score function", VERMILLION, by_score),
    ("reparameterised, sampled KL", SKY, by_sampled),
    ("reparameterised, analytic KL", ORANGE, by_analytic),
)


@lru_cache(1)
def draws() -> np.ndarray:
    """The same ones for every q, so that only q makes a difference."""
    return np.random.default_rng(5).normal(size=COUNT)


def estimates(ways, kind: str, loc: float, scale: float) -> list:
    """Each way's draws, and its exact standard deviation."""
    setting = WORLDS[kind], X, loc, scale
    return [
        figures.Estimate(name, colour, way(*setting, draws()), float(one_draw.spread(way, *setting)))
        for name, colour, way in ways
    ]


@st.fragment
def show_noise() -> None:
    """The controls, and the hills of draws."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        kind = pick(LESSON, "noisy", "World", KINDS, WORLD)
        loc, scale = dials(LESSON, NOISY).values()
        st.markdown(f"The frame is $x = {X:g}$. The gap of this $q$: **{parts(kind, X, loc, scale).gap:.3f}** nats.")
        question = r"One draw's estimate of the slope $\partial \, \mathrm{ELBO} / \partial \mu$: which scatters more?"
        answered = predict("scatter", question, WAYS, lambda: noisier(kind, loc, scale))
    with right:
        elbo = parts(kind, X, loc, scale).elbo
        title = "one draw's estimate of the ELBO, nats"
        plot(figures.estimate_hills(estimates(VALUES, kind, loc, scale), elbo, title), "values", tools=False)
        if answered:
            slope = float(by_analytic(WORLDS[kind], X, loc, scale, EPS) @ WEIGHTS)
            title = "one draw's estimate of its slope by μ, nats per unit of μ"
            plot(figures.estimate_hills(estimates(SLOPES, kind, loc, scale), slope, title), "slopes", tools=False)
        st.caption(
            f"{COUNT:,} draws in each hill, the same for all; dotted: what they are on average. **sd**: the standard "
            "deviation of one draw, a sum over a grid, so exact. A few draws on either side lie beyond the axis."
        )


def noisier(kind: str, loc: float, scale: float) -> tuple[str, str]:
    """Which of the two gradients with the same KL scatters more, and by how much."""
    score, _, inside = (one.scale for one in estimates(SLOPES, kind, loc, scale))
    alike = abs(score - inside) < 1e-9
    words = (
        f"The standard deviations are {score:.2f} for the score function and {inside:.2f} reparameterised, both with "
        f"the analytic KL. To make them equal, the noisier one needs {max(score / inside, inside / score) ** 2:.0f} "
        "times as many draws."
    )
    return WAYS[2 if alike else 0 if score > inside else 1], words


def at_posterior() -> dict[str, float]:
    """The spreads in the straight world where q is the posterior, by the name of the way."""
    world = WORLDS["straight"]
    q = straight_posterior(X)
    return {name: float(one_draw.spread(way, world, X, *q)) for name, _, way in (*VALUES, *SLOPES)}


def show_answer() -> None:
    """What to take for which purpose."""
    spread = at_posterior()
    answer(
        "sampled-kl",
        "**Both are right on average.** The sampled KL, $\\log q(z) - \\log p(z)$ at the drawn $z$, is random as well; "
        "with the analytic KL only the reconstruction is.\n\n"
        "*For learning* take the analytic one where there is one: its gradient mostly scatters less, in the straight "
        f"world even where $q$ is the posterior (standard deviation {spread['reparameterised, analytic KL']:.2f} "
        f"against {spread['reparameterised, sampled KL']:.2f}).\n\n"
        "*For the value* of the bound it can be the other way round. If $q$ is the posterior, $\\log w = \\log p(x)$ "
        "for every $z$: what is random in the sampled KL cancels what is random in the reconstruction, and one draw "
        f"tells all. There the sampled form has a standard deviation of {abs(spread['sampled KL']):.2f}, the analytic "
        f"one of {spread['analytic KL']:.2f}.\n\n"
        "*Without a choice*: where $q$ or $p$ is no Gaussian, as when a *flow*, a learned bending, is put behind "
        "$q$, there is no closed form, and the KL is sampled.",
    )
