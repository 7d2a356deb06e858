"""Train: whether a run that a link describes, trained again here, came out the same."""

from bisect import bisect_left

import streamlit as st

from dmm.config import Config
from dmm.runs import fingerprint, store
from dmm.runs.changes import read_changes
from dmm.ui.train.link import KEY
from dmm.ui.words import plain

BY_THE_CLOCK = "The learning rate of this run follows the clock, so it comes out otherwise than in the link each time."
BY_HAND = "This run was steered by hand, so its curve is not held against that of the link."
NOT_YET = "The link's curve stands at {} nats per frame on validation after update {:,}; there the two are compared."


def show(run, config: Config, curves) -> None:
    """Under the chart of a run whose settings are those of the link: how it compares; of any other run nothing.

    Args:
        curves: of the run, `runs.curves.Curves`, up to date.
    """
    sentence = compare(run, config, curves.points, st.session_state.get(KEY))
    if sentence:
        st.caption(plain(sentence))


def compare(run, config, points, told) -> str:
    """The same as a sentence, or nothing."""
    if not told or not told.was or run.parent == store.SHIPPED or config.model_dump() != told.values:
        return ""
    if config.schedule == "cosine" and config.seconds:
        return BY_THE_CLOCK
    if read_changes(run):
        return BY_HAND
    bound = validation_at(points, told.was.step)
    if bound is None:
        return NOT_YET.format(f"{told.was.bound:.3f}", told.was.step)
    here = fingerprint.made_with(run, told.was.step, bound)
    return fingerprint.compare(told.was, here) if here else ""


def validation_at(points, step: int) -> float | None:
    """The bound on the validation pieces after an update; None if there is none, or not yet."""
    place = bisect_left(points["step"], step)
    return points["validation"][place] if place < len(points["step"]) and points["step"][place] == step else None
