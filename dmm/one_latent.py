r"""One hidden number, one frame: so small that evidence, posterior and every part of the bound are exact.

$$
\begin{aligned}
z &\sim N(0, 1)                              && \text{prior} \\
x \mid z &\sim N(f(z), r^2), \quad r = 0.6   && \text{likelihood}
\end{aligned}
$$

The guess is $q(z) = N(\mu, \sigma^2)$. Integrals are sums over a grid of $\epsilon$ with $z = \mu + \sigma \epsilon$;
for smooth functions, beside a bell, such a sum is exact to all digits.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

NOISE = 0.6  # r, a standard deviation; a density of x is then never above 1, and its logarithm never above 0
REACH, POINTS = 9.0, 721  # of the grid of epsilon: beyond it lies 2e-19 of a bell
EPS = np.linspace(-REACH, REACH, POINTS)
WEIGHTS = np.exp(-(EPS**2) / 2) * (EPS[1] - EPS[0]) / np.sqrt(2 * np.pi)
COARSE = (np.linspace(-3, 3, 41), np.geomspace(0.05, 2, 25))  # where the search for the best guess begins
ZOOMS, SHRINK = 18, 0.375  # how often the search looks closer, and what part of its window it keeps
SEEK = slice(None, None, 4)  # every so many of the grid's points are enough to compare guesses


class World(NamedTuple):
    """How a hidden number shows: f, its slope, and f as LaTeX."""

    look: Callable
    slope: Callable
    formula: str


class Parts(NamedTuple):
    """log p(x) and what it consists of, in nats; `elbo = reconstruction - kl = log_p_x - gap`."""

    log_p_x: float
    reconstruction: float
    kl: float
    gap: float

    @property
    def elbo(self):
        return self.reconstruction - self.kl


def softplus(z):
    """log(1 + exp(z)), for any z."""
    return np.logaddexp(0.0, z)


WORLDS = {
    "straight": World(lambda z: 0.8 * z, lambda z: np.full_like(z, 0.8), r"0.8 \, z"),
    "curved": World(lambda z: softplus(3 * z), lambda z: 1.5 * (1 + np.tanh(1.5 * z)), r"\operatorname{softplus}(3z)"),
    "folded": World(
        lambda z: softplus(3 * z) + softplus(-3 * z) - 2 * np.log(2),
        lambda z: 3 * np.tanh(1.5 * z),
        r"\operatorname{softplus}(3z) + \operatorname{softplus}(-3z) - 2 \log 2",
    ),
}


def log_p_normal(value, loc, scale):
    """log N(value; loc, scale squared), in nats."""
    return -(((value - loc) / scale) ** 2) / 2 - np.log(scale) - np.log(2 * np.pi) / 2


def log_p_x(world, x, z):
    """log p(x | z), in nats."""
    return log_p_normal(x, world.look(z), NOISE)


def expect(function, loc, scale, points=slice(None)):
    r"""$E_q[\text{function}(z)]$ for $q = N(\mu, \sigma^2)$; loc and scale broadcast to (...), as does the result."""
    eps, weights = EPS[points], WEIGHTS[points]
    z = np.asarray(loc)[..., None] + np.asarray(scale)[..., None] * eps
    return (function(z) * weights).sum(-1) / weights.sum()


def log_evidence(world, x):
    r"""$\log p(x) = \log \int p(x \mid z) \, p(z) \, dz$, in nats."""
    log_p = log_p_x(world, x, EPS)
    peak = log_p.max()
    return float(peak + np.log(np.exp(log_p - peak) @ WEIGHTS))


def log_posterior(world, x, z):
    r"""$\log p(z \mid x) = \log p(x \mid z) + \log p(z) - \log p(x)$, by Bayes' rule."""
    return log_p_x(world, x, z) + log_p_normal(z, 0.0, 1.0) - log_evidence(world, x)


def kl_normal(q_loc, q_scale, p_loc, p_scale):
    """The KL of two Gaussians, in nats: the twin of `elbo.kl_normal` in NumPy."""
    return np.log(p_scale / q_scale) + (q_scale**2 + (q_loc - p_loc) ** 2) / (2 * p_scale**2) - 0.5


def parts(world, x, loc, scale):
    r"""log p(x) and its parts; three integrals and a closed form, each on its own.

    $$
    \begin{aligned}
    \log p(x) = {} & E_q[\log p(x \mid z)]            \quad \text{reconstruction} \\
               {-} & \mathrm{KL}(q(z) \,\|\, p(z))        \quad \text{KL} \\
               {+} & \mathrm{KL}(q(z) \,\|\, p(z \mid x)) \quad \text{gap}
    \end{aligned}
    $$

    Args:
        world: one of `WORLDS`.
        x: the frame, a number.
        loc, scale: of q, the scale above 0.

    Returns:
        `Parts`.

    Raises:
        ValueError: the scale is not above 0.
    """
    if not scale > 0:
        raise ValueError(f"The standard deviation of q must be above 0: got {scale:g}.")
    reconstruction = expect(lambda z: log_p_x(world, x, z), loc, scale)
    kl = kl_normal(loc, scale, 0.0, 1.0)
    gap = expect(lambda z: log_p_normal(z, loc, scale) - log_posterior(world, x, z), loc, scale)
    return Parts(log_evidence(world, x), float(reconstruction), float(kl), float(gap))


def elbo(world, x, loc, scale, points=slice(None)):
    """The bound of many guesses at once: loc and scale broadcast to (...), as does the result, in nats."""
    reconstruction = expect(lambda z: log_p_x(world, x, z), loc, scale, points)
    return reconstruction - kl_normal(loc, scale, 0.0, 1.0)


def best(world, x):
    """All guesses that no small change improves, the best first: (loc, scale) of each.

    Each local peak of the bound on a coarse grid, and then windows around it, each smaller than the last.
    """
    locs, scales = COARSE
    surface = elbo(world, x, locs[:, None], scales, SEEK)
    rows, columns = surface.shape
    padded = np.pad(surface, 1, constant_values=-np.inf)
    around = [padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    peaks = np.argwhere(surface == np.max(around, axis=0))
    found = [_zoom(world, x, locs[i], scales[j]) for i, j in peaks]
    distinct = {(round(loc, 5), round(scale, 5)): (loc, scale) for loc, scale in found}
    return sorted(distinct.values(), key=lambda one: -elbo(world, x, *one))


def _zoom(world, x, loc, scale):
    """The top of the hill on which this guess stands."""
    width, factor = COARSE[0][1] - COARSE[0][0], np.log(COARSE[1][1] / COARSE[1][0])
    window = np.linspace(-1, 1, 9)
    for _ in range(ZOOMS):
        locs, scales = loc + width * window, scale * np.exp(factor * window)
        i, j = np.unravel_index(elbo(world, x, locs[:, None], scales, SEEK).argmax(), (9, 9))
        loc, scale, width, factor = locs[i], scales[j], SHRINK * width, SHRINK * factor
    return float(loc), float(scale)
