"""What takes minutes: processes that are killed again and again, half a minute of learning, a disk that is full."""

import contextlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from dmm import floors, systems
from dmm.config import make_config
from dmm.data import load_dataset
from dmm.data.baselines import markov_keys
from dmm.optimisers import Moments
from dmm.runs import race, session, snapshots, store
from dmm.runs.events import read_events
from dmm.runs.race_records import new_race, read_race
from dmm.runs.samples import read_samples
from dmm.training import Budget, State, advance, make_spec, make_state
from tests.browser import is_there
from tests.tiny_runs import (
    FOREVER,
    ended,
    make_run,
    metrics,
    runner,
    step_of,
    wait_for,
    without_clock,
    write_tiny_data,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]

KILLS = 25
KILLS_WHILE_SAVING = 200
CANCELS, STARTS = 40, 10
BRISK = """
from dmm.runs import session, worker
session.SLICE, session.SNAPSHOT_EVERY, session.HEARTBEAT_EVERY = 0.02, 0.05, 0.05
worker.main()
"""  # a worker that is nearly always writing something


@pytest.fixture
def data(tmp_path):
    return write_tiny_data(tmp_path)


def undisturbed(run, data, step):
    """The state and the records of the same run at this step, trained in one go."""
    spec, seen = make_spec(store.read_run_config(run), load_dataset(data)), []
    state = make_state(spec)
    while state.step < step:
        state, report = advance(state, spec, Budget(steps=step - state.step))
        seen += report.records
    return state, without_clock(seen)


def last_state(run, data):
    return snapshots.load_last(run, make_state(make_spec(store.read_run_config(run), load_dataset(data))))


def assert_as_undisturbed(run, data):
    """Bit for bit the weights, moments, counters and metrics of a run that nothing happened to; its last step."""
    found = last_state(run, data)
    state, records = undisturbed(run, data, found.step)
    assert all(torch.equal(weight, found.weights[name]) for name, weight in state.weights.items())
    assert all(map(torch.equal, state.moments, found.moments))
    assert (state.step, state.bad_steps, state.best) == (found.step, found.bad_steps, found.best)
    assert metrics(run) == records
    return found.step


# processes that are killed


def assert_readable(run, data):
    """All that a killed process left can be read; the step of the snapshot that it would go on from."""
    json.loads((run / "status.json").read_text())
    assert store.read_status(run).state in ("queued", "running", "interrupted", "failed")
    records, _ = store.read_lines(run / "metrics.jsonl")
    assert all({"step", "kind", "seconds"} <= record.keys() for record in records)
    read_samples(run)
    with contextlib.suppress(store.RunError):  # none yet
        snapshots.load_run(run, "best")
    state = last_state(run, data)
    assert any((run / "snapshots").glob("step-*")) == (state.step > 0)
    return state.step


def test_a_run_whose_worker_is_killed_again_and_again_is_told_of_and_ends_bit_identical(tmp_path, data):
    run, rng, steps, told, lost = make_run(tmp_path, data, epochs=FOREVER), random.Random(1), [0], [], 0
    with runner(places=1, command=(sys.executable, "-c", BRISK)) as one:
        for kill in range(KILLS):
            one.submit(run)
            wait_for(lambda: one.trains(run))
            (pid,), before, events = one.engine.pids(), step_of(run), len(read_events(run))
            if kill % 5:  # else while it starts
                wait_for(lambda before=before: step_of(run) != before)
                time.sleep(rng.uniform(0, 1))
            else:
                time.sleep(rng.uniform(0, 0.2))
            os.kill(pid, signal.SIGKILL)
            start = time.monotonic()
            wait_for(lambda events=events: len(read_events(run)) > events or not one.holds(run))
            told.append(time.monotonic() - start)
            steps.append(assert_readable(run, data))  # the next worker needs seconds until it is there
            lost += step_of(run) != steps[-1]
        one.submit(run)
        wait_for(lambda: store.read_status(run).step > steps[-1])
        one.order(run, "pause")
        assert ended(one, run).state == "paused"
    assert steps == sorted(steps)  # a snapshot that was there is never lost
    step = assert_as_undisturbed(run, data)
    print(f"{KILLS} kills in {step} updates, {lost} lost some, {len(set(steps)) - 1} moved the snapshot")
    print(f"told after at most {max(told):.3f} s")
    assert max(told) < 1
    assert step > steps[-1] > 0
    assert lost > KILLS / 4


# a server that is killed

SERVER = """
import sys, time
from pathlib import Path
from dmm.runs.local_engine import LocalEngine
from dmm.runs.runner import Runner
runner = Runner(LocalEngine(places=2), Path(sys.argv[1]))
print(*runner.engine.pids(), flush=True)
for number, run in enumerate(sys.argv[2:]):
    runner.submit(Path(run), str(number))
time.sleep(600)
"""


@pytest.mark.parametrize("workers_too", [False, True])
def test_after_a_server_was_killed_every_run_is_listed_and_at_most_one_slice_is_lost(tmp_path, data, workers_too):
    """`workers_too`: as when the power fails."""
    folder, rng = tmp_path / "runs", random.Random(3)
    runs = [make_run(folder, data, epochs=FOREVER, seed=seed) for seed in range(4)]
    resting = make_run(folder, data)
    store.write_status(resting, store.Status("paused", "Paused."))
    command = [sys.executable, "-c", SERVER, str(folder), *map(str, runs)]
    for _ in range(3):
        with subprocess.Popen(command, cwd=store.ROOT, stdout=subprocess.PIPE, text=True) as server:
            pids = [int(pid) for pid in server.stdout.readline().split()]
            at = [step_of(run) for run in runs]
            wait_for(lambda at=at: all(step_of(run) > step for run, step in zip(runs, at, strict=True)))
            time.sleep(rng.uniform(0, 8))
            server.kill()
            for pid in pids if workers_too else ():
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda pids=pids: not any(map(is_there, pids)) and all(map(store.is_free, runs)))
        with runner(folder, places=0) as later:
            assert set(store.list_runs(folder)) >= {*runs, resting}
            states = [later.status(run).state for run in runs]
            trained = [store.stored_status(run).pid for run in runs]
            assert trained.count(0) == 0
            wait_for(lambda later=later: all(later.status(run).state == "interrupted" for run in runs), seconds=15)
            assert later.status(resting).state == "paused"
            assert "running" not in states
        lost = [seconds_of(run) - last_state(run, data).seconds for run in runs]
        print(f"lost {max(lost):.2f} s of training at most, states {states}")
        assert max(lost) < (session.SNAPSHOT_EVERY + 1 if workers_too else 0.01)
    for run in runs:
        session.train(run, load_dataset(data), orders_after(3, "pause"))
        assert_as_undisturbed(run, data)


def seconds_of(run):
    """Of training, at the last record."""
    records, _ = store.read_lines(run / "metrics.jsonl")
    return records[-1]["seconds"]


# how soon things happen


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


@pytest.mark.parametrize("preset", ["classroom", "paper"])
def test_a_cancelled_run_has_ended_within_half_a_second(tmp_path, preset):
    rng, took, count = random.Random(4), [], CANCELS if preset == "classroom" else CANCELS // 4
    config = make_config(preset, epochs=FOREVER)
    runs = [store.new_run(config, folder=tmp_path) for _ in range(2)]
    with runner(places=2) as one:
        wait_for(lambda: one.engine.slots() == 2)
        for number in range(count):
            run, at = runs[number % 2], step_of(runs[number % 2])
            for each in runs:
                one.submit(each)
            wait_for(lambda run=run, at=at: step_of(run) > at)
            time.sleep(rng.uniform(0, 1))
            start = time.monotonic()
            one.order(run, "cancel")
            wait_for(lambda run=run: store.stored_status(run).state == "cancelled" and not one.holds(run))
            took.append(time.monotonic() - start)
    print(f"{preset}: {count} cancels took {percentile(took, 0.5):.2f} s, p95 {percentile(took, 0.95):.2f} s")
    assert percentile(took, 0.95) < 0.5


def test_a_run_that_begins_shows_something_within_a_second(tmp_path):
    took = []
    with runner(places=1) as one:
        wait_for(one.engine.slots)
        for seed in range(STARTS):
            run, start = store.new_run(make_config(seed=seed, epochs=FOREVER), folder=tmp_path), time.monotonic()
            one.submit(run)
            wait_for(lambda run=run: step_of(run))
            took.append(time.monotonic() - start)
            one.order(run, "cancel")
            ended(one, run)
    print(f"{STARTS} first points after {percentile(took, 0.5):.2f} s, at most {max(took):.2f} s")
    assert percentile(took, 0.95) < 1


def numbered_state(step):
    """A state of the classroom's size whose every number says which step it is of."""
    weights = {name: torch.full((200, 200), float(step)) for name in ("one", "two")}
    return State(weights, Moments(torch.full((80_000,), float(step)), torch.full((80_000,), float(step))), step)


def save_for_ever(run):
    """What a child does until it is killed."""
    step = snapshots.load_last(run, numbered_state(0)).step
    while True:
        step += 1
        snapshots.save_last(run, numbered_state(step))
        snapshots.save_best(run, numbered_state(step))


def test_kills_while_snapshots_are_written_leave_no_unreadable_one(tmp_path):
    run, rng, step = store.new_run(make_config(), folder=tmp_path), random.Random(2), 0
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.test_slow"])  # so that a child is there in milliseconds
    for _ in range(KILLS_WHILE_SAVING):
        child = context.Process(target=save_for_ever, args=(run,))
        child.start()
        wait_for(lambda step=step: any((run / "snapshots").glob(f"step-*{step + 1}.safetensors")) or newest(run) > step)
        time.sleep(rng.uniform(0, 0.03))
        child.kill()
        child.join()
        paths = sorted((run / "snapshots").glob("*.safetensors"))
        for path in paths:
            tensors = load_file(path)
            values = {float(value) for tensor in tensors.values() for value in tensor.unique()}
            assert len(values) == 1, path.name
            assert path.name in ("best.safetensors", f"step-{int(*values):08d}.safetensors")
        state = snapshots.load_last(run, numbered_state(0))
        assert state.step == newest(run) > step
        assert len(paths) <= 1 + snapshots.KEEP + 1  # the best, the last two, and one that was to be dropped next
        step = state.step
    torn = len(list((run / "snapshots").glob(".*.tmp")))
    print(f"{KILLS_WHILE_SAVING} kills in {step} snapshots; {torn} hit a file half written")
    assert torn > KILLS_WHILE_SAVING / 10


def newest(run):
    """The step in the name of the newest snapshot."""
    return max((int(path.stem[5:]) for path in (run / "snapshots").glob("step-*.safetensors")), default=0)


# learning


def test_half_a_minute_in_the_classroom_is_worth_more_than_knowing_each_keys_last_state():
    spec = make_spec(make_config("classroom"), load_dataset("chorales"))
    baseline, state, passed = markov_keys(spec.train, spec.valid), make_state(spec), None
    ended = ""
    while state.seconds < 30 and ended != "done":
        state, report = advance(state, spec, Budget(seconds=30 - state.seconds))
        ended = report.ended
        assert ended != "diverged"
        passed = passed or (state.best < baseline and state.seconds)
    epochs = state.step // spec.updates_per_epoch
    print(f"{state.best:.3f} nats per frame after {state.seconds:.1f} s ({epochs} epochs, {ended})")
    assert passed, f"{state.best:.3f} nats per frame, the baseline is {baseline:.3f}"
    print(f"under the baseline ({baseline:.3f}) after {passed:.1f} s")
    assert state.best < 8.6


# a disk that is full


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 600 kB."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"there is no mount: {error.strerror}")
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(path, leave):
    """A file that leaves so many bytes of its disk."""
    free = os.statvfs(path.parent)
    path.write_bytes(bytes(free.f_bavail * free.f_frsize - leave))


@pytest.mark.parametrize("leave", [100_000, 8_000, 0])
def test_a_run_on_a_full_disk_pauses_keeps_its_snapshot_and_goes_on_when_there_is_space(
    small_disk, data, monkeypatch, leave
):
    monkeypatch.setattr(session, "SLICE", 0.05)
    monkeypatch.setattr(session, "SNAPSHOT_EVERY", 0.1)
    run, dataset, filler = make_run(small_disk, data, epochs=FOREVER), load_dataset(data), small_disk / "filler"
    saved = session.train(run, dataset, orders_after(20, "pause"))
    fill(filler, leave)
    status = session.train(run, dataset, orders_after(2_000, "limit"))
    assert status.state == "paused"
    assert "the disk is full" in status.sentence
    assert store.read_status(run).state in ("paused", "running")  # the old one where the new one found no place
    assert last_state(run, data).step == status.step >= saved.step > 0
    filler.unlink()
    resumed = session.train(run, dataset, orders_after(20, "pause"))
    assert resumed.sentence == session.ORDERS["pause"][1]
    assert resumed.step > status.step
    assert_as_undisturbed(run, data)


@pytest.mark.parametrize("leave", [30_000, 0])
def test_a_run_on_a_full_disk_makes_room_for_the_next_one(small_disk, tmp_path, data, leave):
    run, other = make_run(small_disk, data, epochs=FOREVER), make_run(tmp_path, data, epochs=2)
    with runner(places=1, command=(sys.executable, "-c", BRISK)) as one:
        one.submit(run, "anna")
        wait_for(lambda: store.saved_step(run))
        fill(small_disk / "filler", leave)
        one.submit(other, "anna")  # it waits until the first is over
        assert ended(one, other).state == "done"
        status = wait_for(lambda: one.status(run).state not in store.LIVE and one.status(run), seconds=30)
        assert status.state in ("paused", "interrupted")
        assert status.sentence.endswith(".")
        (small_disk / "filler").unlink()
        one.submit(run, "anna")
        at = store.saved_step(run)
        wait_for(lambda: store.saved_step(run) > at)
        one.order(run, "pause")
        assert ended(one, run).state == "paused"
    assert_as_undisturbed(run, data)


def orders_after(slices, order):
    """Orders that say nothing for so many slices."""
    remaining = iter([None] * slices)
    return lambda: next(remaining, order)


def test_race_brings_each_network_to_its_floor_and_none_below(runs_dir):
    known = floors.floors(systems.linear(), systems.FRAMES)
    run = new_race(seed=7)
    assert race.run(run).state == "done"
    results = read_race(run).results
    assert len(results) == len(known)
    for one in results:
        floor = known[one.inference].bound - known[one.inference].exact
        assert floor - 3 * one.gap_se < one.gap < floor + 0.02
