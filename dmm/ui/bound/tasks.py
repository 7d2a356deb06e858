"""The tasks at the end of the page, and the code of it all."""

import numpy as np
import streamlit as st

from dmm import one_draw, one_latent
from dmm.one_latent import WORLDS
from dmm.ui import tasks
from dmm.ui.bound.guess import LESSON, now, parts
from dmm.ui.bound.noise import NOISY, VALUES, X
from dmm.ui.dials import pick, picked, value
from dmm.ui.explain import formula_and_code

CLOSE = 0.01  # nats
FAR = 2.5  # a frame that leaves two peaks
CODE = {  # a part's name: the code
    "log p(x) in parts": "one_latent.parts",
    "Mean over q": "one_latent.expect",
    "Analytic KL": "elbo.kl_normal",
    "Sampled KL": "elbo.kl_sampled",
    "Gradient": "one_draw.gradient_inside",
    "Score function": "one_draw.gradient_score",
}


@st.fragment
def show_tasks() -> None:
    """Three tasks, all about the figures above."""
    tasks.heading(LESSON)
    tasks.reach(
        LESSON,
        "tight",
        f"In the first figure: in the straight world, find a $q$ that leaves a gap of less than {CLOSE:g} nats.",
        is_tight,
        "Here the posterior is a Gaussian, and $q$ has become it: the bound is $\\log p(x)$.",
        "The posterior is the filled curve. First move $\\mu$ under its peak, then make $q$ as wide as it is.",
    )
    tasks.number(
        LESSON,
        "peaks",
        f"In the first figure: in the folded world at $x = {FAR:g}$, how small can you make the gap, in nats? Two "
        "digits.",
        smallest,
        "The best Gaussian sits on one of two equal peaks. It holds half of the posterior and misses the other half, "
        f"which costs about $\\log 2 = {np.log(2):.2f}$.",
        "A wide $q$ over both peaks also covers the valley between them, where the posterior is nearly 0: try one of "
        "them.",
        within=0.02,
    )
    tasks.reach(
        LESSON,
        "noise",
        "In the figure with the hills: in the curved world, find a $q$ for which the bound with the sampled KL "
        "scatters less than half as much as the one with the analytic KL.",
        is_quiet,
        "No Gaussian is the posterior here. But near it $w = p(x, z) / q(z)$ is nearly the same for all $z$, and the "
        "randomness of reconstruction and KL nearly cancels.",
        "In the straight world the sampled form falls silent where $q$ is the posterior. Here, bring $q$ as near to it "
        "as you can: the gap below the sliders tells how near.",
    )


def is_tight() -> tuple[bool, str]:
    """Whether the first figure is in the straight world, with a small gap."""
    kind, x, loc, scale = now()
    gap = parts(kind, x, loc, scale).gap
    return kind == "straight" and gap < CLOSE, f"The world is {kind}, the gap {gap:.3f} nats."


def smallest() -> float:
    """The gap of the best Gaussian in the folded world."""
    world = WORLDS["folded"]
    return one_latent.parts(world, FAR, *one_latent.best(world, FAR)[0]).gap


def is_quiet() -> tuple[bool, str]:
    """Whether the figure with the hills is in the curved world, and the sampled form quiet."""
    kind = picked(LESSON, "noisy", next(iter(WORLDS)))
    loc, scale = (value(LESSON, dial) for dial in NOISY)
    sampled, analytic = (float(one_draw.spread(way, WORLDS[kind], X, loc, scale)) for *_, way in VALUES)
    now = f"The world is {kind}; the standard deviations are {sampled:.2f} sampled, {analytic:.2f} analytic."
    return kind == "curved" and sampled < analytic / 2, now


def show_code() -> None:
    """Formula and code of each part; drawn only while it is open."""
    section = st.expander("The formulas, and the code that computes them", key="bound code", on_change="rerun")
    if section.open:
        with section:
            _code()


@st.fragment
def _code():
    help = "The first two are this page's, in NumPy; the two KLs are those of the deep Markov model, in PyTorch."
    part = pick(LESSON, "code", "Which part?", {name: name for name in CODE}, help)
    formula_and_code(CODE[part])
