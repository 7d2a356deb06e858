"""How many runs a server keeps: when space gets short, the oldest go, after a notice, unless they are pinned.

A pin is an empty file `pinned` in a run's folder, a notice is the file `leaving`, as old as the notice is.
"""

import contextlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from dmm.runs import store

MOST_RUNS, MOST_BYTES = 500, 2 * 10**9
NOTICE_AT = 0.9  # of either limit
NOTICE = 600.0  # seconds between the notice and the end
PINNED, LEAVING = "pinned", "leaving"


def pin(run: Path, kept: bool) -> None:
    """Keep a run whatever comes, or do not.

    Raises:
        RunError: the folder cannot be written.
    """
    try:
        if kept:
            (run / PINNED).touch()
            (run / LEAVING).unlink(missing_ok=True)
        else:
            (run / PINNED).unlink(missing_ok=True)
    except OSError as error:
        raise store.RunError(f"The run cannot be pinned: {store.reason(error)}.") from None


def is_pinned(run: Path) -> bool:
    """Whether it is kept whatever comes."""
    return (run / PINNED).exists()


def leaves_in(run: Path, now: float | None = None) -> float | None:
    """Seconds until a run may be deleted; None if it has no notice."""
    try:
        given = (run / LEAVING).stat().st_mtime
    except OSError:
        return None
    return max(0.0, given + NOTICE - (time.time() if now is None else now))


def tidy(folder: Path, is_busy: Callable[[Path], bool], now: float | None = None) -> list[Path]:
    """Give notice near the limits; beyond them delete the oldest runs whose notice is over; those that were deleted.

    Pinned and busy runs, and whatever is no run folder, stay. When there is space again, notices are taken back.
    """

    def may_go(run):
        return not is_pinned(run) and not is_busy(run)

    runs = [run for run in store.list_runs(folder) if run.parent == folder]
    sizes = {run: _size(run) for run in runs}
    number, total = len(runs), sum(sizes.values())
    oldest = list(filter(may_go, sorted(runs, key=_used)))
    deleted = []
    for run in oldest:
        if number <= MOST_RUNS * NOTICE_AT and total <= MOST_BYTES * NOTICE_AT:
            (run / LEAVING).unlink(missing_ok=True)
            continue
        over = number > MOST_RUNS or total > MOST_BYTES
        left = leaves_in(run, now)
        if left is None:
            with contextlib.suppress(OSError):
                (run / LEAVING).touch()
        elif left == 0 and over and may_go(run):  # still: somebody may have pressed Resume or Pin meanwhile
            shutil.rmtree(run, ignore_errors=True)
            deleted.append(run)
            total, number = total - sizes[run], number - 1
            continue
        total, number = total - sizes[run], number - 1  # as if it were gone: the next ones need no notice for it
    return deleted


def _used(run):
    """When a run last trained; a notice, which changes its folder, makes it no younger."""
    try:
        return (run / "status.json").stat().st_mtime
    except OSError:
        return 0.0


def _size(run):
    """What a run's files take, in bytes."""
    total = 0
    for path in run.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total
