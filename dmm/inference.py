r"""The inference network ST-R: a guess of the hidden states, from the music.

$$
q(z_{1:T} \mid x_{1:T}) = \prod_{t=1}^{T} q(z_t \mid z_{t-1}, x_{t:T})
$$

Given $z_{t-1}$, the frames before $t$ say nothing new about $z_t$; so the network looks at the last latent and at
the future, which a `BackwardRNN` sums up and a `Combiner` merges.
"""

from typing import NamedTuple

import torch
from torch import nn, tanh
from torch.nn.functional import softplus

from dmm.model import SCALE_FLOOR


class Noise(NamedTuple):
    """All the randomness of one pass, drawn beforehand.

    `eps` (B, T, Z) is standard normal. `keep` holds one (B, T, rnn_dim) factor for each RNN layer, 0 where dropout
    silences a unit and 1 / (1 - rate) elsewhere; it is empty without dropout.
    """

    eps: torch.Tensor
    keep: tuple[torch.Tensor, ...] = ()


class Posterior(NamedTuple):
    """One draw of the latents and the Gaussians it was drawn from: each (B, T, Z)."""

    z: torch.Tensor
    q_loc: torch.Tensor
    q_scale: torch.Tensor


def reverse(x, lengths):
    """Each sequence back to front; padding stays where it is, so that doing it twice changes nothing.

    Args:
        x: (B, T, ...) padded sequences.
        lengths: (B,) how many frames of each are real.

    >>> reverse(torch.tensor([[1, 2, 3, 0]]), torch.tensor([3]))
    tensor([[3, 2, 1, 0]])
    """
    t = torch.arange(x.shape[1], device=x.device).expand(x.shape[:2])  # (B, T)
    last = lengths.unsqueeze(1) - 1
    source = torch.where(t <= last, last - t, t)
    return x.gather(1, source.reshape(*source.shape, *[1] * (x.dim() - 2)).expand_as(x))


class BackwardRNN(nn.Module):
    r"""Sums up the future: $h_t$ depends on $x_t, \dots, x_T$ alone.

    $$
    h_t = \operatorname{relu}(W_x x_t + b_x + W_h h_{t+1} + b_h), \qquad h_{T+1} = h_0
    $$

    Args:
        x_dim: X, how many keys there are.
        rnn_dim: size of the state.
        layers: how many RNNs are stacked.

    Source: Krishnan, Shalit & Sontag (2017), section 4; $h_0$ is learned, as in Pyro's example.
    Differs: the authors' code has an LSTM behind an embedding layer; this is the plain ReLU-RNN of Pyro's example.
    Dropout acts on the output of every layer; PyTorch's own leaves the last one out.
    """

    def __init__(self, x_dim, rnn_dim, layers=1):
        super().__init__()
        sizes = [x_dim] + [rnn_dim] * (layers - 1)
        self.layers = nn.ModuleList(nn.RNN(size, rnn_dim, nonlinearity="relu", batch_first=True) for size in sizes)
        self.h_0 = nn.Parameter(torch.zeros(layers, rnn_dim))

    def forward(self, x, lengths, keep=()):  # (B, T, X), (B,), one (B, T, rnn_dim) for each layer
        h = reverse(x, lengths)
        for layer, rnn in enumerate(self.layers):
            h_0 = self.h_0[layer].expand(1, len(x), -1).contiguous()
            h, _ = rnn(h, h_0)
            if keep:
                h = h * keep[layer]
        return reverse(h, lengths)  # (B, T, rnn_dim)


class Combiner(nn.Module):
    r"""Merges the last latent with the future: $q(z_t \mid z_{t-1}, x_{t:T})$, a diagonal Gaussian.

    $$
    \begin{aligned}
    h_{\text{combined}} &= \tfrac12 (\tanh(W z_{t-1} + b) + h^{\text{right}}_t) \\
    \mu_t    &= W_\mu h_{\text{combined}} + b_\mu                                       && \text{mean} \\
    \sigma_t &= \operatorname{softplus}(W_\sigma h_{\text{combined}} + b_\sigma)        && \text{standard deviation}
    \end{aligned}
    $$

    Args:
        z_dim: Z, how many latent dimensions there are.
        rnn_dim: size of the backward RNN's state.

    Source: Krishnan, Shalit & Sontag (2017), section 4 (DKS).
    Differs: the paper's softplus gives the variance; here, as in Pyro, the standard deviation, plus a floor of 1e-4.
    """

    def __init__(self, z_dim, rnn_dim):
        super().__init__()
        self.z_to_hidden = nn.Linear(z_dim, rnn_dim)
        self.hidden_to_loc = nn.Linear(rnn_dim, z_dim)
        self.hidden_to_scale = nn.Linear(rnn_dim, z_dim)

    def forward(self, z_prev, h_right):  # (B, Z), (B, rnn_dim)
        h_combined = 0.5 * (tanh(self.z_to_hidden(z_prev)) + h_right)
        loc = self.hidden_to_loc(h_combined)
        scale = softplus(self.hidden_to_scale(h_combined)) + SCALE_FLOOR
        return loc, scale  # both (B, Z)


class ST_R(nn.Module):
    r"""The paper's deep Kalman smoother (DKS): structured, and looking to the right.

    $$
    z_t = \mu_t + \sigma_t \odot \epsilon_t, \qquad \epsilon_t \sim N(0, I)
    $$

    with $\mu_t, \sigma_t$ from the `Combiner`; for $t = 1$ a learned $z_{q,0}$ takes the place of $z_{t-1}$.

    Source: Krishnan, Shalit & Sontag (2017), Table 1.
    """

    def __init__(self, x_dim, z_dim, rnn_dim, rnn_layers=1):
        super().__init__()
        self.rnn = BackwardRNN(x_dim, rnn_dim, rnn_layers)
        self.combiner = Combiner(z_dim, rnn_dim)
        self.z_q_0 = nn.Parameter(torch.zeros(z_dim))

    def forward(self, x, lengths, noise):
        h_right = self.rnn(x, lengths, noise.keep)
        z_t = self.z_q_0.expand(len(x), -1)
        steps = []
        for h_t, eps_t in zip(h_right.unbind(1), noise.eps.unbind(1), strict=True):
            q_loc, q_scale = self.combiner(z_t, h_t)
            z_t = q_loc + q_scale * eps_t
            steps.append((z_t, q_loc, q_scale))
        return Posterior(*(torch.stack(part, dim=1) for part in zip(*steps, strict=True)))
