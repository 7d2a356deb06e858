"""The run that came with the app, shown without torch: samples from the course of its training."""

import math

import streamlit as st

from dmm.music import KEYS
from dmm.runs import store
from dmm.runs.samples import read_samples
from dmm.ui import tasks
from dmm.ui.current import shipped_run
from dmm.ui.dials import stops
from dmm.ui.live import reference_lines
from dmm.ui.roll_view import roll_view

MEANING = {
    "tossing coins": "A fair coin for each of 88 keys: 88 times log 2.",
    "each key by its frequency": "A coin for each key that falls as often as the key sounds in the training pieces.",
    "each key by its last state": "A coin for each key that also knows whether the key sounded one beat before; of the "
    "hidden state it knows nothing.",
}


@st.cache_data(show_spinner=False)
def _samples(run_name: str):
    return read_samples(store.find_run(run_name))[0]


def show_sample() -> None:
    """A piece that the stored model drew, at a moment of its training that the visitor chooses, with its sound."""
    run = shipped_run()
    samples = _samples(run.name)
    sample = _choose_moment(samples)
    roll_view(
        key="showcase",
        roll=sample.roll,
        latents=sample.z,
        gates=sample.gates,
        title=f"Drawn by the model after {sample.step:,} updates",
        description="64 beats drawn from a trained deep Markov model, with its hidden states and gates.",
        height=470,
    )


def _choose_moment(samples):
    """One of the samples by its update; at first the last."""
    names = {f"{one.step}": f"epoch {one.epoch}" for one in samples}
    help = "The same random numbers at each moment: only what the model has learned changes."
    chosen = stops("home", "moment", "After how much training?", names, help, start=f"{samples[-1].step}")
    return next(one for one in samples if f"{one.step}" == chosen)


def numbers():
    """The stored run's lowest validation bound, and the baselines on the same pieces, computed here and now."""
    run = shipped_run()
    return store.read_status(run).best, reference_lines(store.read_run_config(run))


def show_numbers() -> None:
    """How good the stored run is, beside the baselines."""
    run = shipped_run()
    best, lines = numbers()
    stored = f"Stored with run {run.name}: its lowest validation bound, by which its weights were chosen."
    with st.container(horizontal=True, gap="large"):
        for line in lines:
            st.metric(line.label.capitalize(), f"{line.value:.2f}", help=MEANING[line.label], width="content")
        st.metric("This model", f"{best:.2f}", help=stored, width="content")
    st.caption(
        "Nats (units of the natural logarithm) per beat on the validation chorales, lower is better. The model did not "
        "train on them, but its weights were chosen by them; its number is an upper bound on what the beats cost it, "
        "which nobody can compute (see [The bound](bound))."
    )


@st.fragment
def show_tasks() -> None:
    """Two small ones, on the numbers above."""
    tasks.heading("home")
    best, lines = numbers()
    lowest, coins = (choose(lines, key=lambda line: line.value) for choose in (min, max))
    first, second = st.columns(2)
    with first:
        tasks.number(
            "home",
            "better",
            "By how many nats per beat is this model better than the best of the three baselines?",
            lowest.value - best,
            f"{lowest.value:.2f}, “{lowest.label}”, minus {best:.2f}. A nat less makes a beat "
            f"{math.e:.1f} times as probable, so to this model a typical beat of Bach is "
            f"at least {math.exp(lowest.value - best):.0f} times as probable as to that baseline.",
            "Lower is better, so the best baseline is the one with the smallest number.",
            within=0.02,
        )
    with second:
        tasks.number(
            "home",
            "coin",
            f"“{coins.label.capitalize()}” costs {coins.value:.2f} nats per beat: a fair coin for each of {KEYS} keys. "
            "What does one of these coins cost?",
            coins.value / KEYS,
            f"It is $\\log 2$: one coin is one *bit*, and a bit is {math.log(2):.3f} nats. All {KEYS} keys are {KEYS} "
            "bits.",
            "The keys are independent, so what they cost adds up.",
            within=0.006,
        )
