"""Numbers: the tasks."""

import math

import streamlit as st

from dmm.music import KEYS
from dmm.runs.judged import load_judged
from dmm.ui import tasks
from dmm.ui.numbers.recipes import LESSON, of_bounds
from dmm.ui.numbers.toy import Toy

WHO = ["A, and by more than 0.05", "A, but by less than 0.05", "B: it has more draws"]
APART = 1.0  # nats per frame


@st.fragment
def show_tasks() -> None:
    """One to bring about, one to compute, one to think about."""
    if load_judged() is None:
        return
    tasks.heading(LESSON)
    first, second, third = st.columns(3)
    with first:
        tasks.reach(
            LESSON,
            "apart",
            f"With the three pieces above, make *{{c}}* at least {APART:g} nat **smaller** than *(b)*.",
            below,
            "So the same costs look better or worse by the recipe alone: here the long piece is the dear one.",
            "*{c}* gives a short piece as much weight as a long one. Which pieces should be cheap, then?",
        )
    with second:
        tasks.number(
            LESSON,
            "bits",
            f"What is the stored model's *(b)* in **bits per key**? A frame has {KEYS} keys. (Three digits.)",
            bits_per_key,
            f"*(b)* divided by $\\log 2$ and by {KEYS}. A coin for each key would be 1 bit: most keys are silent most "
            "of the time, and the model knows it.",
            "The table above has it in bits per frame.",
            within=0.001,
            digits=4,
        )
    with third:
        tasks.choose(
            LESSON,
            "fair",
            "Two papers print *a* on the same pieces: A with $S = 10$, B with $S = 2000$; A's is lower by 0.05. Which "
            "model is better, were both judged with the same $S$?",
            WHO,
            who,
            hint="Where does A's number go if it takes 2000 draws as well? See the curve.",
        )


def below() -> tuple[bool, str]:
    """Whether {c} is far below (b)."""
    found = Toy().bounds
    return found.per_frame - found.mean_of_means >= APART, (
        f"*(b)* is {found.per_frame:.2f}, *{{c}}* is {found.mean_of_means:.2f}."
    )


def bits_per_key() -> float:
    """(b) in bits per key."""
    return of_bounds().per_frame / math.log(2) / KEYS


def who() -> tuple[str, str]:
    """The right answer, from the stored model's own curve."""
    judged = load_judged()
    a, counts = judged.per_frame()[0], list(judged.counts)
    falls = float(a[counts.index(10)] - a[counts.index(2000)])
    return WHO[int(falls <= 0)], f"More draws can only help, on average: the stored model's *a* falls by {falls:.3f}."
