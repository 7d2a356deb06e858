"""Runs that a hand has changed: what holds when, what is recorded, and that they can be repeated bit for bit."""

import contextlib

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dmm import optimisers
from dmm.config import about, make_config
from dmm.runs import session, store
from dmm.runs.changes import append_change, read_changes
from dmm.steering import MOST_KL_WEIGHT, Change, add, check, in_force
from dmm.training import Budget, advance, make_spec, make_state
from tests.test_session import assert_same_run, data, dataset, last_state, short_samples
from tests.tiny_runs import make_run, metrics

__all__ = ["data", "dataset", "short_samples"]  # fixtures

pytestmark = pytest.mark.usefixtures("one_thread")

UP, DOWN, NONE = Change(0, 0.05, 2.0), Change(0, 0.0001, 0.0), Change(0, 0.01, None)
CHANGES = st.builds(Change, st.integers(0, 50), st.floats(1e-4, 0.1), st.none() | st.floats(0, 2))


@pytest.fixture(autouse=True)
def single_updates(monkeypatch):
    """Slices of one update, so that the test knows before which one an order comes."""
    monkeypatch.setattr(session, "SLICE", 0.0)


def orders(*plan):
    """Orders that say so one after the other, and then nothing; a number stands for so many updates without any."""
    said = [one for part in plan for one in ([None] * part if isinstance(part, int) else [part])]
    remaining = iter(said)
    return lambda: next(remaining, None)


# --- which change holds -----------------------------------------------------------------------------------------------


@given(st.lists(CHANGES), CHANGES, st.integers(0, 60))
def test_the_last_change_until_an_update_holds_for_it(earlier, new, step):
    config, changes = make_config(), ()
    for one in earlier:
        changes = add(changes, one)
    after = add(changes, new)
    assert [one.step for one in after] == sorted({one.step for one in after})
    wanted = new if step >= new.step else in_force(changes, step, config)
    assert in_force(after, step, config) == wanted


def test_without_changes_the_configuration_holds():
    assert in_force((), 7, make_config(learning_rate=0.003)) == Change(0, 0.003, None)


def test_limits_are_those_of_the_configuration():
    limits = about("learning_rate")
    for rate in (limits["minimum"], limits["maximum"]):
        check(rate, MOST_KL_WEIGHT)
        check(rate, 0)
    for rate, weight in ((limits["maximum"] * 1.01, None), (0.01, MOST_KL_WEIGHT + 0.01), (float("nan"), None)):
        with pytest.raises(ValueError, match=r"must be .*\.$"):
            check(rate, weight)


# --- what a change does -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spec(data, dataset, tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("runs"), data, min_kl_weight=0.2, annealing_updates=10)
    return make_spec(store.read_run_config(run), dataset)


def one_update(spec, *change):
    """The state after the first update, and its record."""
    changes = (Change(0, *change),) if change else ()
    start = make_state(spec)
    state, report = advance(start, spec._replace(changes=changes), Budget(steps=1))
    moved = torch.cat([(state.weights[name] - start.weights[name]).reshape(-1) for name in state.weights])
    return moved, state.moments.first, report.records[0]


def test_a_change_to_what_holds_anyway_changes_nothing(spec):
    rate = spec.config.learning_rate
    plain = one_update(spec)
    for weight in (None, 0.2):  # the annealing begins there
        same = one_update(spec, rate, weight)
        assert torch.equal(same[0], plain[0])
        assert same[2] | {"seconds": 0} == plain[2] | {"seconds": 0}


def test_the_learning_rate_that_is_recorded_is_the_one_that_was_used(spec):
    """An update of Adam is proportional to it."""
    base, _, record = one_update(spec, 0.01, None)
    assert record["learning_rate"] == pytest.approx(0.01, rel=1e-3)  # the decay of an exponential schedule
    for rate in (0.0001, 0.02):
        moved, _, record = one_update(spec, rate, None)
        assert record["learning_rate"] == pytest.approx(rate, rel=1e-3)
        ratio = float(moved.norm() / base.norm())
        assert ratio == pytest.approx(rate / 0.01, rel=1e-2)
        assert record["kl_weight"] == pytest.approx(0.2)


def test_the_weight_of_the_kl_that_is_recorded_is_the_one_that_was_used(spec):
    """The gradient is a straight line in it; the first moment is a part of the (unclipped) gradient."""
    spec = spec._replace(config=spec.config.model_copy(update={"clip_norm": 1e6}))
    firsts = []
    for weight in (0.0, 1.0, 2.0):
        _, first, record = one_update(spec, 0.01, weight)
        assert record["kl_weight"] == weight
        assert record["bound"] == pytest.approx(record["reconstruction"] + record["kl"])  # never weighted
        firsts.append(first)
    assert torch.allclose(firsts[2] - firsts[1], firsts[1] - firsts[0], atol=1e-7)
    assert not torch.allclose(firsts[1], firsts[0], atol=1e-4)


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_runs_train_at_either_end_of_the_weight(tmp_path, data, dataset, weight):
    run = make_run(tmp_path, data, epochs=4)
    assert session.train(run, dataset, orders(2, Change(0, 0.01, weight))).state == "done"
    used = [record["kl_weight"] for record in metrics(run) if record["kind"] == "train"]
    assert used[2:] == [weight] * (len(used) - 2)
    assert used[:2] == pytest.approx([0.01, 0.208])  # as annealed, until then


# --- bit for bit ------------------------------------------------------------------------------------------------------


STEERED = (3, UP, 4, DOWN, 6, NONE)
AT = (3, 7, 13)  # updates before each of the changes


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, data, dataset):
    """A run whose folder held all the changes before it began."""
    run = make_run(tmp_path_factory.mktemp("runs"), data, epochs=6)
    for step, change in zip(AT, (UP, DOWN, NONE), strict=True):
        append_change(run, change._replace(step=step))
    assert session.train(run, dataset).state == "done"
    return run


def test_a_run_that_is_steered_is_the_run_that_knew_it_all_before(tmp_path, data, dataset, undisturbed):
    run = make_run(tmp_path, data, epochs=6)
    assert session.train(run, dataset, orders(*STEERED)).state == "done"
    assert [one.step for one in read_changes(run)] == list(AT)
    assert_same_run(run, undisturbed, dataset)
    plain = make_run(tmp_path, data, epochs=6)
    session.train(plain, dataset)
    weights, others = (last_state(one, dataset).weights for one in (run, plain))
    assert not all(torch.equal(weights[name], others[name]) for name in weights), "steering does something"


@pytest.mark.parametrize("pauses", [(1, 6), (9, 1, 1)])
def test_a_steered_run_that_pauses_is_the_same_run(tmp_path, data, dataset, undisturbed, pauses):
    run, plan = make_run(tmp_path, data, epochs=6), orders(*STEERED)
    for updates in pauses:
        left = iter([None] * updates)

        def until(left=left):
            return plan() if next(left, "over") is None else "pause"

        assert session.train(run, dataset, until).state == "paused"
    session.train(run, dataset, plan)
    assert read_changes(run) == tuple(
        change._replace(step=step) for step, change in zip(AT, (UP, DOWN, NONE), strict=True)
    )
    assert_same_run(run, undisturbed, dataset)


@pytest.mark.parametrize("lost", [1, 2])
def test_a_steered_run_that_is_killed_takes_its_changes_anew_at_the_same_updates(
    tmp_path, data, dataset, undisturbed, monkeypatch, lost
):
    class Killed(BaseException):
        pass

    run, plan = make_run(tmp_path, data, epochs=6), orders(*STEERED)
    left = iter([None] * 18)

    def until():
        if next(left, "over") is None:
            return plan()
        raise Killed

    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        patch.setattr(session, "SNAPSHOT_EVERY", -1.0)
        session.train(run, dataset, until)
    newest = store.numbered_snapshots(run)
    for path in newest[:lost]:
        path.unlink()
    assert store.saved_step(run) < 15  # it goes on before, or from the start
    assert session.train(run, dataset).state == "done"
    assert_same_run(run, undisturbed, dataset)


def test_who_steers_while_a_killed_run_catches_up_steers_from_there_on(tmp_path, data, dataset):
    run = make_run(tmp_path, data, epochs=6)
    for change in (UP._replace(step=3), DOWN._replace(step=7)):
        append_change(run, change)
    session.train(run, dataset, orders(5, NONE))
    assert read_changes(run) == (UP._replace(step=3), NONE._replace(step=5))
    other = make_run(tmp_path, data, epochs=6)
    for change in read_changes(run):
        append_change(other, change)
    session.train(other, dataset)
    assert_same_run(run, other, dataset)


def test_a_step_is_one_update_with_what_holds(tmp_path, data, dataset):
    run = make_run(tmp_path, data, epochs=6)
    append_change(run, UP)
    for step in (1, 2):
        status = session.train(run, dataset, steps=1)
        assert (status.state, status.step) == ("paused", step)
        assert status.sentence == session.STEPPED[1]
    assert [record["kl_weight"] for record in metrics(run)] == [2.0, 2.0]


# --- a run that goes back ---------------------------------------------------------------------------------------------


def ruin(monkeypatch, step, times=10**9):
    """From that update on, for so many, the weights become no numbers."""
    update_, left = optimisers.update_, iter(range(times))

    def ruined(weights, gradient, moments, number, *others):
        update_(weights, gradient, moments, number, *others)
        if number >= step and next(left, None) is not None:
            weights.fill_(float("nan"))

    monkeypatch.setattr(optimisers, "update_", ruined)


def test_a_run_that_diverged_forgets_the_changes_after_the_weights_it_goes_back_to(
    tmp_path, data, dataset, monkeypatch
):
    run = make_run(tmp_path, data, epochs=100)
    with monkeypatch.context() as patch:
        ruin(patch, 12)
        status = session.train(run, dataset, orders(4, UP, 8, DOWN))
    assert status.state == "diverged"
    kept = read_changes(run)
    assert status.step < 12
    assert in_force(kept, status.step, store.read_run_config(run))[1:] == UP[1:]
    assert in_force(kept, 10**9, store.read_run_config(run))[1:] == UP[1:], "what came after counts no more"
    append_change(run, Change(status.step, 0.025, 2.0))  # half the rate
    resumed = session.train(run, dataset, orders(6, "pause"))
    assert resumed.state == "paused"
    later = [record for record in metrics(run) if record["kind"] == "train" and record["step"] > status.step]
    assert [record["learning_rate"] for record in later] == pytest.approx([0.025] * len(later), rel=1e-2)
    other = make_run(tmp_path, data, epochs=100)
    for change in read_changes(run):
        append_change(other, change)
    session.train(other, dataset, orders(resumed.step, "pause"))
    one, two = last_state(run, dataset), last_state(other, dataset)
    assert one.step == two.step
    assert all(torch.equal(weight, two.weights[name]) for name, weight in one.weights.items())


def test_a_full_disk_while_a_change_is_written_pauses_the_run(tmp_path, data, dataset, monkeypatch):
    run = make_run(tmp_path, data)

    def full(path, records):
        if path.name == "changes.jsonl":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("dmm.runs.changes.append_lines", full)
    status = session.train(run, dataset, orders(3, UP))
    assert status.state == "paused"
    assert "the disk is full" in status.sentence


# --- the folder -------------------------------------------------------------------------------------------------------


def test_changes_survive_the_disk_and_what_is_damaged_is_passed_over(tmp_path):
    assert read_changes(tmp_path) == ()
    wanted = (Change(3, 0.01, None), Change(9, 0.5, 2.0))
    append_change(tmp_path, wanted[0])
    good = b'{"step": 20, "learning_rate": 0.01, "kl_weight": 1}'
    damage = [
        b"\xff\xfe",
        b"[]",
        b"7",
        b'{"step": 4}',
        *(good.replace(b"20", one) for one in (b"-1", b"1.5", b"true", b'"4"', b"null", b"NaN")),
        *(good.replace(b"0.01", one) for one in (b"0", b"-1", b'"1"', b"null", b"NaN", b"1e999", b"9" * 400)),
        *(good.replace(b"1}", one) for one in (b"-1}", b"2.1}", b'"1"}', b"Infinity}", b"9" * 400 + b"}", b"[]}")),
    ]
    with open(tmp_path / "changes.jsonl", "ab") as file:
        file.write(b"\n".join(damage) + b"\n")
    append_change(tmp_path, wanted[1])
    with open(tmp_path / "changes.jsonl", "ab") as file:
        file.write(good[:30])  # torn
    assert read_changes(tmp_path) == wanted


def test_records_of_a_run_that_went_back_hold_what_counts(tmp_path):
    for change in (Change(5, 0.01), Change(9, 0.02), Change(7, 0.03), Change(7, 0.04)):
        append_change(tmp_path, change)
    assert read_changes(tmp_path) == (Change(5, 0.01), Change(7, 0.04))
