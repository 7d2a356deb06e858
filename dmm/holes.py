"""Parts of a piece that are erased: whole voices, and rectangles of beats and keys, as short words for a link.

A voice takes with it all keys that it could have: those strictly between its neighbours at each beat, above the alto
for the soprano, below the tenor for the bass. So what is left does not tell where it was, unless voices cross: then its
own key goes as well.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dmm.music import KEYS, LOWEST_KEY, VOICES

HIGHEST_KEY = LOWEST_KEY + KEYS - 1
MOST = 40  # of one piece
RECTANGLE = re.compile(r"(\d{1,4})-(\d{1,4})-(\d{1,3})-(\d{1,3})")


class Rectangle(NamedTuple):
    """Beats `start` to `end` (frames from 0, the last not included) of the keys `low` to `high` (MIDI pitches)."""

    start: int
    end: int
    low: int = LOWEST_KEY
    high: int = HIGHEST_KEY


Hole = str | Rectangle  # a voice by its name, or a rectangle


def check(rectangle: Rectangle) -> None:
    """ValueError if it is none: empty, or beyond the piano."""
    start, end, low, high = rectangle
    if not (0 <= start < end and LOWEST_KEY <= low <= high <= HIGHEST_KEY):
        raise ValueError(f"got beats {start} to {end} and keys {low} to {high}, expected some of {KEYS} keys")


def to_word(hole: Hole) -> str:
    """A hole as it stands in a link; beats count from 1 there.

    >>> to_word("alto"), to_word(Rectangle(8, 16, 60, 72))
    ('alto', '9-16-60-72')
    """
    return hole if isinstance(hole, str) else f"{hole.start + 1}-{hole.end}-{hole.low}-{hole.high}"


def from_word(word: str) -> Hole:
    """The hole that a word names.

    Raises:
        ValueError: it names none.

    >>> from_word("9-16-60-72")
    Rectangle(start=8, end=16, low=60, high=72)
    """
    if word in VOICES:
        return word
    found = RECTANGLE.fullmatch(word)
    if not found:
        raise ValueError(f"got {word[:40]!r}, expected a voice or four numbers")
    start, end, low, high = map(int, found.groups())
    check(rectangle := Rectangle(start - 1, end, low, high))
    return rectangle


def missing(holes: Sequence[Hole], frames: int, voices=None) -> np.ndarray:
    """Which cells of a roll are erased: (frames, 88) bool; what lies beyond the piece, or asks for voices that are not
    known, erases nothing.

    Args:
        voices: (T, 4) MIDI pitches, soprano to bass, 0 = rest, or None.
    """
    erased = np.zeros((frames, KEYS), dtype=bool)
    for hole in holes:
        if isinstance(hole, Rectangle):
            erased[hole.start : hole.end, hole.low - LOWEST_KEY : hole.high - LOWEST_KEY + 1] = True
        elif voices is not None:
            erased |= _room_of(np.asarray(voices).astype(int), VOICES.index(hole))
    return erased


def _room_of(voices, v):
    """The keys that a voice could have at each beat: (T, 88) bool, within those that sound above and below."""
    keys = np.arange(LOWEST_KEY, HIGHEST_KEY + 1)
    above, below = voices[:, :v], voices[:, v + 1 :]
    top = np.where(above > 0, above, HIGHEST_KEY + 1).min(1, initial=HIGHEST_KEY + 1)
    bottom = below.max(1, initial=LOWEST_KEY - 1, where=below > 0)
    own = keys == voices[:, v, None]  # voices may cross
    free = (keys < top[:, None]) & (keys > bottom[:, None])
    others = np.delete(voices, v, axis=1)
    return (free | own) & ~(keys == others[..., None]).any(1)
