r"""What a few answers say: counts of them, and which chances they leave open.

Clopper and Pearson's interval for $k$ of $n$ at level $1 - \alpha$ goes from $p_-$ to $p_+$, where

$$
\begin{aligned}
P(K \geq k \mid p_-) &= \alpha / 2 && K \sim \operatorname{Binomial}(n, p) \\
P(K \leq k \mid p_+) &= \alpha / 2
\end{aligned}
$$

Whatever the true chance is, an interval made so holds it with a probability of at least $1 - \alpha$.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

LEVEL = 0.95
HALVINGS = 50


class Answer(NamedTuple):
    """Who played, who was named, and after how many updates the model drew it, if it was the model."""

    voice: str
    said: str
    step: int | None = None


def tally(answers: Sequence[Answer], voices: Sequence[str]) -> dict[tuple[str, int | None], tuple[int, ...]]:
    """How often each of `voices` was named: by who played and the step, in the order of voices and steps.

    >>> tally([Answer("b", "a"), Answer("b", "b"), Answer("a", "a", 7)], "ab")
    {('a', 7): (1, 0), ('b', None): (1, 1)}
    """
    heard = {(one.voice, one.step) for one in answers}
    order = sorted(heard, key=lambda who: (voices.index(who[0]), who[1] or 0))
    said = {who: [one.said for one in answers if (one.voice, one.step) == who] for who in order}
    return {who: tuple(map(words.count, voices)) for who, words in said.items()}


@lru_cache(1000)
def interval(k: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """The lowest and the highest chance that k of n leave open; 0 and 1 if there are none.

    Raises:
        ValueError: k is not from 0 to n.

    >>> [round(end, 4) for end in interval(5, 10)]
    [0.1871, 0.8129]
    """
    if not 0 <= k <= n:
        raise ValueError(f"got {k} of {n}, expected 0 to {n}")
    tail = (1 - level) / 2
    low = _where(lambda p: at_least(k, n, p) > tail) if k else 0.0
    high = _where(lambda p: at_least(k + 1, n, p) > 1 - tail) if k < n else 1.0
    return low, high


def at_least(k: int, n: int, p: float) -> float:
    """The probability of k or more of n at a chance p."""
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


def _where(is_beyond):
    """Where something that is true for all large numbers, 0..1, begins to be."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_beyond(middle) else (middle, high)
    return (low + high) / 2
