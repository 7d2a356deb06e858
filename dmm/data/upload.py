"""One file of anybody's, MIDI or JSON, read in this process; `child.py` does the same in one of its own."""

import re

from dmm.data.files import MEGABYTE, check_size
from dmm.data.jsb_json import read_json
from dmm.data.midi import MOST_BEATS, read_midi
from dmm.data.piece import DataError, printable, stem
from dmm.data.report import Reading, Report

MOST_BYTES = 2 * MEGABYTE
MIDI, JSON = (".mid", ".midi"), (".json",)
OTHERS = ((b"PK\x03\x04", "a ZIP archive"), (b"\x1f\x8b", "a compressed file"), (b"\x89PNG", "a picture"))


def read_upload(raw: bytes, name: str, max_bytes: int = MOST_BYTES) -> Reading:
    """The pieces of a file, by what its name ends in, or else by how it begins.

    Args:
        raw: the whole file.
        name: as whoever sent it calls it: any text; no path is ever made of it.
        max_bytes: the largest file that is read.

    Raises:
        DataError: what is wrong with the file, in a sentence.
    """
    check_size(len(raw), max_bytes)
    shown = file_name(name)
    if raw.startswith(b"MThd") or shown.lower().endswith(MIDI) or raw[:4] == b"RIFF":
        return read_midi(raw, shown)
    for start, what in OTHERS:
        if raw.startswith(start):
            raise DataError(f"This is {what}; give a MIDI file (.mid) or a JSON file.")
    found = read_json(raw, MOST_BEATS)
    pieces = tuple(piece._replace(name=f"{stem(shown)}, {piece.name}") for _, piece in found)
    report = Report(shown, len(pieces), sum(len(piece.roll) for piece in pieces))
    return Reading(pieces, tuple(split for split, _ in found), report)


def file_name(name: str) -> str:
    r"""The last part of a name that may be a path, cleaned: what is shown, and nothing else is done with it.

    >>> file_name("../../etc/passwd"), file_name("C:\\music\\song.mid"), file_name("..")
    ('passwd', 'song.mid', 'my music')
    """
    last = re.split(r"[/\\]", name[-400:])[-1]
    return printable(last).strip(". ") or "my music"
