"""Run folders on disk: what training writes and everything else reads. No torch here, so any page may read.

config.json      everything that made the run: configuration, data and their digest, versions
metrics.jsonl    one record a line, only ever appended to; a run that goes back to a snapshot repeats steps
samples.jsonl    a piece drawn from the model now and then, always with the same random numbers
changes.jsonl    what a hand has changed while it trained (see `changes.py`)
events.jsonl     what happened to it, a sentence each
snapshots/       weights and optimiser moments (see `snapshots.py`)
moments/         weights now and then from the first update on, to scrub back through (see `moments.py`)
status.json      how the run is doing, replaced whole, with a heartbeat
pinned, leaving  whether it stays when space gets short, and since when it may go (see `retention.py`)
worker.log       what a process that failed had to say
lock             held by the process that trains the run, so that there is only one
"""

import contextlib
import json
import math
import os
import re
import secrets
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

from dmm.config import Config, ConfigError, read_config

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "assets" / "runs"
RUN_ID = re.compile(r"[0-9a-f]{16}")
LIVE = ("queued", "running")
STATES = (*LIVE, "paused", "done", "cancelled", "diverged", "failed", "interrupted")
FORMAT = 2  # of a run folder; 1 had other names for the weights
RACE = "race"  # in the place of the format: a folder with several models in turn (see `race_records.py`)
BEST = "best.safetensors"  # among the snapshots, the weights that were best on validation
COULD_NOT_SAVE = "Could not save"  # how the sentence of a run begins that the disk has stopped
STALE_AFTER = 60.0  # seconds without a heartbeat, after which a run counts as interrupted


class RunError(Exception):
    """A run cannot be found, read or written; the message is one sentence that says what to do."""


class RunBusy(RunError):
    """Another process trains this run."""


class Status(NamedTuple):
    """How a run is doing. `state` is one of queued, running, paused, done, cancelled, diverged, failed, interrupted."""

    state: str
    sentence: str = ""
    step: int = 0
    epoch: int = 0
    seconds: float = 0.0
    best: float | None = None
    heartbeat: float = 0.0
    pid: int = 0


def runs_dir() -> Path:
    """Where new runs go: the environment variable DMM_RUNS_DIR, or `runs` beside the app."""
    return Path(os.environ.get("DMM_RUNS_DIR") or ROOT / "runs")


def new_run(config: Config, about: dict[str, Any] | None = None, folder: Path | None = None) -> Path:
    """Make the folder of a new run, with its configuration and the status "queued".

    Args:
        config: of the run.
        about: what else to write down (the data's digest, versions).
        folder: where runs lie; `runs_dir()` unless given.

    Raises:
        RunError: the folder cannot be written.
    """
    run = (folder or runs_dir()) / secrets.token_hex(8)
    try:
        (run / "snapshots").mkdir(parents=True)
        details = {"format": FORMAT, "id": run.name, "created": time.time()} | (about or {})
        replace_file(run / "config.json", _json(details | {"config": config.model_dump()}).encode())
        write_status(run, Status("queued", "Waiting for a free place to train."))
    except OSError as error:
        raise RunError(f"Could not make a run in {run.parent}: {reason(error)}.") from None
    return run


def find_run(run_id: str, folder: Path | None = None) -> Path:
    """The folder of a run, from its id.

    Raises:
        RunError: the id is not 16 hexadecimal digits, or no such run is kept here.
    """
    if RUN_ID.fullmatch(run_id):
        for place in (folder or runs_dir(), SHIPPED):
            if (place / run_id / "config.json").is_file():
                return place / run_id
    raise RunError("No such run: it may have been deleted, or the link may be incomplete.")


def list_runs(folder: Path | None = None) -> list[Path]:
    """All runs, those that came with the app first, then the newest."""
    shipped = sorted(path.parent for path in SHIPPED.glob("*/config.json"))
    own = [path.parent for path in (folder or runs_dir()).glob("*/config.json")]
    own = [run for run in own if RUN_ID.fullmatch(run.name)]
    return shipped + sorted(own, key=_changed, reverse=True)


def _changed(run: Path) -> float:
    """When a run was last written to; long ago if it has just been deleted."""
    try:
        return run.stat().st_mtime
    except OSError:
        return 0.0


def read_about(run: Path, form: int | str = FORMAT) -> dict[str, Any]:
    """Everything in `config.json` of a folder of this format.

    Raises:
        RunError: it is missing or damaged, or of another format.
    """
    try:
        about = json.loads((run / "config.json").read_text())
        about["config"]["data"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise RunError(f"{run.name} is not a run folder: its config.json is missing or damaged.") from None
    if about.get("format") == RACE != form:
        raise RunError("This is a race of six networks; the page on structured inference shows it.")
    if about.get("format") != form:
        raise RunError(
            f"This run has format {about.get('format')!a}; this version of the app reads format {FORMAT}. "
            "Train it anew with the same settings."
        )
    return about


def is_race(run: Path) -> bool:
    """Whether this is the folder of a race."""
    try:
        return bool(read_about(run, RACE))
    except RunError:
        return False


def read_run_config(run: Path) -> Config:
    """The configuration of a run.

    Raises:
        RunError: it is missing, damaged, or this version does not know it.
    """
    try:
        return read_config(read_about(run)["config"])
    except ConfigError as error:
        raise RunError(f"This version cannot read the run's configuration. {error}") from None


def read_status(run: Path, now: float | None = None) -> Status:
    """How a run is doing; one that says "running" without a sign of life counts as interrupted."""
    status = stored_status(run)
    silent = (time.time() if now is None else now) - status.heartbeat
    if status.state == "running" and (silent > STALE_AFTER or (silent > 5 and not _is_alive(status.pid))):
        return interrupted(status)
    return status


def stored_status(run: Path) -> Status:
    """What a run's status says, whoever wrote it and when; one that cannot be read counts as interrupted."""
    try:
        values = json.loads((run / "status.json").read_text())
        status = Status(**{key: value for key, value in values.items() if key in Status._fields})
        _check(status)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return Status("interrupted", "Its status is missing or damaged; it can go on from its last snapshot.")
    return status


def _check(status: Status) -> None:
    """Raise a ValueError or TypeError unless every field holds what it should."""
    numbers = (status.step, status.epoch, status.seconds, status.heartbeat, status.best or 0)
    if status.state not in STATES or type(status.sentence) is not str or not all(map(math.isfinite, numbers)):
        raise ValueError(status)
    if type(status.pid) is not int or not 0 <= status.pid < 2**31:
        raise ValueError(status)


def _is_alive(pid: int) -> bool:
    """Whether a process of this number exists here; yes where that cannot be asked."""
    if os.name != "posix" or pid <= 0:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def interrupted(status: Status) -> Status:
    """What a run's status is once its process has gone without a word."""
    sentence = "Its process ended without a word; it can go on from its last snapshot."
    return status._replace(state="interrupted", sentence=sentence)


def numbered_snapshots(run: Path) -> list[Path]:
    """The snapshots to go on from, newest first."""
    return sorted((run / "snapshots").glob("step-*.safetensors"), reverse=True)


def saved_step(run: Path) -> int:
    """The update from which a run would go on, by its newest snapshot's name; of a race, that of the lane ahead."""
    names = [path.stem for path in run.rglob(f"snapshots/step-{8 * '[0-9]'}.safetensors")]
    return int(max(names)[5:]) if names else 0


def shown_snapshot(run: Path, which: str = "best") -> Path | None:
    """The snapshot to look at: the best on validation, or the last; the other one where there is no such; else None."""
    best, numbered = run / "snapshots" / BEST, numbered_snapshots(run)
    found = [best] if best.exists() else []
    return next(iter(found + numbered if which == "best" else numbered + found), None)


def moment_file(run: Path, epoch: int) -> Path:
    """Where the weights after an epoch are kept, if they are."""
    return run / "moments" / f"epoch-{epoch:06d}.safetensors"


def list_moments(run: Path) -> list[Path]:
    """The moments of training whose weights are kept, in order."""
    return sorted((run / "moments").glob(f"epoch-{6 * '[0-9]'}.safetensors"))


def write_status(run: Path, status: Status) -> Status:
    """Replace the status, with a new heartbeat; the status as written."""
    status = status._replace(heartbeat=time.time())
    replace_file(run / "status.json", _json(status._asdict()).encode())
    return status


@contextlib.contextmanager
def hold(run: Path):
    """Keep other processes from training a run while inside; the lock goes with the process, however it ends.

    Raises:
        RunBusy: another process holds it.
    """
    with open(run / "lock", "ab") as file:
        if fcntl:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunBusy("This run is being trained right now by another process.") from None
            for half_written in run.glob("*/.*.tmp"):  # by a process that was killed
                half_written.unlink(missing_ok=True)
        yield


def is_free(run: Path) -> bool:
    """Whether no process trains a run at this moment; where that cannot be asked, yes."""
    if not fcntl or not (run / "lock").exists():
        return True
    try:
        with open(run / "lock", "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def append_lines(path: Path, records: list[dict] | tuple[dict, ...]) -> None:
    """Append records to a file of JSON lines; a torn last line is closed off first."""
    if not records:
        return
    lines = "".join(_json(record) + "\n" for record in records).encode()
    with open(path, "ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                lines = b"\n" + lines
        file.write(lines)


def read_lines(path: Path, offset: int = 0) -> tuple[list[dict], int]:
    """The records from a byte offset on, and the offset to read from next time.

    A last line without an end is left for later, and a damaged line is passed over.
    """
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    data = data[: data.rfind(b"\n") + 1]
    records = []
    for line in data.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            records.append(json.loads(line))
    return [record for record in records if isinstance(record, dict)], offset + len(data)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: to a temporary file beside it, to the disk, then into its place."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def reason(error: OSError) -> str:
    """Why the disk refused, in words."""
    return (error.strerror or "unknown error").lower().replace("no space left on device", "the disk is full")


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
