"""The deep Markov model, fourth part: music from the model alone, its chances beside its draws, and why it is rough."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm import coins
from dmm.inspection import draw_piece
from dmm.runs.samples import read_samples
from dmm.ui.current import shipped_run
from dmm.ui.deep_markov_model.keys import choral
from dmm.ui.deep_markov_model.unrolled import LESSON
from dmm.ui.dials import Dial, dials, pick, put, turn
from dmm.ui.looking import model_of, version_of
from dmm.ui.questions import answer
from dmm.ui.roll_view import roll_view

BEATS = 64
COINS = 1000  # added to a seed for the second toss, which no other seed then has
SEED = Dial("seed", "Random numbers", 0, 99, 0, 1, "The seed of the draw: the same one gives the same piece again.")
VIEWS = {
    "stored": "Stored",
    "draw": "Drawn",
    "again": "Coins again",
    "chances": "Chances",
}
VIEW = (
    "A piece that was stored with the run; one drawn now; the hidden states of that one with the keys drawn once more; "
    "and how likely each of its keys is (played are the keys that are likelier than not)."
)
ANOTHER = "Draws another piece from the model: new random numbers for states and keys."


class Roughness(NamedTuple):
    """What independent coins do to one drawn piece, per beat."""

    keys: float  # expected to sound
    entropy: float  # of the emission, nats
    differ: float  # keys in which two draws from the same chances differ
    expected: float  # the same, as the chances say
    fewest: int  # keys in a beat of the draw
    most: int
    likely: float  # keys likelier than not


@st.cache_data(show_spinner=False)
def _stored(run_name):
    from dmm.runs import store

    return read_samples(store.find_run(run_name))[0][-1]


@st.cache_data(show_spinner="Drawing from the model…", max_entries=100)
def _draw(run_name: str, version: float, seed: int):
    from dmm.runs import store

    return draw_piece(model_of(store.find_run(run_name))[0], BEATS, seed)


def drawn(seed):
    """A piece from the stored run's model alone, and its keys drawn once more from the same chances, (T, 88)."""
    run = shipped_run()
    piece = _draw(run.name, version_of(run), seed)
    return piece, coins.toss(piece.probabilities, COINS + seed)


def roughness(piece, again) -> Roughness:
    """The numbers of a piece and its second toss."""
    p, count = piece.probabilities, piece.roll.sum(1)
    return Roughness(
        keys=float(p.sum(1).mean()),
        entropy=float(coins.entropy(p).mean()),
        differ=float((piece.roll != again).sum(1).mean()),
        expected=float(coins.differing(p).mean()),
        fewest=int(count.min()),
        most=int(count.max()),
        likely=float((p > 0.5).sum(1).mean()),
    )


@st.fragment
def show_music() -> None:
    """A stored piece, or one drawn now in three views; and the answer to why it sounds rough."""
    left, middle, right = st.columns([2, 5, 3], gap="medium", vertical_alignment="bottom")
    left.button("Draw", icon=":material/casino:", on_click=_another, help=ANOTHER, type="primary", width="stretch")
    with middle:
        view = pick(LESSON, "view", "Show", VIEWS, VIEW)
    with right:
        seed = dials(LESSON, [SEED])["seed"]
    show_view(view, seed)
    answer("rough-samples", why_rough(*drawn(seed)))


def _another():
    turn(LESSON, SEED)
    put(LESSON, "view", "draw")


def show_view(view, seed) -> None:
    """One of the four views."""
    if view == "stored":
        piece = _stored(shipped_run().name)
        shown, title = piece.roll, f"Drawn by the model after {piece.step:,} updates, and stored"
    else:
        piece, again = drawn(seed)
        shown, title = {
            "draw": (piece.roll, f"A draw from the model, random numbers {seed}"),
            "again": (again, "The same hidden states, the keys drawn once more"),
            "chances": (piece.probabilities, "How likely each key is"),
        }[view]
    roll_view(
        key="music",
        roll=shown,
        latents=piece.z,
        gates=piece.gates,
        title=title,
        description=f"{len(shown)} beats from the model alone, no chorale goes in: roll, hidden states and gates.",
        height=400,
    )


def why_rough(piece, again) -> str:
    """Why samples sound rough, with the numbers of a piece."""
    rough = roughness(piece, again)
    _, _, chorale = choral()
    voices = chorale.roll.sum(1)
    return (
        "Given $z_t$ the keys are **independent coins**. The state may say *a chord of G or of E minor*, but each "
        "key's coin is tossed by itself, so a beat may get notes of both, or too few. In the piece that these random "
        f"numbers draw, the coins of a beat carry {rough.entropy:.2f} nats of entropy, their uncertainty (88 fair "
        f"coins would have {coins.entropy(np.full(88, 0.5)):.2f}). Toss them again, from the *same* hidden states, and "
        f"**{rough.expected:.2f} keys a beat** come out otherwise on average (here {rough.differ:.2f} did), while "
        f"{rough.keys:.2f} are expected to sound. A beat of the draw has {rough.fewest} to {rough.most} keys; one of "
        f"{chorale.name} has {voices.min()} to {voices.max()}.\n\n**The chances are not a piece.** They look smooth "
        "because they are a mean over all that might have sounded. Play only the keys that are likelier than not, and "
        f"{rough.likely:.2f} a beat are left: an undecided chord falls silent. A reconstruction on other pages shows "
        "chances too; do not compare it with a draw. What helps is an emission in which keys depend on each other, or "
        "a $z_t$ that decides more."
    )
