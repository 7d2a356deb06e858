"""Reads one uploaded file in a process of its own: `python -m dmm.data.child`, the file on standard input.

Whatever a file does to its reader, it does it there: the process has little memory and little time, writes no file and
is gone afterwards. It is told the file's name in a line of JSON, then the file; it answers in JSON,
`{"error": SENTENCE}` or `{"report": ..., "pieces": [...]}`.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from dmm.data.piece import DataError
from dmm.data.piece_json import from_json, to_json
from dmm.data.report import Reading, Report
from dmm.data.upload import MOST_BYTES, read_upload

try:
    import resource
except ImportError:  # Windows
    resource = None

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "dmm.data.child")
SECONDS = 10.0  # for the process to answer, on a busy machine
CPU_SECONDS = 5
MEMORY = 256 * 2**20  # bytes of its own
MOST_ANSWER = 16 * 10**6  # bytes
ROOM = threading.BoundedSemaphore(2)  # files that are read at a time: a class may upload all at once
GAVE_UP = "The file could not be read: its reader gave up on it. Try a shorter or simpler file."
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def read_apart(raw: bytes, name: str, seconds: float = SECONDS, command: tuple[str, ...] = COMMAND) -> Reading:
    """What `read_upload` gives, from a process with limits.

    Args:
        raw: the whole file.
        name: of the file, any text.
        seconds: after which the process is ended.
        command: that starts it.

    Raises:
        DataError: what is wrong with the file, or that it could not be read within the limits.
    """
    if len(raw) > MOST_BYTES:
        return read_upload(raw, name)  # which says so
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(name[-400:]).encode() + b"\n" + raw)
        file.seek(0)
        with ROOM:
            answer, timely = _ask(file, seconds, command)
    if not timely:
        raise DataError("The file took too long to read, so reading was stopped; is it a piece of music?")
    try:
        return _reading(json.loads(answer))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(GAVE_UP) from None


def _ask(file, seconds: float, command: tuple[str, ...]) -> tuple[bytes, bool]:
    """What the process answers, not more than is allowed, and whether it did so in time."""
    environment = os.environ | dict.fromkeys(ONE_THREAD, "1")
    child = subprocess.Popen(
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, env=environment
    )
    late = threading.Event()

    def stop():
        late.set()
        child.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        with child.stdout as out:
            answer = out.read(MOST_ANSWER + 1)
    finally:
        timer.cancel()
        child.kill()
        child.wait()
    return answer, not late.is_set()


def _reading(answer: dict) -> Reading:
    """The answer as a reading."""
    if "error" in answer:
        raise DataError(str(answer["error"])[:500])
    found = [from_json(record) for record in answer["pieces"]]
    report = Report(**answer["report"])
    return Reading(
        tuple(piece for _, piece in found),
        tuple(split for split, _ in found),
        report._replace(notices=tuple(report.notices)),
    )


def main() -> None:
    """Read the file on standard input and answer."""
    _limit()
    name = json.loads(sys.stdin.buffer.readline())
    try:
        pieces, splits, report = read_upload(sys.stdin.buffer.read(MOST_BYTES + 1), name)
        records = [to_json(piece, split) for piece, split in zip(pieces, splits, strict=True)]
        answer = {"report": report._asdict(), "pieces": records}
    except DataError as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer, separators=(",", ":")))  # not dump, which is slower


def _limit() -> None:
    """Little memory, little time and no files, where the system knows such limits."""
    if resource is None:
        return
    limits = {"RLIMIT_CPU": CPU_SECONDS, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    if sys.platform == "linux":
        limits["RLIMIT_DATA"] = MEMORY
    for which, most in limits.items():
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(getattr(resource, which), (most, most))


if __name__ == "__main__":
    main()
