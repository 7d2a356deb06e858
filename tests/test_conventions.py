"""The conventions against sums by hand, the evaluation's own numbers, and a weight whose mean is known."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dmm.conventions import nll_by_draws, numbers
from dmm.data import load_dataset
from dmm.evaluation import draws_of, evaluate
from dmm.runs import store
from dmm.runs.build_numbers import judge
from dmm.runs.judged import COUNTS, load_judged, save_judged
from dmm.runs.snapshots import load_run
from tests.family import make_model

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def tiny():
    torch.manual_seed(0)
    rolls = [np.random.default_rng(n).integers(0, 2, (length, 5)) for n, length in enumerate((2, 3, 7))]
    return make_model(x_dim=5), rolls


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.integers(1, 200)), min_size=1, max_size=9))
def test_numbers_are_the_sums_by_hand(pieces):
    found = numbers(*zip(*pieces, strict=True))
    total, frames, means = 0.0, 0, 0.0
    for cost, length in pieces:
        total, frames, means = total + cost, frames + length, means + cost / length
    count = len(pieces)
    assert found == pytest.approx((total, total / count, total / frames, means / count), abs=1e-9)


def test_pieces_of_one_length_have_one_number():
    found = numbers([10.0, 30.0], [5, 5])
    assert found.per_frame == found.mean_of_means == 4.0


@pytest.mark.parametrize(("costs", "lengths"), [([], []), ([1.0], [1, 2]), ([1.0], [0])])
def test_wrong_pieces_are_refused(costs, lengths):
    with pytest.raises(ValueError, match="expected one of each a piece"):
        numbers(costs, lengths)


def test_estimate_is_the_log_of_the_mean_weight_of_each_group():
    log_weights = np.random.default_rng(1).normal(-50, 2, (2, 12))
    found, errors = nll_by_draws(log_weights, (1, 4))
    for n in range(2):
        groups = [log_weights[n, start : start + 4] for start in (0, 4, 8)]
        each = [-math.log(sum(math.exp(w) for w in group) / 4) for group in groups]
        assert found[n, 1] == pytest.approx(sum(each) / 3, rel=1e-12)
        assert errors[n, 1] == pytest.approx(np.std(each, ddof=1) / math.sqrt(3), rel=1e-9)
        assert found[n, 0] == pytest.approx(-log_weights[n].mean(), rel=1e-12)


def test_estimate_falls_with_the_draws_towards_what_is_known():
    """Weights whose logarithm is Gaussian have the mean exp(m + s^2 / 2)."""
    log_weights = np.random.default_rng(2).normal(-30, 1, (200, 4000))
    found, errors = nll_by_draws(log_weights, (1, 10, 100, 2000))
    means = found.mean(0)
    assert (np.diff(means) < 0).all()
    assert means[0] == pytest.approx(30, abs=0.01)
    assert means[-1] == pytest.approx(29.5, abs=4 * np.sqrt((errors[:, -1] ** 2).sum()) / 200 + 1e-3)


def test_huge_weights_do_not_overflow():
    found, _ = nll_by_draws(np.full((1, 4), 5000.0), (2,))
    assert found.item() == -5000.0


@pytest.mark.parametrize("counts", [(0,), (3,)])
def test_counts_that_leave_no_two_groups_are_refused(counts):
    with pytest.raises(ValueError, match="expected from 1 to 2"):
        nll_by_draws(np.zeros((1, 4)), counts)


def test_draws_lead_to_what_the_evaluation_says(tiny):
    model, rolls = tiny
    weights, bounds = (torch.stack(each) for each in zip(*draws_of(model, rolls, 50, seed=3), strict=True))
    found = evaluate(model, rolls, 50, seed=3)
    lengths = [len(roll) for roll in rolls]
    of_bounds = numbers(-bounds.mean(1), lengths)
    assert of_bounds.per_frame == pytest.approx(found.nll_bound, rel=1e-9)
    assert of_bounds.mean_of_means == pytest.approx(found.nll_bound_per_sequence, rel=1e-9)
    a = numbers(-(torch.logsumexp(weights, 1) - math.log(50)), lengths).per_frame
    assert a == pytest.approx(found.nll_is, rel=1e-9)


def test_judging_a_model_gives_a_file_that_is_read_back(tiny, tmp_path):
    model, rolls = tiny
    judged = judge(model, rolls, "a run", counts=(1, 5, 20), draws=40)
    save_judged(judged, tmp_path / "numbers.json")
    again = load_judged(tmp_path / "numbers.json")
    for one, other in zip(judged, again, strict=True):
        np.testing.assert_array_equal(one, other)
    a, se = again.per_frame()
    assert a.shape == se.shape == (3,)
    assert 1 <= again.effective <= 20


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"run": 1}'])
def test_damaged_file_counts_as_none(damage, tmp_path):
    path = tmp_path / "numbers.json"
    assert load_judged(path) is None
    path.with_name("other.json").write_text(damage)
    assert load_judged(path.with_name("other.json")) is None


def test_stored_numbers_belong_to_the_test_pieces_of_the_stored_run():
    judged = load_judged()
    run = store.find_run(judged.run)
    test = load_dataset(store.read_run_config(run).data).test
    assert judged.lengths.tolist() == [len(piece.roll) for piece in test]
    assert tuple(judged.counts) == COUNTS
    a, se = judged.per_frame()
    assert (np.diff(a) < 2 * se[1:]).all()
    assert a[0] == pytest.approx(judged.bounds.sum() / judged.lengths.sum(), abs=4 * se[0])


def test_stored_bounds_are_those_of_the_stored_weights():
    """One piece again, with draws of its own."""
    judged, n = load_judged(), 4
    run = store.find_run(judged.run)
    dmm = load_run(run)[0]
    roll = load_dataset(store.read_run_config(run).data).test[n].roll
    found = evaluate(dmm, [roll], 100, seed=9)
    assert found.nll_bound * len(roll) == pytest.approx(judged.bounds[n], abs=4 * found.nll_bound_se * len(roll) + 0.01)
