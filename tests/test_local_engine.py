"""Places to train on this machine: workers that come, go and are replaced. They are fakes that train nothing."""

import os
import queue
import sys
import threading
import time
from pathlib import Path

import pytest

from dmm.runs import local_engine
from dmm.runs.engine import Ended, NoPlace, Slice
from dmm.runs.local_engine import STILLBORN, LocalEngine
from dmm.runs.store import RunError
from dmm.steering import Change
from tests.tiny_runs import fake, wait_for


@pytest.fixture
def engine():
    """Makes engines, closed at the end."""
    made = []

    def make(how="obedient", places=1, command=None):
        made.append(LocalEngine(places, command or fake(how)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def turn(tmp_path):
    """Makes turns of runs, and a queue of how they end."""
    numbers = iter(range(100))

    def make():
        run = tmp_path / f"{next(numbers):016x}"
        run.mkdir()
        (run / "status.json").write_text("{}")
        return Slice(run), queue.SimpleQueue()

    return make


def is_ready(engine, places=1):
    return wait_for(lambda: engine.slots() == places, seconds=20)


def heard(folder):
    path = Path(folder) / "heard.txt"
    return [line.split(" ", 1) for line in path.read_text().splitlines()] if path.exists() else []


def open_pipes():
    """What this process holds open, where the system tells."""
    folder = Path("/proc/self/fd")
    files = [os.readlink(path) for path in folder.iterdir() if path.is_symlink()] if folder.exists() else []
    return sorted(file for file in files if "pipe" in file)


def test_a_worker_is_used_again_and_again(engine, turn):
    one = engine("brief")
    is_ready(one)
    (pid,) = one.pids()
    for _ in range(3):
        slice_, ends = turn()
        one.submit(slice_, ends.put)
        assert ends.get(timeout=20) == Ended("done")
        is_ready(one)
    assert one.pids() == [pid]


def test_there_are_as_many_turns_as_places(engine, turn):
    one = engine(places=2)
    is_ready(one, 2)
    for left in (1, 0):
        one.submit(turn()[0], print)
        assert one.slots() == left
    with pytest.raises(NoPlace):
        one.submit(turn()[0], print)


def test_a_turn_that_is_told_to_end_frees_its_place(engine, turn, tmp_path):
    one, (slice_, ends) = engine(), turn()
    is_ready(one)
    handle = one.submit(slice_, ends.put)
    handle.tell(Change(0, 0.01, 0.5))
    handle.tell("pause")
    assert ends.get(timeout=20) == Ended("paused")
    is_ready(one)
    assert [what for _, what in heard(tmp_path)] == [
        "begin",
        '{"step": 0, "learning_rate": 0.01, "kl_weight": 0.5}',
        '{"order": "pause"}',
    ]
    handle.tell("cancel")  # late: nobody minds
    assert ends.empty()


def test_a_killed_worker_ends_its_turn_at_once_and_is_replaced(engine, turn):
    one, (slice_, ends) = engine(), turn()
    is_ready(one)
    (pid,) = one.pids()
    handle = one.submit(slice_, ends.put)
    start = time.monotonic()
    handle.kill()
    assert ends.get(timeout=20) == Ended("died", "Its process was killed (signal 9)")
    assert time.monotonic() - start < 1
    is_ready(one)
    assert one.pids() != [pid]
    handle.kill()
    handle.tell("pause")
    assert ends.empty(), "once is once"


def test_a_free_worker_that_dies_is_replaced(engine):
    one = engine()
    is_ready(one)
    (pid,) = one.pids()
    os.kill(pid, 9)
    wait_for(lambda: one.pids() not in ([], [pid]), seconds=20)
    is_ready(one)


def test_a_worker_that_says_what_nobody_understands_is_listened_to(engine, turn):
    one, (slice_, ends) = engine("noisy"), turn()
    is_ready(one)
    one.submit(slice_, ends.put).tell("cancel")
    assert ends.get(timeout=20) == Ended("cancelled")


def test_an_end_that_cannot_be_noted_does_not_deafen_the_engine(engine, turn, caplog):
    one = engine("brief")
    is_ready(one)

    def fail(end):
        raise RuntimeError("oops")

    one.submit(turn()[0], fail)
    is_ready(one)
    slice_, ends = turn()
    one.submit(slice_, ends.put)
    assert ends.get(timeout=20) == Ended("done")
    assert "could not be noted" in caplog.text


def count_starts(monkeypatch):
    """The commands that are started from now on."""
    started, popen = [], local_engine.subprocess.Popen

    def start(command, **options):
        started.append(command)
        return popen(command, **options)

    monkeypatch.setattr(local_engine.subprocess, "Popen", start)
    return started


def test_workers_that_never_get_ready_are_not_started_for_ever(engine, turn, monkeypatch):
    started = count_starts(monkeypatch)
    one = engine("stillborn")
    wait_for(lambda: not one.pids() and len(started) == STILLBORN, seconds=20)
    time.sleep(0.1)
    assert len(started) == STILLBORN
    assert one.slots() == 1, "whoever asks gets a try"
    slice_, ends = turn()
    one.submit(slice_, ends.put)
    assert ends.get(timeout=20) == Ended("died", "Its process ended with status 3")
    assert len(started) == STILLBORN + 1


def test_workers_that_start_again_after_all_are_used_as_before(engine, turn):
    one = engine("stillborn")
    wait_for(lambda: not one.pids() and one.slots(), seconds=20)
    one.command = fake("brief")
    for _ in range(3):
        slice_, ends = turn()
        one.submit(slice_, ends.put)
        assert ends.get(timeout=20) == Ended("done")
        is_ready(one)
    assert len(one.pids()) == 1


def test_a_program_that_is_not_there_gives_a_sentence(engine, turn, tmp_path):
    one = engine(command=(str(tmp_path / "no-such-program"),))
    with pytest.raises(RunError, match=r"^Its process could not be started: .*\.$"):
        one.submit(turn()[0], print)


@pytest.mark.parametrize("why", ["turns", "age"])
def test_a_worker_that_has_been_used_for_long_makes_room_for_a_fresh_one(engine, turn, monkeypatch, why):
    one = engine("brief")
    is_ready(one)
    (pid,) = one.pids()
    monkeypatch.setattr(local_engine, *(("MOST_TURNS", 2) if why == "turns" else ("OLD", 0.0)))
    assert one.slots() == 1, "one that has had no turn is as good as new"
    for number in range(2):
        slice_, ends = turn()
        one.submit(slice_, ends.put)
        assert ends.get(timeout=20) == Ended("done")
        if why == "turns" and number == 0:
            is_ready(one)
            assert one.pids() == [pid]
        else:
            break
    if why == "turns":
        one.slots()
    wait_for(lambda: one.slots() == 1 and one.pids() != [pid], seconds=20)
    assert len(one.pids()) == 1


def test_nobody_is_retired_in_the_middle_of_a_turn(engine, turn, monkeypatch):
    monkeypatch.setattr(local_engine, "OLD", 0.0)
    one, (slice_, ends) = engine(), turn()
    is_ready(one)
    one.submit(slice_, ends.put)
    (pid,) = one.pids()
    assert one.slots() == 0
    assert one.pids() == [pid]
    assert ends.empty()


def test_closing_lets_all_save_and_end_and_leaves_nothing_open(engine, turn):
    before = open_pipes()
    one, (slice_, ends) = engine(places=3), turn()
    is_ready(one, 3)
    one.submit(slice_, ends.put)
    pids = one.pids()
    one.close()
    assert ends.get(timeout=1) == Ended("interrupted")
    assert one.pids() == []
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert open_pipes() == before
    assert [thread for thread in threading.enumerate() if thread.name == "worker"] == []
    with pytest.raises(NoPlace):
        one.submit(turn()[0], print)
    one.close()  # twice is once


def test_closing_does_not_wait_for_a_worker_that_is_not_ready(engine):
    sleepy = (sys.executable, "-S", "-c", "import time; time.sleep(600)")
    one = engine(command=sleepy)
    start = time.monotonic()
    one.close()
    assert time.monotonic() - start < 5


def test_a_line_to_a_worker_is_whole_whoever_writes_at_the_same_time(engine, turn, tmp_path):
    one, (slice_, ends) = engine(), turn()
    is_ready(one)
    handle = one.submit(slice_, ends.put)
    threads = [threading.Thread(target=lambda: [handle.tell(Change(0, 0.01)) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handle.tell("pause")
    assert ends.get(timeout=20) == Ended("paused")
    assert len(heard(tmp_path)) == 1 + 200 + 1
