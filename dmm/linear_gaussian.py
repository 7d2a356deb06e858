r"""The linear Gaussian model: how it is written down, checked and sampled.

$$
\begin{aligned}
z_1 &\sim N(m_1, P_1) \\
z_t &\sim N(F z_{t-1} + d, \, Q) \\
x_t &\sim N(H z_t + c, \, R)
\end{aligned}
$$

$N(\text{mean}, \text{covariance})$: each second argument is a variance, in units of z or x squared. Formulas count
$t = 1 \dots T$, arrays from 0. Shapes: N sequences, T frames, Z latent dimensions, X observed ones; float64.

Source: Krishnan, Shalit & Sontag (2017), Eq. 1, the linear case.
"""

from typing import NamedTuple

import numpy as np

LONGEST = 100_000  # frames: more are a slip of the keyboard, and would fill the memory
SINGULAR = 1e-14  # eigenvalues smaller than this part of the largest are rounding


class LinearGaussian(NamedTuple):
    """The numbers of the model; `make_linear_gaussian` builds and checks them. drift is d, offset is c."""

    F: np.ndarray  # (Z, Z)
    Q: np.ndarray  # (Z, Z)
    H: np.ndarray  # (X, Z)
    R: np.ndarray  # (X, X)
    mean_1: np.ndarray  # (Z,)
    cov_1: np.ndarray  # (Z, Z)
    drift: np.ndarray  # (Z,)
    offset: np.ndarray  # (X,)


def make_linear_gaussian(F, Q, H, R, mean_1, cov_1, drift=None, offset=None):
    """A checked `LinearGaussian` from numbers, lists or arrays.

    Args:
        F, Q: (Z, Z), how the state moves, and the variance of its noise.
        H, R: (X, Z) and (X, X), how the state is seen, and the variance of that noise.
        mean_1, cov_1: (Z,) and (Z, Z), of the first state.
        drift, offset: (Z,) and (X,), added to each move and to each observation; None for zeros.

    Raises:
        ValueError: a shape does not fit, a number is not finite, or a covariance is not symmetric positive definite.
    """
    z_dim, x_dim = (max(1, len(np.atleast_2d(square))) for square in (F, R))
    model = LinearGaussian(
        F=_shaped("F", F, (z_dim, z_dim)),
        Q=_shaped("Q", Q, (z_dim, z_dim)),
        H=_shaped("H", H, (x_dim, z_dim)),
        R=_shaped("R", R, (x_dim, x_dim)),
        mean_1=_shaped("mean_1", mean_1, (z_dim,)),
        cov_1=_shaped("cov_1", cov_1, (z_dim, z_dim)),
        drift=_shaped("drift", np.zeros(z_dim) if drift is None else drift, (z_dim,)),
        offset=_shaped("offset", np.zeros(x_dim) if offset is None else offset, (x_dim,)),
    )
    for name, meaning in (("Q", "the noise's"), ("R", "the noise's"), ("cov_1", "the first state's")):
        _refuse_unless_covariance(name, meaning, getattr(model, name))
    return model


def sample(model, n, frames, rng):
    """States and observations of n sequences: z (N, T, Z) and x (N, T, X); `rng` is a numpy `Generator`.

    Raises:
        ValueError: n is below 1, or frames outside 1 to 100,000.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1: got {n}.")
    refuse_unless_count("frames", frames)
    first, later, seen = (np.linalg.cholesky(cov) for cov in (model.cov_1, model.Q, model.R))
    noise = rng.standard_normal((n, frames, len(model.F)))
    moves = model.drift + noise @ later.T
    moves[:, 0] = model.mean_1 + noise[:, 0] @ first.T
    z = chain(np.broadcast_to(model.F, (1, frames, *model.F.shape)), moves)
    x = z @ model.H.T + model.offset + rng.standard_normal((n, frames, len(model.R))) @ seen.T
    return z, x


def chain(A, u):
    """m_t = A_t m_{t-1} + u_t from m_0 = 0: (1 or N, T, Z, Z) and (N, T, Z) -> (N, T, Z)."""
    means = u.copy()
    m = means[:, 0]
    for t in range(1, u.shape[1]):
        m = means[:, t] = u[:, t] + (A[:, t] @ m[..., None])[..., 0]
    return means


def _shaped(name, value, shape):
    """A finite array of this shape, or one sentence."""
    array = np.array(value, dtype=float, ndmin=len(shape))
    if array.shape != shape:
        raise ValueError(f"{name} is {in_words(array.shape)}, expected {in_words(shape)}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite: got {array[~np.isfinite(array)][0]:g}.")
    return array


def _refuse_unless_covariance(name, meaning, cov):
    if len(cov) == 1 and cov[0, 0] <= 0:
        raise ValueError(f"{name} is {meaning} variance and must be above 0: got {cov[0, 0]:g}.")
    uneven = abs(cov - cov.T)
    if uneven.max() > 1e-9 * abs(cov).max():
        row, column = np.unravel_index(uneven.argmax(), cov.shape)
        raise ValueError(
            f"{name} must be symmetric: row {row + 1}, column {column + 1} is {cov[row, column]:g}, "
            f"and row {column + 1}, column {row + 1} is {cov[column, row]:g}."
        )
    eigenvalues = np.linalg.eigvalsh(cov)
    if eigenvalues[0] <= SINGULAR * eigenvalues[-1]:
        raise ValueError(f"{name} must be positive definite: its smallest eigenvalue is {eigenvalues[0]:.6g}.")


def refuse_unless_count(name, count):
    if not 1 <= count <= LONGEST:
        raise ValueError(f"{name} must be 1 to {LONGEST:,}: got {count:,}.")


def in_words(shape):
    """2x3; a vector says so."""
    return f"a vector of {shape[0]}" if len(shape) == 1 else "x".join(str(length) for length in shape) or "one number"
