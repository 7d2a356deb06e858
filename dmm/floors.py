r"""The best bound that each inference network could ever reach, on a linear Gaussian model: in closed form.

Of all frames the posterior is $N(G x + c, \Lambda^{-1})$ with a block-tridiagonal precision $\Lambda$. Among the
guesses $q$ of a family, whose mean may look at some frames only, the best loses two things (nats per frame):

$$
\begin{aligned}
\text{mean-field gap} &= \frac{1}{2T} \Big( \sum_i \log \Lambda_{ii} - \log |\Lambda| \Big)
    && \text{q has the variances } 1 / \Lambda_{ii} \\
\text{blind gap}      &= \min_A \frac{1}{2T} \operatorname{tr} \big( \Lambda (A - G) \Sigma_x (A - G)^\top \big)
    && A = 0 \text{ where q may not look} \\
\text{bound}          &= \text{exact} + \text{mean-field gap} + \text{blind gap}
\end{aligned}
$$

A structured guess of one latent dimension can have the precision $\Lambda$ itself, and so has no mean-field gap; given
$z_{t-1}$ and $x_{1:t}$, the mean of $z_t$ over all it was drawn from can be any function of $x_{1:t}$, but of no more.
The means of the best causal guess are *not* the Kalman filter's: $\Lambda$ couples the frames.

How the minimum is found. With triangular roots $B^\top B = \Lambda$ and $L L^\top = \Sigma_x$ the blind gap is
$\| B A L - B G L \|^2 / 2T$. For q that looks at the past take both roots lower triangular: then $A$ is so exactly if
$B A L$ is, and the best one keeps the lower triangle of $B G L$ and loses the rest. For the future, both are upper.

Source: Krishnan, Shalit & Sontag (2017), Table 1, for the families; the factorisation is that of Wiener's filter.
"""

from typing import NamedTuple

import numpy as np

LONGEST = 1_000  # frames: the matrices are dense
GROWTH = 1e6  # a state that grows more than so much between the ends leaves no digits for the first frames
FAMILIES = {  # is the guess structured, and which frames can the mean of z_t depend on?
    "mf-l": (False, "past"),
    "mf-r": (False, "future"),
    "mf-lr": (False, "all"),
    "st-l": (True, "past"),
    "st-r": (True, "all"),  # the frames before t reach z_t through z_{t-1}
    "st-lr": (True, "all"),
}


class Floor(NamedTuple):
    """The lowest bound of a family and what it consists of, nats per frame; `rmse` of its mean, in units of z."""

    bound: float
    exact: float
    mean_field_gap: float
    blind_gap: float
    rmse: float


class Best(NamedTuple):
    """The best guess of a family: z given x is N(A x + const, inverse of precision), frames one below another.

    TZ is T times Z: row (t - 1) Z + i is dimension i of z_t. The precision of a mean-field guess is diagonal.
    """

    A: np.ndarray  # (TZ, TX)
    const: np.ndarray  # (TZ,)
    precision: np.ndarray  # (TZ, TZ)


class _Exact(NamedTuple):
    """The posterior N(G x + const, inverse of precision), and the moments of x under the model."""

    G: np.ndarray  # (TZ, TX)
    const: np.ndarray  # (TZ,)
    precision: np.ndarray  # (TZ, TZ)
    x_mean: np.ndarray  # (TX,)
    x_cov: np.ndarray  # (TX, TX)


def floor(model, frames, family):
    """The best that a family can reach on sequences of the model.

    >>> from dmm.linear_gaussian import make_linear_gaussian
    >>> linear = make_linear_gaussian(F=1, Q=10, H=0.5, R=20, mean_1=0, cov_1=1, drift=0.05)
    >>> round(floor(linear, 25, "mf-l").bound, 4), round(floor(linear, 25, "st-r").bound, 4)
    (3.4173, 3.0758)

    Args:
        model: a `LinearGaussian`; z_dim 1 for a structured family.
        frames: T.
        family: a key of `FAMILIES`.

    Returns:
        `Floor`, in expectation over x from the model. `rmse` is over all frames (and dimensions).

    Raises:
        ValueError: the family is unknown or structured with z_dim above 1, frames lies outside 1 to 1,000, or the
            state grows too fast for so many frames.
    """
    exact = _exact(model, frames)
    q = _best(model, frames, family, exact)
    nll = (np.linalg.slogdet(exact.x_cov)[1] + len(exact.x_cov) * (1 + np.log(2 * np.pi))) / 2
    mean_field = (np.linalg.slogdet(q.precision)[1] - np.linalg.slogdet(exact.precision)[1]) / 2
    missed = (q.A - exact.G) @ np.linalg.cholesky(exact.x_cov)
    blind = (missed * (exact.precision @ missed)).sum() / 2
    squared = np.trace(np.linalg.inv(exact.precision)) + (missed**2).sum()
    of_frames = (part / frames for part in (nll + mean_field + blind, nll, mean_field, blind))
    return Floor(*map(float, of_frames), rmse=float(np.sqrt(squared / len(missed))))


def floors(model, frames):
    """The `Floor` of every family, by its name; z_dim 1 only."""
    return {family: floor(model, frames, family) for family in FAMILIES}


def best(model, frames, family):
    """The coefficients of the best guess of a family: a `Best`. Arguments and refusals are those of `floor`."""
    return _best(model, frames, family, _exact(model, frames))


def influence(model, frames, family=None):
    r"""How far each frame moves each state's mean, $\partial E[z_t] / \partial x_s$: (T, T), row t and column s.

    Args:
        model: a `LinearGaussian` with z_dim and x_dim 1.
        frames: T.
        family: for the best guess of this family, its mean over all that $z_t$ was drawn from; None for the posterior.

    Raises:
        ValueError: as `floor`, or z_dim or x_dim is above 1.
    """
    x_dim, z_dim = model.H.shape
    if z_dim != 1 or x_dim != 1:
        raise ValueError(f"The influence of a frame is one number for z_dim 1 and x_dim 1: got {z_dim} and {x_dim}.")
    return _exact(model, frames).G if family is None else best(model, frames, family).A


def _best(model, frames, family, exact):
    """`Best`, where the posterior is known already."""
    if family not in FAMILIES:
        raise ValueError(f"Unknown family {family!r}: choose one of {', '.join(FAMILIES)}.")
    structured, sees = FAMILIES[family]
    z_dim = len(model.F)
    if structured and z_dim != 1:
        raise ValueError(
            f"The floor of {family} has a closed form for z_dim 1 only, since its networks give diagonal Gaussians: "
            f"got z_dim {z_dim}."
        )
    A = exact.G if sees == "all" else _nearest(exact, sees, frames)
    const = exact.const + (exact.G - A) @ exact.x_mean
    return Best(A, const, exact.precision if structured else np.diag(np.diag(exact.precision)))


def _nearest(exact, sees, frames):
    """The A nearest to G that looks only at the past (and present) or only at the future (and present)."""
    one_frame = np.ones([length // frames for length in exact.G.shape])
    if sees == "past":
        B, L = upper_root(exact.precision).T, np.linalg.cholesky(exact.x_cov)
        seen = np.kron(np.tril(np.ones((frames, frames))), one_frame)
    else:
        B, L = np.linalg.cholesky(exact.precision).T, upper_root(exact.x_cov)
        seen = np.kron(np.triu(np.ones((frames, frames))), one_frame)
    BA = np.linalg.solve(L.T, (seen * (B @ exact.G @ L)).T).T
    return seen * np.linalg.solve(B, BA)  # zeros to the last digit


def _exact(model, frames):
    """The model of T frames as two large Gaussians: D z = moves + noise, x = H z + offset + noise."""
    if not 1 <= frames <= LONGEST:
        raise ValueError(f"frames must be 1 to {LONGEST:,}: got {frames:,}.")
    fastest = abs(np.linalg.eigvals(model.F)).max()
    if fastest > 1 and frames * np.log(fastest) > np.log(GROWTH):
        most = int(np.log(GROWTH) / np.log(fastest))
        raise ValueError(f"A state that grows {fastest:g}-fold per frame has floors up to {most} frames: got {frames}.")
    z_dim = len(model.F)
    each, first = np.eye(frames), np.diag([1.0] + [0.0] * (frames - 1))
    D = np.eye(frames * z_dim) - np.kron(np.eye(frames, k=-1), model.F)
    noise = np.kron(first, model.cov_1) + np.kron(each - first, model.Q)
    weight = np.kron(first, np.linalg.inv(model.cov_1)) + np.kron(each - first, np.linalg.inv(model.Q))
    moves = np.concatenate([model.mean_1, np.tile(model.drift, frames - 1)])
    H, see = np.kron(each, model.H), np.kron(each, np.linalg.solve(model.R, model.H).T)  # the second is H' R^-1
    z_root = np.linalg.solve(D, np.linalg.cholesky(noise))
    x_mean = H @ np.linalg.solve(D, moves) + np.tile(model.offset, frames)
    x_cov = (H @ z_root) @ (H @ z_root).T + np.kron(each, model.R)
    precision = D.T @ weight @ D + see @ H
    G = np.linalg.solve(precision, see)
    return _Exact(G, np.linalg.solve(D, moves) - G @ x_mean, precision, x_mean, x_cov)


def upper_root(matrix):
    """The upper triangular root of a positive definite matrix: U U' = matrix."""
    return np.linalg.cholesky(matrix[::-1, ::-1])[::-1, ::-1]
