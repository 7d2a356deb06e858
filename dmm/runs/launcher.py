"""Starts training processes for the app, a few at a time, and notices when one dies.

One `Launcher` serves the whole server. Who asks beyond the free places waits in line; its run says so.
"""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from dmm.runs import store
from dmm.runs.store import RunError, Status

PLACES = max(1, min(4, os.cpu_count() or 1))  # training processes at a time
LONGEST_QUEUE = 60
MOST_PER_LEARNER = 4  # running and waiting
WATCH_EVERY = 0.1  # seconds
FORGOTTEN_AFTER = 10.0  # seconds; a run that is only just being started is younger
FORGOTTEN = "The app was closed before its turn came; press Resume to queue it again."


class Launcher:
    """A line of runs and the processes that train the first few.

    Args:
        places: how many train at a time.
        command: what is started for a run, without the run's folder.
    """

    def __init__(self, places=PLACES, command=(sys.executable, "-m", "dmm.runs.worker")):
        self.places, self.command = places, command
        self._lock = threading.Lock()
        self._waiting: list[tuple[Path, str]] = []
        self._active: dict[Path, tuple[subprocess.Popen, str]] = {}
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True, name="launcher").start()

    def submit(self, run: Path, learner: str = "") -> None:
        """Train a run as soon as there is a place; a run that is queued or running already stays as it is.

        Raises:
            RunError: the learner or the server has too many runs already.
        """
        with self._lock:
            status = store.read_status(run)
            if self._position(run) is not None or (run in self._active and status.state in store.LIVE):
                return
            mine = [who for _, who in (*self._waiting, *self._active.values()) if who == learner]
            if learner and len(mine) >= MOST_PER_LEARNER:
                raise RunError(f"You already have {len(mine)} runs training or waiting; stop one first.")
            if len(self._waiting) >= LONGEST_QUEUE:
                raise RunError(f"{LONGEST_QUEUE} runs are waiting already; try again in a few minutes.")
            if status.state == "running":
                raise RunError("This run is being trained right now by another process.")
            status = status._replace(state="queued", sentence="Waiting for a free place to train.")
            try:
                store.write_status(run, status)
            except OSError as error:
                raise RunError(f"This run cannot be queued: {store.reason(error)}.") from None
            self._waiting.append((run, learner))
            self._fill()

    def order(self, run: Path, order: str) -> None:
        """Tell a run to "pause" or "cancel"; one that is neither running nor waiting stays as it is."""
        with self._lock:
            position = self._position(run)
            if position is not None:
                self._waiting.pop(position)
                state = "paused" if order == "pause" else "cancelled"
                _leave(run, state, "Taken out of the line; press Resume to queue it again.")
            elif run in self._active:
                process = self._active[run][0]
                with contextlib.suppress(OSError):  # it has just ended
                    process.stdin.write(order + "\n")
                    process.stdin.flush()

    def waiting_before(self, run: Path) -> int | None:
        """How many runs will start before this one; None if it does not wait."""
        with self._lock:
            return self._position(run)

    def holds(self, run: Path) -> bool:
        """Whether this run trains or waits here, and so obeys `order`."""
        with self._lock:
            return run in self._active or self._position(run) is not None

    def status(self, run: Path) -> Status:
        """How a run is doing; one that waits in the line of a server that is no more counts as interrupted."""
        status = store.read_status(run)
        if status.state == "queued" and time.time() - status.heartbeat > FORGOTTEN_AFTER and not self.holds(run):
            return status._replace(state="interrupted", sentence=FORGOTTEN)
        return status

    def close(self) -> None:
        """Let every process save and end (it does at the end of its input), and wait for that."""
        with self._lock:
            for run, _ in self._waiting:
                _leave(run, "interrupted", FORGOTTEN)
            self._waiting.clear()
            processes = [process for process, _ in self._active.values()]
        for process in processes:
            with contextlib.suppress(OSError):
                process.stdin.close()
        for process in processes:
            process.wait()
        with self._lock:
            self._note_ends()
        self._closed.set()

    def _position(self, run):
        return next((i for i, (waiting, _) in enumerate(self._waiting) if waiting == run), None)

    def _fill(self):
        ready = [one for one in self._waiting if one[0] not in self._active]  # its last process may still be ending
        for run, learner in ready[: max(0, self.places - len(self._active))]:
            self._waiting.remove((run, learner))
            try:
                self._active[run] = self._start(run), learner
            except OSError as error:
                _leave(run, "failed", f"Its process could not be started: {store.reason(error)}.")

    def _start(self, run):
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        with open(run / "worker.log", "ab") as log:
            return subprocess.Popen(
                [*self.command, str(run)],
                cwd=store.ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C in the server's terminal is not theirs; they save and end after it
            )

    def _watch(self):
        """Take note of processes that have ended, and start the next in line."""
        while not self._closed.wait(WATCH_EVERY):
            try:
                with self._lock:
                    self._note_ends()
                    self._fill()
            except Exception:  # whatever it is, the line must go on
                logging.exception("The launcher stumbled.")

    def _note_ends(self):
        ended = [run for run, (process, _) in self._active.items() if process.poll() is not None]
        for run in ended:
            process, _ = self._active.pop(run)
            with contextlib.suppress(OSError):
                process.stdin.close()
            with contextlib.suppress(OSError):
                _note_end(run, process)


def _leave(run, state, sentence):
    """Say that a run trains no more, if its folder is still there."""
    with contextlib.suppress(OSError):
        store.write_status(run, store.read_status(run)._replace(state=state, sentence=sentence))


def _note_end(run, process):
    """A process that ended without saying how left its run "running" or "queued": say what happened."""
    status = store.read_status(run)
    if status.state == "queued" or (status.state == "running" and status.pid == process.pid):
        store.write_status(run, _explain(status, process.returncode))


def _explain(status: Status, code: int) -> Status:
    if code < 0:
        sentence = f"Its process was killed (signal {-code}); press Resume to go on from its last snapshot."
        return status._replace(state="interrupted", sentence=sentence)
    sentence = "Its process failed; worker.log in its folder says why."
    if code == 0:
        sentence = "Its process ended without a word; worker.log in its folder may say why."
    return status._replace(state="failed", sentence=sentence)
