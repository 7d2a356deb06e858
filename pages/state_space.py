"""State-space models: what is hidden, what is seen, and how much of the hidden can be known."""

import streamlit as st

from dmm.ui import frame, questions
from dmm.ui.state_space import beliefs, beyond, looks, tasks, world

frame.lesson("state_space")
st.markdown(
    "A boat drifts in fog. Its place $z_t$ is *hidden*: a **latent**, whose entries, if it has several, are its "
    "*dimensions*. Each minute you get one noisy reading of it, the **frame** $x_t$, which is *seen*. A **state-space "
    "model** is two rules: how the hidden state moves, and how it shows. Here both are straight lines with Gaussian "
    "noise, one of the few cases in which everything can be computed exactly."
)
rules, graph = st.columns(2, gap="large", vertical_alignment="center")
with rules:
    world.formula()
    st.caption(
        "$Q$ and $R$ are variances, in units of $z$ and $x$ squared; their square roots are standard deviations."
    )
with graph:
    beyond.show_graph()

questions.answer(
    "filtering",
    "A **filter** guesses $z_t$ from frames 1 to $t$, written $x_{1:t}$: it can run while the boat drifts. A "
    "**smoother** comes back when all frames are in, and guesses from $x_{1:T}$. A **prediction** guesses a state for "
    "which no frame is there yet. A recording is all in before one begins to learn from it, so a network that guesses "
    "the states behind it [may smooth](structured_inference#backwards).",
)

st.subheader("One run of the world", anchor=False)
st.markdown(
    "The world draws $z$ and $x$ with the sliders' numbers, and always from the same random numbers: what you see "
    "change is what you changed. Whoever estimates $z$ here knows $a$, $c$, $Q$ and $R$."
)
looks.show_run()

st.subheader("Who sees what", anchor=False)
st.markdown(
    "Here all three are exact, by **Kalman's formulas**. Everything believed of $z_t$ is a Gaussian, a *bell*, with a "
    "mean and a variance. The filter repeats two steps. *Predict*: the mean becomes $a$ times the mean, the variance "
    "$a^2$ times the variance, plus $Q$. *Correct*: the mean moves towards the reading, the more the smaller $R$ is, "
    "and the variance shrinks. The smoother then goes back once from the end, and corrects with what came later."
)
rows, question = st.columns(2, gap="large")
with rows:
    beyond.show_who_sees_what()
with question:
    tasks.ask_where()

st.subheader("How likely are the frames?", anchor=False)
st.markdown(
    "In life the model does not know the world's numbers; it has to learn them. The frames above stay as they are, "
    "and one of the four numbers *in the model* moves. Some values make these frames more likely than others. The "
    "filter tells how likely, exactly: it predicts each frame from those before, and sums up $\\log p(x_t \\mid "
    "x_{1:t-1})$, in *nats*, the unit of natural logarithms: one nat more is 2.7 times as likely. As a function of the "
    "model's numbers this is the **log-likelihood**, and learning means to climb its curve."
)
beliefs.believe()

st.subheader("From straight to curved", anchor=False)
st.markdown("In general the mean and the variance of the next state, and what shows of it, are any functions:")
st.latex(r"\begin{aligned} z_t &\sim N(G(z_{t-1}), \, S(z_{t-1})) \\ x_t &\sim \Pi(F(z_t)) \end{aligned}")
st.markdown(
    "Above, $G(z) = a z$, $S = Q$, $F(z) = c z$, and $\\Pi$ is a Gaussian of variance $R$. A straight line turns a "
    "bell into a bell, so a mean and a variance say it all. A curve does not: below each map is a bell of what is "
    "believed of $z_{t-1}$, at its left what that becomes, and dotted the bell that has the same mean and variance."
)
beyond.show_maps()
st.markdown(
    "This is where Kalman's formulas end, and where one *learns* to guess the hidden state: by a second network, which "
    "reads the frames."
)

st.subheader("Tables, lines, networks", anchor=False)
st.markdown(
    "One graph, three models. A **hidden Markov model** is in one of a few states and looks its next one up in a "
    "table. The linear Gaussian model has numbers as state, and a matrix (here the single number $a$). A **deep "
    "Markov model** has numbers, and networks: its next state is still Gaussian *given the last one*, but mean and "
    "variance may bend as they like."
)
beyond.show_tables_and_networks()
questions.answer(
    "other-ssm",
    "No. In S4 and Mamba a “state-space model” is a layer of a network: its state follows the layer's input by a "
    "linear recurrence without noise, so whoever has the input can compute it, and nothing is left to infer. Here "
    "states are random, and hidden.",
)

tasks.show_tasks()
beyond.show_code()
frame.onward("state_space")
