r"""The inference networks: a guess of the hidden states, from the music.

| network | the guess                                        | looks at                                |
|---------|--------------------------------------------------|-----------------------------------------|
| MF-L    | $q(z_t \mid x_{1:t})$                            | past and present                        |
| MF-R    | $q(z_t \mid x_{t:T})$                            | present and future                      |
| MF-LR   | $q(z_t \mid x_{1:T})$                            | past, present and future                |
| ST-L    | $q(z_t \mid z_{t-1}, x_{1:t})$                   | the last latent, past and present       |
| ST-R    | $q(z_t \mid z_{t-1}, x_{t:T})$                   | the last latent, present and future     |
| ST-LR   | $q(z_t \mid z_{t-1}, x_{1:T})$                   | the last latent, past, present, future  |

Given $z_{t-1}$, the frames before $t$ say nothing new about $z_t$: so ST-R (the paper's DKS) sees all that counts.
`RNN`s sum up what lies on the left or on the right; a `Combiner` (structured) or a `MeanField` makes a Gaussian of it.

Source: Krishnan, Shalit & Sontag (2017), Table 1; MF-R is added.
"""

from typing import NamedTuple

import torch
from torch import nn

from dmm.combiner import Combiner, Message, product
from dmm.rnn import LEFT, RIGHT


class Noise(NamedTuple):
    """All the randomness of one pass, drawn beforehand.

    `eps` (B, T, Z) is standard normal. `keep` holds for each RNN of the network one (B, T, rnn_dim) factor for each
    of its layers, 0 where dropout silences a unit and 1 / (1 - rate) elsewhere; it is empty without dropout.
    """

    eps: torch.Tensor
    keep: tuple[tuple[torch.Tensor, ...], ...] = ()


class Posterior(NamedTuple):
    """One draw of the latents and the Gaussians behind it: each (B, T, Z).

    `u` was drawn from the Gaussian with mean `q_loc` and standard deviation `q_scale`. Without a flow `z` is `u`, and
    `log_det` None; with one, z is what it makes of u, and log_det sums over Z to the log of its determinant.
    """

    z: torch.Tensor
    q_loc: torch.Tensor
    q_scale: torch.Tensor
    u: torch.Tensor
    log_det: torch.Tensor | None = None


class Structured(nn.Module):
    r"""Each latent from the one before: $q(z_{1:T} \mid x_{1:T}) = \prod_t q(z_t \mid z_{t-1}, \dots)$.

    $$
    z_t = \mu_t + \sigma_t \odot \epsilon_t, \qquad \epsilon_t \sim N(0, I)
    $$

    with $\mu_t, \sigma_t$ from the `Combiner`; for $t = 1$ a learned $z_{q,0}$ takes the place of $z_{t-1}$.

    Args:
        rnns: from "left", "right" or both to an `RNN`.
        z_dim, rnn_dim: Z, and the size of each RNN's state.
        flow: an `IAF`, or None.

    Source: Krishnan, Shalit & Sontag (2017), Eq. 4 and Table 1.
    """

    structured = True

    def __init__(self, rnns, z_dim, rnn_dim, flow=None):
        super().__init__()
        self.rnns = nn.ModuleDict(rnns)
        self.combiner = Combiner(z_dim, rnn_dim)
        self.z_q_0 = nn.Parameter(torch.zeros(z_dim))
        self.flow = flow

    def summarise(self, x, lengths, keep=()):
        """What each RNN says: (B, T, X) -> a tuple of (B, T, rnn_dim)."""
        return _summarise(self.rnns, x, lengths, keep)

    def draw(self, messages, eps):
        """A `Posterior` from the RNNs' messages and noise (B, T, Z)."""
        z_t = self.z_q_0.expand(len(eps), -1)
        steps = []
        for *messages_t, eps_t in zip(*(part.unbind(1) for part in (*messages, eps)), strict=True):
            q_loc, q_scale = self.combiner(z_t, *messages_t)
            u = q_loc + q_scale * eps_t
            z_t, log_det = bend(self.flow, u)
            steps.append((z_t, q_loc, q_scale, u, log_det))
        *parts, log_det = zip(*steps, strict=True)
        log_det = None if self.flow is None else torch.stack(log_det, dim=1)
        return Posterior(*(torch.stack(part, dim=1) for part in parts), log_det)

    def forward(self, x, lengths, noise):
        return self.draw(self.summarise(x, lengths, noise.keep), noise.eps)


class MeanField(nn.Module):
    r"""Each latent by itself: $q(z_{1:T} \mid x_{1:T}) = \prod_t q(z_t \mid \dots)$.

    One RNN gives one Gaussian `Message`; those of two are multiplied (`product`).

    Args:
        rnns: from "left", "right" or both to an `RNN`.
        z_dim, rnn_dim: Z, and the size of each RNN's state.
        flow: an `IAF`, or None.

    Source: Krishnan, Shalit & Sontag (2017), section 4 and Table 1.
    """

    structured = False

    def __init__(self, rnns, z_dim, rnn_dim, flow=None):
        super().__init__()
        self.rnns = nn.ModuleDict(rnns)
        self.messages = nn.ModuleDict({direction: Message(z_dim, rnn_dim) for direction in rnns})
        self.flow = flow

    def summarise(self, x, lengths, keep=()):
        """What each RNN says: (B, T, X) -> a tuple of (B, T, rnn_dim)."""
        return _summarise(self.rnns, x, lengths, keep)

    def gaussian(self, *messages):
        """Mean and standard deviation of q, each (..., Z), from one (..., rnn_dim) for each RNN."""
        (loc, scale), *others = (to_z(h) for to_z, h in zip(self.messages.values(), messages, strict=True))
        for other_loc, other_scale in others:
            loc, scale = product(loc, scale, other_loc, other_scale)
        return loc, scale

    def draw(self, messages, eps):
        """A `Posterior` from the RNNs' messages and noise (B, T, Z)."""
        q_loc, q_scale = self.gaussian(*messages)
        u = q_loc + q_scale * eps
        z, log_det = bend(self.flow, u)
        return Posterior(z, q_loc, q_scale, u, log_det)

    def forward(self, x, lengths, noise):
        return self.draw(self.summarise(x, lengths, noise.keep), noise.eps)


NETWORKS = {  # Table 1: what the guess of z_t is made of
    "mf-l": (MeanField, (LEFT,)),
    "mf-r": (MeanField, (RIGHT,)),
    "mf-lr": (MeanField, (LEFT, RIGHT)),
    "st-l": (Structured, (LEFT,)),
    "st-r": (Structured, (RIGHT,)),
    "st-lr": (Structured, (LEFT, RIGHT)),
}


def make_network(name, make_rnn, z_dim, rnn_dim, flow=None):
    """An inference network by its name; `make_rnn` makes an `RNN` for a direction."""
    kind, directions = NETWORKS[name]
    return kind({direction: make_rnn(direction) for direction in directions}, z_dim, rnn_dim, flow)


def bend(flow, u):
    """What a flow makes of u, and its log_det: each (..., Z); without a flow u itself, and None."""
    return (u, None) if flow is None else flow(u)


def _summarise(rnns, x, lengths, keep):
    keep = keep or [()] * len(rnns)
    return tuple(rnn(x, lengths, factors) for rnn, factors in zip(rnns.values(), keep, strict=True))
