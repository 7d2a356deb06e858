"""Piano rolls of different lengths, padded into one block."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dmm.data.piece import DataError


class Batch(NamedTuple):
    """B piano rolls in one block, padded with zeros after their last frame.

    `x` (B, T, X) float32, 0 or 1 per key; `mask` (B, T) float32, 1 = a real frame;
    `lengths` (B,) int64, in frames; `observed` (B, T, X) float32, 1 = known, 0 = missing: whatever x holds there is
    not looked at. None where nothing is missing.
    """

    x: np.ndarray
    mask: np.ndarray
    lengths: np.ndarray
    observed: np.ndarray | None = None


def make_batch(rolls: Sequence[np.ndarray]) -> Batch:
    """Pads piano rolls with silence to the longest of them.

    Args:
        rolls: B arrays (T_b, X), 0 or 1 per key, each with at least one frame and all with the same X.

    Returns:
        A `Batch` with T = max(T_b).

    Raises:
        DataError: no rolls, a roll that is not (T, X), an empty roll, or different numbers of keys.

    >>> make_batch([np.ones((1, 2)), np.ones((3, 2))]).mask.tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    """
    if len(rolls) == 0:
        raise DataError("A batch needs at least one piano roll, got 0.")
    for i, roll in enumerate(rolls):
        _check(i, roll, keys=rolls[0].shape[-1] if rolls[0].ndim else 0)
    lengths = np.array([len(roll) for roll in rolls], dtype=np.int64)
    x = np.zeros((len(rolls), lengths.max(), rolls[0].shape[1]), dtype=np.float32)  # (B, T, X)
    for i, roll in enumerate(rolls):
        x[i, : lengths[i]] = roll
    mask = (np.arange(x.shape[1]) < lengths[:, None]).astype(np.float32)  # (B, T)
    return Batch(x, mask, lengths)


def _check(i: int, roll: np.ndarray, keys: int) -> None:
    """Refuses a roll that cannot stand beside the first one."""
    if roll.ndim != 2:
        raise DataError(f"Roll {i + 1} has {roll.ndim} axes, expected 2: (frames, keys).")
    if roll.shape[1] != keys:
        raise DataError(f"Roll {i + 1} has {roll.shape[1]} keys, but roll 1 has {keys}.")
    if len(roll) == 0:
        raise DataError(f"Roll {i + 1} has 0 frames, expected at least 1.")
