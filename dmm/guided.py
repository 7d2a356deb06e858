"""What moves the particles of `smoothing`: the transition, and the inference network as a guide that may be wrong."""

import math
from typing import NamedTuple

import torch

from dmm.data import Batch
from dmm.elbo import kl_normal
from dmm.variants import log_p_normal

FARTHEST = 3.0  # nats: looking ahead sets no particle further back; 0 for no look ahead


class Ahead(NamedTuple):
    """What transition and network say of each particle's next state: each (P, Z)."""

    p_loc: torch.Tensor
    p_scale: torch.Tensor
    q_loc: torch.Tensor
    q_scale: torch.Tensor


def listen(dmm, x, observed):
    """What each RNN says of the piece with its holes: each (1, T, rnn_dim)."""
    piece = Batch(x[None], torch.ones_like(x[None, :, 0]), torch.tensor([len(x)]), observed[None])
    return dmm.inference.summarise(dmm.inputs(piece), piece.lengths)


def first(dmm, messages, particles):
    """What is said of the first state, the same for all particles."""
    start = dmm.start.expand(particles, -1)
    silence = (start.new_zeros(particles, len(dmm.emitter.bias)),) if dmm.augmented else ()
    p = dmm.transition(start, *silence) if dmm.z_0 is not None else (dmm.first_loc, dmm.first_scale)
    z_q_0 = dmm.inference.z_q_0.expand(particles, -1) if dmm.inference.structured else start
    return Ahead(*(part.expand(particles, -1) for part in p), *_guess(dmm.inference, messages, 0, z_q_0))


def look(dmm, messages, t, z, before):
    """What is said of the state of frame t (from 0) after the particles z (P, Z) of the frame before."""
    return Ahead(*dmm.transition(z, *before), *_guess(dmm.inference, messages, t, z))


def _guess(inference, messages, t, z_prev):
    """The network's Gaussian for each particle: (P, Z) both."""
    now = [message[:, t].expand(len(z_prev), -1) for message in messages]
    loc, scale = inference.combiner(z_prev, *now) if inference.structured else inference.gaussian(*now)
    for step in () if inference.flow is None else inference.flow.steps:
        loc, change = step(loc.flip(-1))
        scale = scale.flip(-1) * change.exp()
    return loc, scale


def propose(ahead, generator):
    """A state for each particle, (P, Z), and log p - log r of it, (P,).

    Of two neighbours, often copies of one particle, a coin sends one after the network. A fixed order would not do:
    with a useless network all particles that were right would be wrong next time, or none.
    """
    p_loc, p_scale, q_loc, q_scale = ahead
    like = {"dtype": p_loc.dtype, "generator": generator}
    coin = torch.rand((len(p_loc) + 1) // 2, generator=generator) < 0.5
    follows = torch.stack([coin, ~coin], dim=1).reshape(-1, 1)[: len(p_loc)]  # (P, 1)
    eps = torch.randn(p_loc.shape, **like)
    z = torch.where(follows, q_loc + q_scale * eps, p_loc + p_scale * eps)
    log_p, log_q = (log_p_normal(z, *part).sum(-1) for part in ((p_loc, p_scale), (q_loc, q_scale)))
    return z, log_p - torch.logaddexp(log_p, log_q) + math.log(2)


def promise(ahead):
    """log psi of each particle, (P,), from 0 down: how well the network's guess of the next state suits it."""
    p_loc, p_scale, q_loc, q_scale = ahead
    log_psi = -kl_normal(q_loc, q_scale, p_loc, p_scale).sum(-1)
    return (log_psi - log_psi.max()).clamp(min=-FARTHEST)
