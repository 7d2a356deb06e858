r"""The exact filter and smoother of a system with one latent dimension: densities as numbers on a fine grid.

With $K_{ij} = p(z_t = g_j \mid z_{t-1} = g_i) \, \Delta$ for grid points $g_i$ that lie $\Delta$ apart, and
$\pi_1 = p(z_1)$:

$$
\begin{aligned}
\pi_t(j)    &= \sum_i \alpha_{t-1}(i) \, K_{ij}                              && \text{predict} \\
c_t         &= \sum_j \pi_t(j) \, p(x_t \mid g_j) \, \Delta                  && = p(x_t \mid x_{1:t-1}) \\
\alpha_t(j) &= \pi_t(j) \, p(x_t \mid g_j) / c_t                             && \text{filter} \\
\beta_t(i)  &= \sum_j K_{ij} \, p(x_{t+1} \mid g_j) \, \beta_{t+1}(j) / c_{t+1} && \text{look back}, \; \beta_T = 1 \\
\gamma_t(i) &= \alpha_t(i) \, \beta_t(i)                                     && \text{smoother}
\end{aligned}
$$

For smooth densities the sum over a grid is exact to many digits, as long as $\Delta$ is no wider than any Gaussian
and nothing leaves the grid; both are checked.

Source: Kitagawa, "Non-Gaussian state-space modeling of nonstationary time series" (1987), JASA 82, 1032-1041.
"""

from typing import NamedTuple

import numpy as np

from dmm.systems import check_observations, log_p_gaussian

MOST_POINTS = 4001  # the transition holds the square of this: 128 MB
LEAK = 1e-6  # of the mass may fall beside the grid in one step
NOTHING = 1e-100  # a transition less likely than this is left out: it leads 21 standard deviations away
STRIP = 128  # columns
CHUNK = 100  # sequences at once: the smoother keeps the filtered densities of these, and no more


class OnGrid(NamedTuple):
    """What is known of the latent at each frame; the scale is a standard deviation, the likelihood in nats."""

    mean: np.ndarray  # (N, T)
    scale: np.ndarray  # (N, T)
    log_likelihood: np.ndarray  # (N,), log p(x), summed over time
    density: np.ndarray | None  # (N, T, G), per unit of z; None unless asked for


def make_grid(low=-75.0, high=75.0, points=1501):
    """Equally spaced points, (G,); as it stands wide and fine enough for the paper's non-linear system.

    Raises:
        ValueError: low is not under high, or points is outside 2..4001.
    """
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"the grid must end above its start: got {low:g} to {high:g}.")
    if not 2 <= points <= MOST_POINTS:
        raise ValueError(f"points must be 2 to {MOST_POINTS:,}: got {points:,}.")
    return np.linspace(low, high, points)


def grid_filter(system, x, grid, keep_density=False):
    r"""$p(z_t \mid x_{1:t})$ of a one-dimensional system, exactly.

    Args:
        system: a `System` with Z = 1.
        x: (N, T, X), observations.
        grid: (G,), from `make_grid`.
        keep_density: return the densities too; they take N T G numbers.

    Returns:
        `OnGrid`.

    Raises:
        ValueError: Z is not 1, x does not fit, or the grid is too coarse or too narrow.
    """
    return _in_chunks(system, x, grid, keep_density, smooth=False)


def grid_smoother(system, x, grid, keep_density=False):
    r"""$p(z_t \mid x_{1:T})$ of a one-dimensional system, exactly; arguments, result and refusals as `grid_filter`."""
    return _in_chunks(system, x, grid, keep_density, smooth=True)


def _in_chunks(system, x, grid, keep_density, smooth):
    """`OnGrid` of all sequences, a few at a time."""
    grid = _check_grid(grid, system)
    x, spacing = check_observations(x, system), grid[1] - grid[0]
    strips = _transition(system, grid)
    parts = []
    for start in range(0, len(x), CHUNK):
        likelihood, peak = _look(system, x[start : start + CHUNK], grid)
        density, evidence = _forward(system, likelihood, grid, strips)
        if smooth:
            density = _backward(density, likelihood, strips, spacing)
        mean = density @ grid * spacing
        scale = np.sqrt((density * (grid - mean[..., None]) ** 2).sum(-1) * spacing)
        log_likelihood = (np.log(evidence) + peak).sum(1)
        parts.append((mean, scale, log_likelihood, density if keep_density else None))
    mean, scale, log_likelihood, density = zip(*parts, strict=True)
    density = np.concatenate(density) if keep_density else None
    return OnGrid(np.concatenate(mean), np.concatenate(scale), np.concatenate(log_likelihood), density)


def _transition(system, grid):
    """K in strips of columns, each as (rows, columns, part of K): only the rows from which something leads there."""
    kernel = (grid[1] - grid[0]) * np.exp(log_p_gaussian(grid[:, None] - system.step(grid[:, None])[:, None], system.Q))
    kernel[kernel < NOTHING] = 0.0
    strips = []
    for start in range(0, len(grid), STRIP):
        columns = slice(start, start + STRIP)
        used = np.flatnonzero(kernel[:, columns].any(1))
        if used.size:
            rows = slice(used[0], used[-1] + 1)
            strips.append((rows, columns, kernel[rows, columns].copy()))
    return strips


def _look(system, x, grid):
    """p(x_t | z_t) at every point, divided by its peak so that it cannot vanish, (N, T, G); log of the peak, (N, T)."""
    log_p = log_p_gaussian(x[:, :, None] - system.look(grid[:, None]), system.R)
    peak = log_p.max(-1)
    return np.exp(log_p - peak[..., None]), peak


def _forward(system, likelihood, grid, strips):
    """The filtered densities, (N, T, G), and p(x_t | x_{1:t-1}) divided by the peak of the likelihood, (N, T)."""
    spacing = grid[1] - grid[0]
    density, evidence = np.empty_like(likelihood), np.empty(likelihood.shape[:2])
    for t in range(likelihood.shape[1]):
        if t == 0:
            predicted = np.exp(log_p_gaussian(grid[:, None] - system.mean_1, system.cov_1))  # (G,)
        else:
            predicted = np.zeros_like(likelihood[:, t])  # (N, G)
            for rows, columns, part in strips:
                predicted[:, columns] = density[:, t - 1, rows] @ part
        _check_inside(1 - predicted.sum(-1) * spacing, grid)
        joint = predicted * likelihood[:, t]
        evidence[:, t] = joint.sum(-1) * spacing
        if not evidence[:, t].all():
            raise ValueError(f"the x of frame {t + 1} is impossible on the grid from {grid[0]:g} to {grid[-1]:g}.")
        density[:, t] = joint / evidence[:, t, None]
        _check_inside(density[:, t, [0, -1]] * spacing, grid)
    return density, evidence


def _backward(density, likelihood, strips, spacing):
    """The smoothed densities, (N, T, G), written over the filtered ones."""
    future = np.ones_like(density[:, 0])  # beta, up to a factor
    for t in range(density.shape[1] - 2, -1, -1):
        seen, future = future * likelihood[:, t + 1], np.zeros_like(future)
        for rows, columns, part in strips:
            future[:, rows] += seen[:, columns] @ part.T
        future /= future.max(-1, keepdims=True)
        density[:, t] *= future
        density[:, t] /= density[:, t].sum(-1, keepdims=True) * spacing
    return density


def _check_grid(grid, system):
    """grid as an array, if the system has one latent dimension and no Gaussian is narrower than the spacing."""
    if len(system.Q) != 1:
        raise ValueError(f"a grid is for systems of 1 latent dimension: got one of {len(system.Q)}.")
    grid = np.asarray(grid, dtype=float)
    even = grid.ndim == 1 and 2 <= grid.size <= MOST_POINTS and np.allclose(np.diff(grid), grid[1] - grid[0])
    if not (even and grid[0] < grid[-1]):
        raise ValueError(
            f"the grid is of shape {grid.shape}, expected 2 to {MOST_POINTS:,} rising and equally spaced points."
        )
    points, spacing = grid[:, None], grid[1] - grid[0]
    through = (
        (points, system.cov_1),
        (points, system.Q),
        (system.step(points), system.Q),
        (system.look(points), system.R),
    )
    widest = max(_strides(means, cov) for means, cov in through)
    if not widest <= 1 + 1e-9:
        finest = spacing / widest
        raise ValueError(f"grid points {spacing:.3g} apart miss a Gaussian of scale {finest:.3g} between them.")
    return grid


def _strides(means, cov):
    """How many standard deviations of a Gaussian its mean moves at most from one grid point to the next."""
    return np.sqrt((np.diff(means, axis=0).T * np.linalg.solve(cov, np.diff(means, axis=0).T)).sum(0).max())


def _check_inside(outside, grid):
    """Refuse a share of mass beside the grid."""
    worst = np.abs(outside).max()
    if worst > LEAK:
        edges = f"{grid[0]:g} to {grid[-1]:g}"
        raise ValueError(f"{worst:.2g} of the mass lies beside the grid from {edges}, expected at most {LEAK:g}.")
