"""The deep Markov model: what changes when matrices become networks."""

import streamlit as st

from dmm.ui import frame
from dmm.ui.deep_markov_model import dynamics, keys, music, tasks, unrolled, why
from dmm.ui.explain import formula_and_code

frame.lesson("deep_markov_model")
st.markdown(
    "A **deep Markov model** is a state-space model whose two rules are neural networks. *Markov*: the next hidden "
    "state $z_t$ depends on the last one alone, :blue[$p(z_t \\mid z_{t-1})$], the **transition**. What is heard, the "
    "frame $x_t$, depends on $z_t$ alone, :green[$p(x_t \\mid z_t)$], the **emission**. *Deep*: on each arrow there is "
    "a network. Press a square to open it."
)
unrolled.show_model()

st.subheader("From matrices to networks, piece by piece", anchor=False)
st.markdown(
    "The page on [state-space models](state_space) ended with three models in one graph: tables, matrices, networks. "
    "The last two fill in one general form, the paper's Eq. 1. For music the deep Markov model does it so:"
)
form, table = st.columns([1, 3], gap="medium", vertical_alignment="center")
with form:
    unrolled.show_general_form()
with table:
    st.markdown(
        "| | linear | deep Markov model |\n|:--|:--|:--|\n"
        "| :blue[$G$: mean of $z_t$] | $a z_{t-1}$ | "
        ":blue[$(1 - g_t) \\odot (W z_{t-1} + b) + g_t \\odot h_t$] |\n"
        "| :blue[$S$: its variance] | $Q$, the same everywhere | :blue[$\\sigma_t^2$, with a network's scale "
        "$\\sigma_t$ for each dimension: wider where the next state is less certain] |\n"
        "| :green[$F$: what shows] | $c z_t$ | :green[a network's number $\\ell_t$ for each key] |\n"
        "| :green[$\\Pi$: its noise] | Gaussian, variance $R$ | :green[a coin for each key: sounds, or not] |"
    )
st.markdown(
    "$\\odot$ multiplies entry by entry. The matrix $W$ and the vector $b$ are learned; the **gate** $g_t$, between 0 "
    "and 1, and the **proposal** $h_t$ each come from a network that reads $z_{t-1}$ ([The gate](gate) opens them). A "
    "*scale* is a standard deviation. The larger $\\ell_t$, the likelier its key."
)
st.markdown(
    "What is lost: with networks the integrals over $z$ have no closed form, so there is no Kalman filter. What is "
    "gained comes next."
)

st.subheader("What changes: one step, and many", anchor=False)
st.markdown(
    "A hidden state of one dimension and three kinds of step with the same noise: a straight line; a network with a "
    "hidden layer, an **MLP**; and a gate $g$ between staying and the MLP. Blue: the mean $\\mu$ of $z_t$ over $z = "
    "z_{t-1}$, with two standard deviations; dotted: $z_t = z_{t-1}$. Orange: the bell of $z_2$ from one start. **Each "
    "step is a bell in all three.**"
)
dynamics.show_dynamics(then=why.show_derivation)

st.subheader("What a hidden state sounds like", anchor=False)
st.markdown(
    "The **emitter** turns the hidden state into a **logit** $\\ell$ for each of the piano's 88 keys; the key's chance "
    "to sound is $1 / (1 + e^{-\\ell})$. The greener a key, the likelier it sounds. On the arrows: how many weights "
    "each layer has. This emitter has learned from Bach's chorales."
)
keys.show_emitter()

st.subheader("Music from nothing but the model", anchor=False)
st.markdown(
    "To draw a piece, begin at $z_0$ and follow the arrows: draw $z_1$, then $x_1$; draw $z_2$ from $z_1$, and so on. "
    "No chorale goes in. This is the model's **prior**: what it expects before it hears anything."
)
music.show_music()
with st.expander("The whole model as it draws: formula and code"):
    formula_and_code("deep_markov_model.DMM.sample", formula="model")

st.subheader("What is to be learned?", anchor=False)
st.markdown(
    "All weights of the two networks, and the start $z_0$. Together they are called $\\theta$, and the model "
    "$p_\\theta$. The hidden states are not among them: they are drawn anew for each piece, and nobody writes them "
    "down. How to learn $\\theta$ without ever seeing a $z$ is the question of [The bound](bound); first, a closer "
    "look at the transition."
)

tasks.show_tasks()
frame.onward("deep_markov_model")
