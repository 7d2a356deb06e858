r"""The deep Markov model: how music is made, if the model is right. Read this first.

$$
p(x_{1:T}, z_{1:T}) = \prod_{t=1}^{T} p(z_t \mid z_{t-1}) \, p(x_t \mid z_t)
$$

A hidden state $z_t$ moves by a `GatedTransition`; each state sounds through an `Emitter`. Formulas count
$t = 1 \dots T$, arrays from 0, so `x[:, t - 1]` is $x_t$. `variants.py` has simpler parts that fit in their place.

Shapes: B sequences, T frames, Z latent dimensions, X keys.

Every part may look at the frame before as well, $x_{t-1}$ (the paper's DMM-Aug): build it with `x_prev_dim` and pass
`x_prev`. The formulas below leave that out.
"""

import torch
from torch import nn, relu, sigmoid
from torch.nn.functional import softplus

SCALE_FLOOR = 1e-4  # no Gaussian gets narrower: its log-density would overflow before training could stop


class Emitter(nn.Module):
    r"""What a hidden state sounds like: $p(x_t \mid z_t)$, one coin for each key.

    $$
    \begin{aligned}
    a_t    &= \operatorname{relu}(W_1 z_t + b_1) \\
    c_t    &= \operatorname{relu}(W_2 a_t + b_2) \\
    \ell_t &= W_3 c_t + b_3                                    && \text{logits} \\
    x_t    &\sim \operatorname{Bernoulli}(\operatorname{sigmoid}(\ell_t))
    \end{aligned}
    $$

    Args:
        x_dim: X, how many keys there are.
        z_dim: Z, how many latent dimensions there are.
        emission_dim: width of both hidden layers.
        x_prev_dim: X to look at the frame before as well, else 0.

    Source: Krishnan, Shalit & Sontag (2017), section 5.
    Differs: returns logits, because probabilities close to 0 or 1 lose their digits.
    """

    def __init__(self, x_dim, z_dim, emission_dim, x_prev_dim=0):
        super().__init__()
        self.z_to_hidden = nn.Linear(z_dim + x_prev_dim, emission_dim)
        self.hidden_to_hidden = nn.Linear(emission_dim, emission_dim)
        self.hidden_to_logits = nn.Linear(emission_dim, x_dim)

    def forward(self, z_t, x_prev=None):  # (..., Z)
        a_t = relu(self.z_to_hidden(with_frame(z_t, x_prev)))
        c_t = relu(self.hidden_to_hidden(a_t))
        return self.hidden_to_logits(c_t)  # (..., X)

    def log_p(self, x, z_t, x_prev=None):
        """log p(x_t | z_t), key by key, in nats: (..., X)."""
        return log_p_bernoulli(x, self(z_t, x_prev))

    def probabilities(self, z_t, x_prev=None):
        """How likely each key is to sound: (..., X) in 0..1."""
        return sigmoid(self(z_t, x_prev))

    @property
    def bias(self):
        """What is added to the logits at last: (X,)."""
        return self.hidden_to_logits.bias


class GatedTransition(nn.Module):
    r"""How the hidden state moves: $p(z_t \mid z_{t-1})$, a diagonal Gaussian.

    $$
    \begin{aligned}
    g_t      &= \operatorname{sigmoid}(\operatorname{MLP}(z_{t-1}))             && \text{gate} \\
    h_t      &= \operatorname{MLP}(z_{t-1})                                     && \text{proposed mean} \\
    \mu_t    &= (1 - g_t) \odot (W z_{t-1} + b) + g_t \odot h_t                 && \text{mean} \\
    \sigma_t &= \operatorname{softplus}(W_\sigma \operatorname{relu}(h_t) + b_\sigma) && \text{standard deviation}
    \end{aligned}
    $$

    Args:
        z_dim: Z, how many latent dimensions there are.
        transition_dim: width of the hidden layers of the gate and of the proposed mean.
        x_prev_dim: X for a gate and a proposal that look at the frame before as well, else 0.

    Source: Krishnan, Shalit & Sontag (2017), section 5. $W$ starts as the identity, $b$ as zero.
    Differs: the paper's softplus gives the variance; here, as in Pyro, the standard deviation, plus a floor of 1e-4.
    """

    def __init__(self, z_dim, transition_dim, x_prev_dim=0):
        super().__init__()
        self.gate = _mlp(z_dim + x_prev_dim, transition_dim, z_dim)
        self.proposal = _mlp(z_dim + x_prev_dim, transition_dim, z_dim)
        self.linear = nn.Linear(z_dim, z_dim)
        self.to_scale = nn.Linear(z_dim, z_dim)
        nn.init.eye_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, z_prev, x_prev=None):  # (..., Z)
        g = self.openness(z_prev, x_prev)
        h = self.proposal(with_frame(z_prev, x_prev))
        loc = (1 - g) * self.linear(z_prev) + g * h
        scale = softplus(self.to_scale(relu(h))) + SCALE_FLOOR
        return loc, scale  # both (..., Z)

    def openness(self, z_prev, x_prev=None):
        """How open the gate is: (..., Z) in 0..1; 0 moves by the linear rule, 1 as the network proposes."""
        return sigmoid(self.gate(with_frame(z_prev, x_prev)))


def log_p_bernoulli(x, logits):
    r"""$\log p(x \mid \ell) = x \ell - \operatorname{softplus}(\ell)$, entry by entry, in nats."""
    return x * logits - softplus(logits)


def with_frame(z, x_prev):
    """The latent, and the frame before beside it where there is one: (..., Z) or (..., Z + X)."""
    return z if x_prev is None else torch.cat([z, x_prev], dim=-1)


def _mlp(in_dim, hidden_dim, out_dim):
    """One hidden layer of relu units."""
    return nn.Sequential(nn.Linear(in_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, out_dim))
