"""One training session of one run: slice after slice, into its folder, until it is done or told to stop.

The command line and the worker processes both call `train`; they differ only in where orders come from.
"""

import contextlib
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from dmm.data import Dataset
from dmm.data.piece import digest
from dmm.inspection import draw_piece
from dmm.runs import snapshots, store
from dmm.runs.changes import append_change, read_changes
from dmm.runs.engine import ORDERS
from dmm.runs.moments import keep_moment
from dmm.runs.samples import Sample, append_sample, drawn_steps, is_due
from dmm.runs.store import RunError, Status
from dmm.steering import Change, add, in_force
from dmm.stopping import why_over
from dmm.training import Budget, Report, Spec, State, advance, load_dmm, make_spec, make_state

SLICE = 0.2  # seconds; how soon a page sees something new, and at the latest an order is heard
SNAPSHOT_EVERY = 5.0  # seconds
HEARTBEAT_EVERY = 1.0  # seconds
SAMPLE_FRAMES = 64
SAMPLE = 100  # a stream of random numbers of its own: each sample of a run starts from the same noise

ADVICE = "The weights are back to before that; try a lower learning rate."
STEPPED = ("paused", "One step at a time: press Step for the next update, or Resume.")


def train(
    run: Path,
    dataset: Dataset,
    orders: Callable[[], "str | Change | None"] = lambda: None,
    on_report: Callable[[State, Spec, Report], None] = lambda state, spec, report: None,
    steps: int | None = None,
    until: Callable[[], bool] = lambda: False,
) -> Status:
    """Train a run from its last snapshot on.

    Args:
        run: its folder, as `store.new_run` made it.
        dataset: the pieces.
        orders: asked between slices; answers None, one of `engine.ORDERS`, or a `Change`, which holds from then on.
        on_report: told of every slice.
        steps: so many updates, then a pause.
        until: asked after each update; the slice then ends if it says so, and `orders` is asked.

    Returns:
        the status the run ended with, which is also in its folder. A disk that refuses to write ends the session
        with the state "paused"; the last good snapshot stays as it is.

    Raises:
        RunBusy: another process trains it.
        RunError: the run cannot be read, or the data are not those it started with.
    """
    torch.set_num_threads(1)  # two threads that share a busy core are slower than one, and sums depend on their number
    spec = make_spec(store.read_run_config(run), dataset)
    _check_data(run, dataset)
    with store.hold(run):
        spec = spec._replace(changes=read_changes(run))
        session = _Session(run, spec, snapshots.load_last(run, make_state(spec)))
        try:
            return session.run_on(orders, on_report, steps, until)
        except BrokenPipeError:  # who listens to the reports has gone; that is no disk
            raise
        except OSError as error:
            return session.give_up(error)


class _Session:
    """The moving parts of a session: the newest state, and the newest one whose weights have been seen to work."""

    def __init__(self, run, spec, state):
        self.run, self.spec = run, spec
        self.state = self.good = state
        self.drawn = drawn_steps(run)  # a run that went back draws none twice
        self.saved = self.beat = time.monotonic()

    def run_on(self, orders, on_report, steps, until):
        self.write("running", "Training.")
        self.draw()
        keep_moment(self.run, self.state, self.spec)
        goal = None if steps is None else self.state.step + steps
        budget = Budget(steps=1)  # a first point at once
        while True:
            order = orders()
            if isinstance(order, Change):
                self.change(order)
                continue
            if order:
                return self.end(*ORDERS[order])
            if self.state.step == goal:
                return self.end(*STEPPED)
            report = self.slice(budget)
            budget = Budget(SLICE, None if goal is None else goal - self.state.step, until)
            on_report(self.state, self.spec, report)
            if report.ended == "diverged":
                self.go_back()
                return self.end("diverged", f"{report.cause} {ADVICE}")
            over = self.why_over(report) or (report.ended == "done" and self.done())
            if over:
                return self.end("done", over)
            self.keep_up()

    def done(self):
        """What there is to say of a run that has had all its epochs."""
        if not self.spec.config.epochs:
            return "Done: it was to train for 0 epochs, so its weights are the first ones."
        return f"Done: {self.epoch} epochs."

    def change(self, order):
        """From the next update on it is as a hand has set it."""
        change = order._replace(step=self.state.step)
        append_change(self.run, change)
        self.spec = self.spec._replace(changes=add(self.spec.changes, change))

    def go_back(self):
        """To the last weights that were seen to work; what was changed after them counts no more."""
        self.state = self.good
        if any(change.step > self.state.step for change in self.spec.changes):
            self.change(in_force(self.spec.changes, self.state.step, self.spec.config))

    def why_over(self, report):
        """By the clock at any time, by the validation bound only where there is a new one."""
        counters = {name: getattr(self.state, name) for name in ("step", "best", "best_step", "seconds")}
        if report.ended == "budget":
            counters |= {"best": math.inf}
        return why_over(self.spec.config, updates_per_epoch=self.spec.updates_per_epoch, **counters)

    def slice(self, budget):
        """Train for a while and write down what came of it."""
        before = self.state
        self.state, report = advance(before, self.spec, budget)
        if report.records and "skipped" not in report.records[0]:
            self.good = before
        store.append_lines(self.run / "metrics.jsonl", report.records)
        if any(record.get("improved") for record in report.records):
            snapshots.save_best(self.run, self.state)
            self.good = self.state
        if report.ended in ("milestone", "done"):
            keep_moment(self.run, self.state, self.spec)
        if report.ended == "done" or (report.ended == "milestone" and is_due(self.epoch)):
            self.draw()
        return report

    def keep_up(self):
        """A snapshot and a heartbeat, if it is time for them."""
        now = time.monotonic()
        if not self.state.bad_steps and now - self.saved > SNAPSHOT_EVERY:
            snapshots.save_last(self.run, self.state)
            self.saved = now
        if now - self.beat > HEARTBEAT_EVERY:
            self.write("running", "Training.")
            self.beat = now

    def end(self, name, sentence):
        if self.state.bad_steps:
            self.state = self.good
        snapshots.save_last(self.run, self.state)
        return self.write(name, sentence)

    def give_up(self, error):
        """The disk refuses: the run is where its last snapshot is."""
        with contextlib.suppress(RunError):
            self.state = snapshots.load_last(self.run, make_state(self.spec))
        kept = "The last snapshot is intact" if self.state.step else "Nothing was saved yet"
        sentence = f"{store.COULD_NOT_SAVE}: {store.reason(error)}. {kept}; free some space and resume."
        try:
            return self.write("paused", sentence)
        except OSError:  # the old status then stays
            return self.status("paused", sentence)

    def write(self, name, sentence):
        return store.write_status(self.run, self.status(name, sentence))

    def status(self, name, sentence):
        best = self.state.best if math.isfinite(self.state.best) else None
        return Status(name, sentence, self.state.step, self.epoch, round(self.state.seconds, 3), best, pid=os.getpid())

    @property
    def epoch(self):
        return self.state.step // self.spec.updates_per_epoch

    def draw(self):
        """A piece drawn from the model as it is now, unless there is one of this step."""
        config, step = self.spec.config, self.state.step
        if step in self.drawn:
            return
        piece = draw_piece(load_dmm(config, self.state.weights), SAMPLE_FRAMES, config.seed, SAMPLE)
        if np.isfinite(piece.z).all():  # else the run is about to count as diverged
            append_sample(self.run, Sample(step, self.epoch, piece.roll, piece.z, piece.gates))
            self.drawn.add(step)


def _check_data(run, dataset):
    expected = store.read_about(run).get("data", {}).get("digest")
    if expected and expected != digest(dataset):
        raise RunError("The data have changed since this run began, so it cannot go on; start a new run.")
