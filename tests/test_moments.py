"""Moments of a run's training: kept when they are due, small, and passed over when they are damaged."""

import math

import numpy as np
import pytest
import torch

from dmm.config import make_config
from dmm.data import load_dataset
from dmm.deep_markov_model import build_dmm
from dmm.inspection import inspect_piece
from dmm.runs import moments, session, store
from dmm.runs.moments import MOST, ROOM, keep_moment, load_moments, moment_epochs
from dmm.runs.snapshots import load_run
from dmm.training import Budget, State, advance, is_milestone, load_dmm, make_spec, make_state
from tests.tiny_runs import make_run, write_tiny_data

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def data(tmp_path):
    return write_tiny_data(tmp_path)


@pytest.fixture
def run(data, runs_dir):
    return make_run(runs_dir, data)


@pytest.fixture
def spec(run):
    config = store.read_run_config(run)
    return make_spec(config, load_dataset(config.data))


def after(spec, epoch, **values):
    """The first weights, as if so many epochs had passed."""
    return make_state(spec)._replace(step=epoch * spec.updates_per_epoch, **values)


def epochs_of(run):
    return [one.epoch for one in load_moments(run)]


# --- when ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epochs", [120, 300, 400, 1000, 5000])
def test_at_least_thirty_epochs_are_kept_dense_at_the_beginning(epochs):
    chosen = moment_epochs(epochs)
    assert 30 <= len(chosen) <= MOST
    assert chosen == sorted(set(chosen))
    assert chosen[0] == 1
    assert chosen[-1] == epochs
    assert all(is_milestone(epoch, epochs) for epoch in chosen)
    assert sum(epoch <= epochs / 4 for epoch in chosen) > len(chosen) / 3, "one who stops early has many"


def test_run_of_thirty_epochs_and_more_keeps_at_least_thirty():
    assert all(len(moment_epochs(epochs)) >= 30 for epochs in range(30, 130))


@pytest.mark.parametrize("epochs", [1, 3, 12, 40, 60])
def test_short_run_keeps_every_epoch_that_is_validated(epochs):
    assert moment_epochs(epochs) == [epoch for epoch in range(1, epochs + 1) if is_milestone(epoch, epochs)]


def test_session_keeps_the_untrained_model_and_every_validated_epoch(run, data):
    session.train(run, load_dataset(data))
    assert epochs_of(run) == [*range(13)]


def test_bounds_are_those_of_the_records(run, spec):
    state, kept = make_state(spec), {}
    keep_moment(run, state, spec)
    for _ in range(4):
        state, report = advance(state, spec, Budget())
        store.append_lines(run / "metrics.jsonl", report.records)
        keep_moment(run, state, spec)
        kept[state.step] = next(one["bound"] for one in report.records if one["kind"] == "valid")
    found = load_moments(run)
    assert [one.epoch for one in found] == [0, 1, 2, 3, 4]
    assert found[0].bound is None
    assert {one.step: one.bound for one in found[1:]} == kept
    for name, weight in state.weights.items():
        assert torch.equal(found[-1].weights[name], weight.half().float())


def test_only_whole_healthy_epochs_that_are_due_are_kept(run, spec):
    assert not keep_moment(run, after(spec, 1)._replace(step=1), spec)
    assert not keep_moment(run, after(spec, 2, bad_steps=1), spec)
    assert epochs_of(run) == []
    assert keep_moment(run, after(spec, 12), spec)
    assert epochs_of(run) == [12]


def test_run_that_goes_back_writes_its_epochs_anew_and_drops_later_ones(run, spec):
    for epoch in (1, 2, 3, 4):
        keep_moment(run, after(spec, epoch), spec)
    state = after(spec, 2)
    keep_moment(run, state._replace(weights={name: one + 1 for name, one in state.weights.items()}), spec)
    assert epochs_of(run) == [1, 2]
    first, second = load_moments(run)
    assert all(torch.allclose(second.weights[name], one + 1, atol=2e-3) for name, one in first.weights.items())


# --- how large -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("preset", "count"), [("classroom", MOST), ("standard", MOST), ("paper", 16)])
def test_moments_of_a_run_stay_below_their_room(preset, count):
    config = make_config(preset)
    with torch.device("meta"):
        weights = dict(build_dmm(config).named_parameters())
    due = moments.due_epochs(config, State(weights, None))
    assert len(due) == count
    zeros = State({name: torch.zeros(one.shape) for name, one in weights.items()}, None)
    assert len(due) * len(moments.pack_weights(zeros, torch.float16)) <= ROOM


def test_model_without_room_for_two_keeps_none(run, spec, monkeypatch):
    monkeypatch.setattr(moments, "ROOM", 10_000)
    assert not keep_moment(run, make_state(spec), spec)
    assert store.list_moments(run) == []


def test_half_the_digits_move_no_view_by_a_byte_of_its_range():
    run = store.SHIPPED / "0000000000000002"
    dmm, _ = load_run(run)
    roll = load_dataset("chorales").test[0].roll
    halved = {name: weight.half().float() for name, weight in dmm.named_parameters()}
    whole, small = (inspect_piece(one, roll, keep=0) for one in (dmm, load_dmm(store.read_run_config(run), halved)))
    for name, ours, theirs in zip(whole._fields, whole, small, strict=True):
        if ours.size:
            assert np.abs(ours - theirs).max() < np.ptp(ours) / 255, name


# --- damage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["empty", "torn", "nonsense", "other model", "not finite", "32 bits"])
def test_damaged_moment_is_left_out_and_the_others_stay(run, spec, damage):
    for epoch in (1, 2, 3):
        keep_moment(run, after(spec, epoch), spec)
    path = store.moment_file(run, 2)
    whole, state = path.read_bytes(), after(spec, 2)
    name = next(iter(state.weights))
    broken = {
        "empty": lambda: b"",
        "torn": lambda: whole[: len(whole) // 2],
        "nonsense": lambda: b"\xff" * 100,
        "other model": lambda: packed(state, {name: torch.zeros(3)}),
        "not finite": lambda: packed(state, {name: torch.full_like(state.weights[name], math.nan)}),
        "32 bits": lambda: moments.pack_weights(state),
    }
    path.write_bytes(broken[damage]())
    assert epochs_of(run) == [1, 3]


def packed(state, other):
    return moments.pack_weights(state._replace(weights=state.weights | other), torch.float16)


def test_damaged_records_leave_moments_without_bounds(run, spec):
    keep_moment(run, after(spec, 1), spec)
    step = spec.updates_per_epoch
    line = '{"kind":"valid","step":STEP,"epoch":1,"bound":BOUND}'.replace("STEP", str(step))
    lines = [line.replace("BOUND", bound) for bound in ('"low"', "null", "NaN")]
    (run / "metrics.jsonl").write_text("\n".join([*lines, "{", "[]", '{"kind":"valid"}', ""]))
    assert [one.bound for one in load_moments(run)] == [None]


def test_other_files_in_the_folder_are_no_moments_and_half_written_ones_go(run, spec):
    keep_moment(run, after(spec, 1), spec)
    for name in ("epoch-x.safetensors", "epoch-0000001.safetensors", "notes.txt", ".epoch-000002.safetensors.1.tmp"):
        (run / "moments" / name).write_bytes(b"x")
    assert epochs_of(run) == [1]
    with store.hold(run):
        assert not list((run / "moments").glob(".*"))
