"""What a hand has changed in a run while it trained: `changes.jsonl` in its folder, read and written. No torch."""

import contextlib
from pathlib import Path

from dmm.runs.store import append_lines, read_lines
from dmm.steering import Change, add, check

FILE = "changes.jsonl"


def read_changes(run: Path) -> tuple[Change, ...]:
    """The changes that hold for a run, in order; none if nobody steered it. A damaged record is passed over."""
    changes = ()
    for record in read_lines(run / FILE)[0]:
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
            changes = add(changes, _read(record))
    return changes


def append_change(run: Path, change: Change) -> None:
    """Add a change to a run."""
    append_lines(run / FILE, [change._asdict()])


def _read(record):
    change = Change(record["step"], record["learning_rate"], record["kl_weight"])
    if type(change.step) is not int or change.step < 0:
        raise ValueError(change)
    check(change.learning_rate, change.kl_weight)
    return change
