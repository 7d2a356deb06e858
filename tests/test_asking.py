"""A question is answered before its answer shows."""

import pytest
from streamlit.testing.v1 import AppTest

from dmm.ui.asking import predict

SCRIPT = """
import streamlit as st
from dmm.ui.asking import predict
if not st.checkbox("elsewhere"):
    st.write("shown" if predict("sum", "What is 1 + 1?", ["1", "2"], "2", "Count.") else "waits")
"""


def words(at):
    assert not at.exception
    return " ".join(one.value for one in [*at.markdown, *at.caption])


def test_answer_waits_for_a_choice_and_says_whether_it_was_right():
    at = AppTest.from_string(SCRIPT).run()
    assert "Count." not in words(at)
    assert "waits" in words(at)
    at.radio[0].set_value("1").run()
    assert "Not this time: **2**. Count." in words(at)
    at.radio[0].set_value("2").run()
    assert "**Right.**] Count." in words(at)
    assert "shown" in words(at)


def test_choice_is_kept_while_another_page_is_on_the_screen():
    at = AppTest.from_string(SCRIPT).run()
    at.radio[0].set_value("1").run()
    at.checkbox[0].check().run()
    at.checkbox[0].uncheck().run()
    assert at.radio[0].value == "1"


def test_question_has_a_tooltip():
    assert AppTest.from_string(SCRIPT).run().radio[0].proto.help


def test_answer_may_be_worked_out_once_somebody_has_chosen():
    late = SCRIPT.replace('"2", "Count."', 'lambda: (st.write("counting"), ("2", "Count."))[1]')
    at = AppTest.from_string(late).run()
    assert "counting" not in words(at)
    at.radio[0].set_value("2").run()
    assert "counting" in words(at)
    assert "**Right.**] Count." in words(at)


def test_right_answer_must_be_among_the_choices():
    with pytest.raises(ValueError, match="got '3' as the right answer, expected one of"):
        predict("sum", "What is 1 + 1?", ["1", "2"], "3", "")
