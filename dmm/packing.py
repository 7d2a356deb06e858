r"""Sequences of different lengths as one matrix without padding, frame after frame.

The sequences are sorted, the longest first. Those that still sound in frame $t$ are then the first $n_t$ of them, with
$n_1 \ge n_2 \ge \dots \ge n_T$, and a batch is a matrix of $N = \sum_t n_t$ rows: $n_1$ of frame 1, then $n_2$ of
frame 2, ... What waits for the frame before is a product with $n_t$ rows; all else is one product with N.

Source: the layout is that of PyTorch's PackedSequence.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import unsafe_split_with_sizes


class Packing(NamedTuple):
    """Which row is which.

    `sizes`: n_t for each frame. Three indices of (N,): `rows` says where each row lies in a padded block of (B * T);
    `mirror`, which row it is when every sequence is turned back to front; `previous`, where the frame before lies when
    n_1 rows of starts are put on top (`put_start`).
    """

    sizes: list[int]
    rows: torch.Tensor
    mirror: torch.Tensor
    previous: torch.Tensor


def make_packing(lengths, frames):
    """How to pack sequences of these lengths, padded to one block.

    Args:
        lengths: (B,) in frames, each at least 1, in any order.
        frames: T of the block, at least the greatest length.

    >>> packing = make_packing(torch.tensor([1, 3]), frames=3)
    >>> packing.sizes, packing.rows  # the first frame of the second sequence, and of the first; then the second's
    ([2, 1, 1], tensor([3, 0, 4, 5]))
    >>> packing.mirror, packing.previous  # two starts, then the four rows
    (tensor([3, 1, 2, 0]), tensor([0, 1, 2, 4]))
    """
    device, lengths = lengths.device, lengths.cpu().numpy()
    order = np.argsort(-lengths, kind="stable")
    lengths = lengths[order]
    t, i = np.nonzero(np.arange(lengths[0])[:, None] < lengths)  # of each row: its frame and its sequence
    sizes = np.bincount(t)
    top = np.cumsum(sizes) - sizes  # where frame t begins
    mirror = top[lengths[i] - 1 - t] + i
    previous = np.where(t > 0, len(lengths) + top[t - 1], 0) + i
    indices = (torch.from_numpy(index).to(device) for index in (order[i] * frames + t, mirror, previous))
    return Packing(sizes.tolist(), *indices)


def pack(x, rows):
    """The rows of a padded block: (B, T, D) -> (N, D)."""
    return x.reshape(-1, x.shape[-1]).index_select(0, rows)


def put_start(start, x, packing):
    """The same start for every sequence on top of its frames: (D,), (N, D) -> (n_1 + N, D)."""
    return torch.cat([start.expand(packing.sizes[0], -1), x])


def frames(x, packing):
    """Packed rows, cut into a view for each frame: (N, ...) -> T of (n_t, ...).

    Unsafe: autograd does not see what is written through the views, so it is for loops whose gradient is by hand. That
    they need no bookkeeping makes them a third quicker, and an update cuts a thousand.
    """
    return unsafe_split_with_sizes(x, packing.sizes)


def split(x, packing):
    """What `put_start` made, cut into a view for the starts and one for each frame: T + 1 of (n, D)."""
    return unsafe_split_with_sizes(x, [packing.sizes[0], *packing.sizes])


def parents(views, packing):
    """For each frame the rows that it comes from: those of the frame before whose sequences go on, T of (n_t, D)."""
    before = [packing.sizes[0], *packing.sizes]
    return [view if n == m else view[:n] for view, m, n in zip(views, before, packing.sizes, strict=False)]


class Mirror(torch.autograd.Function):
    """Each sequence back to front: (N, D) -> (N, D). Doing it twice changes nothing, so its gradient is itself."""

    @staticmethod
    def forward(ctx, x, mirror):
        ctx.mirror = mirror
        return x.index_select(0, mirror)

    @staticmethod
    def backward(ctx, d_x):
        return d_x.index_select(0, ctx.mirror), None
