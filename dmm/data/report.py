"""What became of a file on its way to the grid of beats, in numbers and in sentences."""

from typing import NamedTuple

from dmm.data.piece import Piece

MOST_NOTICES = 8


class Report(NamedTuple):
    """Counts over one file.

    `name` of the file, cleaned; `pieces`; `beats`, frames in all; `notes` that are on the grid; `moved`, of them, to
    the nearest sixteenth; `unheard`, between two beats; `percussion` and `outside` of the piano, left out; `unended`,
    closed at the end of their track; `silence`, beats cut off at both ends; `notices`, other sentences.
    """

    name: str
    pieces: int = 1
    beats: int = 0
    notes: int = 0
    moved: int = 0
    unheard: int = 0
    percussion: int = 0
    outside: int = 0
    unended: int = 0
    silence: int = 0
    notices: tuple[str, ...] = ()

    def sentences(self) -> tuple[str, ...]:
        """What was read, and what was changed or dropped on the way; nothing that did not happen.

        >>> print(*Report("song.mid", 1, 64, 120, unheard=1, percussion=30).sentences(), sep=chr(10))
        song.mid: 1 piece, 64 beats, 120 notes on the grid of one frame a beat.
        1 note between two beats is not heard.
        30 notes of percussion (channel 10) were left out.
        """
        notes = f", {_count(self.notes, 'note')} on the grid of one frame a beat" if self.notes else ""
        first = f"{self.name}: {_count(self.pieces, 'piece')}, {_count(self.beats, 'beat')}{notes}."
        said = (
            (self.moved, "note", "was", "were", "moved to the nearest sixteenth."),
            (self.unheard, "note", "between two beats is", "between two beats are", "not heard."),
            (self.percussion, "note", "of percussion (channel 10) was", "of percussion (channel 10) were", "left out."),
            (self.outside, "note", "below A0 or above C8 was", "below A0 or above C8 were", "left out."),
            (self.unended, "note", "without an end was", "without an end were", "held to the end of the track."),
            (self.silence, "beat", "of silence at the ends was", "of silence at the ends were", "cut off."),
        )
        changes = (f"{_count(n, what)} {one if n == 1 else many} {rest}" for n, what, one, many, rest in said if n)
        return (first, *changes, *self.notices[:MOST_NOTICES])


class Reading(NamedTuple):
    """One file that was read: its pieces, the split that it gives to each ("" for none), and the report."""

    pieces: tuple[Piece, ...]
    splits: tuple[str, ...]
    report: Report


def _count(n: int, what: str) -> str:
    """A number of things."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"
