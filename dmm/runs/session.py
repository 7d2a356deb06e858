"""One training session of one run: slice after slice, into its folder, until it is done or told to stop.

The command line and the worker process both call `train`; they differ only in where orders come from.
"""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from dmm.data import Dataset
from dmm.data.piece import digest
from dmm.runs import snapshots, store
from dmm.runs.samples import Sample, append_sample, is_due
from dmm.runs.store import RunError, Status
from dmm.training import Budget, Report, Spec, State, advance, load_dmm, make_generator, make_spec, make_state

SLICE = 0.3  # seconds; how soon an order is heard and a page sees something new
SNAPSHOT_EVERY = 5.0  # seconds
SAMPLE_FRAMES = 64
SAMPLE = 100  # a stream of random numbers of its own: each sample of a run starts from the same noise

ORDERS = {
    "pause": ("paused", "Paused; press Resume to go on."),
    "cancel": ("cancelled", "Stopped as asked; what it had learned is kept."),
    "limit": ("paused", "The time limit is up; it can go on from here."),
    "interrupt": ("interrupted", "Interrupted; it can go on from here."),
}


def train(
    run: Path,
    dataset: Dataset,
    orders: Callable[[], str | None] = lambda: None,
    on_report: Callable[[State, Spec, Report], None] = lambda state, spec, report: None,
) -> Status:
    """Train a run from its last snapshot on.

    Args:
        run: its folder, as `store.new_run` made it.
        dataset: the pieces.
        orders: asked between slices; answers None, "pause", "cancel" or "interrupt".
        on_report: told of every slice.

    Returns:
        the status the run ended with, which is also in its folder. A disk that refuses to write ends the session
        with the state "paused"; the last good snapshot stays as it is.

    Raises:
        RunError: the run cannot be read, or the data are not those it started with.
    """
    torch.set_num_threads(1)  # two threads that share a busy core are slower than one, and sums depend on their number
    spec = make_spec(store.read_run_config(run), dataset)
    _check_data(run, dataset)
    state = snapshots.load_last(run, make_state(spec))
    try:
        return _train(run, spec, state, orders, on_report)
    except OSError as error:
        sentence = f"Could not save: {store.reason(error)}. The last snapshot is intact; free some space and resume."
        status = _status("paused", sentence, state, spec)
        with contextlib.suppress(OSError):  # the old status then stays
            store.write_status(run, status)
        return status


def _train(run, spec, state, orders, on_report):
    store.write_status(run, _status("running", "Training.", state, spec))
    if state.step == 0:
        _write_sample(run, spec, state)
    saved = beat = time.monotonic()
    budget = Budget(steps=1)  # a first point at once
    while True:
        order = orders()
        if order:
            return _end(run, spec, state, *ORDERS[order])
        state, report = advance(state, spec, budget)
        budget = Budget(seconds=SLICE)
        store.append_lines(run / "metrics.jsonl", report.records)
        if any(record.get("improved") for record in report.records):
            snapshots.save_best(run, state)
        if report.ended == "done" or (report.ended == "milestone" and is_due(_epoch(state, spec))):
            _write_sample(run, spec, state)
        on_report(state, spec, report)
        if report.ended == "done":
            return _end(run, spec, state, "done", f"Done: {spec.config.epochs} epochs.")
        if report.ended == "diverged":
            advice = "The weights are back to before that; try a lower learning rate."
            return _end(run, spec, state, "diverged", f"{report.cause} {advice}")
        now = time.monotonic()
        if now - saved > SNAPSHOT_EVERY:
            snapshots.save_last(run, state)
            saved = now
        if now - beat > 1:
            store.write_status(run, _status("running", "Training.", state, spec))
            beat = now


def _end(run, spec, state, name, sentence):
    snapshots.save_last(run, state)
    status = _status(name, sentence, state, spec)
    store.write_status(run, status)
    return status


def _status(name, sentence, state, spec):
    best = state.best if np.isfinite(state.best) else None
    return Status(name, sentence, state.step, _epoch(state, spec), round(state.seconds, 3), best, pid=os.getpid())


def _check_data(run, dataset):
    expected = store.read_about(run).get("data", {}).get("digest")
    if expected and expected != digest(dataset):
        raise RunError("The data have changed since this run began, so it cannot go on; start a new run.")


def _write_sample(run, spec, state):
    """A piece drawn from the model as it is now."""
    generator = make_generator(spec.config.seed, SAMPLE)
    z, gates, probabilities = load_dmm(spec.config, state.weights).sample(SAMPLE_FRAMES, generator)
    roll = torch.rand(probabilities.shape, generator=generator) < probabilities
    arrays = (part[0].double().numpy() for part in (roll, z, gates))
    append_sample(run, Sample(state.step, _epoch(state, spec), *arrays))


def _epoch(state, spec):
    return state.step // spec.updates_per_epoch
