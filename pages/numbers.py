"""Numbers: one model, every convention."""

import streamlit as st

from dmm.ui import explain, frame
from dmm.ui.numbers import draws, recipes, rungs, tasks, toy

frame.lesson("numbers")
st.markdown(
    "Two papers, one data set, 6.9 and 6.4: is the second model better? Perhaps it was only counted otherwise. A "
    "number needs its recipe: what is estimated, what it is divided by, and over how many draws."
)

st.subheader("One model, every convention", anchor=False)
st.markdown(
    "The stored model, on chorales that it has not seen. $c_i$ is what piece $i$ costs, in *nats*: here minus its "
    "[ELBO](bound_in_time). $T_i$ is how many frames it has. The paper prints *a (b) {c}*."
)
recipes.show_recipes()

st.subheader("Three pieces, by hand", anchor=False)
st.markdown(
    "A piece is as wide as it has frames, as high as one of its frames costs, so its **area** is what it costs. *(b)* "
    "is the height of the whole area, spread evenly. *{c}* is the mean of the three heights, whatever their width."
)
toy.show_toy()

st.subheader("How many draws?", anchor=False)
st.markdown(
    "*a* estimates $\\log p(x)$ itself: draw $z$ from the guess $q$, weigh each draw by $w = p(x, z) / q(z \\mid x)$, "
    "and take the logarithm of the mean weight. By [Jensen's inequality](bound) it lies below $\\log p(x)$ on average, "
    "so the cost lies above; with every further draw it comes nearer."
)
draws.show_draws()

st.subheader("The ladder", anchor=False)
st.markdown(
    "What is a nat worth? Whoever knows more pays less. A coin for each key knows nothing; the next two know how often "
    "a key sounds, and what it did a beat ago."
)
rungs.show_ladders()

tasks.show_tasks()
with st.expander("The conventions: formulas and code"):
    explain.formula_and_code("conventions.numbers", formula="conventions")
frame.onward("numbers")
