"""Small models of every kind, ragged batches for them, and the bound by hand, one sequence and frame at a time."""

import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from dmm.config import make_config
from dmm.data import Batch
from dmm.deep_markov_model import build_dmm

X, Z, RNN = 4, 3, 5
SMALL = {"x_dim": X, "z_dim": Z, "emission_dim": 5, "transition_dim": 6, "rnn_dim": RNN, "iaf_dim": 7}
LENGTHS = (5, 1, 3)
NETWORKS = ["mf-l", "mf-r", "mf-lr", "st-l", "st-r", "st-lr"]


def make_model(**values):
    """A model with weights that are all somewhat off from where they start."""
    dmm = build_dmm(make_config(**(SMALL | values))).double()
    for parameter in dmm.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return dmm


def make_batch(lengths=LENGTHS, emission="bernoulli", holes=0.0):
    """A ragged batch with silent padding; with `holes`, so many of its entries are missing."""
    lengths = torch.tensor(lengths)
    mask = (torch.arange(int(lengths.max())) < lengths[:, None]).double()
    real = mask.unsqueeze(-1)
    x = torch.randn(*mask.shape, X) if emission == "gaussian" else (torch.rand(*mask.shape, X) < 0.4).double()
    observed = (torch.rand(x.shape) >= holes).double() * real if holes else None
    return Batch(x * real, mask, lengths, observed)


def make_case(lengths=LENGTHS, **values):
    """A model, a batch that suits it, and the noise of one training pass."""
    dmm = make_model(**values)
    batch = make_batch(lengths, values.get("emission"), values.get("missing", 0.0))
    return dmm, batch, dmm.sample_noise(batch.x, torch.Generator().manual_seed(2), training=True)


def gradient(value, dmm):
    """The slope in every parameter, one after the other: (P,)."""
    slopes = torch.autograd.grad(value, list(dmm.parameters()), materialize_grads=True)
    return torch.cat([slope.reshape(-1) for slope in slopes])


def assert_same(one, other):
    torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


# --- by hand ---


def bounds_by_hand(dmm, batch, noise, kl_weight=1.0, kl="analytic"):
    """The bound of each sequence, (B,), without padding and with torch's own distributions."""
    return torch.stack([_bound(dmm, batch, noise, i, kl_weight, kl) for i in range(len(batch.lengths))])


def _bound(dmm, batch, noise, i, kl_weight, kl):
    length = int(batch.lengths[i])
    known = torch.ones(length, X, dtype=torch.bool) if batch.observed is None else batch.observed[i, :length] == 1
    x = torch.where(known, batch.x[i, :length], 0.0)
    seen = torch.cat([x, known.double()], dim=-1) if dmm.sees_holes else x
    messages = []
    for number, (direction, rnn) in enumerate(dmm.inference.rnns.items()):
        keep = [factors[i, :length] for factors in noise.keep[number]] if noise.keep else None
        messages.append(states_by_hand(rnn, seen, direction, keep))
    total, z_prev = 0.0, None
    for t in range(length):
        before = (x[t - 1] if t else torch.zeros(X),) if dmm.augmented else ()
        if t == 0 and dmm.z_0 is None:
            p = Normal(dmm.first_loc, dmm.first_scale)
        else:
            p = Normal(*dmm.transition(dmm.z_0 if t == 0 else z_prev, *before))
        q = guess_by_hand(dmm.inference, z_prev, [states[t] for states in messages])
        u = q.mean + q.stddev * noise.eps[i, t]
        z, log_det = bend_by_hand(dmm.inference.flow, u)
        heard = dmm.emitter(z, *before)
        p_x = Normal(*heard) if isinstance(heard, tuple) else Bernoulli(logits=heard)
        log_q = q.log_prob(u).sum() - log_det
        divergence = kl_divergence(q, p).sum() if kl == "analytic" else log_q - p.log_prob(z).sum()
        total = total + p_x.log_prob(x[t])[known[t]].sum() - kl_weight * divergence
        z_prev = z
    return total


def guess_by_hand(q, z_prev, messages):
    """q(z_t | ...) as a distribution, from what each RNN says of frame t."""

    def gaussian(part, h):
        return Normal(part.hidden_to_loc(h), torch.log(1 + torch.exp(part.hidden_to_scale(h))) + 1e-4)

    if q.structured:
        z_prev = q.z_q_0 if z_prev is None else z_prev
        voices = [torch.tanh(q.combiner.z_to_hidden(z_prev)), *messages]
        return gaussian(q.combiner, torch.stack(voices).mean(0))
    parts = [gaussian(part, h) for part, h in zip(q.messages.values(), messages, strict=True)]
    precision = sum(part.variance**-1 for part in parts)
    return Normal(sum(part.mean / part.variance for part in parts) / precision, precision**-0.5)


def bend_by_hand(flow, u):
    """What a flow makes of u (Z,), and the log of the determinant of its whole Jacobian."""
    if flow is None:
        return u, 0.0
    jacobian = torch.autograd.functional.jacobian(lambda u: flow(u)[0], u, create_graph=True)
    return flow(u)[0], torch.linalg.slogdet(jacobian).logabsdet


def states_by_hand(rnn, x, direction, keep=None):
    """What an `RNN` says at each frame of one sequence (T, X): a list of (rnn_dim,), frame by frame."""
    frames = list(x if rnn.embedding is None else torch.relu(rnn.embedding(x)))
    order = range(len(x)) if direction == "left" else reversed(range(len(x)))
    order = list(order)
    for layer, weights in enumerate(rnn.layers):
        h, c = rnn.h_0[layer], None if rnn.c_0 is None else rnn.c_0[layer]
        says = [None] * len(x)
        for t in order:
            h, c = CELLS[rnn.cell](weights, frames[t], h, c)
            says[t] = h if keep is None else h * keep[layer][t]
        frames = says
    return frames


def _relu(w, x, h, c):
    return torch.relu(w.weight_ih_l0 @ x + w.bias_ih_l0 + w.weight_hh_l0 @ h + w.bias_hh_l0), c


def _gru(w, x, h, c):
    r_x, u_x, n_x = (w.weight_ih_l0 @ x + w.bias_ih_l0).chunk(3)
    r_h, u_h, n_h = (w.weight_hh_l0 @ h + w.bias_hh_l0).chunk(3)
    update = torch.sigmoid(u_x + u_h)
    return (1 - update) * torch.tanh(n_x + torch.sigmoid(r_x + r_h) * n_h) + update * h, c


def _lstm(w, x, h, c):
    write, forget, new, read = (w.weight_ih_l0 @ x + w.bias_ih_l0 + w.weight_hh_l0 @ h + w.bias_hh_l0).chunk(4)
    c = torch.sigmoid(forget) * c + torch.sigmoid(write) * torch.tanh(new)
    return torch.sigmoid(read) * torch.tanh(c), c


CELLS = {"relu": _relu, "gru": _gru, "lstm": _lstm}
