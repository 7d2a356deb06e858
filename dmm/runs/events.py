"""What happened to a run, for people: `events.jsonl` in its folder, a sentence each. No torch."""

import contextlib
import time
from pathlib import Path
from typing import NamedTuple

from dmm.runs.store import append_lines, read_lines

FILE = "events.jsonl"


class Event(NamedTuple):
    """Something that happened after `step` updates, at a time in seconds since 1970."""

    time: float
    step: int
    sentence: str


def note(run: Path, step: int, sentence: str) -> None:
    """Add an event; nothing if the folder cannot be written."""
    with contextlib.suppress(OSError):
        append_lines(run / FILE, [Event(round(time.time(), 3), step, sentence)._asdict()])


def read_events(run: Path) -> list[Event]:
    """All of them, in order; a damaged one is passed over."""
    events = []
    for record in read_lines(run / FILE)[0]:
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
            events.append(Event(float(record["time"]), int(record["step"]), str(record["sentence"])))
    return events
