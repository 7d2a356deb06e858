"""What is erased from a piece: words and back, and cells by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmm.data import load_dataset
from dmm.holes import Rectangle, check, from_word, missing, to_word

VOICES = np.array([[72, 67, 60, 48], [72, 67, 60, 0], [65, 67, 60, 48], [67, 67, 60, 48]])
RECTANGLES = st.builds(
    lambda start, length, low, more: Rectangle(start, start + length, low, min(108, low + more)),
    *(st.integers(0, 500), st.integers(1, 500), st.integers(21, 108), st.integers(0, 87)),
)


@given(RECTANGLES)
def test_a_rectangle_survives_its_word(rectangle):
    check(rectangle)
    assert from_word(to_word(rectangle)) == rectangle


@pytest.mark.parametrize(
    "word", ["", "descant", "1-2-3", "0-4-60-72", "5-4-60-72", "1-4-72-60", "1-4-20-72", "1-4-60-109"]
)
def test_a_word_that_names_no_hole_is_refused(word):
    with pytest.raises(ValueError, match="expected"):
        from_word(word)


def test_rectangles_erase_their_cells_and_what_lies_beyond_the_piece_nothing():
    erased = missing([Rectangle(1, 3, 60, 61), Rectangle(3, 90, 21, 21), Rectangle(10, 12)], 5)
    expected = np.zeros((5, 88), dtype=bool)
    expected[1:3, 39:41] = expected[3:, 0] = True
    assert np.array_equal(erased, expected)


@pytest.mark.parametrize(
    ("voice", "first", "second"),
    [
        ("soprano", range(68, 109), range(68, 109)),
        ("alto", range(61, 72), range(61, 72)),
        ("tenor", range(49, 67), range(21, 67)),  # the bass rests in the second beat
        ("bass", range(21, 60), range(21, 60)),
    ],
)
def test_a_voice_takes_with_it_all_keys_between_its_neighbours(voice, first, second):
    erased = missing([voice], 4, VOICES)
    for t, keys in enumerate((first, second)):
        assert set(np.flatnonzero(erased[t]) + 21) == set(keys)


def test_two_voices_are_both_erased_and_above_one_that_rests_all_is_open():
    both = missing(["alto", "tenor"], 4, VOICES)
    assert np.array_equal(both, missing(["alto"], 4, VOICES) | missing(["tenor"], 4, VOICES))
    silent = np.array([[0, 67, 60, 48]])
    assert set(np.flatnonzero(missing(["alto"], 1, silent)[0]) + 21) == set(range(61, 109))


def test_where_voices_cross_or_meet_the_own_key_goes_and_that_of_another_stays():
    erased = missing(["soprano"], 4, VOICES)
    assert erased[2, 65 - 21]
    assert not erased[2, 67 - 21]
    assert not erased[3, 67 - 21]  # the alto sings it as well


def test_without_voices_a_voice_erases_nothing():
    assert not missing(["alto"], 4).any()


@pytest.mark.parametrize("voice", range(4))
def test_in_every_chorale_the_other_voices_stay_and_no_note_of_this_one_is_left_alone(voice):
    for piece in load_dataset("chorales").test[:30]:
        name = ("soprano", "alto", "tenor", "bass")[voice]
        erased = missing([name], len(piece.roll), piece.voices)
        for t, row in enumerate(piece.voices.astype(int)):
            others = {pitch for v, pitch in enumerate(row) if v != voice and pitch}
            left = set(np.flatnonzero((piece.roll[t] == 1) & ~erased[t]) + 21)
            assert left == others
