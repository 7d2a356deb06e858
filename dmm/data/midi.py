r"""A MIDI file of anybody's on the grid of beats: one frame for each quarter note, as the chorales have it.

1. Percussion (channel 10) and keys that a piano does not have are left out.
2. Starts and ends move to the nearest sixteenth, so that a hand that plays a little late is still on the beat.
3. A frame holds what sounds on its beat; a note that neither starts on a beat nor lasts into one is not heard.
4. Silence at both ends is cut off. Where there are exactly four parts of one note at a time, they are the voices.

A key that is struck again while it sounds begins a new note. Tempo changes nothing but the length in minutes.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dmm.data.midi_events import Event, MidiFile, read_events
from dmm.data.piece import HIGHEST, KEYS, LOWEST, DataError, Piece, printable, stem
from dmm.data.report import Reading, Report

DRUMS = 9  # channel 10, counted from 0
STEPS = 4  # sixteenths to a beat
MOST_MINUTES, MOST_BEATS = 30, 10_000
FIRST_TEMPO = 500_000  # microseconds a beat, until the file says otherwise
VOICES = 4


class _Note(NamedTuple):
    """A note on the grid, in sixteenths, and the part (track, channel) that plays it."""

    start: int
    end: int
    pitch: int
    part: tuple[int, int]
    moved: bool


def read_midi(raw: bytes, name: str = "my music") -> Reading:
    """One piece from the bytes of a MIDI file.

    Args:
        raw: the file.
        name: of the file, already cleaned; without its ending it becomes the name of the piece.

    Raises:
        DataError: the file is damaged or of a kind that is not read, too long, or has nothing in it to learn from.
    """
    file = read_events(raw)
    _check_length(file)
    found, unended = _notes(file)
    tonal = [note for note in found if note.part[1] != DRUMS]
    kept = [note for note in tonal if LOWEST <= note.pitch <= HIGHEST]
    if not kept:
        raise DataError(_nothing(found, tonal))
    heard = [note for note in kept if _frames(note)]
    if not heard:
        raise DataError("No note falls on a beat; the grid has one frame for each quarter note.")
    first, last = min(_frames(note)[0] for note in heard), max(_frames(note)[-1] for note in heard) + 1
    if last - first < 2:
        raise DataError("The piece has 1 beat; at least 2 are needed for a transition.")
    voices, onsets = _voices(heard, first, last)
    piece = Piece(stem(name), _title(file), _roll(heard, first, last), voices, onsets)
    report = Report(
        name,
        beats=last - first,
        notes=len(heard),
        moved=sum(note.moved for note in heard),
        unheard=len(kept) - len(heard),
        percussion=len(found) - len(tonal),
        outside=len(tonal) - len(kept),
        unended=unended,
        silence=first + max(0, _beats(file) - last),
        notices=tuple(file.notices),
    )
    return Reading((piece,), ("",), report)


def _notes(file: MidiFile) -> tuple[list[_Note], int]:
    """All notes, each part in the order in which its notes end, and how many of them had no end."""
    found, unended = [], 0
    for number, track in enumerate(file.tracks):
        open_ = {}  # (channel, pitch): the tick at which it was struck
        for event in track:
            if event.kind in ("on", "off"):
                key = event.channel, event.value
                if key in open_:
                    found.append(_note(open_.pop(key), event.tick, key, number, file.ticks_per_beat))
                if event.kind == "on":
                    open_[key] = event.tick
        found += [_note(start, track[-1].tick, key, number, file.ticks_per_beat) for key, start in open_.items()]
        unended += len(open_)
    return found, unended


def _note(start: int, end: int, key: tuple[int, int], track: int, ticks_per_beat: int) -> _Note:
    """A note in sixteenths; the shortest has one."""
    first, last = ((2 * STEPS * tick + ticks_per_beat) // (2 * ticks_per_beat) for tick in (start, end))
    moved = STEPS * start != first * ticks_per_beat or STEPS * end != last * ticks_per_beat
    return _Note(first, max(last, first + 1), key[1], (track, key[0]), moved)


def _frames(note: _Note) -> range:
    """The beats on which a note sounds.

    >>> _frames(_Note(2, 9, 60, (0, 0), False)), _frames(_Note(1, 4, 60, (0, 0), False))
    (range(1, 3), range(1, 1))
    """
    return range(-(-note.start // STEPS), -(-note.end // STEPS))


def _roll(notes: list[_Note], first: int, last: int) -> np.ndarray:
    """The piano roll (T, 88) of the beats from `first` to before `last`."""
    roll = np.zeros((last - first, KEYS), dtype=np.uint8)
    for note in notes:
        frames = _frames(note)
        roll[frames.start - first : frames.stop - first, note.pitch - LOWEST] = 1
    return roll


def _voices(notes: list[_Note], first: int, last: int):
    """Four voices (T, 4) with their onsets, the highest part first; None twice unless there are four such parts."""
    parts = {}
    for note in notes:
        parts.setdefault(note.part, []).append(note)
    sounding = [sum(len(_frames(note)) for note in part) for part in parts.values()]
    voices, onsets = np.zeros((last - first, VOICES), dtype=np.uint8), np.zeros((last - first, VOICES), dtype=bool)
    if len(parts) != VOICES:
        return None, None
    highest_first = sorted(parts.values(), key=lambda part: -sum(note.pitch for note in part) / len(part))
    for v, part in enumerate(highest_first):
        for note in part:
            frames = _frames(note)
            voices[frames.start - first : frames.stop - first, v] = note.pitch
            onsets[frames.start - first, v] = note.start % STEPS == 0
    alone = sorted((voices > 0).sum(0)) == sorted(sounding)  # or one note has covered another
    return (voices, onsets) if alone else (None, None)


def _check_length(file: MidiFile) -> None:
    """Refuse what lasts too long, in minutes or in beats, before anything is made that is as long."""
    seconds = _seconds(file)
    if seconds > MOST_MINUTES * 60:
        lasts = f"{int(seconds / 3600):,} h" if seconds >= 7200 else f"{int(seconds / 60)} min"
        raise DataError(f"The piece would last {lasts}; the limit is {MOST_MINUTES} min.")
    if _beats(file) > MOST_BEATS:
        raise DataError(f"The piece has {_beats(file):,} beats; the limit is {MOST_BEATS:,}.")


def _beats(file: MidiFile) -> int:
    """The length in beats, the last one counted whole."""
    return -(-max((track[-1].tick for track in file.tracks), default=0) // file.ticks_per_beat)


def _seconds(file: MidiFile) -> float:
    """The length in seconds, by the tempo changes of all tracks."""
    end = max((track[-1].tick for track in file.tracks), default=0)
    changes = sorted((e.tick, e.value) for track in file.tracks for e in track if e.kind == "tempo")
    ticks, tempos = [0, *(tick for tick, _ in changes), end], [FIRST_TEMPO, *(tempo for _, tempo in changes)]
    lasting = (after - before for before, after in pairwise(ticks))
    return sum(n * tempo for n, tempo in zip(lasting, tempos, strict=True)) / file.ticks_per_beat / 1e6


def _nothing(found: list[_Note], tonal: list[_Note]) -> str:
    """Why there is no note to learn from."""
    if tonal:
        return "No note between A0 and C8, the keys of a piano; nothing to learn."
    return "Only percussion found (channel 10); nothing to learn." if found else "The piece is silent: it has no notes."


def _title(file: MidiFile) -> str:
    """The name of the first track that has one, cleaned."""
    names = (_text(event) for track in file.tracks for event in track[:1] if event.kind == "name")
    return next((name for name in names if name), "")


def _text(event: Event) -> str:
    """A track's name: UTF-8, or else Latin-1, which takes any bytes."""
    try:
        return printable(event.value.decode())
    except UnicodeDecodeError:
        return printable(event.value.decode("latin-1"))
