"""Reads a file of chords: the JSON form of the JSB chorales, or plain lists of sequences.

Three forms are read:

- `{"train": [...], "valid": [...], "test": [...]}`: three lists of sequences;
- `{"sequences": [...]}`, or a bare `[...]`: one list, which is split 80 : 10 : 10.

A sequence is a list of frames. A frame is a list of MIDI pitches (21..108, in any order; an empty one is
silence) or a list of 88 numbers 0 and 1, one per piano key.
"""

from pathlib import Path

import numpy as np

from dmm.data.files import MEGABYTE, check_size, read_bytes
from dmm.data.piece import HIGHEST, KEYS, LOWEST, DataError, Dataset, Piece, make_roll, printable
from dmm.data.strict_json import parse, quote

LONGEST = 512  # frames of one sequence
MOST = 200_000  # frames of one split, or of the list that is split
SPLITS = ("train", "valid", "test")


def load_jsb(path: str | Path, max_bytes: int = 50 * MEGABYTE) -> Dataset:
    """Reads a JSON file of sequences of chords.

    Args:
        path: the file.
        max_bytes: the largest file that is read.

    Returns:
        A `Dataset` named after the file; its pieces have no voices, onsets or key.

    Raises:
        DataError: the file cannot be read, is too large, or does not hold what this module's text describes.
    """
    path = Path(path)
    raw = read_bytes(path, max_bytes)
    return read_jsb(raw, path.stem, max_bytes)


def read_jsb(raw: bytes, name: str, max_bytes: int = 50 * MEGABYTE) -> Dataset:
    """The same for the bytes of an uploaded file; `name`, cleaned, becomes the name of the data set."""
    check_size(len(raw), max_bytes)
    name = printable(name, 120) or "my data"
    splits = _lists(parse(raw))
    if "" in splits:
        splits = _split(splits[""])
    pieces = {split: tuple(Piece(label, "", read_frames(x, label)) for label, x in splits[split]) for split in SPLITS}
    return Dataset(name, f"Read from the JSON file {name}.", **pieces)


def read_json(raw: bytes, longest: int) -> list[tuple[str, Piece]]:
    """The pieces of an uploaded file, each with the split that the file gives it, "" where it gives none.

    Args:
        raw: the file.
        longest: frames of a piece; what is longer than training can take is cut later.

    Raises:
        DataError: as `load_jsb`, but a single sequence is enough.
    """
    splits = _lists(parse(raw))
    return [(split, Piece(label, "", read_frames(x, label, longest))) for split in splits for label, x in splits[split]]


def _lists(document: object) -> dict[str, list[tuple[str, object]]]:
    """The sequences of each split, or of "" where there is one list, in a document of any of the three forms.

    Each has a label for messages.
    """
    if isinstance(document, dict) and document:
        known = SPLITS if any(split in document for split in SPLITS) else ("sequences",)
        for field in document:
            if field not in known:
                raise DataError(f"Unknown field {quote(field)}; expected {', '.join(known)}.")
        lists = {field: _list(document, field) for field in known}
        if known == SPLITS:
            return {split: _label(f"{split} sequence", lists[split]) for split in SPLITS}
        document = lists["sequences"]
    if isinstance(document, list) and document:
        return {"": _label("sequence", document)}
    found = quote(document)
    raise DataError(f'Expected {{"sequences": [...]}}, or "train", "valid" and "test"; found {found}.')


def _list(document: dict, field: str) -> list:
    """The list of sequences under a name."""
    if field not in document:
        raise DataError(f'"{field}" is missing; "train", "valid" and "test" are all needed.')
    if not isinstance(document[field], list):
        raise DataError(f'Expected a list of sequences in "{field}"; found {quote(document[field])}.')
    if not document[field]:
        raise DataError(f'"{field}" holds 0 sequences; it needs at least 1.')
    return document[field]


def _label(kind: str, sequences: list) -> list[tuple[str, object]]:
    """Numbers sequences from 1, if they are not too many."""
    frames = sum(len(sequence) for sequence in sequences if isinstance(sequence, list))
    if max(frames, 2 * len(sequences)) > MOST:
        raise DataError(f"{len(sequences)} sequences, {frames} frames: too many, at most {MOST} frames are read.")
    return [(f"{kind} {i}", sequence) for i, sequence in enumerate(sequences, start=1)]


def _split(sequences: list[tuple[str, object]]) -> dict[str, list[tuple[str, object]]]:
    """Eight of ten sequences to learn from, one to validate and one to test: drawn once and for all."""
    if len(sequences) < 3:
        raise DataError(f"Found {len(sequences)} sequences; at least 3 are needed, one for each split.")
    held_out = max(1, round(len(sequences) / 10))
    order = np.random.default_rng(0).permutation(len(sequences)).tolist()
    places = {
        "valid": order[:held_out],
        "test": order[held_out : 2 * held_out],
        "train": order[2 * held_out :],
    }
    return {split: [sequences[i] for i in sorted(places[split])] for split in SPLITS}


def read_frames(sequence: object, label: str, longest: int = LONGEST) -> np.ndarray:
    """One sequence of at most so many frames as a piano roll (T, 88) uint8; `label` is for messages.

    Raises:
        DataError: it is no list of frames, or too short or too long.
    """
    if not isinstance(sequence, list):
        raise DataError(f"Expected a list of frames in {label}; found {quote(sequence)}.")
    if len(sequence) < 2:
        what = "is empty" if not sequence else "has 1 frame"
        raise DataError(f"{label.capitalize()} {what}; at least 2 frames are needed for a transition.")
    if len(sequence) > longest:
        raise DataError(
            f"{label.capitalize()} has {len(sequence)} frames, more than {longest}; "
            f"cut it into several sequences of at most {longest} frames."
        )
    places = [f"Frame {t} of {label}" for t in range(1, len(sequence) + 1)]
    for frame, place in zip(sequence, places, strict=True):
        if not isinstance(frame, list):
            raise DataError(f"{place}: expected a list of pitches; found {quote(frame)}.")
    first = next((frame for frame in sequence if frame), [])
    read_frame = _keys if len(first) > KEYS // 2 else read_pitches
    return make_roll([read_frame(frame, place) for frame, place in zip(sequence, places, strict=True)])


def read_pitches(frame: list, place: str) -> list[int]:
    """The pitches of a frame, if all are on the piano."""
    for pitch in frame:
        if type(pitch) not in (int, float) or pitch != int(pitch):
            raise DataError(f"{place}: {quote(pitch)} is not a MIDI pitch, a whole number {LOWEST}–{HIGHEST}.")
        if not LOWEST <= pitch <= HIGHEST:
            raise DataError(f"{place}: pitch {quote(pitch)} is outside {LOWEST}–{HIGHEST}.")
    return [int(pitch) for pitch in frame]


def _keys(frame: list, place: str) -> list[int]:
    """The pitches of a frame that is given as 88 numbers, 0 or 1."""
    if len(frame) != KEYS:
        raise DataError(f"{place} has {len(frame)} values, expected {KEYS}.")
    for value in frame:
        if type(value) not in (int, float) or value not in (0, 1):
            raise DataError(f"{place}: {quote(value)} is not 0 or 1.")
    return [LOWEST + key for key, value in enumerate(frame) if value]
