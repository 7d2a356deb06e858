"""A training process: `python -m dmm.runs.worker`, one turn of one run after another, each told on standard input.

It says that it is ready, then takes JSON lines: `{"run": FOLDER, "steps": null}` begins a turn, `{"order": "pause"}`
ends it (or "cancel", "yield": another run's turn), a change such as `{"step": 0, "learning_rate": 0.01, "kl_weight":
null}` holds from the next update on. Either is heard when the update under way is over. It answers `{"ended": STATE}`.
At the end of its input, which comes when the app that started it is gone, it saves and ends. All else it has to say
goes into the run folder.
"""

import contextlib
import json
import os
import queue
import sys
import threading
import traceback
from functools import lru_cache
from pathlib import Path

from dmm.config import ConfigError
from dmm.data import DataError, load_dataset
from dmm.runs import race, session, store
from dmm.runs.store import RunBusy, RunError
from dmm.steering import Change

try:
    import resource
except ImportError:  # Windows
    resource = None

NICENESS = 10  # pages come first
MEMORY = int(os.environ.get("DMM_WORKER_MEMORY") or 2048)  # MB
TOO_LARGE = "It needed more than the {} MB that a run may use here; choose a smaller model or smaller batches."


class Inbox:
    """What comes in on standard input: turns in a queue, orders for the turn that is under way."""

    def __init__(self, stream):
        self.turns, self.orders, self.closed = queue.SimpleQueue(), queue.SimpleQueue(), False
        threading.Thread(target=self._listen, args=(stream,), daemon=True).start()

    def _listen(self, stream):
        for line in stream:
            message = json.loads(line)
            if "run" in message:
                self.orders = queue.SimpleQueue()  # what was for the turn before is late
                self.turns.put(message)
            else:
                self.orders.put(message.get("order") or Change(**message))
        self.closed = True
        self.turns.put(None)

    def order(self):
        """The next order, "interrupt" once the input has ended; None if there is nothing to do but go on."""
        with contextlib.suppress(queue.Empty):
            return self.orders.get_nowait()
        return "interrupt" if self.closed else None

    def has_news(self):
        """Whether `order` has something to say now."""
        return self.closed or not self.orders.empty()


def train(run: Path, inbox: Inbox, steps: int | None) -> str:
    """One turn; the state in which it leaves the run. A run that could not even begin says in its status why."""
    try:
        _limit_memory(MEMORY * 2**20)
        if store.is_race(run):
            return race.run(run, inbox.order).state
        config = store.read_run_config(run)
        if config.device == "cuda":
            _limit_memory(None)  # a graphics card's driver reserves far more than it uses
        return session.train(run, _load(config.data), inbox.order, steps=steps, until=inbox.has_news).state
    except RunBusy:
        return "busy"  # it is in good hands
    except (RunError, DataError, ConfigError) as error:
        return _fail(run, str(error))
    except MemoryError:
        return _fail(run, TOO_LARGE.format(MEMORY))
    except Exception as error:
        if "allocate memory" in str(error):
            return _fail(run, TOO_LARGE.format(MEMORY))
        with contextlib.suppress(OSError), open(run / "worker.log", "a") as log:
            traceback.print_exc(file=log)
        return _fail(run, "Its process failed; worker.log in its folder says why.")


def main() -> None:
    """Be ready, then train what comes in until the input ends."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints must not be taken for an answer
    _be_modest()
    inbox = Inbox(sys.stdin)
    _warm_up()
    _say(out, {"ready": os.getpid()})
    while (turn := inbox.turns.get()) is not None:
        _say(out, {"ended": train(Path(turn["run"]), inbox, turn["steps"])})


def _load(data):
    """The pieces; those of a file are read anew if it has changed."""
    path = Path(data)
    return _load_once(data, path.stat().st_mtime if path.is_file() else 0.0)


@lru_cache(maxsize=4)
def _load_once(data, changed):
    return load_dataset(data)


def _fail(run, sentence):
    with contextlib.suppress(OSError):
        store.write_status(run, store.read_status(run)._replace(state="failed", sentence=sentence))
    return "failed"


def _be_modest():
    """Behind the pages, and within the memory that a run may use; where the system knows neither, as it is."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(NICENESS)
    _limit_memory(MEMORY * 2**20)


def _limit_memory(most):
    """So many bytes of its own; None for as many as there are."""
    if resource and sys.platform == "linux":
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        soft = hard if most is None else most if hard < 0 else min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _warm_up():
    """One small update, so that the first one of a learner is not the slow one."""
    from dmm.config import make_config
    from dmm.training import Budget, advance, make_spec, make_state

    dataset = _load(make_config().data)
    spec = make_spec(make_config(), dataset._replace(train=dataset.train[:4], valid=dataset.valid[:1]))
    advance(make_state(spec), spec, Budget(steps=1))


def _say(out, message):
    with contextlib.suppress(OSError):  # the app has gone: the end of the input says so too
        out.write(json.dumps(message) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
