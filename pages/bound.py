"""The bound: how to learn what cannot be integrated, for one hidden number and one frame."""

import streamlit as st

from dmm.ui import frame
from dmm.ui.bound import exactly, gradient, guess, jensen, kl, learning, noise, tasks

frame.lesson("bound")
story, model = st.columns([3, 2], gap="large", vertical_alignment="center")
with story:
    st.markdown(
        "A model says how a hidden $z$ makes a frame $x$. To learn the model, make the frames likely: raise $\\log "
        "p(x)$, the log of the **evidence**. It takes adding up every $z$ that could have made $x$. For lines and "
        "Gaussians that sum has a formula. With a network between $z$ and $x$ it has none, and a grid over all hidden "
        "numbers of a chorale would have more points than there are atoms."
    )
    st.markdown(
        "The way out: a **lower bound** that can be computed, and that is raised instead. To see what it is, take one "
        "hidden number and one frame. Here a grid is fine, so everything can be held against the truth."
    )
with model:
    guess.show_model()
    st.caption(
        "The **prior** $p(z)$ is what is believed of $z$ before a frame is seen, the **posterior** $p(z \\mid x)$ "
        "after. The **likelihood** says how well a $z$ explains the frame. $f$ is a straight line, or a small network. "
        "(In music $x$ is 88 keys, each a coin with odds of its own; nothing else changes.)"
    )

st.subheader("A guess, and what it misses", anchor=False)
st.markdown(
    "The guess $q(z) = N(\\mu, \\sigma^2)$ stands in for the posterior. How much one density differs from another is "
    "told by the **KL divergence**, $\\mathrm{KL}(q \\,\\|\\, p) = E_q[\\log q(z) - \\log p(z)]$, in *nats*, the unit "
    "of natural logarithms. $E_q$ is the mean over draws from $q$. A KL is never below 0, and 0 only if the two are "
    "equal (it is not symmetric). With a guess, $\\log p(x)$ falls into three parts:"
)
guess.show_identity()
st.markdown(
    ":green[**Reconstruction**]: how well the guessed $z$ explain the frame. :orange[**KL**]: how much the guess "
    "differs from what was believed before. Both can be computed without $p(x)$, and the first minus the second is "
    "the **ELBO**, the *evidence lower bound*. :violet[**Gap**]: how much the guess differs from the posterior. In a "
    "real model nobody can compute the gap, and nobody has to."
)
guess.show_bar()

st.subheader("From below", anchor=False)
better, below = st.columns(2, gap="large")
with better:
    st.markdown(
        "**Which way is better?** The ELBO is a bound *from below*: higher is better, and it never promises more than "
        "the model holds. Programs print a loss, $-\\mathrm{ELBO}$, and all is turned round: that is a bound *from "
        "above* on the NLL, the negative log-likelihood $-\\log p(x)$, and lower is better. The loss, "
        "averaged over draws, is never below the NLL."
    )
with below:
    st.markdown(
        "**Why from below?** We want to raise $\\log p(x)$, and cannot compute it. So we push up something that is "
        "never above it. Then either $\\log p(x)$ is pushed up with it, or the gap closes; both are welcome. A bound "
        "from above could be raised while $\\log p(x)$ falls."
    )

st.subheader("Why it is a bound", anchor=False)
chord, words = st.columns([2, 3], gap="large", vertical_alignment="center")
with words:
    st.markdown(
        "**Jensen's inequality.** The logarithm bends down, so the straight line between two of its points lies below "
        "it. Hence the *log of a mean* is never less than the *mean of the logs*: $\\log E[w] \\ge E[\\log w]$. The "
        "two are equal only if all $w$ are the same. Bring the two weights together and watch."
    )
    st.markdown(
        "That is all one needs. The lines below lead from $\\log p(x)$ to the ELBO; each can be checked on the world, "
        "the frame and the $q$ of the figure above."
    )
with chord:
    jensen.show_chord()
jensen.show_jensen()
st.markdown("Jensen says that something is lost, not how much. The same without an inequality:")
exactly.show_exactly()

st.subheader("A gradient gets past a draw", anchor=False)
st.markdown(
    "To raise the ELBO by its slope, one needs the slope of a mean over draws, $E_q[\\log p(x \\mid z)]$, by the "
    "$\\mu$ and $\\sigma$ that the draws come from. A drawn number has no slope: ask a die how it would have fallen, "
    "had it been slightly other. **Reparameterisation** puts the chance to one side: $z = \\mu + \\sigma \\epsilon$."
)
gradient.show_pictures()
gradient.show_inside()

st.subheader("Learning the guess", anchor=False)
st.markdown(
    "Each step draws $\\epsilon$ afresh, and moves $\\mu$ and $\\log \\sigma$ a little along that noisy slope: "
    "*stochastic gradient ascent*. The deeper the blue, the smaller the gap; from one contour line to the next the gap "
    "grows about threefold. Stars: guesses that no small change improves."
)
learning.show_learning()
st.markdown(
    "With a fixed learning rate $q$ comes near the star and then trembles around it: smaller steps or more draws calm "
    "it. In the folded world there are several stars, and chance decides where $q$ ends. In the deep Markov model "
    "$\\mu$ and $\\sigma$ are the outputs of a network that reads the frames, and the same gradient goes on into its "
    "weights."
)
learning.show_step()

st.subheader("The KL of two Gaussians", anchor=False)
st.markdown(
    "One part of the ELBO needs no draws at all: the KL of two Gaussians has a closed form. Here for any $q$ and $p$, "
    "as the deep Markov model needs it, whose $p$ is a step from the last hidden state."
)
kl.show_kl()

st.subheader("How noisy is one draw?", anchor=False)
st.markdown(
    "Training takes *one* draw of each $z$. The KL may be **sampled** at that draw, as $\\log q(z) - \\log p(z)$, or "
    "be **analytic**, in closed form. Both are right on average. Move $q$ about, also to where its gap is 0."
)
noise.show_noise()
noise.show_answer()
tasks.show_code()
tasks.show_tasks()
frame.onward("bound")
