"""Sweeps: one or two settings over a grid, a run for each cell and seed. No torch.

Here they are planned; `sweep_records.py` reads them back from the folders of their runs.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from dmm.config import Config, ConfigError, about, read_config

MOST = 36  # runs; so many of one learner may wait
MOST_FIELDS, MOST_SEEDS = 2, 3
ID = re.compile(r"[0-9a-f]{8}")
KEY = "sweep"  # in a run's `config.json`
TO_THE_END = {"patience": 0, "target": 0.0, "time_limit": 0.0, "seconds": 0.0}  # so that all runs have as many epochs


class SweepError(ValueError):
    """A sweep was refused; the message is one sentence or more."""


class Sweep(NamedTuple):
    """What is to be tried: from a field to its values, one field or two, everything else as in `base`."""

    id: str
    base: Config
    fields: dict[str, tuple[Any, ...]]
    seeds: tuple[int, ...]


class Cell(NamedTuple):
    """One run that is to be made: a value for each field, a seed, and the whole configuration."""

    values: tuple[Any, ...]
    seed: int
    config: Config


def make_sweep(base: Config, fields: Mapping[str, Sequence[Any]], seeds: int = 1, epochs: int | None = None) -> Sweep:
    """A new sweep around a configuration.

    Args:
        base: what all runs share.
        fields: one or two of its fields, each with at least two values.
        seeds: how many runs each cell has: that of `base` and the next.
        epochs: of each run; those of `base` unless given.

    Raises:
        SweepError: too many fields, values or runs, or fewer than two cells are left.
    """
    fields = {name: tuple(dict.fromkeys(values)) for name, values in fields.items()}
    if not 1 <= len(fields) <= MOST_FIELDS or not set(fields) <= set(Config.model_fields) - {"seed", "epochs"}:
        raise SweepError("Choose one setting to sweep over, or two that are not the same.")
    few = [about(name)["label"] for name, values in fields.items() if len(values) < 2]
    if few:
        raise SweepError(f"{' and '.join(few)}: give at least two values, or there is nothing to compare.")
    number = seeds
    for values in fields.values():
        number *= len(values)
    if number > MOST or not 1 <= seeds <= MOST_SEEDS:
        raise SweepError(f"That makes {number} runs; {MOST} at most: take fewer values or fewer seeds.")
    try:
        base = read_config(base.model_dump() | TO_THE_END | ({} if epochs is None else {"epochs": epochs}))
    except ConfigError as error:
        raise SweepError(str(error)) from None
    highest = about("seed")["maximum"]
    own = tuple((base.seed + place) % (highest + 1) for place in range(seeds))
    sweep = Sweep(secrets.token_hex(4), base, fields, own)
    if len(cells(sweep)) < 2 * seeds:
        raise SweepError(f"Of this grid fewer than two cells can be trained. {' '.join(refused(sweep))}")
    return sweep


def cells(sweep: Sweep) -> list[Cell]:
    """The runs to make, in the order in which they tell most: the middle, what is farthest from it, and so on; then
    once more for the next seed. Cells that cannot be are left out."""
    grid = [values for values in _coarse_to_fine(list(sweep.fields.values())) if _judge(sweep, values)[0]]
    return [Cell(values, seed, _judge(sweep, values, seed)[0]) for seed in sweep.seeds for values in grid]


def refused(sweep: Sweep) -> list[str]:
    """A sentence or more for each reason why cells are left out, with their values."""
    reasons: dict[str, list[str]] = {}
    for values in product(*sweep.fields.values()):
        config, reason = _judge(sweep, values)
        if config is None:
            said = " and ".join(f"{about(name)['label']} {one}" for name, one in zip(sweep.fields, values, strict=True))
            reasons.setdefault(reason, []).append(said)
    return [f"Left out: {'; '.join(said)}. {reason}" for reason, said in reasons.items()]


def note_of(sweep: Sweep, place: int) -> dict[str, Any]:
    """What the folder of a run says of its sweep; `place` is that of its cell in `cells`."""
    fields = [[name, list(values)] for name, values in sweep.fields.items()]
    whole = {"id": sweep.id, "base": sweep.base.model_dump(), "fields": fields, "seeds": list(sweep.seeds)}
    return {KEY: whole | {"place": place}}


def _judge(sweep, values, seed=None):
    """The configuration of a cell, or why it cannot be."""
    told = dict(zip(sweep.fields, values, strict=True)) | ({} if seed is None else {"seed": seed})
    try:
        return read_config(sweep.base.model_dump() | told), ""
    except ConfigError as error:
        return None, str(error)


def _coarse_to_fine(axes):
    """All combinations: the middle first, then always the one that is farthest from those before it."""
    shape = [len(axis) for axis in axes]
    left = list(product(*map(range, shape)))
    order = [tuple(size // 2 for size in shape)]
    left.remove(order[0])

    def apart(one, other):
        return sum(((i - j) / max(1, size - 1)) ** 2 for i, j, size in zip(one, other, shape, strict=True))

    while left:
        farthest = max(left, key=lambda one: min(apart(one, other) for other in order))
        left.remove(farthest)
        order.append(farthest)
    return [tuple(axis[place] for axis, place in zip(axes, one, strict=True)) for one in order]
