"""The events of a MIDI file, out of bytes that anybody may have written. Nothing but Python.

Every count is limited while it grows, and a number in the file is never taken for a size: a file of 40 bytes that
claims to last for days costs no more than 40 bytes. Whatever is wrong is said with the byte at which it is.

Source: Standard MIDI Files 1.0 (the MIDI Association).
Differs: running status goes on after a meta event or a system exclusive message, as most programs write it.
"""

from typing import NamedTuple

from dmm.data.piece import DataError

MOST_TRACKS, MOST_EVENTS, MOST_NOTES, MOST_TEMPOS = 128, 200_000, 50_000, 5_000
ABSURD = 10**8  # bytes of a track that no file has
LONGEST_HEADER = 1024  # bytes; 6 are defined, and later versions may add some
SIZES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}  # data bytes by the first half of a status byte
NAME, END, TEMPO, KEY_SIGNATURE = 0x03, 0x2F, 0x51, 0x59  # meta events that matter here


class Event(NamedTuple):
    """What happens at a tick: kind "on" or "off" of a channel's pitch, "name", "tempo", "key" or "end"; its value."""

    tick: int
    kind: str
    channel: int = 0
    value: int | bytes = 0


class MidiFile(NamedTuple):
    """The tracks of a file, each a list of events in the order of their ticks, and what was odd, in sentences."""

    ticks_per_beat: int
    tracks: list[list[Event]]
    notices: list[str]


def read_events(raw: bytes) -> MidiFile:
    """The events of a MIDI file of format 0 or 1.

    Raises:
        DataError: the bytes are no such file, are damaged, or hold more than is read here.
    """
    promised, ticks_per_beat, at = _header(raw)
    tracks, notices, counts = [], [], {"events": 0, "on": 0, "tempo": 0}
    while at + 8 <= len(raw):
        kind, size, at = raw[at : at + 4], int.from_bytes(raw[at + 4 : at + 8]), at + 8
        if kind == b"MTrk":
            if len(tracks) == MOST_TRACKS:
                raise DataError(f"More than {MOST_TRACKS} tracks; join or leave out some.")
            _check_size(len(tracks) + 1, size, at, len(raw))
            tracks.append(_Track(raw, at, at + size, len(tracks) + 1, counts, notices).read())
        at += size
    if len(tracks) < promised:
        raise DataError(f"Header promises {promised} tracks, found {len(tracks)}; is the file cut off?")
    if len(tracks) > promised:
        notices.append(f"Tracks: {len(tracks)} were found and read; the header promises {promised}.")
    return MidiFile(ticks_per_beat, tracks, list(dict.fromkeys(notices)))


def _header(raw: bytes) -> tuple[int, int, int]:
    """How many tracks there should be, ticks per beat, and where the first track begins."""
    if not raw:
        raise DataError("This file is empty.")
    if raw[:4] == b"RIFF" and raw[8:12] == b"RMID":
        raise DataError("This is a RIFF-RMID file, not a plain MIDI file; save it as a Standard MIDI File (.mid).")
    if not raw.startswith(b"MThd"[: len(raw)]):
        raise DataError('Not a MIDI file: it does not start with "MThd".')
    if len(raw) < 14:
        raise DataError(f"The MIDI header is cut off ({len(raw)} of 14 bytes).")
    size = int.from_bytes(raw[4:8])
    if not 6 <= size <= LONGEST_HEADER:
        raise DataError(f"The header says it has {in_bytes(size)}; a MIDI header has 6 bytes.")
    form, promised, division = (int.from_bytes(raw[at : at + 2]) for at in (8, 10, 12))
    if form == 2:
        raise DataError("Format 2 (independent patterns) is not supported; export as format 0 or 1.")
    if form > 2:
        raise DataError(f"Format {form} is not known; MIDI files have format 0, 1 or 2.")
    if division >= 0x8000:
        raise DataError("SMPTE time code is not supported; export with ticks per beat.")
    if division == 0:
        raise DataError("Ticks per beat is 0, so time cannot be computed.")
    return promised, division, 8 + size


def _check_size(number: int, size: int, at: int, end: int) -> None:
    """Refuse a track that is longer than the file."""
    missing = size - (end - at)
    if size > ABSURD:
        raise DataError(f"Track {number} claims {in_bytes(size)}, more than the whole file has ({in_bytes(end)}).")
    if missing > 0:
        raise DataError(f"Track {number} is cut off: {in_bytes(missing)} missing.")


class _Track:
    """Reads one track: the bytes from `at` to `end`. Places in messages count from 1."""

    def __init__(self, raw, at, end, number, counts, notices):
        self.raw, self.at, self.end, self.number = raw, at, end, number
        self.counts, self.notices = counts, notices
        self.tick, self.status, self.events = 0, 0, []

    def read(self) -> list[Event]:
        """The events of the track, closed by one of kind "end"."""
        while self.at < self.end:
            self.tick += self._length()
            if self._event():
                break
        else:
            self.notices.append(f"Track {self.number} has no end; it was read as far as it goes.")
        if self.at < self.end:
            self.notices.append(f"Track {self.number} goes on after its end; the rest was not read.")
        self.events.append(Event(self.tick, "end"))
        return self.events

    def _event(self) -> bool:
        """One event; whether it is the track's end."""
        self._count("events", MOST_EVENTS, "events")
        start, byte = self.at, self._byte()
        if byte == 0xFF:
            kind = self._byte()
            self._meta(kind, self._block(start))
            return kind == END
        if byte in (0xF0, 0xF7):
            self._block(start)
        elif byte > 0xF0:
            raise DataError(f"Status byte {byte} at byte {start + 1} is not legal in a MIDI file.")
        else:
            self._channel(byte, start)
        return False

    def _channel(self, byte: int, start: int) -> None:
        """A message to a channel; of these only notes count."""
        if byte >= 0x80:
            self.status = byte
        elif not self.status:
            raise DataError(f"Event without a status byte at byte {start + 1}.")
        else:
            self.at = start  # the byte is data, and the status is the one before
        data = [self._data() for _ in range(SIZES[self.status >> 4])]
        if self.status >> 4 in (0x8, 0x9):
            on = self.status >> 4 == 0x9 and data[1] > 0
            if on:
                self._count("on", MOST_NOTES, "notes")
            self.events.append(Event(self.tick, "on" if on else "off", self.status & 15, data[0]))

    def _meta(self, kind: int, block: bytes) -> None:
        """A meta event; those that matter are a name, a tempo and a key signature."""
        if kind == TEMPO and len(block) == 3:
            self._count("tempo", MOST_TEMPOS, "tempo changes")
            if not any(block):
                raise DataError(f"Tempo of 0 µs per beat at tick {self.tick}.")
            self.events.append(Event(self.tick, "tempo", value=int.from_bytes(block)))
        elif kind == TEMPO:
            self.notices.append("A tempo that is not 3 bytes long was left out.")
        elif kind == NAME and not any(event.kind == "name" for event in self.events[:1]):
            self.events.insert(0, Event(0, "name", value=block[:400]))
        elif kind == KEY_SIGNATURE and not _is_key(block):
            self.notices.append("A key signature that does not exist was left out.")

    def _count(self, what: str, most: int, words: str) -> None:
        self.counts[what] += 1
        if self.counts[what] > most:
            raise DataError(f"More than {most:,} {words}; choose a shorter piece, or cut it.")

    def _byte(self) -> int:
        if self.at >= self.end:
            raise DataError(f"Track {self.number} ends in the middle of an event, at byte {self.at + 1}.")
        self.at += 1
        return self.raw[self.at - 1]

    def _data(self) -> int:
        """A data byte of a message to a channel."""
        byte = self._byte()
        if byte > 127:
            raise DataError(f"Data byte {byte} at byte {self.at} is not legal MIDI.")
        return byte

    def _length(self) -> int:
        """A number of 1 to 4 bytes, seven bits in each; the highest bit of a byte says that another one follows."""
        start, value = self.at, 0
        for _ in range(4):
            byte = self._byte()
            value = value << 7 | byte & 127
            if byte < 128:
                return value
        raise DataError(f"Time value longer than 4 bytes at byte {start + 1}.")

    def _block(self, start: int) -> bytes:
        """Bytes that say beforehand how many they are; `start` is where their event begins."""
        size = self._length()
        if size > self.end - self.at:
            left = in_bytes(self.end - self.at)
            raise DataError(f"Event claims {in_bytes(size)} at byte {start + 1}, but its track has {left} left.")
        self.at += size
        return self.raw[self.at - size : self.at]


def _is_key(block: bytes) -> bool:
    """Whether a key signature has 7 flats to 7 sharps, major or minor."""
    return len(block) == 2 and (block[0] + 7) % 256 <= 14 and block[1] <= 1


def in_bytes(size: int) -> str:
    """A number of bytes in words.

    >>> in_bytes(1), in_bytes(60), in_bytes(100_000_000), in_bytes(0xFFFFFFF0)
    ('1 byte', '60 bytes', '100 MB', '4 GB')
    """
    for unit, word in ((10**9, "GB"), (10**6, "MB"), (10**4, "kB")):
        if size >= unit:
            return f"{round(size / (1000 if word == 'kB' else unit))} {word}"
    return f"{size} byte" if size == 1 else f"{size} bytes"
