"""What one can count in rolls, real ones and drawn ones: four voices, clashes, repeated chords, kinship over time."""

from typing import NamedTuple

import numpy as np

from dmm.data.piece import LOWEST

VOICES, LAGS = 4, (1, 8, 16, 32)
LONGEST, DRAWN = 256, 700  # beats of a draw at most; a stream of random numbers


class Count(NamedTuple):
    """A mean over pieces, and its standard error; nan where no piece, or only one, has the thing to count."""

    mean: float
    error: float


def crowded(roll) -> np.ndarray:
    """Beats on which more than four keys sound."""
    return roll.sum(1) > VOICES


def clashing(roll) -> np.ndarray:
    """Beats on which two neighbouring keys sound together."""
    return (roll[:, 1:].astype(bool) & roll[:, :-1].astype(bool)).any(1)


def repeated(roll) -> np.ndarray:
    """Beats, from the second on, whose keys are all those of the beat before."""
    return (roll[1:] == roll[:-1]).all(1)


def kinship(roll, lag: int) -> np.ndarray:
    """How alike the pitch classes of two beats are: the cosine of their two sets, 0 for none in common, 1 for the same.

    Pairs of beats `lag` apart, without those of which one is silent.
    """
    sets = np.zeros((len(roll), 12))
    t, keys = np.nonzero(roll)
    sets[t, (keys + LOWEST) % 12] = 1
    first, second = sets[: max(0, len(roll) - lag)], sets[lag:]
    sizes = np.sqrt(first.sum(1) * second.sum(1))
    return (first * second).sum(1)[sizes > 0] / sizes[sizes > 0]


COUNTS = {
    "more than four keys sound": crowded,
    "two neighbouring keys clash": clashing,
    "the chord is that of the beat before": repeated,
}


def count(rolls, what) -> Count:
    """The mean over pieces of what a function finds, piece by piece."""
    means = np.array([found.mean() for roll in rolls if len(found := what(roll))])
    if not len(means):
        return Count(np.nan, np.nan)
    return Count(float(means.mean()), float(means.std(ddof=1) / np.sqrt(len(means))) if len(means) > 1 else np.nan)


def draw_like(dmm, rolls, seed: int = 0) -> list[np.ndarray]:
    """As many pieces from the model alone, each as long as a roll, up to 256 beats."""
    from dmm.batches import make_generator

    lengths = [min(len(roll), LONGEST) for roll in rolls]
    x = dmm.sample(max(lengths), make_generator(seed, DRAWN), len(rolls))[-1].numpy().astype(np.uint8)
    return [piece[:length] for piece, length in zip(x, lengths, strict=True)]
