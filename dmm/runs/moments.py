"""Moments of a run's training: its weights now and then, small, so that one can scrub back through what it learned.

`moments/epoch-000010.safetensors` holds the weights after ten epochs, without the optimiser's state, as 16-bit numbers:
what is drawn from them differs by less than one byte of its range. They are dense where much changes, at the beginning:
up to `MOST` in even steps of the logarithm, each after an epoch that was validated, and the untrained model. All of a
run together stay below `ROOM`, so that a large model has fewer: the preset `standard` 48, `paper` 16. A run that may
train for fewer epochs than that keeps each of them.
"""

import contextlib
import math
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch

from dmm.config import Config
from dmm.runs.snapshots import pack_weights, read_weights, shapes_of
from dmm.runs.store import RunError, list_moments, moment_file, read_lines, read_run_config, replace_file
from dmm.training import Spec, State, is_milestone

MOST = 48
ROOM = 24_000_000  # bytes of a run's moments together
HEADER = 8_000  # bytes of a file beside its numbers, at most


class Kept(NamedTuple):
    """Weights after so many updates; `bound` on the validation pieces then, in nats per frame, if it was taken."""

    step: int
    epoch: int
    bound: float | None
    weights: dict[str, torch.Tensor]


def moment_epochs(epochs: int, most: int = MOST) -> list[int]:
    """After which epochs a moment is kept: milestones, as many as may be, in about even steps of the logarithm.

    >>> moment_epochs(12), moment_epochs(300, 7)
    ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [1, 3, 8, 20, 50, 125, 300])
    """
    left = [epoch for epoch in range(1, epochs + 1) if is_milestone(epoch, epochs)]
    chosen, wanted = [], 1.0
    for count in range(min(most, len(left)), 0, -1):  # how many are still to be chosen
        room = left[: len(left) - count + 1]  # so that enough stay for those
        chosen.append(next((epoch for epoch in room if epoch >= wanted), room[-1]))
        left = [epoch for epoch in left if epoch > chosen[-1]]
        wanted = chosen[-1] * (epochs / chosen[-1]) ** (1 / max(count - 1, 1))
    return chosen


def keep_moment(run: Path, state: State, spec: Spec) -> bool:
    """Keep the weights of a state, if its epoch is due; whether it did.

    Call it at the start of a run and after each milestone. Moments after this one are dropped: the run went back.

    Args:
        run: its folder.
        state: after whole epochs, or it is not due.
        spec: of the run.
    """
    epoch, rest = divmod(state.step, spec.updates_per_epoch)
    if rest or state.bad_steps or epoch not in due_epochs(spec.config, state):
        return False
    data = pack_weights(state, torch.float16)
    (run / "moments").mkdir(exist_ok=True)
    replace_file(moment_file(run, epoch), data)
    for path in list_moments(run):
        if path.name > moment_file(run, epoch).name:
            path.unlink(missing_ok=True)
    return True


def due_epochs(config: Config, state: State) -> frozenset[int]:
    """The epochs whose weights are kept, of a model of this size: the untrained one among them."""
    size = 2 * sum(weight.numel() for weight in state.weights.values()) + HEADER
    most = min(MOST, ROOM // size)
    return _untrained_and(config.epochs, most - 1) if most > 1 else frozenset()


@lru_cache(maxsize=8)
def _untrained_and(epochs, most):
    """Asked after each milestone, and of a long run it takes a while to find."""
    return frozenset((0, *moment_epochs(epochs, most)))


def load_moments(run: Path) -> list[Kept]:
    """All moments of a run that can be read, from the first on; damaged ones, and those of another model, are left out.

    Raises:
        RunError: the run's configuration cannot be read.
    """
    shapes, validations, kept = shapes_of(read_run_config(run)), read_validations(run), []
    for path in list_moments(run):
        with contextlib.suppress(RunError):
            weights, step = load_moment(path, shapes)
            bound = validations[step].bound if step in validations else None
            kept.append(Kept(step, epoch_of(path), bound, weights))
    return kept


def load_moment(path: Path, shapes: dict[str, torch.Size]) -> tuple[dict, int]:
    """The weights of one moment, as 32-bit numbers, and the step they are from.

    Args:
        path: one of `list_moments`.
        shapes: as `snapshots.shapes_of` gives.

    Raises:
        RunError: it is gone, damaged, or of another model.
    """
    return read_weights(path, shapes, torch.float16)


def epoch_of(path: Path) -> int:
    """After which epoch a moment was kept."""
    return int(path.stem.removeprefix("epoch-"))


class Validation(NamedTuple):
    """What a run's records say of an update after which it was validated."""

    epoch: int
    bound: float


def read_validations(run: Path) -> dict[int, Validation]:
    """From the update to its epoch and bound on the validation pieces, in nats per frame; the last record counts."""
    found = {}
    for record in read_lines(run / "metrics.jsonl")[0]:
        step, epoch, bound = (record.get(name) for name in ("step", "epoch", "bound"))
        is_whole = record.get("kind") == "valid" and type(step) is int and type(epoch) is int
        if is_whole and isinstance(bound, int | float) and math.isfinite(bound):
            found[step] = Validation(epoch, float(bound))
    return found
