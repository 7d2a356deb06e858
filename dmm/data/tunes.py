"""Which chorales share a tune: by title, and by ear.

Bach set one tune many times, at times to other words ("Herzlich tut mich verlangen" is "O Haupt voll Blut
und Wunden" too). A split by piece, or by title alone, would let a model meet a test tune while it learns.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

ARTICLES = frozenset(("der", "die", "das", "dem", "den", "des", "ein", "eine", "einen", "einem", "einer"))
WINDOW = 6  # intervals in a row that two melodies must share
SHARED = 0.4  # the share of such windows, of the poorer melody, that makes it the same tune
SPLITS = ("train", "valid", "test")


def normalise_title(title: str) -> str:
    """A title without accents, case, punctuation, apostrophes and articles.

    >>> normalise_title("Ich dank’ dir, lieber Herre") == normalise_title("Ich dank dir lieber Herre")
    True
    >>> normalise_title("Was Gott tut, das ist wohlgetan")
    'was gott tut ist wohlgetan'
    """
    letters = unicodedata.normalize("NFKD", title.casefold())  # casefold: ß becomes ss
    letters = "".join(c for c in letters if not unicodedata.combining(c) and c not in "'’`´")
    return " ".join(word for word in re.findall(r"[a-z0-9]+", letters) if word not in ARTICLES)


def contour(soprano: np.ndarray) -> np.ndarray:
    """(T,) MIDI pitches, 0 = rest, to the steps in semitones from each note to the next different one."""
    pitches = np.asarray(soprano, dtype=np.int64)
    pitches = pitches[pitches > 0]
    steps = np.diff(pitches)
    return steps[steps != 0]


def windows(soprano: np.ndarray) -> set[bytes]:
    """Every run of `WINDOW` intervals of a melody (one window for a shorter melody)."""
    steps = contour(soprano).astype(np.int8)
    return {steps[i : i + WINDOW].tobytes() for i in range(max(1, len(steps) - WINDOW + 1))}


def share(a: set[bytes], b: set[bytes]) -> float:
    """The share (0..1) of the smaller set of windows that the other one has too."""
    return len(a & b) / min(len(a), len(b))


def group_by_tune(titles: Sequence[str], sopranos: Sequence[np.ndarray]) -> np.ndarray:
    """Numbers the tunes: pieces with one title, or with one melody, get one number.

    Args:
        titles: N titles; an empty one matches no other.
        sopranos: N arrays (T,) of MIDI pitches on the beats, 0 = rest.

    Returns:
        (N,) int64, numbered from 0 in the order in which the tunes first appear.
    """
    names, melodies = [normalise_title(t) for t in titles], [windows(s) for s in sopranos]
    group = list(range(len(names)))
    for i, earlier in enumerate(_earlier(names, melodies)):
        for j in earlier:
            same_title = names[i] and names[i] == names[j]
            if group[i] != group[j] and (same_title or share(melodies[i], melodies[j]) >= SHARED):
                old, new = group[i], group[j]
                group = [new if g == old else g for g in group]
    order = {g: n for n, g in enumerate(dict.fromkeys(group))}
    return np.array([order[g] for g in group], dtype=np.int64)


def _earlier(names: list[str], melodies: list[set[bytes]]) -> Iterator[list[int]]:
    """For each piece those before it that have its title, or at least one window of its melody."""
    having: dict[str | bytes, list[int]] = {}
    for i, (name, melody) in enumerate(zip(names, melodies, strict=True)):
        marks = [*melody, name] if name else melody
        yield sorted({j for mark in marks for j in having.get(mark, ())})
        for mark in marks:
            having.setdefault(mark, []).append(i)


def split_by_tune(tunes: np.ndarray, names: Sequence[str], held_out: float = 0.19) -> np.ndarray:
    """Gives every piece its split, so that no tune is in two of them.

    The tunes are drawn in the order of a hash of their first piece's name; the test split is filled first,
    then the validation split, until each holds `held_out` of all pieces.

    Args:
        tunes: (N,) int, the tune of every piece.
        names: N names of pieces.
        held_out: the share of the pieces (0..0.5) for each of the two.

    Returns:
        (N,) uint8, an index into `SPLITS`.
    """
    first = {int(t): names[int(np.argmax(tunes == t))] for t in np.unique(tunes)}
    drawn = sorted(first, key=lambda t: hashlib.sha256(first[t].encode()).hexdigest())
    split, wanted = np.zeros(len(tunes), dtype=np.uint8), held_out * len(tunes)
    for tune in drawn:
        counts = np.bincount(split, minlength=3)
        which = 2 if counts[2] < wanted else 1 if counts[1] < wanted else 0
        split[tunes == tune] = which
    return split
