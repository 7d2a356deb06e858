"""Tasks that are done stay done: in the session, in the address, and as a tick in the menu."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dmm.ui import frame, progress, tasks
from dmm.ui.course import LESSONS, lesson_of
from tests.test_pages import assert_one_sentence, sentences

EVERY = [(one.file, name) for one in LESSONS for name in one.tasks]
SCRIPT = """
import streamlit as st
from dmm.ui import progress, tasks
progress.read_link()
progress.complain()
if st.checkbox("elsewhere"):
    st.stop()
tasks.heading("gate")
tasks.choose("gate", "shut", "One or two?", ["one", "two"], lambda: ("two", "It is more."), hint="Count.")
tasks.number("gate", "mean", "What is 1 + 1?", lambda: 2.0, "Count them.", hint="Fingers.", within=0.01)
open = st.toggle("open")
tasks.reach("gate", "fixed", "Open it.", lambda: (open, f"It is {open}."), "So it opens.", hint="The toggle.")
"""


def words(at):
    assert [one.message for one in at.exception] == []
    return " ".join(one.value for one in [*at.markdown, *at.caption])


def start(**query):
    at = AppTest.from_string(SCRIPT, default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def press(at, label):
    next(one for one in at.button if one.label == label).click().run()
    return at


@given(st.sets(st.sampled_from(EVERY)))
def test_link_brings_back_what_was_done(done):
    text = progress.encode(done)
    assert (progress.decode(text) if text else set()) == done


@pytest.mark.parametrize(
    "text", ["gate", "gate.", "gate.9", "gate.0", "nothing.1", "gate.1-", "-", "<script>", "a" * 9999]
)
def test_wrong_list_of_tasks_gives_one_sentence_and_is_left_out(text):
    with pytest.raises(ValueError, match="no tasks of this course"):
        progress.decode(text)
    at = start(done=text)
    (sentence,) = sentences(at)
    assert_one_sentence(sentence)
    assert "done" not in at.query_params


def test_names_of_tasks_are_unique_and_few_enough_to_count_in_one_digit():
    assert len(set(EVERY)) == len(EVERY)
    assert all(len(one.tasks) <= 9 for one in LESSONS)
    assert len(progress.encode(set(EVERY))) <= progress.LONGEST / 2
    with pytest.raises(KeyError, match="there is no lesson 'nothing'"):
        lesson_of("nothing")


def test_wrong_answer_gives_nothing_away_and_the_right_one_is_kept_in_the_address():
    at = start()
    assert "3 tasks." in words(at)
    at.radio[0].set_value("one").run()
    assert tasks.NOT_YET in words(at)
    assert "done" not in at.query_params
    at.radio[0].set_value("two").run()
    assert "It is more." in words(at)
    assert tasks.NOT_YET not in words(at)
    assert at.query_params["done"] == "gate.1"


def test_task_is_counted_as_soon_as_it_is_done():
    at = start()
    at.radio[0].set_value("two").run()
    assert f"1 of {len(lesson_of('gate').tasks)} done." in words(at)


@pytest.mark.parametrize(("given", "right"), [(2, True), (2.01, True), (1.99, True), (2.011, False), (-2, False)])
def test_number_is_right_within_what_is_told(given, right):
    at = start()
    at.number_input[0].set_value(given).run()
    assert ("Count them." in words(at).split("**2.00**")[0]) == right
    assert (tasks.NOT_YET in words(at)) == (not right)


def test_what_is_to_be_reached_is_looked_at_when_asked():
    at = press(start(), "Check")
    assert "It is False. **Not there yet.**" in words(at)
    at.toggle[0].set_value(True).run()
    assert "So it opens." not in words(at)
    assert "So it opens." in words(press(at, "Check"))
    assert at.query_params["done"] == "gate.3"


def test_what_was_done_before_is_said_and_survives_a_visit_elsewhere():
    at = start(done="gate.13-bound.2")
    assert words(at).count(tasks.BEFORE) == 2
    at.radio[0].set_value("two").run()
    at.checkbox[0].check().run()
    at.checkbox[0].uncheck().run()
    assert at.radio[0].value == "two"
    assert at.query_params["done"] == "gate.13-bound.2"


def test_tick_in_the_menu_once_all_tasks_of_a_page_are_done(monkeypatch):
    monkeypatch.setattr(
        progress, "_done", lambda: {("gate", "shut"), ("gate", "mean"), ("gate", "fixed"), ("bound", "zero")}
    )
    monkeypatch.setattr(frame.st, "Page", lambda file, title, default: title)
    monkeypatch.setattr(frame.progress, "read_link", lambda: None)
    titles = frame.lessons()
    assert [title for title in titles if title.startswith("✓")] == ["✓ The gate"]


def test_right_answer_must_be_among_the_choices():
    wrong = SCRIPT.replace('("two", "It is more.")', '("three", "It is more.")')
    at = AppTest.from_string(wrong).run()
    assert not at.exception
    assert len(at.radio[0].set_value("two").run().exception) == 1
