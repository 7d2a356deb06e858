r"""The bound for training, quick: the same numbers as `elbo.py`, with the same gradient.

What makes it quick:

- no padded frame is computed: a batch is one matrix with a row for each real frame (`packing.py`);
- only what waits for another frame runs in a loop, with its gradient written by hand (`loops.py`, `gru_loop.py`);
- all else, in `posterior`, `p_z` and `bound`, is one product over all N rows with the modules of the model.

Memory grows in proportion to N: each row keeps a fixed number of values, which the loops count.
"""

import torch
from torch import relu
from torch.nn.utils.rnn import PackedSequence

from dmm.combiner import Combiner
from dmm.deep_markov_model import heard
from dmm.elbo import Bound, divergence, penalty
from dmm.gru_loop import GRULoop
from dmm.inference import Posterior, bend
from dmm.loops import ChainLoop, ReLULoop
from dmm.model import SCALE_FLOOR
from dmm.packing import Mirror, make_packing, pack, put_start
from dmm.rnn import RIGHT


def bound(dmm, batch, noise, kl_weight=1.0, kl="analytic", free_bits=0.0):
    """The bound summed over a batch: arguments and result as `elbo.bound`."""
    log_p_x, kl_by_dimension = terms(dmm, batch, noise, kl)
    reconstruction = log_p_x.sum()
    taken_off = penalty(kl_by_dimension, len(kl_by_dimension), free_bits)
    return Bound(reconstruction - kl_weight * taken_off, reconstruction, kl_by_dimension.sum())


def terms(dmm, batch, noise, kl="analytic"):
    """The parts of the bound: log p(x_t | z_t) of each real frame or of its keys, and its KL by dimension (N, Z)."""
    packing = make_packing(batch.lengths, batch.x.shape[1])
    x = pack(heard(batch), packing.rows)  # (N, X)
    guess = posterior(dmm, batch, noise, packing)
    before = previous(dmm, x, guess.z, packing)
    log_p_x = dmm.emitter.log_p(x, guess.z, *before[1:])
    if batch.observed is not None:
        log_p_x = log_p_x * pack(batch.observed, packing.rows)
    return log_p_x, divergence(guess, *p_z(dmm, before, packing), kl)


def previous(dmm, x, z, packing):
    """What lies one step back, from the starts on: latents (N, Z), and if the model is augmented frames (N, X)."""
    z_prev = put_start(dmm.start, z, packing).index_select(0, packing.previous)
    if not dmm.augmented:
        return (z_prev,)
    silence = x.new_zeros(x.shape[1])
    return z_prev, put_start(silence, x, packing).index_select(0, packing.previous)


def p_z(dmm, before, packing):
    """p(z_t | z_{t-1}) of each frame: loc and scale, both (N, Z)."""
    loc, scale = dmm.transition(*before)
    if dmm.z_0 is not None:
        return loc, scale
    n_1 = packing.sizes[0]  # the rows of t = 1, whose Gaussian is given
    return put_start(dmm.first_loc, loc[n_1:], packing), put_start(dmm.first_scale, scale[n_1:], packing)


def posterior(dmm, batch, noise, packing):
    """A `Posterior` whose parts are (N, Z)."""
    q, x = dmm.inference, dmm.inputs(batch)
    keep = noise.keep or [()] * len(q.rnns)
    messages = [summary(rnn, x, factors, packing) for rnn, factors in zip(q.rnns.values(), keep, strict=True)]
    eps = pack(noise.eps, packing.rows)
    if not q.structured:
        return q.draw(messages, eps)
    if q.flow is None and isinstance(q.combiner, Combiner):
        return quick_chain(q, messages, eps, packing)
    return any_chain(q, messages, eps, packing)


def summary(rnn, x, keep, packing):
    """What one RNN says: x (B, T, X), one (B, T, rnn_dim) for each layer or nothing -> (N, rnn_dim)."""
    rows = packing.rows[packing.mirror] if rnn.direction == RIGHT else packing.rows
    h = pack(x, rows)
    if rnn.embedding is not None:
        h = relu(rnn.embedding(h))
    for layer, cell in enumerate(rnn.layers):
        if rnn.cell == "relu":
            b = cell.bias_ih_l0 + cell.bias_hh_l0
            h = ReLULoop.apply(h, cell.weight_ih_l0, b, cell.weight_hh_l0, rnn.h_0[layer], packing)
        elif rnn.cell == "gru":
            w_x, b_x, w_h, b_h = cell.weight_ih_l0, cell.bias_ih_l0, cell.weight_hh_l0, cell.bias_hh_l0
            h = GRULoop.apply(h, w_x, b_x, w_h, b_h, rnn.h_0[layer], packing)
        else:
            packed = PackedSequence(h, torch.tensor(packing.sizes))
            h = cell(packed, rnn.start(layer, packing.sizes[0]))[0].data
        if keep:
            h = h * pack(keep[layer], rows)
    return Mirror.apply(h, packing.mirror) if rnn.direction == RIGHT else h


def quick_chain(q, messages, eps, packing):
    """The latents of a `Combiner` without a flow: messages (N, rnn_dim), noise (N, Z) -> `Posterior`."""
    loc, scale = q.combiner.hidden_to_loc, q.combiner.hidden_to_scale
    u = torch.cat([loc.weight, scale.weight]) / (1 + len(messages))
    v = torch.cat([loc.bias, scale.bias])
    w, b = q.combiner.z_to_hidden.weight, q.combiner.z_to_hidden.bias
    z, q_loc, q_scale = ChainLoop.apply(eps, sum(messages), w, b, u, v, q.z_q_0, packing, SCALE_FLOOR)
    return Posterior(z, q_loc, q_scale, z)


def any_chain(q, messages, eps, packing):
    """The same for any combiner and flow, with their own code and PyTorch's gradients."""
    z_t = q.z_q_0.expand(packing.sizes[0], -1)
    steps = []
    for *messages_t, eps_t in zip(*(part.split(packing.sizes) for part in (*messages, eps)), strict=True):
        q_loc, q_scale = q.combiner(z_t[: len(eps_t)], *messages_t)
        u = q_loc + q_scale * eps_t
        z_t, log_det = bend(q.flow, u)
        steps.append((z_t, q_loc, q_scale, u, log_det))
    return Posterior(*(None if part[0] is None else torch.cat(part) for part in zip(*steps, strict=True)))
