"""The server's runner: the line in front of the workers, turns, orders, deaths and runs that are left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from dmm.data import load_dataset
from dmm.runs import runner as runner_module
from dmm.runs import snapshots, store
from dmm.runs.changes import read_changes
from dmm.runs.engine import Ended
from dmm.runs.events import read_events
from dmm.runs.line import RACE, SWEEP
from dmm.runs.local_engine import STILLBORN
from dmm.runs.race_records import new_race, read_race
from dmm.runs.runner import DEATHS, FORGOTTEN, MOST_PER_ADDRESS, MOST_PER_LEARNER, NOBODY, Runner, find_left_behind
from dmm.runs.store import RunError
from dmm.steering import Change
from dmm.training import Budget, advance, make_spec, make_state
from tests.tiny_runs import (
    FOREVER,
    ended,
    fake,
    make_run,
    metrics,
    runner,
    step_of,
    wait_for,
    without_clock,
    write_tiny_data,
)

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[1]
MOST = MOST_PER_LEARNER["run"]


def state_of(run):
    return store.read_status(run).state


def sentences(run):
    return [event.sentence for event in read_events(run)]


def saved_at(run, step):
    """As if a worker had saved a run after so many updates."""
    (run / "snapshots" / f"step-{step:08d}.safetensors").touch()


def turns(run):
    """What the fake workers of a folder have heard of this run."""
    path = run.parent / "heard.txt"
    lines = [line.split(" ", 1) for line in path.read_text().splitlines()] if path.exists() else []
    return [what for name, what in lines if name == run.name]


def order_of_turns(folder):
    lines = (folder / "heard.txt").read_text().splitlines()
    return [line.split(" ")[0] for line in lines if line.endswith(" begin")]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tiny_data(tmp_path_factory.mktemp("data"))


@pytest.fixture
def new_run(tmp_path, data):
    """Makes runs in a folder of the test's own."""
    return lambda **values: make_run(tmp_path / "runs", data, **({"epochs": FOREVER} | values))


@pytest.fixture
def line():
    """A runner with one place, whose worker does nothing until it is told to end."""
    with runner(places=1, command=fake("obedient")) as one:
        wait_for(one.engine.slots)
        yield one


@pytest.fixture
def full():
    """A runner without a place: whatever is submitted waits."""
    with runner(places=0) as one:
        yield one


@pytest.fixture
def short_turns(monkeypatch):
    """Turns of hundredths of seconds."""
    for name, seconds in (("FIRST_TURN", 0.02), ("TURN", 0.05), ("LOOK_EVERY", 0.01)):
        monkeypatch.setattr(runner_module, name, seconds)


# --- the line, with workers that do nothing -------------------------------------------------------------------------


def test_the_second_run_waits_until_the_first_has_ended(line, new_run):
    runs = [new_run() for _ in range(3)]
    for run in runs:
        line.submit(run, "anna")
    assert [line.trains(run) for run in runs] == [True, False, False]
    assert [line.waiting_before(run) for run in runs] == [None, 0, 1]
    assert {state_of(run) for run in runs[1:]} == {"queued"}
    assert "Waiting" in store.read_status(runs[2]).sentence
    assert [line.wait(run) and line.wait(run).behind for run in runs] == [None, runs[0], runs[0]]
    line.order(runs[0], "cancel")
    wait_for(lambda: line.trains(runs[1]))
    assert [line.waiting_before(run) for run in runs] == [None, None, 0]
    assert state_of(runs[0]) == "cancelled"
    assert not line.holds(runs[0])


def test_submitting_twice_is_submitting_once(line, new_run):
    first, second = new_run(), new_run()
    for run in (first, second, first, second, second):
        line.submit(run, "anna")
    assert line.waiting_before(second) == 0
    assert turns(first).count("begin") <= 1
    assert store.read_status(second).sentence == runner_module.WAITING


@pytest.mark.parametrize(("order", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_a_waiting_run_leaves_the_line_when_it_is_told_to(line, new_run, order, state):
    first, second, third = (new_run() for _ in range(3))
    for run in (first, second, third):
        line.submit(run, "anna")
    line.order(second, order)
    assert line.waiting_before(second) is None
    assert line.waiting_before(third) == 0
    status = store.read_status(second)
    assert status.state == state
    assert status.sentence.endswith(".")
    line.order(second, order)
    assert state_of(second) == state
    line.submit(second, "anna")  # and it may come back, at the end
    assert line.waiting_before(second) == 1


def test_a_resumed_run_that_leaves_the_line_keeps_what_it_has_reached(full, new_run):
    run = new_run()
    store.write_status(run, store.Status("paused", "Paused.", step=40, epoch=3, best=9.0))
    full.submit(run)
    full.order(run, "pause")
    status = store.read_status(run)
    assert (status.state, status.step, status.epoch, status.best) == ("paused", 40, 3, 9.0)


def test_orders_for_a_run_that_nobody_trains_change_nothing(line, new_run):
    run = new_run()
    store.write_status(run, store.Status("done", "Done."))
    for order in ("pause", "cancel"):
        line.order(run, order)
    assert state_of(run) == "done"
    assert not line.holds(run)


def test_the_first_order_to_end_stands(line, new_run):
    run = new_run()
    line.submit(run)
    wait_for(lambda: turns(run))
    line.order(run, "cancel")
    line.order(run, "pause")
    assert ended(line, run).state == "cancelled"


def test_a_run_that_was_deleted_cannot_be_submitted(line, new_run):
    run = new_run()
    run.rename(run.with_name("deleted"))
    with pytest.raises(RunError):
        line.submit(run)
    assert not line.holds(run)
    assert line.waiting_before(run) is None


def test_a_run_that_another_process_trains_cannot_be_submitted(full, new_run):
    run = new_run()
    store.write_status(run, store.Status("running", "Training.", pid=os.getpid()))
    with store.hold(run), pytest.raises(RunError, match="right now by another process"):
        full.submit(run)
    assert (state_of(run), full.holds(run)) == ("running", False)


@pytest.mark.parametrize("harm", ["deleted", "damaged"])
def test_a_run_that_is_harmed_while_it_trains_or_waits_does_not_stop_the_line(line, new_run, harm):
    harmed, waiting, following = runs = [new_run() for _ in range(3)]
    for run in runs:
        line.submit(run, "anna")
    for run in (harmed, waiting):
        if harm == "deleted":
            run.rename(run.with_name(f"deleted-{run.name}"))
        else:
            (run / "status.json").write_text('{"state":"running","heartbeat":"now"}')
    for run in (harmed, waiting):
        wait_for(lambda run=run: line.trains(run))
        line.order(run, "cancel")
    wait_for(lambda: line.trains(following))


def test_workers_that_fail_at_once_are_a_failed_run_with_a_sentence_and_the_next_has_its_turn(new_run):
    runs = [new_run(), new_run()]
    with runner(places=1, command=fake("dying")) as one:
        for run in runs:
            one.submit(run, "anna")
        for run in runs:
            status = ended(one, run)
            assert status.state == "failed"
            assert f"status 3, for the {DEATHS}rd time in a row" in status.sentence
            assert status.sentence.endswith(".")
            assert turns(run) == ["begin"] * DEATHS


@pytest.mark.parametrize("command", [fake("stillborn"), ("/no/such/program",)])
def test_workers_that_cannot_be_started_are_a_failed_run_with_a_sentence(new_run, command):
    run = new_run()
    with runner(places=1, command=command) as one:
        wait_for(lambda: one.engine._stillborn >= STILLBORN)
        one.submit(run)
        status = ended(one, run)
        assert status.state == "failed"
        assert status.sentence.endswith(".")


# --- turns ----------------------------------------------------------------------------------------------------------


def test_learners_take_turns_and_each_turn_ends_only_when_somebody_waits(short_turns, new_run):
    with runner(places=1, command=fake("obedient")) as one:
        wait_for(one.engine.slots)
        runs = [new_run() for _ in range(3)]
        one.submit(runs[0], "anna")
        time.sleep(0.2)
        assert turns(runs[0]) == ["begin"], "a lone run is not interrupted"
        for run, learner in zip(runs[1:], ("ben", "cleo"), strict=True):
            one.submit(run, learner)
        wait_for(lambda: turns(runs[0]).count("begin") >= 4)
        had = [[run.name for run in runs].index(name) for name in order_of_turns(runs[0].parent)]
        assert had[:9] == [0, 1, 2] * 3
        assert state_of(runs[1]) in store.LIVE


def test_a_second_run_of_the_same_learner_takes_no_turn_away(short_turns, new_run):
    with runner(places=2, command=fake("obedient")) as one:
        wait_for(lambda: one.engine.slots() == 2)
        first, second = new_run(), new_run()
        one.submit(first, "anna")
        one.submit(second, "anna")
        time.sleep(0.3)
        assert turns(first) == ["begin"]
        assert turns(second) == []


def test_a_lone_run_yields_after_long_so_that_its_worker_can_be_refreshed(short_turns, new_run, monkeypatch):
    monkeypatch.setattr(runner_module, "LONGEST_TURN", 0.05)
    with runner(places=1, command=fake("obedient")) as one:
        run = new_run()
        one.submit(run)
        wait_for(lambda: turns(run).count("begin") >= 3)


def test_sweeps_give_way_at_once_and_never_starve_a_single_run(new_run, monkeypatch):
    with runner(places=1, command=fake("obedient")) as one:
        wait_for(one.engine.slots)
        swept = [new_run() for _ in range(3)]
        for number, run in enumerate(swept):
            one.submit(run, f"anna{number}", kind=SWEEP)
        wait_for(lambda: turns(swept[0]) == ["begin"])
        single, start = new_run(), time.monotonic()
        one.submit(single, "ben")
        wait_for(lambda: turns(single) == ["begin"])
        assert time.monotonic() - start < runner_module.FIRST_TURN, "it need not wait for the sweep's turn to be over"
        for name in ("FIRST_TURN", "TURN"):
            monkeypatch.setattr(runner_module, name, 0.02)
        time.sleep(0.3)
        assert turns(single) == ["begin"], "sweeps take no turn from it"
        one.order(single, "pause")
        wait_for(lambda: len(turns(swept[1])) > 0)


def test_a_step_is_one_update_then_the_worker_is_free(line, new_run):
    run, other = new_run(), new_run()
    line.submit(run, "anna", steps=1)
    line.submit(other, "anna")
    wait_for(lambda: line.trains(other))
    assert not line.holds(run)


@pytest.mark.parametrize(("order", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_an_order_that_comes_while_a_turn_is_yielding_is_not_lost(short_turns, new_run, order, state):
    """The worker has heard that it must yield and hears no more; the run must still end."""
    with runner(places=1, command=fake("late")) as one:
        wait_for(one.engine.slots)
        runs = [new_run(), new_run()]
        for run, learner in zip(runs, ("anna", "ben"), strict=True):
            one.submit(run, learner)
        wait_for(lambda: any("yield" in what for what in turns(runs[0])))
        one.order(runs[0], order)
        status = ended(one, runs[0])
        assert status.state == state
        assert status.sentence.endswith(".")
        wait_for(lambda: one.trains(runs[1]))
        time.sleep(0.1)
        assert turns(runs[0]).count("begin") == 1


def test_a_change_that_comes_while_a_turn_is_yielding_is_not_lost(short_turns, new_run):
    with runner(places=1, command=fake("late")) as one:
        wait_for(one.engine.slots)
        runs = [new_run(), new_run()]
        for run, learner in zip(runs, ("anna", "ben"), strict=True):
            one.submit(run, learner)
        wait_for(lambda: any("yield" in what for what in turns(runs[0])))
        saved_at(runs[0], 7)
        one.steer(runs[0], 0.02, 0.5)
        wait_for(lambda: one.trains(runs[1]))
        assert read_changes(runs[0]) == (Change(7, 0.02, 0.5),)


class ByHand:
    """An engine of one place, whose turns end when the test says so; nobody hears what they are told."""

    def __init__(self):
        self.on_end = None

    def slots(self):
        return int(self.on_end is None)

    def submit(self, turn, on_end):
        self.on_end = on_end
        return self

    def tell(self, order):
        pass

    def close(self):
        pass


@pytest.mark.parametrize(("state", "kept"), [("paused", 1), ("done", 0), ("diverged", 0)])
def test_a_change_that_nobody_heard_before_a_run_was_over_is_none_of_its_changes(new_run, state, kept):
    engine, run = ByHand(), new_run()
    one = Runner(engine)
    one.submit(run)
    one.steer(run, 0.02, None)
    engine.on_end(Ended(state))
    assert not one.holds(run)
    assert len(read_changes(run)) == kept
    one.close()


def test_a_worker_that_follows_no_order_is_killed_and_the_run_has_ended(short_turns, new_run, monkeypatch):
    monkeypatch.setattr(runner_module, "GRACE", 0.1)
    with runner(places=1, command=fake("deaf")) as one:
        run, start = new_run(), time.monotonic()
        one.submit(run)
        wait_for(lambda: turns(run))
        one.order(run, "cancel")
        status = ended(one, run)
        assert status.state == "cancelled"
        assert "what its last snapshot holds is kept" in status.sentence
        assert time.monotonic() - start < 10


# --- steering -------------------------------------------------------------------------------------------------------


def test_a_run_that_trains_is_told_of_a_change_and_one_that_rests_finds_it_in_its_folder(line, new_run):
    trains, waits, rests = (new_run() for _ in range(3))
    line.submit(trains, "anna")
    line.submit(waits, "anna")
    saved_at(waits, 5)
    store.write_status(rests, store.Status("interrupted", "", step=30))  # the last sign of life
    saved_at(rests, 20)  # but this is where it will go on
    for run in (trains, waits, rests):
        line.steer(run, 0.02, None)
    wait_for(lambda: len(turns(trains)) == 2)
    assert json.loads(turns(trains)[1]) == {"step": 0, "learning_rate": 0.02, "kl_weight": None}
    assert read_changes(waits) == (Change(5, 0.02, None),)
    assert read_changes(rests) == (Change(20, 0.02, None),)


@pytest.mark.parametrize(
    ("rate", "weight"), [(0.0, None), (float("nan"), None), (-1.0, None), (0.01, -0.1), (0.01, 2.1)]
)
def test_what_no_run_can_be_told_is_refused_and_not_written(full, new_run, rate, weight):
    run = new_run()
    with pytest.raises(RunError, match=r"^The (learning rate|weight of the KL) must be .*\.$"):
        full.steer(run, rate, weight)
    assert not (run / "changes.jsonl").exists()


def test_a_change_that_cannot_be_written_gives_a_sentence(full, new_run, monkeypatch):
    run = new_run()
    with store.hold(run), pytest.raises(RunError, match="right now by another process"):
        full.steer(run, 0.01, None)
    (run / "changes.jsonl").mkdir()
    with pytest.raises(RunError, match=r"^The change cannot be written: .*\.$"):
        full.steer(run, 0.01, None)


# --- caps and waiting -----------------------------------------------------------------------------------------------


def test_a_learner_may_have_a_few_runs_and_the_others_are_not_held_up(full, new_run):
    for _ in range(MOST):
        full.submit(new_run(), "anna")
    extra = new_run()
    store.write_status(extra, store.Status("paused", "Paused."))
    for _ in range(100):
        with pytest.raises(RunError, match=rf"^You already have {MOST} runs .*\.$"):
            full.submit(extra, "anna")
    assert (state_of(extra), full.waiting_before(extra)) == ("paused", None)
    full.submit(extra, "ben")
    assert full.waiting_before(extra) == 1


def test_caps_are_of_each_kind(full, new_run):
    full.submit(new_run(), "anna", kind=RACE)
    with pytest.raises(RunError, match=r"^You already have a race .*\.$"):
        full.submit(new_run(), "anna", kind=RACE)
    full.submit(new_run(), "anna")
    for _ in range(MOST_PER_LEARNER[SWEEP]):
        full.submit(new_run(), "anna", kind=SWEEP)
    with pytest.raises(RunError, match="You already have 36 runs"):
        full.submit(new_run(), "anna", kind=SWEEP)


def test_an_address_may_have_so_many_runs_whoever_they_are(full, new_run, monkeypatch):
    assert MOST_PER_ADDRESS >= 30 * MOST, "a class must find room behind one address"
    monkeypatch.setattr(runner_module, "MOST_PER_ADDRESS", 3)
    for learner in range(3):
        full.submit(new_run(), str(learner), "10.0.0.1")
    with pytest.raises(RunError, match=r"^3 runs of your network .*\.$"):
        full.submit(new_run(), "other", "10.0.0.1")
    full.submit(new_run(), "other", "10.0.0.2")
    full.submit(new_run(), "other")  # on this very machine
    full.submit(new_run(), "sweeper", "10.0.0.1", kind=SWEEP)  # these have a cap of their own


def test_a_learner_whose_run_has_ended_may_start_another(new_run):
    with runner(places=1, command=fake("brief")) as one:
        wait_for(one.engine.slots)
        runs = [new_run() for _ in range(MOST)]
        for run in runs:
            one.submit(run, "anna")
        wait_for(lambda: not any(map(one.holds, runs)))
        one.submit(new_run(), "anna")


def test_expected_wait_grows_with_the_line_and_is_none_for_who_trains(line, new_run):
    runs = [new_run() for _ in range(4)]
    for number, run in enumerate(runs):
        line.submit(run, str(number))
    waits = [line.wait(run) for run in runs]
    assert waits[0] is None
    assert [one.before for one in waits[1:]] == [0, 1, 2]
    assert 0 < waits[1].seconds <= runner_module.FIRST_TURN
    steps = [later.seconds - sooner.seconds for sooner, later in pairwise(waits[1:])]
    assert steps == pytest.approx([runner_module.FIRST_TURN] * 2, abs=0.2)
    assert line.wait(new_run()) is None


def test_expected_wait_is_what_it_takes(short_turns, new_run, monkeypatch):
    monkeypatch.setattr(runner_module, "FIRST_TURN", 0.3)
    with runner(places=1, command=fake("obedient")) as one:
        wait_for(one.engine.slots)
        runs = [new_run() for _ in range(4)]
        for number, run in enumerate(runs):
            one.submit(run, str(number))
        told, start = one.wait(runs[3]).seconds, time.monotonic()
        assert told == pytest.approx(0.9, abs=0.1)
        wait_for(lambda: one.trains(runs[3]))
        assert time.monotonic() - start == pytest.approx(told, abs=0.6)


# --- runs that nobody watches ---------------------------------------------------------------------------------------


def test_a_run_that_nobody_watches_rests_whether_it_trains_or_waits(line, new_run, monkeypatch):
    trains, waits = new_run(), new_run()
    line.submit(trains, "anna")
    line.submit(waits, "ben")
    wait_for(lambda: turns(trains))
    monkeypatch.setattr(runner_module, "UNWATCHED", 0.2)
    for run in (trains, waits):
        wait_for(lambda run=run: not line.holds(run))
        status = store.read_status(run)
        assert (status.state, status.sentence) == ("paused", NOBODY)
    assert sentences(trains) == [NOBODY]


def test_who_watches_a_run_keeps_it_and_what_waits_behind_it(line, new_run, monkeypatch):
    watched, behind, other = new_run(), new_run(), new_run()
    line.submit(watched, "anna")
    line.submit(behind, "anna")
    line.submit(other, "ben")
    line.watch(new_run())  # one that is not in line: nothing
    monkeypatch.setattr(runner_module, "UNWATCHED", 0.5)
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        line.watch(watched)
        time.sleep(0.05)
    assert line.trains(watched)
    assert line.holds(behind)
    assert not line.holds(other)


# --- closing, and what another server left --------------------------------------------------------------------------


def test_after_closing_no_run_says_that_it_trains_or_waits(new_run):
    runs = [new_run() for _ in range(3)]
    with runner(places=1, command=fake("obedient")) as one:
        wait_for(one.engine.slots)
        for run in runs:
            one.submit(run)
        wait_for(lambda: turns(runs[0]))
    assert [state_of(run) for run in runs] == ["interrupted"] * 3
    one.close()  # twice is once


def test_a_run_that_waited_for_a_server_that_is_no_more_counts_as_interrupted(full, new_run):
    run, known = new_run(), new_run()
    full.submit(known)
    for one in (run, known):
        status = json.loads((one / "status.json").read_text())
        (one / "status.json").write_text(json.dumps(status | {"heartbeat": time.time() - 60}))
    assert (full.status(run).state, full.status(run).sentence) == ("interrupted", FORGOTTEN)
    assert full.status(known).state == "queued"


def left(new_run, state, age, pid=2**22 + 1):
    run = new_run()
    store.write_status(run, store.Status(state, "It was so.", step=12, pid=pid))
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(json.dumps(status | {"heartbeat": time.time() - age}))
    return run


def test_runs_that_an_earlier_server_left_are_interrupted_and_all_others_stay(new_run):
    running = left(new_run, "running", 0), left(new_run, "running", 1e6)
    waited = left(new_run, "queued", 60)
    beginning = left(new_run, "queued", 1)  # by the command line, a moment ago
    others = [left(new_run, state, 1e6) for state in ("paused", "done", "cancelled", "diverged", "failed")]
    held = left(new_run, "running", 0)
    damaged = left(new_run, "done", 0)
    (damaged / "status.json").write_text("{")
    with store.hold(held):
        find_left_behind(held.parent)
    for run in (*running, waited):
        status = store.stored_status(run)
        assert (status.state, status.step, status.sentence) == ("interrupted", 12, FORGOTTEN)
    for run in (beginning, *others, held):
        assert store.stored_status(run).sentence == "It was so."
    assert (damaged / "status.json").read_text() == "{"


def test_shipped_runs_are_left_alone(tmp_path, new_run, monkeypatch):
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "runs")
    shipped = left(new_run, "running", 1e6)
    find_left_behind(tmp_path / "runs")
    assert store.stored_status(shipped).sentence == "It was so."


def test_a_folder_that_is_not_there_does_not_stop_a_runner(tmp_path):
    with runner(tmp_path / "nothing", places=0):
        pass
    assert not (tmp_path / "nothing").exists()


# --- real workers: one, shared, with little memory once it has been replaced ----------------------------------------


@pytest.fixture(scope="module")
def real():
    with runner(places=1) as one:
        yield one


@pytest.fixture(scope="module")
def make(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("runs")
    return lambda **values: make_run(folder, data, **({"epochs": FOREVER} | values))


def submit(real, run, **options):
    real.submit(run, **options)
    return run


def assert_undisturbed(run, data):
    """Weights, moments and records are those of the same run, trained in one go with the same changes."""
    spec, seen = make_spec(store.read_run_config(run), load_dataset(data))._replace(changes=read_changes(run)), []
    found, state = snapshots.load_last(run, make_state(spec)), make_state(spec)
    while state.step < found.step:
        state, report = advance(state, spec, Budget(steps=found.step - state.step))
        seen += report.records
    assert state.step == found.step > 0
    assert all(torch.equal(weight, found.weights[name]) for name, weight in state.weights.items())
    assert all(map(torch.equal, state.moments, found.moments))
    assert metrics(run) == without_clock(seen)


def test_a_worker_trains_one_run_after_the_other_and_says_what_is_wrong_with_one(real, make, tmp_path):
    short, again = (submit(real, make(epochs=2)) for _ in range(2))
    dataless = submit(real, make(data=str(tmp_path / "gone.json")))
    misfit = submit(real, make(x_dim=90))
    damaged = make()
    (damaged / "config.json").write_text("{")
    submit(real, damaged)
    lame = None if torch.cuda.is_available() else submit(real, make(device="cuda"))

    assert [ended(real, run)[0:3:2] for run in (short, again)] == [("done", 6)] * 2
    assert store.read_status(short).pid == store.read_status(again).pid == real.engine.pids()[0] != os.getpid()
    assert snapshots.load_run(short, "last")[1] == 6
    assert_undisturbed(short, data=store.read_run_config(short).data)
    status = ended(real, dataless)
    assert status.state == "failed"
    assert "gone.json" in status.sentence
    assert status.sentence.endswith(".")
    assert ended(real, misfit)[:2] == ("failed", "The pieces have 88 keys, but x_dim is 90; set x_dim=88.")
    assert ended(real, damaged).state == "failed"
    if lame:
        assert "choose device cpu" in ended(real, lame).sentence
    assert not any((run / "worker.log").exists() for run in (short, dataless, misfit, damaged))


def test_a_worker_is_nicer_than_the_pages_and_may_use_so_much_memory(real, make):
    ended(real, submit(real, make(epochs=1)))  # after one that asked for a graphics card, which may use all
    (pid,) = real.engine.pids()
    assert os.getpriority(os.PRIO_PROCESS, pid) >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    if sys.platform == "linux":
        limits = Path(f"/proc/{pid}/limits").read_text()
        (soft,) = (line.split()[3] for line in limits.splitlines() if line.startswith("Max data size"))
        assert int(soft) == 2048 * 2**20


def test_a_step_takes_one_update_and_a_cancelled_run_keeps_what_it_has_learned(real, make):
    run = submit(real, make(), steps=1)
    assert ended(real, run)[0:3:2] == ("paused", 1)
    submit(real, run, steps=3)
    assert ended(real, run)[0:3:2] == ("paused", 4)
    assert snapshots.load_run(run, "last")[1] == 4
    submit(real, run)
    wait_for(lambda: step_of(run) > 10)
    assert store.read_status(run)[:2] == ("running", "Training.")
    submit(real, run)  # it trains already
    start = time.monotonic()
    real.order(run, "cancel")
    status = ended(real, run)
    assert status.state == "cancelled"
    assert time.monotonic() - start < 5  # a slice is 0.2 s; the rest is for a busy machine
    assert snapshots.load_run(run, "last")[1] == status.step > 4
    assert_undisturbed(run, data=store.read_run_config(run).data)


def test_a_race_in_a_worker_obeys(real, tmp_path):
    run = new_race(folder=tmp_path)
    real.submit(run, kind=RACE)
    wait_for(lambda: store.read_status(run).epoch)
    real.order(run, "pause")
    assert ended(real, run).state == "paused"
    assert read_race(run).rounds


def test_turns_of_real_runs_change_nothing_of_what_they_learn(real, make, data, monkeypatch):
    monkeypatch.setattr(runner_module, "FIRST_TURN", 0.05)
    monkeypatch.setattr(runner_module, "TURN", 0.05)
    runs = [submit(real, make(seed=seed)) for seed in range(2)]
    steered = Change(0, 0.02, 0.0)
    wait_for(lambda: all(map(step_of, runs)))
    real.steer(runs[0], *steered[1:])
    wait_for(lambda: read_changes(runs[0]))
    at = [step_of(run) for run in runs]
    wait_for(lambda: all(step_of(run) > step for run, step in zip(runs, at, strict=True)))
    for run in runs:
        real.order(run, "pause")
        assert ended(real, run).state == "paused"
    ((_, *said),) = read_changes(runs[0])
    assert said == [0.02, 0.0]
    for run in runs:
        assert_undisturbed(run, data)


def test_a_killed_worker_is_told_of_within_a_second_and_the_run_ends_as_if_nothing_had_happened(
    real, make, data, monkeypatch
):
    run = submit(real, make())
    wait_for(lambda: step_of(run))
    real.steer(run, 0.02, 2.0)
    wait_for(lambda: read_changes(run) and step_of(run) > read_changes(run)[0].step)
    lost_at, (pid,) = step_of(run), real.engine.pids()
    start = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: real.status(run).state == "queued")
    assert time.monotonic() - start < 1
    assert sentences(run) == ["Its process was killed (signal 9); it goes on from its last snapshot."]
    assert real.holds(run)
    wait_for(lambda: store.read_status(run).step > lost_at)
    real.order(run, "pause")
    assert ended(real, run).state == "paused"
    assert_undisturbed(run, data)


def test_a_run_that_needs_too_much_memory_fails_with_a_sentence_and_the_worker_goes_on(real, make, monkeypatch):
    monkeypatch.setenv("DMM_WORKER_MEMORY", "600")
    (pid,) = real.engine.pids()
    os.kill(pid, signal.SIGKILL)  # the next one has read it
    wait_for(lambda: real.engine.slots() and real.engine.pids() != [pid])
    run = submit(real, make(z_dim=256, rnn_dim=1024, emission_dim=1024, transition_dim=1024, rnn_layers=3))
    status = ended(real, run)
    assert status.state == "failed"
    assert "more than the 600 MB" in status.sentence
    (pid,) = real.engine.pids()
    assert ended(real, submit(real, make(epochs=1))).state == "done"
    assert real.engine.pids() == [pid]


SERVER = """
import sys, time
from pathlib import Path
from dmm.runs.local_engine import LocalEngine
from dmm.runs.runner import Runner
runner = Runner(LocalEngine(places=1))
for run in sys.argv[1:]:
    runner.submit(Path(run))
time.sleep(600)
"""


def test_runs_of_a_killed_server_are_saved_by_their_workers_and_can_be_resumed(new_run, tmp_path):
    trained, waits = runs = [new_run(), new_run()]
    with subprocess.Popen([sys.executable, "-c", SERVER, *map(str, runs)], cwd=ROOT) as server:
        try:
            wait_for(lambda: all(map(step_of, runs)))
        finally:
            server.kill()
    wait_for(lambda: "running" not in map(state_of, runs))
    for run in runs:
        aged = json.loads((run / "status.json").read_text())
        (run / "status.json").write_text(json.dumps(aged | {"heartbeat": aged["heartbeat"] - 20}))
    with runner(tmp_path / "runs", places=0) as later:
        for run in runs:
            status = later.status(run)
            assert status.state == "interrupted"
            assert "can go on" in status.sentence or "press Resume" in status.sentence
            assert snapshots.load_run(run, "last")[1] == store.saved_step(run) == step_of(run) > 0
        assert set(store.list_runs(tmp_path / "runs")) >= {trained, waits}
