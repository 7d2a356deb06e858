"""From a music21 score to four voices on a quarter-note grid. Needs music21; only `build_chorales` uses it.

- One frame per quarter note, counted from the start of the score (a pickup is the first frame). A frame holds
  what sounds on its beat; a note that neither starts on a beat nor lasts into one is not heard.
- Repeats are not played twice. Tied notes are one note. Silence at either end is cut off.
- Only one soprano, one alto, one tenor and one bass count; instruments are left out.
"""

import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

VOICES = ("soprano", "alto", "tenor", "bass")
CREDIT = re.compile(r"BWV\s*[\d.]+[a-z]?\s+(\w.*)")  # "BWV 1.6  Wie schön leuchtet der Morgenstern"


class Chorale(NamedTuple):
    """A score on the grid; `voices` and `onsets` are (T, 4), `tonic` is 0..11 above C."""

    name: str
    title: str
    voices: np.ndarray
    onsets: np.ndarray
    tonic: int
    minor: bool
    notes: int  # in the score
    unheard: int  # of them, those that no beat falls on


def read_chorale(music21, file: Path) -> Chorale | None:
    """Reads one score; None unless it has one each of soprano, alto, tenor and bass."""
    score, number = music21.converter.parse(file), file.stem.removeprefix("bwv")
    parts = [[p for p in score.parts if (p.partName or "").lower().split()[:1] == [v]] for v in VOICES]
    if any(len(part) != 1 for part in parts):
        return None
    choir = music21.stream.Score([part for (part,) in parts])
    notes = [voice_notes(part) for part in choir.parts]
    voices, onsets = make_grid(notes)
    last = voices[voices[:, 3] > 0, 3][-1]
    every = [note for voice in notes for note in voice]
    unheard = sum(math.ceil(start) >= end for start, end, _ in every)
    title = find_title(music21, number, score)
    return Chorale(f"BWV {number}", title, voices, onsets, *find_key(choir, int(last) % 12), len(every), unheard)


def voice_notes(part) -> list[tuple[float, float, int]]:
    """The notes of a part as (start, end, MIDI pitch), in quarters; ties joined, the top note of a chord."""
    notes: list[tuple[float, float, int]] = []
    for note in part.flatten().notes:
        start, end = note.offset, note.offset + note.duration.quarterLength
        pitch = max(p.midi for p in note.pitches)
        if end == start:
            continue  # a grace note takes no time
        if note.tie is not None and note.tie.type != "start" and notes and notes[-1][1:] == (start, pitch):
            start = notes.pop()[0]
        notes.append((start, end, pitch))
    return notes


def make_grid(notes: list[list[tuple[float, float, int]]]) -> tuple[np.ndarray, np.ndarray]:
    """Four voices of (start, end, pitch) to (T, 4) uint8 pitches, 0 = rest, and (T, 4) bool onsets.

    >>> voices, onsets = make_grid([[(0, 1.5, 60), (1.5, 2, 62), (2, 4, 64)]] + 3 * [[(0, 4, 48)]])
    >>> voices[:, 0].tolist(), onsets[:, 0].tolist()
    ([60, 60, 64, 64], [True, False, True, False])
    """
    length = max(math.ceil(end) for voice in notes for _, end, _ in voice)
    voices, onsets = np.zeros((length, 4), dtype=np.uint8), np.zeros((length, 4), dtype=bool)
    for v, voice in enumerate(notes):
        for start, end, pitch in voice:
            voices[math.ceil(start) : math.ceil(end), v] = pitch
            if start == int(start):
                onsets[int(start), v] = True
    sounding = np.flatnonzero(voices.any(1))
    inside = slice(sounding[0], sounding[-1] + 1)
    return voices[inside], onsets[inside]


def longest_silence(voices: np.ndarray) -> int:
    """The most frames in a row, inside a piece, in which no voice sounds."""
    return int(np.diff(np.flatnonzero(voices.any(1)), prepend=-1).max()) - 1


def find_key(choir, last: int) -> tuple[int, bool]:
    """The tonic (0..11 above C) and whether it is minor.

    Of the two keys of the bass's key signature, the one on whose tonic the bass ends (`last`, 0..11); else,
    for chorales in a church mode or with an open end, music21's estimate from the pitches.
    """
    signatures = choir.parts[3].recurse().getElementsByClass("KeySignature")
    major = (7 * signatures[0].sharps if signatures else 0) % 12
    if last in (major, (major + 9) % 12):
        return last, last != major
    key = choir.analyze("key")
    return key.tonic.pitchClass, key.mode == "minor"


def find_title(music21, number: str, score) -> str:
    """A title from music21's lists by BWV number, else from the words on the score, else ""."""
    by_bwv = music21.corpus.chorales.ChoraleListRKBWV().byBWV
    for candidate in (number, number.split("-")[0]):
        if candidate in by_bwv:
            return by_bwv[candidate]["title"].replace("AAch", "Ach")
    kalmus = music21.corpus.chorales.ChoraleList().byBWV
    if number.isdigit() and int(number) in kalmus:
        return kalmus[int(number)]["title"].replace("'", "’")
    words = (CREDIT.match(box.content) for box in score.getElementsByClass("TextBox"))
    return next((mend(match[1]).strip() for match in words if match), "")


def mend(text: str) -> str:
    """Undoes Mac Roman text that was read as Windows-1252.

    >>> mend("Wie schšn leuchtet der Morgenstern")
    'Wie schön leuchtet der Morgenstern'
    """
    try:
        return text.encode("cp1252").decode("mac_roman")
    except UnicodeError:
        return text
