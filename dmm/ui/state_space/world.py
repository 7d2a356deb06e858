"""The page on state-space models: the sliders that make a world, one run of it, and how much of it may be known."""

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm import kalman, one_dimension, reading
from dmm.palette import GREY, LATENT
from dmm.ui.dials import Dial, dials, picked, switch, turn, value
from dmm.ui.theme import legible

LESSON = "state_space"
PARTS = ("run", "where", "beliefs", "maps", "tasks")  # keys of the fragments that show the world
RANGES = {  # what a parameter is, from where to where, in steps of what, and what it does
    "a": ("what stays of the state", -1.1, 1.1, 0.05, "How much of $z_{t-1}$ is still there in $z_t$."),
    "c": ("how the state is seen", -2.0, 2.0, 0.1, "What one unit of $z$ adds to $x$; at 0 nothing is seen of it."),
    "Q": ("variance of a step", 0.05, 4.0, 0.05, "Of the noise in each step, in units of $z$ squared."),
    "R": ("variance of a reading", 0.05, 10.0, 0.05, "Of the noise in each reading, in units of $x$ squared."),
}
SEED = Dial("seed", "Random numbers", 0, 99, 4, 1, "Which random numbers the world draws; they stay while others move.")


def parameter(letter, start, name="", label=""):
    """The slider of one of the four parameters."""
    what, low, high, step, effect = RANGES[letter]
    return Dial(name or letter, label or f"${letter}$: {what}", low, high, start, step, effect)


WORLD = (
    *(parameter(letter, start) for letter, start in (("a", 0.9), ("c", 1.0), ("Q", 0.5), ("R", 1.0))),
    Dial("T", "$T$: frames", 2, 200, 80, 1, "How many readings there are."),
    SEED,
)


class World(NamedTuple):
    """One run of the world, and what may be known of it."""

    values: dict  # of the sliders
    model: object
    z: np.ndarray  # (T,)
    x: np.ndarray  # (T,)
    observed: np.ndarray  # (T,), 0 where a frame is missing
    blind: object  # `Filtered` that looks at nothing
    filtered: object
    smoothed: object

    @property
    def T(self):
        return len(self.x)


class Known(NamedTuple):
    """How much of z one who looks in some way may know."""

    misses: float  # root mean square of z - mean, in this run
    expects: float  # the same, as the variances say
    share: float  # of z's variance, 0..1


def formula() -> None:
    """The model's two lines, in the colours of the figures."""
    st.latex(_coloured(reading.formula("one_dimension")))


def choose_world() -> None:
    """The sliders that make a world; when one moves, the parts of the page that show the world run again."""
    dials(LESSON, WORLD, PARTS)
    words, what = "Other random numbers, everything else as it is.", {"dial": SEED, "parts": PARTS}
    st.button("Draw again", icon=":material/casino:", on_click=turn, args=(LESSON,), kwargs=what, help=words)
    words = "Up to ten frames are not seen: what is known then?"
    switch(LESSON, "holes", "Lose frames in the middle", words, parts=PARTS)


def chosen_world() -> World:
    """The world as the sliders stand now: each part asks for it anew, so that all show the same one."""
    values = {dial.name: value(LESSON, dial) for dial in WORLD}
    return _make_once(picked(LESSON, "holes", False), **values)


@lru_cache(64)
def _make_once(holes, **values):
    return make_world(values, holes)


def make_world(values, holes=False) -> World:
    """One run of the world that the values describe, filtered and smoothed by one who knows all four parameters."""
    model = one_dimension.make_model(*(values[letter] for letter in RANGES))
    z, x = one_dimension.draw(model, values["T"], values["seed"])
    observed = one_dimension.middle(len(x)) if holes else np.ones(len(x), dtype=int)
    filtered, smoothed = infer(model, x, observed)
    return World(values, model, z, x, observed, look_at_nothing(values["a"], values["Q"], len(x)), filtered, smoothed)


@lru_cache(64)
def look_at_nothing(a, Q, frames):
    """What is known of z without a frame: a filter to which all are missing, so that c and R do not count."""
    model = one_dimension.make_model(a, 1.0, Q, 1.0)
    return kalman.kalman_filter(model, np.zeros((1, frames, 1)), np.zeros((1, frames)))


def infer(model, x, observed):
    """Filter and smoother of one sequence (T,)."""
    filtered = kalman.kalman_filter(model, x[None, :, None], observed[None])
    return filtered, kalman.smoother(model, filtered)


def moments(estimate):
    """Mean and standard deviation of z at each frame: (T,), (T,)."""
    return estimate.mean[0, :, 0], np.sqrt(estimate.cov[0, :, 0, 0])


def known(world, estimate) -> Known:
    """How much of z an estimate knows, in this run and as its variances say."""
    loc, scale = moments(estimate)
    variance, whole = np.mean(scale**2), np.mean(moments(world.blind)[1] ** 2)
    return Known(np.sqrt(np.mean((world.z - loc) ** 2)), np.sqrt(variance), 1 - variance / whole)


def _coloured(text):
    """The formula with z and x in the colours of their traces."""
    colours = {"z": legible(LATENT), "x": GREY}
    return re.sub(r"\b([zx])_(\{[^}]*\}|\w)", lambda m: rf"\textcolor{{{colours[m[1]]}}}{{{m[0]}}}", text)
