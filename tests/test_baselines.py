"""The baselines against counts made by hand."""

from math import log

import numpy as np
import pytest

from dmm.data import baselines

TRAIN = [np.array([[0], [1], [1]]), np.array([[1], [0]])]  # one key: 3 of 5 frames sound
TEST = [np.array([[1], [1], [0]])]


def test_coin_flips_cost_one_bit_per_key():
    assert baselines.coin_flips(TEST) == log(2)


def test_independent_keys_match_a_count_by_hand():
    p = 3.5 / 6
    assert baselines.independent_keys(TRAIN, TEST) == pytest.approx(-(2 * log(p) + log(1 - p)) / 3)


def test_markov_keys_match_a_count_by_hand():
    # Inside the sequences: 0 to 1 once of once; 1 to 1 once of twice (the step between the sequences is none).
    after_off, after_on = 1.5 / 2, 1.5 / 3
    by_hand = -(log(after_off) + log(after_on) + log(1 - after_on)) / 3  # silence, then 1, 1, 0
    assert baselines.markov_keys(TRAIN, TEST) == pytest.approx(by_hand)


def test_keys_add_up():
    two = [[np.repeat(roll, 2, axis=1) for roll in rolls] for rolls in (TRAIN, TEST)]
    for model in (baselines.independent_keys, baselines.markov_keys):
        assert model(*two) == pytest.approx(2 * model(TRAIN, TEST))


def test_log_odds_are_those_of_the_smoothed_counts_and_finite_at_both_ends():
    rolls = [np.array([[0, 1, 1], [0, 0, 1]])]  # never, once, always
    p = np.array([0.5, 1.5, 2.5]) / 3
    assert baselines.log_odds(rolls) == pytest.approx(np.log(p / (1 - p)))
    assert np.isfinite(baselines.independent_keys(rolls, [np.array([[1, 1, 0]])]))
