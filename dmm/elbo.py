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

from typing import NamedTuple

import torch

from dmm.deep_markov_model import heard
from dmm.inference import Posterior
from dmm.variants import log_p_normal


class Pass(NamedTuple):
    r"""One pass of the model over a batch: what every part of the bound, and of the likelihood, is made of.

    `posterior`, with one draw of the latents; `p_loc`, `p_scale` (B, T, Z) of $p(z_t \mid z_{t-1})$; `log_p_x` (B, T),
    log p(x_t | z_t) in nats, in which missing notes and padded frames count 0.
    """

    posterior: Posterior
    p_loc: torch.Tensor
    p_scale: torch.Tensor
    log_p_x: torch.Tensor


class Terms(NamedTuple):
    """The bound in its parts, in nats, before any sum; padded frames count 0.

    `reconstruction` (B, T) is log p(x_t | z_t); `kl` (B, T, Z) is the KL of each latent dimension.
    """

    reconstruction: torch.Tensor
    kl: torch.Tensor


class Bound(NamedTuple):
    """The bound in nats, summed over time; `elbo = reconstruction - kl_weight * kl`. Each (B,), or summed up."""

    elbo: torch.Tensor
    reconstruction: torch.Tensor
    kl: torch.Tensor


def kl_normal(q_loc, q_scale, p_loc, p_scale):
    r"""The KL of two Gaussians in closed form, dimension by dimension, in nats; 0 where they are equal.

    $$
    \mathrm{KL}(q \,\|\, p) = \log \frac{\sigma_p}{\sigma_q}
        + \frac{\sigma_q^2 + (\mu_q - \mu_p)^2}{2 \sigma_p^2} - \frac12
    $$

    Source: Krishnan, Shalit & Sontag (2017), Eq. 11, for diagonal covariances.
    """
    return torch.log(p_scale / q_scale) + (q_scale**2 + (q_loc - p_loc) ** 2) / (2 * p_scale**2) - 0.5


def kl_sampled(posterior, p_loc, p_scale):
    r"""One draw's estimate of the same: $\log q(z) - \log p(z)$. Right on average, noisier, sometimes negative.

    With a flow, $\log q(z) = \log N(u; \mu_q, \sigma_q^2) - \log |\det \partial z / \partial u|$.
    """
    log_q = log_p_normal(posterior.u, posterior.q_loc, posterior.q_scale)
    if posterior.log_det is not None:
        log_q = log_q - posterior.log_det
    return log_q - log_p_normal(posterior.z, p_loc, p_scale)


def divergence(posterior, p_loc, p_scale, kl="analytic"):
    """The KL of each latent dimension, "analytic" (given the sampled past) or "sampled": shape as `p_loc`, in nats.

    Raises:
        ValueError: the analytic KL of a posterior that a flow has bent.
    """
    if kl == "sampled":
        return kl_sampled(posterior, p_loc, p_scale)
    if posterior.log_det is not None:
        raise ValueError("got kl='analytic' for a posterior with a flow, expected kl='sampled': it is no Gaussian")
    return kl_normal(posterior.q_loc, posterior.q_scale, p_loc, p_scale)


def quietest_kl(dmm):
    """The form of the KL with the least noise: "analytic", unless a flow leaves only "sampled".

    Only very near the exact posterior it is the other way round: there the sampled KL makes the bound a constant.
    """
    return "analytic" if dmm.inference.flow is None else "sampled"


def one_pass(dmm, batch, noise):
    """Run inference network, transition and emitter once.

    Args:
        dmm: a `DMM`.
        batch: x (B, T, X), mask (B, T), lengths (B,), observed (B, T, X) or None.
        noise: the `Noise` of this pass.

    Returns:
        `Pass`.
    """
    posterior = dmm.inference(dmm.inputs(batch), batch.lengths, noise)
    return judge(dmm, batch, posterior)


def judge(dmm, batch, posterior):
    """A `Pass` from a posterior that is there already; arguments as `one_pass`."""
    x = heard(batch)
    p_loc, p_scale = dmm.p_z(posterior.z, x)
    log_p_x = dmm.log_p_x(x, posterior.z)
    if batch.observed is not None:
        log_p_x = log_p_x * batch.observed  # what is missing is summed out: its factor is 1
    return Pass(posterior, p_loc, p_scale, log_p_x.sum(-1) * batch.mask)


def terms(dmm, batch, noise, kl="analytic"):
    """The parts of the bound, frame by frame; arguments as `one_pass` and `divergence`. Returns `Terms`."""
    ran = one_pass(dmm, batch, noise)
    kl_by_dimension = divergence(ran.posterior, ran.p_loc, ran.p_scale, kl)
    return Terms(ran.log_p_x, kl_by_dimension * batch.mask.unsqueeze(-1))


def elbo(dmm, batch, noise, kl_weight=1.0, kl="analytic"):
    """The bound of each sequence; arguments as `terms`, and `kl_weight` in 0..1 for annealing. Returns a `Bound`."""
    parts = terms(dmm, batch, noise, kl)
    reconstruction = parts.reconstruction.sum(1)
    kl_by_sequence = parts.kl.sum((1, 2))
    return Bound(reconstruction - kl_weight * kl_by_sequence, reconstruction, kl_by_sequence)


def penalty(kl, frames, free_bits=0.0):
    r"""What training takes off for the KL, in nats: the KL itself, or with free bits at least $\lambda$ a dimension.

    $$
    \sum_{j=1}^{Z} N \max\Big(\lambda, \frac1N \sum_{n=1}^{N} \mathrm{KL}_{nj}\Big), \qquad N \text{ frames}
    $$

    Args:
        kl: (..., Z) in nats; padded frames 0.
        frames: N, how many of them are real.
        free_bits: lambda, in nats per frame and dimension.

    Source: Kingma et al. (2016), Eq. 15, with each latent dimension a group.
    """
    by_dimension = kl.flatten(0, -2).sum(0)
    return by_dimension.clamp(min=free_bits * frames).sum() if free_bits else by_dimension.sum()


def bound(dmm, batch, noise, kl_weight=1.0, kl="analytic", free_bits=0.0):
    """The bound summed over a batch, as training wants it; arguments as `elbo` and `penalty`.

    Returns:
        `Bound` of scalars; its `elbo` is what training raises: with free bits, it is not the bound itself.
    """
    parts = terms(dmm, batch, noise, kl)
    reconstruction = parts.reconstruction.sum()
    taken_off = penalty(parts.kl, int(batch.lengths.sum()), free_bits)
    return Bound(reconstruction - kl_weight * taken_off, reconstruction, parts.kl.sum())
