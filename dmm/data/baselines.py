r"""What a score is worth: three models that know no music, in nats per frame.

Each gives every key $k$ of a frame its own probability. Counts come from the training split, with 1/2 added
to each count and 1 to each total (the estimate of Krichevsky and Trofimov), so that no probability is 0.
"""

import math
from collections.abc import Sequence

import numpy as np

Rolls = Sequence[np.ndarray]  # piano rolls (T_n, X), 0 or 1 per key


def coin_flips(rolls: Rolls) -> float:
    """Every key by the toss of a coin: X log 2 nats per frame, whatever the music.

    >>> round(coin_flips([np.zeros((3, 88))]), 3)
    60.997
    """
    return rolls[0].shape[1] * math.log(2)


def independent_keys(train: Rolls, test: Rolls) -> float:
    r"""Every key by how often it sounds in the training split.

    $$
    p_k = \frac{n_k + 1/2}{n + 1}
    $$

    Args:
        train: piano rolls (T_n, X), 0 or 1; n frames in all, in n_k of which key k sounds.
        test: piano rolls (T_n, X) to be scored.

    Returns:
        Minus the log-likelihood of `test`, in nats per frame.
    """
    on, total = _sounding(train)
    return _nats_per_frame(_frames(test), (on + 0.5) / (total + 1))


def markov_keys(train: Rolls, test: Rolls) -> float:
    r"""Every key by how often it sounds after it did, and after it did not, one frame before.

    $$
    p_k(j) = \frac{n_k(j \to 1) + 1/2}{n_k(j) + 1}, \qquad j = x_{t-1,k}
    $$

    Transitions are counted inside the training sequences only, from their second frame on. In a sequence that
    is scored, the frame before the first is silence.

    Args:
        train: piano rolls (T_n, X), 0 or 1.
        test: piano rolls (T_n, X) to be scored.

    Returns:
        Minus the log-likelihood of `test`, in nats per frame.
    """
    before, after = _frames([roll[:-1] for roll in train]), _frames([roll[1:] for roll in train])
    p_after_on = ((before * after).sum(0) + 0.5) / (before.sum(0) + 1)  # (X,)
    p_after_off = (((1 - before) * after).sum(0) + 0.5) / ((1 - before).sum(0) + 1)
    x_prev = _frames([np.concatenate([np.zeros_like(roll[:1]), roll[:-1]]) for roll in test])
    return _nats_per_frame(_frames(test), np.where(x_prev == 1, p_after_on, p_after_off))


def log_odds(train: Rolls) -> np.ndarray:
    r"""The log-odds $\log p_k / (1 - p_k)$ of `independent_keys`, (X,) float64: where emission biases start.

    Finite for every key, those that never sound in `train` included.
    """
    on, total = _sounding(train)
    return np.log(on + 0.5) - np.log(total - on + 0.5)


def _frames(rolls: Rolls) -> np.ndarray:
    """All frames of all rolls, one under the other, (sum of T_n, X) float64."""
    return np.concatenate([np.asarray(roll, dtype=np.float64) for roll in rolls])


def _sounding(rolls: Rolls) -> tuple[np.ndarray, int]:
    """In how many frames each key sounds, (X,), and the number of frames."""
    frames = _frames(rolls)
    return frames.sum(0), len(frames)


def _nats_per_frame(x: np.ndarray, p: np.ndarray) -> float:
    """Minus log p(x), summed over keys, averaged over frames."""
    return float(-np.where(x == 1, np.log(p), np.log1p(-p)).sum(-1).mean())
