r"""How well a probe reads pieces that it was not fitted to, with a standard error over pieces.

Beats of one piece are not independent, so a piece counts as one. For classes the score is the share of beats that are
read right, averaged over the pieces. For numbers it is the share of the variance that is explained,

$$
1 - \frac{\sum_i \sum_t (y_{it} - \hat y_{it})^2}{\sum_i \sum_t (y_{it} - \bar y)^2}
$$

with $\bar y$ the mean of what the probe was fitted to: 0 for who always says that mean, below 0 for worse. Standard
errors leave out one piece at a time (the jackknife); for a mean over pieces that is its usual standard error.

Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 11.
"""

from typing import NamedTuple

import numpy as np


class Marks(NamedTuple):
    """What each test piece adds to a score: `parts` over `wholes`, both (P,); `pooled` if they are summed up first."""

    parts: np.ndarray
    wholes: np.ndarray
    pooled: bool


class Score(NamedTuple):
    """A score and its standard error over test pieces, nan where there is one piece only."""

    value: float
    error: float


def mark_classes(readings, answers, names) -> Marks:
    """Beats read right; the reading (T, K) of each piece says the class of its largest number.

    Args:
        readings: P arrays (T, K).
        answers: P arrays (T,) of classes; one that is not among the names is always read wrong.
        names: (K,) the class of each column.
    """
    right = [(names[reading.argmax(1)] == answer).sum() for reading, answer in zip(readings, answers, strict=True)]
    return Marks(np.array(right, float), np.array([len(answer) for answer in answers], float), pooled=False)


def mark_numbers(readings, answers, mean: float) -> Marks:
    """Squared errors of readings (T, 1), and of saying the mean: what is explained is 1 less their ratio."""
    wrong = [((reading[:, 0] - answer) ** 2).sum() for reading, answer in zip(readings, answers, strict=True)]
    spread = [((answer - mean) ** 2).sum() for answer in answers]
    return Marks(np.array(spread) - np.array(wrong), np.array(spread), pooled=True)


def score(marks: Marks) -> Score:
    """The score of a probe."""
    return _jackknife(marks)


def difference(one: Marks, other: Marks) -> Score:
    """By how much one score is above another on the same pieces; the error is that of the difference."""
    return _jackknife(one, other)


def _jackknife(*both: Marks) -> Score:
    """The score of the first, less that of the second if there is one."""
    whole = _minus([_total(marks) for marks in both])
    P = len(both[0].parts)
    if P < 2:
        return Score(float(whole), np.nan)
    without = _minus([_without_each(marks) for marks in both])
    return Score(float(whole), float(np.sqrt((P - 1) / P * ((without - without.mean()) ** 2).sum())))


def _minus(values):
    return values[0] - values[1] if len(values) > 1 else values[0]


def _total(marks):
    return _over(marks.parts.sum(), marks.wholes.sum()) if marks.pooled else (marks.parts / marks.wholes).mean()


def _without_each(marks):
    """The score without piece i, for each i: (P,)."""
    if marks.pooled:
        return _over(marks.parts.sum() - marks.parts, marks.wholes.sum() - marks.wholes)
    shares = marks.parts / marks.wholes
    return (shares.sum() - shares) / (len(shares) - 1)


def _over(parts, wholes):
    """The ratio; 0 where there is nothing to explain."""
    return np.divide(parts, wholes, out=np.zeros_like(np.asarray(parts, float)), where=np.asarray(wholes) > 0)
