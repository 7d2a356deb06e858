r"""A linear probe: ridge regression in closed form.

With the inputs $a_n$ standardised on the beats that it is fitted to, and the targets $y_n$ (numbers, or 1 for the
right class and 0 for all others) less their mean $\bar y$,

$$
\min_W \; \frac1N \sum_{n=1}^{N} \lVert y_n - \bar y - W^\top a_n \rVert^2 + \lambda \lVert W \rVert^2
\quad\Rightarrow\quad
W = \Bigl( \frac1N \sum_n a_n a_n^\top + \lambda I \Bigr)^{-1} \frac1N \sum_n a_n (y_n - \bar y)^\top
$$

For classes the readings $\bar y + W^\top a$ sum to 1, as probabilities do; but a straight line may leave 0..1.
"""

from typing import NamedTuple

import numpy as np


class Probe(NamedTuple):
    """A fitted probe: `mean` and `scale` (D,) of its inputs, `weights` (D, K) per standard deviation, `bias` (K,)."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    def read(self, inputs: np.ndarray) -> np.ndarray:
        """What the probe says: (..., D) -> (..., K)."""
        return (inputs - self.mean) / self.scale @ self.weights + self.bias


def fit(inputs: np.ndarray, targets: np.ndarray, ridge: float) -> Probe:
    """The probe that minimises the formula.

    Args:
        inputs: (N, D). One that never changes gets the weight 0.
        targets: (N, K).
        ridge: lambda, above 0.

    Raises:
        ValueError: there is no beat, the two have different numbers of beats, or the ridge is not positive.
    """
    if len(inputs) != len(targets) or not len(inputs):
        raise ValueError(f"got {len(inputs)} inputs and {len(targets)} targets, expected as many and at least one")
    if not ridge > 0:
        raise ValueError(f"got ridge {ridge}, expected more than 0")
    inputs = np.asarray(inputs, dtype=float)
    mean, scale = inputs.mean(0), inputs.std(0)
    scale = np.where(scale > 1e-9 * (1 + abs(mean)), scale, 1.0)
    a, bias = (inputs - mean) / scale, targets.mean(0)
    gram = a.T @ a / len(a) + ridge * np.eye(a.shape[1])
    return Probe(mean, scale, np.linalg.solve(gram, a.T @ (targets - bias) / len(a)), bias)


def one_hot(classes: np.ndarray, names: np.ndarray) -> np.ndarray:
    """1 in the column of the class, 0 elsewhere: (N,) and (K,) -> (N, K).

    >>> one_hot(np.array([5, 2, 5]), np.array([2, 5])).tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """
    return (np.asarray(classes)[:, None] == names).astype(float)
