"""Structured inference: which frames tell of a latent, and how an RNN sums up just those."""

from functools import lru_cache

import numpy as np
import streamlit as st

from dmm import figures, floors, padded, systems
from dmm.figures.chains import FUTURE
from dmm.ui.asking import predict
from dmm.ui.dials import Dial, dials, switch
from dmm.ui.plot import plot
from dmm.ui.structured_inference.wiring import LESSON, SHORT

TIME = Dial("t", "Which latent, $t$", 2, SHORT, 4, 1, "The latent $z_t$ that is asked about.")
KNOWN = "On: $z_{t-1}$ is known. Off: it is hidden, as all latents are, and the past frames tell about $z_t$ as well."
draw_paths = lru_cache(figures.open_paths)  # each drawn once: there are few
STEPS = "{} steps"
COUNTS = [STEPS.format(count) for count in (SHORT, SHORT * (SHORT + 1) // 2, SHORT * SHORT)]
MIMIC = (
    (
        r"q(z_{1:T} \mid x_{1:T}) = \prod_t N(z_t; \, \mu_t, \sigma_t^2)",
        "The guess mimics the posterior factor by factor: $\\mu_t$ and $\\sigma_t$ come from a network that sees "
        "$z_{t-1}$ and $x_{t:T}$ (Eq. 4). At $t = 1$ there is no latent before.",
    ),
    (
        rf"\textcolor{{{FUTURE}}}{{h^{{\text{{right}}}}_t}} = \operatorname{{RNN}}\big("
        rf"\textcolor{{{FUTURE}}}{{h^{{\text{{right}}}}_{{t+1}}}}, \, x_t\big)",
        "One vector of a fixed size for all of $x_{t:T}$, from the one for $x_{t+1:T}$: the RNN runs backwards.",
    ),
)


def weights(t: int, known: bool) -> np.ndarray:
    """How far each of six frames of the linear system moves $E[z_t]$, with $z_{t-1}$ known or not: (T,)."""
    exact = floors.best(systems.linear(), SHORT, "st-r")  # which is the posterior itself
    cov = np.linalg.inv(exact.precision)
    through = cov[t - 1, t - 2] / cov[t - 2, t - 2]  # how far z_t follows z_{t-1}
    return exact.A[t - 1] - known * through * exact.A[t - 2]


def heard(side: str) -> list[set[int]]:
    """What an RNN's state has heard at each of six frames, tried with the one unit of `padded`: frames from 1.

    Args:
        side: "left" if it reads from the first frame on, "right" if from the last one back.
    """
    lengths, same = np.full(SHORT, SHORT), np.ones((SHORT, SHORT))
    other = same + np.eye(SHORT)  # row s differs in frame s
    states = [padded.run(x, 0) if side == "left" else padded.look_right(x, lengths, 0) for x in (same, other)]
    moved = states[0] != states[1]
    return [set(np.flatnonzero(column) + 1) for column in moved.T]


def steps_needed() -> tuple[str, str]:
    """How many steps an RNN takes for a summary of $x_{t:T}$ at every t, and why."""
    wanted = [set(range(t, SHORT + 1)) for t in range(1, SHORT + 1)]
    apart = sum(map(len, wanted))  # a reading of its own for each summary
    fewest = SHORT if wanted in (heard("left"), heard("right")) else apart
    t = SHORT - 2
    listed = {side: ", ".join(f"x_{s}" for s in sorted(heard(side)[t - 1])) for side in ("left", "right")}
    because = (
        f"It reads *from the last frame back*: its state at $t = {t}$ has then heard ${listed['right']}$, and each "
        f"step makes one more summary out of the one before. Reading from the first frame on, its state there has "
        f"heard ${listed['left']}$; each summary would need a reading of its own, {apart} steps in all."
    )
    return STEPS.format(fewest), because


@st.fragment
def show_chain() -> None:
    """A latent is asked about: which frames tell of it, and how much."""
    knobs, shown = st.columns([2, 3], gap="large", vertical_alignment="center")
    with knobs:
        t = dials(LESSON, [TIME])["t"]
        known = switch(LESSON, "known", "$z_{t-1}$ is known", KNOWN, start=True)
        given = f"z_{t - 1}, x_{{1:{SHORT}}}" if known else f"x_{{1:{SHORT}}}"
        st.markdown(
            f"Bars: how far each frame moves $E[z_{t} \\mid {given}]$ in the paper's linear system. Paths of the "
            ":violet[past] and of the :green[present and future]; what is blocked is pale."
        )
    with shown:
        plot(draw_paths(SHORT, t, known), "chain", tools=False)
        plot(figures.frame_weights(weights(t, known), t), "weights", tools=False)


@st.fragment
def show_mimic() -> None:
    """How an RNN sums up the frames that count: the question, and then the guess in formulas."""
    asked, shown = st.columns([2, 3], gap="large", vertical_alignment="center")
    with asked:
        question = (
            f"An RNN takes in one frame a step. It has to give a summary of $x_{{t:{SHORT}}}$ for each $t$ "
            f"from 1 to {SHORT}. How many steps does it need?"
        )
        answered = predict("summaries", question, COUNTS, steps_needed)
    if answered:
        with shown:
            for line, reason in MIMIC:
                st.latex(line)
                st.markdown(reason)
