"""The tasks of the Latents page, and what it says of posterior collapse; all from the inspection that is shown."""

import numpy as np
import streamlit as st

from dmm.conventions import ACTIVE
from dmm.ui import tasks
from dmm.ui.live import shown_gates
from dmm.ui.questions import answer

LESSON = "latents"
DEAREST = (
    "With the best weights, where the slider begins: how many nats per beat does the dimension cost that costs most of "
    "all, in this piece?"
)
HOW_DEAREST = "The bars of **KL**: point at the highest one, or go through them with the arrow keys."
SHUT = "With the same weights: which of these dimensions has its gate most nearly shut, on average over this piece?"
HOW_SHUT = "**Gates** has a row for each dimension; pointing at a bar of **KL** tells the mean of its gate."
NO_GATES = "The second task asks for a gate, and this run's transition has none: choose a run that is gated."
AWAKE = (
    "Posterior collapse has a history. Go back to a moment of the training at which at most half as many dimensions "
    "were inactive as with the best weights, and press **Show this moment below**."
)
HOW_AWAKE = (
    "The caption of **KL** counts the active dimensions, moment by moment. The weight of the KL rose from small to 1. "
    "A run has moments if it trained here, or came with the app: then with the first of its pieces."
)
AWAKENED = (
    "At first the weight of the KL is small, so what a dimension tells is cheap, and nearly all tell something. As the "
    "weight rises, those that do not earn their cost fall silent."
)


def inactive(inspection) -> int:
    """How many dimensions cost no more than the threshold of the KL bars, in nats per beat."""
    return int((np.asarray(inspection.kl).mean(0) <= ACTIVE).sum())


def explain_collapse(inspection) -> None:
    """What posterior collapse is, and how much of it there is here."""
    silent, count = inactive(inspection), inspection.kl.shape[1]
    answer(
        "collapse",
        "The inference network may give up on a dimension: whatever the music, it guesses just what the model expects "
        "anyway. The guess is then the prior, the dimension's KL is 0, and it says nothing of the piece. (The name "
        "calls the guess an approximate posterior.) **KL** shows it as a grey bar of no height.\n\n"
        f"Here **{silent} of {count}** dimensions are inactive: they cost at most {ACTIVE:g} nats per beat. A few are "
        "no harm: the model may have more than it needs. The trouble is when most fall silent early, before the "
        "emitter has learned to use them. Two things help: [annealing](one_update#annealing), which lets the weight "
        "of the KL rise slowly, and *free bits*, which count a dimension's KL only above a small limit. Both "
        "are among the settings of [Train](train).",
    )


@st.fragment
def show_tasks(run, inspection, ending) -> None:
    """Two tasks on the best weights, and one on the moment that was taken."""
    tasks.heading(LESSON)
    gates = shown_gates(run, ending.gates)
    first, second, third = st.columns(3)
    kl = np.asarray(ending.kl).mean(0)
    with first:
        dearest = int(np.argmax(kl))
        because = f"It is dimension {dearest + 1}; all {len(kl)} together cost {kl.sum():.2f}."
        tasks.number(LESSON, "dearest", DEAREST, float(kl[dearest]), because, HOW_DEAREST, within=0.02)
    with second:
        if gates is None:
            st.caption(NO_GATES)
        else:
            _ask_which_is_shut(np.asarray(gates).mean(0))
    with third:
        tasks.reach(LESSON, "awake", AWAKE, lambda: compare(inspection, ending), AWAKENED, HOW_AWAKE)


def _ask_which_is_shut(openness):
    """One dimension, and three others from the order of all that are clearly more open."""
    order = np.argsort(openness)
    shut, others = order[0], order[[len(order) // 3, 2 * len(order) // 3, -1]]
    names = {int(i): f"dimension {i + 1}" for i in sorted({shut, *others})}
    mean = ", ".join(f"{name} {openness[i]:.2f}" for i, name in names.items())
    why = f"The mean of each gate: {mean}. Near 0 the dimension moves by the linear rule."
    tasks.choose(LESSON, "shut", SHUT, list(names.values()), names[int(shut)], why, HOW_SHUT)


def compare(inspection, ending) -> tuple[bool, str]:
    """Whether at most half as many dimensions are inactive now as at the end, and how many are."""
    now, then = inactive(inspection), inactive(ending)
    return 2 * now <= then and now < then, f"{now} inactive at this moment, {then} at the end."
