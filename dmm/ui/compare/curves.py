"""Compare: the learning curves on common axes."""

import streamlit as st

from dmm import figures
from dmm.ui.compare.pinned import LESSON, labels
from dmm.ui.dials import pick
from dmm.ui.plot import plot

TERMS = {"bound": "bound (−ELBO)", "reconstruction": "reconstruction", "kl": "KL"}
AXES = {"step": "updates", "epoch": "epochs", "seconds": "seconds"}
TERM = "Each in nats per frame, on the validation pieces, which no run trains on."
AXIS = "By updates: who learns more from a step. By seconds: who gets there first."


@st.fragment
def show_curves(pinned) -> None:
    """One term of the bound over one measure of effort, a line for each run."""
    left, right = st.columns(2)
    with left:
        term = pick(LESSON, "term", "What", TERMS, TERM)
    with right:
        axis = pick(LESSON, "axis", "Over", AXES, AXIS)
    curves = {label: (one.points[axis], one.points[term]) for label, one in zip(labels(pinned), pinned, strict=True)}
    plot(figures.compared_curves(curves, AXES[axis], f"{TERMS[term]}, nats per frame"), "compared")
