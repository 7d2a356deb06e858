"""The gate, fourth part: a gated transition as arrows on a plane, with the gate as it is, held, or shut."""

import streamlit as st

from dmm import fields
from dmm.ui.asking import predict
from dmm.ui.dials import Dial, dials, pick
from dmm.ui.gate.planes import draw, make_plane
from dmm.ui.gate.trained import LESSON, choose_held, states
from dmm.ui.plot import plot

PLANES = {
    "example": "An example, drawn",
    "components": "Trained: principal components",
    "dimensions": "Trained: two dimensions",
}
PLANE = (
    "Which transition, and on which plane: two dimensions and no more, or two directions of the trained model's many."
)
SEED = Dial("seed", "Seed of the example", 0, 99, 80, 1, "Its weights are drawn anew from this number.")
START = Dial(
    "dot", "Path from dot", 1, 9, 5, 1, "Which dot the orange path starts from: from below left to above right."
)
QUESTION = "The gate is held **shut**, $g = 0$ everywhere. What will the arrows look like?"
SHAPES = [
    "All arrows get the same length and the same direction",
    "One matrix moves all: one fixed point, and twice as far from it the arrow is twice as long",
    "The arrows vanish: each state stays where it is",
]


@st.fragment
def show_field() -> None:
    """The field with its controls, a question, and the field with the gate shut."""
    kind = pick(LESSON, "plane", "Transition", PLANES, PLANE)
    controls = st.columns(3, gap="large")
    with controls[0]:
        numbers = _choose_numbers(kind)
    with controls[1]:
        held = choose_held("clamp", "at")
    with controls[2]:
        dot = dials(LESSON, [START])["dot"]
    if numbers is None:
        st.info("A plane needs two different dimensions.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**The gate as it is**" if held is None else f"**The gate held at {held:g}**")
        _show("field", draw(held, dot, kind, *numbers))
    with right:
        answer = st.container()  # above its question, so that both figures stand side by side
        if predict("shut", QUESTION, SHAPES, lambda: _what_shut_does(make_plane(kind, *numbers))):
            with answer:
                st.markdown("**The same with the gate shut**")
                _show("shut", draw(0.0, dot, kind, *numbers))


def _show(key, drawn):
    figure, words = drawn
    plot(figure, key, tools=False)
    st.markdown(words)


def _number_dials():
    """The sliders that choose a plane of one of the kinds, by their names."""
    Z = states().shape[1]
    how = "Which dimension of $z$ runs along this axis; all others are held at their mean over the chorale."
    across = Dial("across", "Dimension across", 1, Z, 30, 1, how)
    return {"seed": SEED, "across": across, "up": across._replace(name="up", label="Dimension up", start=25)}


def _choose_numbers(kind):
    """The numbers that choose a plane of a kind; None where they choose none."""
    group = _number_dials()
    if kind == "example":
        return (int(dials(LESSON, [group["seed"]])["seed"]),)
    if kind == "components":
        st.markdown("The two directions in which the chorale's states differ most, through their mean.")
        return ()
    chosen = dials(LESSON, [group["across"], group["up"]])
    pair = tuple(int(chosen[name]) - 1 for name in ("across", "up"))
    return pair if pair[0] != pair[1] else None


def _what_shut_does(plane):
    """Which of the answers the field with its gate shut gives, and why."""
    field = plane.field(0.0)
    places = fields.grid(plane.low, plane.high, 5)
    step = field.step(places) - places
    if abs(step).max() < 1e-9:
        return SHAPES[2], "The matrix is the identity, and the bias is 0."
    if abs(step - step[0]).max() < 1e-9:
        return SHAPES[0], "The matrix is the identity: only the bias moves."
    (rest,) = fields.fixed_points(field, places)
    sizes = " and ".join(f"{abs(one):.2f}" for one in rest.eigenvalues)
    return SHAPES[1], (
        f"All that is left is $W z + b$. Its fixed point is ({rest.place[0]:.2f}, {rest.place[1]:.2f}); the "
        f"eigenvalues of its matrix have sizes {sizes}. The noise stays as it was: the standard deviation is computed "
        "from $h$, whether the gate lets $h$ into the mean or not."
    )
