"""Learning the guess: steps of stochastic gradient ascent on the bound, watched from above and from the side."""

from functools import lru_cache

import numpy as np
import streamlit as st

from dmm import figures, one_draw, one_latent
from dmm.one_latent import WORLDS
from dmm.ui.bound.guess import FRAME, KINDS, LESSON, LIKELIHOOD, WORLD, curves
from dmm.ui.dials import Dial, dials, pick
from dmm.ui.explain import formula_and_code
from dmm.ui.plot import plot

X = FRAME.start  # the frame from which is learned here
WIDE = 1.0  # the standard deviation of q at the start: that of the prior
MOST = 400  # steps
START = Dial("start", r"Start: mean $\mu$ of $q$", -2.0, 2.0, -1.5, 0.25, "Where $q$ begins; its width begins at 1.")
RATE = Dial("rate", r"Learning rate $\eta$", 0.005, 0.05, 0.02, 0.005, "How far one step follows the gradient.")
COUNT = Dial("draws", "Draws per step", 1, 32, 1, 1, "Over how many draws of $z$ each step averages its gradient.")
AXES = np.linspace(-2.5, 2.5, 61), np.geomspace(0.08, 2.0, 41)
BUTTONS = (  # label, icon, what it does, help
    ("One step", ":material/step:", 1, "One step of gradient ascent, from new draws."),
    ("Twenty steps", ":material/fast_forward:", 20, "Twenty steps, each from new draws."),
)


@lru_cache(16)
def landscape(kind: str):
    """The gap over mean and standard deviation of q, (S, M), and the best guesses."""
    world, (locs, scales) = WORLDS[kind], AXES
    gap = one_latent.log_evidence(world, X) - one_latent.elbo(world, X, locs, scales[:, None], one_latent.SEEK)
    return gap, one_latent.best(world, X)


@st.fragment
def show_learning() -> None:
    """The controls, the landscape with the way of q, the curves, and the bound step by step."""
    left, right = st.columns([2, 5], gap="large")
    with left:
        kind = pick(LESSON, "learn", "World", KINDS, WORLD)
        start, rate, count = dials(LESSON, [START, RATE, COUNT]).values()
        walk = begun(kind, start)
        buttons(walk, kind, rate, count)
    gap, best = landscape(kind)
    log_p_x, way = one_latent.log_evidence(WORLDS[kind], X), np.array(walk["way"])
    elbo = one_latent.elbo(WORLDS[kind], X, *way.T)
    ceiling = float(one_latent.elbo(WORLDS[kind], X, *best[0]))
    with left:
        st.markdown(in_words(way, log_p_x - elbo[-1], log_p_x - ceiling))
    with right:
        above, beside = st.columns(2, gap="medium")
        with above:
            plot(figures.guess_walk(*AXES, gap, way, best), "walk", tools=False)
        with beside:
            plot(figures.belief_curves(curves(kind, X, *walk["way"][-1]), X), "beliefs", tools=False)
            st.caption(LIKELIHOOD)
            plot(figures.bound_by_step(elbo, log_p_x, ceiling), "steps", tools=False)


def begun(kind: str, start: float) -> dict:
    """The way of q so far; a new one where the world or the start has changed."""
    walk = st.session_state.setdefault("bound walk", {"seed": 0})
    if walk.get("of") != (kind, start):
        walk |= {"of": (kind, start), "way": [(start, WIDE)]}
    return walk


def buttons(walk: dict, kind: str, rate: float, count: int) -> None:
    """What moves q."""
    left = MOST - len(walk["way"]) + 1
    with st.container(horizontal=True):
        for label, icon, steps, help in BUTTONS:
            how = {"on_click": go, "args": (walk, kind, rate, count, min(steps, left)), "help": help, "icon": icon}
            st.button(label, key=f"bound {label}", disabled=left < 1, **how)
        how = {"on_click": back, "key": "bound back", "icon": ":material/replay:"}
        st.button("Back", args=(walk, 0), help="Back to the start; the same draws come again.", **how)
        how = {"on_click": back, "key": "bound other", "icon": ":material/casino:"}
        st.button("Other draws", args=(walk, 1), help="Back to the start, and other random numbers.", **how)


def go(walk: dict, kind: str, rate: float, count: int, steps: int) -> None:
    """Some steps; each has its own draws, the same whenever it is taken."""
    for _ in range(steps):
        eps = np.random.default_rng([walk["seed"], len(walk["way"])]).normal(size=count)
        walk["way"].append(one_draw.ascend(WORLDS[kind], X, *walk["way"][-1], eps, rate))


def back(walk: dict, other: int) -> None:
    """To the start, with the same random numbers or with others."""
    walk["seed"] += other
    del walk["way"][1:]


def in_words(way, gap: float, least: float) -> str:
    """Where q is now."""
    loc, scale = way[-1]
    return (
        f"The frame is $x = {X:g}$. After **{len(way) - 1}** steps $q$ is $N({loc:.2f}, {scale:.2f}^2)$, and the gap "
        f"is **{gap:.3f}** nats. The best Gaussian leaves {least:.3f}."
    )


def show_step() -> None:
    """The rule of a step beside its code."""
    with st.expander("One step: formula and code"):
        formula_and_code("one_draw.ascend")
