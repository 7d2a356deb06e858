"""Training sessions in this process: how they end, what they leave, and that a resumed run is the same run."""

import contextlib
import errno
import os

import numpy as np
import pytest
import torch

from dmm import optimisers
from dmm.data import DataError, load_dataset
from dmm.evaluation import evaluate
from dmm.runs import session, snapshots, store
from dmm.runs.samples import read_samples
from dmm.runs.store import RunError
from dmm.training import Budget, advance, make_spec, make_state
from tests.tiny_runs import make_run, metrics, write_tiny_data

pytestmark = pytest.mark.usefixtures("one_thread")

NAN = float("nan")
TEN_TIMES_COINS = 10 * 88 * np.log(2)  # nats per frame


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tiny_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def dataset(data):
    return load_dataset(data)


@pytest.fixture(scope="module", autouse=True)
def short_samples():
    """Samples of a few frames: drawing long ones is what takes most time here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "SAMPLE_FRAMES", 5)
        yield


def order_after(calls, order):
    """Orders that say nothing for so many slices."""
    remaining = iter([None] * calls)
    return lambda: next(remaining, order)


def last_state(run, dataset):
    return snapshots.load_last(run, make_state(make_spec(store.read_run_config(run), dataset)))


def assert_same_run(run, other, dataset):
    """Bit for bit the same weights, moments and counters, the same best weights, the same metrics."""
    one, two = last_state(run, dataset), last_state(other, dataset)
    assert one.step == two.step
    assert all(torch.equal(weight, two.weights[name]) for name, weight in one.weights.items())
    assert all(map(torch.equal, one.moments, two.moments))
    assert (one.bad_steps, one.best) == (two.bad_steps, two.best)
    best, best_too = (snapshots.load_run(path, "best") for path in (run, other))
    assert best[1] == best_too[1]
    assert all(torch.equal(weight, best_too[0].state_dict()[name]) for name, weight in best[0].state_dict().items())
    assert metrics(run) == metrics(other)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, data, dataset):
    """A run of twelve epochs that nobody disturbed, and what its session returned."""
    run = make_run(tmp_path_factory.mktemp("runs"), data)
    return run, session.train(run, dataset)


# how a session ends


def test_a_finished_run_is_complete(finished, dataset):
    run, status = finished
    assert status.state == "done"
    assert store.read_status(run)._replace(heartbeat=0) == status._replace(heartbeat=0)
    assert (status.step, status.epoch) == (36, 12)
    assert sorted(path.name for path in run.iterdir()) == [
        "config.json",
        "lock",
        "metrics.jsonl",
        "moments",
        "samples.jsonl",
        "snapshots",
        "status.json",
    ]
    assert (run / "snapshots" / "best.safetensors").exists()
    state = last_state(run, dataset)
    assert state.step == 36
    assert state.best == pytest.approx(status.best)
    assert state.seconds > 0


def test_metrics_hold_every_update_and_every_validation(finished):
    records = metrics(finished[0])
    assert [record["step"] for record in records if record["kind"] == "train"] == list(range(1, 37))
    assert [r["epoch"] for r in records if r["kind"] == "valid"] == [*range(1, 13)]
    best = min(record["bound"] for record in records if record["kind"] == "valid")
    assert finished[1].best == pytest.approx(best, rel=1e-5)
    raw, _ = store.read_lines(finished[0] / "metrics.jsonl")
    seconds = [record["seconds"] for record in raw]
    assert seconds == sorted(seconds)


def test_samples_begin_before_the_first_update_and_each_has_its_own_step(finished):
    run, _ = finished
    drawn, _ = read_samples(run)
    steps = [sample.step for sample in drawn]
    assert steps == [0, *range(3, 37, 3)]
    assert {sample.roll.shape for sample in drawn} == {(5, 88)}
    assert {sample.z.shape for sample in drawn} == {sample.gates.shape for sample in drawn} == {(5, 2)}


def test_a_description_names_data_pieces_and_versions(finished, dataset):
    about = store.read_about(finished[0])
    assert about["data"]["pieces"] == {"train": 6, "valid": 2, "test": 2}
    assert len(about["data"]["digest"]) == 64
    assert about["versions"]["torch"] == torch.__version__


@pytest.mark.parametrize(
    ("order", "state"),
    [("pause", "paused"), ("cancel", "cancelled"), ("interrupt", "interrupted"), ("limit", "paused")],
)
def test_an_order_ends_the_session_with_its_state_and_a_snapshot(tmp_path, data, dataset, order, state):
    run = make_run(tmp_path, data, epochs=100_000)
    status = session.train(run, dataset, order_after(4, order))
    assert (status.state, status.sentence) == session.ORDERS[order]
    assert status.state == state
    assert status.sentence.endswith(".")
    assert store.read_status(run)._replace(heartbeat=0) == status._replace(heartbeat=0)
    assert status.step == last_state(run, dataset).step > 0
    assert np.isfinite(evaluate(snapshots.load_run(run)[0], [piece.roll for piece in dataset.test], 5).nll_is)


def test_an_order_that_comes_before_the_first_update_leaves_a_run_that_loads(tmp_path, data, dataset, finished):
    run = make_run(tmp_path, data)
    status = session.train(run, dataset, lambda: "pause")
    assert (status.state, status.step, status.best) == ("paused", 0, None)
    assert snapshots.load_run(run)[1] == 0
    assert session.train(run, dataset).state == "done"
    assert_same_run(run, finished[0], dataset)
    assert [sample.step for sample in read_samples(run)[0]] == [sample.step for sample in read_samples(finished[0])[0]]


def test_no_epochs_give_a_finished_run_with_its_first_weights(tmp_path, data, dataset):
    run = make_run(tmp_path, data, epochs=0)
    status = session.train(run, dataset)
    assert (status.state, status.step, status.best) == ("done", 0, None)
    assert snapshots.load_run(run)[1] == 0
    assert [sample.step for sample in read_samples(run)[0]] == [0]


def test_the_smallest_model_with_a_batch_larger_than_the_data_trains(tmp_path, data, dataset):
    run = make_run(tmp_path, data, z_dim=1, rnn_dim=1, emission_dim=1, transition_dim=1, batch_size=512, epochs=2)
    status = session.train(run, dataset)
    assert (status.state, status.step) == ("done", 2)
    assert np.isfinite(status.best)


def test_an_order_is_heard_after_the_update_during_which_it_came(tmp_path, data, dataset, monkeypatch, finished):
    monkeypatch.setattr(session, "SLICE", 60.0)
    run, came = make_run(tmp_path, data), []

    def until():
        came.append(len(came) == 2)  # not asked after the first update, a slice of its own, nor where an epoch ends
        return came[-1]

    status = session.train(run, dataset, lambda: "pause" if came and came[-1] else None, until=until)
    assert (status.state, status.step) == ("paused", 5)
    session.train(run, dataset)
    assert_same_run(run, finished[0], dataset)


def test_every_slice_is_reported_once_with_its_records(tmp_path, data, dataset, monkeypatch):
    monkeypatch.setattr(session, "SLICE", 60.0)
    run, reports = make_run(tmp_path, data, epochs=3), []
    session.train(run, dataset, on_report=lambda state, spec, report: reports.append((state.step, report)))
    assert [record for _, report in reports for record in report.records] == store.read_lines(run / "metrics.jsonl")[0]
    assert [step for step, _ in reports] == [1, 3, 6, 9]


def test_the_heartbeat_goes_on_while_a_run_trains(tmp_path, data, dataset, monkeypatch):
    run, seen = make_run(tmp_path, data), []
    ticks = iter(range(0, 10_000, 2))  # two seconds from one look at the clock to the next
    monkeypatch.setattr(session.time, "monotonic", lambda: float(next(ticks)))
    session.train(run, dataset, on_report=lambda *_: seen.append(store.read_status(run)))
    assert {status.state for status in seen} == {"running"}
    assert {status.pid for status in seen} == {os.getpid()}
    assert len({status.heartbeat for status in seen}) > 5
    assert seen[-1].step > seen[0].step
    assert len(list((run / "snapshots").glob("step-*"))) == 2


# resuming


def test_a_run_resumed_after_each_pause_is_bit_identical(tmp_path, data, dataset, finished):
    run, sessions = make_run(tmp_path, data), 0
    while session.train(run, dataset, order_after(3, "pause")).state != "done":
        sessions += 1
    assert sessions > 2
    assert_same_run(run, finished[0], dataset)


def test_slices_of_any_length_give_the_same_run(tmp_path, data, dataset, finished, monkeypatch):
    monkeypatch.setattr(session, "SLICE", 0.0)
    run = make_run(tmp_path, data)
    session.train(run, dataset)
    assert_same_run(run, finished[0], dataset)


@pytest.mark.parametrize("values", [{"rnn_dropout": 0.5, "kl": "sampled"}, {"optimiser": "clipped-adam"}])
def test_settings_with_more_randomness_resume_bit_identically_too(tmp_path, data, dataset, values):
    whole, parts = (make_run(tmp_path, data, epochs=4, rnn_layers=2, **values) for _ in range(2))
    session.train(whole, dataset)
    torch.manual_seed(99)  # the global stream plays no part
    session.train(parts, dataset, order_after(2, "interrupt"))
    torch.manual_seed(7)
    session.train(parts, dataset)
    assert_same_run(parts, whole, dataset)


def killed(run, dataset, monkeypatch, after):
    """Train with a snapshot after each slice, and stop as a killed process does: at once, in the middle."""

    class Killed(BaseException):
        pass

    calls = iter(range(after))

    def orders():
        if next(calls, None) is None:
            raise Killed

    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        patch.setattr(session, "SNAPSHOT_EVERY", -1.0)
        patch.setattr(session, "SLICE", 0.0)
        session.train(run, dataset, orders)


@pytest.mark.parametrize("loss", ["nothing", "newest", "torn", "all"])
def test_a_killed_run_that_lost_its_newest_snapshot_ends_bit_identical(
    tmp_path, data, dataset, finished, monkeypatch, loss
):
    run = make_run(tmp_path, data)
    killed(run, dataset, monkeypatch, after=17)
    assert store.read_status(run).state == "running"
    older, newest = sorted((run / "snapshots").glob("step-*"))
    if loss == "torn":
        newest.write_bytes(newest.read_bytes()[:500])
        with open(run / "metrics.jsonl", "ab") as file:
            file.write(b'{"bound":12.5,"recons')
    elif loss != "nothing":
        newest.unlink()
    if loss == "all":
        older.unlink()
    assert session.train(run, dataset).state == "done"
    assert_same_run(run, finished[0], dataset)


def test_a_rewound_run_keeps_one_sample_for_each_step(tmp_path, data, dataset, finished, monkeypatch):
    run = make_run(tmp_path, data)
    killed(run, dataset, monkeypatch, after=17)
    for path in (run / "snapshots").glob("step-*"):
        path.unlink()
    session.train(run, dataset)
    steps = [sample.step for sample in read_samples(run)[0]]
    assert steps == [sample.step for sample in read_samples(finished[0])[0]]


def test_resuming_a_finished_run_changes_nothing(tmp_path, data, dataset):
    run = make_run(tmp_path, data, epochs=2)
    first = session.train(run, dataset)
    lines = [(run / name).read_bytes() for name in ("metrics.jsonl", "samples.jsonl")]
    weights = last_state(run, dataset).weights
    again = session.train(run, dataset)
    assert again._replace(seconds=0, heartbeat=0) == first._replace(seconds=0, heartbeat=0)
    assert all(torch.equal(weight, weights[name]) for name, weight in last_state(run, dataset).weights.items())
    assert [(run / name).read_bytes() for name in ("metrics.jsonl", "samples.jsonl")] == lines


def test_a_run_is_refused_when_its_data_have_changed(tmp_path, data, dataset):
    run = make_run(tmp_path, data)
    session.train(run, dataset, order_after(2, "pause"))
    before = last_state(run, dataset)
    changed = dataset._replace(valid=dataset.test)
    with pytest.raises(RunError, match=r"^The data have changed.*\.$"):
        session.train(run, changed)
    assert last_state(run, dataset).step == before.step
    assert store.read_status(run).state == "paused"


def test_a_run_whose_snapshots_are_all_damaged_is_refused(tmp_path, data, dataset):
    run = make_run(tmp_path, data)
    session.train(run, dataset, order_after(2, "pause"))
    for path in (run / "snapshots").glob("step-*"):
        path.write_bytes(b"")
    with pytest.raises(RunError, match="No snapshot of this run can be read"):
        session.train(run, dataset)


# a disk that refuses


def full(*args):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("broken", ["save_last", "save_best", "append_lines", "append_sample"])
def test_a_full_disk_pauses_the_run_with_its_last_snapshot_intact(tmp_path, data, dataset, monkeypatch, broken):
    run = make_run(tmp_path, data, epochs=100_000)
    saved = session.train(run, dataset, order_after(3, "pause"))
    with monkeypatch.context() as patch:
        patch.setattr(store if broken == "append_lines" else session, broken, full, raising=False)
        if broken.startswith("save"):
            patch.setattr(snapshots, broken, full)
        patch.setattr(session, "SNAPSHOT_EVERY", -1.0)
        status = session.train(run, dataset)
    assert status.state == "paused"
    assert "Could not save" in status.sentence
    assert "the disk is full" in status.sentence
    assert store.read_status(run)._replace(heartbeat=0) == status._replace(heartbeat=0)
    assert last_state(run, dataset).step >= saved.step
    assert session.train(run, dataset, order_after(3, "pause")).step > saved.step  # and it goes on


def test_after_a_full_disk_the_status_says_where_the_last_snapshot_is(tmp_path, data, dataset, monkeypatch):
    run, save, saved = make_run(tmp_path, data, epochs=100_000), snapshots.save_last, []

    def save_twice(run, state):
        if len(saved) == 2:
            full()
        save(run, state)
        saved.append(state)

    monkeypatch.setattr(snapshots, "save_last", save_twice)
    monkeypatch.setattr(session, "SNAPSHOT_EVERY", -1.0)
    status = session.train(run, dataset)
    assert status.state == "paused"
    assert status.step == saved[-1].step == last_state(run, dataset).step
    assert status.best == saved[-1].best


def test_a_disk_so_full_that_no_status_can_be_written_still_gives_an_answer(tmp_path, data, dataset, monkeypatch):
    run = make_run(tmp_path, data)
    session.train(run, dataset, order_after(2, "pause"))
    step = last_state(run, dataset).step
    monkeypatch.setattr(os, "fsync", full)
    status = session.train(run, dataset)
    assert (status.state, "disk is full" in status.sentence) == ("paused", True)
    assert last_state(run, dataset).step == step


def test_a_run_folder_that_is_removed_while_it_trains_gives_an_answer(tmp_path, data, dataset):
    run = make_run(tmp_path, data)
    status = session.train(run, dataset, on_report=lambda *_: run.exists() and run.rename(tmp_path / "elsewhere"))
    assert status.state == "paused"
    assert status.sentence.startswith("Could not save")
    assert not run.exists()


def test_a_listener_that_fails_is_not_blamed_on_the_disk(tmp_path, data, dataset):
    def broken_pipe(*_):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    run = make_run(tmp_path, data)
    with contextlib.suppress(BrokenPipeError):
        session.train(run, dataset, on_report=broken_pipe)
    assert "space" not in store.read_status(run).sentence


# divergence


def ruin_updates(monkeypatch, step, value):
    """From update number `step` on, every weight becomes this value."""
    update_ = optimisers.update_

    def ruined(weights, gradient, moments, number, *others):
        update_(weights, gradient, moments, number, *others)
        if number >= step:
            weights.fill_(value)

    monkeypatch.setattr(optimisers, "update_", ruined)


def good_bound(run, dataset):
    """The bound of the run's last snapshot on the pieces it learns from."""
    dmm, _ = snapshots.load_run(run, "last")
    return evaluate(dmm, [piece.roll for piece in dataset.train], 5).nll_bound


@pytest.mark.parametrize("batch_size", [1, 6])  # six updates in an epoch, or one
@pytest.mark.parametrize(("step", "value"), [(1, NAN), (2, NAN), (12, NAN), (13, 1e30), (14, 1e30)])
def test_a_diverged_run_goes_back_to_its_last_good_weights(
    tmp_path, data, dataset, monkeypatch, batch_size, step, value
):
    run = make_run(tmp_path, data, batch_size=batch_size, epochs=100)
    ruin_updates(monkeypatch, step, value)
    monkeypatch.setattr(session, "SNAPSHOT_EVERY", -1.0)  # as often as can be
    status = session.train(run, dataset)
    assert status.state == "diverged"
    assert "number" in status.sentence or "nats per frame" in status.sentence
    assert "learning rate" in status.sentence
    assert status.step < step
    assert store.read_status(run)._replace(heartbeat=0) == status._replace(heartbeat=0)
    assert good_bound(run, dataset) < TEN_TIMES_COINS
    assert snapshots.load_run(run, "best")[1] <= status.step


def test_a_learning_rate_that_is_far_too_high_diverges_with_the_cause_in_words(tmp_path, data, dataset):
    run = make_run(tmp_path, data, learning_rate=1.0, loss="sum", clip_norm=1e4, epochs=300, min_kl_weight=1.0)
    status = session.train(run, dataset)
    assert status.state in ("diverged", "done")  # Adam's steps are bounded, so some survive it
    assert good_bound(run, dataset) < TEN_TIMES_COINS


def test_one_bad_step_is_skipped_and_leaves_the_weights_alone(tmp_path, data, dataset, monkeypatch):
    spec = make_spec(store.read_run_config(make_run(tmp_path, data)), dataset)
    before, _ = advance(make_state(spec), spec, Budget(steps=2))
    grad, calls = torch.autograd.grad, []

    def bad_once(*arguments, **settings):
        calls.append(1)
        gradient = grad(*arguments, **settings)
        return tuple(part * float("nan") for part in gradient) if len(calls) == 1 else gradient

    monkeypatch.setattr(torch.autograd, "grad", bad_once)
    after, report = advance(before, spec, Budget(steps=1))
    assert "gradient" in report.records[0]["skipped"]
    assert report.records[0]["gradient_norm"] is None
    assert (after.step, after.bad_steps) == (3, 1)
    assert all(torch.equal(weight, before.weights[name]) for name, weight in after.weights.items())
    assert all(map(torch.equal, after.moments, before.moments))
    assert advance(after, spec, Budget(steps=1))[0].bad_steps == 0


def test_unusable_data_never_reach_a_session(tmp_path):
    with pytest.raises(DataError):
        load_dataset(str(tmp_path / "missing.json"))
