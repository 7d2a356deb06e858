"""Parameter recovery: two numbers of a law are learned with the guess, and a looser guess learns them wrong."""

import streamlit as st

from dmm.ui import explain, frame
from dmm.ui.recovery import likelihood

frame.lesson("recovery")
st.markdown(
    "In the [race](structured_inference) the model's rules, here called the *law*, were given, and only the guess $q$ "
    "was learned. With music nobody gives them: law and guess are learned **together**, from the same bound. Here all "
    "of the law is known but two "
    "numbers, and the exact likelihood says how near a learner could come."
)

st.subheader("Two numbers to find", anchor=False)
st.markdown(
    "The paper's two-dimensional system. The learner is given these lines and many sequences of frames $x$; "
    ":red[$\\alpha$] and :green[$\\beta$], which couple the two dimensions of the state (numbered 0 and 1, above the "
    "letter), it must find. Move them: dotted rings of states land on the solid curves after one step."
)
likelihood.show_law()

st.subheader("A valley, and the ways into it", anchor=False)
st.markdown(
    "For each pair of numbers, how likely are the frames? The negative log-likelihood (NLL) is minus the logarithm of "
    "that. Where it is lowest lies the *exact estimate*, the best that anyone could read from these data."
)
answered = likelihood.ask()
likelihood.show_valley(answered)

if answered:
    st.subheader("Where they end", anchor=False)
    likelihood.show_ends()
    st.subheader("Why a looser guess learns another law", anchor=False)
    st.markdown(
        "Training never sees the NLL. It lowers the [bound](bound), which is the NLL and the gap together; the gap is "
        "the KL divergence of the guess from the posterior, 0 only if they are equal:"
    )
    likelihood.show_why()
    likelihood.show_tasks()

with st.expander("Formula and code: the step whose two numbers are learned"):
    explain.formula_and_code("experiments.CoupledTransition")
frame.onward("recovery")
