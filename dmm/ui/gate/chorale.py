"""The gates of the trained model under a chorale, as they were at moments of its training."""

from functools import lru_cache

import numpy as np
import streamlit as st

from dmm import figures
from dmm.ui.current import shipped_run
from dmm.ui.dials import stops
from dmm.ui.gate.trained import LESSON, active, chorale, states, stored
from dmm.ui.plot import plot
from dmm.ui.roll_view import roll_view

STORED = "How long the model had trained: from the first stored moment, after {} epoch, to the last, after {}."


@st.fragment
def show_chorale() -> None:
    """The gates under the notes of a chorale, at a moment of training."""
    history, used = stored()[1], active()
    epochs, piece = history.epochs, chorale()
    picture, words = st.columns([3, 2], gap="large")
    with words:
        moment = choose_moment(epochs.tolist())
        stop = history.moment(moment)
        means = gates_over_training()
        now = means[moment]
        st.markdown(
            f"After **{_epochs(epochs[moment])}**: gates open {now.mean():.2f} on average; {now[used].mean():.2f} in "
            f"the dimensions that the music uses in the end, {now[~used].mean():.2f} in the others."
        )
        plot(figures.gate_history(epochs, means, used, moment), "history", tools=False)
    with picture:
        roll_view(
            key="gates",
            roll=piece.roll,
            voices=piece.voices,
            onsets=piece.onsets,
            gates=stop.inspection.gates,
            title=f"{piece.name}, {piece.title}, after {_epochs(epochs[moment])}",
            description=f"A chorale as a piano roll, and {states().shape[1]} gates under it.",
        )
        st.caption(f"Stored with run {shipped_run().name} as it trained, one byte a number. Each row is a dimension.")


def choose_moment(epochs) -> int:
    """Which of the stored moments, by its epochs; at first the last."""
    names = {f"{count}": _epochs(count) for count in epochs}
    help = STORED.format(epochs[0], epochs[-1])
    return list(names).index(stops(LESSON, "epochs", "Trained for", names, help, start=f"{epochs[-1]}"))


def _epochs(count):
    return f"{count} epoch{'' if count == 1 else 's'}"


@lru_cache(1)
def gates_over_training() -> np.ndarray:
    """The mean of each gate over the chorale at each stored moment: (S, Z)."""
    history = stored()[1]
    return np.stack([history.moment(s).inspection.gates.mean(0) for s in range(len(history.epochs))])
