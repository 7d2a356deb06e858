"""A user's JSON file: three forms that are read, and one clear sentence for everything else."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmm.data import DataError, Dataset, load_dataset
from dmm.data.jsb_json import load_jsb, read_jsb

CHORD = [60, 64, 67]
SEQUENCE = [CHORD, []]
ROLL = [[int(key in (39, 43, 46)) for key in range(88)], [0] * 88]  # the same as SEQUENCE


def document(sequence=SEQUENCE):
    return {"train": [SEQUENCE, sequence], "valid": [SEQUENCE], "test": [SEQUENCE]}


def read(value) -> Dataset:
    return read_jsb(value if isinstance(value, bytes) else json.dumps(value).encode(), "song")


def refused(value) -> str:
    with pytest.raises(DataError) as error:
        read(value)
    return str(error.value)


def test_three_splits_are_read_as_they_stand():
    dataset = read(document())
    assert [len(s) for s in (dataset.train, dataset.valid, dataset.test)] == [2, 1, 1]
    piece = dataset.train[0]
    assert (np.flatnonzero(piece.roll[0]) + 21).tolist() == CHORD
    assert not piece.roll[1].any()
    assert (piece.voices, piece.onsets, piece.key) == (None, None, "")


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"sequences": x}])
@pytest.mark.parametrize(("n", "sizes"), [(3, [1, 1, 1]), (20, [16, 2, 2]), (95, [75, 10, 10])])
def test_one_list_is_split_and_loses_nothing(wrap, n, sizes):
    dataset = read(wrap([[[21 + i % 88]] * (2 + i) for i in range(n)]))
    splits = (dataset.train, dataset.valid, dataset.test)
    assert [len(s) for s in splits] == sizes
    assert sorted(len(p.roll) for s in splits for p in s) == list(range(2, n + 2))
    assert all(p.name == f"sequence {len(p.roll) - 1}" for s in splits for p in s)


def test_frames_of_88_zeros_and_ones_are_the_same_as_pitches():
    rolls, pitches = read([ROLL] * 3), read([SEQUENCE] * 3)
    assert np.array_equal(rolls.train[0].roll, pitches.train[0].roll)
    assert np.array_equal(read([np.array(ROLL, float).tolist()] * 3).train[0].roll, pitches.train[0].roll)


@pytest.mark.parametrize("value", [b"", b"  \n"])
def test_row_30_empty_file(value):
    assert refused(value) == "This file is empty."


@pytest.mark.parametrize(("value", "found"), [(None, "null"), ([], "a list of 0"), ({}, "an object with 0"), (7, "7")])
def test_row_30_nothing_in_it(value, found):
    assert f'Expected {{"sequences": [...]}}, or "train", "valid" and "test"; found {found}' in refused(value)


@pytest.mark.parametrize("open_", [b"[", b'{"sequences":'])
def test_row_31_deep_nesting(open_):
    assert refused(open_ * 100_000) == "Nested more than 20 levels; sequences of frames need 4."


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_row_32_not_finite(number):
    raw = f'{{"sequences": [[],\n["{number}",\n{number}]]}}'.encode()
    assert refused(raw) == f"Line 3: {number} is not a finite number."


def test_row_33_huge_integer():
    assert refused(b"[[[" + b"9" * 5000 + b"]]]") == ("Line 1: number too large, it has 5000 digits (999999999999...).")


def test_row_34_duplicate_key():
    assert refused(b'{"sequences": [], "T": 1, "T": 2}') == 'Key "T" appears twice.'


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"[[60],\n[60],]", "Line 2, column 6: not valid JSON, a value is missing after the comma"),
        (b"[1] x", "Line 1, column 5: not valid JSON, something follows the end."),
        (b"[[60]", "the text ends too early (is it cut off?)"),
        (b"hello", 'Line 1, column 1: not valid JSON, "h" is not expected here.'),
        (b"[\xff]", "Byte 2 is not UTF-8 text; save the file as UTF-8 JSON."),
        ("[1]".encode("utf-16"), "This file is UTF-16 text; save it as UTF-8."),
    ],
)
def test_row_35_broken_text(raw, message):
    assert message in refused(raw)


def test_row_35_byte_order_mark_is_accepted():
    assert len(read(b"\xef\xbb\xbf" + json.dumps(document()).encode()).train) == 2


def test_row_36_too_large_is_refused_before_it_is_parsed(tmp_path):
    path = tmp_path / "big.json"
    path.write_bytes(b"[" + b"0," * 100)
    with pytest.raises(DataError, match=r"has 201 bytes, larger than 0.0001 MB"):
        load_jsb(path, max_bytes=100)
    with pytest.raises(DataError, match=r"has 201 bytes, larger than 0.0001 MB"):
        read_jsb(path.read_bytes(), "big", max_bytes=100)


@pytest.mark.parametrize("width", [87, 89])
def test_row_37_ragged_frames(width):
    message = refused([SEQUENCE, SEQUENCE, [*ROLL, [0] * width]])
    assert message == f"Frame 3 of sequence 3 has {width} values, expected 88."


@pytest.mark.parametrize("value", [2, -1, 0.5, True, "1", None, [1]])
def test_row_38_values_other_than_0_and_1(value):
    message = refused(document([ROLL[0], [value] + [0] * 87]))
    shown = "a list of 1" if value == [1] else json.dumps(value)
    assert message == f"Frame 2 of train sequence 2: {shown} is not 0 or 1."


def test_row_39_empty_sequence():
    assert refused(document([])) == ("Train sequence 2 is empty; at least 2 frames are needed for a transition.")


def test_row_40_sequence_of_one_frame():
    assert refused([SEQUENCE, [CHORD], SEQUENCE]) == (
        "Sequence 2 has 1 frame; at least 2 frames are needed for a transition."
    )


def test_row_41_long_sequence_says_how_to_go_on():
    message = refused(document([CHORD] * 100_000))
    assert message.startswith("Train sequence 2 has 100000 frames, more than 512; cut it into several")
    assert len(read(document([CHORD] * 512)).train[1].roll) == 512


def test_row_41_many_long_sequences():
    assert refused([[[]] * 512] * 400).startswith("400 sequences, 204800 frames: too many, at most 200000")


@pytest.mark.parametrize(
    ("pitch", "message"),
    [
        (60.5, "60.5 is not a MIDI pitch"),
        (True, "true is not a MIDI pitch"),
        ("60", '"60" is not a MIDI pitch'),
        (128, "pitch 128 is outside 21–108"),
        (-1, "pitch -1 is outside 21–108"),
        (10**18, "pitch 1000000000000000000 is outside"),
    ],
)
def test_row_42_pitches(pitch, message):
    assert f"Frame 2 of train sequence 2: {message}" in refused(document([CHORD, [60, pitch]]))


@pytest.mark.parametrize("field", ["__proto__", "__class__", "\ud800"])
def test_row_43_unknown_field(field):
    assert refused({**document(), field: 1}) == f"Unknown field {json.dumps(field)}; expected train, valid, test."


def test_row_43_many_unknown_fields():
    assert refused({str(i): 0 for i in range(100_000)}) == 'Unknown field "0"; expected sequences.'


def test_row_44_lone_surrogate_in_a_name():
    assert read_jsb(json.dumps(document()).encode(), "so\ud800ng\x00").name == "song"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"train": [SEQUENCE]}, '"valid" is missing'),
        ({**document(), "test": {}}, 'Expected a list of sequences in "test"; found an object with 0 keys.'),
        ({**document(), "test": []}, '"test" holds 0 sequences; it needs at least 1.'),
        ([SEQUENCE, SEQUENCE], "Found 2 sequences; at least 3 are needed"),
        ([SEQUENCE, SEQUENCE, 1], "Expected a list of frames in sequence 3; found 1."),
        ([SEQUENCE, [CHORD, 1], SEQUENCE], "Frame 2 of sequence 2: expected a list of pitches; found 1."),
    ],
)
def test_wrong_shapes(value, message):
    assert message in refused(value)


def test_files_that_cannot_be_read(tmp_path):
    for path, message in [
        (tmp_path / "none.json", "There is no file"),
        (tmp_path, "is a folder or a device"),
        ("/dev/zero", "is a folder or a device"),
        ("\ud800.json", "cannot be read"),
        ("\x00.json", "cannot be read"),
        ("x" * 300 + ".json", "cannot be read"),
    ]:
        with pytest.raises(DataError, match=message):
            load_jsb(path)


def test_load_dataset_reads_a_json_file(tmp_path):
    (tmp_path / "mine.JSON").write_text(json.dumps(document()))
    assert load_dataset(str(tmp_path / "mine.JSON")).name == "mine"


def only_a_data_error(raw: bytes) -> None:
    try:
        dataset = read_jsb(raw, "any")
    except DataError as error:
        str(error).encode()  # can be shown
    else:
        assert min(len(dataset.train), len(dataset.valid), len(dataset.test)) >= 1


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_data_set_or_a_data_error(raw):
    only_a_data_error(raw)


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.integers(21, 108) | st.text(max_size=3)
VALUE = st.recursive(LEAF, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=3), v, max_size=3))


@settings(deadline=None, max_examples=200)
@given(st.fixed_dictionaries({"train": VALUE, "valid": VALUE, "test": VALUE}) | st.lists(VALUE, min_size=3) | VALUE)
def test_any_json_gives_a_data_set_or_a_data_error(value):
    only_a_data_error(json.dumps(value).encode())
