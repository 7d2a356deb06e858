"""Worker processes on this machine: started once, warm, and used again and again (see `worker.py`).

They are nicer than the pages, may use only so much memory, and make room for a fresh one after a while. One that dies
is replaced; whoever had a turn in it is told at once.
"""

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from dmm.runs import store
from dmm.runs.engine import Ended, NoPlace, Slice
from dmm.runs.store import RunError
from dmm.steering import Change

PLACES = int(os.environ.get("DMM_WORKERS") or max(1, min(4, os.cpu_count() or 1)))
COMMAND = (sys.executable, "-m", "dmm.runs.worker")
OLD = 1800.0  # seconds after which a worker that has nothing to do makes room for a fresh one
MOST_TURNS = 400  # or after so many turns
STILLBORN = 3  # so many workers in a row that died before they were ready, and no more are started by themselves


class Worker:
    """One process: free, or with a turn."""

    def __init__(self, command, on_exit):
        self.on_end: Callable[[Ended], None] | None = None
        self.ready, self.turns, self.born = False, 0, time.monotonic()
        self.process = subprocess.Popen(
            command,
            cwd=store.ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0 if os.name == "posix" else None,  # Ctrl-C in the server's terminal is not theirs; no new
            # session, for with that Linux would divide the processor between sessions, whatever their niceness
        )
        self.thread = threading.Thread(target=self._listen, args=(on_exit,), daemon=True, name="worker")
        self.thread.start()

    def is_free(self):
        """Whether a turn could begin in it now."""
        return self.ready and self.on_end is None and self.process.poll() is None

    def begin(self, turn, on_end):
        self.on_end = on_end
        self.turns += 1
        self._send({"run": str(turn.run), "steps": turn.steps})

    def tell(self, order: str | Change) -> None:
        """As `Handle.tell`; a turn that has just ended hears nothing."""
        self._send(order._asdict() if isinstance(order, Change) else {"order": order})

    def kill(self) -> None:
        """As `Handle.kill`."""
        self.process.kill()

    def retire(self):
        """Let it save and end: it does at the end of its input."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def _send(self, message):
        with contextlib.suppress(OSError, ValueError):  # it has just died: `_listen` tells
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def _listen(self, on_exit):
        """What the process says, line by line, until it has nothing more to say."""
        for line in self.process.stdout:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                message = json.loads(line)
                self.ready = True
                if "ended" in message:
                    self._end(Ended(str(message["ended"])))
        code = self.process.wait()
        self.process.stdout.close()
        self.retire()
        on_exit(self)
        self._end(Ended("died", _cause(code)))

    def _end(self, ended):
        on_end, self.on_end = self.on_end, None
        if on_end:
            try:
                on_end(ended)
            except Exception:  # whatever it is, the worker must be listened to
                logging.exception("The end of a turn could not be noted.")


class LocalEngine:
    """An `Engine` of so many worker processes."""

    def __init__(self, places=PLACES, command=COMMAND):
        self.places, self.command = places, command
        self._lock = threading.RLock()
        self._workers: list[Worker] = []
        self._stillborn, self._closed = 0, False
        self._hire()

    def slots(self) -> int:
        """How many turns could begin now: free warm workers; where none will start, one try a place."""
        with self._lock:
            self._refresh()
            free = sum(worker.is_free() for worker in self._workers)
            if self._stillborn >= STILLBORN and not self._closed:
                free += self.places - len(self._workers)
            return free

    def submit(self, turn: Slice, on_end: Callable[[Ended], None]) -> Worker:
        """As `Engine.submit`."""
        with self._lock:
            worker = next(filter(Worker.is_free, self._workers), None) or self._start()
            worker.begin(turn, on_end)
            return worker

    def pids(self) -> list[int]:
        """The processes that are there."""
        with self._lock:
            return [worker.process.pid for worker in self._workers]

    def close(self) -> None:
        """As `Engine.close`."""
        with self._lock:
            self._closed = True
            workers = list(self._workers)
        for worker in workers:
            worker.retire() if worker.ready else worker.kill()
        for worker in workers:
            worker.process.wait()
            worker.thread.join(5)

    def _start(self):
        if self._closed or len(self._workers) >= self.places:
            raise NoPlace("There is no free place to train.")
        try:
            worker = Worker(self.command, self._note_exit)
        except OSError as error:
            self._stillborn = STILLBORN
            raise RunError(f"Its process could not be started: {store.reason(error)}.") from None
        self._workers.append(worker)
        return worker

    def _hire(self):
        """Fill the places, so that nobody waits for PyTorch; not again and again where that fails."""
        with self._lock, contextlib.suppress(RunError):
            while not self._closed and self._stillborn < STILLBORN and len(self._workers) < self.places:
                self._start()

    def _refresh(self):
        """One free worker that has been used for long makes room for a fresh one."""
        if self._stillborn and any(worker.ready for worker in self._workers):  # they start again
            self._stillborn = 0
            self._hire()
        for worker in self._workers:
            age = time.monotonic() - worker.born
            if worker.is_free() and (worker.turns >= MOST_TURNS or (worker.turns and age > OLD)):
                self._workers.remove(worker)
                worker.retire()
                self._hire()
                return

    def _note_exit(self, worker):
        with self._lock:
            if worker in self._workers:
                self._workers.remove(worker)
                self._stillborn = 0 if worker.ready else self._stillborn + 1
        self._hire()


def _cause(code):
    """Why a process is no more, in words."""
    if code < 0:
        return f"Its process was killed (signal {-code})"
    return f"Its process ended with status {code}"
