"""The bound in time: what its derivations check their lines with, in S9: drawn trajectories, and whole Gaussians."""

from functools import lru_cache

import numpy as np

from dmm import gaussian_chain, systems
from dmm.systems import FRAMES
from dmm.ui.bound_in_time.system import Guess, guess
from dmm.ui.bound_in_time.trajectories import DRAW, LESSON, World, world
from dmm.ui.dials import value

DRAWS = 20_000  # of a mean that is taken by Monte Carlo
FAMILY = "st-l"  # a guess that is not exact, so that all parts differ
AT = 13  # the frame of the line that looks at one


def now() -> tuple[World, Guess]:
    """The sequence of the page, and the best guess of the family for it."""
    number = int(value(LESSON, DRAW))
    return world(number), guess(number, FAMILY)


@lru_cache(maxsize=4)
def trajectories(number: int) -> np.ndarray:
    """Trajectories drawn from the guess: (DRAWS, T)."""
    eps = np.random.default_rng([number, 1]).standard_normal((DRAWS, FRAMES))
    return gaussian_chain.draw(guess(number, FAMILY).q, eps)


def mean(samples) -> tuple[float, float]:
    """A mean and one standard error."""
    return float(samples.mean()), float(samples.std() / np.sqrt(len(samples)))


def log_ratio(t=slice(None)) -> np.ndarray:
    """log q - log p of the steps of each drawn trajectory, of all frames or of one: (DRAWS,)."""
    _, one = now()
    z = trajectories(int(value(LESSON, DRAW)))
    steps = gaussian_chain.log_p_steps(one.q, z) - gaussian_chain.log_p_steps(one.prior, z)
    return steps[:, t].reshape(len(z), -1).sum(1)


def whole_kl(other) -> float:
    """The KL from q to another chain, each as one Gaussian with a full covariance."""
    return gaussian_chain.kl_whole(*gaussian_chain.moments(now()[1].q), *gaussian_chain.moments(other))


def dense_reconstruction() -> float:
    """E_q log p(x | z) of whole sequences: from the mean and the full covariance of q."""
    one, q = now()
    model = systems.linear()
    H, R = model.H[0, 0], model.R[0, 0]
    q_mean, cov = gaussian_chain.moments(q.q)
    off = one.x - H * q_mean - model.offset[0]
    return float(-(off @ off + H**2 * np.trace(cov)) / (2 * R) - FRAMES * np.log(2 * np.pi * R) / 2)
