"""When a run is over before its last epoch: by its own conditions, each with its sentence."""

import math

import pytest

from dmm.config import make_config
from dmm.runs import session, store
from dmm.stopping import why_over
from tests.test_session import data, dataset, order_after, short_samples
from tests.tiny_runs import make_run, metrics

__all__ = ["data", "dataset", "short_samples"]  # fixtures

pytestmark = pytest.mark.usefixtures("one_thread")


def over(best=5.0, step=100, best_step=100, seconds=10.0, **values):
    state = {"best": best, "step": step, "best_step": best_step, "seconds": seconds}
    return why_over(make_config(**values), updates_per_epoch=10, **state)


def validations(run):
    return [record for record in metrics(run) if record["kind"] == "valid"]


# --- the conditions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("best", [0.0, 5.0, math.inf])
def test_conditions_of_zero_never_hold(best):
    assert over(best=best, step=10**6, best_step=0, seconds=1e9) == ""


def test_target_is_reached_at_its_very_value():
    assert over(best=5.1, target=5.0) == ""
    assert over(best=5.0, target=5.0) == "Done: the validation bound reached its target, 5 nats per frame."
    assert over(best=math.inf, target=5.0) == ""


@pytest.mark.parametrize(
    ("since", "sentence"),
    [(19, ""), (20, "Done: the validation bound has not improved for 2 epochs."), (35, "3 epochs.")],
)
def test_patience_counts_whole_epochs_since_the_best(since, sentence):
    said = over(step=100 + since, patience=2)
    assert said.endswith(sentence)
    assert bool(said) == bool(sentence)


def test_patience_of_one_epoch_says_one():
    assert over(step=110, patience=1) == "Done: the validation bound has not improved for 1 epoch."


def test_patience_does_not_begin_before_the_first_validation():
    assert over(best=math.inf, best_step=0, step=1000, patience=1) == ""


def test_time_limit_is_of_training_time():
    assert over(seconds=59.9, time_limit=60.0) == ""
    assert over(seconds=60.0, time_limit=60.0) == "Done: its time limit of 60 seconds is up."


# --- real sessions ----------------------------------------------------------------------------------------------------


def test_a_session_ends_at_the_first_validation_that_reaches_the_target(tmp_path, data, dataset):
    run = make_run(tmp_path, data, target=1000.0, epochs=100)
    status = session.train(run, dataset)
    assert (status.state, status.step, status.epoch) == ("done", 3, 1)
    assert status.sentence == "Done: the validation bound reached its target, 1000 nats per frame."
    assert store.read_status(run).sentence == status.sentence
    assert len(validations(run)) == 1


@pytest.mark.parametrize("slice_", [0.0, 0.2])
def test_patience_ends_only_where_there_is_a_new_validation_however_long_slices_are(
    tmp_path, data, dataset, monkeypatch, slice_
):
    """After the tenth epoch they come every fifth: who has not been looked at has not failed to improve."""
    monkeypatch.setattr(session, "SLICE", slice_)
    monkeypatch.setattr(session, "is_due", lambda epoch: False)
    run = make_run(tmp_path, data, patience=2, epochs=200, learning_rate=1e-4)
    bounds = iter([9.0, 8.0, 7.0, 7.5, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5, 0.6, 0.1, 0.1, 0.1])

    def validate(learner):
        bound = next(bounds)
        improved = bound < learner.best
        if improved:
            learner.best, learner.best_step = bound, learner.step
        return {"kind": "valid", "step": learner.step, "bound": bound, "improved": improved}

    monkeypatch.setattr("dmm.training._Learner.validate", validate)
    status = session.train(run, dataset)
    assert status.sentence == "Done: the validation bound has not improved for 5 epochs."
    assert (status.state, status.epoch, status.best) == ("done", 20, 0.5)


def test_a_time_limit_ends_a_session_between_validations(tmp_path, data, dataset, monkeypatch):
    monkeypatch.setattr(session, "SLICE", 0.02)
    run = make_run(tmp_path, data, time_limit=0.1, epochs=100_000, batch_size=1)
    status = session.train(run, dataset)
    assert (status.state, status.sentence) == ("done", "Done: its time limit of 0.1 seconds is up.")
    assert 0.1 <= status.seconds < 2


def test_a_time_limit_counts_what_was_trained_before_a_pause(tmp_path, data, dataset, monkeypatch):
    monkeypatch.setattr(session, "SLICE", 0.02)
    run = make_run(tmp_path, data, time_limit=0.15, epochs=100_000)
    seconds = 0.0
    while (status := session.train(run, dataset, order_after(3, "pause"))).state == "paused":
        assert status.seconds > seconds
        seconds = status.seconds
    assert status.state == "done"
    assert status.seconds < 2


def test_a_run_without_conditions_goes_to_its_last_epoch(tmp_path, data, dataset):
    status = session.train(make_run(tmp_path, data, epochs=2), dataset)
    assert (status.state, status.sentence) == ("done", "Done: 2 epochs.")
