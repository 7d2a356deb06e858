"""How a model came to see a piece: stored with a run that came with the app, else computed from what its run kept."""

import time
from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm.history import History, Moment, make_history
from dmm.inspection import Inspection
from dmm.plane import plane_through
from dmm.runs import store
from dmm.runs.store import RunError
from dmm.ui.datasets import dataset_of
from dmm.ui.looking import inspect, stored_of, version_of
from dmm.ui.words import plain

DRAWS = 24  # of the posterior, at each moment
PATIENCE = 0.4  # seconds without a progress bar
WAIT = "Looking at the piece as the model did at {} moments of its training…"
STORED = "Stored with the run, each number rounded to one of 256 levels."
ONLY_BEST = (
    "Of a run that came with the app only the best weights are kept, so other pieces than the first one show a single "
    "moment."
)
NOT_KEPT = "This run has kept no earlier moment of its training, so there is one to see."

CHANGED = "This run went back to an earlier update while it was read; choose it again."
RAN_AWAY = "With these weights the hidden states of this piece are not finite numbers; look at another run or piece."


class Past(NamedTuple):
    """A piece through a model at moments of its training; `best` with the weights that pages show, to all digits.

    version: changes when something of it does. note: where it is from.
    """

    history: History
    best: Inspection
    version: tuple
    note: str


def past_of(run, piece) -> Past:
    """The history of a run and a piece; a sentence, and the page stops, if the snapshot is unreadable."""
    if is_stored(run, piece):
        inspection, history = stored_of(run)
        return Past(history, inspection, (version_of(run),), STORED)
    try:
        best, step = inspect(run.name, version_of(run), piece.name, piece.roll)
    except RunError as error:
        st.error(plain(str(error)))
        st.stop()
    if not is_finite(best):
        st.error(RAN_AWAY)
        st.stop()
    files = tuple((path.name, _changed(path)) for path in store.list_moments(run))
    _see_all(run, files, piece)
    version = (version_of(run), files)
    try:
        history = _history(run.name, version, piece.name, piece.roll, best, step)
    except RunError as error:
        st.error(plain(str(error)))
        st.stop()
    few = ONLY_BEST if run.parent == store.SHIPPED else NOT_KEPT
    return Past(history, best, version, few if len(history.steps) == 1 else "")


def is_stored(run, piece) -> bool:
    """Whether moments of the training are stored for this piece: a run that came with the app has those of one."""
    return run.parent == store.SHIPPED and piece.name == dataset_of(store.read_run_config(run).data).test[0].name


def _see_all(run, files, piece):
    """Computes what is not in the cache yet, with a progress bar if it takes a while."""
    start, place, bar = time.monotonic(), st.empty(), None
    for done, (name, version) in enumerate(files):
        if bar is None and time.monotonic() - start > PATIENCE:
            bar = place.progress(0.0, WAIT.format(len(files)))
        if bar is not None:
            bar.progress(done / len(files), WAIT.format(len(files)))
        _see(run.name, name, version, piece.name, piece.roll)
    place.empty()


@st.cache_data(show_spinner=False, max_entries=400)
def _see(run_name: str, name: str, version: float, piece_name: str, _roll: np.ndarray):
    """A piece at one moment: the update and the inspection, without its draws; None if it cannot be read."""
    from dmm.inspection import inspect_piece

    found = _load(run_name, name)
    if found is None:
        return None
    inspection = inspect_piece(found[0], _roll, draws=DRAWS, keep=0)
    return (found[1], inspection) if is_finite(inspection) else None


def is_finite(inspection) -> bool:
    """Whether all that is seen are numbers."""
    return all(np.isfinite(part).all() for part in inspection)


@st.cache_data(show_spinner=False, max_entries=400)
def _flow(run_name: str, name: str, version: float, plane_id: bytes, _plane):
    """The transition on a plane at one moment."""
    from dmm.plane import look, mean_of

    found = _load(run_name, name)
    if found is None:
        raise RunError(CHANGED)
    return look(mean_of(found[0]), _plane)


@st.cache_data(show_spinner=False, max_entries=30)
def _history(run_name: str, version: tuple, piece_name: str, _roll, _best, step: int):
    """All moments in their order, the one with the best weights among them."""
    from dmm.runs.moments import epoch_of, read_validations

    run, (_, files) = store.find_run(run_name), version
    validated = read_validations(run)

    def moment(step, epoch, inspection):
        known = validated.get(step)
        return Moment(step, known.epoch if known else epoch, known.bound if known else np.nan, inspection)

    seen = {}
    for name, changed in files:
        found = _see(run_name, name, changed, piece_name, _roll)
        if found is not None:
            seen[found[0]] = (moment(found[0], epoch_of(run / name), found[1]), (name, changed))
    seen[step] = (moment(step, 0, _best), None)
    moments, where = zip(*(seen[step] for step in sorted(seen)), strict=True)
    return make_history(list(moments), *_flows(run_name, where, plane_through(_best.z_loc), version[0]))


def _flows(run_name, where, plane, version):
    """The plane and the transition on it at each moment, the best weights where there is no file; or nothing."""
    from dmm.plane import look, mean_of
    from dmm.ui.looking import model_of

    best = model_of(store.find_run(run_name))[0]
    if plane is None or best.augmented:
        return ()
    key = b"".join(part.tobytes() for part in plane)
    flows = [_flow(run_name, *file, key, plane) if file else look(mean_of(best), plane) for file in where]
    return plane, flows


def _load(run_name, name):
    """The model of one moment and its update; None if it cannot be read."""
    from dmm.runs.moments import load_moment
    from dmm.runs.snapshots import shapes_of
    from dmm.training import load_dmm

    run = store.find_run(run_name)
    config = store.read_run_config(run)
    try:
        weights, step = load_moment(run / "moments" / name, shapes_of(config))
    except RunError:
        return None
    return load_dmm(config, weights).eval().requires_grad_(False), step


def _changed(path):
    """When a moment was written; 0 if it has just been dropped."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
