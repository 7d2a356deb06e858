"""A roll as notes, MIDI and a table."""

import contextlib
import io

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dmm.music import KEYS, LOWEST_KEY, Note, from_midi, from_note_csv, note_name, notes, to_csv, to_midi, to_note_csv

rolls = st.one_of(
    arrays(np.uint8, st.tuples(st.integers(0, 12), st.just(KEYS)), elements=st.integers(0, 1)),
    st.lists(st.sampled_from([0, 1]), max_size=12).map(
        lambda frames: np.repeat(np.array(frames, dtype=np.uint8)[:, None], KEYS, axis=1)
    ),  # frames that are silent or have every key on
)


def roll_of(*frames):
    """A roll whose frames are given as lists of MIDI pitches."""
    roll = np.zeros((len(frames), KEYS), dtype=np.uint8)
    for t, pitches in enumerate(frames):
        roll[t, [pitch - LOWEST_KEY for pitch in pitches]] = 1
    return roll


def test_note_names_run_from_a0_to_c8():
    names = [note_name(LOWEST_KEY + key) for key in range(KEYS)]
    assert (names[0], names[39], names[48], names[-1]) == ("A0", "C4", "A4", "C8")
    assert len(set(names)) == KEYS


def test_a_key_that_stays_on_is_one_held_note():
    roll = roll_of([60, 64], [60], [], [60], [60])
    assert notes(roll) == (Note(60, 0, 2), Note(64, 0, 1), Note(60, 3, 2))


def test_an_onset_strikes_a_held_key_again():
    roll = roll_of([60], [60], [60])
    assert notes(roll, onsets=roll_of([60], [], [60])) == (Note(60, 0, 2), Note(60, 2, 1))


def test_an_onset_where_the_key_is_silent_strikes_nothing():
    assert notes(roll_of([]), onsets=roll_of([60])) == ()


@given(rolls, rolls)
def test_notes_cover_exactly_the_keys_that_sound(roll, onsets):
    again = np.zeros_like(roll)
    size = min(len(roll), len(onsets))
    again[:size] = onsets[:size]
    count = np.zeros(roll.shape, dtype=int)
    for pitch, start, length in notes(roll, again):
        count[start : start + length, pitch - LOWEST_KEY] += 1
    assert np.array_equal(count, roll)
    assert list(notes(roll)) == sorted(notes(roll), key=lambda note: (note.start, note.pitch))


@settings(deadline=None)
@given(rolls, st.sampled_from([30, 90, 117.5]))
def test_midi_round_trip_is_exact(roll, tempo):
    back = from_midi(to_midi(roll, tempo))
    assert back.dtype == np.uint8
    assert np.array_equal(back, roll)


def test_midi_keeps_a_repeated_note_and_its_roll():
    roll, struck = roll_of([60], [60]), roll_of([60], [60])
    assert to_midi(roll, onsets=struck).count(b"\x90") == 2
    assert np.array_equal(from_midi(to_midi(roll, onsets=struck)), roll)


def test_midi_lasts_as_long_as_its_tempo_says():
    file = mido.MidiFile(file=io.BytesIO(to_midi(roll_of([60], [], []), tempo=120)))
    assert file.length == pytest.approx(1.5)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=90))
def test_any_title_can_be_written(title):
    roll = roll_of([60])
    assert np.array_equal(from_midi(to_midi(roll, title=title)), roll)


@pytest.mark.parametrize("data", [b"", b"MThd", b"RIFF....", b"hello", bytes(1000)])
def test_bytes_that_are_no_midi_file_give_one_sentence(data):
    with pytest.raises(ValueError, match=r"^(Not a|The) MIDI file.*\.$"):
        from_midi(data)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_broken_midi_raises_nothing_but_value_error(junk):
    good = to_midi(roll_of([60]))
    for data in (good[: len(junk)], good[:22] + junk):
        with contextlib.suppress(ValueError):
            from_midi(data)


def test_csv_has_note_names_and_one_row_per_frame():
    lines = to_csv(roll_of([21], [], [108])).splitlines()
    assert lines[0].split(",")[39] == "C4"
    assert [line.count(",") for line in lines] == [KEYS - 1] * 4
    back = np.array([line.split(",") for line in lines[1:]], dtype=int)
    assert np.array_equal(back, roll_of([21], [], [108]))


@pytest.mark.parametrize("roll", [np.zeros((4, 90)), np.zeros(88), np.zeros((1, 4, 88))])
def test_a_roll_of_another_shape_is_refused_with_both_shapes(roll):
    for convert in (notes, to_midi, to_csv):
        with pytest.raises(ValueError, match=r"got a roll of shape \(.*\), expected \(T, 88\)"):
            convert(roll)


@pytest.mark.parametrize("value", [0.5, 2, -1, np.nan])
def test_a_value_that_is_neither_0_nor_1_is_refused(value):
    with pytest.raises(ValueError, match=r"expected 0 or 1"):
        notes(np.full((1, 88), value))


@pytest.mark.parametrize("tempo", [0, -1, 5, 1e9, float("nan"), float("inf")])
def test_a_tempo_out_of_range_is_refused(tempo):
    with pytest.raises(ValueError, match="expected 10 to 600 beats per minute"):
        to_midi(roll_of([60]), tempo)


@given(rolls)
def test_a_table_of_notes_round_trip_is_exact(roll):
    assert np.array_equal(from_note_csv(to_note_csv(roll), len(roll)), roll)


def test_a_table_of_notes_names_the_voices_and_keeps_their_onsets():
    voices = np.array([[72, 60, 0, 48], [72, 60, 0, 48]])
    onsets = np.array([[True, True, False, True], [False, True, False, False]])
    lines = to_note_csv(roll_of([48, 60, 72], [48, 60, 72]), voices, onsets).splitlines()
    assert lines == [
        "beat,length,pitch,name,voice",
        "1,2,48,C3,bass",
        "1,1,60,C4,alto",
        "1,2,72,C5,soprano",
        "2,1,60,C4,alto",
    ]


def test_a_table_of_notes_of_shared_keys_has_both_voices():
    voices = np.array([[60, 60, 0, 48]])
    assert to_note_csv(roll_of([48, 60]), voices).count("60,C4") == 2
