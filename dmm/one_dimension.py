r"""The linear Gaussian model with one hidden number and one seen: small enough to follow by hand.

$$
\begin{aligned}
z_t &= a z_{t-1} + \varepsilon_t, & \varepsilon_t &\sim N(0, Q), \qquad z_0 = 0 \\
x_t &= c z_t + \eta_t,            & \eta_t        &\sim N(0, R)
\end{aligned}
$$

Q and R are variances, in units of z and x squared. In the letters of `linear_gaussian.py`, F is a and H is c.
"""

import numpy as np

from dmm import linear_gaussian


def make_model(a, c, Q, R):
    """The same model in the letters of `linear_gaussian.py`; as z_0 is 0, the first state has variance Q.

    Raises:
        ValueError: a number is not finite, or a variance is not above 0.
    """
    return linear_gaussian.make_linear_gaussian(F=a, Q=Q, H=c, R=R, mean_1=[0.0], cov_1=Q)


def draw(model, frames, seed, longest=200):
    """One run of the world: z and x, each (T,).

    The same seed gives the same random numbers, whatever the model and however many frames are kept: what differs
    between two runs is the work of what was changed.

    Raises:
        ValueError: frames is not 1 to `longest`.
    """
    if not 1 <= frames <= longest:
        raise ValueError(f"frames must be 1 to {longest:,}: got {frames:,}.")
    z, x = linear_gaussian.sample(model, 1, longest, np.random.default_rng(seed))
    return z[0, :frames, 0], x[0, :frames, 0]


def log_likelihood(a, c, Q, R, x, observed=None):
    r"""How likely the frames are, for many values of a parameter at once: Kalman's filter in plain numbers.

    $$
    \begin{aligned}
    m_t^- &= a m_{t-1}, \qquad P_t^- = a^2 P_{t-1} + Q                            && \text{predict} \\
    S_t   &= c^2 P_t^- + R, \qquad K_t = c P_t^- / S_t                            && \text{gain} \\
    m_t   &= m_t^- + K_t (x_t - c m_t^-), \qquad P_t = P_t^- R / S_t              && \text{correct} \\
    \log p(x_{1:T}) &= -\tfrac12 \sum_t \bigl( \log 2 \pi S_t + (x_t - c m_t^-)^2 / S_t \bigr)
    \end{aligned}
    $$

    Args:
        a, c, Q, R: numbers, or arrays that broadcast to one shape (...).
        x: (T,).
        observed: (T,), 1 where x was seen and 0 where it is missing; None for all seen.

    Returns:
        (...), nats, summed over the frames that were seen.

    Differs: $P_t$ is written without a difference of two near numbers; it is $(1 - K_t c) P_t^-$.
    """
    m = P = total = np.zeros(np.broadcast_shapes(*(np.shape(one) for one in (a, c, Q, R))))
    for x_t, seen in zip(x, np.ones(len(x)) if observed is None else observed, strict=True):
        m, P = a * m, a**2 * P + Q
        if seen:
            S = c**2 * P + R
            surprise = x_t - c * m
            m, P = m + c * P / S * surprise, P * R / S
            total = total - (np.log(2 * np.pi * S) + surprise**2 / S) / 2
    return total


def middle(frames, most=10):
    """(T,), 1 but for some frames in the middle: at most half of them, and at most ten."""
    count = min(most, frames // 2)
    first = (frames - count) // 2
    observed = np.ones(frames, dtype=int)
    observed[first : first + count] = 0
    return observed


def straight(a, Q):
    """The step of this model: from z_{t-1}, (S,), to the mean and the standard deviation of z_t."""
    return lambda z: (a * z, np.full_like(z, np.sqrt(Q)))


def curved(Q):
    """A step along a curve, z + 2 sin z, with the same noise."""
    return lambda z: (z + 2 * np.sin(z), np.full_like(z, np.sqrt(Q)))


def gated(seed, width=8):
    """A gated transition of one dimension, as `model.GatedTransition` computes it, with weights drawn at random.

    The weights are drawn wider than training begins with, so that the curve bends where one can see it.
    """
    gate, proposal, (weight, bias) = gated_weights(seed, width)

    def step(z):
        g = 1 / (1 + np.exp(-_mlp(gate, z)))
        h = _mlp(proposal, z)
        return (1 - g) * z + g * h, np.log1p(np.exp(weight * np.maximum(h, 0) + bias)) + 1e-4

    return step


def gated_weights(seed, width):
    """Of the gate and of the proposal: first weights, biases, last weights, bias. Of the scale: weight and bias."""
    rng = np.random.default_rng(seed)
    two = [(rng.normal(0, 1.5, width), rng.normal(0, 2.5, width), rng.normal(0, 0.7, width), 0.0) for _ in range(2)]
    return (*two, (0.15, -0.5))


def _mlp(weights, z):
    """One hidden layer of relu units."""
    first, bias, last, end = weights
    return np.maximum(z[..., None] * first + bias, 0) @ last + end
