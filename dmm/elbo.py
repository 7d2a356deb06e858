r"""The evidence lower bound, readable. Every other way to compute it in this project is tested against this one.

$$
\begin{aligned}
\log p(x_{1:T}) \ge
 & \sum_{t=1}^{T} E_{q(z_t \mid x)} \log p(x_t \mid z_t)                                     && \text{reconstruction} \\
 & - \sum_{t=1}^{T} E_{q(z_{t-1} \mid x)} \mathrm{KL}(q(z_t \mid z_{t-1}, x) \,\|\, p(z_t \mid z_{t-1})) && \text{KL}
\end{aligned}
$$

Source: Krishnan, Shalit & Sontag (2017), Eq. 5; the expectations are estimated from one draw of the latents.
"""

import math
from typing import NamedTuple

import torch
from torch.nn.functional import softplus


class Terms(NamedTuple):
    """The bound in its parts, in nats, before any sum; padded frames count 0.

    `reconstruction` (B, T) is log p(x_t | z_t); `kl` (B, T, Z) is the KL of each latent dimension.
    """

    reconstruction: torch.Tensor
    kl: torch.Tensor


class Bound(NamedTuple):
    """The bound per sequence, each (B,) in nats, summed over time; `elbo = reconstruction - kl_weight * kl`."""

    elbo: torch.Tensor
    reconstruction: torch.Tensor
    kl: torch.Tensor


def log_p_bernoulli(x, logits):
    r"""$\log p(x \mid \ell) = x \ell - \operatorname{softplus}(\ell)$, entry by entry, in nats."""
    return x * logits - softplus(logits)


def log_p_normal(z, loc, scale):
    r"""$\log N(z; \mu, \sigma^2)$, entry by entry, in nats."""
    return -0.5 * ((z - loc) / scale) ** 2 - torch.log(scale) - 0.5 * math.log(2 * math.pi)


def kl_normal(q_loc, q_scale, p_loc, p_scale):
    r"""The KL of two Gaussians in closed form, dimension by dimension, in nats; 0 where they are equal.

    $$
    \mathrm{KL}(q \,\|\, p) = \log \frac{\sigma_p}{\sigma_q}
        + \frac{\sigma_q^2 + (\mu_q - \mu_p)^2}{2 \sigma_p^2} - \frac12
    $$

    Source: Krishnan, Shalit & Sontag (2017), Eq. 11, for diagonal covariances.
    """
    return torch.log(p_scale / q_scale) + (q_scale**2 + (q_loc - p_loc) ** 2) / (2 * p_scale**2) - 0.5


def kl_sampled(z, q_loc, q_scale, p_loc, p_scale):
    r"""One draw's estimate of the same: $\log q(z) - \log p(z)$. Right on average, noisier, sometimes negative."""
    return log_p_normal(z, q_loc, q_scale) - log_p_normal(z, p_loc, p_scale)


def terms(dmm, batch, noise, kl="analytic"):
    """The parts of the bound, frame by frame.

    Args:
        dmm: a `DMM`.
        batch: x (B, T, X), mask (B, T), lengths (B,).
        noise: the `Noise` of this pass.
        kl: "analytic" (given the sampled past) or "sampled".

    Returns:
        `Terms`.
    """
    z, q_loc, q_scale = dmm.inference(batch.x, batch.lengths, noise)
    p_loc, p_scale = dmm.transition(dmm.previous(z))
    reconstruction = log_p_bernoulli(batch.x, dmm.emitter(z)).sum(-1)
    if kl == "analytic":
        divergence = kl_normal(q_loc, q_scale, p_loc, p_scale)
    else:
        divergence = kl_sampled(z, q_loc, q_scale, p_loc, p_scale)
    return Terms(reconstruction * batch.mask, divergence * batch.mask.unsqueeze(-1))


def elbo(dmm, batch, noise, kl_weight=1.0, kl="analytic"):
    """The bound of each sequence; arguments as `terms`, and `kl_weight` in 0..1 for annealing. Returns a `Bound`."""
    parts = terms(dmm, batch, noise, kl)
    reconstruction = parts.reconstruction.sum(1)
    divergence = parts.kl.sum((1, 2))
    return Bound(reconstruction - kl_weight * divergence, reconstruction, divergence)
