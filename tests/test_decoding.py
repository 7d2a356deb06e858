"""Four voices out of probabilities: the maximum that trying all of them finds, and what the costs do."""

import itertools
import time

import numpy as np
import pytest

from dmm.decoding import Costs, decode, starts, struck_keys
from dmm.music import KEYS, LOWEST_KEY, notes

NARROW = ((62, 64), (61, 63), (60, 62), (60, 60))
FREE = Costs(0, 0, 0, 0, 0)


def log_odds(p):
    p = p.clip(1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


def worth(voices, p, costs):
    """The formula of the module, word by word."""
    score = 0.0
    for t, chord in enumerate(voices):
        score += sum(log_odds(p)[t, pitch - LOWEST_KEY] for pitch in set(chord) - {0})
        score -= costs.rest * list(chord).count(0)
        for high, low in itertools.pairwise(chord):
            if high and low:
                score -= costs.crossing * (high < low) + costs.unison * (high == low)
        if t:
            for before, after in zip(voices[t - 1], chord, strict=True):
                if before and after:
                    score += costs.hold * (before == after) - costs.leap * abs(int(before) - int(after))
    return score


def every_choice(ranges, frames):
    chords = list(itertools.product(*([0, *range(low, high + 1)] for low, high in ranges)))
    return itertools.product(chords, repeat=frames)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("ranges", "frames"), [(((61, 62), (60, 62), (60, 61), (60, 60)), 2), (((60, 60), (60, 61), (60, 60), (60, 60)), 3)]
)
def test_the_score_is_the_greatest_of_all(seed, ranges, frames):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.05, 0.95, (frames, KEYS))
    costs = Costs(*rng.uniform(0, 2, 5))
    found = decode(p, costs, candidates=88, ranges=ranges)
    best = max(worth(voices, p, costs) for voices in every_choice(ranges, frames))
    assert found.score == pytest.approx(best, abs=1e-9)
    assert worth(found.voices.tolist(), p, costs) == pytest.approx(best, abs=1e-9)


def test_the_score_is_that_of_the_voices_for_a_long_piece():
    p = np.random.default_rng(1).beta(0.1, 2.0, (70, KEYS))
    found = decode(p)
    assert worth(found.voices.tolist(), p, Costs()) == pytest.approx(found.score, abs=1e-6)


def test_without_costs_it_is_the_likeliest_roll_of_four_keys_in_range():
    p = np.random.default_rng(2).uniform(0, 1, (5, KEYS))
    p[:, 60 - LOWEST_KEY : 69 - LOWEST_KEY + 1] *= 0.3
    ranges = ((62, 90), (62, 90), (62, 90), (62, 90))
    found = decode(p, FREE, ranges=ranges)
    inside = log_odds(p)[:, 62 - LOWEST_KEY : 91 - LOWEST_KEY]
    four = np.sort(inside, axis=1)[:, -4:]
    assert found.score == pytest.approx(np.maximum(four, 0).sum())


def test_more_candidates_never_score_less():
    p = np.random.default_rng(3).beta(0.2, 2.0, (20, KEYS))
    scores = [decode(p, candidates=n).score for n in (1, 2, 4, 6)]
    assert scores == sorted(scores)


def test_voices_stay_in_their_ranges_and_are_at_most_four():
    p = np.random.default_rng(4).uniform(0, 1, (40, KEYS))
    voices = decode(p).voices
    for v, (low, high) in enumerate(((60, 81), (53, 74), (48, 69), (36, 64))):
        assert (((voices[:, v] >= low) & (voices[:, v] <= high)) | (voices[:, v] == 0)).all()


def test_a_sure_chord_is_found_held_and_tied():
    p = np.full((3, KEYS), 0.01)
    p[:, np.array([72, 67, 60, 48]) - LOWEST_KEY] = 0.9
    found = decode(p)
    assert found.voices.tolist() == [[72, 67, 60, 48]] * 3
    assert found.onsets.tolist() == [[True] * 4, [False] * 4, [False] * 4]


def test_silence_is_four_rests_only_where_rests_are_cheap():
    p = np.full((4, KEYS), 0.001)
    assert not decode(p).voices.any()
    assert decode(p, Costs(rest=20)).voices.all()


def test_leaps_cost_and_holding_pays():
    p = np.full((2, KEYS), 1e-4)
    p[0, 60 - LOWEST_KEY], p[1, 60 - LOWEST_KEY], p[1, 72 - LOWEST_KEY] = 0.9, 0.5, 0.6
    assert decode(p, FREE._replace(rest=1.0), ranges=((60, 72), *[(40, 40)] * 3)).voices[:, 0].tolist() == [60, 72]
    assert decode(p, FREE._replace(rest=1.0, leap=0.1), ranges=((60, 72), *[(40, 40)] * 3)).voices[1, 0] == 60
    assert decode(p, FREE._replace(rest=1.0, hold=0.5), ranges=((60, 72), *[(40, 40)] * 3)).voices[1, 0] == 60


def test_the_same_input_gives_the_same_voices_quickly():
    p = np.random.default_rng(5).beta(0.1, 2.0, (64, KEYS))
    one = decode(p)
    start = time.process_time()
    other = decode(p)
    assert time.process_time() - start < 0.2  # 0.02 on a quiet machine
    assert np.array_equal(one.voices, other.voices)


def test_nothing_gives_nothing_and_certainty_is_no_trouble():
    assert decode(np.zeros((0, KEYS))).voices.shape == (0, 4)
    assert np.isfinite(decode(np.eye(KEYS)[:3]).score)


@pytest.mark.parametrize("p", [np.zeros((3, 12)), np.zeros(88), np.full((1, 88), 1.5), np.full((1, 88), np.nan)])
def test_what_is_no_probability_of_88_keys_is_refused(p):
    with pytest.raises(ValueError, match="got"):
        decode(p)


def test_onsets_of_voices_are_onsets_of_keys():
    voices = np.array([[60, 55], [60, 55], [62, 0]])
    keys = struck_keys(voices, starts(voices))
    assert np.argwhere(keys).tolist() == [[0, 34], [0, 39], [2, 41]]
    roll = np.zeros((3, KEYS))
    for t, row in enumerate(voices):
        roll[t, row[row > 0] - LOWEST_KEY] = 1
    assert len(notes(roll, keys)) == 3
