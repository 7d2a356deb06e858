r"""The three small synthetic systems of the paper, whose truth is known: what every method is measured against.

$$
\begin{aligned}
z_1 &\sim N(m_1, P_1)            && \text{first state} \\
z_t &\sim N(f(z_{t-1}), Q)       && \text{step} \\
x_t &\sim N(h(z_t), R)           && \text{look}
\end{aligned}
$$

The second argument of $N$ is a variance, as in the paper. Shapes: N sequences, T frames, Z latent and X observed
dimensions.

Source: Krishnan, Shalit & Sontag (2017), section 6.2 and appendix E; the authors' `datasets/synthp.py`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dmm import linear_gaussian

FRAMES = 25  # the paper's length of a synthetic sequence


class System(NamedTuple):
    """A state-space model with additive Gaussian noise; build it with `make_system`, which checks it."""

    step: Callable  # f, (..., Z) -> (..., Z)
    look: Callable  # h, (..., Z) -> (..., X)
    Q: np.ndarray  # (Z, Z), variance of a step
    R: np.ndarray  # (X, X), variance of a look
    mean_1: np.ndarray  # (Z,)
    cov_1: np.ndarray  # (Z, Z)


def make_system(step, look, Q, R, mean_1, cov_1):
    """A checked `System`.

    Args:
        step: the mean of the next state, (..., Z) -> (..., Z).
        look: the mean of the observation, (..., Z) -> (..., X).
        Q: (Z, Z), variance of a step. R: (X, X), variance of a look.
        mean_1: (Z,) and cov_1: (Z, Z), of the first state.

    Raises:
        ValueError: a variance is not positive, or a shape does not fit.
    """
    R, mean_1 = np.atleast_2d(R), np.atleast_1d(mean_1)
    z_dim, x_dim = len(mean_1), len(R)
    stand_in = linear_gaussian.make_linear_gaussian(np.eye(z_dim), Q, np.zeros((x_dim, z_dim)), R, mean_1, cov_1)
    mean_1 = stand_in.mean_1  # all numbers are checked now
    for name, function, size in (("step", step, z_dim), ("look", look, x_dim)):
        if np.shape(function(mean_1)) != (size,):
            raise ValueError(
                f"{name} makes a shape of {np.shape(function(mean_1))} from one state, expected {(size,)}."
            )
    return System(step, look, stand_in.Q, stand_in.R, mean_1, stand_in.cov_1)


def linear():
    r"""The paper's linear system, as a `LinearGaussian` for the Kalman filter; `as_system` makes a `System` of it.

    $$
    \begin{aligned}
    z_1 &\sim N(0, 1) \\
    z_t &\sim N(z_{t-1} + 0.05, 10) \\
    x_t &\sim N(0.5 \, z_t, 20)
    \end{aligned}
    $$

    Source: Krishnan, Shalit & Sontag (2017), section 6.2.
    """
    return linear_gaussian.make_linear_gaussian(
        F=[[1.0]], Q=[[10.0]], H=[[0.5]], R=[[20.0]], mean_1=[0.0], cov_1=[[1.0]], drift=[0.05]
    )


def nonlinear():
    r"""The paper's non-linear system: a state that is drawn to every odd multiple of $\pi$.

    $$
    \begin{aligned}
    z_1 &\sim N(0, 0.01) \\
    z_t &\sim N(z_{t-1} + 2 \sin z_{t-1}, 5) \\
    x_t &\sim N(0.5 \, z_t, 5)
    \end{aligned}
    $$

    Source: Krishnan, Shalit & Sontag (2017), section 6.2.
    """
    return make_system(lambda z: z + 2 * np.sin(z), _half, [[5.0]], [[5.0]], [0.0], [[0.01]])


def two_dimensional(alpha=0.5, beta=-0.1):
    r"""The paper's two-dimensional system, whose two numbers $\alpha$ and $\beta$ are to be learned from data.

    $$
    \begin{aligned}
    z_1 &\sim N(0, 0.01 \, I) \\
    z_t &\sim N\left(\begin{bmatrix} 0.2 \, z^0_{t-1} + \tanh(\alpha z^1_{t-1}) \\
                                     0.2 \, z^1_{t-1} + \sin(\beta z^0_{t-1}) \end{bmatrix}, I\right) \\
    x_t &\sim N(0.5 \, z_t, 0.1 \, I)
    \end{aligned}
    $$

    Source: Krishnan, Shalit & Sontag (2017), section 6.2; the truth is $\alpha = 0.5, \beta = -0.1$.
    """

    def step(z):  # (..., 2)
        return 0.2 * z + np.stack([np.tanh(alpha * z[..., 1]), np.sin(beta * z[..., 0])], axis=-1)

    return make_system(step, _half, np.eye(2), 0.1 * np.eye(2), np.zeros(2), 0.01 * np.eye(2))


def as_system(linear_gaussian):
    r"""A `LinearGaussian` as a `System`: $f(z) = F z + \text{drift}$ and $h(z) = H z + \text{offset}$."""
    F, Q, H, R, mean_1, cov_1, drift, offset = linear_gaussian
    return make_system(lambda z: z @ F.T + drift, lambda z: z @ H.T + offset, Q, R, mean_1, cov_1)


def sample(system, n, frames, rng):
    """Sequences of a system: z (N, T, Z) and x (N, T, X).

    Args:
        system: a `System`.
        n: N, how many sequences.
        frames: T, how long each is.
        rng: a `numpy.random.Generator`.

    Raises:
        ValueError: no sequence, or frames outside 1 to 100,000.

    >>> z, x = sample(nonlinear(), n=3, frames=FRAMES, rng=np.random.default_rng(0))
    >>> z.shape, x.shape
    ((3, 25, 1), (3, 25, 1))
    """
    if n < 1:
        raise ValueError(f"n must be at least 1: got {n}.")
    linear_gaussian.refuse_unless_count("frames", frames)
    z = np.empty((n, frames, len(system.Q)))
    z[:, 0] = system.mean_1 + noise(system.cov_1, (n,), rng)
    for t in range(1, frames):
        z[:, t] = system.step(z[:, t - 1]) + noise(system.Q, (n,), rng)
    return z, system.look(z) + noise(system.R, (n, frames), rng)


def noise(cov, shape, rng):
    """Draws of N(0, cov), (*shape, D) for a cov of (D, D)."""
    return rng.standard_normal((*shape, len(cov))) @ np.linalg.cholesky(cov).T


def log_p_gaussian(residual, cov):
    r"""$\log N(r; 0, C) = -\frac12 (r^T C^{-1} r + \log |2 \pi C|)$ in nats: (...) for r (..., D) and C (..., D, D)."""
    root = np.linalg.cholesky(cov)
    white = np.einsum("...ij,...j->...i", np.linalg.inv(root), residual)
    log_root = np.log(np.diagonal(root, axis1=-2, axis2=-1)).sum(-1)
    return -0.5 * ((white**2).sum(-1) + white.shape[-1] * np.log(2 * np.pi)) - log_root


def check_observations(x, system):
    """x as float64 (N, T, X), if it is one of the system's.

    Raises:
        ValueError: another shape, no sequence or no frame, or a number that is not finite.
    """
    x, x_dim = np.asarray(x, dtype=float), len(system.R)
    if x.ndim != 3 or x.shape[2] != x_dim or not x.size:
        raise ValueError(f"x is of shape {x.shape}, expected (N, T, {x_dim}) with at least one sequence and one frame.")
    if not np.isfinite(x).all():
        raise ValueError(f"x must be finite: got {x[~np.isfinite(x)][0]:g}.")
    return x


def _half(z):
    """What all three systems show of their state."""
    return 0.5 * z
