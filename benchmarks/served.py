"""The app on a server of its own, with an empty folder for runs that is thrown away."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from benchmarks import processes

ROOT = Path(__file__).resolve().parents[1]
HEALTH = "/_stcore/health"


@contextmanager
def served(port: int | None = None, log: Path | None = None) -> Iterator[tuple[str, int]]:
    """Its address and the number of its process; it has ended, and its workers with it, when this does.

    Args:
        port: any that is free unless given.
        log: where to keep what the server says; thrown away unless given.

    Raises:
        RuntimeError: the app did not start; with what it said.
    """
    address = f"http://127.0.0.1:{port or _free_port()}"
    with tempfile.TemporaryDirectory(prefix="dmm-load-", ignore_cleanup_errors=True) as folder:
        log = log or Path(folder) / "server.log"
        with open(log, "wb") as words:
            server = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", address.rpartition(":")[2]],
                cwd=ROOT,
                env=os.environ | {"DMM_RUNS_DIR": str(Path(folder) / "runs")},
                stdout=words,
                stderr=words,
            )
        try:
            _wait_for(address + HEALTH, server, log)
            yield address, server.pid
        finally:
            _end(server)


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait_for(url, server, log, seconds=60.0):
    """Return once the address answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The app did not start. It said: {log.read_text(errors='replace')[-2000:]}")


def _end(server):
    """End the server, and wait for the workers that end with it."""
    workers = processes.children(server.pid)
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    end = time.monotonic() + 20
    while any(map(processes.is_alive, workers)) and time.monotonic() < end:
        time.sleep(0.1)
