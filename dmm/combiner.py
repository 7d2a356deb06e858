"""How the RNNs' messages become a Gaussian over a latent: merged with the last latent, or alone.

Used by the networks in `inference.py`.
"""

from torch import nn, tanh
from torch.nn.functional import softplus

from dmm.model import SCALE_FLOOR


class Combiner(nn.Module):
    r"""Merges the last latent with what the RNNs say: $q(z_t \mid z_{t-1}, \dots)$, a diagonal Gaussian.

    $$
    \begin{aligned}
    h_{\text{combined}} &= \tfrac12 (\tanh(W z_{t-1} + b) + h^{\text{right}}_t) && \text{ST-R; ST-L: left} \\
    h_{\text{combined}} &= \tfrac13 (\tanh(W z_{t-1} + b) + h^{\text{left}}_t + h^{\text{right}}_t) && \text{ST-LR} \\
    \mu_t    &= W_\mu h_{\text{combined}} + b_\mu                                && \text{mean} \\
    \sigma_t &= \operatorname{softplus}(W_\sigma h_{\text{combined}} + b_\sigma) && \text{standard deviation}
    \end{aligned}
    $$

    Args:
        z_dim: Z, how many latent dimensions there are.
        rnn_dim: size of each RNN's state.

    Source: Krishnan, Shalit & Sontag (2017), section 4 (DKS and ST-LR).
    Differs: the paper's softplus gives the variance; here, as in Pyro, the standard deviation, plus a floor of 1e-4.
    """

    def __init__(self, z_dim, rnn_dim):
        super().__init__()
        self.z_to_hidden = nn.Linear(z_dim, rnn_dim)
        self.hidden_to_loc = nn.Linear(rnn_dim, z_dim)
        self.hidden_to_scale = nn.Linear(rnn_dim, z_dim)

    def forward(self, z_prev, *messages):  # (B, Z), one (B, rnn_dim) for each RNN
        h_combined = (tanh(self.z_to_hidden(z_prev)) + sum(messages)) / (1 + len(messages))
        loc = self.hidden_to_loc(h_combined)
        scale = softplus(self.hidden_to_scale(h_combined)) + SCALE_FLOOR
        return loc, scale  # both (B, Z)


class Message(nn.Module):
    r"""What one RNN alone says of the latent: a diagonal Gaussian.

    $$
    \begin{aligned}
    \mu_t    &= W_\mu h^{\text{right}}_t + b_\mu                                && \text{MF-R; MF-L: left} \\
    \sigma_t &= \operatorname{softplus}(W_\sigma h^{\text{right}}_t + b_\sigma) && \text{standard deviation}
    \end{aligned}
    $$

    Args:
        z_dim, rnn_dim: Z, and the size of the RNN's state.
    """

    def __init__(self, z_dim, rnn_dim):
        super().__init__()
        self.hidden_to_loc = nn.Linear(rnn_dim, z_dim)
        self.hidden_to_scale = nn.Linear(rnn_dim, z_dim)

    def forward(self, h):  # (..., rnn_dim)
        return self.hidden_to_loc(h), softplus(self.hidden_to_scale(h)) + SCALE_FLOOR  # both (..., Z)


def product(left_loc, left_scale, right_loc, right_scale):
    r"""Two Gaussians multiplied, and made a Gaussian again: its mean and standard deviation, shapes as given.

    $$
    \mu = \frac{\mu_r \sigma_l^2 + \mu_l \sigma_r^2}{\sigma_r^2 + \sigma_l^2}, \qquad
    \sigma^2 = \frac{\sigma_r^2 \sigma_l^2}{\sigma_r^2 + \sigma_l^2}
    $$

    Source: Krishnan, Shalit & Sontag (2017), section 4 (MF-LR).
    """
    left, right = left_scale**2, right_scale**2
    loc = (right_loc * left + left_loc * right) / (right + left)
    return loc, (right * left / (right + left)).sqrt()
