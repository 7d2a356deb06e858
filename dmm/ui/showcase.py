"""The run that came with the app, shown without torch: samples from the course of its training."""

import streamlit as st

from dmm.runs import store
from dmm.runs.samples import read_samples
from dmm.ui.current import shipped_run
from dmm.ui.hearing import hear
from dmm.ui.live import reference_lines
from dmm.ui.roll_view import roll_view

MEANING = {
    "tossing coins": "A fair coin for each of 88 keys: 88 times log 2.",
    "each key by its frequency": "A coin for each key that falls as often as the key sounds in the training pieces.",
    "each key by its last state": "A coin for each key that also knows whether the key sounded one beat before.",
}


@st.cache_data(show_spinner=False)
def _samples(run_name: str):
    return read_samples(store.find_run(run_name))[0]


def show_sample() -> None:
    """A piece that the stored model drew, at a moment of its training that the visitor chooses, with its sound."""
    run = shipped_run()
    samples = _samples(run.name)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        player = st.container(width="content")
        index = st.select_slider(
            "After how much training?",
            range(len(samples)),
            value=len(samples) - 1,
            format_func=lambda i: f"epoch {samples[i].epoch}",
            help="The same random numbers at each moment: only what the model has learned changes.",
        )
    sample = samples[index]
    with player:
        hear("hear the sample", sample.roll)
    roll_view(
        key="showcase",
        roll=sample.roll,
        latents=sample.z,
        gates=sample.gates,
        title=f"Drawn by the model after {sample.step:,} updates",
        description="64 beats drawn from a trained deep Markov model, with its hidden states and gates.",
        height=470,
    )


def show_numbers() -> None:
    """How good the stored run is, beside baselines that are computed here and now."""
    run = shipped_run()
    status = store.read_status(run)
    lines = reference_lines(store.read_run_config(run))
    stored = f"Stored with run {run.name}: its lowest validation bound, by which its weights were chosen."
    with st.container(horizontal=True, gap="large"):
        for line in lines:
            st.metric(line.label.capitalize(), f"{line.value:.2f}", help=MEANING[line.label], width="content")
        st.metric("This model", f"{status.best:.2f}", help=stored, width="content")
    st.caption(
        "Nats per beat on the validation chorales, lower is better. The model did not train on them, but its weights "
        "were chosen by them; its number is an upper bound."
    )
