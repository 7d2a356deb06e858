"""The quizzes of a visit: drawn at first sight, then kept with all that was answered."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from dmm import quiz
from dmm.answers import Answer
from dmm.quiz import ROUNDS, Excerpt
from dmm.runs import store
from dmm.runs.samples import read_samples
from dmm.ui.datasets import dataset_of

GAMES = "quiz games"  # in the session


class Key(NamedTuple):
    """Which quiz; answers to those that differ in the seed alone count together."""

    run: str
    length: int
    tidy: bool
    seed: int

    @property
    def kind(self) -> tuple:
        return self[:3]


@dataclass
class Game:
    """A quiz as far as it was played; `at` is the round on the screen, from 0, answered if it has an answer."""

    rounds: list[Excerpt]
    answers: list[str] = field(default_factory=list)
    at: int = 0

    @property
    def lasts(self) -> bool:
        return len(self.answers) < ROUNDS

    @property
    def is_open(self) -> bool:
        """Whether the round on the screen waits for its answer."""
        return self.at == len(self.answers)


def games() -> dict[Key, Game]:
    """All of this visit."""
    return st.session_state.setdefault(GAMES, {})


def game_of(run: Path, key: Key) -> Game | None:
    """The quiz, as it was left or new; None if the run has drawn nothing yet.

    Raises:
        DataError: the run's data cannot be read.
        RunError: the run cannot be read.
    """
    if key not in games():
        rounds = _draw(run, key)
        if not rounds:
            return None
        games()[key] = Game(rounds)
    return games()[key]


def _draw(run, key):
    """The rounds; none if the run has drawn nothing yet. What it drew before its training is used if it is all."""
    samples = read_samples(run)[0]
    trained = [one for one in samples if one.step] or samples
    if not trained:
        return []
    dataset = dataset_of(store.read_run_config(run).data)
    draws = [quiz.Draw(one.step, one.epoch, one.roll) for one in trained]
    train = [piece.roll for piece in dataset.train]
    return quiz.make_quiz(dataset.test, draws, train, key.length, [key.seed, int(run.name, 16)], key.tidy)


def answer(key: Key, number: int, voice: str) -> None:
    """For a button: an answer counts once, and only for the round that was on the screen."""
    game = games()[key]
    if number == len(game.answers) < ROUNDS:
        game.answers.append(voice)


def go(key: Key, number: int) -> None:
    """For a button: to a round, if the one before it is answered."""
    game = games()[key]
    game.at = min(number, len(game.answers), ROUNDS - 1)


def fresh_seed(key: Key, seeds: int) -> int:
    """The next seed of so many whose quiz has not been played; just the next, if all were."""
    others = [(key.seed + i) % seeds for i in range(1, seeds)]
    return next((seed for seed in others if key._replace(seed=seed) not in games()), others[0])


def answers(key: Key) -> tuple[list[Answer], list[Answer]]:
    """The answers in this quiz while it lasts, and those of all others of its kind.

    Apart, since who was heard so far tells something of who is still to come.
    """
    lasting = {key} & {one for one, game in games().items() if game.lasts}
    others = [game for one, game in games().items() if one.kind == key.kind and one not in lasting]
    return _given(games()[one] for one in lasting), _given(others)


def _given(some: Iterable[Game]) -> list[Answer]:
    pairs = [pair for game in some for pair in zip(game.rounds, game.answers, strict=False)]  # some have none yet
    return [Answer(one.voice, said, one.step) for one, said in pairs]


def elsewhere(key: Key) -> int:
    """How many answers there are to quizzes of other kinds."""
    return sum(len(game.answers) for one, game in games().items() if one.kind != key.kind)


def has_played() -> tuple[bool, str]:
    """For a task: whether some quiz was played to its end; and how far the one that got farthest is."""
    most = max((len(game.answers) for game in games().values()), default=0)
    return most >= ROUNDS, f"You have answered {most} of the {ROUNDS} rounds of a quiz."
