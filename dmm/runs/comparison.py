"""Several runs side by side: what they were told otherwise, how they learned, and all of it as one file. No torch."""

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dmm.config import Config
from dmm.figures import svg
from dmm.runs import store
from dmm.runs.samples import read_samples
from dmm.runs.store import RunError, Status

COLUMNS = ("step", "epoch", "seconds", "bound", "reconstruction", "kl")


class Pinned(NamedTuple):
    """One run: its folder, its settings, how it is doing, and its validations, a list for each of `COLUMNS`."""

    run: Path
    config: Config
    status: Status
    points: dict[str, list[float]]

    def best(self) -> int | None:
        """The index of the lowest validation bound; None before the first."""
        bounds = self.points["bound"]
        return min(range(len(bounds)), key=bounds.__getitem__) if bounds else None


def read_pinned(run: Path) -> Pinned:
    """A run as it is now.

    Raises:
        RunError: its configuration cannot be read.
    """
    return Pinned(run, store.read_run_config(run), store.read_status(run), validations(run))


def validations(run: Path) -> dict[str, list[float]]:
    """The validations of a run in order; one that went back to a snapshot counts its repeated steps once, as last seen.

    A damaged record is passed over.
    """
    records, _ = store.read_lines(run / "metrics.jsonl")
    by_step = {}
    for record in records:
        values = [record.get(name) for name in COLUMNS]
        if record.get("kind") == "valid" and all(isinstance(value, int | float) for value in values):
            by_step[record["step"]] = values
    rows = [by_step[step] for step in sorted(by_step)]
    return {name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}


def differences(configs: list[Config]) -> dict[str, list[Any]]:
    """The fields in which some runs were told otherwise than others, each with the value of every run."""
    values = {name: [getattr(config, name) for config in configs] for name in Config.model_fields}
    return {name: each for name, each in values.items() if any(value != each[0] for value in each)}


def archive(pinned: list[Pinned], sweep: Sequence[tuple] = ()) -> bytes:
    """A zip: for each run its `config.json`, its validations as CSV, its best weights and a picture of what it plays; a
    table and a picture of them all.

    Args:
        sweep: rows of the table of a sweep that goes with them, as `sweep_records.table`.

    Raises:
        RunError: a file of a run cannot be read.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("comparison.csv", _table(pinned))
        whole.writestr("validation.svg", _picture(pinned))
        if sweep:
            whole.writestr("sweep.csv", _csv(sweep))
        for one, letter in zip(pinned, letters(pinned), strict=True):
            try:
                _add(whole, one, letter)
            except OSError as error:
                raise RunError(f"Run {one.run.name} cannot be read: {store.reason(error)}.") from None
    return file.getvalue()


def letters(pinned: Sequence[Pinned]) -> list[str]:
    """What the runs are called: A, B, C."""
    return [chr(ord("A") + place) for place in range(len(pinned))]


def _add(whole, one, letter):
    """What there is of one run."""
    name = one.run.name
    whole.write(one.run / "config.json", f"{name}/config.json")
    weights = store.shown_snapshot(one.run)
    if weights:
        whole.write(weights, f"{name}/{weights.name}", zipfile.ZIP_STORED)  # noise: no smaller
    whole.writestr(f"{name}/validation.csv", _csv([COLUMNS, *zip(*one.points.values(), strict=True)]))
    samples = read_samples(one.run)[0]
    if samples:
        title = f"{letter}: what the model plays after {samples[-1].step:,} updates"
        whole.writestr(f"{name}/sample.svg", svg.roll(samples[-1].roll, title))


def _picture(pinned):
    """The validation bounds as curves."""
    lines = {
        f"{letter} {one.run.name[-6:]}": (one.points["step"], one.points["bound"])
        for letter, one in zip(letters(pinned), pinned, strict=True)
    }
    return svg.curves(lines, "updates", "bound on validation, nats per frame", "Runs side by side")


def _table(pinned):
    """A line a run: its id, how it ended, its best validation, and every setting."""
    fields = list(Config.model_fields)
    lines = [("run", "state", "best_bound", "updates", "seconds", *fields)]
    for one in pinned:
        place = one.best()
        best = "" if place is None else one.points["bound"][place]
        settings = [getattr(one.config, name) for name in fields]
        lines.append((one.run.name, one.status.state, best, one.status.step, one.status.seconds, *settings))
    return _csv(lines)


def _csv(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
