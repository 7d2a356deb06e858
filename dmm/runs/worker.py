"""A training process: `python -m dmm.runs.worker RUN_FOLDER`, one run, orders on standard input.

A line "pause" or "cancel" ends it after the current slice; so does the end of the input, which comes when the app that
started it is gone. All it has to say goes into the run folder.
"""

import contextlib
import os
import sys
import threading
from pathlib import Path

from dmm.config import ConfigError
from dmm.data import DataError, load_dataset
from dmm.runs import race, session, store
from dmm.runs.store import RunBusy, RunError

NICENESS = 5  # pages come first


class _Orders:
    """The last order heard on standard input, or "interrupt" once it has ended."""

    def __init__(self, stream):
        self.order = None
        threading.Thread(target=self._listen, args=(stream,), daemon=True).start()

    def _listen(self, stream):
        for line in stream:
            if line.strip() in session.ORDERS:
                self.order = line.strip()
        self.order = self.order or "interrupt"

    def __call__(self):
        return self.order


def main(run: Path) -> int:
    """Train; 0 unless the run could not even begin, and then its status says why."""
    with contextlib.suppress(AttributeError, OSError):  # no niceness on Windows
        os.nice(NICENESS)
    try:
        if store.is_race(run):
            race.run(run, _Orders(sys.stdin))
        else:
            dataset = load_dataset(store.read_run_config(run).data)
            session.train(run, dataset, _Orders(sys.stdin))
    except RunBusy:
        return 0  # it is in good hands
    except (RunError, DataError, ConfigError) as error:
        store.write_status(run, store.read_status(run)._replace(state="failed", sentence=str(error)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
