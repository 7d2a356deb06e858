"""Which pieces go together, as tensors; and random numbers that are counted, not stored."""

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from dmm.data import Batch, make_batch

ORDER, NOISE, VALIDATION, HOLES = range(4)  # independent streams of random numbers
LENGTH_JITTER = 0.2  # pieces of similar length share a batch, but not always the same ones


def epoch_batches(spec, epoch):
    """Which pieces go together in an epoch: a list of index arrays. Similar lengths share a batch, in any order."""
    rng = np.random.default_rng([spec.config.seed, ORDER, epoch])
    lengths = np.array([len(roll) for roll in spec.train])
    order = np.argsort(lengths * (1 + LENGTH_JITTER * rng.random(len(lengths))))
    batches = np.split(order, range(spec.config.batch_size, len(order), spec.config.batch_size))
    return [batches[i] for i in rng.permutation(len(batches))]


def to_tensors(rolls, dtype=torch.float32, device="cpu"):
    """A padded `Batch` of tensors from (T, X) arrays."""
    x, mask, lengths, _ = make_batch(rolls)
    x, mask = (torch.from_numpy(part).to(dtype=dtype, device=device) for part in (x, mask))
    return Batch(x, mask, torch.from_numpy(lengths).to(device))


def pad(pieces):
    """The same from tensors (T, X) that have their type and device already, quickly and without looking at them."""
    lengths = torch.tensor([len(piece) for piece in pieces], device=pieces[0].device)
    x = pad_sequence(pieces, batch_first=True)
    mask = (torch.arange(x.shape[1], device=x.device) < lengths.unsqueeze(1)).to(x.dtype)
    return Batch(x, mask, lengths)


def hide(batch, chance, generator):
    """The batch with some frames missing, each with this chance; if all are drawn, none is."""
    known = (torch.rand(batch.mask.shape, generator=generator) >= chance).to(batch.mask) * batch.mask
    if not known.any():
        return batch
    return batch._replace(observed=known.unsqueeze(-1).expand_as(batch.x))


def make_generator(seed, stream, counter=0):
    """Random numbers that depend on these three numbers alone."""
    words = np.random.SeedSequence([seed, stream, counter]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(words[0]) >> 1)
