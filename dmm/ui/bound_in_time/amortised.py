"""The bound in time: a guess for each sequence, or one network that makes the guesses of all."""

import json
from functools import lru_cache

import numpy as np
import streamlit as st

from dmm.palette import BLUE, GREY, KL, LATENT
from dmm.runs import store
from dmm.ui.current import shipped_run
from dmm.ui.datasets import dataset_of
from dmm.ui.diagram import Arrow, Shape, diagram
from dmm.ui.looking import version_of


def show_amortised() -> None:
    """Two ways to hold a guess for each sequence of a data set, and how many numbers each has."""
    own, shared = st.columns(2, gap="large")
    frames, numbers, weights = sizes(shipped_run().name, version_of(shipped_run()))
    with own:
        st.markdown("**One $q$ for each sequence**")
        words = "Three sequences; a guess is fitted to each of them, one by one."
        diagram(*_ways(shared=False), words, key="own", fit=False, row=58)
        st.markdown(
            f"A mean and a standard deviation for each dimension of each latent: {numbers:,} numbers for the "
            f"{frames:,} frames that the stored run was trained on. A new chorale begins from nothing."
        )
    with shared:
        st.markdown("**One network for all: *amortised***")
        words = "Three sequences; one network, φ, makes the guess of each."
        diagram(*_ways(shared=True), words, key="shared", fit=False, row=58)
        st.markdown(
            f"The network, with weights $\\phi$, reads any sequence and gives its means and standard deviations. The "
            f"stored run's has {weights:,} weights, and a new chorale costs one pass."
        )


def _ways(shared):
    """Three sequences and the numbers of their guesses; in between, perhaps, the network."""
    shapes, arrows = {}, []
    for i in range(3):
        shapes[f"x{i}"] = Shape(0, i, f"x<sub>1:T</sub>, no. {i + 1}", kind="box", colour=GREY, width=1.5)
        shapes[f"q{i}"] = Shape(4, i, f"μ<sub>1:T</sub>, σ<sub>1:T</sub> no. {i + 1}", kind="box", colour=KL, width=1.9)
        arrows += [Arrow(f"x{i}", "net"), Arrow("net", f"q{i}")] if shared else [Arrow(f"x{i}", f"q{i}", dashed=True)]
    if shared:
        shapes["net"] = Shape(2, 1, "φ", kind="box", colour=BLUE, strong=True, width=0.8, hover="the inference network")
    else:
        shapes["fit"] = Shape(2, 1, "fitted\none by one", kind="box", colour=LATENT, width=1.3, height=0.85)
    return shapes, arrows


@lru_cache(maxsize=4)
def sizes(run_name: str, version: float) -> tuple[int, int, int]:
    """Frames a run was trained on, how many numbers a guess for each of them has, and the weights of its network."""
    run = store.find_run(run_name)
    config = store.read_run_config(run)
    frames = sum(len(piece.roll) for piece in dataset_of(config.data).train)
    snapshot = store.shown_snapshot(run).read_bytes()
    header = json.loads(snapshot[8 : 8 + int.from_bytes(snapshot[:8], "little")])
    weights = sum(np.prod(one["shape"], dtype=int) for name, one in header.items() if "weights.inference." in name)
    return frames, 2 * frames * config.z_dim, int(weights)
