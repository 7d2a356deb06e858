r"""Other parts for the generative model, each in the place of one in `model.py`; and how to hold parameters fixed.

$$
\begin{array}{lll}
\text{transition} & \text{gated (in } \texttt{model.py}\text{), MLP, linear}   & z_{t-1} \to (\mu_t, \sigma_t) \\
\text{emission}   & \text{Bernoulli or Gaussian, from an MLP or a linear map} & z_t \to p(x_t \mid z_t)
\end{array}
$$
"""

import math

import torch
from torch import nn, relu
from torch.nn.functional import softplus
from torch.nn.utils import parametrize

from dmm.model import SCALE_FLOOR, log_p_bernoulli, with_frame


class MLPTransition(nn.Module):
    r"""A transition without a gate: $p(z_t \mid z_{t-1})$ from one hidden layer.

    $$
    \begin{aligned}
    h_t      &= \operatorname{relu}(W_h z_{t-1} + b_h) \\
    \mu_t    &= W_\mu h_t + b_\mu \\
    \sigma_t &= \operatorname{softplus}(W_\sigma h_t + b_\sigma)
    \end{aligned}
    $$

    Args:
        z_dim: Z.
        transition_dim: width of the hidden layer.
        x_prev_dim: X to look at the frame before as well, else 0.

    Source: Krishnan, Shalit & Sontag (2017), section 6.1, the transition it compares the gated one with.
    Differs: one hidden layer; softplus gives the standard deviation, plus a floor of 1e-4.
    """

    def __init__(self, z_dim, transition_dim, x_prev_dim=0):
        super().__init__()
        self.z_to_hidden = nn.Linear(z_dim + x_prev_dim, transition_dim)
        self.hidden_to_loc = nn.Linear(transition_dim, z_dim)
        self.hidden_to_scale = nn.Linear(transition_dim, z_dim)

    def forward(self, z_prev, x_prev=None):  # (..., Z)
        h = relu(self.z_to_hidden(with_frame(z_prev, x_prev)))
        return self.hidden_to_loc(h), softplus(self.hidden_to_scale(h)) + SCALE_FLOOR  # both (..., Z)

    def openness(self, z_prev, x_prev=None):
        """A gate that is always open, 1: (..., Z)."""
        return torch.ones_like(z_prev)


class LinearTransition(nn.Module):
    r"""The classical state-space model: a matrix moves the state, and the noise is the same everywhere.

    $$
    \begin{aligned}
    \mu_t    &= W z_{t-1} + b \\
    \sigma_t &= \operatorname{softplus}(\rho)
    \end{aligned}
    $$

    $W$ starts as the identity, $b$ as zero. With `x_prev_dim`, $U x_{t-1}$ is added to the mean.

    Args:
        z_dim: Z.
        x_prev_dim: X to look at the frame before as well, else 0.

    Source: Krishnan, Shalit & Sontag (2017), Eq. 1, the linear case with diagonal covariance.
    """

    def __init__(self, z_dim, x_prev_dim=0):
        super().__init__()
        self.linear = nn.Linear(z_dim, z_dim)
        self.from_frame = nn.Linear(x_prev_dim, z_dim, bias=False) if x_prev_dim else None
        self.rho = nn.Parameter(torch.zeros(z_dim))
        nn.init.eye_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, z_prev, x_prev=None):  # (..., Z)
        loc = self.linear(z_prev)
        if x_prev is not None:
            loc = loc + self.from_frame(x_prev)
        return loc, (softplus(self.rho) + SCALE_FLOOR).expand_as(loc)  # both (..., Z)

    def openness(self, z_prev, x_prev=None):
        """A gate that is always shut, 0: (..., Z)."""
        return torch.zeros_like(z_prev)


class LinearEmitter(nn.Module):
    r"""One matrix from the hidden state to the logits: $\ell_t = W z_t + b$.

    Args:
        x_dim, z_dim: X and Z.
        x_prev_dim: X to look at the frame before as well, else 0.
    """

    def __init__(self, x_dim, z_dim, x_prev_dim=0):
        super().__init__()
        self.z_to_logits = nn.Linear(z_dim + x_prev_dim, x_dim)

    def forward(self, z_t, x_prev=None):  # (..., Z)
        return self.z_to_logits(with_frame(z_t, x_prev))  # (..., X)

    def log_p(self, x, z_t, x_prev=None):
        """log p(x_t | z_t), key by key, in nats: (..., X)."""
        return log_p_bernoulli(x, self(z_t, x_prev))

    def probabilities(self, z_t, x_prev=None):
        """How likely each key is to sound: (..., X) in 0..1."""
        return torch.sigmoid(self(z_t, x_prev))

    @property
    def bias(self):
        """What is added to the logits at last: (X,)."""
        return self.z_to_logits.bias


class GaussianEmitter(nn.Module):
    r"""Observations that are real numbers: $x_t \sim N(\mu(z_t), \operatorname{diag}(\sigma^2))$.

    The noise is the same at all times, one learned $\sigma = \operatorname{softplus}(\rho)$ (plus the floor) for
    each observation. Its log-density is in nats as well, but of a density: it may exceed 0 and cannot be compared
    with the log-probability of a Bernoulli emission.

    Args:
        mean: an `Emitter` or `LinearEmitter`; what it returns is the mean $\mu$.
        x_dim: X.

    Source: Krishnan, Shalit & Sontag (2017), section 6.2.
    """

    def __init__(self, mean, x_dim):
        super().__init__()
        self.mean = mean
        self.rho = nn.Parameter(torch.full((x_dim,), math.log(math.e - 1)))  # scale 1

    def forward(self, z_t, x_prev=None):  # (..., Z)
        loc = self.mean(z_t, x_prev)
        return loc, (softplus(self.rho) + SCALE_FLOOR).expand_as(loc)  # both (..., X)

    def log_p(self, x, z_t, x_prev=None):
        """log p(x_t | z_t), observation by observation, in nats: (..., X)."""
        return log_p_normal(x, *self(z_t, x_prev))

    def probabilities(self, z_t, x_prev=None):
        """For piano rolls, 0 or 1: how likely an observation is to be nearer to 1, (..., X) in 0..1."""
        loc, scale = self(z_t, x_prev)
        return torch.special.ndtr((loc - 0.5) / scale)

    @property
    def bias(self):
        """What is added to the mean at last: (X,)."""
        return self.mean.bias


def log_p_normal(x, loc, scale):
    r"""$\log N(x; \mu, \sigma^2)$, entry by entry, in nats."""
    return -0.5 * ((x - loc) / scale) ** 2 - torch.log(scale) - 0.5 * math.log(2 * math.pi)


class _Held(nn.Module):
    """A parameter of which only the free entries are what training makes of them."""

    def __init__(self, value, free):
        super().__init__()
        self.register_buffer("value", value)
        self.register_buffer("free", free)

    def forward(self, weight):
        return torch.where(self.free, weight, self.value)


def hold(module, name, value, free=None):
    """Fix a parameter of a module at `value`, in all its entries or in those that are not `free`.

    Training goes on as before, but the gradient of a fixed entry is 0. Free entries start as PyTorch made them.

    Args:
        module: whose parameter it is.
        name: of the parameter.
        value: what it is to be, broadcast to its shape.
        free: of the same shape, True where training may go on; None fixes all of it.

    >>> held = hold(nn.Linear(2, 1), "weight", torch.tensor([[0.5, 0.0]]), free=torch.tensor([[False, True]]))
    >>> held.weight[0, 0].item()
    0.5
    """
    weight = getattr(module, name)
    value = torch.as_tensor(value, dtype=weight.dtype).expand_as(weight).clone()
    free = torch.zeros_like(weight, dtype=torch.bool) if free is None else free.expand_as(weight).clone()
    parametrize.register_parametrization(module, name, _Held(value, free))
    return module
