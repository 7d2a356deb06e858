"""Runs a race: all six networks learn the same linear system from the same data, a few updates each in turn.

`python -m dmm.runs.race` makes the one that ships with the app (a minute).
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from dmm import experiments, fused, training
from dmm.batches import make_generator, to_tensors
from dmm.runs import snapshots, store
from dmm.runs.engine import ORDERS
from dmm.runs.experiment_results import NETWORKS, Result, rounded
from dmm.runs.race_records import (
    JUDGED,
    ROUNDS,
    STEPS,
    STORED,
    SYSTEM,
    TRAINED,
    new_race,
    read_race,
    save_race,
    write_results,
)
from dmm.runs.store import Status

DRAWS = 20
SAVE_EVERY = 5.0  # seconds
ORDERED = ORDERS | {"cancel": ("cancelled", "Stopped as asked.")}  # what it has learned can be seen, not used


class _Lane:
    """One network: its run, and where it is."""

    def __init__(self, folder, inference, seed, valid):
        epochs = ROUNDS * STEPS * experiments.SETTINGS["batch_size"] // TRAINED
        spec = experiments.make_experiment(SYSTEM, TRAINED, inference=inference, seed=seed, epochs=epochs)
        self.spec = spec._replace(valid=valid)  # little: the race judges by itself
        self.folder = folder / "lanes" / inference
        (self.folder / "snapshots").mkdir(parents=True, exist_ok=True)
        self.state = snapshots.load_last(self.folder, training.make_state(self.spec))

    def dmm(self):
        return training.load_dmm(self.spec.config, self.state.weights, experiments.build)

    def save(self):
        snapshots.save_last(self.folder, self.state)

    def go(self, goal):
        """On to that update; why it cannot go on, or nothing."""
        while self.state.step < goal:
            steps = training.Budget(steps=goal - self.state.step)
            self.state, report = training.advance(self.state, self.spec, steps)
            if report.ended == "diverged":
                return report.cause
            if report.ended == "done":
                break
        return ""


def run(folder: Path, orders: Callable[[], str | None] = lambda: None) -> Status:
    """Run a race that `new_race` made, from where its lanes are, to its end or until it is told to stop.

    Args:
        folder: of the race.
        orders: asked before each turn of a lane; answers None, or an order of `ORDERED`. It cannot be steered.

    Returns:
        the status it ended with, which is also in its folder.

    Raises:
        RunBusy: another process runs it.
        RunError: a lane cannot be read.
    """
    torch.set_num_threads(1)
    with store.hold(folder):
        past = read_race(folder).rounds
        _write(folder, "running", "Making the data.", len(past))
        seed = store.read_about(folder, store.RACE)["config"]["seed"]
        z, x = experiments.draw(SYSTEM, JUDGED, experiments.VALID, seed)
        exact = -experiments.EXPERIMENTS[SYSTEM].exact(x).log_likelihood.mean() / x.shape[1]
        judged = tuple(x.astype(np.float32))
        lanes = {name: _Lane(folder, name, seed, judged[:1]) for name in NETWORKS}
        known = {one.step for one in past}
        batch, began = to_tensors(judged), time.perf_counter()
        saved, spent = began, past[-1].seconds if past else 0.0
        for number in range(min(lane.state.step for lane in lanes.values()) // STEPS + 1, ROUNDS + 1):
            for name, lane in lanes.items():
                order = orders()
                if order in ORDERED:
                    _save(lanes)
                    return _write(folder, *ORDERED[order], number - 1)
                trouble = lane.go(number * STEPS)
                if trouble:
                    return _write(folder, "diverged", f"{name.upper()}: {trouble}", number - 1)
            if number * STEPS not in known:  # after a kill some lanes are ahead of a round that they have been through
                gaps = {name: round(_bound(lane.dmm(), batch, seed) - exact, 5) for name, lane in lanes.items()}
                seconds = round(spent + time.perf_counter() - began, 2)
                record = {"step": number * STEPS, "seconds": seconds, "exact": round(exact, 6), "gaps": gaps}
                store.append_lines(folder / "metrics.jsonl", [record])
            _write(folder, "running", "Training.", number)
            if time.perf_counter() - saved > SAVE_EVERY:
                _save(lanes)
                saved = time.perf_counter()
        _write(folder, "running", "Judging.", ROUNDS)
        write_results(folder, [_result(name, lane, z, x, seed) for name, lane in lanes.items()])
        return _write(folder, "done", "Done.", ROUNDS)


def _save(lanes):
    for lane in lanes.values():
        lane.save()


@torch.no_grad()
def _bound(dmm, batch, seed):
    """The bound in nats per frame, always with the same noise."""
    noise = dmm.sample_noise(batch.x, make_generator(seed, experiments.JUDGEMENT))
    return -float(fused.bound(dmm, batch, noise, kl="sampled").elbo) / int(batch.lengths.sum())


def _result(name, lane, z, x, seed):
    dmm = lane.dmm()
    judged = experiments.judge(dmm, SYSTEM, z, x, DRAWS)
    seen = experiments.influence(dmm, x[:200]).round(4).tolist()
    return Result(SYSTEM, name, seed, lane.state.step, round(lane.state.seconds, 1), **rounded(judged), influence=seen)


def _write(folder, state, sentence, number=0):
    return store.write_status(folder, store.read_status(folder)._replace(state=state, sentence=sentence, epoch=number))


def main() -> None:
    """The race that pages show first."""
    with tempfile.TemporaryDirectory() as folder:
        race = new_race(folder=Path(folder))
        print(run(race))
        found = read_race(race)
    save_race(found, STORED)
    for one in found.results:
        print(f"{one.inference}: {one.gap:.4f} +- {one.gap_se:.4f} above exact, {one.seconds:.1f} s")


if __name__ == "__main__":
    main()
