"""One update: what happens in one step of learning, stage by stage, with every number on the way."""

import streamlit as st

from dmm.ui import frame
from dmm.ui.one_update import beyond, questions, slow_motion, tasks

frame.lesson("one_update")
st.markdown(
    "Model and guess are networks, and the bound says how good they are. **Learning** is one small step, made again "
    "and again: take a few pieces, compute the bound, ask how it would change with each weight, and move all weights a "
    "little. This is *stochastic variational inference*, SVI: stochastic, since each step sees other pieces and other "
    "noise. Here is one such step, on real chorales, with every number on its way: Algorithm 1 of the paper."
)
model = slow_motion.choose_model()
slow_motion.show_loop(model)

st.subheader("Which term teaches what?", anchor=False)
st.markdown(
    "The bound has two terms, :green[reconstruction] and :orange[KL]. Follow the dashed arrows above: not every weight "
    "gets a gradient from both."
)
beyond.ask_terms(model)

st.subheader("How far to go", anchor=False)
st.markdown(
    "The gradient gives a direction. The *learning rate* says how far to go, and **Adam** makes a step of both. "
    "Adam divides each gradient by a running average of its size."
)
beyond.show_rates(model)

st.subheader("The noise in the gradient", anchor=False)
st.markdown(
    "The bound is estimated from *one* draw of $z$, so its gradient is right only on average. Part of the noise can be "
    "removed at no cost: the KL of two Gaussians has a closed form (Eq. 11 of the paper), the *analytic* KL; the "
    "*sampled* one, $\\log q(z) - \\log p(z)$, has the same mean. [The bound](bound) compares the two for one latent; "
    "here are their gradients in the whole model."
)
beyond.show_noise(model)

st.subheader("Whose weights?", anchor=False)
st.markdown(
    "$p$ and $q$ share no weight. But one step moves them all, with one gradient: the model learns to explain what the "
    "guess draws, while the guess learns to draw what the model can explain."
)
tasks.show_parameters(model)
tasks.show_code()

questions.show_annealing(model)
questions.show_nan(model)

tasks.show_tasks(model)
frame.onward("one_update")
