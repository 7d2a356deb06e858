r"""Where a chain of Gaussian steps may have got to after $t$ steps, exactly, for one latent dimension.

$$
p(z_t \mid z_1) = \int p(z_t \mid z_{t-1}) \, p(z_{t-1} \mid z_1) \, d z_{t-1}, \qquad
p(z_t \mid z_{t-1}) = N\bigl(\mu(z_{t-1}), \sigma(z_{t-1})^2\bigr)
$$

The integral is a sum over a fine grid. Each step is a bell. Their mixture is one too if $\mu$ is a straight line and
$\sigma$ the same everywhere; if not, it need not be.

Three steps to compare, each the one-dimensional case of a module, with weights set by hand and one constant scale:
`linear` of `variants.LinearTransition`, `mlp` of `variants.MLPTransition`, `gated` of `model.GatedTransition`.
"""

import numpy as np

GRID = np.linspace(-12, 12, 481)
LEAK = 1e-6  # of the mass may fall beside the grid
LOW = 0.01  # of the highest point; lower bumps are no humps

A = 0.8  # what the linear step keeps
NETWORK = ([1.0, 1.0], [1.5, -1.5], [2.0, -2.0], -3.0)  # relu units: weights, biases; last weights, bias: -3..3
GATE = ([1.0, -1.0], [0.0, 0.0], [4.0, 4.0], -6.0)  # shut near 0, half open at 1.5, open beyond


def linear(scale):
    """A straight step: from z_{t-1}, (S,), to the mean and the standard deviation of z_t."""
    return lambda z: (A * z, np.full_like(z, scale))


def mlp(scale):
    """A network's step: two relu units, so that the mean rises from -3 to 3, and is flat on both sides."""
    return lambda z: (relu_network(NETWORK, z), np.full_like(z, scale))


def gated(scale):
    """A gated step: the same network proposes, and the gate is shut near 0, where the state stays."""

    def step(z):
        g = openness(z)
        return (1 - g) * z + g * relu_network(NETWORK, z), np.full_like(z, scale)

    return step


STEPS = {"linear": linear, "mlp": mlp, "gated": gated}


def openness(z):
    """How far the gate of `gated` is open: (S,) of 0..1."""
    return 1 / (1 + np.exp(-relu_network(GATE, z)))


def relu_network(weights, z):
    """One hidden layer of relu units: (S,) -> (S,)."""
    first, bias, last, end = (np.asarray(part) for part in weights)
    return np.maximum(z[..., None] * first + bias, 0) @ last + end


def densities(step, z_1, frames, grid=GRID):
    """p(z_t | z_1) for t = 2..frames: (frames - 1, G), per unit of z.

    Args:
        step: from (S,) to the mean and the standard deviation of the next state, (S,) both.
        z_1: where the chain starts.
        frames: T, at least 2.
        grid: (G,), equally spaced, no wider apart than the narrowest bell.

    Raises:
        ValueError: more than 1e-6 of the mass falls beside the grid, or between its points.
    """
    spacing = grid[1] - grid[0]
    kernel = bell(grid[None], *(part[:, None] for part in step(grid))) * spacing  # from (row) to (column)
    density = [bell(grid, *step(np.array([float(z_1)])))]
    for _ in range(frames - 2):
        density.append(density[-1] @ kernel)
    worst = np.abs(1 - np.sum(density, axis=1) * spacing).max()
    if worst > LEAK:
        ends = f"{grid[0]:g} to {grid[-1]:g}"
        raise ValueError(f"{worst:.2g} of the mass is lost on the grid from {ends}, expected at most {LEAK:g}.")
    return np.array(density)


def draw_paths(step, z_1, noise):
    """Chains that are drawn step by step: noise (N, T - 1) of mean 0 and variance 1 -> (N, T), all from z_1."""
    path = [np.full(len(noise), float(z_1))]
    for eps in np.asarray(noise).T:
        loc, scale = step(path[-1])
        path.append(loc + scale * eps)
    return np.stack(path, axis=1)


def moments(density, grid=GRID):
    """Mean and standard deviation of a density on the grid: (G,) -> two numbers."""
    spacing = grid[1] - grid[0]
    mean = density @ grid * spacing
    return mean, np.sqrt(density @ (grid - mean) ** 2 * spacing)


def away_from_bell(density, grid=GRID):
    """The share of the mass, 0..1, that one must move to make the density the bell of its own mean and width."""
    return np.abs(density - bell(grid, *moments(density, grid))).sum() * (grid[1] - grid[0]) / 2


def humps(density):
    """How many local peaks a density (G,) has that are higher than a hundredth of the highest.

    >>> humps(bell(GRID, -2, 1) + bell(GRID, 2, 1)), humps(bell(GRID, -0.5, 1) + bell(GRID, 0.5, 1))
    (2, 1)
    """
    inner = density[1:-1]
    peak = (inner > density[:-2]) & (inner >= density[2:]) & (inner > LOW * density.max())
    return int(peak.sum())


def bell(z, loc, scale):
    """The density of N(loc, scale squared)."""
    return np.exp(-(((z - loc) / scale) ** 2) / 2) / (scale * np.sqrt(2 * np.pi))
