"""What a probe is asked about a beat: a class or a number, from what is known of the piece."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from dmm.data.piece import LOWEST, MAJOR, MINOR, Piece

SOON = 8  # beats: what is further away counts as so far
FLATS = 5  # signatures go from five flats to six sharps: twelve, one for each pair of relative keys
SIGNATURES = (*(f"{n}♭" for n in range(FLATS, 0, -1)), *(f"{n}♯" for n in range(7)))
NOTES = MAJOR  # a pitch class by the name that its major key has


class Target(NamedTuple):
    """One question. `of` gives the answer on each beat of a piece, (T,), or None where the data do not have it.

    `classes` are the names of its classes, 0 to K - 1; empty for a number. `whole` if it is one answer for a piece.
    `definition` says in a sentence what the answer is, `needs` what data must have for it, `unit` what a number counts.
    """

    title: str
    definition: str
    of: Callable[[Piece], np.ndarray | None]
    classes: tuple[str, ...] = ()
    whole: bool = False
    needs: str = ""
    unit: str = ""


def signature(piece: Piece) -> np.ndarray | None:
    """Sharps less flats of the key's usual signature, plus five: along the circle of fifths."""
    if piece.tonic is None:
        return None
    relative = piece.tonic + 3 * bool(piece.minor)  # the tonic of the major key with the same notes
    return np.full(len(piece.roll), (7 * relative + FLATS) % 12)


def key(piece: Piece) -> np.ndarray | None:
    """Keys in the order of their signatures, the minor one after the major one."""
    place = signature(piece)
    return None if place is None else 2 * place + bool(piece.minor)


def mode(piece: Piece) -> np.ndarray | None:
    """0 in major, 1 in minor."""
    return None if piece.tonic is None else np.full(len(piece.roll), int(bool(piece.minor)))


def lowest_note(piece: Piece) -> np.ndarray:
    """The pitch class of the lowest key that sounds; in silence that of the last one, C before the first."""
    return _outer(piece.roll) % 12


def highest_note(piece: Piece) -> np.ndarray:
    """The MIDI pitch of the highest key that sounds; in silence as above."""
    return _outer(piece.roll, highest=True).astype(float)


def sounding(piece: Piece) -> np.ndarray:
    """How many keys sound."""
    return piece.roll.sum(1).astype(float)


def struck(piece: Piece) -> np.ndarray | None:
    """How many voices begin a note."""
    return None if piece.onsets is None else piece.onsets.sum(1).astype(float)


def rests_on(piece: Piece) -> np.ndarray | None:
    """Where all voices hold what they sing on to the next beat, or the piece ends: (T,) bool."""
    if piece.onsets is None or piece.voices is None:
        return None
    still = np.ones(len(piece.roll), dtype=bool)
    held = (piece.voices[1:] == piece.voices[:-1]).all(1) & ~piece.onsets[1:].any(1)
    still[:-1] = held & (piece.voices[:-1] > 0).any(1)
    return still


def until_rest(piece: Piece) -> np.ndarray | None:
    """Beats until the next such point, 0 on it."""
    points = rests_on(piece)
    return None if points is None else _until(points)


def since_start(piece: Piece) -> np.ndarray:
    """Beats since the first."""
    return np.minimum(np.arange(len(piece.roll)), SOON).astype(float)


def until_end(piece: Piece) -> np.ndarray:
    """Beats until the last."""
    return since_start(piece)[::-1].copy()


def _until(points):
    """Beats until the next of some points, at most `SOON`."""
    wait, far = np.empty(len(points)), SOON
    for t in reversed(range(len(points))):
        far = 0 if points[t] else min(far + 1, SOON)
        wait[t] = far
    return wait


def _outer(roll, highest=False):
    """The lowest or highest pitch of each beat, (T,); where none sounds, that of the last beat with one, or C4."""
    keys = (roll.shape[1] - 1 - roll[:, ::-1].argmax(1)) if highest else roll.argmax(1)
    last = np.maximum.accumulate(np.where(roll.any(1), np.arange(len(roll)), -1))
    return np.where(last >= 0, keys[last] + LOWEST, 60)


_KEY, _VOICES = "the key of the pieces", "which notes begin on a beat, voice by voice"
_IN_FIFTHS = [(7 * place - FLATS * 7) % 12 for place in range(12)]  # tonics of the major keys by signature
_KEYS = [name for tonic in _IN_FIFTHS for name in (f"{MAJOR[tonic]} major", f"{MINOR[(tonic - 3) % 12]} minor")]

TARGETS = {
    "signature": Target(
        "Key signature",
        "the sharps or flats that the key of the whole piece has, from five flats to six sharps",
        *(signature, SIGNATURES, True, _KEY),
    ),
    "key": Target("Key", "the key of the whole piece, tonic and major or minor", key, tuple(_KEYS), True, _KEY),
    "mode": Target("Major or minor", "whether the piece is in major or in minor", mode, ("major", "minor"), True, _KEY),
    "lowest": Target(
        "Lowest note", "the name, without the octave, of the lowest key that sounds on the beat", lowest_note, NOTES
    ),
    "highest": Target(
        "Highest note", "the highest key that sounds on the beat, as a MIDI number; 60 is middle C", highest_note
    ),
    "sounding": Target("Keys that sound", "how many keys sound on the beat", sounding, unit="keys"),
    "struck": Target(
        "Notes that begin",
        "how many voices begin a note on the beat; a key that is held and one struck again look the same to the model",
        *(struck, (), False, _VOICES, "notes"),
    ),
    "phrase": Target(
        "Point of rest",
        f"how many beats ahead (0 to {SOON}) the next point of rest is: a beat whose chord all voices hold on to the "
        "next one, or the last of the piece. The data mark no fermatas, so this stands in for the end of a phrase",
        *(until_rest, (), False, _VOICES, "beats ahead"),
    ),
    "start": Target("Since the start", f"how many beats ago (0 to {SOON}) the piece began", since_start, unit="beats"),
    "end": Target("Until the end", f"in how many beats (0 to {SOON}) the piece ends", until_end, unit="beats"),
}


def missing(target: Target, train: Sequence[Piece], test: Sequence[Piece]) -> str:
    """Why a target cannot be asked of these pieces, as the end of a sentence; "" if it can."""
    known = [answers for piece in train if (answers := target.of(piece)) is not None]
    if not known or all(target.of(piece) is None for piece in test):
        return f"these data do not say {target.needs}"
    if len(np.unique(np.concatenate(known))) < 2:
        return "it is the same in all pieces that are trained on"
    return ""
