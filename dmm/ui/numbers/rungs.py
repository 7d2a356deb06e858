"""Numbers: the ladder of what one can know, on these chorales with one's own run, and as published."""

import streamlit as st

from dmm import figures
from dmm.data.load import judged_on
from dmm.runs import store
from dmm.runs.published import JSB, WITH_NADE
from dmm.ui.current import chosen_run, shipped_run
from dmm.ui.live import reference_lines
from dmm.ui.plot import plot

YOURS = "your run, (b)"
KNOWN = {one.name: one for one in (*JSB, *WITH_NADE)}
PUBLISHED = (
    ("RNN", KNOWN["RNN (NLL)"].b),
    ("DMM, (b)", KNOWN["DMM, annealed"].b),
    ("DMM-Aug, (b)", KNOWN["DMM-Aug"].b),
    ("DMM, a", KNOWN["DMM, annealed"].a),
    ("DMM-Aug-NADE, (b)", KNOWN["DMM-Aug-NADE"].b),
    ("RNN-NADE", KNOWN["RNN-NADE (NLL)"].b),
)


def show_ladders() -> None:
    """Two figures of one kind that must not be mixed."""
    here, there = st.columns(2, gap="large")
    run = chosen_run()
    with here:
        st.markdown("**These chorales, validation pieces**")
        rungs = own_rungs(run)
        plot(figures.ladder(rungs), "own", tools=False)
        mine = f" Yours is run {run.name}, the one that Train shows." if rungs[-1][0] == YOURS else ""
        st.caption(
            f"The baselines are computed here and now. The stored model's number came with run {shipped_run().name}: "
            f"its lowest validation bound.{mine}"
        )
    with there:
        st.markdown("**The JSB benchmark, test pieces**")
        plot(figures.ladder([(label, nats, "published") for label, nats in PUBLISHED]), "published", tools=False)
        st.caption(
            "Krishnan, Shalit & Sontag (2017), Tables 3 and 4: other pieces, transposed and cut otherwise. A rung of "
            "the one ladder says nothing about a rung of the other."
        )


def own_rungs(run):
    """Baselines, the stored model and, if there is one on the same data, the visitor's own."""
    stored = shipped_run()
    config = store.read_run_config(stored)
    rungs = [(line.label, line.value, "baseline") for line in reference_lines(config)]
    rungs.append(("stored model, (b)", store.read_status(stored).best, "ours"))
    same = judged_on(store.read_run_config(run).data) == judged_on(config.data)
    if run != stored and same and store.read_status(run).best is not None:
        rungs.append((YOURS, store.read_status(run).best, "ours"))
    return rungs
