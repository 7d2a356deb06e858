"""What a piece would have been, had its hidden state been moved: two pieces from the same random numbers.

Either the model makes the piece up, or it is one that is there: then a draw of the posterior says how it may have come
about, and `rollout.recover` from which random numbers.
"""

from typing import NamedTuple

import numpy as np
import torch

from dmm.batches import make_generator
from dmm.inspection import DRAW, Drawn, finite
from dmm.interventions import check
from dmm.rollout import Acts, Chance, draw_chance, recover, roll_out
from dmm.smoothing import smooth

BRACKETS, OTHER = 401, 402  # streams of random numbers of their own


class Twins(NamedTuple):
    """A piece as it is and as it would have been; where their notes differ, (T, X) bool."""

    factual: Drawn
    counterfactual: Drawn
    differs: np.ndarray


class Spread(NamedTuple):
    """How many keys differ at each beat, (T,), averaged over pairs of pieces.

    `common`: both of a pair from the same random numbers. `apart`: from other ones as soon as the act begins.
    """

    common: np.ndarray
    apart: np.ndarray


def made_up(dmm, steps, seed, pieces=1) -> Chance:
    """The random numbers of pieces that the model makes up; the first is the piece of this seed elsewhere."""
    chances = [draw_chance(dmm, steps, make_generator(seed, DRAW, i)) for i in range(pieces)]
    return Chance(*(torch.cat(part) for part in zip(*chances, strict=True)))


@torch.no_grad()
def explained(dmm, roll, seed, pieces=1) -> Chance:
    """The random numbers behind a piece (T, X), so many times: each from a draw of the posterior (see `smoothing`)."""
    known = smooth(dmm, roll, draws=pieces, seed=seed)
    return recover(dmm, known.z, known.x, make_generator(seed, BRACKETS))


def twins(dmm, chance, act) -> Twins:
    """The first piece of some random numbers, and what it would have been under an `Act`."""
    one = Chance(*(part[:1] for part in chance))
    factual = roll_out(dmm, one)
    counterfactual = roll_out(dmm, one, acts=acts_of(act, factual.z))
    return Twins(_drawn(factual), _drawn(counterfactual), (factual.x != counterfactual.x)[0].numpy())


def spread(dmm, chance, act, seed) -> Spread:
    """How far the act carries, on average over all pieces of some random numbers."""
    factual = roll_out(dmm, chance)
    fresh = draw_chance(dmm, chance.eps.shape[1], make_generator(seed, OTHER), len(chance.eps))
    late = torch.arange(chance.eps.shape[1]) >= act.start
    other = Chance(*(torch.where(late[:, None], new, old) for new, old in zip(fresh, chance, strict=True)))
    counts = []
    for numbers in (chance, other):
        moved = roll_out(dmm, numbers, acts=acts_of(act, factual.z)).x
        counts.append((moved != factual.x).sum(-1).double().mean(0).numpy())
    return Spread(*counts)


def acts_of(act, z) -> Acts:
    """An `Act` as numbers for `rollout.roll_out`, for pieces whose latents are z (N, T, Z) if nothing is done.

    Raises:
        ValueError: as `interventions.check`.
    """
    check(act, *z.shape[1:])
    held, stretch = torch.full_like(z, torch.nan), slice(act.start, act.end)
    if act.kind == "gate":
        held[:, stretch, slice(None) if act.dimension is None else act.dimension] = act.value
        return Acts(gates=held)
    path = z[..., act.dimension]
    if act.kind == "draw":
        held[:, stretch, act.dimension] = z.new_tensor(act.path)
    elif act.kind == "swap":
        held[:, stretch, act.dimension], held[:, stretch, act.other] = z[:, stretch, act.other], path[:, stretch]
    else:
        offset = act.value * path.std(1, correction=0, keepdim=True)
        middle = path.mean(1, keepdim=True) if act.kind == "hold" else path[:, stretch]
        held[:, stretch, act.dimension] = middle + offset
    return Acts(z=held)


@torch.no_grad()
def audible(dmm, chance) -> np.ndarray:
    """How many keys of a beat each dimension moves when dragged by a standard deviation: (Z,), averaged over beats.

    The sum over keys of how much their probability changes, in the first piece of some random numbers.
    """
    piece = roll_out(dmm, Chance(*(part[:1] for part in chance)))
    z, before = piece.z[0], dmm.frames_before(piece.x)
    frames = tuple(part[0] for part in before)
    p = dmm.emitter.probabilities(z, *frames)
    drags = torch.diag(z.std(0, correction=0))
    moved = [(dmm.emitter.probabilities(z + drag, *frames) - p).abs().sum(-1).mean() for drag in drags]
    return finite([torch.stack(moved).numpy()])[0]


def _drawn(rolled) -> Drawn:
    """The first piece, as arrays."""
    z, gates, probabilities, x = (part[0].numpy() for part in rolled)
    return finite(Drawn(x.astype(np.uint8), z, gates, probabilities))
