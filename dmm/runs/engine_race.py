"""The same small model trained by two engines, one after the other: what was measured, read from run folders. No torch.

Both runs have the same seed, and so the same first weights, order of pieces and noise; the same form of the KL and the
same optimiser. Only who computes the bound and its gradient differs.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from dmm.config import Config, make_config
from dmm.runs import store

ENGINES = ("fused", "pyro")
SETTINGS = {"epochs": 4, "learning_rate": 0.002}  # over the preset for classrooms: small steps let rounding grow slowly
STORED_RACES = 3  # what came with the app is the quickest lap of so many
STORED = store.ROOT / "assets" / "engines.json"


class Lap(NamedTuple):
    """What one engine did: the bound of each update in nats per frame, and how long some of the updates took.

    Not timed are the first update of all, which warms up, and the first after each validation pass.
    """

    engine: str
    bounds: tuple[float, ...]
    updates: int  # that were timed
    frames: int  # in them
    seconds: float  # for them

    @property
    def frames_per_second(self):
        return self.frames / self.seconds if self.seconds > 0 else 0.0


def race_config(engine: str, **values) -> Config:
    """The configuration of one engine's run; `values` are the same for both."""
    return make_config(**(SETTINGS | values | {"engine": engine}))


def read_lap(run: Path) -> Lap:
    """What a run has done so far.

    Raises:
        RunError: its configuration cannot be read.
        KeyError, TypeError: its records are damaged.
    """
    records, _ = store.read_lines(run / "metrics.jsonl")
    updates = [one for one in records if one["kind"] == "train"]
    timed = [(last, one) for last, one in pairwise(records) if last["kind"] == one["kind"]]
    return Lap(
        store.read_run_config(run).engine,
        tuple(float(one["bound"]) for one in updates),
        len(timed),
        sum(one["frames"] for _, one in timed),
        round(sum(one["seconds"] - last["seconds"] for last, one in timed), 3),
    )


def largest_difference(first: Lap, second: Lap) -> float:
    """Over the updates: the largest difference of the two bounds, relative to the second."""
    return max(abs(a - b) / abs(b) for a, b in zip(first.bounds, second.bounds, strict=True))


def save_laps(laps, path: Path = STORED) -> None:
    """Write laps as JSON."""
    lines = ",\n".join(json.dumps(lap._asdict()) for lap in laps)
    path.write_text(f'{{"laps": [\n{lines}\n]}}\n')


def load_laps(path: Path | None = None) -> list[Lap] | None:
    """The laps that came with the app, or None if they are not there or damaged."""
    try:
        laps = [Lap(**lap) for lap in json.loads((path or STORED).read_text())["laps"]]
        return laps if are_comparable(laps) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def are_comparable(laps) -> bool:
    """Whether there is a timed lap of each engine, all of the same number of updates.

    Raises:
        TypeError: a lap is damaged.
    """
    lengths = {len(lap.bounds) for lap in laps}
    return [lap.engine for lap in laps] == list(ENGINES) and len(lengths) == 1 and all(lap.seconds > 0 for lap in laps)
