"""The blind quiz: what is drawn is what it says it is, and nothing but the notes tells who plays."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from dmm import figures, quiz
from dmm.answers import Answer, at_least, interval, tally
from dmm.data import load_dataset
from dmm.data.piece import Piece
from dmm.decoding import RANGES
from dmm.music import LOWEST_KEY
from dmm.quiz import COINS, EACH, MODEL, MUSIC, ROUNDS, VOICES, Draw, make_quiz
from dmm.ui.listen.quiz_score import in_words
from dmm.ui.listen.quiz_words import BY_COUNTING

NAMES = {MUSIC: "Bach", MODEL: "model", COINS: "coins"}


def piece(frames, seed=0, name="a piece"):
    return Piece(name, "", (np.random.default_rng(seed).random((frames, 88)) < 0.05).astype(np.uint8))


PIECES = [piece(20 + 4 * i, i, f"piece {i}") for i in range(8)]
DRAWS = [Draw(10 * i, i, piece(64, 50 + i).roll) for i in range(1, 11)]
TRAIN = [one.roll for one in PIECES]


def small(seed=0, length=16, tidy=False, pieces=PIECES, draws=DRAWS):
    return make_quiz(pieces, draws, TRAIN, length, [seed], tidy)


def of(rounds, voice):
    return [one for one in rounds if one.voice == voice]


# --- what is drawn ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("length", [16, 32])
def test_each_voice_is_heard_four_times_in_excerpts_of_one_length(seed, length):
    rounds = small(seed, length)
    assert sorted(one.voice for one in rounds) == sorted([*VOICES] * EACH)
    assert {one.roll.shape for one in rounds} == {(length, 88)}
    assert {one.roll.dtype for one in rounds} == {np.dtype(np.uint8)}


def test_same_key_gives_the_same_quiz_and_any_other_another_order():
    def order(rounds):
        return [one.voice for one in rounds]

    first, again = small(3), small(3)
    assert all(np.array_equal(a.roll, b.roll) and a[0] == b[0] for a, b in zip(first, again, strict=True))
    others = [small(4), small(3, length=20), small(3, tidy=True), make_quiz(PIECES, DRAWS, TRAIN, 16, [3, 1])]
    assert all(order(first) != order(other) for other in others), "who knows one quiz must not know another"


def test_in_every_round_each_voice_is_as_likely_as_the_others():
    orders = np.array([[one.voice for one in small(seed, 4)] for seed in range(300)])
    for voice in VOICES:
        often = (orders == voice).sum(0)
        assert len(often) == ROUNDS
        assert (abs(often - 100) < 4 * np.sqrt(300 * 2 / 9)).all()


@pytest.mark.parametrize("seed", range(5))
def test_excerpts_are_where_they_say(seed):
    for one in small(seed):
        if one.voice == COINS:
            assert (one.source, one.start, one.step) == (None, 0, None)
            continue
        np.testing.assert_array_equal(one.before, one.source.roll[one.start : one.start + 16])
        assert one.start % 4 == 0
        assert one.step == (one.source.step if one.voice == MODEL else None)


@pytest.mark.parametrize("seed", range(5))
def test_pieces_differ_and_their_ends_are_not_heard(seed):
    music = of(small(seed), MUSIC)
    assert len({one.source.name for one in music}) == EACH
    assert all(one.start + 16 <= len(one.source.roll) - 4 for one in music)


@pytest.mark.parametrize("seed", range(5))
def test_every_quarter_of_the_training_is_heard_at_places_of_its_own(seed):
    model = of(small(seed), MODEL)
    quarters = [{10, 20, 30}, {40, 50, 60}, {70, 80}, {90, 100}]
    assert [sum(one.step in quarter for one in model) for quarter in quarters] == [1, 1, 1, 1]
    assert sorted(one.start for one in model) == [0, 16, 32, 48]
    assert len({one.start for one in of(small(seed, 32), MODEL)}) == EACH


def test_every_draw_of_a_quarter_may_be_heard():
    steps = {one.step for seed in range(20) for one in of(small(seed), MODEL)}
    assert steps == {one.step for one in DRAWS}


def test_coins_fall_by_the_frequencies_of_training_and_remember_nothing():
    frames = [frame for seed in range(100) for one in of(small(seed), COINS) for frame in one.roll]
    on, total = sum(roll.astype(int).sum(0) for roll in TRAIN), sum(map(len, TRAIN))
    p, n = (on + 0.5) / (total + 1), len(frames)
    assert (abs(np.mean(frames, 0) - p) < 4.5 * np.sqrt(p * (1 - p) / n)).all()
    both = np.mean([(a & b).sum() for a, b in pairwise(frames)])
    assert both == pytest.approx((p**2).sum(), rel=0.1)


@pytest.mark.parametrize(("frames", "expected"), [([9, 5], 9), ([16, 40], 16), ([1], 1)])
def test_where_music_is_shorter_all_three_are_as_short(frames, expected):
    rounds = small(pieces=[piece(n, n) for n in frames])
    assert {len(one.roll) for one in rounds} == {expected}
    assert len(of(rounds, MUSIC)) == EACH


def test_one_piece_and_one_draw_are_enough():
    rounds = small(pieces=PIECES[:1], draws=DRAWS[:1])
    assert [one.step for one in of(rounds, MODEL)] == [10] * EACH
    assert {one.source.name for one in of(rounds, MUSIC)} == {"piece 0"}


def test_silence_is_passed_over_where_there_is_music():
    roll = np.zeros((64, 88), np.uint8)
    roll[40:50, 40] = 1
    assert quiz.places(roll, 16) == [28, 32, 36, 40, 44, 48]
    assert quiz.places(roll[:40], 16) == [0], "all of it is silence"


def test_nothing_to_play_is_refused():
    with pytest.raises(ValueError, match="got 0 pieces and 10 draws"):
        small(pieces=[])
    with pytest.raises(ValueError, match="got 8 pieces and 0 draws"):
        small(draws=[])


# --- tidying ---------------------------------------------------------------------------------------------------------


def test_tidied_excerpts_have_at_most_four_keys_and_all_in_the_ranges():
    for one in small(tidy=True):
        pitches = np.flatnonzero(one.roll.any(0)) + LOWEST_KEY
        assert one.roll.sum(1).max() <= 4
        assert RANGES[3][0] <= pitches.min()
        assert pitches.max() <= RANGES[0][1]
        now, before = (set(map(tuple, np.argwhere(roll))) for roll in (one.roll, one.before))
        assert quiz.changed(one) == (len(before - now), len(now - before))


def test_tidying_leaves_nearly_all_of_bach_as_it_is():
    chorales = load_dataset("chorales").test[:10]
    assert np.mean([(quiz.tidied(one.roll) == one.roll).all(1).mean() for one in chorales]) > 0.98
    draws = of(small(), MODEL)
    assert np.mean([(quiz.tidied(one.roll) == one.roll).all(1).mean() for one in draws]) < 0.7


# --- what answers say ------------------------------------------------------------------------------------------------


def test_interval_ends_where_closed_forms_and_tables_say():
    assert interval(0, 0) == (0, 1)
    assert interval(0, 10) == (0, pytest.approx(1 - 0.025**0.1))
    assert interval(10, 10) == (pytest.approx(0.025**0.1), 1)
    assert interval(1, 4) == (pytest.approx(0.0063, abs=5e-5), pytest.approx(0.8059, abs=5e-5))
    assert interval(4, 20) == (pytest.approx(0.0573, abs=5e-5), pytest.approx(0.4366, abs=5e-5))
    with pytest.raises(ValueError, match="got 3 of 2"):
        interval(3, 2)


@pytest.mark.parametrize("n", [1, 4, 12])
def test_interval_holds_the_chance_at_least_as_often_as_it_says(n):
    for p in np.linspace(0.01, 0.99, 99):
        exactly = [at_least(k, n, p) - at_least(k + 1, n, p) for k in range(n + 1)]
        held = [interval(k, n)[0] <= p <= interval(k, n)[1] for k in range(n + 1)]
        assert sum(exactly) == pytest.approx(1)
        assert np.dot(exactly, held) >= 0.95


def test_tally_counts_by_moment_in_the_order_of_training():
    answers = [Answer(MODEL, MUSIC, 200), Answer(COINS, COINS), Answer(MODEL, MODEL, 9), Answer(MODEL, MODEL, 200)]
    assert list(tally(answers, VOICES).items()) == [
        ((MODEL, 9), (0, 1, 0)),
        ((MODEL, 200), (1, 1, 0)),
        ((COINS, None), (0, 0, 1)),
    ]


def test_who_counts_along_is_right_as_often_as_the_page_says():
    @cache
    def right(*left):
        total = sum(left)
        after = (n * right(*sorted(m - (i == j) for j, m in enumerate(left))) for i, n in enumerate(left) if n)
        return (max(left) + sum(after)) / total if total else 0

    assert right(EACH, EACH, EACH) == pytest.approx(BY_COUNTING, abs=0.05)


def test_words_tell_what_was_recognised_and_whether_the_coins_were_heard():
    answers = [Answer(MUSIC, MUSIC)] * 3 + [Answer(MUSIC, MODEL)] + [Answer(MODEL, MUSIC, 9)] * 2
    words = in_words([*answers, *[Answer(COINS, COINS)] * 4], NAMES)
    assert (
        "Recognised: Bach **3 of 4** (19 to 99 %); model **0 of 2** (0 to 84 %); coins **4 of 4** (40 to 100 %)"
        in words
    )
    assert words.startswith("**7 of 10** right. ")
    assert "Taken for Bach: the model **2 of 2** (16 to 100 %)." in words
    assert "You hear the coins" in words
    assert "it is open whether you hear the coins" in in_words(answers, NAMES)
    assert "more often than by chance" in in_words([Answer(COINS, MODEL)] * 12, NAMES)


def test_bars_begin_with_what_is_right_and_add_up():
    rows = [figures.Hearing("Bach", 0, (3, 1, 0)), figures.Hearing("Model", 1, (2, 1, 4))]
    figure = figures.taken_for(rows, ["Bach", "model", "coins"])
    bars = {one.name: one for one in figure.data}
    parts = [(list(bars[f"said {voice}"].base), list(bars[f"said {voice}"].x)) for voice in ("Bach", "model", "coins")]
    assert parts == [([0, 1], [3, 2]), ([3, 0], [1, 1]), ([4, 3], [0, 4])]
    assert bars["said model"].marker.pattern.shape == ("/", "")
    assert list(bars["a third"].x) == [4 / 3, 7 / 3]
    assert [text.strip() for text in bars["right"].text] == ["3 of 4", "1 of 7"]
    assert "Model: “Bach” 2, “model” 1, “coins” 4." in figure.layout.meta["description"]
    for wrong in ([], [figures.Hearing("Bach", 0, (1, 2))]):
        with pytest.raises(ValueError, match="expected 1 or more and 3"):
            figures.taken_for(wrong, ["Bach", "model", "coins"])
