r"""A blind listening quiz: who plays, the music that was learned from, the model, or coins?

Twelve rounds, four of each voice, in an order that is drawn with a key of numbers. Coins know no time: key
$k$ sounds with the frequency that it has in the training pieces, in every beat anew (`baselines.independent_keys`).

Excerpts begin at every fourth beat of a piece or of what the model drew. The last beats of a piece are not played where
there are others: an ending would give it away, for a model goes on for ever.
"""

from collections.abc import Sequence
from itertools import cycle, islice
from typing import NamedTuple

import numpy as np

from dmm import coins
from dmm.data import baselines
from dmm.data.piece import Piece, make_roll
from dmm.decoding import decode

MUSIC, MODEL, COINS = VOICES = ("music", "model", "coins")
EACH = 4  # rounds of a voice in a quiz
ROUNDS = EACH * len(VOICES)
BAR = 4  # beats
CERTAINTY = 0.95  # that what sounds is meant, when voices are tidied


class Draw(NamedTuple):
    """What a model drew after `step` updates: roll (T, 88) of 0 and 1."""

    step: int
    epoch: int
    roll: np.ndarray


class Excerpt(NamedTuple):
    """What is heard in a round.

    voice: one of `VOICES`; roll: (T, 88) as it is played; before: the same before it was tidied; start: its first beat,
    from 0; source: the `Piece` or the `Draw` that it is from, None for coins.
    """

    voice: str
    roll: np.ndarray
    before: np.ndarray
    start: int = 0
    source: Piece | Draw | None = None

    @property
    def step(self) -> int | None:
        """After how many updates the model drew it; None for the others."""
        return self.source.step if self.voice == MODEL else None


def make_quiz(
    pieces: Sequence[Piece], draws: Sequence[Draw], train: baselines.Rolls, length: int, key: Sequence[int], tidy=False
) -> list[Excerpt]:
    """The twelve rounds; the same for the same arguments.

    Args:
        pieces: to be heard.
        draws: of the model, early to late; each quarter of them is heard once, in any order.
        train: piano rolls (T_n, 88) that the coins are weighted by.
        length: of an excerpt, in beats; less if no piece or no draw is as long.
        key: whole numbers from 0; other numbers, another quiz.
        tidy: whether each is led through `tidied`; that is another quiz as well, as is another length.

    Raises:
        ValueError: there is no piece or no draw.
    """
    if not pieces or not draws:
        raise ValueError(f"got {len(pieces)} pieces and {len(draws)} draws, expected at least one of each")
    rng = np.random.default_rng([*key, length, tidy])
    length = min(length, *(max(len(one.roll) for one in several) for several in (pieces, draws)))
    rounds = [*_of_pieces(pieces, length, rng), *_of_draws(draws, length, rng), *_of_coins(train, length, rng)]
    rounds = [rounds[i] for i in rng.permutation(ROUNDS)]
    return [one._replace(roll=tidied(one.roll)) for one in rounds] if tidy else rounds


def tidied(roll: np.ndarray) -> np.ndarray:
    """The likeliest four voices if 95 per cent are for a key that sounds and 5 for one that does not: (T, 88)."""
    return make_roll(decode(1 - CERTAINTY + (2 * CERTAINTY - 1) * np.asarray(roll, dtype=float)).voices)


def changed(excerpt: Excerpt) -> tuple[int, int]:
    """How many keys tidying has left out and has added, counted beat by beat."""
    return int((excerpt.before > excerpt.roll).sum()), int((excerpt.roll > excerpt.before).sum())


def places(roll: np.ndarray, length: int, spared: int = 0) -> list[int]:
    """Where an excerpt may begin: every fourth beat, if it ends `spared` beats before the end and is not all silence.

    Where that leaves nothing, the end is allowed, and after that silence.

    >>> places(np.ones((24, 88)), 16, spared=4), places(np.ones((17, 88)), 16, spared=4)
    ([0, 4], [0])
    """
    roll = np.asarray(roll)
    for end in (len(roll) - spared, len(roll)):
        starts = [start for start in range(0, end - length + 1, BAR) if roll[start : start + length].any()]
        if starts:
            return starts
    return [0]


def _of_pieces(pieces, length, rng):
    """Different pieces, as long as there are enough."""
    long_enough = [piece for piece in pieces if len(piece.roll) >= length]
    order = rng.permutation(len(long_enough))
    for i in islice(cycle(order), EACH):
        yield _cut(MUSIC, long_enough[i], rng.choice(places(long_enough[i].roll, length, BAR)), length)


def _of_draws(draws, length, rng):
    """One from each quarter of the training; from places that are far from each other, since a run draws all its pieces
    with the same random numbers: those of two moments are alike at the same place."""
    quarters = [part for part in np.array_split(np.arange(len(draws)), EACH) if part.size]
    chosen = [draws[rng.choice(part)] for part in islice(cycle(quarters), EACH)]
    for nth, draw in zip(rng.permutation(EACH), chosen, strict=True):
        starts = places(draw.roll, length)
        yield _cut(MODEL, draw, starts[round(nth * (len(starts) - 1) / (EACH - 1))], length)


def _of_coins(train, length, rng):
    p = 1 / (1 + np.exp(-baselines.log_odds(train)))
    for _ in range(EACH):
        roll = coins.toss(np.tile(p, (length, 1)), rng)
        yield Excerpt(COINS, roll, roll)


def _cut(voice, source, start, length):
    roll = np.asarray(source.roll)[start : start + length].astype(np.uint8)
    return Excerpt(voice, roll, roll, int(start), source)
