"""The gate: three lanes from one hidden state to the next, which dimensions bend, and where the steps lead."""

import streamlit as st

from dmm.ui import frame
from dmm.ui.gate import chorale, fields, lanes, meaning, nearby, rest, tasks, trained

frame.lesson("gate")
st.markdown(
    "In a deep Markov model a network says where the hidden state goes next. A network can bend anything, but much of "
    "music moves plainly: a chord stays, a line goes on. A straight rule is quick to learn and easy to follow. So the "
    "**gated transition** has both, a straight rule and a network, and a *gate* that mixes them, for each dimension "
    "of the state and at each step anew."
)

st.subheader("Two rules and a mixer", anchor=False)
trained.show_mix()

st.subheader("Three lanes", anchor=False)
st.markdown(
    "The same with all dimensions, in the trained model: one step of a chorale, from the state at one beat to the "
    "next. Choose a beat and a dimension; then hold the gate, and see which numbers move."
)
lanes.show_lanes()

st.subheader("Which dimensions bend?", anchor=False)
st.markdown("Each dimension has a gate of its own, and some are opened wider than others.")
meaning.show_dimensions()

st.subheader("How far from standing still?", anchor=False)
meaning.show_matrix()

st.subheader("Not a GRU", anchor=False)
st.markdown("Gates that mix the old with the new are known from recurrent networks. The difference is what goes in.")
meaning.show_gru()

st.subheader("Gates over a chorale", anchor=False)
st.markdown(
    "The same gates under the notes, one row a dimension. Move back through the training: nobody told the model which "
    "dimensions were to bend."
)
chorale.show_chorale()

st.subheader("Arrows on a plane", anchor=False)
st.markdown(
    "With two dimensions one can see where every state goes. An arrow points from a state to the mean of the next; the "
    "deeper the :violet[pink], the wider the gates are open. From nine dots a dotted line leads to where the next "
    "state is expected, and a :blue[ring] shows one standard deviation of noise around that. A **fixed point**, a "
    "large dark-orange mark, stays in place; a *stable* one, filled, draws in what is near."
)
fields.show_field()

st.subheader("What stable means", anchor=False)
st.markdown("A fixed point draws in what is near, or drives it away. Its slope, a matrix $J$, tells which.")
nearby.show_why_stable()

st.subheader("All dimensions at once", anchor=False)
st.markdown(
    "A plane shows two directions of the trained model's many. Where does the whole state go, step by step without "
    "noise, and what does the gate have to do with it?"
)
rest.show_rest()

tasks.answer_scale()
tasks.show_tasks()
frame.onward("gate")
