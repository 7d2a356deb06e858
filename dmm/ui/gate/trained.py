"""The gate, first part: the run that is looked into, and the lanes of one dimension as curves."""

from functools import lru_cache, partial

import numpy as np
import streamlit as st

from dmm import figures, gated
from dmm.conventions import ACTIVE
from dmm.palette import GATE, GREEN, LATENT, VERMILLION
from dmm.runs import store
from dmm.ui.current import shipped_run
from dmm.ui.datasets import dataset_of
from dmm.ui.dials import Dial, dials, switch
from dmm.ui.looking import model_of, stored_of, version_of
from dmm.ui.plot import plot
from dmm.ui.theme import legible

LESSON = "gate"
LINEAR, PROPOSAL, MEAN = GREEN, VERMILLION, LATENT
COLOURS = {  # of the terms of the formula, as the lanes
    r"(W z_{t-1} + b)": LINEAR,
    r"h_t": PROPOSAL,
    r"g_t": GATE,
    r"\mu_t": MEAN,
    r"\sigma_t": MEAN,
}
ONE = 28  # the seed of the example in one dimension, as on the page about state-space models
HERE = Dial("here", "The state now, $z_{t-1}$", -7.0, 7.0, 4.4, 0.1, "Where the state is before the step.")
HOLD = "Off: the gate $g$ does what its network says. On: it stays where the slider puts it, for every state."


def held_dial(name: str, start: float = 0.0) -> Dial:
    """How far open a gate is held."""
    words = "How far open the gate is held: 0 follows the linear lane, 1 the proposal; between them it mixes the two."
    return Dial(name, "Held at $g$", 0.0, 1.0, start, 0.05, words)


def choose_held(switch_name: str, dial_name: str) -> float | None:
    """Whether a gate is held and where: None for as it has learned; the slider shows only while it counts."""
    if not switch(LESSON, switch_name, "Hold the gate", HOLD):
        return None
    return dials(LESSON, [held_dial(dial_name)])[dial_name]


@st.fragment
def show_mix() -> None:
    """One dimension: the straight line, the proposed curve, and what the gate makes of the two."""
    words, picture = st.columns([2, 3], gap="large")
    with words:
        st.markdown(
            "An example with one dimension, its weights drawn at random. The :green[linear lane] is a straight line, "
            "$W z + b$ with $W = 1$ and $b = 0$ as at the start of training: stay where you are. The :red[proposal] "
            "$h$ comes from a network and may bend. The :violet[gate] $g$, from a second network, says for each state "
            "how much of either counts. Where it is shut, the :blue[mean] lies on the line; where it is open, on the "
            "proposal."
        )
        here = dials(LESSON, [HERE])["here"]
        held = choose_held("hold1", "g1")
        now = gated.lanes(gated.in_one_dimension(ONE), np.array([here]), held)
        st.latex(mixture(*(part.item() for part in (now.g, now.linear, now.h, now.loc))))
    with picture:
        plot(draw_map(held, here), "mix", tools=False)


@lru_cache(256)
def draw_map(held, here):
    """The figure of the lanes in one dimension."""
    return figures.gated_map(partial(gated.lanes, gated.in_one_dimension(ONE), held=held), here)


def mixture(g: float, linear: float, h: float, loc: float) -> str:
    """One mean in numbers, each in the colour of its lane: LaTeX."""
    gate, mean = tinted(g, GATE), tinted(loc, MEAN, "")
    first, second = rf"(1 - {gate}) \cdot {tinted(linear, LINEAR)}", rf"{gate} \cdot {tinted(h, PROPOSAL)}"
    return rf"\begin{{aligned}} {mean} &= {first} \\ &+ {second} \end{{aligned}}"  # two lines, for a phone


def tinted(value: float, colour: str, brackets: str = "()") -> str:
    """A number in a colour, in brackets if it is negative: LaTeX."""
    number = f"{value:.3f}" if value >= 0 or not brackets else f"({value:.3f})"
    return rf"\textcolor{{{legible(colour)}}}{{{number}}}"


# --- the run that is looked into -------------------------------------------------------------------------------------


def stored():
    """The inspection of a chorale through the run that came with the app, and the history of its training."""
    return stored_of(shipped_run())


def chorale():
    """The piece of that inspection."""
    return dataset_of(store.read_run_config(shipped_run()).data).test[0]


def active() -> np.ndarray:
    """Which dimensions the music uses: (Z,)."""
    return stored()[0].kl.mean(0) > ACTIVE


def states() -> np.ndarray:
    """The latents of the chorale, means over draws of the guess: (T, Z)."""
    return stored()[0].z_loc.astype(float)


def weights() -> gated.Gated:
    """The numbers of the run's gated transition."""
    run = shipped_run()
    return _weights(run.name, version_of(run))


@lru_cache(4)
def _weights(name, version):
    return gated.of_module(model_of(shipped_run())[0].transition)
