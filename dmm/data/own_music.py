"""Pieces of somebody's own as a data set: alone, or added to the chorales.

Alone, they are split by tune, so that no tune is in two splits; a file that says what is for training, validation and
test is taken at its word. One or two tunes cannot be split so: then the last tenth of every piece is the test, and the
tenth before it the validation.

Added to chorales, they are only learned from, and whatever is judged is judged on the chorales' own validation and
test pieces: numbers stay comparable. A piece that has the tune of one of those is left out, or the model would have
heard it.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from dmm.data.jsb_json import LONGEST, SPLITS
from dmm.data.piece import LOWEST, DataError, Dataset, Piece
from dmm.data.report import Reading
from dmm.data.tunes import SHARED, group_by_tune, share, split_by_tune, windows

MOST_FILES, MOST_PIECES, MOST_FRAMES = 50, 1000, 50_000  # of one set
FEWEST_BEATS = 20  # of a piece of which a tenth is held back
HELD_OUT = 0.1

Splits = dict[str, list[Piece]]


def make_dataset(readings: Sequence[Reading], beside: Dataset | None = None) -> Dataset:
    """A data set from files that were read.

    Args:
        readings: of one file or more.
        beside: chorales to add the pieces to; None for the pieces alone.

    Returns:
        A `Dataset`; its `source` says what was read, what was dropped, and how it was split.

    Raises:
        DataError: there is too much, or too little to learn from.
    """
    pieces = [piece for reading in readings for piece in reading.pieces]
    given = [split for reading in readings for split in reading.splits]
    check_size(len(readings), pieces)
    splits, how = _alone(pieces, given) if beside is None else _added(pieces, given, beside)
    cut = {split: tuple(part for piece in splits[split] for part in cut_piece(piece)) for split in SPLITS}
    parts = sum(map(len, cut.values())) - sum(map(len, splits.values()))
    if parts:
        how += f" Pieces of more than {LONGEST} beats were cut into parts."
    name, said = name_of(readings), " ".join(line for reading in readings for line in reading.report.sentences())
    if beside is None:
        return Dataset(name, f"{said} {how}", **cut)
    together = {split: (*getattr(beside, split), *cut[split]) for split in SPLITS}
    return Dataset(f"{beside.name} and {name}", f"{beside.source} And {said} {how}", **together)


def name_of(readings: Sequence[Reading]) -> str:
    """The name of the only file, or of the first one and how many others there are."""
    first, others = readings[0].report.name, len(readings) - 1
    return first if not others else f"{first} and {others} more"


def check_size(files: int, pieces: Sequence[Piece]) -> None:
    """Refuse a set of too many files, pieces or beats; DataError."""
    beats = sum(len(piece.roll) for piece in pieces)
    for n, most, what in (
        (files, MOST_FILES, "files"),
        (len(pieces), MOST_PIECES, "pieces"),
        (beats, MOST_FRAMES, "beats"),
    ):
        if n > most:
            raise DataError(f"{n:,} {what} are too many for one set; at most {most:,} are taken. Leave some out.")
    if not pieces:
        raise DataError("There is no piece to learn from.")


def cut_piece(piece: Piece, longest: int = LONGEST) -> list[Piece]:
    """A piece in as few parts of at most so many beats as there can be, all about as long."""
    parts = -(-len(piece.roll) // longest)
    if parts == 1:
        return [piece]
    edges = [round(i * len(piece.roll) / parts) for i in range(parts + 1)]
    return [_part(piece, a, b, f"{piece.name}, part {i}") for i, (a, b) in enumerate(pairwise(edges), 1)]


def melody(piece: Piece) -> np.ndarray:
    """What is heard as the tune, (T,) pitches, 0 = rest: the soprano, or else the highest key."""
    if piece.voices is not None:
        return piece.voices[:, 0]
    keys = np.arange(LOWEST, LOWEST + piece.roll.shape[1])
    return (piece.roll * keys).max(1)


def _alone(pieces: list[Piece], given: list[str]) -> tuple[Splits, str]:
    """The pieces by split, and how that was done in a sentence."""
    if set(given) >= set(SPLITS):  # what the file does not say is for training
        return _sorted(pieces, [split or "train" for split in given]), "Split as the file says."
    tunes = group_by_tune([""] * len(pieces), [melody(piece) for piece in pieces])
    if tunes.max() >= 2:
        chosen = split_by_tune(tunes, [piece.name for piece in pieces], HELD_OUT)
        how = (
            "About a tenth is held back to validate and as much to test, at least one each; no tune is in two of the "
            "three."
        )
        return _sorted(pieces, [SPLITS[split] for split in chosen]), how
    return _by_time(pieces)


def _by_time(pieces: list[Piece]) -> tuple[Splits, str]:
    """The end of each piece held back: the last tenth to test, the one before to validate."""
    splits: Splits = {split: [] for split in SPLITS}
    for piece in pieces:
        beats = len(piece.roll)
        if beats < FEWEST_BEATS:
            splits["train"].append(piece)
            continue
        tenth = beats // 10
        edges = zip(
            SPLITS, (0, beats - 2 * tenth, beats - tenth), (beats - 2 * tenth, beats - tenth, beats), strict=True
        )
        for split, a, b in edges:
            splits[split].append(_part(piece, a, b, f"{piece.name}, beats {a + 1} to {b}"))
    if not splits["test"]:
        raise DataError(
            f"The music is too short to learn from alone: a piece of at least {FEWEST_BEATS} beats, or three different "
            "ones, are needed. Add it to the chorales instead, or add more pieces."
        )
    how = (
        "Fewer than three tunes cannot be split by tune: the last tenth of each piece is held back to test and the "
        "tenth before it to validate. They resemble what is learned, so scores look better than they are."
    )
    return splits, how


def _added(pieces: list[Piece], given: list[str], beside: Dataset) -> tuple[Splits, str]:
    """The pieces that may be learned from beside these chorales."""
    held_back = [windows(piece.voices[:, 0]) for piece in (*beside.valid, *beside.test)]

    def is_known(piece):
        tune = windows(melody(piece))
        return any(share(tune, other) >= SHARED for other in held_back)

    kept = [p for p, split in zip(pieces, given, strict=True) if split in ("", "train") and not is_known(p)]
    if not kept:
        raise DataError(
            "Every piece has the tune of a chorale that is kept for validation or test, or is kept for them by its "
            "file; nothing is left to learn from. Train on your music alone instead."
        )
    out = len(pieces) - len(kept)
    how = "Added to what is learned; judged on the chorales alone."
    if out:
        how += (
            f" {out} of {len(pieces)} pieces left out: held back by their file, or with the tune of a chorale that is."
        )
    return {"train": kept, "valid": [], "test": []}, how


def _sorted(pieces: list[Piece], chosen: Sequence[str]) -> Splits:
    """Pieces by split."""
    return {split: [p for p, one in zip(pieces, chosen, strict=True) if one == split] for split in SPLITS}


def _part(piece: Piece, start: int, end: int, name: str) -> Piece:
    """Some beats of a piece."""
    voices, onsets = (None if part is None else part[start:end] for part in (piece.voices, piece.onsets))
    return piece._replace(name=name, roll=piece.roll[start:end], voices=voices, onsets=onsets)
