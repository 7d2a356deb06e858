"""Samples of a run, small enough to keep: a roll, its latents and its gates as one line of JSON."""

import base64
import contextlib
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dmm.runs.store import append_lines, read_lines

KEYS = 88
Z_STEP = 0.01  # latents are rounded to this
Z_LIMIT = 327.0  # and clipped to this, so that they fit 16 bits


class Sample(NamedTuple):
    """A piece that the model drew after `step` updates.

    roll (T, X) 0/1, z (T, Z), gates (T, Z) in 0..1.
    """

    step: int
    epoch: int
    roll: np.ndarray
    z: np.ndarray
    gates: np.ndarray


def is_due(epoch: int) -> bool:
    """Whether an epoch (among those after which validation was taken) is one to keep a sample of.

    All of the first hundred; after that about one for each five per cent more training.
    """
    return epoch <= 100 or _era(epoch) != _era(epoch - 5)


def append_sample(run: Path, sample: Sample) -> None:
    """Add a sample to a run."""
    record = {
        "step": sample.step,
        "epoch": sample.epoch,
        "frames": len(sample.roll),
        "keys": sample.roll.shape[1],
    }
    record["roll"] = _text(np.packbits(sample.roll.astype(np.uint8)))
    record["z"] = _text(np.round(sample.z.clip(-Z_LIMIT, Z_LIMIT) / Z_STEP).astype("<i2"))
    record["gates"] = _text(np.round(sample.gates * 255).astype(np.uint8))
    append_lines(run / "samples.jsonl", [record])


def read_samples(run: Path, offset: int = 0) -> tuple[list[Sample], int]:
    """The samples from a byte offset on, and the offset to read from next time."""
    records, offset = read_lines(run / "samples.jsonl", offset)
    samples = []
    for record in records:
        with contextlib.suppress(KeyError, TypeError, ValueError):  # damaged: passed over
            samples.append(_decode(record))
    return samples, offset


def drawn_steps(run: Path) -> set[int]:
    """After which updates a sample was kept."""
    return {record.get("step") for record in read_lines(run / "samples.jsonl")[0]}


def _decode(record):
    frames, keys = record["frames"], record["keys"]
    if keys != KEYS or not all(type(record[name]) is int for name in ("step", "epoch", "frames")):
        raise ValueError(f"a sample of {keys} keys")
    packed = _bytes(record["roll"], np.uint8)
    if len(packed) != math.ceil(frames * keys / 8):
        raise ValueError(f"{len(packed)} bytes for a roll of {frames} frames")
    bits = np.unpackbits(packed, count=frames * keys)
    z = _bytes(record["z"], "<i2").reshape(frames, -1) * Z_STEP
    gates = _bytes(record["gates"], np.uint8).reshape(frames, -1) / 255
    if z.shape != gates.shape or not z.size:
        raise ValueError(f"latents {z.shape} and gates {gates.shape} do not fit together")
    return Sample(record["step"], record["epoch"], bits.reshape(frames, keys), z, gates)


def _era(epoch):
    return math.floor(math.log(max(epoch, 1)) / math.log(1.05))


def _text(array):
    return base64.b64encode(array.tobytes()).decode()


def _bytes(text, dtype):
    return np.frombuffer(base64.b64decode(text, validate=True), dtype)
