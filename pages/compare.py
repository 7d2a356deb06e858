"""Compare: runs side by side, and which choice mattered."""

import streamlit as st

from dmm.ui import explain, frame
from dmm.ui.compare import curves, judging, outcome, pinned, tasks

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
    told, came = st.columns(2, gap="large")
    with told:
        st.subheader("What was chosen otherwise", anchor=False)
        outcome.show_differences(runs)
    with came:
        st.subheader("What came of it", anchor=False)
        outcome.show_outcome(runs)
        judging.show_judging(runs)
    st.markdown(
        "How these numbers stand to published ones, on other pieces, is on [Numbers](numbers). A difference of a few "
        "hundredths may be the seed's: train both again with another one before you believe it."
    )
    outcome.show_export(runs)
    with st.expander("What ± says: formula and code"):
        explain.formula_and_code("conventions.standard_error")
tasks.show_tasks(runs)
frame.onward("compare")
