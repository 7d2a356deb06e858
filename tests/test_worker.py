"""What a training process hears and says; here it is not one of its own (see `test_runner.py` for real ones)."""

import os
import time

import pytest

from dmm.data import DataError
from dmm.runs import session, store, worker
from dmm.runs.store import RunBusy, RunError
from dmm.steering import Change
from tests.tiny_runs import make_run, wait_for, write_tiny_data

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def no_limit(monkeypatch):
    """The memory of the tests is not to be limited; what would have been is written down."""
    asked = []
    monkeypatch.setattr(worker, "_limit_memory", asked.append)
    return asked


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tiny_data(tmp_path_factory.mktemp("data"))


@pytest.fixture
def run(tmp_path, data):
    return make_run(tmp_path / "runs", data, epochs=1)


@pytest.fixture
def inbox():
    """An inbox, and a way to say something to it."""
    reading, writing = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), "rw", strict=True))
    box = worker.Inbox(reading)

    def say(*lines):
        for line in lines:
            writing.write(line + "\n")
        writing.flush()

    yield box, say, writing
    if not writing.closed:
        writing.close()
    wait_for(lambda: box.closed)
    reading.close()


# --- what it hears ----------------------------------------------------------------------------------------------------


def test_turns_and_orders_are_heard_in_the_order_in_which_they_were_said(inbox):
    box, say, _ = inbox
    say('{"run": "/a", "steps": 3}')
    assert box.turns.get(timeout=5) == {"run": "/a", "steps": 3}
    assert box.order() is None
    assert not box.has_news()
    say('{"step": 0, "learning_rate": 0.01, "kl_weight": null}', '{"order": "pause"}')
    assert wait_for(box.has_news)
    assert wait_for(box.order) == Change(0, 0.01, None)
    assert wait_for(box.order) == "pause"
    assert box.order() is None


def test_an_order_that_comes_too_late_is_not_for_the_next_turn(inbox):
    box, say, _ = inbox
    say('{"run": "/a", "steps": null}', '{"order": "cancel"}', '{"run": "/b", "steps": null}')
    for name in ("/a", "/b"):
        assert box.turns.get(timeout=5)["run"] == name
    assert box.order() is None


def test_the_end_of_the_input_interrupts_the_turn_and_is_the_last_one(inbox):
    box, say, writing = inbox
    say('{"run": "/a", "steps": null}', '{"order": "pause"}')
    writing.close()
    assert box.turns.get(timeout=5)["run"] == "/a"
    assert box.turns.get(timeout=5) is None
    assert wait_for(box.order) == "pause"
    assert [box.order(), box.order()] == ["interrupt", "interrupt"]
    assert box.has_news()


# --- how a turn ends --------------------------------------------------------------------------------------------------


class Silent:
    def order(self):
        return None

    def has_news(self):
        return False


def raising(error):
    def train(*arguments, **options):
        raise error

    return train


def test_a_turn_ends_with_the_state_that_the_folder_says(run):
    assert worker.train(run, Silent(), 1) == store.read_status(run).state == "paused"
    assert worker.train(run, Silent(), None) == store.read_status(run).state == "done"


def test_a_program_that_fails_says_where_the_reason_is(run, monkeypatch):
    monkeypatch.setattr(session, "train", raising(ValueError("oops")))
    assert worker.train(run, Silent(), None) == "failed"
    status = store.read_status(run)
    assert (status.state, status.sentence) == ("failed", "Its process failed; worker.log in its folder says why.")
    assert "ValueError: oops" in (run / "worker.log").read_text()


@pytest.mark.parametrize("error", [RunError("It was so."), DataError("It was so.")])
def test_what_a_learner_can_understand_is_said_and_not_logged(run, monkeypatch, error):
    monkeypatch.setattr(session, "train", raising(error))
    assert worker.train(run, Silent(), None) == "failed"
    assert store.read_status(run).sentence == "It was so."
    assert not (run / "worker.log").exists()


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 8 bytes")]
)
def test_a_run_that_is_too_large_is_told_the_limit_and_what_to_do(run, monkeypatch, error):
    monkeypatch.setattr(session, "train", raising(error))
    assert worker.train(run, Silent(), None) == "failed"
    assert store.read_status(run).sentence == worker.TOO_LARGE.format(worker.MEMORY)


def test_a_run_in_other_hands_is_left_as_it_is(run, monkeypatch):
    store.write_status(run, store.Status("running", "Training.", pid=os.getpid()))
    monkeypatch.setattr(session, "train", raising(RunBusy("No.")))
    assert worker.train(run, Silent(), None) == "busy"
    assert store.read_status(run).state == "running"


def test_memory_is_limited_again_after_a_run_on_a_graphics_card(tmp_path, data, no_limit):
    folder = tmp_path / "runs"
    for device in ("cuda", "cpu"):
        worker.train(make_run(folder, data, epochs=0, device=device), Silent(), None)
    assert no_limit == [worker.MEMORY * 2**20, None, worker.MEMORY * 2**20]


def test_a_file_that_has_changed_is_read_anew(tmp_path):
    data = write_tiny_data(tmp_path)
    first = worker._load(data)
    assert worker._load(data) is first
    os.utime(data, (time.time() + 5, time.time() + 5))
    assert worker._load(data) is not first
