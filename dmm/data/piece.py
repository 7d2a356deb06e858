"""A piece, a data set, and the one error that bad data raises."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LOWEST, HIGHEST = 21, 108  # MIDI pitches of the piano's outer keys, A0 and C8
KEYS = HIGHEST - LOWEST + 1  # 88

MAJOR = ("C", "D♭", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
MINOR = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "G♯", "A", "B♭", "B")


class DataError(ValueError):
    """Data that cannot be used; the message is one sentence or two: what is wrong, and what to do."""


class Piece(NamedTuple):
    """One piece on a quarter-note grid; frame t sounds on beat t.

    `name` ("BWV 253"); `title`; `roll` (T, 88) uint8, 1 = the key sounds, key k is MIDI pitch 21 + k;
    `voices` (T, 4) uint8 MIDI pitches, soprano to bass, 0 = rest, or None where the voices are not known;
    `onsets` (T, 4) bool, True = the note starts on this beat (False = it began before, or a rest), or None;
    `tonic` 0..11 above C, or None; `minor`, or None where the tonic is.
    """

    name: str
    title: str
    roll: np.ndarray
    voices: np.ndarray | None = None
    onsets: np.ndarray | None = None
    tonic: int | None = None
    minor: bool | None = None

    @property
    def key(self) -> str:
        """The key in words ("B♭ major"), or "" where it is not known."""
        if self.tonic is None:
            return ""
        return f"{MINOR[self.tonic]} minor" if self.minor else f"{MAJOR[self.tonic]} major"


class Dataset(NamedTuple):
    """Pieces in three splits. `source` says in one sentence where they come from."""

    name: str
    source: str
    train: tuple[Piece, ...]
    valid: tuple[Piece, ...]
    test: tuple[Piece, ...]


def make_roll(frames: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
    """Frames of MIDI pitches (21..108, 0 = rest), T of them, to a piano roll (T, 88) uint8.

    >>> make_roll([[21, 23], [], [0, 22]])[:, :3].tolist()
    [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    """
    roll = np.zeros((len(frames), KEYS), dtype=np.uint8)
    for t, pitches in enumerate(frames):
        roll[t, [int(pitch) - LOWEST for pitch in pitches if pitch]] = 1
    return roll


def printable(name: str, most: int = 80) -> str:
    """A name from anybody's file in at most so many characters: no line breaks, control characters, invisible signs
    that turn the direction of writing, and lone surrogates. It is still text, never markup: whoever shows it says so.

    >>> printable("a\\x00 b\\n\\u202e c\\ud800")
    'a b c'
    """
    return "".join(c for c in name[: 4 * most] if c.isprintable()).strip()[:most].strip()


def stem(name: str) -> str:
    """The name of a file without its ending.

    >>> stem("song.mid"), stem(".mid"), stem("No. 5 in C")
    ('song', '.mid', 'No. 5 in C')
    """
    first, dot, last = name.rpartition(".")
    return first if first and dot and last.isalnum() and len(last) <= 4 else name


def digest(dataset: Dataset) -> str:
    """The SHA-256 (64 hex digits) of a data set's rolls, split by split; equal notes, equal digest."""
    sha = hashlib.sha256()
    for split in (dataset.train, dataset.valid, dataset.test):
        sha.update(f"{len(split)};".encode())
        for piece in split:
            sha.update(f"{piece.roll.shape};".encode() + np.packbits(piece.roll).tobytes())
    return sha.hexdigest()
