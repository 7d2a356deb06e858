"""Snapshots: a training state as one safetensors file, written whole or not at all. Never a pickle.

`snapshots/step-00000120.safetensors` holds the weights, both moments and the counters; the last two are kept.
`snapshots/best.safetensors` holds the weights that were best on validation.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from dmm.config import Config
from dmm.deep_markov_model import DMM, build_dmm
from dmm.optimisers import Moments
from dmm.runs.store import BEST, RunError, numbered_snapshots, read_run_config, replace_file, shown_snapshot
from dmm.training import State, load_dmm

KEEP = 2
COUNTERS = ("step", "bad_steps", "seconds", "best_step", "best")  # of a state
LARGEST_WEIGHT = 1e6  # no healthy model comes near
LARGEST = 2**30  # bytes; the largest model the configuration allows stays below


def save_last(run: Path, state: State) -> None:
    """Write the whole state as the newest snapshot and drop all but the last `KEEP`."""
    tensors = {f"weights.{name}": weight for name, weight in state.weights.items()}
    tensors |= {"moments.first": state.moments.first, "moments.second": state.moments.second}
    replace_file(run / "snapshots" / f"step-{state.step:08d}.safetensors", save(tensors, _counters(state)))
    newer = [
        path for path in numbered_snapshots(run) if path.name > f"step-{state.step:08d}.safetensors"
    ]  # it went back
    older = [path for path in numbered_snapshots(run) if path not in newer][KEEP:]
    for path in (*newer, *older):
        path.unlink(missing_ok=True)


def save_best(run: Path, state: State) -> None:
    """Write the weights that were best on validation."""
    replace_file(run / "snapshots" / BEST, pack_weights(state))


def pack_weights(state: State, dtype: torch.dtype = torch.float32) -> bytes:
    """The weights of a state and its counters as one file."""
    tensors = {f"weights.{name}": weight.to(dtype) for name, weight in state.weights.items()}
    return save(tensors, _counters(state))


def load_last(run: Path, like: State) -> State:
    """The newest state that can be read, to go on from; `like` unless there is one.

    Args:
        run: its folder.
        like: a state of the right shapes, such as `make_state` gives.

    Raises:
        RunError: there are snapshots and none of them can be read.
    """
    errors = []
    for path in numbered_snapshots(run):
        try:
            tensors, counters = _read(path)
            size = sum(weight.numel() for weight in like.weights.values())
            weights = _weights(path, tensors, {name: weight.shape for name, weight in like.weights.items()})
            moments = Moments(*(_moment(path, tensors, part, size) for part in Moments._fields))
            return State(weights, moments, **counters)
        except RunError as error:
            errors.append(str(error))
    if errors:
        raise RunError(f"No snapshot of this run can be read. {errors[0]}")
    return like


def load_weights(run: Path, shapes: dict[str, torch.Size], which: str = "best") -> tuple[dict, int]:
    """Weights to look at, and the step they are from.

    Args:
        run: its folder.
        shapes: the shape of every weight that the configuration asks for.
        which: "best" (on validation; the last one where there is none yet) or "last".

    Raises:
        RunError: there is no snapshot yet, or it is damaged, or of another model.
    """
    path = shown_snapshot(run, which)
    if path is None:
        raise RunError("This run has no snapshot yet; give it a few seconds of training.")
    return read_weights(path, shapes)


def read_weights(path: Path, shapes: dict[str, torch.Size], dtype: torch.dtype = torch.float32) -> tuple[dict, int]:
    """The weights in one file, as 32-bit numbers, and the step they are from.

    Args:
        path: of the file.
        shapes: as `load_weights`.
        dtype: what its numbers are.

    Raises:
        RunError: it cannot be read, is damaged, or of another model.
    """
    tensors, counters = _read(path)
    return _weights(path, tensors, shapes, dtype), counters["step"]


def shapes_of(config: Config, build: Callable[[Config], DMM] = build_dmm) -> dict[str, torch.Size]:
    """The shape of every weight that a configuration asks for."""
    with torch.device("meta"):
        return {name: weight.shape for name, weight in build(config).named_parameters()}


def load_run(run: Path, which: str = "best", build: Callable[[Config], DMM] = build_dmm) -> tuple[DMM, int]:
    """The model of a run, ready to be looked at, and the step it is from.

    Args:
        run, which: as `load_weights`, and so the errors.
        build: what makes the model from its configuration.
    """
    config = read_run_config(run)
    weights, step = load_weights(run, shapes_of(config, build), which)
    return load_dmm(config, weights, build), step


def _counters(state):
    counters = {key: getattr(state, key) for key in ("step", "bad_steps", "seconds", "best_step")}
    counters["best"] = state.best if math.isfinite(state.best) else None
    return {"state": json.dumps(counters)}


def _read(path):
    """Tensors and counters of one file; safetensors checks the file's size, header and offsets."""
    try:
        if path.stat().st_size > LARGEST:
            raise RunError(f"{path.name} is larger than any model of this app.")
        data = path.read_bytes()
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        counters = json.loads(header["__metadata__"]["state"])
        counters["best"] = math.inf if counters["best"] is None else float(counters["best"])
        counters.setdefault("best_step", 0)  # snapshots of an earlier version
        _check_counters(counters)
    except OSError as error:
        raise RunError(f"{path.name} cannot be read: {error.strerror}.") from None
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError):
        raise RunError(f"{path.name} is damaged.") from None
    return tensors, {key: counters[key] for key in COUNTERS}


def _check_counters(counters):
    """Raise a ValueError unless all are numbers that a run can have."""
    whole = all(type(counters[key]) is int and counters[key] >= 0 for key in ("step", "bad_steps", "best_step"))
    if not (whole and math.isfinite(counters["seconds"]) and not math.isnan(counters["best"])):
        raise ValueError(counters)


def _weights(path, tensors, shapes, dtype=torch.float32):
    found = {name: tensor for name, tensor in tensors.items() if name.startswith("weights.")}
    if len(found) != len(shapes):
        raise RunError(f"{path.name} holds {len(found)} weights; this model has {len(shapes)}.")
    weights = {}
    for name, shape in shapes.items():
        tensor = tensors.get(f"weights.{name}")
        if tensor is None:
            raise RunError(f'{path.name} has no weight "{name}".')
        if tensor.shape != shape:
            given, wanted = ("×".join(map(str, size)) for size in (tensor.shape, shape))
            raise RunError(f"{path.name}: {name} is {given}, this model needs {wanted}.")
        if tensor.dtype != dtype:
            given, wanted = (str(kind)[6:] for kind in (tensor.dtype, dtype))
            raise RunError(f"{path.name}: {name} holds {given} numbers, this model needs {wanted}.")
        bad = int((~torch.isfinite(tensor)).sum())
        if bad:
            raise RunError(f"{path.name}: {name} has {bad} values that are not finite numbers.")
        largest = float(tensor.abs().max())
        if largest > LARGEST_WEIGHT:
            raise RunError(f"{path.name}: {name} is out of range: its largest value is {largest:.0e}.")
        weights[name] = tensor.float()
    return weights


def _moment(path, tensors, part, size):
    tensor = tensors.get(f"moments.{part}")
    if tensor is None or tensor.shape != (size,) or tensor.dtype != torch.float32:
        raise RunError(f"{path.name} has no complete optimiser state.")
    if not torch.isfinite(tensor).all() or (part == "second" and (tensor < 0).any()):
        raise RunError(f"{path.name} has a damaged optimiser state.")
    return tensor
