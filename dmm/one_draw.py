r"""What one draw says of the bound of `one_latent.py` and of its gradient, and how far such words scatter.

A draw is $\epsilon \sim N(0, 1)$ and $z = \mu + \sigma \epsilon$. A spread is exact: a sum over the grid of $\epsilon$.
"""

import numpy as np

from dmm.one_latent import EPS, NOISE, WEIGHTS, kl_normal, log_p_normal, log_p_x

CLIP = 10.0  # the most that an entry of the gradient counts in one step, as in Pyro's ClippedAdam


def bound_sampled(world, x, loc, scale, eps):
    r"""The bound from each draw, with the sampled KL: (N,), nats.

    $$
    \log p(x \mid z) - \bigl( \log q(z) - \log p(z) \bigr)
    $$
    """
    z = loc + scale * eps
    return log_p_x(world, x, z) - (log_p_normal(z, loc, scale) - log_p_normal(z, 0.0, 1.0))


def bound_analytic(world, x, loc, scale, eps):
    r"""The bound from each draw, with the KL in closed form: (N,), nats.

    $$
    \log p(x \mid z) - \mathrm{KL}(q \,\|\, p)
    $$
    """
    return log_p_x(world, x, loc + scale * eps) - kl_normal(loc, scale, 0.0, 1.0)


def slope(world, x, z):
    r"""$\partial \log p(x \mid z) / \partial z$: how much better z explains x, if it grows a little."""
    return world.slope(z) * (x - world.look(z)) / NOISE**2


def gradient_inside(world, x, loc, scale, eps):
    r"""The gradient of $E_q[\log p(x \mid z)]$ from each draw, reparameterised: (2, N), by the mean and the scale.

    $$
    \frac{\partial}{\partial \mu} = \frac{\partial \log p(x \mid z)}{\partial z}, \qquad
    \frac{\partial}{\partial \sigma} = \frac{\partial \log p(x \mid z)}{\partial z} \, \epsilon
    $$
    """
    by_z = slope(world, x, loc + scale * eps)
    return np.stack([by_z, by_z * eps])


def gradient_score(world, x, loc, scale, eps):
    r"""The same gradient by the score function, which needs no slope of the model: (2, N).

    $$
    \frac{\partial}{\partial \mu} = \log p(x \mid z) \, \frac{\epsilon}{\sigma}, \qquad
    \frac{\partial}{\partial \sigma} = \log p(x \mid z) \, \frac{\epsilon^2 - 1}{\sigma}
    $$
    """
    log_p = log_p_x(world, x, loc + scale * eps)
    return np.stack([log_p * eps, log_p * (eps**2 - 1)]) / scale


def kl_gradient_sampled(loc, scale, eps):
    r"""The gradient of $\log q(z) - \log p(z)$ at each draw: (2, N), by the mean and the scale."""
    z = loc + scale * eps
    return np.stack([z, z * eps - 1 / scale])


def kl_gradient_analytic(loc, scale):
    r"""The gradient of $\mathrm{KL}(q \,\|\, p)$, without a draw: (2, 1), by the mean and the scale."""
    return np.array([[loc], [scale - 1 / scale]])


def spread(estimate, world, x, loc, scale):
    """The standard deviation of an estimate from one draw, exactly; one number, or two for a gradient."""
    values = estimate(world, x, loc, scale, EPS)
    mean = values @ WEIGHTS
    return np.sqrt(((values - mean[..., None]) ** 2) @ WEIGHTS)


def ascend(world, x, loc, scale, eps, rate):
    r"""One step of stochastic gradient ascent on the bound; the mean over the draws, and log sigma keeps sigma above 0.

    $$
    \begin{aligned}
    z           &= \mu + \sigma \epsilon, \qquad \epsilon \sim N(0, 1) \\
    \mu         &\leftarrow \mu + \eta \Bigl( \frac{\partial \log p(x \mid z)}{\partial z} - \mu \Bigr) \\
    \log \sigma &\leftarrow \log \sigma
                   + \eta \Bigl( \frac{\partial \log p(x \mid z)}{\partial z} \, \sigma \epsilon + 1 - \sigma^2 \Bigr)
    \end{aligned}
    $$

    Args:
        loc, scale: of q now.
        eps: (N,), draws from N(0, 1).
        rate: eta, the learning rate.

    Returns:
        loc and scale of q after the step; no entry of the gradient counts for more than 10.
    """
    gradient = gradient_inside(world, x, loc, scale, eps) - kl_gradient_analytic(loc, scale)  # (2, N)
    by_loc, by_scale = gradient.mean(1)
    d_loc, d_log_scale = rate * np.clip([by_loc, scale * by_scale], -CLIP, CLIP)
    return float(loc + d_loc), float(scale * np.exp(d_log_scale))
