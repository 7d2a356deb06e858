"""Principal components: the few directions in which points differ most."""

from typing import NamedTuple

import numpy as np


class Projection(NamedTuple):
    """Points seen along their principal axes."""

    points: np.ndarray  # (T, k)
    explained: np.ndarray  # (k,) share of the variance along each axis, 0..1, falling
    mean: np.ndarray  # (Z,)
    axes: np.ndarray  # (k, Z) unit vectors; a row of zeros where no direction is left

    def project(self, z) -> np.ndarray:
        """Other points `(..., Z)` along the same axes: `(..., k)`."""
        return (np.asarray(z, dtype=float) - self.mean) @ self.axes.T


def principal_components(z, k: int) -> Projection:
    r"""The first `k` principal components of points `z`.

    $$
    \begin{aligned}
    Z - \bar z &= U S V^\top           && \text{singular values, falling} \\
    y_t        &= V_{:k}^\top (z_t - \bar z)  && \text{points} \\
    e_i        &= S_i^2 / \textstyle\sum_j S_j^2 && \text{explained}
    \end{aligned}
    $$

    Each axis points where its largest entry is positive (the first of them, if several tie), so that the same
    points always give the same picture.

    Args:
        z: `(T, Z)` points; one or more, in any number of dimensions.
        k: number of components, at least 1. Beyond the rank of z, axes, points and explained are 0.

    Raises:
        ValueError: z is not `(T, Z)` with T and Z at least 1, is not finite, or k is below 1.
    """
    z = np.asarray(z, dtype=float)
    if z.ndim != 2 or z.size == 0:
        raise ValueError(f"got z of shape {z.shape}, expected (T, Z) with T and Z at least 1")
    if not np.isfinite(z).all():
        raise ValueError(f"got {np.sum(~np.isfinite(z))} values of z that are not finite, expected 0")
    if k < 1:
        raise ValueError(f"got k={k} components, expected at least 1")
    mean = z.mean(axis=0)
    _, s, V = np.linalg.svd(z - mean, full_matrices=False)
    rank = int(np.sum(s > np.finfo(float).eps * max(z.shape) * np.abs(z).max()))
    kept = min(k, rank)
    axes, explained = np.zeros((k, z.shape[1])), np.zeros(k)
    axes[:kept] = V[:kept] * _signs(V[:kept])
    explained[:kept] = s[:kept] ** 2 / np.sum(s[:rank] ** 2)
    return Projection((z - mean) @ axes.T, explained, mean, axes)


def _signs(axes: np.ndarray) -> np.ndarray:
    """The sign of each axis's first largest entry: `(k, 1)`; rounding lets nearly equal entries tie."""
    largest = np.argmax(np.round(np.abs(axes), 6), axis=1) if len(axes) else np.zeros(0, dtype=int)
    return np.sign(np.take_along_axis(axes, largest[:, None], axis=1))
