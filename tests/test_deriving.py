"""A derivation comes line by line, and both sides of a line are computed when somebody asks."""

import pytest
from streamlit.testing.v1 import AppTest

from dmm.ui.deriving import Check, in_words

SCRIPT = """
import streamlit as st
from dmm.ui.deriving import Check, Step, derive
def count():
    st.session_state["counted"] = st.session_state.get("counted", 0) + 1
    return Check("three plus four", 3 + 4, "seven", 7)
derive("here", "sum", [Step("3 + 4", "A sum."), Step("= 7", "Counted.", count), Step("= 7.0", "The same.")])
"""


def start(**query):
    at = AppTest.from_string(SCRIPT, default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def press(at, label):
    next(one for one in at.button if one.label == label).click().run()
    assert not at.exception
    return at


def lines(at):
    return [one.value.strip("$\n") for one in at.latex]


def test_lines_come_one_by_one_and_begin_again_after_the_last():
    at = start()
    assert lines(at) == ["3 + 4"]
    assert lines(press(at, "Next line")) == ["3 + 4", "= 7"]
    assert lines(press(at, "Next line")) == ["3 + 4", "= 7", "= 7.0"]
    assert lines(press(at, "From the start")) == ["3 + 4"]


def test_link_says_how_many_lines_are_shown():
    assert len(lines(start(sum="3"))) == 3


def test_both_sides_are_computed_when_asked_and_not_before():
    at = start(sum="3")
    assert [one.label for one in at.button].count("Check it") == 1
    assert "counted" not in at.session_state
    at = press(at, "Check it")
    assert at.session_state["counted"] == 1
    assert any("| three plus four | 7 |" in one.value for one in at.markdown)
    assert not any("three plus four" in one.value for one in press(at, "From the start").markdown)


def test_what_was_checked_stays_on_the_screen_and_follows_the_page():
    at = press(start(sum="3"), "Check it").run()
    assert at.session_state["counted"] == 2
    assert any("| three plus four | 7 |" in one.value for one in at.markdown)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (Check("a", 1.0, "b", 1.0), "They differ by nothing."),
        (Check("a", 1.0, "b", 1.0 + 2**-52), "They differ by 2.2e-16."),
        (Check("a", 1.0, "b", 1.0 + 2**-52, noise=1e-18), "They differ by 2.2e-16."),
        (Check("a", 1.0, "b", 1.5, noise=0.25), "They differ by 0.5: 2.0 standard errors of 0.25."),
    ],
)
def test_difference_is_told_in_numbers(check, words):
    assert in_words(check).endswith(words)
