"""The gate, last part: standard deviation or variance, and the tasks."""

from functools import lru_cache

import numpy as np
import streamlit as st

from dmm import fields, gated
from dmm.ui import tasks
from dmm.ui.gate.fields import SEED
from dmm.ui.gate.lanes import before, lanes_of, state_dials
from dmm.ui.gate.planes import look
from dmm.ui.gate.rest import FINEST, resting
from dmm.ui.gate.trained import LESSON, active, states
from dmm.ui.questions import answer


def log_normal(z, loc, scale) -> np.ndarray:
    """The log-density of a normal distribution, entry by entry, in nats."""
    return -0.5 * ((z - loc) / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi)


def answer_scale() -> None:
    """Variance or standard deviation, with what it would cost to mix them up here."""
    beat, dimension = state_dials()
    t, i = beat.start, dimension.start - 1
    now, z = lanes_of(before(t)), states()[t - 1]
    s, mistaken = now.scale[i], np.sqrt(now.scale)
    right, wrong = (log_normal(z, now.loc, scale).sum() for scale in (now.scale, mistaken))
    answer(
        "scale",
        "In this app a `scale` is always a **standard deviation**, in units of $z$; never a variance, and never a "
        "variance's logarithm. In the paper the softplus gives the *variance*. Pyro's example takes the same number "
        f"as the scale of its `Normal`, and so do we, plus a floor of {gated.SCALE_FLOOR:g} that keeps the log-density "
        "finite. Each is a model in its own right; what must not happen is to train with one and read with the "
        f"other.\n\nFrom beat {t - 1} of the stored chorale, dimension {i + 1} of the next state has scale "
        f"**{s:.3f}**: about 95 % of its draws lie within two standard deviations, {2 * s:.2f}, of the mean. Whoever "
        f"takes {s:.3f} for a variance computes $\\sqrt{{{s:.3f}}} = {mistaken[i]:.3f}$, and a band of "
        f"{2 * mistaken[i]:.2f} to each side: {'too wide' if s < 1 else 'too narrow'}. With all {len(z)} dimensions, "
        f"the log-density of the state that beat {t} then has would read {wrong:.2f} nats, where it is {right:.2f}.",
    )


# --- try this --------------------------------------------------------------------------------------------------------

FATES = [
    "In the end it comes to rest there, from whichever side",
    "Along one direction it comes nearer, along another it is carried away",
    "It is carried away, on whichever side it stands",
]


@lru_cache(1)
def least_open() -> float:
    """The smallest value at which a held gate gives the trained model a stable fixed point; of those on the slider."""
    values = [round(FINEST * k, 2) for k in range(round(1 / FINEST) + 1)]
    return next(held for held in values if resting(held).stable)


def wide_apart() -> tuple[int, int, gated.Lanes]:
    """A beat from 1 and a dimension from 0 whose lanes lie far apart, not the one that the page shows first.

    It does not follow the sliders: a question that changed while one works on it would be no help.
    """
    beat, dimension = state_dials()
    now = lanes_of(before(beat.start))
    apart = np.where(active(), abs(now.linear - now.h), 0)
    apart[dimension.start - 1] = 0
    return beat.start, int(apart.argmax()), now


def least_stable() -> fields.FixedPoint:
    """Of the usual example's fixed points, the one whose largest eigenvalue is the largest."""
    return max(look(None, 1, "example", SEED.start).fixed, key=lambda one: abs(one.eigenvalues[0]))


def fate(point: fields.FixedPoint) -> str:
    """What becomes of a state beside a fixed point."""
    away = int((abs(point.eigenvalues) > 1).sum())
    return FATES[0 if away == 0 else 1 if away < len(point.eigenvalues) else 2]


@st.fragment
def show_tasks() -> None:
    """Three tasks, each checked against what the page computes."""
    tasks.heading(LESSON)
    first, second, third = st.columns(3, gap="medium")
    with first:
        tasks.number(
            LESSON,
            "shut",
            "Hold the trained model's gate. What is the smallest $g$ on the slider of the table *All dimensions at "
            "once* with which it has a stable fixed point?",
            least_open,
            "Below it the linear lane has too much weight, and its largest eigenvalue carries the state away. The "
            "gate is what keeps this model together.",
            "Move the slider *Held at* beside that table, and read the column of stable points in its last row.",
        )
    with second:
        _ask_mean()
    with third:
        _ask_fate()


def _ask_mean():
    t, j, now = wide_apart()
    tasks.number(
        LESSON,
        "mean",
        f"Beat {t}, dimension {j + 1}, the gate as learned: the linear lane gives {now.linear[j]:.3f}, the proposal "
        f"{now.h[j]:.3f}, and the gate is open {now.g[j]:.3f}. What is the mean of the next state? (Two digits.)",
        float(now.loc[j]),
        f"$(1 - {now.g[j]:.3f}) \\cdot ({now.linear[j]:.3f}) + {now.g[j]:.3f} \\cdot ({now.h[j]:.3f})$. A mean always "
        "lies between its two lanes.",
        "$(1 - g)$ times the linear lane, plus $g$ times the proposal.",
    )


def _ask_fate():
    point = least_stable()
    sizes = " and ".join(f"{abs(one):.2f}" for one in point.eigenvalues)
    tasks.choose(
        LESSON,
        "fixed",
        f"The example with seed {SEED.start}, its gate as it is, has a fixed point at ({point.place[0]:.2f}, "
        f"{point.place[1]:.2f}), where the eigenvalues of $J$ have sizes {sizes}. A state is put close beside it. "
        "Without noise, what happens?",
        FATES,
        fate(point),
        "Each step multiplies its distance along an eigenvector by that eigenvalue.",
        "What does multiplying by a number do, again and again, if it is larger than 1? If it is smaller?",
    )
