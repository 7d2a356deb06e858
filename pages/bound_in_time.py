"""The bound in time: the posterior of a chain, its factors, a guess that mimics them, and the bound as a sum."""

import streamlit as st

from dmm.ui import frame
from dmm.ui.bound_in_time import (
    amortised,
    bars,
    factors,
    gaussians,
    mimic,
    nll,
    paths,
    split,
    system,
    tasks,
    trajectories,
)

frame.lesson("bound_in_time")
st.markdown(
    "The last page had one hidden $z$ and one guess $q(z \\mid x)$ for its posterior. Here a sequence of frames "
    "$x_{1:T}$ hides a whole **trajectory** $z_{1:T}$, one latent behind each frame. The bound stays as it was, with "
    "the trajectory in the place of $z$. Two things have to be found: what a guess of a trajectory should look like, "
    "and how its bound falls into parts that one can compute."
)

st.subheader("A posterior over trajectories", anchor="trajectories")
st.markdown(
    "First a system in which the posterior is known exactly. All its frames are seen; each line is one trajectory that "
    "could have made them."
)
trajectories.show_trajectories()

st.subheader("One network for all sequences", anchor="amortised")
st.markdown(
    "Each sequence has a posterior of its own. Its guess can be fitted for this sequence alone, or a network can learn "
    "to make the guess of any sequence it reads: that is *amortised* inference, since the work of learning is shared. "
    "Deep Markov models do the second."
)
amortised.show_amortised()

st.subheader("What does a factor need?", anchor="factors")
st.markdown(
    "A trajectory can be drawn from the posterior step by step: $z_1$, then $z_2$ given $z_1$, and so on. What must "
    "one look at to draw $z_t$? The graph answers, without any numbers. A *path* in a graph follows arrows in either "
    "direction. It is **blocked** at a known node if its arrows run through it (a *chain*, $\\to z \\to$) or out of it "
    "(a *fork*, $\\gets z \\to$); where two arrows meet (a *collider*, $\\to x \\gets$) it is blocked unless that node "
    "or something below it is known. If every path is blocked, one end tells nothing about the other: they are "
    "*d-separated*."
)
paths.show_open_paths()
st.markdown(
    "The same as a proof, appendix C of the paper. The check takes the hidden trajectory of S9 above, frame by frame."
)
factors.show_factors_proof()

st.subheader("The mimic", anchor="mimic")
st.markdown(
    "The guess takes over the factors of the posterior, and with them :green[what each one sees]. Two things it cannot "
    "take over: each of its factors is a Gaussian, with a diagonal covariance $\\Sigma$, whatever the true one is; and "
    "one network with weights $\\phi$ has to serve every $t$ and every sequence. An RNN (a recurrent network: it takes "
    "one frame after the other, and keeps a summary) runs from the last frame to the first and sums up $x_{t:T}$ in "
    "one vector $h^{\\text{right}}_t$."
)
mimic.show_factors()

st.subheader("The bound, frame by frame", anchor="costs")
words, formula = st.columns([1, 2], gap="large", vertical_alignment="center")
words.markdown(
    "With both chains in factors, the bound becomes a sum over $t$ (Eq. 5): how badly $z_t$ explains its frame, and "
    "how far $q$ moved from what $z_{t-1}$ led to expect. At $t = 1$, $z_0$ is the learned start: $p(z_1) = "
    "p(z_1 \\mid z_0)$. The bars show *minus* the bound, a cost: lower is better. **Click a bar** to open it."
)
with formula:
    bars.show_formula()
system.show_costs()
bars.show_code()

st.subheader("Why it splits", anchor="split")
st.markdown(
    "Appendix A of the paper. The checks run in S9, on the sequence above, with the best guess of the ST-L family "
    "([Structured inference](structured_inference) has all six): it sees $z_{t-1}$ and the frames up to $t$, but no "
    "later ones, so it is not exact and every part can be seen."
)
split.show_bound_proof()
st.markdown("And appendix B: each of those KLs in closed form.")
gaussians.show_gaussians_proof()

nll.which_nll()
tasks.show_tasks()
frame.onward("bound_in_time")
