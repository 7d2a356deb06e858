"""The chorales that ship with the app: J. S. Bach's, in four parts, on a quarter-note grid."""

import functools
from pathlib import Path

import numpy as np

from dmm.data.piece import Dataset, Piece, make_roll

PATH = Path(__file__).parents[2] / "assets" / "chorales.npz"
SOURCE = (
    "Four-part chorales by J. S. Bach on a quarter-note grid, from the scores that Margaret Greentree "
    "encoded and music21 ships"
)


@functools.cache
def load_chorales(transpose_to_c: bool = False) -> Dataset:
    """The chorales, split by tune: no tune is in two splits.

    Args:
        transpose_to_c: moves every piece as a whole, by -5 to +6 semitones (the nearest way), so that its
            tonic is C: major keys to C major, minor keys to C minor (not to A minor). Without it the keys are
            the scores' own.

    Returns:
        A `Dataset`; loaded once, so its arrays are read-only.

    Source: `python -m dmm.data.build_chorales`, which writes the file; `assets/README.md` describes it.
    """
    with np.load(PATH, allow_pickle=False) as file:
        table = {name: file[name] for name in file.files}
    ends = np.cumsum(table["lengths"].astype(np.int64))
    splits: tuple[list[Piece], ...] = ([], [], [])
    for i, end in enumerate(ends):
        frames = slice(end - int(table["lengths"][i]), end)
        splits[table["splits"][i]].append(_piece(table, i, frames, transpose_to_c))
    name, where = ("chorales-in-c", "moved to C") if transpose_to_c else ("chorales", "in their own keys")
    return Dataset(name, f"{SOURCE}, {where}.", *(tuple(pieces) for pieces in splits))


def _piece(table: dict[str, np.ndarray], i: int, frames: slice, transpose_to_c: bool) -> Piece:
    """Piece i of the file, which lies at these frames."""
    voices, onsets, tonic = table["voices"][frames], table["onsets"][frames], int(table["tonics"][i])
    if transpose_to_c:
        voices, tonic = transpose(voices, semitones_to_c(tonic)), 0
    arrays = make_roll(voices), voices, onsets
    for array in arrays:
        array.flags.writeable = False
    return Piece(str(table["names"][i]), str(table["titles"][i]), *arrays, tonic, bool(table["minors"][i]))


def semitones_to_c(tonic: int) -> int:
    """The way from a tonic (0..11 above C) to the nearest C, -5..+6 semitones.

    >>> [semitones_to_c(tonic) for tonic in (0, 5, 6, 7, 11)]
    [0, -5, 6, 5, 1]
    """
    return 6 - (6 + tonic) % 12


def transpose(voices: np.ndarray, semitones: int) -> np.ndarray:
    """(T, 4) pitches, all moved by so many semitones; rests (0) stay rests."""
    return np.where(voices > 0, voices.astype(np.int64) + semitones, 0).astype(np.uint8)
