r"""One model, many numbers: what becomes of the costs of single pieces, by the recipe. NumPy alone.

With $c_i$ what piece $i$ costs in nats, $T_i$ its frames, $N$ pieces:

$$
\begin{aligned}
\text{sum}          &= \textstyle\sum_i c_i                     && \text{nats} \\
\text{per sequence} &= \textstyle\frac1N \sum_i c_i             && \text{nats} \\
\text{per frame}    &= \textstyle\sum_i c_i / \sum_i T_i        && \text{as in } a \text{ and } (b) \\
\text{mean of means} &= \textstyle\frac1N \sum_i c_i / T_i      && \text{as in } \{c\}
\end{aligned}
$$

Source: Krishnan, Shalit & Sontag (2017), section 6.1.
"""

from typing import NamedTuple

import numpy as np

ACTIVE = 0.01  # nats per frame; a latent dimension whose KL is no higher is not used


class Numbers(NamedTuple):
    """The same pieces' costs by four recipes, in nats: summed, per sequence, per frame, and the mean of means."""

    total: float
    per_sequence: float
    per_frame: float
    mean_of_means: float


def numbers(costs, lengths) -> Numbers:
    """All four of the formulas.

    Args:
        costs: (N,) nats.
        lengths: (N,) frames.

    Raises:
        ValueError: there is no piece, or not as many costs as lengths, or a piece without frames.

    >>> numbers([10.0, 60.0], [2, 10])
    Numbers(total=70.0, per_sequence=35.0, per_frame=5.833333333333333, mean_of_means=5.5)
    """
    costs, lengths = np.asarray(costs, dtype=float), np.asarray(lengths)
    if not len(costs) or costs.shape != lengths.shape or lengths.min() < 1:
        raise ValueError(f"got costs of shape {costs.shape}, lengths {lengths.tolist()}, expected one of each a piece")
    total = costs.sum()
    return Numbers(*map(float, (total, costs.mean(), total / lengths.sum(), (costs / lengths).mean())))


def minus_log_mean(log_weights) -> np.ndarray:
    """What importance sampling says a piece costs: minus the log of the mean weight, over the last axis, in nats.

    >>> minus_log_mean(np.log([[1.0, 3.0], [2.0, 2.0]])).round(3).tolist()
    [-0.693, -0.693]
    """
    log_weights = np.asarray(log_weights, dtype=float)
    top = log_weights.max(-1, keepdims=True)  # so that the largest weight is 1, and no other overflows
    return -(top[..., 0] + np.log(np.exp(log_weights - top).mean(-1)))


def nll_by_draws(log_weights, counts) -> tuple[np.ndarray, np.ndarray]:
    r"""What importance sampling says a piece costs, for several numbers of draws.

    $$
    c_i = -\log \Big( \frac1S \sum_{s=1}^S \frac{p(x_i, z_i^{(s)})}{q(z_i^{(s)} \mid x_i)} \Big)
    $$

    The draws are dealt into groups of S that share none; the answer is the mean over the groups.

    Args:
        log_weights: (N, M), of M draws for each of N pieces, nats.
        counts: the numbers of draws S, each at most M / 2.

    Returns:
        (N, C) costs in nats and (N, C) their standard errors, from how far the groups are apart.

    Raises:
        ValueError: a count is less than 1, or leaves fewer than two groups.

    Source: Krishnan, Shalit & Sontag (2017), Eq. 9; Burda, Grosse & Salakhutdinov (2016) for why it falls with S.
    """
    log_weights = np.asarray(log_weights, dtype=float)
    pieces, draws = log_weights.shape
    if min(counts) < 1 or max(counts) > draws / 2:
        raise ValueError(f"got counts {list(counts)} of {draws} draws, expected from 1 to {draws // 2}")
    costs, errors = [], []
    for count in counts:
        groups = log_weights[:, : draws // count * count].reshape(pieces, -1, count)
        each = minus_log_mean(groups)
        costs.append(each.mean(1))
        errors.append(each.std(1, ddof=1) / np.sqrt(each.shape[1]))
    return np.stack(costs, 1), np.stack(errors, 1)


def standard_error(costs, lengths) -> float:
    r"""How far nats per frame would move with other pieces of the same kind.

    $$
    \sqrt{\frac{N}{N - 1} \sum_i (c_i - r \, T_i)^2} \Big/ \sum_i T_i, \qquad r = \sum_i c_i \Big/ \sum_i T_i
    $$

    Args:
        costs: (N,) nats; or differences of two models on the same pieces, which move far less than either.
        lengths: (N,) frames.

    Returns:
        Nats per frame; nan for a single piece.

    Source: the linearised standard error of a ratio of means (Cochran, Sampling Techniques, section 2.11).
    """
    costs, lengths = np.asarray(costs, dtype=float), np.asarray(lengths, dtype=float)
    count, frames = len(costs), lengths.sum()
    residuals = costs - costs.sum() / frames * lengths
    return float(np.sqrt(count / (count - 1) * (residuals**2).sum()) / frames) if count > 1 else float("nan")
