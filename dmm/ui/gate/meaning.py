"""The gate, third part: which dimensions bend, how far the linear lane has come, a GRU beside it, and a chorale."""

from functools import lru_cache

import numpy as np
import streamlit as st

from dmm import figures
from dmm.conventions import ACTIVE
from dmm.palette import GATE, GREY, LATENT
from dmm.ui.current import shipped_run
from dmm.ui.diagram import Arrow, Shape, diagram
from dmm.ui.dials import Dial, dials
from dmm.ui.gate.chorale import gates_over_training
from dmm.ui.gate.trained import LESSON, active, chorale, stored, weights
from dmm.ui.plot import plot

draw_matrix = lru_cache(2)(lambda name: figures.step_matrix(weights().W))  # of one run


@st.fragment
def show_dimensions() -> None:
    """A bar per dimension, and one of them in words."""
    gates, used = stored()[0].gates, active()
    words, picture = st.columns([2, 3], gap="large")
    with words:
        Z = gates.shape[1]
        i = (
            dials(LESSON, [Dial("which", "Dimension", 1, Z, 25, 1, "The dimension that is shaded and told of.")])[
                "which"
            ]
            - 1
        )
        st.markdown(_in_words(gates, used, i))
    with picture:
        plot(figures.gate_bars(gates, used, i), "bars", tools=False)
        st.caption(
            f"Bars: mean of the gate over {len(gates)} beats of {chorale().name}; lines: from its lowest to its "
            f"highest. Stored with run {shipped_run().name}, averaged over 50 draws of the guess."
        )


def _in_words(gates, used, i):
    """What the bars say of one dimension and of all."""
    mean, low, high = gates.mean(0), gates.min(0), gates.max(0)
    kl, inner = stored()[0].kl.mean(0), mean[used]
    return (
        f"**Dimension {i + 1}**: its gate is open {mean[i]:.2f} on average, from {low[i]:.2f} to {high[i]:.2f}. The "
        f"chorale tells {kl[i]:.3f} nats per beat about it, so the music {'uses' if used[i] else 'hardly uses'} it. "
        f"(The limit is {ACTIVE:g}; what is counted here is a KL divergence, which [The bound](bound) explains.)\n\n"
        f"In the {used.sum()} dimensions that the music uses, the mean gate runs from {inner.min():.2f} to "
        f"{inner.max():.2f}: some mix the line and the network about equally, others nearly follow the network alone. "
        "Where the line through a bar is long, the gate changes from beat to beat.\n\n"
        "A grey bar near 0.5 says little: a sigmoid gives 0.5 while its network says 0, and a dimension that carries "
        "nothing teaches its gate nothing. And a wide open gate only lets the network speak: how much it bends is up "
        "to it."
    )


def show_matrix() -> None:
    """The trained W beside what it started from."""
    picture, words = st.columns([2, 3], gap="large")
    with picture:
        plot(draw_matrix(shipped_run().name), "matrix", tools=False)
    with words:
        st.markdown(_how_far(weights(), active(), stored()[0].gates))


def _how_far(transition, used, gates):
    """How far training has moved the linear lane from the identity."""
    W, b, history = transition.W, transition.b, stored()[1]
    Z, own = len(W), np.diag(W)
    away, size = np.linalg.norm(W - np.eye(Z)), np.sqrt(Z)
    largest, least = abs(np.linalg.eigvals(W)).max(), gates.mean(0)[used].min()
    end = "more than 1: by this lane alone, the state would run away" if largest > 1 else "less than 1: it would settle"
    return (
        "Training begins with $W = I$ and $b = 0$: *stay where you are*, a good first guess for music that moves in "
        "small steps. The last layer of the gate's network starts with small weights, so the gate starts about half "
        f"open; after epoch {history.epochs[0]}, where the history below begins, the gates are already open "
        f"{gates_over_training()[0].mean():.2f} on average.\n\nAfter training, $\\lVert W - I \\rVert = {away:.2f}$ "
        f"(root of the sum of squares; $I$ itself has {size:.2f}), and $b$ has length {np.linalg.norm(b):.2f}. Along "
        f"the diagonal, the dimensions that the music uses have {own[used].min():.2f} to {own[used].max():.2f}, the "
        f"others {own[~used].min():.2f} to {own[~used].max():.2f}.\n\nAn eigenvalue of $W$ is the factor by which one "
        f"direction grows or shrinks at each step. The largest has size **{largest:.2f}**, {end}. But it never acts "
        f"alone: in the dimensions that the music uses, no gate is open less than {least:.2f} on average."
    )


def show_gru() -> None:
    """A gated transition beside a GRU: what goes in, what comes out."""
    picture, words = st.columns([2, 3], gap="large", vertical_alignment="center")
    with picture:
        diagram(*_two_cells(), key="cells", row=66)
    with words:
        st.markdown(GRU)
        st.caption(FINE_PRINT)


GRU = r"""
| | gated transition | GRU, a gated recurrent network |
|---|---|---|
| goes in | $z_{t-1}$ alone | $s_{t-1}$ **and the frame** $x_t$ |
| gate | $g = \operatorname{sigmoid}(\operatorname{MLP}(z_{t-1}))$ | $u = \operatorname{sigmoid}(U x_t + V s_{t-1})$ |
| shut | $W z_{t-1} + b$, a learned line | $s_{t-1}$, just as it was |
| open | $\operatorname{MLP}(z_{t-1})$, any number | $\tanh(U_n x_t + r \odot V_n s_{t-1})$, between −1 and 1 |
| another gate | none | $r = \operatorname{sigmoid}(U_r x_t + V_r s_{t-1})$, the *reset* |
| comes out | a mean **and a standard deviation** | one vector, without noise |

No observation enters the transition. It is part of the *prior*: what the model expects before it hears the frame. A GRU
in the network that guesses states from notes ([later](structured_inference)) must read the frames, for it is there to
guess what lies behind them.
"""
FINE_PRINT = (
    "The GRU's state, often called $h$, is $s$ here, for $h$ is the proposal. Its biases are left out; PyTorch writes "
    "$1 - u$ for $u$. A model with augmented edges (DMM-Aug) lets the frame *before*, $x_{t-1}$, into gate and "
    "proposal; never $x_t$."
)


def _two_cells():
    """Both cells as graphs."""
    shapes = {
        "z0": Shape(0, 0, "z<sub>t−1</sub>"),
        "gated": Shape(1.6, 0, "gated", "square", GATE, hover="gated transition"),
        "z1": Shape(3.2, 0, "z<sub>t</sub>", hover="drawn from a Gaussian"),
        "x": Shape(3.2, 1.3, "x<sub>t</sub>", colour=GREY, seen=True),
        "s0": Shape(0, 3, "s<sub>t−1</sub>", colour=GREY),
        "gru": Shape(1.6, 3, "GRU", "square", GATE, hover="gated recurrent unit"),
        "s1": Shape(3.2, 3, "s<sub>t</sub>", colour=GREY, hover="computed, not drawn"),
        "seen": Shape(1.6, 4.3, "x<sub>t</sub>", colour=GREY, seen=True),
    }
    arrows = [Arrow("z0", "gated", LATENT), Arrow("gated", "z1", LATENT), Arrow("z1", "x", GREY, pale=True)]
    arrows += [Arrow("s0", "gru"), Arrow("gru", "s1"), Arrow("seen", "gru")]
    words = (
        "Above, a gated transition: z_t-1 goes in, z_t is drawn from what comes out, and the frame x_t comes after "
        "it. Below, a GRU: s_t-1 and the frame x_t both go in, and s_t comes out."
    )
    return shapes, arrows, words
