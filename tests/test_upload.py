"""Uploaded JSON, by the rows of the list of bad inputs, and what an upload becomes: a set that is kept and split."""

import json
import os
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmm.data import DataError, load_dataset, uploads
from dmm.data.jsb_json import LONGEST, SPLITS
from dmm.data.load import full_name
from dmm.data.own_music import MOST_FRAMES, cut_piece, make_dataset
from dmm.data.piece import digest
from dmm.data.piece_json import from_json, to_json
from dmm.data.report import Reading, Report
from dmm.data.tunes import SHARED, group_by_tune, normalise_title, share, windows
from dmm.data.upload import read_upload
from dmm.data.uploads import is_kept, load, save
from dmm.music import to_midi


def tune(seed: int, beats: int = 24) -> list[list[int]]:
    """A melody over a held bass, unlike any other."""
    return [[40, int(pitch)] for pitch in np.random.default_rng(seed).integers(60, 80, beats)]


def as_json(*pieces) -> bytes:
    return json.dumps({"sequences": pieces}).encode()


def as_midi(frames) -> bytes:
    roll = np.zeros((len(frames), 88), np.uint8)
    for t, pitches in enumerate(frames):
        roll[t, np.array(pitches, int) - 21] = 1
    return to_midi(roll, title="A song")


def reading(*seeds: int, name: str = "songs.json", beats: int = 24) -> Reading:
    return read_upload(as_json(*(tune(seed, beats) for seed in seeds)), name)


def refused(raw: bytes) -> str:
    start = time.process_time()
    with pytest.raises(DataError) as error:
        read_upload(raw, "songs.json")
    assert time.process_time() - start < 2
    return str(error.value)


# --- rows 30 to 44 that an upload answers in its own way; the others are in test_jsb_json.py -------------------


@pytest.mark.parametrize("raw", [b"null", b"[]", b"{}"])
def test_row_30(raw):
    assert refused(raw).startswith('Expected {"sequences": [...]}')


def test_row_36_more_than_2_mb():
    assert refused(b"[" + b"0," * 10_000_000).endswith("larger than 2 MB.")
    assert refused(b'["' + b"x" * 50_000_000).endswith("larger than 2 MB.")
    assert refused(b"[" + b"0," * 900_000 + b"0]").startswith("900001 sequences")
    assert refused(b"[" + b"[]," * 600_000 + b"0]").startswith("600001 sequences")


def test_row_41_a_long_sequence_is_cut_in_windows():
    found = reading(1, beats=1200)
    dataset = make_dataset([found, reading(2), reading(3)])
    parts = [piece for split in SPLITS for piece in getattr(dataset, split) if "part" in piece.name]
    assert [len(piece.roll) for piece in parts] == [400, 400, 400]
    assert np.array_equal(np.concatenate([piece.roll for piece in parts]), found.pieces[0].roll)
    assert f"Pieces of more than {LONGEST} beats were cut into parts." in dataset.source
    assert refused(as_json([[60]] * 100_000)).startswith("Sequence 1 has 100000 frames, more than 10000")


def test_row_39_and_40_say_which():
    assert refused(as_json(tune(1), [])).startswith("Sequence 2 is empty")
    assert refused(as_json(tune(1), [[60]])).startswith("Sequence 2 has 1 frame")


def test_an_upload_needs_one_sequence_alone_and_keeps_its_splits():
    assert reading(1).splits == ("",)
    raw = json.dumps({"train": [tune(1), tune(2)], "valid": [tune(3)], "test": [tune(4)]}).encode()
    found = read_upload(raw, "C:\\my\\songs.json")
    assert found.splits == ("train", "train", "valid", "test")
    assert [piece.name for piece in found.pieces][1:3] == ["songs, train sequence 2", "songs, valid sequence 1"]
    assert found.report.sentences() == ("songs.json: 4 pieces, 96 beats.",)


GOOD = json.dumps({"train": [tune(1, 3)], "valid": [tune(2, 3)], "test": [[], [60.0]]}).encode()


@settings(deadline=None, max_examples=500)
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=3),
    st.integers(0, len(GOOD)),
    st.integers(0, 8),
    st.binary(max_size=4) | st.sampled_from([b"NaN", b"1e999", b"[" * 50, b'"\\ud800"', b"null", b"9" * 40]),
    st.sampled_from(["a.json", "a", "a.mid"]),
)
def test_damaged_files_give_pieces_or_a_data_error(changes, at, removed, added, name):
    raw = bytearray(GOOD)
    for place, byte in changes:
        raw[place] = byte
    raw[at : at + removed] = added
    try:
        found = read_upload(bytes(raw), name)
    except DataError as error:
        str(error).encode()  # can be shown
        return
    assert len(found.pieces) == len(found.splits) > 0


# --- pieces as JSON --------------------------------------------------------------------------------------------


def test_pieces_come_back_from_json():
    chorale = load_dataset("chorales").train[3]._replace(tonic=None, minor=None)
    full = chorale._replace(roll=np.ones((3, 88), np.uint8), voices=None, onsets=None)
    for piece in (chorale, full, reading(1).pieces[0]):
        split, back = from_json(json.loads(json.dumps(to_json(piece, "valid"))))
        assert (split, back.name, back.title) == ("valid", piece.name, piece.title)
        for mine, theirs in ((back.roll, piece.roll), (back.voices, piece.voices), (back.onsets, piece.onsets)):
            assert (mine is None and theirs is None) or (np.array_equal(mine, theirs) and mine.dtype == theirs.dtype)


@pytest.mark.parametrize(
    "change", [{"frames": 3}, {"frames": [[300]]}, {"voices": [[1]]}, {"name": None}, {"title": 3}]
)
def test_damaged_pieces_are_refused(change):
    record = to_json(load_dataset("chorales").train[0]) | change
    with pytest.raises(DataError):
        from_json(record)


# --- a set of one's own ----------------------------------------------------------------------------------------


def test_tunes_are_split_so_that_none_is_in_two_splits():
    seeds = [*range(20), 3, 3, 7]  # some tunes come again
    dataset = make_dataset([reading(*seeds)])
    sizes = [len(getattr(dataset, split)) for split in SPLITS]
    assert sum(sizes) == 23
    assert min(sizes) >= 2
    heard = [{piece.roll.tobytes() for piece in getattr(dataset, split)} for split in SPLITS]
    assert len(heard[0] | heard[1] | heard[2]) == sum(map(len, heard))
    assert digest(make_dataset([reading(*seeds)])) == digest(dataset)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.sampled_from(["", "a", "A!", "b"]), st.lists(st.integers(60, 62), max_size=9)), max_size=8)
)
def test_tunes_are_those_that_comparing_every_pair_finds(pieces):
    names, melodies = zip(*pieces, strict=True) if pieces else ((), ())
    alike = [
        [
            bool(a and normalise_title(a) == normalise_title(b)) or share(windows(x), windows(y)) >= SHARED
            for b, y in pieces
        ]
        for a, x in pieces
    ]
    groups = []  # of pieces that are alike, through others too
    for i in range(len(pieces)):
        near = [group for group in groups if any(alike[i][j] for j in group)]
        groups = [group for group in groups if group not in near] + [{i}.union(*near)]
    numbers = group_by_tune(names, melodies)
    assert {frozenset(np.flatnonzero(numbers == n).tolist()) for n in set(numbers.tolist())} == set(
        map(frozenset, groups)
    )


def test_one_piece_is_split_in_time_and_says_that_scores_flatter():
    dataset = make_dataset([read_upload(as_midi(tune(1, 100)), "song.mid")])
    whole = np.concatenate([getattr(dataset, split)[0].roll for split in SPLITS])
    assert [len(getattr(dataset, split)[0].roll) for split in SPLITS] == [80, 10, 10]
    assert np.array_equal(whole, read_upload(as_midi(tune(1, 100)), "x.mid").pieces[0].roll)
    assert "scores look better than they are" in dataset.source
    assert dataset.name == "song.mid"
    assert dataset.train[0].title == "A song"


def test_too_little_music_says_what_to_do():
    with pytest.raises(DataError, match=r"too short to learn from alone.*Add it to the chorales"):
        make_dataset([reading(1, beats=8)])


def test_too_much_music_is_refused():
    with pytest.raises(DataError, match="pieces are too many for one set; at most 1,000"):
        make_dataset([Reading(reading(1).pieces * 1001, ("",) * 1001, Report("x"))])
    with pytest.raises(DataError, match=f"beats are too many for one set; at most {MOST_FRAMES:,}"):
        make_dataset([Reading(reading(1, beats=60).pieces * 900, ("",) * 900, Report("x"))])


def test_a_file_that_says_its_splits_is_taken_at_its_word():
    raw = json.dumps({"train": [tune(1)], "valid": [tune(1)], "test": [tune(2)]}).encode()
    dataset = make_dataset([read_upload(raw, "a.json"), reading(9, name="b.json")])
    assert [len(getattr(dataset, split)) for split in SPLITS] == [2, 1, 1]
    assert dataset.name == "a.json and 1 more"


def test_music_added_to_the_chorales_leaves_their_validation_and_test_alone():
    chorales = load_dataset("chorales")
    dataset = make_dataset([reading(1, 2)], chorales)
    assert (dataset.valid, dataset.test) == (chorales.valid, chorales.test)
    assert dataset.train[: len(chorales.train)] == chorales.train
    assert len(dataset.train) == len(chorales.train) + 2
    assert dataset.name == "chorales and songs.json"


def test_a_test_tune_is_not_learned_from_even_in_another_key():
    chorales = load_dataset("chorales")
    test = [[int(pitch) + 2 for pitch in frame if pitch] for frame in chorales.test[0].voices]
    train = [[int(pitch) + 2 for pitch in frame if pitch] for frame in chorales.train[0].voices]
    found = [read_upload(as_midi(frames), f"{name}.mid") for name, frames in (("test", test), ("train", train))]
    dataset = make_dataset(found, chorales)
    assert [piece.name for piece in dataset.train[len(chorales.train) :]] == ["train"]
    assert "1 of 2 pieces left out" in dataset.source
    with pytest.raises(DataError, match="nothing is left to learn from"):
        make_dataset(found[:1], chorales)


def test_parts_of_a_piece_keep_their_voices():
    piece = load_dataset("chorales").train[0]
    parts = cut_piece(piece, 10)
    assert max(len(part.roll) for part in parts) <= 10
    assert np.array_equal(np.concatenate([part.voices for part in parts]), piece.voices)
    assert cut_piece(piece) == [piece]


def test_a_large_set_is_split_in_a_second():
    many = [reading(*range(i, i + 100), name=f"{i}.json", beats=40) for i in range(0, 1000, 100)]
    start = time.process_time()
    make_dataset(many, load_dataset("chorales"))
    make_dataset(many)
    assert time.process_time() - start < 3  # 1 on a quiet machine


# --- what is kept ----------------------------------------------------------------------------------------------


def test_an_upload_is_found_by_its_contents(runs_dir):
    found = [read_upload(as_midi(tune(1, 60)), "song.mid"), reading(2, 3)]
    name = save(found)
    assert is_kept(name)
    assert save(found) == name
    assert [path.name for path in (runs_dir / "uploads").iterdir()] == [f"{name}.json"]
    for back, one in zip(load(name), found, strict=True):
        assert (back.report, back.splits) == (one.report, one.splits)
        assert all(np.array_equal(a.roll, b.roll) for a, b in zip(back.pieces, one.pieces, strict=True))
    assert digest(load_dataset(name)) == digest(make_dataset(found))
    added = load_dataset(f"chorales-in-c+{name}")
    assert len(added.train) == len(load_dataset("chorales-in-c").train) + 3
    assert full_name(f"chorales+{name}") == f"chorales+{name}"


@pytest.mark.parametrize("name", ["", "../x", "upload-" + "0" * 32, "upload-../../" + "0" * 26, "upload-" + "A" * 32])
def test_no_name_leads_anywhere_else(name):
    assert not is_kept(name)
    with pytest.raises(DataError, match="no longer kept here; upload the same files again"):
        load(name)


def test_a_run_whose_music_is_gone_says_so():
    with pytest.raises(DataError, match="no longer kept here"):
        load_dataset("chorales+upload-" + "0" * 32)


def test_damaged_music_is_noticed(runs_dir):
    name = save([reading(1)])
    path = runs_dir / "uploads" / f"{name}.json"
    path.write_bytes(path.read_bytes().replace(b"40", b"41"))
    with pytest.raises(DataError, match="damaged"):
        load(name)


def test_room_is_made_by_what_has_rested_for_a_day_and_by_nothing_else(runs_dir, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_SETS", 2)
    first, second = save([reading(1)]), save([reading(2)])
    with pytest.raises(DataError, match="keeps as much uploaded music as it can"):
        save([reading(3)])
    assert is_kept(first)
    assert is_kept(second)
    assert save([reading(1)]) == first  # what is here needs no room
    yesterday = time.time() - 2 * 86_400
    for name in (first, second):
        os.utime(runs_dir / "uploads" / f"{name}.json", (yesterday, yesterday))
    load(first)  # which is in use
    third = save([reading(3)])
    assert [is_kept(name) for name in (first, second, third)] == [True, False, True]
    monkeypatch.setattr(uploads, "MOST_BYTES", 100)
    with pytest.raises(DataError, match="keeps as much"):
        save([reading(4)])


def test_a_disk_that_refuses_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="could not be kept: "):
        save([reading(1)], tmp_path / "file" / "folder")


# --- files by their path ---------------------------------------------------------------------------------------


def test_a_midi_file_a_folder_and_both_beside_the_chorales_are_data_sets(tmp_path):
    (tmp_path / "one.mid").write_bytes(as_midi(tune(1, 60)))
    (tmp_path / "two.JSON").write_bytes(as_json(tune(2), tune(3)))
    (tmp_path / "notes.txt").write_text("not music")
    assert load_dataset(str(tmp_path / "one.mid")).name == "one.mid"
    dataset = load_dataset(str(tmp_path))
    assert sum(len(getattr(dataset, split)) for split in SPLITS) == 3
    added = load_dataset(f"chorales+{tmp_path}")
    assert len(added.train) == len(load_dataset("chorales").train) + 3
    assert load_dataset(f"chorales+{tmp_path / 'two.JSON'}").name == "chorales and two.JSON"


def test_the_full_name_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert full_name("a.mid") == str(tmp_path / "a.mid")
    assert full_name("chorales+a.mid") == f"chorales+{tmp_path / 'a.mid'}"
    assert full_name("chorales") == "chorales"


def test_what_is_wrong_with_a_file_is_said_with_its_name(tmp_path):
    (tmp_path / "bad.mid").write_bytes(b"MThd")
    with pytest.raises(DataError, match=r"^bad\.mid: The MIDI header is cut off"):
        load_dataset(str(tmp_path))
    (tmp_path / "empty").mkdir()
    for name, words in (
        (tmp_path / "empty", "holds no file"),
        (tmp_path / "no.mid", "There is no file"),
        ("x", "There is no data set"),
    ):
        with pytest.raises(DataError, match=words):
            load_dataset(str(name))
