"""What probes find in a run, computed once for a snapshot and a question."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm.data import Piece
from dmm.probing import study
from dmm.probing.ridge import Probe
from dmm.probing.scores import Marks, Score
from dmm.probing.study import Answers, Inputs
from dmm.probing.targets import TARGETS
from dmm.ui.looking import model_of, version_of

MOST_BEATS = {"train": 20_000, "test": 8_000}  # more are left out, piece by piece


class Pieces(NamedTuple):
    """Of a set the pieces that probes are fitted to, and those that they are judged on; `name` tells it from others."""

    name: tuple
    train: list[Piece]
    test: list[Piece]


class Found(NamedTuple):
    """A question's marks by input, and the probe of the guessed states with what it was fitted and judged on."""

    marks: dict[str, Marks]
    probe: Probe
    answers: Answers


def first_pieces(pieces: Sequence[Piece], beats: int) -> list[Piece]:
    """As many of the first pieces as have so many beats in all; one at least, if there is one."""
    ends = np.cumsum([len(piece.roll) for piece in pieces])
    return list(pieces[: max(1, int((ends <= beats).sum()))])


def pieces_of(data: str, train: list[Piece], test: list[Piece]) -> Pieces:
    """Some pieces of a data set, whose name, as a configuration has it, says what their keys and voices are."""
    notes = hashlib.sha256()
    for piece in (*train, *test):
        notes.update(piece.roll.tobytes())
    return Pieces((data, len(train), len(test), notes.hexdigest()), train, test)


def latents_of(run, pieces: Sequence[Piece]):
    """The guessed states of some pieces, in their order.

    Raises:
        RunError: the weights cannot be read.
        NotFinite: a state is not a finite number.
    """
    names = tuple((piece.name, len(piece.roll)) for piece in pieces)
    return _latents(run.name, version_of(run), names, run, [piece.roll for piece in pieces])


@st.cache_resource(show_spinner="Guessing the hidden states of all pieces…", max_entries=12)
def _latents(run_name, version, names, _run, _rolls):
    from dmm.probing.latents import infer

    return infer(model_of(_run)[0], _rolls)


def ask(run, pieces: Pieces, target: str, ridge: float) -> Found:
    """Put a question to the notes and to the states of a run."""
    marks = dict(_of_notes(pieces.name, target, ridge, pieces))
    states, probe, answers = _of_states(run.name, version_of(run), pieces.name, target, ridge, run, pieces)
    return Found(marks | states, probe, answers)


@st.cache_data(show_spinner="Fitting the probes…", max_entries=200)
def _of_notes(name, target, ridge, _pieces):
    known = knowing(_pieces, target)
    answers = study.answers_of(TARGETS[target], known.train, known.test)
    near = Inputs(*([study.neighbours(roll) for roll in part] for part in _rolls(known)))
    return {
        "baseline": study.baseline(answers),
        "notes": study.judge(_rolls(known), answers, ridge),
        "near": study.judge(near, answers, ridge),
    }


@st.cache_data(show_spinner="Fitting the probes…", max_entries=200)
def _of_states(run_name, version, name, target, ridge, _run, _pieces):
    known = knowing(_pieces, target)
    answers = study.answers_of(TARGETS[target], known.train, known.test)
    states = {part: states_of(_run, _pieces, target, part) for part in ("mean", "draw", "filtered")}
    marks = {part: study.judge(inputs, answers, ridge) for part, inputs in states.items()}
    marks["control"] = study.control(states["mean"], answers, ridge)
    return marks, study.train_probe(states["mean"], answers, ridge), answers


def reach(run, pieces: Pieces, target: str, ridge: float) -> dict[str, list[Score]]:
    """How far back and ahead of a beat its notes and its state tell the answer."""
    notes = _reach_of_notes(pieces.name, target, ridge, pieces)
    return {"notes": notes} | _reach_of_states(run.name, version_of(run), pieces.name, target, ridge, run, pieces)


@st.cache_data(show_spinner="Fitting the probes…", max_entries=200)
def _reach_of_notes(name, target, ridge, _pieces):
    known = knowing(_pieces, target)
    answers = study.answers_of(TARGETS[target], known.train, known.test)
    return study.reach(_rolls(known), answers, ridge)


@st.cache_data(show_spinner="Fitting the probes…", max_entries=200)
def _reach_of_states(run_name, version, name, target, ridge, _run, _pieces):
    known = knowing(_pieces, target)
    answers = study.answers_of(TARGETS[target], known.train, known.test)
    parts = ("mean", "filtered")
    return {part: study.reach(states_of(_run, _pieces, target, part), answers, ridge) for part in parts}


@st.cache_data(show_spinner="Playing what is moved…", max_entries=200)
def nudged(run_name, version, name, target, ridge, column, length, _run, _pieces, _found):
    """What the emitter plays on the test pieces before and after their states are moved."""
    from dmm.probing.nudging import nudge

    rolls = [piece.roll.astype(float) for piece in knowing(_pieces, target).test]
    draws = states_of(_run, _pieces, target, "draw").test
    answer = int(_found.answers.names[column]) if len(_found.answers.names) else 0
    return nudge(model_of(_run)[0], _found.probe, column, length, draws, rolls, target, answer)


def knowing(pieces: Pieces, target: str) -> Pieces:
    """The pieces whose data have the answer."""
    has = [[TARGETS[target].of(piece) is not None for piece in part] for part in (pieces.train, pieces.test)]
    return Pieces(
        pieces.name, *(_only(part, mask) for part, mask in zip((pieces.train, pieces.test), has, strict=True))
    )


def states_of(run, pieces: Pieces, target: str, part: str) -> Inputs:
    """Guesses of the pieces that have the answer: "mean", "draw" or "filtered"."""
    latents = [getattr(one, part) for one in latents_of(run, pieces.train + pieces.test)]
    both = latents[: len(pieces.train)], latents[len(pieces.train) :]
    masks = [[TARGETS[target].of(piece) is not None for piece in side] for side in (pieces.train, pieces.test)]
    return Inputs(*(_only(side, mask) for side, mask in zip(both, masks, strict=True)))


def _rolls(pieces):
    return Inputs(*([piece.roll.astype(float) for piece in part] for part in (pieces.train, pieces.test)))


def _only(values, mask):
    return [value for value, keep in zip(values, mask, strict=True) if keep]
