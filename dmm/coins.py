r"""Coins that fall independently, one for each key: how uncertain a toss is, and how far two tosses differ.

$$
\begin{aligned}
H           &= -\sum_k p_k \log p_k + (1 - p_k) \log (1 - p_k) && \text{entropy, in nats} \\
E[\text{differ}] &= \sum_k 2 \, p_k (1 - p_k)                  && \text{keys in which two tosses differ} \\
E[n], \; \operatorname{Var}[n] &= \sum_k p_k, \; \sum_k p_k (1 - p_k) && \text{keys that sound}
\end{aligned}
$$
"""

import numpy as np


def entropy(p):
    """Of all coins of a frame together, in nats: (..., X) of 0..1 -> (...)."""
    p = np.asarray(p, dtype=float)
    return -sum(np.where(one > 0, one * np.log(np.where(one > 0, one, 1)), 0) for one in (p, 1 - p)).sum(-1)


def differing(p):
    """In how many keys two tosses of the same coins are expected to differ: (..., X) -> (...)."""
    return 2 * variance(p)


def variance(p):
    """Of the number of keys that sound: (..., X) -> (...)."""
    p = np.asarray(p, dtype=float)
    return (p * (1 - p)).sum(-1)


def toss(p, seed):
    """One toss of each coin, the same for the same seed: (..., X) uint8 of 0 and 1."""
    return (np.random.default_rng(seed).random(np.shape(p)) < p).astype(np.uint8)
