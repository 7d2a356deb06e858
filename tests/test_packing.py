"""Packed rows are the real frames, each once, and every index leads where it says."""

import pytest
import torch

from dmm.packing import Mirror, make_packing, pack, parents, put_start, split

LENGTHS = [[4, 9, 1, 8, 9], [1], [5], [1, 1, 1], [2, 3]]


def numbered(lengths):
    """A block of frames (b, t), counted from 1, and where nothing sounds (0, 0); packed."""
    lengths = torch.tensor(lengths)
    t = torch.arange(int(lengths.max()) + 2)  # padded further than necessary
    block = torch.stack(torch.broadcast_tensors(torch.arange(len(lengths))[:, None] + 1, t + 1), -1)
    block = (block * (t < lengths[:, None])[..., None]).double()
    packing = make_packing(lengths, len(t))
    return lengths, packing, pack(block, packing.rows)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_every_real_frame_is_one_row_and_no_other(lengths):
    lengths, packing, rows = numbered(lengths)
    assert sorted(map(tuple, rows.tolist())) == [
        (b + 1, t + 1) for b, length in enumerate(lengths.tolist()) for t in range(length)
    ]
    assert sum(packing.sizes) == len(rows)
    assert packing.sizes == sorted(packing.sizes, reverse=True)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_rows_lie_frame_after_frame_in_the_same_order_of_sequences(lengths):
    _, packing, rows = numbered(lengths)
    first = rows[: packing.sizes[0], 0]
    for t, frame in enumerate(rows.split(packing.sizes)):
        assert torch.equal(frame[:, 1], torch.full((len(frame),), t + 1.0).double())
        assert torch.equal(frame[:, 0], first[: len(frame)])


@pytest.mark.parametrize("lengths", LENGTHS)
def test_previous_is_the_frame_before_or_the_start(lengths):
    _, packing, rows = numbered(lengths)
    before = put_start(torch.tensor([-1.0, 0.0]).double(), rows, packing)[packing.previous]
    assert torch.equal(before[:, 1], rows[:, 1] - 1)
    assert torch.equal(before[packing.sizes[0] :, 0], rows[packing.sizes[0] :, 0])
    views = split(put_start(torch.tensor([-1.0, 0.0]).double(), rows, packing), packing)
    assert torch.equal(torch.cat(parents(views, packing)), before)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_mirror_turns_every_sequence_back_to_front(lengths):
    lengths, packing, rows = numbered(lengths)
    mirrored = Mirror.apply(rows, packing.mirror)
    assert torch.equal(mirrored[:, 0], rows[:, 0])
    assert torch.equal(mirrored[:, 1], lengths[rows[:, 0].long() - 1] + 1 - rows[:, 1])
    assert torch.equal(Mirror.apply(mirrored, packing.mirror), rows)


def test_gradient_of_mirror():
    packing = make_packing(torch.tensor([2, 4, 1]), 4)
    rows = torch.randn(7, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: Mirror.apply(x, packing.mirror), rows)
