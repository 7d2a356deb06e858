"""Controls that a link carries: read once, checked, kept, and written into a new link."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from dmm.config_link import VERSION
from tests.test_pages import assert_one_sentence, sentences

SCRIPT = """
import streamlit as st
from dmm.ui import hiding, sharing
from dmm.ui.dials import Dial, carried, carry, dials, pick, stops, switch, turn
speed = Dial("speed", "Speed", 0.5, 2.5, 1.0, 0.5, "How fast.")
count = Dial("count", "Count", 1, 5, 4, 1, "How many.")
hiding.read_link()
if st.checkbox("elsewhere"):
    st.stop()
values = dials("here", [speed, count])
way = pick("here", "way", "Way", {"up": "Upwards", "down": "Downwards"}, "Which way.")
on = switch("here", "on", "On", "Whether.", start=True)
age = stops("here", "age", "Age", {"1": "young", "30": "grown up", "90": "old"}, "How old.", start="30")
st.button("turn", on_click=turn, args=("here", count))
st.button("faster", on_click=turn, args=("here", speed))
carry("here", "also", "this")
st.code(sharing.address_of("here", carried("here")), None)
st.json({"values": values, "way": way, "on": on, "age": age})
"""


def shown(at):
    import json

    assert [one.message for one in at.exception] == []
    return json.loads(at.json[0].value)


def start(**query):
    at = AppTest.from_string(SCRIPT, default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def test_controls_start_where_they_are_told():
    at = start()
    assert shown(at) == {"values": {"speed": 1.0, "count": 4}, "way": "up", "on": True, "age": "30"}
    assert sentences(at) == []


def test_link_sets_every_control_and_moving_one_later_is_not_undone():
    at = start(speed="2.5", count="2", way="down", on="0", age="90")
    assert shown(at) == {"values": {"speed": 2.5, "count": 2}, "way": "down", "on": False, "age": "90"}
    at.slider[0].set_value(1.5).run()
    assert shown(at)["values"]["speed"] == 1.5
    assert sentences(at) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("speed", "3", "speed = 3, but it must be a number from 0.5 to 2.5; 1 is used"),
        ("speed", "-1", "speed = -1, but"),
        ("speed", "nan", "speed = nan, but"),
        ("speed", "inf", "speed = inf, but"),
        ("speed", "1e999", "speed = 1e999, but"),
        ("speed", "", "speed = nothing, but"),
        ("speed", "fast\n\n# big", "speed = fast # big, but"),
        ("count", "3.5", "count = 3.5, but it must be a whole number from 1 to 5; 4 is used"),
        ("count", "1000000", "count = 1000000, but"),
        ("count", "9" * 5000, "count = 99999999999999999999…, but"),
        ("way", "sideways", "way = sideways, but it must be up or down; up is used"),
        ("age", "31", "age = 31, but it must be 1, 30 or 90; 30 is used"),
        ("on", "maybe", "on = maybe, but it must be 0 or 1; 1 is used"),
    ],
)
def test_wrong_value_in_a_link_gives_one_sentence_until_a_control_moves(name, value, words):
    at = start(**{name: value})
    assert shown(at) == {"values": {"speed": 1.0, "count": 4}, "way": "up", "on": True, "age": "30"}
    (sentence,) = sentences(at)
    assert_one_sentence(sentence)
    assert words in sentence
    assert len(sentences(at.run())) == 1
    assert sentences(at.slider[0].set_value(2.0).run()) == []


def test_markup_in_a_link_is_shown_as_it_is_and_does_nothing():
    (sentence,) = sentences(start(count="<script>"))
    assert sentence.startswith("The link says count = \\<script\\>, but")


@pytest.mark.parametrize("value", [0, 1000, -1, 10**12])
def test_value_that_a_browser_makes_up_never_reaches_the_page(value):
    at = start()
    at.slider[1].set_value(value).run()
    assert 1 <= shown(at)["values"]["count"] <= 5


def test_values_are_kept_while_another_page_is_on_the_screen():
    at = start(way="down")
    at.slider[0].set_value(2.0).run()
    at.toggle[0].set_value(False).run()
    at.select_slider[0].set_value("1").run()
    before = shown(at)
    at.checkbox[0].check().run()
    assert not at.slider
    at.run()
    at.checkbox[0].uncheck().run()
    assert shown(at) == before
    assert before == {"values": {"speed": 2.0, "count": 4}, "way": "down", "on": False, "age": "1"}


def test_turning_a_dial_goes_on_to_the_next_value_and_round():
    at = start()
    seen = []
    for _ in range(3):
        next(one for one in at.button if one.label == "turn").click().run()
        seen.append(shown(at)["values"]["count"])
    assert seen == [5, 1, 2]
    next(one for one in at.button if one.label == "faster").click().run()
    assert shown(at)["values"]["speed"] == 1.5


def words_of(at):
    return dict(parse_qsl(urlsplit(at.code[0].value).query, keep_blank_values=True))


def test_links_lead_back_to_what_is_shown():
    at = start(speed="2.5", way="down", on="0", age="1")
    words = words_of(at)
    assert words == {"v": VERSION, "speed": "2.5", "count": "4", "way": "down", "on": "0", "age": "1", "also": "this"}
    assert shown(start(**words)) == shown(at)


def test_link_has_the_controls_that_stand_as_they_start():
    assert words_of(start()).items() >= {"speed": "1", "count": "4", "way": "up", "on": "1", "age": "30"}.items()


@pytest.mark.parametrize("hide", ["speed,way,on,age", "here.speed,here.way,here.on,here.age"])
def test_hidden_controls_have_the_value_of_the_link_and_are_not_drawn(hide):
    at = start(speed="2.5", way="down", on="0", age="1", hide=hide)
    assert shown(at) == {"values": {"speed": 2.5, "count": 4}, "way": "down", "on": False, "age": "1"}
    assert [one.label for one in at.slider] == ["Count"]
    assert not at.toggle
    assert not at.select_slider
    next(one for one in at.button if one.label == "faster").click().run()
    assert shown(at)["values"]["speed"] == 0.5, "what else turns it still does"


MARKS = """
import streamlit as st
from dmm.ui import hiding, sharing
from dmm.ui.dials import carried, mark, marks
hiding.read_link()
known = marks("here", "known", ["a", "b", "c"], start=["b"])
st.button("c", on_click=mark, args=("here", "known", "c"))
st.code(sharing.address_of("here", carried("here")), None)
st.json({"known": sorted(known)})
"""


def start_marks(**query):
    at = AppTest.from_string(MARKS, default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def test_marks_start_where_they_are_told_and_are_turned():
    at = start_marks()
    assert shown(at) == {"known": ["b"]}
    for wanted in (["b", "c"], ["b"]):
        at.button[0].click().run()
        assert shown(at) == {"known": wanted}


@pytest.mark.parametrize(("text", "known"), [("a.c", ["a", "c"]), ("", []), ("b", ["b"])])
def test_marks_are_carried_by_a_link(text, known):
    at = start_marks(known=text)
    assert shown(at) == {"known": known}
    assert sentences(at) == []
    assert words_of(at) == {"v": VERSION, "known": text}


def test_hidden_marks_stay():
    at = start_marks(known="a.c", hide="known")
    at.button[0].click().run()
    assert shown(at) == {"known": ["a", "c"]}


def test_marks_that_are_not_there_are_refused():
    at = start_marks(known="a.x")
    assert shown(at) == {"known": ["b"]}
    (sentence,) = sentences(at)
    assert_one_sentence(sentence)
    assert "known = a.x" in sentence
