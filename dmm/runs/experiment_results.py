"""What the paper's experiments gave, as `build_experiments` stored it: read without torch."""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from dmm import floors
from dmm.runs import store

STORED = store.ROOT / "assets" / "experiments.json"
NETWORKS = tuple(floors.FAMILIES)


class Result(NamedTuple):
    """One network trained with one seed on one of the systems, judged on sequences that it has not seen.

    Nats per frame; `rmse` and `exact_rmse` in units of z. `gap` is the bound minus the exact NLL of the same sequences;
    that is the NLL under the true law, so in the recovery of two numbers it holds the cost of a wrong law as well.
    `influence`: T rows of T, how the mean of z_t moves with x_s; of the linear system's first seed alone, else None.
    `path`: of the recovery of two numbers alone, else None: triples of updates, alpha and beta.
    """

    experiment: str
    inference: str
    seed: int
    updates: int
    seconds: float
    bound: float
    exact: float
    gap: float
    gap_se: float
    rmse: float
    exact_rmse: float
    influence: list[list[float]] | None = None
    path: list[tuple[int, float, float]] | None = None


class Landscape(NamedTuple):
    """The exact NLL per frame over two numbers: `nll[i][j]` at `alphas[i]` and `betas[j]`; and where it is lowest.

    `alpha_se` and `beta_se` are the standard errors of that lowest point: what these data say of the numbers at best.
    """

    sequences: int
    alphas: list[float]
    betas: list[float]
    nll: list[list[float]]
    alpha: float
    alpha_se: float
    beta: float
    beta_se: float


class Stored(NamedTuple):
    """All that was stored."""

    results: tuple[Result, ...]
    landscape: Landscape | None
    about: dict[str, Any]

    def of(self, experiment, inference):
        """The results of one network, one for each seed."""
        return [one for one in self.results if (one.experiment, one.inference) == (experiment, inference)]


@cache
def load_results(path: Path = STORED) -> Stored:
    """What was stored; nothing, if the file is not there or damaged."""
    try:
        found = json.loads(path.read_text())
        landscape = Landscape(**found["landscape"]) if found["landscape"] else None
        return Stored(tuple(Result(**one) for one in found["results"]), landscape, found["about"])
    except (OSError, ValueError, KeyError, TypeError):
        return Stored((), None, {})


def rounded(judgement) -> dict[str, float]:
    """The numbers of a `Judgement` as they are stored, by their names."""
    return {name: float(f"{value:.6g}") for name, value in judgement._asdict().items()}


def save_results(stored: Stored, path: Path = STORED) -> None:
    """Write it down, a line for each result."""
    lines = ",\n".join(json.dumps(one._asdict(), separators=(",", ":")) for one in stored.results)
    landscape = json.dumps(stored.landscape and stored.landscape._asdict(), separators=(",", ":"))
    path.write_text(f'{{"about": {json.dumps(stored.about)},\n"landscape": {landscape},\n"results": [\n{lines}\n]}}\n')
