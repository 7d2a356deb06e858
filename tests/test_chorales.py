"""The chorales that ship, and the music in them."""

import sys

import numpy as np
import pytest

from dmm.data import DataError, load_dataset, tunes
from dmm.data.build_chorales import likeness, main, write
from dmm.data.chorales import PATH, semitones_to_c, transpose
from dmm.data.piece import digest
from dmm.data.scores import longest_silence, make_grid


@pytest.fixture(scope="module")
def chorales():
    return load_dataset("chorales")


@pytest.fixture(scope="module")
def pieces(chorales):
    return {piece.name: piece for piece in chorales.train + chorales.valid + chorales.test}


def test_splits_hold_the_numbers_the_readme_gives(chorales):
    sizes = [(len(s), sum(len(p.roll) for p in s)) for s in (chorales.train, chorales.valid, chorales.test)]
    assert sizes == [(241, 13648), (75, 3976), (75, 3794)]
    readme = (PATH.parent / "README.md").read_text(encoding="utf-8")
    assert all(f"| {n} | {frames:,} |" in readme for n, frames in sizes)


def test_no_tune_is_in_two_splits():
    with np.load(PATH, allow_pickle=False) as file:
        assert len(set(zip(file["tunes"], file["splits"], strict=True))) == len(set(file["tunes"]))


def test_no_title_is_in_two_splits(chorales):
    titles = [{tunes.normalise_title(p.title) for p in s} for s in (chorales.train, chorales.valid, chorales.test)]
    assert titles[0].isdisjoint(titles[1] | titles[2])
    assert titles[1].isdisjoint(titles[2])


def test_no_melody_is_in_two_splits(chorales):
    train, *held_out = [
        [tunes.windows(p.voices[:, 0]) for p in s] for s in (chorales.train, chorales.valid, chorales.test)
    ]
    assert all(tunes.share(a, b) < tunes.SHARED for split in held_out for a in split for b in train)


def test_every_piece_is_whole(pieces):
    for piece in pieces.values():
        assert piece.title
        assert piece.roll.shape == (len(piece.voices), 88)
        assert piece.onsets.shape == piece.voices.shape == (len(piece.roll), 4)
        assert not (piece.onsets & (piece.voices == 0)).any()  # a rest does not start
        assert longest_silence(piece.voices) < 4


def test_roll_holds_the_voices_and_nothing_else(pieces):
    for piece in pieces.values():
        for pitches, keys in zip(piece.voices, piece.roll, strict=True):
            assert set(pitches[pitches > 0].tolist()) == set((np.flatnonzero(keys) + 21).tolist())


def test_notes_that_do_not_start_on_a_beat_are_nearly_all_held(pieces):
    held = [~p.onsets[1:] & (p.voices[1:] > 0) for p in pieces.values()]
    moved = [h & (p.voices[1:] != p.voices[:-1]) for h, p in zip(held, pieces.values(), strict=True)]
    assert sum(m.sum() for m in moved) < 0.06 * sum(h.sum() for h in held)  # these began between two beats


def test_voices_stay_in_a_choirs_range_and_soprano_above_bass(pieces):
    voices = np.concatenate([piece.voices for piece in pieces.values()])
    for voice, (low, high) in zip(voices.T, [(57, 81), (53, 74), (48, 69), (36, 64)], strict=True):
        assert low <= voice[voice > 0].min()
        assert voice.max() <= high
    both = voices[(voices[:, 0] > 0) & (voices[:, 3] > 0)]
    assert (both[:, 0] >= both[:, 3]).all()


def test_bwv_269_opens_with_its_g_major_chord(pieces):
    piece = pieces["BWV 269"]
    assert (piece.title, piece.key) == ("Aus meines Herzens Grunde", "G major")
    assert piece.voices[0].tolist() == [67, 62, 59, 43]
    assert piece.voices[:6, 0].tolist() == [67, 67, 67, 74, 71, 71]
    assert piece.onsets[:6, 0].tolist() == [True, True, False, True, True, False]


def test_chorales_in_c_are_the_same_pieces_moved_by_one_interval(pieces):
    moved = load_dataset("chorales-in-c")
    for piece in moved.train + moved.valid + moved.test:
        original = pieces[piece.name]
        shift = semitones_to_c(original.tonic)
        assert np.array_equal(piece.voices, transpose(original.voices, shift))
        assert piece.key == ("C minor" if original.minor else "C major")
    assert digest(moved) != digest(load_dataset("chorales"))


def test_the_way_to_c_is_the_nearest():
    ways = [semitones_to_c(tonic) for tonic in range(12)]
    assert all((tonic + way) % 12 == 0 for tonic, way in enumerate(ways))
    assert (min(ways), max(ways)) == (-5, 6)


def test_shared_arrays_cannot_be_written(pieces):
    with pytest.raises(ValueError, match="read-only"):
        pieces["BWV 253"].roll[0, 0] = 1


def test_unknown_name_lists_the_choices():
    with pytest.raises(DataError, match=r"no data set 'folk'.*chorales-in-c.*\.json"):
        load_dataset("folk")


def test_grid_hears_what_sounds_on_the_beat():
    voice = [(0, 0.5, 60), (0.5, 1, 62), (1, 1.5, 64), (1.5, 3, 65)]  # the 62 is never heard
    voices, onsets = make_grid([voice, [], [], []])
    assert voices[:, 0].tolist() == [60, 64, 65]
    assert onsets[:, 0].tolist() == [True, True, False]


def test_likeness_does_not_depend_on_the_key():
    a = np.array([[60, 55, 52, 48], [62, 55, 50, 0]], dtype=np.uint8)
    assert likeness(a, transpose(a, -5)) == 1
    assert likeness(a, a[:1]) == 0
    assert likeness(a, np.array([a[0], a[0]])) == 0.5


def test_tunes_meet_by_title_or_by_melody():
    up, down = np.arange(60, 75), np.arange(75, 60, -1)
    titles, sopranos = ["Ein’ feste Burg", "feste Burg!", "", "Other"], [up, down, down, up[::2]]
    assert tunes.group_by_tune(titles, sopranos).tolist() == [0, 0, 0, 1]


def test_the_file_is_written_without_the_time_of_day(tmp_path):
    for name in ("a.npz", "b.npz"):
        write(tmp_path / name, {"names": np.array(["BWV 1.6"]), "lengths": np.arange(3)})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert file["names"].tolist() == ["BWV 1.6"]


def test_the_build_without_music21_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "music21", None)
    assert main() == 1
    assert "pip install music21" in capsys.readouterr().err
