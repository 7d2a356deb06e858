"""The race of the six networks on one linear system: its folder and what stands in it, read without torch.

A race is a run folder with six lanes instead of one model. Its `metrics.jsonl` has a record for each round, in which
each lane has trained for a few updates; `results.json` comes at the end.
"""

import contextlib
import json
from pathlib import Path
from typing import NamedTuple

from dmm.config import make_config
from dmm.runs import store
from dmm.runs.experiment_results import NETWORKS, Result

STORED = store.ROOT / "assets" / "race.json"
ROUNDS = 48
STEPS = 25  # updates of each lane in a round
TRAINED = 2000  # sequences
JUDGED = 500  # sequences, never trained on
SYSTEM = "linear"


class Round(NamedTuple):
    """Where the lanes are after so many updates each: `gaps` by network, the bound minus the exact NLL in nats per
    frame; `seconds` of training, all lanes together."""

    step: int
    seconds: float
    gaps: dict[str, float]


class Race(NamedTuple):
    """All that is known of a race: the exact NLL per frame of the sequences it is judged by, None until it is known;
    rounds; and once it is over, a `Result` for each network."""

    exact: float | None
    rounds: tuple[Round, ...]
    results: tuple[Result, ...] = ()


def new_race(seed: int = 0, folder: Path | None = None, about: dict | None = None) -> Path:
    """The folder of a new race; `seed` of data, first weights and noise; `about` as `store.new_run`.

    Raises:
        RunError: it cannot be written.
    """
    config = make_config(data=SYSTEM, seed=seed)
    return store.new_run(config, {"format": store.RACE} | (about or {}), folder)


def read_race(run: Path) -> Race:
    """What a race has done so far."""
    records, _ = store.read_lines(run / "metrics.jsonl")
    rounds, exact = {}, None
    for record in records:
        with contextlib.suppress(KeyError, TypeError, ValueError):  # a damaged line
            exact = float(record["exact"])
            gaps = {name: float(record["gaps"][name]) for name in NETWORKS}
            step = int(record["step"])
            rounds[step] = Round(step, float(record["seconds"]), gaps)  # one that was run again counts once
    return Race(exact, tuple(rounds[step] for step in sorted(rounds)), _read_results(run / "results.json"))


def load_race(path: Path = STORED) -> Race | None:
    """The race that came with the app; None if it is not there or damaged."""
    try:
        found = json.loads(path.read_text())
        rounds = tuple(Round(*one) for one in found["rounds"])
        return Race(found["exact"], rounds, tuple(Result(**one) for one in found["results"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save_race(race: Race, path: Path = STORED) -> None:
    """Write a race that is over into one file."""
    results = [one._asdict() for one in race.results]
    path.write_text(json.dumps({"exact": race.exact, "rounds": race.rounds, "results": results}) + "\n")


def write_results(run: Path, results) -> None:
    """Add to a race's folder what its networks came to."""
    store.replace_file(run / "results.json", json.dumps([one._asdict() for one in results]).encode())


def _read_results(path):
    try:
        return tuple(Result(**one) for one in json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return ()
