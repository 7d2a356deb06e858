"""Pieces as JSON: what a child process answers, and what an upload is kept as."""

import numpy as np

from dmm.data.piece import HIGHEST, KEYS, LOWEST, DataError, Piece, printable


def to_json(piece: Piece, split: str = "") -> dict:
    """A piece as JSON can write it: frames of pitches as in the JSB file, with what else is known beside them."""
    pitches = (np.nonzero(piece.roll)[1] + LOWEST).tolist()
    ends = piece.roll.sum(1, dtype=np.int64).cumsum().tolist()
    frames = [pitches[start:end] for start, end in zip([0, *ends], ends, strict=False)]
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
        roll = _roll(record["frames"])
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


def _roll(frames: list[list[int]]) -> np.ndarray:
    """Frames of pitches as a piano roll (T, 88) uint8; ValueError or TypeError if they are something else."""
    pitches = [pitch for frame in frames for pitch in frame]
    if len(frames) < 2 or not set(map(type, pitches)) <= {int} or not set(pitches) <= set(range(LOWEST, HIGHEST + 1)):
        raise ValueError("frames of pitches")
    roll = np.zeros((len(frames), KEYS), dtype=np.uint8)
    roll[np.repeat(np.arange(len(frames)), [len(frame) for frame in frames]), np.array(pitches, int) - LOWEST] = 1
    return roll
