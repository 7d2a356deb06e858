"""Pieces as JSON: what a child process answers, and what an upload is kept as."""

import numpy as np

from dmm.data.jsb_json import read_pitches
from dmm.data.piece import HIGHEST, LOWEST, DataError, Piece, make_roll, printable


def to_json(piece: Piece, split: str = "") -> dict:
    """A piece as JSON can write it: frames of pitches as in the JSB file, with what else is known beside them."""
    frames = [(np.flatnonzero(frame) + LOWEST).tolist() for frame in piece.roll]
    record = {"name": piece.name, "title": piece.title, "split": split, "frames": frames}
    if piece.voices is not None:
        record |= {"voices": piece.voices.tolist(), "onsets": piece.onsets.astype(int).tolist()}
    return record


def from_json(record: dict) -> tuple[str, Piece]:
    """The split and the piece that `to_json` wrote; everything is checked again.

    Raises:
        DataError: it is something else.
    """
    try:
        name, title, split = (record[field] for field in ("name", "title", "split"))
        roll = make_roll([read_pitches(frame, "A frame") for frame in record["frames"]])
        voices = onsets = None
        if "voices" in record:
            voices, onsets = np.array(record["voices"], np.int64), np.array(record["onsets"], np.int64)
            in_range = (voices == 0) | (voices >= LOWEST) & (voices <= HIGHEST)
            if not voices.shape == onsets.shape == (len(roll), 4) or not in_range.all():
                raise ValueError(voices.shape)
            voices, onsets = voices.astype(np.uint8), onsets > 0
        return split, Piece(printable(name, 200), printable(title), roll, voices, onsets)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise DataError("The music that was kept is damaged; upload it again.") from None
