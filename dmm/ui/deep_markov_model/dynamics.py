"""The deep Markov model, second part: what many steps make of one start, with a matrix, a network, a gate."""

from functools import lru_cache

import numpy as np
import streamlit as st

from dmm import figures, marginals
from dmm.ui.asking import predict
from dmm.ui.deep_markov_model.unrolled import LESSON
from dmm.ui.dials import Dial, dials, value
from dmm.ui.plot import plot

FRAMES, PATHS = 12, 12
START = Dial("z_1", "Start, $z_1$", -4.0, 4.0, 0.0, 0.1, "Where all paths begin, and where the orange bell stands.")
NOISE = Dial("sigma", r"Noise, $\sigma$", 0.2, 1.2, 0.6, 0.05, "The standard deviation of each step, in all three.")
TIME = Dial("t", "Time, $t$", 2, FRAMES, 8, 1, "The time whose density is drawn at the right of each figure.")
DIALS = (START, NOISE, TIME)
NAMES = {"linear": "Linear", "mlp": "MLP", "gated": "Gated"}
FORMULAS = {
    "linear": rf"\mu = {marginals.A:g} \, z",
    "mlp": r"\mu = \operatorname{MLP}(z)",
    "gated": r"\mu = (1 - g) \, z + g \operatorname{MLP}(z)",
}
ONE_HUMP = "One hump in all three: bell upon bell gives a bell"
SOME = "One for the linear step, more for the two networks"
MORE = "More than one in all three"
CHOICES = (ONE_HUMP, SOME, MORE)
LEGEND = (
    f"Shades: the exact density, scaled so that its peak is equally dark at each $t$. Grey: {PATHS} paths, drawn with "
    "the same noise in all three. Orange: the density at the chosen $t$; dotted, the bell of the same mean and width. "
    f"A hump is a peak of more than {100 * marginals.LOW:g}\u00a0% of the highest. "
    "The weights of the MLP and of the gate are set by hand to make the point; they are not trained."
)
SO = (
    "So $p(z_t \\mid z_{t-1})$ is a bell by construction, but $p(z_t \\mid z_1)$, over all the ways that lead there, "
    "need not be. This is how a model of modest parts can be rich: where a phrase may end in two ways, there may be "
    "two humps. The same in formulas, for the start and the noise above:"
)


@lru_cache(64)
def spread(kind, scale, z_1):
    """p(z_t | z_1) of one kind of step, t = 2..12: (11, G)."""
    return marginals.densities(marginals.STEPS[kind](scale), z_1, FRAMES)


@lru_cache(64)
def draw_step(kind, scale, z_1):
    """The figure of one step."""
    return figures.one_step(marginals.STEPS[kind](scale), NAMES[kind], z_1)


@lru_cache(64)
def draw_spread(kind, scale, z_1, t):
    """The figure of many steps; all kinds and settings share the same noise."""
    noise = np.random.default_rng(0).standard_normal((PATHS, FRAMES - 1))
    density = spread(kind, scale, z_1)
    normal = marginals.bell(marginals.GRID, *marginals.moments(density[t - 2]))
    paths = marginals.draw_paths(marginals.STEPS[kind](scale), z_1, noise)
    return figures.spreading(marginals.GRID, density, paths, NAMES[kind], t, normal)


@st.fragment
def show_dynamics(then) -> None:
    """Three kinds of step; the question; and what many steps make of one start.

    Args:
        then: shows what follows, once the question is answered.
    """
    above = st.columns(3, gap="medium")
    answered = ask()
    z_1, scale, t = choose() if answered else [value(LESSON, dial) for dial in DIALS]
    for column, kind in zip(above, NAMES, strict=True):
        with column:
            st.markdown(f"**{NAMES[kind]}**: ${FORMULAS[kind]}$")
            plot(draw_step(kind, scale, z_1), f"step {kind}", tools=False)
    if not answered:
        return
    for column, kind in zip(st.columns(3, gap="medium"), NAMES, strict=True):
        with column:
            plot(draw_spread(kind, scale, z_1, t), f"spread {kind}", tools=False)
            st.caption(in_words(kind, scale, z_1, t))
    st.caption(LEGEND)
    st.markdown(SO)
    then()


def ask() -> bool:
    """The question about the three, as they start."""
    now = [dial.start for dial in DIALS]
    question = (
        f"All paths start at $z_1 = {now[0]:g}$, and each step is a bell with $\\sigma = {now[1]:g}$. "
        f"How many humps has the density of $z_{{{now[2]}}}$? (Peaks above {100 * marginals.LOW:g}\u00a0% of the "
        "highest count.)"
    )
    return predict("humps", question, CHOICES, lambda: right(*now))


def choose():
    """The three sliders side by side."""
    values = {}
    for column, dial in zip(st.columns(3, gap="medium"), DIALS, strict=True):
        with column:
            values |= dials(LESSON, [dial])
    return values["z_1"], values["sigma"], values["t"]


def right(z_1, scale, t):
    """The right answer for one start, and why."""
    count = {kind: marginals.humps(spread(kind, scale, z_1)[t - 2]) for kind in NAMES}
    bent = min(count["mlp"], count["gated"]) > 1
    answer = ONE_HUMP if max(count.values()) == 1 else MORE if min(count.values()) > 1 else SOME
    words = ", ".join(f"{NAMES[kind]} {number}" for kind, number in count.items())
    because = f"Humps: {words}. Each step is a bell *given the state before*; but the states before differ, and "
    if not bent:
        return answer, because + "the bells that follow from them lie close together."
    return answer, because + (
        "where the mean bends, the bells that follow from them drift apart. The network drives all paths to its two "
        "flat sides; where the gate is shut, some linger in the middle."
    )


def in_words(kind, scale, z_1, t):
    """The density at one time in numbers."""
    density = spread(kind, scale, z_1)[t - 2]
    mean, width = marginals.moments(density)
    humps, away = marginals.humps(density), marginals.away_from_bell(density)
    mean += 0.0 if abs(mean) > 0.005 else -mean  # no "-0.00"
    return (
        f"$z_{{{t}}}$: mean {mean:.2f}, standard deviation {width:.2f}, "
        f"{humps} {'hump' if humps == 1 else 'humps'}; {100 * away:.1f}\u00a0% of the probability would have to be "
        "moved to make it the dotted bell."
    )
