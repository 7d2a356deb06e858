"""What tests of runs share: a data set and a model so small that an update takes milliseconds, and ways to look on."""

import contextlib
import json
import sys
import time
from pathlib import Path

from dmm.config import make_config
from dmm.data import load_dataset
from dmm.runs import store
from dmm.runs.describe import describe
from dmm.runs.local_engine import LocalEngine
from dmm.runs.runner import Runner

TINY = {"z_dim": 2, "emission_dim": 3, "transition_dim": 3, "rnn_dim": 4, "batch_size": 2, "annealing_updates": 5}
FOREVER = 100_000  # epochs


def write_tiny_data(folder: Path) -> str:
    """The path of a tiny set of chords: six pieces to learn from, two to validate, two to test."""
    chord = [60, 64, 67]
    pieces = [[[pitch + shift for pitch in chord[: 1 + t % 3]] for t in range(4 + shift)] for shift in range(6)]
    path = folder / "tiny.json"
    path.write_text(json.dumps({"train": pieces, "valid": pieces[:2], "test": pieces[4:]}))
    return str(path)


def make_run(folder: Path, data: str, /, **values) -> Path:
    """A new run on these data: twelve epochs of a tiny model, unless `values` of its configuration say otherwise."""
    config = make_config(**(TINY | {"data": data, "epochs": 12} | values))
    return store.new_run(config, describe(load_dataset(data)), folder)


def without_rewound(records: list[dict]) -> list[dict]:
    """Training records in order: where a run went back to a snapshot, what it had done after that is dropped."""
    kept: list[dict] = []
    for record in records:
        order = (record["step"], record["kind"] == "valid")
        while kept and (kept[-1]["step"], kept[-1]["kind"] == "valid") >= order:
            kept.pop()
        kept.append(record)
    return kept


def metrics(run: Path) -> list[dict]:
    """The run as if nothing had ever gone wrong, without the clock."""
    return without_clock(without_rewound(store.read_lines(run / "metrics.jsonl")[0]))


def without_clock(records: list[dict]) -> list[dict]:
    """Training records that two runs can share."""
    return [{key: value for key, value in record.items() if key != "seconds"} for record in records]


def wait_for(condition, seconds=60.0):
    """What the condition gives once it is true; how long that takes on a busy machine is nobody's fault."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, f"waited {seconds} seconds in vain"
        time.sleep(0.01)
    return answer


def step_of(run: Path) -> int:
    """The last update whose record is on the disk."""
    records, _ = store.read_lines(run / "metrics.jsonl")
    return records[-1]["step"] if records else 0


def fake(how: str) -> tuple[str, ...]:
    """The command of a worker that is there in milliseconds and trains nothing; see `fake_worker.py`."""
    return sys.executable, "-S", str(Path(__file__).with_name("fake_worker.py")), how


@contextlib.contextmanager
def runner(folder: Path | None = None, **arguments):
    """A runner with an engine of its own, closed at the end."""
    one = Runner(LocalEngine(**arguments), folder)
    try:
        yield one
    finally:
        one.close()


def ended(runner: Runner, run: Path) -> store.Status:
    """Wait until a run is no longer in line; its status."""
    wait_for(lambda: not runner.holds(run))
    return store.read_status(run)
