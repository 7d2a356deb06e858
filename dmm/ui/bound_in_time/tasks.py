"""The bound in time: the tasks."""

import numpy as np
import streamlit as st

from dmm import d_separation, gaussian_chain, systems
from dmm.systems import FRAMES
from dmm.ui import tasks
from dmm.ui.bound_in_time.beat import stored
from dmm.ui.bound_in_time.drawing import kind_of, named
from dmm.ui.bound_in_time.paths import GRAPHS, state
from dmm.ui.bound_in_time.trajectories import LESSON


@st.fragment
def show_tasks() -> None:
    """Three tasks."""
    tasks.heading(LESSON)
    first, second, third = st.columns(3)
    with first:
        tasks.reach(
            LESSON,
            "blocked",
            f"At the graph above (answer its question first) choose {GRAPHS['augmented']}, and ask what $x_1$ tells "
            "about $z_4$. Click nodes until it tells **nothing**, without knowing any frame from $x_4$ on.",
            is_blocked,
            "Where frames reach the next latent, the latent before is not enough: the frame beside it must be known as "
            "well. The exact factor of $z_t$ in DMM-Aug sees $z_{t-1}$, $x_{t-1}$ and $x_{t:T}$.",
            "List the open paths. Each needs one known node in its middle, and not at a collider. Find two nodes that "
            "stand one below the other.",
        )
    with second:
        tasks.number(
            LESSON,
            "equal",
            "A network makes its guess equal to the prior: $q(z_t \\mid z_{t-1}, x) = p(z_t \\mid z_{t-1})$. What is "
            "$\\mathrm{KL}_t$, in nats?",
            kl_of_equals,
            "Then $q$ has learned nothing from the frames, and the whole bound is the reconstruction.",
            "Put $\\sigma_q = \\sigma_p$ and $\\mu_q = \\mu_p$ into the closed form, and mind its last term.",
        )
    with third:
        tasks.number(
            LESSON,
            "dearest",
            "In the chorale above: which beat **after the first** has the largest $\\mathrm{KL}_t$?",
            dearest,
            dearest_because(),
            "Look for the tallest orange part. The pointer on a bar tells its height.",
            digits=0,
        )


def is_blocked() -> tuple[bool, str]:
    """Whether the graph as it stands solves the first task; and how it stands, in words."""
    graph, source, target, known = state()
    kind = kind_of(graph)
    if (kind, source, target) != ("augmented", "x1", "z4"):
        return False, f"Now: {GRAPHS[kind]}, from {named(source)} to {named(target)}."
    told = ", ".join(named(node) for node in sorted(known)) or "nothing"
    late = [node for node in known if node[0] == "x" and int(node[1:]) >= 4]
    count = sum(one.is_open for one in d_separation.paths(graph, source, target, known))
    return not late and not count, f"Known: {told}; open paths: {count}."


def kl_of_equals() -> float:
    """The KL of S9's prior to itself, over all steps."""
    prior = gaussian_chain.prior(systems.linear(), FRAMES)
    return float(gaussian_chain.kl_by_step(prior, prior).sum())


def dearest() -> int:
    """The beat after the first with the largest KL."""
    return int(np.argmax(stored().kl.sum(1)[1:])) + 2


def dearest_because() -> str:
    """Its KL, and that of the first."""
    kl, beat = stored().kl.sum(1), dearest()
    return (
        f"It costs {kl[beat - 1]:.2f} nats; the first beat {kl[0]:.2f}, since $p(z_1)$ must do for every chorale. A "
        "large KL says that the frames moved the guess far from what the step before led to expect."
    )
