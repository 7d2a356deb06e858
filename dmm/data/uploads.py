"""Music that was uploaded, kept on the server's disk under a name made of its contents.

The name, `upload-` and 32 hexadecimal digits, is what a run's configuration holds: the same files have the same name,
and no name can point to anything else on the disk. `chorales+upload-...` is the same music added to the chorales.

The files lie in `uploads` inside the folder of the runs (the environment variable DMM_RUNS_DIR, or `runs` beside the
app), as JSON. When there are too many, those that nothing has read for a day go, the oldest first.
"""

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

from dmm.data.own_music import check_size
from dmm.data.piece import DataError
from dmm.data.piece_json import from_json, to_json
from dmm.data.report import Reading, Report

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"upload-[0-9a-f]{32}")
MOST_SETS, MOST_BYTES = 500, 200 * 10**6
REST = 86_400.0  # seconds without a reader, after which a set may go
GONE = "The music of this run is no longer kept here; upload the same files again."
DAMAGED = "The music that was kept is damaged; upload the same files again."


def uploads_dir() -> Path:
    """Where uploaded music lies."""
    return Path(os.environ.get("DMM_RUNS_DIR") or ROOT / "runs") / "uploads"


def save(readings: Sequence[Reading], folder: Path | None = None) -> str:
    """Keep files that were read; the name under which `load` finds them, the same for the same music.

    Raises:
        DataError: it is too much music for one set, there is no room, or the disk refuses.
    """
    folder = folder or uploads_dir()
    check_size(len(readings), [piece for reading in readings for piece in reading.pieces])
    data = json.dumps({"files": [_record(reading) for reading in readings]}, separators=(",", ":")).encode()
    name = f"upload-{hashlib.sha256(data).hexdigest()[:32]}"
    path = folder / f"{name}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not _touch(path):
            _make_room(folder, len(data))
            _write(path, data)
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise DataError(f"The music could not be kept: {reason}.") from None
    return name


def is_kept(name: str, folder: Path | None = None) -> bool:
    """Whether a name is that of an upload that lies here; safe with any text."""
    return bool(NAME.fullmatch(name)) and ((folder or uploads_dir()) / f"{name}.json").is_file()


def load(name: str, folder: Path | None = None) -> list[Reading]:
    """The files that were kept under a name.

    Raises:
        DataError: no music is kept under this name, or it is damaged.
    """
    if not is_kept(name, folder):
        raise DataError(GONE)
    path = (folder or uploads_dir()) / f"{name}.json"
    try:
        data = path.read_bytes()
    except OSError:
        raise DataError(GONE) from None
    if name != f"upload-{hashlib.sha256(data).hexdigest()[:32]}":
        raise DataError(DAMAGED)
    _touch(path)
    return [_reading(record) for record in json.loads(data)["files"]]


def _record(reading: Reading) -> dict:
    """A file that was read, as JSON can write it."""
    pieces = [to_json(piece, split) for piece, split in zip(reading.pieces, reading.splits, strict=True)]
    return {"report": reading.report._asdict(), "pieces": pieces}


def _reading(record: dict) -> Reading:
    """The same back."""
    report = Report(**record["report"])
    splits, pieces = zip(*(from_json(piece) for piece in record["pieces"]), strict=True)
    return Reading(pieces, splits, report._replace(notices=tuple(report.notices)))


def _make_room(folder: Path, size: int) -> None:
    """Let rested sets go until one of this size fits; DataError if it does not."""
    kept = []
    for path in folder.glob("upload-*.json"):
        with contextlib.suppress(OSError):  # another process has just deleted it
            about = path.stat()
            kept.append((about.st_mtime, about.st_size, path))
    number, total = len(kept), sum(size for _, size, _ in kept)
    for used, its_size, path in sorted(kept):
        if number < MOST_SETS and total + size <= MOST_BYTES:
            return
        if time.time() - used > REST:
            path.unlink(missing_ok=True)
            number, total = number - 1, total - its_size
    if number >= MOST_SETS or total + size > MOST_BYTES:
        raise DataError("This server keeps as much uploaded music as it can; try again tomorrow, or use what is here.")


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _touch(path: Path) -> bool:
    """Note that a set is in use; whether it is there."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    except OSError:  # it may be read but not written
        return path.exists()
    return True
