"""Diagrams: refused where they make no sense, and in a browser drawn, pressed by mouse and keys, and safe."""

from types import SimpleNamespace

import pytest

from dmm.ui import diagram as module
from dmm.ui.diagram import Arrow, Shape, diagram

APP = """
import streamlit as st
from dmm.ui.diagram import Arrow, Shape, diagram
st.session_state.setdefault("known", ["z2"])
def press(name):
    known = st.session_state.known
    st.session_state.known = [one for one in known if one != name] if name in known else [*known, name]
shapes = {f"z{t}": Shape(2 * t, 0, f"z<sub>{t}</sub>", hover="hidden") for t in range(4)}
shapes["move"] = Shape(1, 0, "<script>alert(1)</script>", kind="square")
shapes["box"] = Shape(3, 1, "two\\nlines", kind="box", hover="a box")
shapes["sum"] = Shape(5, 1, "h<sub>1</sub><sup>right</sup>")
arrows = [Arrow("z0", "move"), Arrow("move", "z1"), Arrow("box", "z3", bend=0.4, dashed=True, label="back")]
@st.fragment
def show():
    for name in shapes:
        shapes[name] = shapes[name]._replace(seen=name in st.session_state.known)
    diagram(shapes, arrows, "A chain of four.", key="chain", clickable=["z1", "z2"], on_click=press)
    st.text(" ".join(sorted(st.session_state.known)))
show()
"""


@pytest.mark.parametrize(
    ("arrows", "clickable", "kind", "error"),
    [
        ([Arrow("a", "b")], (), "circle", KeyError),
        ([], ("b",), "circle", KeyError),
        ([], (), "star", ValueError),
    ],
)
def test_what_is_not_there_is_refused(arrows, clickable, kind, error):
    with pytest.raises(error):
        diagram({"a": Shape(0, 0, kind=kind)}, arrows, "One.", key="d", clickable=clickable)


@pytest.mark.parametrize("sent", ["b", "nothing", ["a"], {"a": 1}, 1e308, None])
def test_what_a_browser_makes_up_is_no_press(monkeypatch, sent):
    heard = []

    def mount(*, key, data, on_pressed_change):
        on_pressed_change()
        return SimpleNamespace(pressed=sent)

    monkeypatch.setattr(module, "_DIAGRAM", mount)
    monkeypatch.setattr(module.st, "session_state", {"d": {"pressed": sent}})
    shapes = {"a": Shape(0, 0), "b": Shape(1, 0)}
    assert diagram(shapes, [], "Two.", key="d", clickable={"a"}, on_click=heard.append) is None
    assert heard == []


@pytest.mark.browser
def test_diagram_is_drawn_pressed_and_repainted_in_place(page, app):
    page.goto(app)
    svg = page.locator(".diagram svg")
    svg.locator("circle.edge").first.wait_for()  # the frame is there before what is drawn in it
    assert svg.get_attribute("aria-label") == "A chain of four."
    assert svg.locator("circle.edge").count() == 5
    assert svg.locator("[data-name=move] text").text_content() == "<script>alert(1)</script>"
    assert svg.locator("[data-name=box] text").all_text_contents() == ["two", "lines"]
    left, top, bottom = (f"e => e.getBoundingClientRect().{edge}" for edge in ("left", "top", "bottom"))
    h, low, high = (svg.locator("[data-name=sum] tspan").nth(n) for n in range(3))
    assert [part.text_content() for part in (h, low, high)] == ["h", "1", "right"]
    assert abs(low.evaluate(left) - high.evaluate(left)) < 1.5, "one above the other"
    assert high.evaluate(top) < h.evaluate(top)
    assert low.evaluate(bottom) > high.evaluate(bottom) + 5
    assert svg.locator("[role=button]").count() == 2
    svg.evaluate("e => (e.mark = 'the same')")
    svg.locator("[data-name=z1]").click()
    told = page.get_by_test_id("stText")  # not the diagram's own labels
    told.get_by_text("z1 z2").wait_for()
    svg.locator("[data-name=z1][aria-pressed=true]").wait_for()
    svg.locator("[data-name=z1]").focus()
    page.keyboard.press("Enter")
    told.get_by_text("z2", exact=True).wait_for()
    assert svg.evaluate("e => e.mark") == "the same"
    assert svg.evaluate("e => e.getRootNode().activeElement.dataset.name") == "z1"  # keys go on from there


@pytest.mark.browser
def test_narrow_page_scrolls_the_diagram_not_itself(page, app):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(app)
    page.locator(".diagram circle.edge").first.wait_for()
    assert page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth") == 0
    assert page.locator(".diagram .scroll").evaluate("e => e.scrollWidth > e.clientWidth")
