"""A diagram in the browser: circles, squares and boxes with arrows between them, as SVG.

Sharp at any size, in the colours of the page, and repainted in place when it changes. What can be clicked can also be
reached with Tab and pressed with Enter or Space. A diagram that is wider than the page scrolls inside its frame.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from dmm.palette import GREY, LATENT
from dmm.ui.first_figure import let_it_show
from dmm.ui.source import read_code, read_style
from dmm.ui.theme import visible

SHAPES = ("circle", "square", "box", "text")
UNIT = 76  # pixels from one column to the next in a diagram at its full size
SMALLEST = 0.72  # of the full size; narrower pages scroll the diagram sideways

HTML = """
<div class="diagram">
  <div class="scroll"><svg role="group"></svg></div>
  <p class="unseen words"></p>
</div>
"""

_DIAGRAM = st.components.v2.component(
    "dmm_diagram", html=HTML, css=read_style("unseen", "diagram"), js=read_code("diagram")
)


class Shape(NamedTuple):
    """One part of a diagram, at (x, y) in columns and rows; y grows downwards.

    `label` may hold <sub>, <sup>, <b> and a line break. A circle is a variable, filled once it is `seen`; a square is a
    network or a table, with its label above; a box holds words, `width` columns and `height` rows wide and high; text
    stands alone, to the right of its place. `hover` is told by the pointer and to those who do not see the picture.
    """

    x: float
    y: float
    label: str = ""
    kind: str = "circle"
    colour: str = LATENT
    seen: bool = False
    pale: bool = False
    strong: bool = False  # a thicker border: what is asked about, or chosen
    hover: str = ""
    width: float = 1.4
    height: float = 0.62


class Arrow(NamedTuple):
    """From one part to another, by their names; `bend` lifts its middle by so many rows, `label` stands there."""

    start: str
    end: str
    colour: str = GREY
    dashed: bool = False
    pale: bool = False
    bend: float = 0.0
    label: str = ""


def diagram(
    shapes: Mapping[str, Shape],
    arrows: Sequence[Arrow],
    description: str,
    *,
    key: str,
    clickable: Collection[str] = (),
    on_click: Callable[[str], None] | None = None,
    row: int = 76,
    fit: bool = True,
) -> str | None:
    """Show a diagram.

    Args:
        shapes: from a name to its part.
        arrows: between them.
        description: what it shows, in words.
        key: names the diagram on its page; it is repainted, not rebuilt, as long as the key stays.
        clickable: the names of parts that can be pressed; those that are `seen` or `strong` count as pressed.
        on_click: called with the name of the part that was pressed, before the script or fragment runs again.
        row: pixels from one row to the next.
        fit: whether a wide page stretches the diagram, up to one and a half of its size.

    Returns:
        The name of the part that was just pressed, or None.

    Raises:
        KeyError: an arrow or a click names a part that is not there.
        ValueError: a part has an unknown kind.
    """
    missing = {name for one in arrows for name in (one.start, one.end)}.union(clickable) - shapes.keys()
    if missing:
        raise KeyError(f"there is no {', '.join(sorted(missing))} in the diagram")
    unknown = [name for name, shape in shapes.items() if shape.kind not in SHAPES]
    if unknown:
        raise ValueError(f"got kind {shapes[unknown[0]].kind!r}, expected one of {', '.join(SHAPES)}")
    packet = {
        "description": description,
        "shapes": {
            name: shape._replace(colour=visible(shape.colour))._asdict() | {"clickable": name in clickable}
            for name, shape in shapes.items()
        },
        "arrows": [arrow._replace(colour=visible(arrow.colour))._asdict() for arrow in arrows],
        "unit": UNIT,
        "row": row,
        "smallest": SMALLEST,
        "fit": fit,
    }

    def known(name):  # a browser may send anything
        return name if isinstance(name, str) and name in clickable else None

    def pressed():
        name = known(st.session_state[key].get("pressed"))
        if on_click and name:
            on_click(name)

    shown = _DIAGRAM(key=key, data=packet, on_pressed_change=pressed)
    let_it_show()
    return known(shown.pressed)
