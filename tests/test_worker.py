"""Real training processes: the line in front of them, orders, kills, and a server that goes away."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from dmm.data import load_dataset
from dmm.runs import launcher as launcher_module
from dmm.runs import snapshots, store
from dmm.runs.store import RunError
from dmm.training import Budget, advance, make_spec, make_state
from tests.tiny_runs import FOREVER, ended, launch, make_run, step_of, wait_for, without_rewound, write_tiny_data

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[1]
OBEDIENT = (sys.executable, "-S", "-c", "import sys; sys.stdin.read()")  # does nothing until its input ends


def state_of(run):
    return store.read_status(run).state


def is_active(launcher, run):
    """Whether a process trains this run now."""
    return launcher.holds(run) and launcher.waiting_before(run) is None


def resources():
    """Children of this process and files that it holds open, where the system tells."""
    folder = Path("/proc/self/fd")
    files = [os.readlink(path) for path in folder.iterdir() if path.is_symlink()] if folder.exists() else []
    return sorted(file for file in files if "pipe" in file or "worker.log" in file)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tiny_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def new_run(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("runs")
    return lambda **values: make_run(folder, data, **({"epochs": FOREVER} | values))


@pytest.fixture
def line():
    """A launcher with one place, whose processes do nothing until they are told to end."""
    with launch(places=1, command=OBEDIENT) as launcher:
        yield launcher


@pytest.fixture(scope="module")
def fleet(new_run, tmp_path_factory):
    """Processes that start at the same time, one for each thing that can happen to one."""
    missing = tmp_path_factory.mktemp("gone") / "gone.json"
    runs = {
        "short": new_run(epochs=2),
        "cancelled": new_run(),
        "closed": new_run(),
        "dataless": new_run(data=str(missing)),
        "misfit": new_run(x_dim=90),
    }
    with launch(places=5) as launcher:
        for run in runs.values():
            launcher.submit(run)
        yield launcher, runs


# training


def test_a_worker_trains_a_run_to_its_end(fleet):
    launcher, runs = fleet
    status = ended(launcher, runs["short"])
    assert (status.state, status.step, status.epoch) == ("done", 6, 2)
    assert status.pid != os.getpid()
    assert snapshots.load_run(runs["short"], "last")[1] == 6
    assert (runs["short"] / "worker.log").read_text() == ""


def test_a_missing_data_file_fails_with_a_sentence_that_names_it(fleet):
    launcher, runs = fleet
    status = ended(launcher, runs["dataless"])
    assert status.state == "failed"
    assert "gone.json" in status.sentence
    assert status.sentence.endswith(".")


def test_a_configuration_that_does_not_fit_the_pieces_fails_with_the_sentence(fleet):
    launcher, runs = fleet
    status = ended(launcher, runs["misfit"])
    assert (status.state, status.sentence) == ("failed", "The pieces have 88 keys, but x_dim is 90; set x_dim=88.")
    assert (runs["misfit"] / "worker.log").read_text() == ""


def test_a_cancelled_run_ends_within_a_second_or_so_and_keeps_what_it_has_learned(fleet):
    launcher, runs = fleet
    run = runs["cancelled"]
    wait_for(lambda: step_of(run))
    assert state_of(run) == "running"
    start = time.monotonic()
    launcher.order(run, "cancel")
    launcher.order(run, "cancel")  # twice is once
    status = ended(launcher, run)
    assert status.state == "cancelled"
    assert time.monotonic() - start < 5  # a slice is 0.3 s; the rest is for a busy machine
    assert snapshots.load_run(run, "last")[1] == status.step > 0
    launcher.order(run, "cancel")
    launcher.order(run, "pause")
    assert state_of(run) == "cancelled"


def test_a_run_that_trains_says_so_and_is_not_started_twice(fleet):
    launcher, runs = fleet
    run = runs["closed"]
    wait_for(lambda: step_of(run))
    pid = store.read_status(run).pid
    launcher.submit(run)
    assert is_active(launcher, run)
    assert launcher.waiting_before(run) is None
    assert store.read_status(run)[:2] == ("running", "Training.")
    assert launcher._active[run][0].pid == pid


def test_closing_lets_a_worker_save_and_end(fleet):
    launcher, runs = fleet
    run = runs["closed"]
    wait_for(lambda: step_of(run))
    launcher.close()
    status = store.read_status(run)
    assert status.state == "interrupted"
    assert snapshots.load_run(run, "last")[1] == status.step > 0
    launcher.close()  # twice is once


def test_a_paused_and_then_killed_run_goes_on_as_if_nothing_had_happened(new_run, data):
    run, seen = new_run(), []
    with launch(places=1) as launcher:
        launcher.submit(run)
        wait_for(lambda: step_of(run))
        launcher.order(run, "pause")
        status = ended(launcher, run)
        assert (status.state, status.step > 0) == ("paused", True)
        paused_at = status.step
        assert snapshots.load_run(run, "last")[1] == paused_at

        launcher.submit(run)
        wait_for(lambda: step_of(run) > paused_at)
        start = time.monotonic()
        os.kill(launcher._active[run][0].pid, signal.SIGKILL)
        wait_for(lambda: state_of(run) == "interrupted")
        assert time.monotonic() - start < 2
        status = ended(launcher, run)
        assert "killed" in status.sentence
        assert "Resume" in status.sentence
        lost_at = step_of(run)

        launcher.submit(run)
        wait_for(lambda: step_of(run) > lost_at or store.read_status(run).step > lost_at)
        launcher.order(run, "pause")
        assert ended(launcher, run).state == "paused"

    spec = make_spec(store.read_run_config(run), load_dataset(data))
    found, state = snapshots.load_last(run, make_state(spec)), make_state(spec)
    while state.step < found.step:
        state, report = advance(state, spec, Budget(steps=found.step - state.step))
        seen += report.records
    assert state.step == found.step >= lost_at
    assert all(torch.equal(weight, found.weights[name]) for name, weight in state.weights.items())
    assert all(map(torch.equal, state.moments, found.moments))
    records = without_rewound(store.read_lines(run / "metrics.jsonl")[0])
    assert [record | {"seconds": 0} for record in records] == [record | {"seconds": 0} for record in seen]


SERVER = """
import sys, time
from pathlib import Path
from dmm.runs.launcher import Launcher
launcher = Launcher(places=2)
for run in sys.argv[1:]:
    launcher.submit(Path(run))
time.sleep(600)
"""


def test_workers_save_and_end_when_their_server_is_killed(new_run):
    runs = [new_run(), new_run()]
    with subprocess.Popen([sys.executable, "-c", SERVER, *map(str, runs)], cwd=ROOT) as server:
        try:
            wait_for(lambda: all(step_of(run) for run in runs))
        finally:
            server.kill()
    for run in runs:
        wait_for(lambda run=run: state_of(run) == "interrupted")
        status = store.read_status(run)
        assert "can go on" in status.sentence
        assert snapshots.load_run(run, "last")[1] == status.step > 0


# the line, with processes that do nothing


def test_the_second_run_waits_until_the_first_has_ended(line, new_run):
    runs = [new_run() for _ in range(3)]
    for run in runs:
        line.submit(run)
    assert [is_active(line, run) for run in runs] == [True, False, False]
    assert [line.waiting_before(run) for run in runs] == [None, 0, 1]
    assert {state_of(run) for run in runs} == {"queued"}
    assert "Waiting" in store.read_status(runs[2]).sentence
    line._active[runs[0]][0].kill()
    wait_for(lambda: is_active(line, runs[1]))
    assert [line.waiting_before(run) for run in runs] == [None, None, 0]
    assert state_of(runs[0]) == "interrupted"


def test_submitting_twice_is_submitting_once(line, new_run):
    first, second = new_run(), new_run()
    for run in (first, second, first, second, second):
        line.submit(run, "anna")
    assert line.waiting_before(second) == 0
    assert len(line._waiting) == len(line._active) == 1


@pytest.mark.parametrize(("order", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_a_waiting_run_leaves_the_line_when_it_is_told_to(line, new_run, order, state):
    first, second, third = (new_run() for _ in range(3))
    for run in (first, second, third):
        line.submit(run)
    line.order(second, order)
    assert line.waiting_before(second) is None
    assert line.waiting_before(third) == 0
    status = store.read_status(second)
    assert status.state == state
    assert status.sentence.endswith(".")
    line.order(second, order)
    assert state_of(second) == state
    line.submit(second)  # and it may come back, at the end
    assert line.waiting_before(second) == 1


def test_a_resumed_run_that_leaves_the_line_is_not_said_to_be_untrained(line, new_run):
    run = new_run()
    store.write_status(run, store.Status("paused", "Paused.", step=40, epoch=3, best=9.0))
    line.submit(new_run())
    line.submit(run)
    line.order(run, "pause")
    status = store.read_status(run)
    assert (status.state, status.step, status.epoch, status.best) == ("paused", 40, 3, 9.0)
    assert "had not begun" not in status.sentence


def test_orders_for_a_run_that_nobody_trains_change_nothing(line, new_run):
    run = new_run()
    store.write_status(run, store.Status("done", "Done."))
    for order in ("pause", "cancel"):
        line.order(run, order)
    assert state_of(run) == "done"
    assert not is_active(line, run)


def test_a_learner_may_have_a_few_runs_and_the_others_are_not_held_up(line, new_run):
    for _ in range(launcher_module.MOST_PER_LEARNER):
        line.submit(new_run(), "anna")
    extra = new_run()
    for _ in range(100):
        with pytest.raises(RunError, match=rf"^You already have {launcher_module.MOST_PER_LEARNER} runs .*\.$"):
            line.submit(extra, "anna")
    assert not is_active(line, extra)
    assert line.waiting_before(extra) is None
    line.submit(extra, "ben")
    assert line.waiting_before(extra) == launcher_module.MOST_PER_LEARNER - 1


def test_a_refused_run_does_not_say_that_it_waits(line, new_run):
    for _ in range(launcher_module.MOST_PER_LEARNER):
        line.submit(new_run(), "anna")
    extra = new_run()
    store.write_status(extra, store.Status("paused", "Paused."))
    with pytest.raises(RunError):
        line.submit(extra, "anna")
    assert state_of(extra) == "paused"


def test_the_line_has_an_end(line, new_run, monkeypatch):
    monkeypatch.setattr(launcher_module, "LONGEST_QUEUE", 2)
    for _ in range(3):
        line.submit(new_run())
    with pytest.raises(RunError, match=r"^2 runs are waiting already.*\.$"):
        line.submit(new_run())


def test_a_learner_whose_run_has_ended_may_start_another(new_run):
    with launch(places=1, command=(sys.executable, "-S", "-c", "")) as launcher:
        for _ in range(launcher_module.MOST_PER_LEARNER):
            launcher.submit(new_run(), "anna")
        wait_for(lambda: not launcher._active, seconds=15)
        launcher.submit(new_run(), "anna")


# processes that fail


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "raise ValueError('oops')", "import os; os._exit(0)"])
def test_a_process_that_ends_without_a_word_is_a_failed_run_with_a_sentence(new_run, code):
    run = new_run()
    with launch(places=1, command=(sys.executable, "-S", "-c", code)) as launcher:
        launcher.submit(run)
        status = ended(launcher, run)
    assert status.state == "failed"
    assert "worker.log" in status.sentence
    assert status.sentence.endswith(".")
    assert ("oops" in (run / "worker.log").read_text()) == ("oops" in code)


def test_a_process_that_cannot_be_started_is_a_failed_run_with_a_sentence(new_run, tmp_path):
    runs = [new_run(), new_run()]
    with launch(places=1, command=(str(tmp_path / "no-such-program"),)) as launcher:
        for run in runs:
            with contextlib.suppress(RunError):
                launcher.submit(run)
        for run in runs:
            status = ended(launcher, run)
            assert status.state == "failed"
            assert status.sentence.endswith(".")


def test_a_run_that_was_deleted_cannot_be_submitted(line, new_run):
    run = new_run()
    run.rename(run.with_name("deleted"))
    with pytest.raises(RunError):
        line.submit(run)
    assert not is_active(line, run)
    assert line.waiting_before(run) is None


@pytest.mark.parametrize("harm", ["deleted", "damaged"])
def test_a_run_that_is_harmed_while_it_trains_does_not_stop_the_line(new_run, harm):
    harmed, waiting, following = (new_run() for _ in range(3))
    with launch(places=1, command=OBEDIENT) as launcher:
        for run in (harmed, waiting, following):
            launcher.submit(run)
        for run in (harmed, waiting):
            if harm == "deleted":
                run.rename(run.with_name(f"deleted-{run.name}"))
            else:
                (run / "status.json").write_text('{"state":"running","heartbeat":"now"}')
        launcher._active[harmed][0].kill()
        wait_for(lambda: not is_active(launcher, harmed), seconds=10)
        if harm == "damaged":
            wait_for(lambda: is_active(launcher, waiting), seconds=10)
            launcher._active[waiting][0].kill()
        wait_for(lambda: is_active(launcher, following), seconds=10)


def test_after_closing_no_run_says_that_it_trains_or_waits(new_run):
    runs = [new_run() for _ in range(3)]
    with launch(places=1, command=OBEDIENT) as launcher:
        for run in runs:
            launcher.submit(run)
    wait_for(lambda: state_of(runs[0]) not in store.LIVE)
    assert not {state_of(run) for run in runs} & set(store.LIVE)


def test_closing_leaves_no_process_and_no_open_file(new_run):
    before = resources()
    with launch(places=3, command=OBEDIENT) as launcher:
        for _ in range(3):
            launcher.submit(new_run())
        processes = [process for process, _ in launcher._active.values()]
        assert len(processes) == 3
    assert all(process.returncode is not None for process in processes)
    assert resources() == before
