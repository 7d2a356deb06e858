r"""The bootstrap particle filter: many guesses move on as the system does, and those that fit x have offspring.

$$
\begin{aligned}
z_t^{(p)}  &\sim p(z_t \mid \tilde z_{t-1}^{(p)})                                     && \text{move} \\
w_t^{(p)}  &= p(x_t \mid z_t^{(p)})                                                   && \text{weigh} \\
\log \hat p(x_{1:T}) &= \sum_t \log \Big( \frac1P \sum_p w_t^{(p)} \Big)              && \text{likelihood} \\
\tilde z_t^{(p)} &= z_t^{(a_p)}, \quad \Pr(a_p = k) = w_t^{(k)} \Big/ \sum_j w_t^{(j)} && \text{resample}
\end{aligned}
$$

$\hat p$ is unbiased for any number of particles; its logarithm is not, and lies below the true one by about half its
variance. Resampling is systematic: one random number for each sequence and frame places an even comb over the weights.

Source: Gordon, Salmond & Smith (1993), "Novel approach to nonlinear/non-Gaussian Bayesian state estimation"; for
systematic resampling Kitagawa (1996), "Monte Carlo filter and smoother for non-Gaussian nonlinear state space models".
"""

from typing import NamedTuple

import numpy as np

from dmm.systems import check_observations, log_p_gaussian, noise

MOST_NUMBERS = 50_000_000  # of one cloud of particles, over all sequences: 400 MB


class Cloud(NamedTuple):
    """What the particles say of the latent at each frame; the scale is a standard deviation, the likelihood in nats.

    `effective` of the particles carry the weight: where they are few, the cloud has lost sight of the state.
    """

    mean: np.ndarray  # (N, T, Z)
    scale: np.ndarray  # (N, T, Z)
    log_likelihood: np.ndarray  # (N,), summed over time
    effective: np.ndarray  # (N, T), 1..P


def particle_filter(system, x, particles, rng):
    r"""An estimate of $p(z_t \mid x_{1:t})$ and of $\log p(x)$ by random particles.

    Args:
        system: a `System` of any dimension.
        x: (N, T, X), observations.
        particles: P, how many for each sequence.
        rng: a `numpy.random.Generator`.

    Returns:
        `Cloud`.

    Raises:
        ValueError: x does not fit, or there is no particle or more than the memory holds.
    """
    x, z_dim = check_observations(x, system), len(system.Q)
    most = MOST_NUMBERS // (len(x) * z_dim)
    if not 1 <= particles <= most:
        raise ValueError(f"particles must be 1 to {most:,} for {len(x):,} sequences: got {particles:,}.")
    shape = (len(x), particles)
    z = system.mean_1 + noise(system.cov_1, shape, rng)  # (N, P, Z)
    frames, weights, log_likelihood = [], None, np.zeros(len(x))
    for t in range(x.shape[1]):
        if t:
            z = system.step(_resample(z, weights, rng)) + noise(system.Q, shape, rng)
        log_w = log_p_gaussian(x[:, t, None] - system.look(z), system.R)
        weights, log_total = _normalise(log_w)
        log_likelihood += log_total - np.log(particles)
        mean = np.einsum("np,npz->nz", weights, z)
        variance = np.einsum("np,npz->nz", weights, (z - mean[:, None]) ** 2)
        frames.append((mean, np.sqrt(variance), 1 / (weights**2).sum(1)))
    mean, scale, effective = (np.stack(part, axis=1) for part in zip(*frames, strict=True))
    return Cloud(mean, scale, log_likelihood, effective)


def _normalise(log_w):
    """Weights that sum to 1, (N, P), and the log of what they summed to, (N,), by log-sum-exp."""
    top = log_w.max(1, keepdims=True)
    w = np.exp(log_w - top)
    total = w.sum(1, keepdims=True)
    return w / total, (top + np.log(total))[:, 0]


def _resample(z, weights, rng):
    """z (N, P, Z) with each particle as often as its weight says: P times it, rounded up or down at random."""
    n, particles, z_dim = z.shape
    comb = np.ceil(particles * np.cumsum(weights, axis=1) - rng.random((n, 1))).clip(0, particles)  # teeth so far
    comb[:, -1] = particles
    offspring = np.diff(comb, axis=1, prepend=0).astype(int)
    return np.repeat(z.reshape(-1, z_dim), offspring.ravel(), axis=0).reshape(z.shape)
