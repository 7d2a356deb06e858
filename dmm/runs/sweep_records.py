"""What is kept of sweeps, read from the folders of their runs. No torch.

Each run of a sweep is an ordinary run folder whose `config.json` says besides which sweep it belongs to. Nothing else
is stored, so a sweep is found again wherever its folders are.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dmm.config import Config, read_config
from dmm.runs import store
from dmm.runs.store import RunError, Status
from dmm.runs.sweeps import ID, KEY, MOST_FIELDS, Sweep


class Result(NamedTuple):
    """One run as it is now."""

    run: Path
    values: tuple[Any, ...]
    seed: int
    status: Status


def find_sweeps(folder: Path | None = None, owner: str | None = None) -> dict[str, list[Path]]:
    """The sweeps that are kept here, the newest first: from an id to its runs, in their order.

    Args:
        folder: of runs; `store.runs_dir()` unless given.
        owner: whose, as run folders say it; everybody's unless given.
    """
    found: dict[str, list[tuple[int, Path]]] = {}
    for run in store.list_runs(folder):
        said = _about(run)
        sweep = said.get(KEY)
        if sweep and owner in (None, said.get("owner")):
            found.setdefault(sweep["id"], []).append((sweep["place"], run))
    return {name: [run for _, run in sorted(runs)] for name, runs in found.items()}


def find_runs(sweep_id: str, folder: Path | None = None) -> list[Path]:
    """The runs of a sweep in their order; none if the id is none, or nothing is kept of it."""
    return find_sweeps(folder).get(sweep_id, []) if ID.fullmatch(sweep_id) else []


def read_sweep(runs: Sequence[Path]) -> Sweep | None:
    """The sweep that these runs belong to; None if none of them can be read any more."""
    for run in runs:
        said = _about(run).get(KEY)
        if said:
            fields = {name: tuple(values) for name, values in said["fields"]}
            return Sweep(said["id"], read_config(said["base"]), fields, tuple(said["seeds"]))
    return None


def read_results(
    sweep: Sweep, runs: Sequence[Path], status_of: Callable[[Path], Status] = store.read_status
) -> list[Result]:
    """How the runs of a sweep do; those that cannot be read, or are of no cell, are passed over."""
    found = []
    for run in runs:
        try:
            config = store.read_run_config(run)
        except RunError:
            continue
        values = tuple(getattr(config, name) for name in sweep.fields)
        if all(value in known for value, known in zip(values, sweep.fields.values(), strict=True)):
            found.append(Result(run, values, config.seed, status_of(run)))
    return found


def by_cell(results: Sequence[Result]) -> dict[tuple[Any, ...], list[Result]]:
    """The runs that are done, by the values of their cell: only these have had all their epochs."""
    found: dict[tuple[Any, ...], list[Result]] = {}
    for one in results:
        if one.status.state == "done" and one.status.best is not None:
            found.setdefault(one.values, []).append(one)
    return found


def table(sweep: Sweep, results: Sequence[Result]) -> list[tuple[Any, ...]]:
    """A head, and a row for each run: the values of its cell, its seed, and what came of it."""
    head = ("run", *sweep.fields, "seed", "state", "best_bound", "epoch", "updates", "seconds")
    rows = [(one.run.name, *one.values, one.seed, one.status.state, *_reached(one.status)) for one in results]
    return [head, *rows]


def _reached(status):
    return "" if status.best is None else status.best, status.epoch, status.step, status.seconds


def _about(run):
    """What a run's folder says; without its sweep if that is damaged."""
    try:
        said = store.read_about(run)
    except RunError:
        return {}
    try:
        sweep = said[KEY]
        read_config(sweep["base"])
        fields = {name: tuple(values) for name, values in sweep["fields"]}
        right = ID.fullmatch(sweep["id"]) and type(sweep["place"]) is int and 1 <= len(fields) <= MOST_FIELDS
        right = right and set(fields) <= set(Config.model_fields) and all(fields.values())
        hash((*fields.values(), *sweep["seeds"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        right = False
    return said if right else {name: value for name, value in said.items() if name != KEY}
