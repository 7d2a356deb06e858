"""The gate, second part: three lanes from one state of a chorale to the next, with their numbers."""

import numpy as np
import streamlit as st

from dmm import reading
from dmm.gated import Lanes
from dmm.runs import store
from dmm.ui.current import shipped_run
from dmm.ui.diagram import diagram
from dmm.ui.dials import Dial, dials
from dmm.ui.explain import coloured, formula_and_code
from dmm.ui.gate.flow import flow, in_words
from dmm.ui.gate.trained import COLOURS, LESSON, choose_held, chorale, mixture, states
from dmm.ui.looking import model_of


def state_dials() -> tuple[Dial, Dial]:
    """Which beat of the chorale, and which dimension of its states."""
    T, Z = states().shape
    return (
        Dial("t", "Beat $t$", 1, T, 20, 1, "The step that is taken apart: from $z_{t-1}$ to $z_t$."),
        Dial("i", "Dimension $i$", 1, Z, 12, 1, "The one that is shown; the lanes compute all at once."),
    )


def before(t: int) -> np.ndarray:
    """The state before beat t of the chorale, (Z,): the mean of the guess, or for the first beat z_0."""
    if t > 1:
        return states()[t - 2]
    return model_of(shipped_run())[0].start.numpy().astype(float)


def lanes_of(z_prev: np.ndarray, held: float | None = None) -> Lanes:
    """What the run's own `GatedTransition` makes of a state (Z,), lane by lane; its gate as it is, or held."""
    import torch

    transition = model_of(shipped_run())[0].transition
    z = torch.from_numpy(z_prev.astype(np.float32))
    loc, scale = transition(z)
    linear, h, g, loc, scale = (
        part.numpy().astype(float)
        for part in (transition.linear(z), transition.proposal(z), transition.openness(z), loc, scale)
    )
    if held is None:
        return Lanes(linear, h, g, loc, scale)
    return Lanes(linear, h, np.full_like(g, held), (1 - held) * linear + held * h, scale)


@st.fragment
def show_lanes() -> None:
    """The flow with the numbers of a beat and a dimension, the formula and the code."""
    beat, dimension, clamp = st.columns(3, gap="large")
    first, second = state_dials()
    with beat:
        t = dials(LESSON, [first])["t"]
    with dimension:
        i = dials(LESSON, [second])["i"] - 1
    with clamp:
        held = choose_held("hold", "g")
    z_prev = before(t)
    now = lanes_of(z_prev, held)
    shapes, arrows = flow(z_prev, now, i, t, store.read_run_config(shipped_run()).transition_dim, held)
    diagram(shapes, arrows, in_words(z_prev, now, i, t), key="lanes", row=70)
    formula, words = st.columns([5, 4], gap="medium", vertical_alignment="center")
    with formula:
        st.latex(coloured(reading.formula("model.GatedTransition"), COLOURS))
    with words:
        st.latex(mixture(now.g[i], now.linear[i], now.h[i], now.loc[i]))
        st.markdown(_where_it_went(now, i, t))
    with st.expander("Formula and code of the gated transition"):
        formula_and_code("model.GatedTransition", colours=COLOURS)


def _where_it_went(now, i, t):
    """Whose numbers these are, and what the chorale did."""
    run, piece, z = shipped_run().name, chorale(), states()[t - 1, i]
    far = (z - now.loc[i]) / now.scale[i]
    guess = "what another network, which guesses states from notes ([later](structured_inference)), makes of"
    start = f"{guess} beat {t - 1} of {piece.name}, a chorale held out for the test"
    first = f"the learned start, before the first beat of {piece.name}, a chorale held out for the test"
    return (
        f"Live from the transition of run {run}. $z_{{{t - 1}}}$ is {start if t > 1 else first}. For beat {t} it "
        f"guesses **{z:.2f}** in dimension {i + 1}, {abs(far):.1f} standard deviations "
        f"{'above' if far > 0 else 'below'} this mean."
    )
