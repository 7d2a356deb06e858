r"""Whole paths of one latent dimension: laws in which each step is a Gaussian that depends on the one before.

$$
q(z_{1:T}) = \prod_t N(z_t; \, A_t z_{t-1} + b_t, \, C_t), \qquad A_1 = 0
$$

The prior of a linear Gaussian model is of this kind, so is its posterior (`kalman.conditionals`), and so is each guess
of `floors.best`. $C_t$ is a variance. Shapes: N paths, T frames; float64.
"""

from typing import NamedTuple

import numpy as np

from dmm import floors, kalman


class GaussianChain(NamedTuple):
    """The numbers of each step, from frame 1 on: (T,) each. Where A is 0 throughout, latents are independent."""

    A: np.ndarray
    b: np.ndarray
    C: np.ndarray


def prior(model, frames) -> GaussianChain:
    """What a model with z_dim 1 says of paths before it sees a frame."""
    steps = np.arange(frames)
    first, later = (model.mean_1, model.cov_1[0]), (model.drift, model.Q[0])
    b, C = (np.where(steps == 0, one, other) for one, other in zip(first, later, strict=True))
    return GaussianChain(np.where(steps == 0, 0.0, model.F[0]), b, C)


def posterior(model, x) -> GaussianChain:
    """What it says once it has seen the frames (T,): Eq. 3, step by step."""
    exact = kalman.conditionals(model, np.asarray(x)[None, :, None])
    return GaussianChain(exact.A[:, 0, 0], exact.b[0, :, 0], exact.C[:, 0, 0])


def best_guess(model, x, family) -> GaussianChain:
    """The best guess of a family of networks for the frames (T,), as `floors` has it."""
    best = floors.best(model, len(x), family)
    return from_moments(best.A @ x + best.const, np.linalg.inv(best.precision))


def from_moments(mean, cov) -> GaussianChain:
    """The chain with these means (T,) and the variances and neighbours' covariances of cov (T, T)."""
    var, step = np.diag(cov), np.diag(cov, -1)
    A = np.concatenate([[0.0], step / var[:-1]])
    before = np.concatenate([[0.0], mean[:-1]])
    return GaussianChain(A, mean - A * before, var - A * np.concatenate([[0.0], step]))


def moments(chain):
    """Means (T,) and covariances (T, T) of a chain's latents."""
    each = np.eye(len(chain.A))
    D = each - np.diag(chain.A[1:], -1)
    root = np.linalg.solve(D, np.diag(np.sqrt(chain.C)))
    return np.linalg.solve(D, chain.b), root @ root.T


def independent(chain) -> GaussianChain:
    """Each latent with its own mean and variance, and no tie to the others: the product of the marginals."""
    mean, cov = moments(chain)
    return GaussianChain(np.zeros_like(mean), mean, np.diag(cov))


def draw(chain, eps) -> np.ndarray:
    """Paths (N, T) from standard normal noise (N, T), step by step."""
    z = np.empty_like(eps)
    for t, (A, b, C) in enumerate(zip(*chain, strict=True)):
        z[:, t] = (A * z[:, t - 1] if t else 0.0) + b + np.sqrt(C) * eps[:, t]
    return z


def log_p_steps(chain, z) -> np.ndarray:
    """The log density of each step of some paths: (N, T) -> (N, T), nats."""
    off = z - chain.A * before(z) - chain.b
    return -(off**2 / chain.C + np.log(2 * np.pi * chain.C)) / 2


def step_variance(chain) -> np.ndarray:
    """The variance of $z_t - z_{t-1}$ for t = 2 to T: (T - 1,)."""
    cov = moments(chain)[1]
    return np.diag(cov)[1:] + np.diag(cov)[:-1] - 2 * np.diag(cov, -1)


def kl_given(q, p, z_prev) -> np.ndarray:
    r"""The KL of each step, given where the path was before: (..., T) -> (..., T), nats.

    $$
    \mathrm{KL}_t(z_{t-1}) = \frac12 \Big( \log \frac{C^p_t}{C^q_t} + \frac{C^q_t}{C^p_t} - 1
        + \frac{\big( (A^q_t - A^p_t) z_{t-1} + b^q_t - b^p_t \big)^2}{C^p_t} \Big)
    $$

    Source: Krishnan, Shalit & Sontag (2017), Eq. 11, for one dimension.
    """
    apart = (q.A - p.A) * z_prev + q.b - p.b
    return (np.log(p.C / q.C) + q.C / p.C - 1 + apart**2 / p.C) / 2


def kl_by_step(q, p) -> np.ndarray:
    r"""The same on average over $q(z_{t-1})$: (T,), nats. The mean of a square is the mean's square plus a variance."""
    mean, cov = moments(q)
    spread = (q.A - p.A) ** 2 * before(np.diag(cov)) / p.C / 2
    return kl_given(q, p, before(mean)) + spread


def kl_whole(q_mean, q_cov, p_mean, p_cov) -> float:
    """The KL of two Gaussians over whole paths, from means (T,) and covariances (T, T), in nats."""
    off, weight = q_mean - p_mean, np.linalg.inv(p_cov)
    logs = np.linalg.slogdet(p_cov)[1] - np.linalg.slogdet(q_cov)[1]
    return float((logs - len(off) + np.trace(weight @ q_cov) + off @ weight @ off) / 2)


def reconstruction_by_step(model, x, q) -> np.ndarray:
    r"""$E_q \log p(x_t \mid z_t)$ for the frames (T,): (T,), nats."""
    mean, cov = moments(q)
    H, R, offset = model.H[0, 0], model.R[0, 0], model.offset[0]
    return -(((x - H * mean - offset) ** 2 + H**2 * np.diag(cov)) / R + np.log(2 * np.pi * R)) / 2


def joint(model, frames):
    """All latents and all frames as one Gaussian: mean (2 T,) and covariance (2 T, 2 T), the T latents first."""
    mean, cov = moments(prior(model, frames))
    H, R = model.H[0, 0], model.R[0, 0] * np.eye(frames)
    return np.concatenate([mean, H * mean + model.offset]), np.block([[cov, H * cov], [H * cov, H**2 * cov + R]])


def log_p_of_some(mean, cov, values, some, given) -> float:
    """The log density of some of several joint Gaussians, by their places, given others: nats."""
    some, given = list(some), list(given)
    pull = np.linalg.solve(cov[np.ix_(given, given)], cov[np.ix_(given, some)]).T
    off = values[some] - mean[some] - pull @ (values[given] - mean[given])
    left = cov[np.ix_(some, some)] - pull @ cov[np.ix_(given, some)]
    return float(-(off @ np.linalg.solve(left, off) + np.linalg.slogdet(2 * np.pi * left)[1]) / 2)


def before(values) -> np.ndarray:
    """Each frame's value one frame earlier, 0 before the first: (..., T) -> (..., T)."""
    return np.concatenate([np.zeros_like(values[..., :1]), values[..., :-1]], axis=-1)
