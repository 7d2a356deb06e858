"""How many runs are kept: within limits, after a notice, and never one that is pinned, busy or came with the app."""

import json
import os
import time

import pytest

from dmm.config import make_config
from dmm.runs import retention, store
from dmm.runs.retention import NOTICE, is_pinned, leaves_in, pin, tidy
from dmm.runs.store import RunError

NOW = time.time()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def runs(folder):
    """Ten runs, the first the oldest, a thousand bytes and a little each."""
    made = [store.new_run(make_config(), folder=folder) for _ in range(10)]
    for age, run in enumerate(made):
        (run / "metrics.jsonl").write_bytes(bytes(1000))
        used(run, NOW - 10_000 + age)
    return made


def used(run, when):
    """As if it had last trained then."""
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(json.dumps(status | {"heartbeat": when}))
    os.utime(run / "status.json", (when, when))
    os.utime(run, (when, when))


@pytest.fixture
def at_most(monkeypatch):
    """Limits; many bytes or many runs are none."""

    def set_limits(runs=10**6, size=10**12):
        monkeypatch.setattr(retention, "MOST_RUNS", runs)
        monkeypatch.setattr(retention, "MOST_BYTES", size)

    return set_limits


def idle(run):
    return False


def noticed(runs):
    return [number for number, run in enumerate(runs) if leaves_in(run) is not None]


def present(runs):
    return [number for number, run in enumerate(runs) if run.exists()]


def twice(folder, is_busy=idle):
    """A look that gives notice, and one when all notices are over; what was deleted."""
    assert tidy(folder, is_busy) == []
    return tidy(folder, is_busy, now=time.time() + NOTICE + 1)


def test_limits_are_those_that_are_promised():
    assert (retention.MOST_RUNS, retention.MOST_BYTES) == (500, 2 * 10**9)


def test_within_the_limits_nothing_happens(folder, runs, at_most):
    at_most(runs=12)
    assert twice(folder) == []
    assert noticed(runs) == []


def test_near_the_limit_the_oldest_have_notice_and_stay(folder, runs, at_most):
    at_most(runs=10)
    assert twice(folder) == []
    assert noticed(runs) == [0]
    assert leaves_in(runs[0]) == pytest.approx(NOTICE, abs=5)
    assert leaves_in(runs[0], time.time() + 60) == pytest.approx(NOTICE - 60, abs=5)
    assert leaves_in(runs[0], time.time() + 10 * NOTICE) == 0


def test_beyond_the_limit_the_oldest_go_but_only_when_their_notice_is_over(folder, runs, at_most):
    at_most(runs=7)
    assert tidy(folder, idle) == []
    assert noticed(runs) == [0, 1, 2, 3]
    assert tidy(folder, idle, now=time.time() + NOTICE / 2) == []
    assert tidy(folder, idle, now=time.time() + NOTICE + 1) == runs[:3]
    assert present(runs) == list(range(3, 10))


def test_a_notice_makes_a_run_no_younger_however_often_one_looks(folder, runs, at_most):
    """A notice is a file in its folder, which changes the folder's own time."""
    at_most(runs=7)
    for minutes in range(0, 10, 2):
        assert tidy(folder, idle, now=time.time() + 60 * minutes) == []
        assert noticed(runs) == [0, 1, 2, 3]
    assert tidy(folder, idle, now=time.time() + NOTICE + 1) == runs[:3]


def test_size_counts_as_well(folder, runs, at_most):
    each = sum(path.stat().st_size for path in runs[0].rglob("*") if path.is_file())
    at_most(size=8.5 * each)
    assert twice(folder) == runs[:2]
    assert present(runs) == list(range(2, 10))


def test_one_large_old_run_is_enough(folder, runs, at_most):
    (runs[0] / "snapshots" / "step-00000001.safetensors").write_bytes(bytes(10**6))
    at_most(size=10**6)
    assert twice(folder) == [runs[0]]


def test_pinned_and_busy_runs_stay_and_the_next_ones_go(folder, runs, at_most):
    at_most(runs=7)
    pin(runs[0], True)
    assert twice(folder, lambda run: run == runs[1]) == runs[2:5]
    assert present(runs) == [0, 1, 5, 6, 7, 8, 9]


def test_a_run_that_somebody_resumes_at_the_last_moment_stays(folder, runs, at_most):
    at_most(runs=7)
    asked = []
    assert tidy(folder, idle) == []
    late = time.time() + NOTICE + 1
    assert tidy(folder, lambda run: asked.append(run) or asked.count(run) > 1, late) == []
    assert present(runs) == list(range(10))


def test_if_all_are_pinned_all_stay(folder, runs, at_most):
    at_most(runs=1)
    for run in runs:
        pin(run, True)
    assert twice(folder) == []


def test_a_pin_takes_the_notice_back_and_can_be_taken_off(folder, runs, at_most):
    at_most(runs=10)
    tidy(folder, idle)
    pin(runs[0], True)
    assert is_pinned(runs[0])
    assert leaves_in(runs[0]) is None
    tidy(folder, idle)
    assert noticed(runs) == [1]
    pin(runs[0], False)
    pin(runs[0], False)  # twice is once
    assert not is_pinned(runs[0])


def test_notices_are_taken_back_when_there_is_space_again(folder, runs, at_most):
    at_most(runs=9)
    tidy(folder, idle)
    assert noticed(runs) == [0, 1]
    for run in runs[5:8]:
        (run / "config.json").unlink()
        run.rename(folder / f"deleted-{run.name}")
    tidy(folder, idle)
    assert noticed(runs[:5]) == []


def test_a_run_that_trains_again_is_young_again(folder, runs, at_most):
    at_most(runs=10)
    tidy(folder, idle)
    used(runs[0], NOW)
    tidy(folder, idle)
    assert noticed(runs)[-1:] == [1]


def test_shipped_runs_and_what_is_no_run_stay(folder, runs, at_most, monkeypatch):
    shipped = store.new_run(make_config(), folder=folder.with_name("shipped"))
    monkeypatch.setattr(store, "SHIPPED", shipped.parent)
    for name in ("notes", "0123"):
        (folder / name).mkdir()
    (folder / ("f" * 16)).mkdir()  # an id, but no configuration
    (folder / "file").write_text("")
    at_most(runs=1)
    assert twice(folder) == runs[:9]
    assert shipped.exists()
    assert all((folder / name).exists() for name in ("notes", "0123", "f" * 16, "file"))


def test_a_folder_that_is_not_there_or_full_of_damage_does_no_harm(folder, at_most):
    at_most(runs=0)
    assert tidy(folder, idle) == []
    run = store.new_run(make_config(), folder=folder)
    (run / "status.json").unlink()
    assert twice(folder) == [run]


def test_a_pin_that_cannot_be_written_gives_a_sentence(tmp_path):
    with pytest.raises(RunError, match=r"^The run cannot be pinned: .*\.$"):
        pin(tmp_path / "gone", True)
