"""What the derivations of the bound check their lines with: sums over a grid of z, and means over draws."""

from functools import lru_cache

import numpy as np

from dmm.one_latent import NOISE, WORLDS, log_p_normal, log_p_x

DRAWS = 100_000
FINE = np.linspace(-24, 24, 24_001)  # of z, where the sums of `one_latent` go over epsilon


@lru_cache(2)
def draws(seed: int) -> np.ndarray:
    """The same standard normal draws at each press."""
    return np.random.default_rng(seed).normal(size=DRAWS)


def integral(heights) -> float:
    """Of a function on the fine grid of z."""
    return float(np.sum(heights) * (FINE[1] - FINE[0]))


def average(values) -> tuple[float, float]:
    """The mean of what draws say, and its standard error."""
    return float(np.mean(values)), float(np.std(values) / np.sqrt(len(values)))


def joint(world, x, z):
    """log p(x, z)."""
    return log_p_x(world, x, z) + log_p_normal(z, 0.0, 1.0)


def straight_posterior(x) -> tuple[float, float]:
    """Mean and standard deviation of z in the straight world once x is seen: precisions add."""
    slope = WORLDS["straight"].look(1.0)
    scale = 1 / np.sqrt(1 + (slope / NOISE) ** 2)
    return float(scale**2 * slope * x / NOISE**2), float(scale)
