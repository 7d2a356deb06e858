"""What a visitor does to the hidden state of a piece, and what comes of it."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm.inspection import FIRST_BEATS
from dmm.interventions import Act
from dmm.runs import store
from dmm.ui.dials import Dial, dials, listing, pick
from dmm.ui.listen import drawn
from dmm.ui.listen.lesson import LESSON
from dmm.ui.looking import called, model_of, version_of

BEATS, PAIRS = FIRST_BEATS, 32
LAST = "last act"
KINDS = {"hold": "Hold", "drag": "Drag", "draw": "Draw", "swap": "Swap two", "gate": "Clamp the gate"}
KIND = (
    "Hold a dimension at one value; drag its path up or down; draw its path by hand; let two dimensions change places; "
    "or clamp its gate open or shut."
)
DRAW = "Press **Draw z** below and draw over the latents: the thick line is the dimension that is acted on."
SEED = Dial("act_seed", "Random numbers", 0, 999, 0, 1, "The seed: of the piece, or of the draw that explains it.")
VALUE = Dial(
    "act_by",
    "By standard deviations",
    -4.0,
    4.0,
    2.0,
    0.25,
    "Of this dimension over the piece as it is. Hold: counted from its mean there. Drag: from its path there.",
)
ORDER = (
    "Ordered by how much is heard of them directly: how many keys of a beat the emitter changes when a dimension is "
    "dragged by a standard deviation. What it moves through the transition, in later beats, is not in this number."
)
GATES = {"open": "Open: as the network proposes", "shut": "Shut: by the linear rule"}
NO_GATE = "This run's transition has no gate to clamp: choose a run that is gated, or another act."
NO_OTHER = "This run's hidden state has one dimension, so there is none to swap it with: choose another act or run."
WHOSE = {"one": "Of this dimension", "all": "Of all dimensions"}


class Origin(NamedTuple):
    """A piece to act on: of which run and weights, its name ("" if made up), its roll, the seed, and its title."""

    run_name: str
    version: float
    piece_name: str
    roll: np.ndarray | None
    seed: int
    title: str

    @property
    def beats(self) -> int:
        """How long it is."""
        return BEATS if self.roll is None else len(self.roll)


def choose_seed() -> int:
    """Which random numbers."""
    return dials(LESSON, [SEED])["act_seed"]


def origin_of(run, piece, seed: int) -> Origin:
    """A made-up piece if there is none."""
    if piece is None:
        return Origin(run.name, version_of(run), "", None, seed, f"Made up by the model, random numbers {seed}")
    return Origin(run.name, version_of(run), piece.name, piece.roll, seed, called(piece))


def choose_act(run, origin: Origin) -> Act | None:
    """What is done, where and when; None if this run does not have what it asks for, as `why_not` says."""
    kind = pick(LESSON, "act", "The act", KINDS, KIND)
    if why_not(run, kind):
        return None
    if kind == "draw":
        dimension = _choose_dimension("act_dim", "Dimension", origin)
        st.markdown(DRAW)
        start, end, path = drawn.path(origin.beats)
        return Act(kind, dimension, start, end, path=path)
    first, second, third, fourth = st.columns(4, gap="medium")
    with first:
        dimension = _choose_dimension("act_dim", "Dimension", origin)
    with second:
        value, other, whole = _choose_how(kind, origin, dimension)
    with third:
        start = dials(LESSON, [Dial("act_from", "From beat", 1, 512, 17, 1, "The first beat that is acted on.")])
    with fourth:
        length = dials(LESSON, [Dial("act_for", "For beats", 1, 64, 16, 1, "Then the model goes on by itself.")])
    begin = min(start["act_from"], origin.beats) - 1
    end = min(begin + length["act_for"], origin.beats)
    if start["act_from"] > origin.beats:
        st.caption(f"The piece has {origin.beats} beats, so the act is on its last one.")
    return Act(kind, None if whole else dimension, begin, end, value, other)


def why_not(run, kind) -> str:
    """Why this run's state cannot be acted on so; "" if it can."""
    config = store.read_run_config(run)
    if kind == "gate" and config.transition != "gated":
        return NO_GATE
    return NO_OTHER if kind == "swap" and config.z_dim < 2 else ""


def _choose_how(kind, origin, dimension):
    """The value, the other dimension, and whether it is about all dimensions."""
    if kind == "swap":
        other = _choose_dimension("act_other", "With dimension", origin, without=dimension)
        return 0.0, other, False
    if kind == "gate":
        gate = pick(LESSON, "act_gate", "The gate", GATES, "What is put in the place of the gate.", start="shut")
        whose = pick(LESSON, "act_whose", "Whose", WHOSE, "One gate, or all of them.", start="all")
        return float(gate == "open"), None, whose == "all"
    return dials(LESSON, [VALUE])["act_by"], None, False


def _choose_dimension(name, label, origin, without=None):
    """A dimension, from 0, the most audible ones first."""
    heard = _audible(origin[:3], origin.roll, origin.seed)
    order = [i for i in np.argsort(-heard, kind="stable") if i != without]
    names = {f"{i + 1}": f"{i + 1}: {heard[i]:.2f} keys" for i in order}
    return int(listing(LESSON, name, label, names, ORDER, "one of its dimensions")) - 1


def twins(origin: Origin, act: Act):
    """`counterfactual.Twins` and `counterfactual.Spread`."""
    st.session_state[LAST] = origin, act
    return _twins(origin[:3], origin.roll, origin.seed, act)


def last():
    """The act that was done last in this visit, and its twins; None if there was none."""
    if LAST not in st.session_state:
        return None
    origin, act = st.session_state[LAST]
    return act, twins(origin, act)[0]


@st.cache_data(show_spinner="Rolling the model forward…", max_entries=200)
def _twins(where, _roll, seed, act):
    from dmm import counterfactual

    dmm, chance = _chance(where, _roll, seed, 1)
    found = counterfactual.twins(dmm, chance, act)
    dmm, many = _chance(where, _roll, seed, PAIRS)
    return found, counterfactual.spread(dmm, many, act, seed)


@st.cache_data(show_spinner="Looking at what is heard of each dimension…", max_entries=200)
def _audible(where, _roll, seed):
    from dmm import counterfactual

    return counterfactual.audible(*_chance(where, _roll, seed, 1))


def _chance(where, roll, seed, pieces):
    """The model and the random numbers of so many pieces, or of as many explanations of one."""
    from dmm import counterfactual

    dmm, _ = model_of(store.find_run(where[0]))
    if roll is None:
        return dmm, counterfactual.made_up(dmm, BEATS, seed, pieces)
    return dmm, counterfactual.explained(dmm, roll, seed, pieces)
