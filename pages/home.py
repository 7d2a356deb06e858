"""Home: a trained model at first sight, what it is, and where to go."""

import streamlit as st

from dmm.ui import current, frame
from dmm.ui.home import showcase

frame.lesson("home")
current.chosen_run()  # a link with ?run= is remembered here too
st.markdown(
    "A **deep Markov model** explains music by a hidden state that moves from beat to beat. One neural network says "
    "how the state moves, another which of 88 keys it sounds. Nobody tells them about harmony: they read chorales by "
    "J. S. Bach, and learn which hidden states could have made them."
)
showcase.show_sample()
st.caption(
    "Not Bach: every beat above was drawn from the model. Top: the keys it played. Middle: the hidden state. Bottom: "
    "the gate, which decides for each dimension whether the state moves by a linear rule or as the network "
    "proposes. Given the state, each key is decided on its own, so chords are rougher than Bach's."
)
st.markdown("##### How well does it know Bach?")
showcase.show_numbers()
st.markdown("##### Go on")
st.markdown(
    "New here? Begin with **State-space models**, and go on page by page. Ten minutes only? **Train** one, look into "
    "its **Latents**, and **Listen**."
)
frame.lesson_map(first=("state_space", "train", "latents", "listen"))
showcase.show_tasks()
st.caption(
    "After R. G. Krishnan, U. Shalit and D. Sontag, *Structured Inference Networks for Nonlinear State Space Models* "
    "(AAAI 2017). The chorales were encoded by Margaret Greentree and come from the corpus of music21."
)
frame.onward("home")
