"""Structured inference: what the combiner does to one unit, the last latent's voice averaged with the RNNs'."""

import math

import streamlit as st

from dmm import reading
from dmm.figures.chains import FUTURE, PAST
from dmm.palette import GREY, LATENT
from dmm.ui.diagram import Arrow, Shape, diagram
from dmm.ui.dials import Dial, dials, pick
from dmm.ui.explain import coloured
from dmm.ui.structured_inference.wiring import LESSON

NETWORK = "Which messages reach the combiner: from the right (ST-R), from the left (ST-L) or both (ST-LR)."
NETWORKS = {"st-r": "ST-R", "st-l": "ST-L", "st-lr": "ST-LR"}
BEFORE = Dial(
    "before", "Before the tanh, $(W z_{t-1} + b)_k$", -3.0, 3.0, 1.0, 0.1, "What the last latent says to unit $k$."
)
LEFT = Dial(
    "unit_left", "$h^{\\text{left}}_{t,k}$", -1.0, 4.0, 0.3, 0.1, "What the RNN over the past says to unit $k$."
)
RIGHT = Dial(
    "unit_right", "$h^{\\text{right}}_{t,k}$", -1.0, 4.0, 0.8, 0.1, "What the RNN over the future says to unit $k$."
)
COLOURS = {
    r"\tanh(W z_{t-1} + b)": LATENT,
    r"h^{\text{left}}_t": PAST,
    r"h^{\text{right}}_t": FUTURE,
}


def average(before: float, *messages: float) -> float:
    """What the combiner makes of one unit: the mean of all that is said to it."""
    return (math.tanh(before) + sum(messages)) / (1 + len(messages))


@st.fragment
def show_combiner() -> None:
    """The equations in the colours of the graph, and one unit in numbers."""
    st.latex(coloured(reading.formula("combiner.Combiner"), COLOURS))
    knobs, view = st.columns([2, 3], gap="large")
    with knobs:
        name = pick(LESSON, "combiner", "Network", NETWORKS, NETWORK)
        sides = {"left": LEFT, "right": RIGHT}
        sides = {side: dial for side, dial in sides.items() if side[0] in name.removeprefix("st-")}
        values = dials(LESSON, [BEFORE, *sides.values()])
    heard = {side: values[dial.name] for side, dial in sides.items()}
    with view:
        _draw(values["before"], heard)
        st.latex(in_numbers(values["before"], heard))
    st.markdown(
        "**Why a half, and a third?** It is an average: one part for each voice. When all say the same, the result "
        "says it too, on the same scale for any number of RNNs. Unlike the product of two messages below, an average "
        "does not get more certain: how certain $q$ is has to be learned, in $W_\\sigma$. And voices differ in "
        "strength: the tanh lies between −1 and 1, and so, as a rule, does a GRU's state; that of a plain ReLU-RNN is "
        "never below 0, and has no upper end."
    )


def _draw(before, heard):
    """The voices, the combiner's square, and what comes out."""
    colours = {"left": PAST, "right": FUTURE}
    shapes = {"tanh": _box(0, f"tanh = {math.tanh(before):.2f}", LATENT, "what the last latent says")}
    for row, (side, value) in enumerate(heard.items(), 1):
        hover = f"what the RNN from the {side} says"
        shapes[side] = _box(row, f"h<sup>{side}</sup> = {value:.2f}", colours[side], hover)
    middle = len(heard) / 2
    shapes["square"] = Shape(1.6, middle, kind="square", colour=GREY, hover="combiner: the mean of all voices")
    result = average(before, *heard.values())
    shapes["out"] = Shape(3.2, middle, f"h<sub>combined</sub> = {result:.2f}", "box", GREY, width=2.15, strong=True)
    arrows = [Arrow(voice, "square", shapes[voice].colour) for voice in ("tanh", *heard)]
    told = f"{1 + len(heard)} voices enter the combiner; their mean is {result:.2f}."
    diagram(shapes, [*arrows, Arrow("square", "out")], told, key="combiner", row=58)


def _box(row, label, colour, hover):
    return Shape(0, row, label, "box", colour, width=1.8, hover=hover)


def in_numbers(before: float, heard: dict[str, float]) -> str:
    r"""The line of the equation with its numbers.

    >>> print(in_numbers(0.0, {"right": 1.0}))
    h_{\text{combined}} = \tfrac12 (\textcolor{#0072B2}{0.00} + \textcolor{#008460}{1.00}) = 0.50
    """
    terms = [(math.tanh(before), LATENT), *((value, {"left": PAST, "right": FUTURE}[s]) for s, value in heard.items())]
    inside = " + ".join(_term(value, colour) for value, colour in terms)
    return rf"h_{{\text{{combined}}}} = \tfrac1{len(terms)} ({inside}) = {average(before, *heard.values()):.2f}"


def _term(value, colour):
    """A number in its colour, a negative one in brackets."""
    written = f"{value:.2f}" if value >= 0 else f"({value:.2f})"
    return coloured(written, {written: colour})
