"""Beyond the straight line: curved steps, tables and networks in the same graph, and the code of it all."""

from functools import lru_cache

import streamlit as st

from dmm import figures, one_dimension
from dmm.palette import BLACK, GREEN, GREY
from dmm.ui.dials import Dial, dials, pick
from dmm.ui.explain import formula_and_code
from dmm.ui.plot import plot
from dmm.ui.state_space.world import LESSON, chosen_world
from dmm.ui.theme import visible

WIDTH = 1.2  # standard deviation of the bell that goes through a map
BEFORE = Dial("before", "Where $z_{t-1}$ is believed to be", -4.0, 4.0, 0.0, 0.1, "The middle of the bell below.")
TABLE = ((0.8, 0.15, 0.05), (0.1, 0.7, 0.2), (0.25, 0.25, 0.5))
EXAMPLE = 28  # the seed of the network that is shown
CODE = {  # a part's name: the code, and where its formula stands
    "The model": ("linear_gaussian.sample", "linear_gaussian"),
    "Filter": ("kalman.kalman_filter", ""),
    "Smoother": ("kalman.smoother", ""),
    "Prediction": ("kalman.forecast", ""),
    "In one dimension": ("one_dimension.log_likelihood", ""),
}
draw_graph = lru_cache(figures.model_graph)  # drawn once: nothing in them moves
draw_table = lru_cache(figures.transition_table)
draw_rows = lru_cache(figures.who_sees_what)


@lru_cache(128)
def draw_map(kind, loc, *numbers):
    """A map by its kind: straight (a, Q), curved (Q) or gated (seed)."""
    return figures.noisy_map(getattr(one_dimension, kind)(*numbers), kind, loc, WIDTH)


def show_graph() -> None:
    """The model as a graph: hidden above, seen below."""
    plot(draw_graph("rule", GREY, ink=visible(BLACK)), "graph", tools=False)


def show_who_sees_what() -> None:
    """Three rows of frames."""
    plot(draw_rows(ink=visible(BLACK)), "rows", tools=False)


@st.fragment(key="maps")
def show_maps() -> None:
    """A straight and a curved step side by side, and what they make of a bell."""
    a, Q = (chosen_world().values[letter] for letter in ("a", "Q"))
    loc = dials(LESSON, [BEFORE])["before"]
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**Straight**: mean ${a:g} \\, z_{{t-1}}$, variance ${Q:g}$")
        plot(draw_map("straight", loc, a, Q), "straight", tools=False)
    with right:
        st.markdown(f"**Curved**: mean $z_{{t-1}} + 2 \\sin z_{{t-1}}$, variance ${Q:g}$")
        plot(draw_map("curved", loc, Q), "curved", tools=False)


def show_tables_and_networks() -> None:
    """The same graph with tables, and with networks."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Hidden Markov model**: a table on each arrow")
        plot(draw_graph("table", GREY, ink=visible(BLACK)), "hmm", tools=False)
        plot(draw_table(TABLE), "table", tools=False)
        st.caption("An example with three states: how likely each follows each. Every row sums to 1.")
    with right:
        st.markdown("**Deep Markov model**: a network on each arrow")
        plot(draw_graph("network", GREEN, ink=visible(BLACK)), "dmm", tools=False)
        plot(draw_map("gated", 0.0, EXAMPLE), "network", tools=False)
        st.caption("An example in one dimension: a gated transition, its weights drawn at random, not trained.")


def show_code() -> None:
    """Formula and code of each part; drawn only while it is open."""
    section = st.expander("The formulas, and the code that computes them", key="code", on_change="rerun")
    if section.open:
        with section:
            _code()


@st.fragment
def _code():
    names = {name: name for name in CODE}
    part = pick(LESSON, "code", "Which part?", names, "Each formula is printed from the code's own docstring.")
    formula_and_code(CODE[part][0], formula=CODE[part][1])
