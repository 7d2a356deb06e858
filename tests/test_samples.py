"""Samples of a run: what is written comes back, as exactly as one line of JSON promises."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmm.runs import samples
from dmm.runs.samples import Sample, append_sample, is_due, read_samples
from dmm.runs.store import append_lines, read_lines


def make_sample(frames=64, keys=88, z_dim=3, seed=0, step=5, epoch=1):
    rng = np.random.default_rng(seed)
    roll = rng.integers(0, 2, (frames, keys))
    return Sample(step, epoch, roll, 3 * rng.standard_normal((frames, z_dim)), rng.random((frames, z_dim)))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.just(88), st.integers(1, 9), st.integers(0, 99))
def test_a_sample_round_trips(tmp_path_factory, frames, keys, z_dim, seed):
    run = tmp_path_factory.mktemp("run")
    sample = make_sample(frames, keys, z_dim, seed)
    append_sample(run, sample)
    (back,), _ = read_samples(run)
    assert (back.step, back.epoch) == (sample.step, sample.epoch)
    assert np.array_equal(back.roll, sample.roll)
    assert back.z.shape == back.gates.shape == (frames, z_dim)
    assert np.abs(back.z - sample.z).max() <= samples.Z_STEP / 2 + 1e-9
    assert np.abs(back.gates - sample.gates).max() <= 0.5 / 255 + 1e-9


def test_gates_stay_between_0_and_1_and_far_latents_are_clipped(tmp_path):
    sample = make_sample(2, 88, 2)._replace(
        z=np.array([[1e9, -1e9], [300.0, -300.0]]), gates=np.array([[0.0, 1.0], [1.0, 0.0]])
    )
    append_sample(tmp_path, sample)
    back = read_samples(tmp_path)[0][0]
    assert back.z == pytest.approx(np.array([[327.0, -327.0], [300.0, -300.0]]))
    assert back.gates.tolist() == sample.gates.tolist()


def test_a_roll_of_truth_values_is_a_roll_of_0_and_1(tmp_path):
    sample = make_sample()
    append_sample(tmp_path, sample._replace(roll=sample.roll.astype(bool)))
    append_sample(tmp_path, sample._replace(roll=sample.roll.astype(float)))
    first, second = read_samples(tmp_path)[0]
    assert first.roll.tolist() == second.roll.tolist() == sample.roll.tolist()


def test_reading_by_offset_gives_each_sample_once(tmp_path):
    assert read_samples(tmp_path) == ([], 0)
    offset, steps = 0, []
    for step in range(4):
        append_sample(tmp_path, make_sample(step=step))
        new, offset = read_samples(tmp_path, offset)
        steps += [sample.step for sample in new]
    assert steps == [0, 1, 2, 3]
    assert read_samples(tmp_path, offset) == ([], offset)


def test_a_sample_is_one_small_line_of_json(tmp_path):
    append_sample(tmp_path, make_sample(64, 88, 16))
    lines = (tmp_path / "samples.jsonl").read_text().splitlines()
    assert len(lines) == 1
    assert len(lines[0]) < 6000
    assert json.loads(lines[0])["step"] == 5


@pytest.mark.parametrize("change", [{"roll": "AAAA"}, {"z": "?"}, {"gates": None}, {"frames": -1}, {"keys": "x"}, None])
def test_a_damaged_sample_is_passed_over(tmp_path, change):
    append_sample(tmp_path, make_sample(step=1))
    (good,), _ = read_lines(tmp_path / "samples.jsonl")
    append_lines(tmp_path / "samples.jsonl", [good | change if change else {"step": 2}])
    append_sample(tmp_path, make_sample(step=3))
    assert [sample.step for sample in read_samples(tmp_path)[0]] == [1, 3]


def test_samples_are_kept_densely_first_and_then_for_every_five_per_cent():
    assert all(is_due(epoch) for epoch in range(101))
    late = [epoch for epoch in range(105, 10_001, 5) if is_due(epoch)]
    assert 80 <= len(late) <= 95  # log(100) / log(1.05) = 94.4
    ratios = np.array(late[1:]) / np.array(late[:-1])
    assert ratios.min() > 1.0
    assert ratios.max() < 1.05**2 + 0.01
