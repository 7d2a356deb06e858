"""Compare: runs side by side, and which choice mattered."""

import streamlit as st

from dmm.ui import explain, frame
from dmm.ui.compare import curves, export, judging, outcome, pinned, sweep, tasks

frame.lesson("compare")
st.markdown(
    "A curve alone says little: is a $-\\mathrm{ELBO}$ of 7.9 good? Side by side, two curves say what a choice was "
    "worth. Pin runs, yours and those that came with the app; each gets a letter."
)
runs = pinned.choose_runs()
if not runs:
    st.info("Pin at least one run above.")
else:
    pinned.show_letters(runs)
    st.subheader("On common axes", anchor=False)
    curves.show_curves(runs)
    told, came = outcome.places(runs)
    with told:
        st.subheader("What was chosen otherwise", anchor=False)
        outcome.show_differences(runs)
    with came:
        st.subheader("What came of it", anchor=False)
        outcome.show_outcome(runs)
    st.subheader("On pieces that nobody trained on", anchor=False)
    st.markdown(
        "Judged on the test pieces, with published numbers too; [Numbers](numbers) has more of these. A difference "
        "of a few hundredths may be the seed's: train both again with another one before you believe it."
    )
    judging.show_judging(runs)
    with st.expander("What ± says: formula and code"):
        explain.formula_and_code("conventions.standard_error")
st.subheader("Sweep", anchor="sweep")
st.markdown(
    "One setting tried with several values, or two with all their pairs: a run for each, side by side where the server "
    "has room. The best value of one setting may be another where the other setting changes."
)
shown = sweep.show_sweep(runs)
if runs:
    st.subheader("Take it along", anchor=False)
    export.show_export(runs, shown)
tasks.show_tasks(runs)
frame.onward("compare")
