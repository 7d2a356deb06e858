"""Structured inference: which frames a guess should see, what each network may see, and what it loses."""

import streamlit as st

from dmm.ui import frame, questions
from dmm.ui.structured_inference import combiner, frames, gaps, race, wiring

frame.lesson("structured_inference")
st.markdown(
    "To learn from music we must guess its latents. The **inference network** reads the frames $x_{1:T}$ with an RNN "
    "and gives the guess $q$, which is to come near the posterior $p(z_{1:T} \\mid x_{1:T})$. [The bound in "
    "time](bound_in_time) has shown which frames each factor of that posterior looks at: $p(z_{1:T} \\mid x_{1:T}) = "
    "\\prod_t p(z_t \\mid z_{t-1}, x_{t:T})$, Eq. 3, without $z_{t-1}$ at $t = 1$."
)

st.subheader("How much does each frame tell?", anchor=False)
st.markdown("A chain of six latents. Each shows one frame. Somebody tells you $z_{t-1}$, and you want $z_t$.")
frames.show_chain()
frames.show_mimic()
questions.answer(
    "backwards",
    "Because a guess of $z_t$ that knows $z_{t-1}$ has heard all that the past can tell, and still needs the frames "
    "from $t$ on. An RNN that begins at the last frame and reads towards the first has, at each $t$, a summary of just "
    "these, $x_{t:T}$.",
)

st.subheader("Six networks, six views", anchor=False)
st.markdown(
    "A **mean-field** network (MF) guesses each latent by itself. A **structured** one (ST) guesses $z_t$ from the "
    "$z_{t-1}$ it has just drawn. L: an RNN from the left (past to present). R: from the right (future to "
    "present). LR: one from each side. An L network *filters*, it knows the past and the present; one that also sees "
    "later frames *smooths*. ST-R, the paper's DKS (from *deep Kalman smoother*), reads the future with its RNN and "
    "knows the past through $z_{t-1}$: with one RNN it sees all that counts."
)
wiring.show_masks()

st.subheader("The race", anchor=False)
st.markdown(
    "Does it matter? All six learn the paper's linear system, here called S9: $z_t \\sim N(z_{t-1} + 0.05, 10)$ and "
    "$x_t \\sim N(0.5 \\, z_t, 20)$, 25 frames. The model is given; each network learns to guess. Here the exact value "
    "is known: Kalman's filter gives the negative log-likelihood (NLL) of the frames, minus the logarithm of how "
    "probable the model makes them, in nats (of the natural logarithm) per frame. What a network "
    "reports is an upper bound on it, and for each family of guesses there is a **floor** that no member gets below, "
    "however long it trains."
)
race.show_race()

st.subheader("From frames to a guess", anchor=False)
st.markdown(
    "RNNs sum up the frames on either side of $t$. What they say becomes a Gaussian over $z_t$. In a "
    "structured network, and only there, each latent enters the next one's guess."
)
wiring.show_wiring()

st.subheader("The combiner", anchor=False)
st.markdown(
    "Inside a structured network's square: the :blue[last latent], through a tanh layer, and the RNNs, :violet[past] "
    "and :green[future], each give a vector of the same length. The combiner takes their mean, number by number, and "
    "makes $\\mu_t$ and $\\sigma_t$ of it. One of these numbers, called unit $k$:"
)
combiner.show_combiner()

st.subheader("Two messages, multiplied", anchor=False)
st.markdown("MF-LR has a Gaussian message from each side, and multiplies the two.")
wiring.show_product()
st.markdown(
    "What is missing: **the product is not Bayes' rule**. Were the messages the posteriors $p(z_t \\mid x_{1:t})$ and "
    "$p(z_t \\mid x_{t:T})$, it would count twice what both know, the prior of $z_t$ and the frame $x_t$; Bayes' rule "
    "divides once by $p(z_t \\mid x_t)$. But trained messages need not be posteriors: they become whatever makes the "
    "product fit."
)

st.subheader("Which frame moves which latent?", anchor=False)
st.markdown(
    "S9 again. Each cell is $\\partial E[z_t] / \\partial x_s$: how far the frame $x_s$ moves the mean of $z_t$, in "
    "the exact posterior, in the best guess that a network of each kind could make, and in what the network of the "
    "race has learned."
)
gaps.show_influence(race.learned())
questions.answer(
    "exact-inference",
    "Here it exists, since all is linear and Gaussian: Kalman's smoother does it, and tells what each network loses. "
    "With neural networks for the step and the look, the integrals have no closed form. In one dimension one can still "
    "add them up on a grid, but with 10 points a side a grid in $Z$ dimensions has $10^Z$ of them. So one must guess.",
)

st.subheader("The gap meter", anchor=False)
st.markdown(
    "What a network reports is an upper bound on the exact negative log-likelihood; lower is better. The part of the "
    "gap that no training can close is known here in closed form: **mean field**, for treating latents as independent, "
    "and **blind**, for frames that it does not see."
)
gaps.show_gaps(race.reached())

st.subheader("Two latents, treated as independent", anchor=False)
st.markdown("Two neighbouring latents, as the frames leave them: uncertain, and tied to each other.")
gaps.show_mean_field()

gaps.show_tasks()
frame.onward("structured_inference")
