"""Compare: the tasks."""

import streamlit as st

from dmm.runs import store
from dmm.runs.comparison import differences, read_pinned
from dmm.ui import tasks
from dmm.ui.compare.pinned import LESSON
from dmm.ui.current import shipped_runs


def show_tasks(pinned) -> None:
    """One on what differs, one on what it costs."""
    tasks.heading(LESSON)
    first, second = st.columns(2)
    with first:
        tasks.reach(
            LESSON,
            "fair",
            "Pin exactly two runs that differ in **one** setting alone.",
            lambda: one_apart(pinned),
            "Only such a pair says what a setting does; and only for this seed: another seed moves the number as well.",
            "Two of the runs that came with the app are such a pair.",
        )
    with second:
        rich, poor = (read_pinned(run) for run in shipped_runs()[1:3])
        tasks.number(
            LESSON,
            "cost",
            "Two of the runs that came with the app, both with 300 epochs, differ in the inference network alone. How "
            "many nats per frame does the weaker network cost, at their best?",
            lambda: store.read_status(poor.run).best - store.read_status(rich.run).best,
            f"{poor.config.inference.upper()} guesses each latent without knowing the one before it; "
            f"{rich.config.inference.upper()} knows it ([Structured inference](structured_inference)).",
            "Subtract the best bounds in the table.",
            within=0.01,
        )


def one_apart(pinned) -> tuple[bool, str]:
    """Whether two runs are pinned that differ in one setting."""
    count = len(differences([one.config for one in pinned])) if pinned else 0
    words = f"{len(pinned)} run{'s' if len(pinned) != 1 else ''} pinned, {count} settings differ."
    return len(pinned) == 2 and count == 1, words
