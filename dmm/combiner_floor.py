r"""What the combiner's form costs a structured network on a linear Gaussian model, in closed form but for one number.

The `Combiner` adds what it hears, so in a linear world its guess is

$$
q(z_t \mid z_{t-1}, x) = N(a z_{t-1} + b_t(x), s_t^2) \quad \text{with the same weight } a \text{ at every } t \ge 2
$$

The exact posterior's weight is not the same at every $t$: near the end fewer frames are still to come, and $z_{t-1}$
counts for more. So a network that sees all that it needs stops a little above the exact value. With $L z = z_t - a
z_{t-1}$, $M = L^{-\top} \Lambda L^{-1}$ and triangular roots $C^\top C = M$, $S S^\top = \Sigma_x$ the lowest gap is

$$
\min_a \frac{1}{2T} \Big( \sum_t \log M_{tt} - \log |\Lambda| + \| P \|^2 \Big), \qquad
    P = \text{the half of } C L G S \text{ that } b_t \text{ cannot see}
$$

The letters and the roots are those of `floors.py`.
"""

from typing import NamedTuple

import numpy as np

from dmm import floors

SEES = {"st-l": "past", "st-r": "future", "st-lr": "all"}  # what b_t looks at directly
STEPS = 60  # of the search for a: each takes a third off the interval


class CombinerFloor(NamedTuple):
    """The weight a of the best combiner, how far its bound ends above the exact one (nats per frame), and its RMSE."""

    weight: float
    gap: float
    rmse: float


def combiner_floor(model, frames, family):
    """The best that a network with an additive combiner can reach.

    >>> from dmm.systems import linear
    >>> best = combiner_floor(linear(), 25, "st-r")
    >>> round(best.gap, 4), round(best.rmse, 3)
    (0.0047, 3.717)

    Args:
        model: a `LinearGaussian` with z_dim and x_dim 1.
        frames: T.
        family: "st-l", "st-r" or "st-lr".

    Returns:
        `CombinerFloor`; its gap holds the blind gap of `floors.floor` as well.

    Raises:
        ValueError: the family is not one of the three, or as `floors.influence`.
    """
    if family not in SEES:
        raise ValueError(
            f"Only structured networks have a combiner: got {family!r}, expected one of {', '.join(SEES)}."
        )
    G = floors.influence(model, frames)
    precision = floors.best(model, frames, "st-r").precision
    H, R = model.H[0, 0], model.R[0, 0]
    x_cov = H**2 * np.linalg.inv(precision - H**2 / R * np.eye(frames)) + R * np.eye(frames)

    def lost(a):
        return _lost(a, G, precision, x_cov, SEES[family])[0]

    low, high = _bracket(lost)
    for _ in range(STEPS):
        third = (high - low) / 3
        low, high = (low, high - third) if lost(low + third) < lost(high - third) else (low + third, high)
    gap, missed = _lost((low + high) / 2, G, precision, x_cov, SEES[family])
    squared = (np.trace(np.linalg.inv(precision)) + (missed**2).sum()) / frames
    return CombinerFloor(float((low + high) / 2), float(gap), float(np.sqrt(squared)))


def _lost(a, G, precision, x_cov, sees):
    """The lowest gap with this weight, in nats per frame, and how far the means are off, times a root of x_cov."""
    frames = len(G)
    inverse = np.linalg.inv(np.eye(frames) - a * np.eye(frames, k=-1))
    M = inverse.T @ precision @ inverse
    variances = np.log(np.diag(M)).sum() - np.linalg.slogdet(precision)[1]
    if sees == "all":
        return variances / (2 * frames), np.zeros_like(G)
    if sees == "past":
        C, S, unseen = floors.upper_root(M).T, np.linalg.cholesky(x_cov), np.triu(np.ones_like(G), 1)
    else:
        C, S, unseen = np.linalg.cholesky(M).T, floors.upper_root(x_cov), np.tril(np.ones_like(G), -1)
    P = unseen * (C @ np.linalg.solve(inverse, G @ S))
    return (variances + (P**2).sum()) / (2 * frames), inverse @ np.linalg.solve(C, P)


def _bracket(lost):
    """An interval around the lowest point of a coarse search."""
    weights = np.linspace(-2, 2, 41)
    lowest = int(np.argmin([lost(a) for a in weights]))
    return weights[max(0, lowest - 1)], weights[min(40, lowest + 1)]
