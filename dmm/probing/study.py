"""One question, put to several inputs: each probe is fitted to the training pieces and judged on the test pieces."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dmm.probing import scores
from dmm.probing.ridge import Probe, fit, one_hot
from dmm.probing.scores import Marks
from dmm.probing.targets import SOON, Target

LAGS = range(-SOON, SOON + 1)


class Inputs(NamedTuple):
    """What a probe looks at: for each training and each test piece an array (T, D)."""

    train: list[np.ndarray]
    test: list[np.ndarray]


class Answers(NamedTuple):
    """What is right: for each training and each test piece (T,). `names` (K,) are the classes that the training pieces
    have, empty for a number."""

    train: list[np.ndarray]
    test: list[np.ndarray]
    names: np.ndarray


def answers_of(target: Target, train, test) -> Answers:
    """The answers of pieces that all have one."""
    known = [target.of(piece) for piece in train], [target.of(piece) for piece in test]
    return Answers(*known, np.unique(np.concatenate(known[0])) if target.classes else np.empty(0))


def train_probe(inputs: Inputs, answers: Answers, ridge: float) -> Probe:
    """A probe of the training pieces; test pieces play no part."""
    right = np.concatenate(answers.train)
    targets = one_hot(right, answers.names) if len(answers.names) else right[:, None]
    return fit(np.concatenate(inputs.train), targets, ridge)


def judge(inputs: Inputs, answers: Answers, ridge: float) -> Marks:
    """The marks of a probe on the test pieces."""
    probe = train_probe(inputs, answers, ridge)
    return mark([probe.read(piece) for piece in inputs.test], answers)


def baseline(answers: Answers) -> Marks:
    """Of who always says the commonest class, or the mean, of the training pieces."""
    right = np.concatenate(answers.train)
    said = one_hot(right, answers.names).mean(0) if len(answers.names) else right.mean(keepdims=True)
    return mark([np.tile(said, (len(piece), 1)) for piece in answers.test], answers)


def control(inputs: Inputs, answers: Answers, ridge: float, rounds: int = 5) -> Marks:
    """The mean marks of probes that were fitted to shuffled answers, each time shuffled anew."""
    marks = [judge(inputs, shuffled(answers, seed), ridge) for seed in range(rounds)]
    parts, wholes = (np.mean([getattr(one, name) for one in marks], axis=0) for name in ("parts", "wholes"))
    return Marks(parts, wholes, marks[0].pooled)


def mark(readings, answers: Answers) -> Marks:
    """The marks of readings of the test pieces."""
    if len(answers.names):
        return scores.mark_classes(readings, answers.test, answers.names)
    return scores.mark_numbers(readings, answers.test, np.concatenate(answers.train).mean())


def shuffled(answers: Answers, seed: int = 0) -> Answers:
    """The control: each training piece has the answers of another one, from some beat on and round again.

    A probe of these can learn nothing but how common an answer is. The test pieces keep their own.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(answers.train))
    giver = np.empty_like(order)
    giver[order] = np.roll(order, 1)  # one round of all pieces, so that none keeps its own
    lent = []
    for own, other in zip(answers.train, giver, strict=True):
        given = answers.train[other]
        lent.append(np.resize(np.roll(given, -rng.integers(len(given))), len(own)))
    return answers._replace(train=lent)


def neighbours(roll: np.ndarray) -> np.ndarray:
    """The beat before, the beat and the beat after, side by side: (T, X) -> (T, 3 X); silence beyond the ends."""
    padded = np.pad(roll, ((1, 1), (0, 0)))
    return np.hstack([padded[:-2], padded[1:-1], padded[2:]])


def at_lag(inputs: Inputs, answers: Answers, lag: int) -> tuple[Inputs, Answers] | None:
    """Inputs at beat t, answers at beat t + lag; beats without a partner in the piece fall away, and so do pieces.

    None if no training piece or no test piece is long enough.
    """
    pairs = [
        [pair for x, y in zip(*part, strict=True) if len((pair := _shift(x, y, lag))[1])]
        for part in ((inputs.train, answers.train), (inputs.test, answers.test))
    ]
    if not all(pairs):
        return None
    (train_x, train_y), (test_x, test_y) = (map(list, zip(*part, strict=True)) for part in pairs)
    return Inputs(train_x, test_x), answers._replace(train=train_y, test=test_y)


def reach(inputs: Inputs, answers: Answers, ridge: float, lags: Sequence[int] = LAGS) -> list[scores.Score]:
    """The score at each lag: how far back, and how far ahead, the answer can be read; nan where nobody is so long."""
    found = [at_lag(inputs, answers, lag) for lag in lags]
    return [scores.score(judge(*pair, ridge)) if pair else scores.Score(np.nan, np.nan) for pair in found]


def _shift(x, y, lag):
    """Partners (x_t, y_{t + lag})."""
    n = max(0, len(x) - abs(lag))
    return (x[:n], y[lag:]) if lag >= 0 else (x[-lag:], y[:n])
