"""A piano roll as notes, as a MIDI file and as a table.

A roll is an array `(T, 88)` of 0 and 1: one row per frame, one column per piano key from A0 to C8.
One frame lasts one quarter note.
"""

import io
from typing import NamedTuple

import numpy as np

LOWEST_KEY = 21  # the MIDI number of A0, column 0 of a roll
KEYS = 88
PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
TICKS_PER_BEAT = 480
CHURCH_ORGAN = 19  # General MIDI programme, counted from 0
VOICES = ("soprano", "alto", "tenor", "bass")
SLOWEST, FASTEST = 10, 600  # quarter notes per minute


class Note(NamedTuple):
    """One held key: MIDI pitch (21-108), first frame (from 0) and length in frames (at least 1)."""

    pitch: int
    start: int
    length: int


def note_name(pitch: int) -> str:
    """The name of a MIDI pitch, with sharps; 60 is middle C.

    >>> note_name(60), note_name(21), note_name(70)
    ('C4', 'A0', 'A#4')
    """
    return f"{PITCH_CLASSES[int(pitch) % 12]}{int(pitch) // 12 - 1}"


def as_roll(roll) -> np.ndarray:
    """The same roll as `(T, 88)` booleans.

    Raises:
        ValueError: the shape is not `(T, 88)`, or a value is neither 0 nor 1.
    """
    roll = np.asarray(roll)
    if roll.ndim != 2 or roll.shape[1] != KEYS:
        raise ValueError(f"got a roll of shape {roll.shape}, expected (T, {KEYS})")
    strange = roll[(roll != 0) & (roll != 1)]
    if strange.size:
        raise ValueError(f"got the value {strange[0]} in a roll, expected 0 or 1")
    return roll.astype(bool)


def notes(roll, onsets=None) -> tuple[Note, ...]:
    """The notes of a roll, by start and then by pitch; a key that stays on is one held note.

    Args:
        roll: `(T, 88)`, 1 where a key sounds.
        onsets: `(T, 88)`, 1 where a key is struck, so that a key that stays on may be struck again;
            without it a key is struck only where it was silent one frame before.

    Raises:
        ValueError: a shape is not `(T, 88)`, the two differ, or a value is neither 0 nor 1.

    >>> roll = np.zeros((3, 88)); roll[:2, 39] = 1
    >>> notes(roll)
    (Note(pitch=60, start=0, length=2),)
    """
    on = as_roll(roll)
    struck = np.zeros_like(on) if onsets is None else as_roll(onsets)
    if struck.shape != on.shape:
        raise ValueError(f"got onsets of shape {struck.shape}, expected {on.shape} as the roll")
    frames = len(on) + 1  # a silent frame after each key's last one keeps the keys apart
    flat, again = (np.pad(a, ((0, 1), (0, 0))).T.ravel() for a in (on, struck))  # (88 (T + 1),)
    begins = flat & (again | ~np.roll(flat, 1))
    breaks = np.flatnonzero(begins | ~flat)
    first = np.flatnonzero(begins)
    length = breaks[np.searchsorted(breaks, first, side="right")] - first
    key, start = np.divmod(first, frames)
    order = np.lexsort((key, start))
    columns = (key[order] + LOWEST_KEY, start[order], length[order])
    return tuple(Note(*row) for row in np.stack(columns, axis=1).tolist())


def check_tempo(tempo) -> float:
    """The tempo in quarter notes per minute; ValueError outside 10-600."""
    if not SLOWEST <= tempo <= FASTEST:
        raise ValueError(f"got tempo {tempo}, expected {SLOWEST} to {FASTEST} beats per minute")
    return float(tempo)


def to_midi(roll, tempo=90, title="", *, onsets=None) -> bytes:
    """A MIDI file (format 0, organ) of a roll.

    Args:
        roll: `(T, 88)` of 0 and 1; trailing silence is kept.
        tempo: quarter notes, that is frames, per minute, 10-600.
        title: the track name; its first 80 printable characters are kept.
        onsets: as in `notes`.

    Raises:
        ValueError: as `notes`, or the tempo is out of range.
    """
    import mido

    beat = mido.bpm2tempo(check_tempo(tempo))  # microseconds
    shown = "".join(c for c in title if c.isprintable())[:80]
    events = []  # (tick, 0 = off or 1 = on, pitch): at one tick, off comes first
    for pitch, start, length in notes(roll, onsets):
        events.append((start * TICKS_PER_BEAT, 1, pitch))
        events.append(((start + length) * TICKS_PER_BEAT, 0, pitch))
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=shown)] if shown else [])
    track.append(mido.MetaMessage("set_tempo", tempo=beat))
    track.append(mido.Message("program_change", program=CHURCH_ORGAN))
    now = 0
    for tick, on, pitch in sorted(events):
        kind = "note_on" if on else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=64, time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=len(roll) * TICKS_PER_BEAT - now))
    midi = mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT, charset="utf-8", tracks=[track])
    file = io.BytesIO()
    midi.save(file=file)
    return file.getvalue()


def from_midi(data: bytes) -> np.ndarray:
    """The roll of a MIDI file that `to_midi` wrote: `from_midi(to_midi(roll))` equals `roll`.

    Made for our own files. It does not defend itself against foreign ones: notes are rounded to quarter
    notes, keys outside the piano are dropped, drums are read as keys, and a file of a few bytes that
    claims to last for days gets as many frames as it claims.

    Returns:
        `(T, 88)` uint8 of 0 and 1. A note struck again while it sounds becomes one held note.

    Raises:
        ValueError: the bytes are not a MIDI file that can be read.
    """
    import mido

    if data[:4] != b"MThd":
        raise ValueError('Not a MIDI file: it does not start with "MThd".')
    try:
        midi = mido.MidiFile(file=io.BytesIO(data), charset="utf-8")
        return _read(mido.merge_tracks(midi.tracks), midi.ticks_per_beat)
    except Exception as error:  # mido raises whatever its parser trips on
        raise ValueError("The MIDI file is damaged and cannot be read.") from error


def _read(track, ticks_per_beat: int) -> np.ndarray:
    """The roll of one track of MIDI messages."""
    ticks = np.cumsum([message.time for message in track])
    frames = np.round(ticks / ticks_per_beat).astype(int)
    roll, struck = np.zeros((frames[-1], KEYS), dtype=np.uint8), {}  # struck: key -> frame
    for message, frame in zip(track, frames, strict=True):
        if message.type not in ("note_on", "note_off") or not 0 <= message.note - LOWEST_KEY < KEYS:
            continue
        key = message.note - LOWEST_KEY
        if key in struck:
            roll[struck.pop(key) : frame, key] = 1
        if message.type == "note_on" and message.velocity > 0:
            struck[key] = frame
    return roll


def to_csv(roll) -> str:
    """A table with one line per frame and one column per key: note names, then 0 or 1.

    Raises:
        ValueError: the shape is not `(T, 88)`, or a value is neither 0 nor 1.
    """
    header = ",".join(note_name(LOWEST_KEY + key) for key in range(KEYS))
    rows = [",".join(row) for row in as_roll(roll).astype(int).astype(str)]
    return "\n".join([header, *rows]) + "\n"


def to_note_csv(roll, voices=None, onsets=None) -> str:
    """A table with one line per note: the beat on which it starts (from 1), its length in beats, pitch, name and voice.

    Args:
        roll: `(T, 88)` of 0 and 1.
        voices: `(T, 4)` pitches, soprano to bass, 0 = rest: then the notes are those of the voices.
        onsets: of the voices, `(T, 4)`, or without voices as in `notes`.

    Raises:
        ValueError: as `notes`.

    >>> roll = np.zeros((3, 88)); roll[:2, 39] = 1
    >>> print(to_note_csv(roll), end="")
    beat,length,pitch,name,voice
    1,2,60,C4,
    """
    if voices is None:
        found = [(note, "") for note in notes(roll, onsets)]
    else:
        found = sorted(
            ((note, name) for v, name in enumerate(VOICES) for note in _voice_notes(voices, onsets, v)),
            key=lambda pair: (pair[0].start, pair[0].pitch),
        )
    rows = [f"{n.start + 1},{n.length},{n.pitch},{note_name(n.pitch)},{voice}" for n, voice in found]
    return "\n".join(["beat,length,pitch,name,voice", *rows]) + "\n"


def from_note_csv(text: str, frames: int) -> np.ndarray:
    """The roll `(frames, 88)` uint8 of a table that `to_note_csv` wrote."""
    roll = np.zeros((frames, KEYS), dtype=np.uint8)
    for line in text.splitlines()[1:]:
        beat, length, pitch = (int(part) for part in line.split(",")[:3])
        roll[beat - 1 : beat - 1 + length, pitch - LOWEST_KEY] = 1
    return roll


def _voice_notes(voices, onsets, v: int) -> tuple[Note, ...]:
    """The notes of one of four voices."""
    voice = np.asarray(voices)[:, v].astype(int)
    on = (voice[:, None] == np.arange(LOWEST_KEY, LOWEST_KEY + KEYS)).astype(np.uint8)
    return notes(on, None if onsets is None else on * np.asarray(onsets, dtype=np.uint8)[:, v, None])
