"""Numbers: a, (b) and {c} of three made-up pieces, whose true cost is known."""

from functools import lru_cache

import numpy as np
import streamlit as st

from dmm import conventions, figures
from dmm.ui.dials import Dial, dials, value
from dmm.ui.numbers.recipes import LESSON
from dmm.ui.plot import plot

PIECES = ((4, 9.0), (10, 7.0), (24, 5.0))  # frames, nats per frame
LENGTHS = [
    Dial(f"T{n}", f"Frames $T_{n}$", 4, 40, frames, 1, f"How many frames piece {n} has.")
    for n, (frames, _) in enumerate(PIECES, 1)
]
COSTS = [
    Dial(f"c{n}", f"Nats per frame $c_{n} / T_{n}$", 2.0, 12.0, cost, 0.5, f"What a frame of piece {n} costs.")
    for n, (_, cost) in enumerate(PIECES, 1)
]
SPREAD = Dial("spread", "Spread of $\\log w$, nats", 0.0, 4.0, 3.0, 0.25, "Standard deviation from draw to draw.")
DRAWS = Dial("S", "Draws $S$", 1, 200, 10, 1, "How many weights are averaged for each piece.")
MOST, SEED = 400, 4


class Toy:
    """The pieces as the sliders stand: frames, minus the bound, and the exact cost, each (3,)."""

    def __init__(self):
        self.lengths = np.array([value(LESSON, dial) for dial in LENGTHS])
        self.costs = self.lengths * np.array([value(LESSON, dial) for dial in COSTS])
        self.spread, self.draws = value(LESSON, SPREAD), int(value(LESSON, DRAWS))
        self.exact = self.costs - self.spread**2 / 2
        self.bounds = conventions.numbers(self.costs, self.lengths)

    def a(self) -> float:
        """By importance sampling with the draws as they are."""
        log_weights = self.spread * _noise()[:, : self.draws] - self.costs[:, None]
        return conventions.numbers(conventions.minus_log_mean(log_weights), self.lengths).per_frame

    def true(self) -> float:
        """What a would be with endless draws: for a weight whose logarithm is Gaussian the mean is known."""
        return conventions.numbers(self.exact, self.lengths).per_frame


@lru_cache(1)
def _noise():
    return np.random.default_rng(SEED).normal(size=(3, MOST))


@st.fragment
def show_toy() -> None:
    """Three pieces by sliders, as areas, and the sums in numbers."""
    knobs, view = st.columns([2, 3], gap="large")
    with knobs:
        for length, cost in zip(LENGTHS, COSTS, strict=True):
            one, other = st.columns(2)
            with one:
                dials(LESSON, [length])
            with other:
                dials(LESSON, [cost])
        one, other = st.columns(2)
        with one:
            dials(LESSON, [SPREAD])
        with other:
            dials(LESSON, [DRAWS])
    toy = Toy()
    with view:
        lines = {"(b)": toy.bounds.per_frame, "{c}": toy.bounds.mean_of_means, f"a, S = {toy.draws}": toy.a()}
        plot(figures.cost_areas(toy.costs, toy.lengths, lines | {"exact": toy.true()}), "areas", tools=False)
    st.latex(in_numbers(toy))
    st.caption(
        "Made up: $\\log w$ of a piece is drawn from a Gaussian with mean $-c_i$ and this spread $s$. Then "
        "$-\\log p(x) = c_i - s^2 / 2$ exactly, the dash-dotted line, and the bound misses $s^2 / 2$ in each piece."
    )


def in_numbers(toy: Toy) -> str:
    """The sums, as one would do them by hand."""
    costs, lengths = ([f"{one:g}" for one in each] for each in (toy.costs, toy.lengths))
    parts = " + ".join(rf"\tfrac{{{cost}}}{{{length}}}" for cost, length in zip(costs, lengths, strict=True))
    return (
        rf"\begin{{aligned}} (b) &= \frac{{{' + '.join(costs)}}}{{{' + '.join(lengths)}}} = {toy.bounds.per_frame:.3f}"
        rf" \\ \{{c\}} &= \tfrac13 \bigl( {parts} \bigr) = {toy.bounds.mean_of_means:.3f} \end{{aligned}}"
    )
