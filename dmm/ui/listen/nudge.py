"""Does the model use what a probe reads? z is moved along the probe's direction, and the emitter plays."""

import numpy as np
import streamlit as st

from dmm import figures
from dmm.data.piece import MAJOR
from dmm.probing.nudging import MEASURES, scale_of
from dmm.probing.targets import TARGETS
from dmm.ui.dials import Dial, dials, listing
from dmm.ui.listen.lesson import LESSON
from dmm.ui.listen.probe_results import ask, nudged
from dmm.ui.looking import version_of
from dmm.ui.plot import plot

NUDGE = Dial(
    "nudge",
    "Move z by",
    -4.0,
    4.0,
    2.0,
    0.5,
    "Along the probe's direction, in standard deviations of z over the beats.",
)
TOWARD = "The answer whose reading grows when z is moved by more than 0."


@st.fragment
def show(run, pieces, name, ridge):
    """Moves z along the probe's direction, and shows what the emitter makes of it."""
    found = ask(run, pieces, name, ridge)
    st.subheader("Does the model use it?", anchor=False)
    weights = np.linalg.norm(found.probe.weights, axis=1)
    dearest = ", ".join(str(i + 1) for i in np.argsort(-weights)[:3])
    st.markdown(
        f"The probe puts its largest weights, per standard deviation, on dimensions {dearest} of $z_t$. That an answer "
        "can be read there does not mean that the model plays by it."
    )
    if name not in MEASURES:
        st.info("The check needs an answer that can be counted in the notes of one beat, and this one cannot.")
        return
    st.markdown(
        "So move $z_t$ along the probe's direction on the beats of the test pieces, and see what becomes of the keys' "
        "chances."
    )
    left, right = st.columns(2)
    column, classes = 0, found.answers.names
    if len(classes):
        common = classes[np.argsort([-sum((one == kind).sum() for one in found.answers.train) for kind in classes])]
        with left:
            words = {str(int(one)): TARGETS[name].classes[one] for one in common}
            toward = listing(LESSON, "toward", "Towards", words, TOWARD, "one of these answers")
        column = int(np.flatnonzero(classes == int(toward))[0])
    with right if len(classes) else left:
        length = dials(LESSON, [NUDGE])["nudge"]
    moved = nudged(run.name, version_of(run), pieces.name, name, ridge, column, length, run, pieces, found)
    _moved(moved, name, int(classes[column]) if len(classes) else 0)


def _moved(moved, name, answer):
    """Before and after, beside as long a way in random directions."""
    marked = {
        "signature": lambda: scale_of(answer),
        "key": lambda: scale_of(answer // 2),
        "lowest": lambda: [answer],
    }
    bold = [int(one) for one in marked.get(name, list)()]
    plot(figures.pitch_class_bars(moved.before, moved.after, MAJOR, bold), "probe nudge", tools=False)
    what, unit = MEASURES[name]
    st.markdown(
        f"On {moved.beats:,} beats of the test pieces, {what} goes from {moved.value:.1f} to "
        f"**{moved.moved:.1f}{unit}**. After a step as long "
        f"in each of {len(moved.others)} random directions it is {moved.others.min():.1f} to {moved.others.max():.1f}."
        + (f" In bold: {'its scale' if len(bold) > 1 else 'that note'}." if bold else "")
    )
