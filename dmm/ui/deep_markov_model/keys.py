"""The deep Markov model, third part: what a hidden state of the stored model sounds like, on a keyboard."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm import figures, music, sizes
from dmm.inspection import load_inspection
from dmm.runs import store
from dmm.ui.current import shipped_run
from dmm.ui.datasets import dataset_of
from dmm.ui.deep_markov_model.inside import emitter_flow
from dmm.ui.deep_markov_model.unrolled import LESSON
from dmm.ui.diagram import diagram
from dmm.ui.dials import Dial, dials, value
from dmm.ui.explain import formula_and_code
from dmm.ui.looking import model_of
from dmm.ui.plot import plot

SHIFT = Dial("shift", "Move it by", -6.0, 6.0, 0.0, 0.25, "Added to this one dimension of $z_t$; the others stay.")
WAIT = "The keyboard comes in a few seconds: PyTorch and the emitter's weights are being loaded."
MUCH = 0.1  # a key whose chance changes by more has moved


class Chord(NamedTuple):
    """A beat of the stored chorale: its frame, and each key's chance as it is and with one dimension of z_t moved."""

    played: np.ndarray  # (88,) 0/1
    before: np.ndarray  # (88,)
    after: np.ndarray  # (88,)

    @property
    def moved(self):
        """The keys whose chance changes by more than 0.1."""
        return np.flatnonzero(np.abs(self.after - self.before) > MUCH)


@st.cache_resource(show_spinner=False)
def stored(run_name: str):
    """The inspection that came with a run."""
    return load_inspection(store.find_run(run_name) / "inspection.npz")


def choral():
    """The stored run, its inspection, and the piece that was inspected."""
    run = shipped_run()
    return run, stored(run.name), dataset_of(store.read_run_config(run).data).test[0]


def beat_dial(inspection):
    """The beats of the piece."""
    return Dial("beat", "Beat, $t$", 1, len(inspection.z_loc), 1, 1, "A beat of the chorale, and its hidden state.")


def number_dial(inspection):
    """The dimensions of z_t; it starts at the busiest."""
    start = int(inspection.kl.mean(0).argmax()) + 1
    return Dial("number", "Which dimension of $z_t$", 1, inspection.kl.shape[1], start, 1, "The one that is moved.")


def chord(beat, number, shift) -> Chord:
    """What the emitter of the stored run makes of the hidden state at a beat; beat and number count from 1."""
    run, inspection, piece = choral()
    before, after = _chances(run, inspection.z_loc[beat - 1], number, (0.0, shift))
    return Chord(piece.roll[beat - 1], before, after)


def deaf(number, shift) -> int:
    """At how many beats no key's chance changes by more than 0.1, be a dimension moved up or down by a shift."""
    run, inspection, _ = choral()
    before, *after = _chances(run, inspection.z_loc, number, (0.0, shift, -shift))
    return int((np.abs(np.array(after) - before).max((0, 2)) <= MUCH).sum())


def _chances(run, z, number, shifts):
    """Each key's chance to sound, (N, ..., 88), with one dimension of the states (..., Z) moved by each of N shifts."""
    import torch  # here, so that what stands above is shown without it

    moved = np.stack([z] * len(shifts))
    moved[..., number - 1] += np.reshape(shifts, [-1] + [1] * (z.ndim - 1))
    with torch.no_grad():
        return model_of(run)[0].emitter.probabilities(torch.from_numpy(moved)).numpy()


def chosen() -> tuple[int, int, float]:
    """Where the three sliders stand, wherever on the page they are."""
    _, inspection, _ = choral()
    return tuple(value(LESSON, dial) for dial in (beat_dial(inspection), number_dial(inspection), SHIFT))


@st.fragment
def show_emitter() -> None:
    """The emitter layer by layer, and the keys that it lights."""
    run, inspection, piece = choral()
    config = store.read_run_config(run)
    view, knobs = st.columns([7, 3], gap="large")
    with knobs:
        controls = (beat_dial(inspection), number_dial(inspection), SHIFT)
        beat, number, shift = dials(LESSON, controls).values()
        st.caption(
            f"{piece.name}, *{piece.title}*, which the stored model did not train on. Its hidden states were "
            "guessed from the notes by a second network, of which [Structured inference](structured_inference) tells: "
            "each $z_t$ here is the mean of its guess."
        )
    with view:
        shapes, arrows = emitter_flow(config.z_dim, config.emission_dim, config.x_dim)
        total = sum(sizes.emitter(config.x_dim, config.z_dim, config.emission_dim))
        described = (
            f"The emitter: {config.z_dim} dimensions, two hidden layers of {config.emission_dim}, {config.x_dim} "
            f"logits; {total:,} weights."
        )
        diagram(shapes, arrows, described, key="emitter", row=60, fit=False)
        with st.spinner(WAIT):
            now = chord(beat, number, shift)
        plot(figures.keyboard(now.after, now.played), "keyboard", tools=False)
        st.markdown(in_words(now, number, shift))
    with st.expander("The emitter: formula and code"):
        formula_and_code("model.Emitter")


def in_words(now: Chord, number, shift) -> str:
    """The keyboard in a sentence or two."""
    bach = ", ".join(name(key) for key in np.flatnonzero(now.played)) or "silence"
    words = f"The dots are Bach's keys: {bach}. The emitter expects {now.after.sum():.2f} keys to sound."
    if not shift:
        return f"{words} Now move one dimension of $z_t$."
    if not len(now.moved):
        return f"{words} Moving dimension {number} by {shift:g} changes **no** key's chance by more than {MUCH:g}."
    most = np.abs(now.after - now.before).argmax()
    count = f"{len(now.moved)} {'key' if len(now.moved) == 1 else 'keys'}"
    return (
        f"{words} Moving dimension {number} by {shift:g} changes the chance of **{count}** by more than {MUCH:g}: most "
        f"of all {name(most)}, from {now.before[most]:.2f} to {now.after[most]:.2f}."
    )


def name(key) -> str:
    """Of a key, counted from 0 at A0."""
    return music.note_name(int(key) + music.LOWEST_KEY)
