"""A link is a page as it is: every control of every page goes through it and back; what cannot be read is said."""

from urllib.parse import parse_qsl, urlsplit

import pytest
import streamlit

from dmm.config import Config, make_config
from dmm.config_link import VERSION
from dmm.runs import store
from dmm.runs.changes import append_change
from dmm.runs.fingerprint import encode, fingerprint
from dmm.steering import Change
from dmm.ui.names import NAMES
from dmm.ui.train import link, same_curve
from tests.test_pages import (
    PAGES,
    STORED,
    assert_alive,
    assert_one_sentence,
    click,
    knob,
    new_run,
    open_page,
    queue,
    sentences,
    turn_to,
    views,
    widgets,
)

__all__ = ["new_run", "queue"]  # fixtures

SHIPPED = store.SHIPPED / STORED


def copied(at):
    """The link that "Copy link" gives, as what it says by name."""
    at.button(key="copy_link button").click().run()
    return words_of(views(at)["copy_link"]["address"])


def words_of(address):
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True, strict_parsing=True))


def open_link(page, words):
    return open_page(page, **words)


# --- every control of every page -------------------------------------------------------------------------------------


@pytest.fixture
def choices(monkeypatch):
    """All questions are answered, so that nothing waits for it; and what each control offers, by its key."""
    offered = {}
    radio, segmented, select = streamlit.radio, streamlit.segmented_control, streamlit.select_slider
    listed = streamlit.selectbox

    def answered(label, options, **how):
        return radio(label, options, **(how | {"index": 0} if str(how.get("key")).startswith("predict ") else how))

    def noted(widget):
        def draw(label, options, **how):
            offered[how.get("key")] = list(options)
            return widget(label, options, **how)

        return draw

    monkeypatch.setattr(streamlit, "radio", answered)
    monkeypatch.setattr(streamlit, "segmented_control", noted(segmented))
    monkeypatch.setattr(streamlit, "select_slider", noted(select))
    monkeypatch.setattr(streamlit, "selectbox", noted(listed))
    return offered


def controls(at, page):
    """The widgets that a link carries, by key."""
    named = {one.key: one for one in widgets(at) if one.key}
    return {key: one for key, one in named.items() if key.startswith((f"dial {page} ", "knob "))}


def another(one, offered):
    """A valid value that a widget does not have."""
    if one.key in offered:
        options = offered[one.key]
    elif one.type == "toggle":
        options = [False, True]
    else:
        return one.min if one.value != one.min else one.max
    return options[(options.index(one.value) + 1) % len(options)]


def move_all(at, page, offered, moved):
    """Every control that was not moved before is moved."""
    for key, one in controls(at, page).items():
        if key not in moved and not one.proto.disabled:
            moved[key] = another(one, offered)
            assert moved[key] != one.value, key
            one.set_value(moved[key])


LISTEN = ("continue", "fill", "act", "quiz", "probe", "own")  # parts of a page that shows one at a time
VIEWS = [*((page, {}) for page in PAGES if NAMES[page]), *(("listen", {"part": part}) for part in LISTEN)]


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(("page", "query"), VIEWS, ids=str)
def test_every_control_of_a_page_goes_through_a_link_and_back(queue, choices, page, query):
    at, moved = open_page(page, **query), {f"dial {page} {name}": value for name, value in query.items()}
    move_all(at, page, choices, moved)
    at.run()
    move_all(at, page, choices, moved)  # those that others have brought forth
    words = copied(at)
    assert_alive(at, page)
    assert set(words) <= {*NAMES[page], "v", "run"}
    assert words["v"] == VERSION
    left = {key: one.value for key, one in controls(at, page).items()}
    assert {key.rpartition(" ")[2] for key in moved} <= words.keys()
    idle = {key for key, one in controls(at, page).items() if one.proto.disabled}  # what stands in them was not moved
    assert {key: at.session_state[key] for key in moved if key not in idle} == {
        key: value for key, value in moved.items() if key not in idle
    }
    again = open_link(page, words)
    assert_alive(again, page)
    assert {key: one.value for key, one in controls(again, page).items()} == left
    assert [one for one in sentences(again) if "link" in one.lower()] == []


def test_names_of_controls_are_in_no_other_use():
    reserved = {"v", "run", "done", "hide", "embed", "embed_options", "was", "steered"}
    for names in NAMES.values():
        assert len(set(names)) == len(names)
        assert not reserved & {*names}
        assert not any("." in name or "," in name for name in names)
    assert set(NAMES) == {*PAGES}


# --- what a link says as a whole -------------------------------------------------------------------------------------


def test_page_without_controls_has_its_address_alone_and_nobody_learns_what_was_done():
    at = open_page("glossary", done="gate.12")
    assert views_address(at) == "glossary"
    assert "done" not in copied(open_page("numbers", done="gate.12"))


def views_address(at):
    at.button(key="copy_link button").click().run()
    return views(at)["copy_link"]["address"]


def test_race_of_a_link_is_no_unknown_name():
    at = open_page("structured_inference", race="f" * 16)
    assert not any("The link sets" in one for one in sentences(at))


def test_link_that_was_not_looked_at_yet_is_passed_on():
    """A control behind a question that nobody has answered."""
    words = copied(open_page("deep_markov_model", z_1="1.5"))
    assert words["z_1"] == "1.5"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"v": "7"}, "another version of the app (links of version 7, here 1)"),
        ({"v": VERSION, "speed": "3"}, "The link sets speed, which this page does not have."),
        ({"a1": "1", "b": "2", "<b>": "3"}, "The link sets \\<b\\>, a1 and b, which"),
        ({"hide": "here,gate.dot,latents.dot,nothing"}, "The link hides latents.dot and nothing, which no page has."),
        ({f"x{one}": "" for one in range(9)}, "x3, x4 and 4 more, which"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(query, told):
    at = open_page("gate", **query)
    assert_alive(at, "gate")
    (sentence,) = sentences(at)
    assert_one_sentence(sentence)
    assert told in sentence


# --- what a link hides -----------------------------------------------------------------------------------------------


def shown(at, page="gate"):
    return {key.rpartition(" ")[2] for key in controls(at, page)}


def test_hidden_controls_keep_the_value_of_the_link_and_their_effect_on_every_page():
    at = open_page("gate", hide="here,gate.t,numbers.S", here="1.5")
    assert_alive(at, "gate")
    assert not {"here", "t"} & shown(at)
    assert {"i", "dot"} <= shown(at)
    assert at.session_state["dial gate here"] == 1.5
    assert at.session_state["dial gate t"] == 20
    bent = open_page("gate", here="1.5")
    assert [one.value for one in at.get("latex")] == [one.value for one in bent.get("latex")]
    assert "S" not in shown(turn_to(at, "numbers"), "numbers")
    assert at.query_params["hide"] in ("here,gate.t,numbers.S", ["here,gate.t,numbers.S"])
    assert "t" in shown(turn_to(at, "structured_inference"), "structured_inference"), "its t is another"


def test_link_of_a_page_that_hides_something_hides_the_same():
    at = open_page("gate", hide="gate.t,here", here="1.5")
    words = copied(at)
    assert words["hide"] == "gate.t,here"
    assert words["here"] == "1.5"
    assert not at.multiselect, "students are not shown what is hidden"


def test_teacher_chooses_what_the_link_hides_and_sees_it_all_the_same():
    at = open_page("gate")
    at.button(key="copy_link button").click().run()
    (chooser,) = at.multiselect
    assert "Dimension i (i)" in chooser.options
    chooser.set_value(["gate.i", "tasks"])
    at.button(key="copy_link button").click().run()
    assert words_of(views(at)["copy_link"]["address"])["hide"] == "gate.i,tasks"
    assert "i" in shown(at)


@pytest.mark.parametrize(("block", "gone"), [("tasks", "Try this"), ("code", "def forward"), ("answers", None)])
def test_blocks_are_hidden(block, gone):
    def told(at):
        return " ".join(one.value for one in [*at.subheader, *at.code, *at.markdown])

    whole, at = open_page("gate"), open_page("gate", hide=block)
    assert_alive(at, "gate")
    assert sentences(at) == []
    if gone:
        assert gone in told(whole)
        assert gone not in told(at)
    if block == "answers":
        radio = next(one for one in at.radio if one.key.startswith("task "))
        radio.set_value(radio.options[1]).run()
        assert_alive(at, "gate")


def test_hidden_settings_of_train_count_and_are_not_there(queue, runs_dir):
    at = open_page("train", hide="z_dim,train.seed", z_dim="7", seed="3")
    assert_alive(at, "train")
    keys = {one.key for one in widgets(at)}
    assert not {"knob z_dim", "knob seed"} & keys
    click(at, "Start")
    (run,) = runs_dir.iterdir()
    config = store.read_run_config(run)
    assert (config.z_dim, config.seed) == (7, 3)
    keys = {one.key for one in widgets(open_page("train", hide="settings"))}
    assert not any(key and key.startswith("knob ") for key in keys)


# --- Train: settings and runs ----------------------------------------------------------------------------------------


def test_settings_of_a_link_that_are_wrong_are_refused_one_by_one_until_a_control_moves(queue):
    at = open_page("train", z_dim="999", rnn_cell="lstm", data="/etc/passwd", preset="huge", epochs="7", was="1~2")
    assert_alive(at, "train")
    (sentence,) = sentences(at)
    for told in (
        "z_dim = 999, but it must be a whole number from 1 to 256; 16 is used.",
        "data = /etc/passwd, but it must be chorales or chorales-in-c, for a link opens no file; chorales is used.",
        "preset = huge, but it must be classroom or standard or paper; classroom is used.",
        "was = 1\\~2, but it must be an update",
    ):
        assert told in sentence
    assert "\n" not in sentence
    assert (knob(at, "z_dim").value, knob(at, "rnn_cell").value, knob(at, "epochs").value) == (16, "lstm", 7)
    assert sentences(knob(at, "seed").set_value(5).run()) == []


def test_settings_of_a_link_that_do_not_go_together_give_the_usual_refusal(queue):
    at = open_page("train", num_iafs="1", kl="analytic")
    (sentence,) = sentences(at)
    assert "choose kl sampled, or no IAF steps" in sentence
    words = copied(at)
    assert (words["num_iafs"], words["kl"]) == ("1", "analytic")


@pytest.mark.parametrize(
    ("name", "value", "moved"),
    [
        ("learning_rate", 0.0123456789012345, 0.5),
        ("clip_norm", 0.3, 0.5),
        ("beta2", 0.9871, 0.5),
        ("missing", 0.123, 0.5),
        ("lr_decay", 0.9991234, 1.0),
    ],
)
def test_value_that_no_control_offers_is_kept_to_the_last_digit_until_it_is_moved(queue, name, value, moved):
    at = open_page("train", **{name: repr(value)})
    assert_alive(at, "train")
    assert knob(at, name).value == value
    assert float(copied(at)[name]) == value
    knob(at, "seed").set_value(9).run()
    assert knob(at, name).value == value
    knob(at, name).set_value(moved).run()
    assert knob(at, name).value == moved
    assert_alive(at.run(), "train")
    assert knob(at, name).value == moved


def test_link_with_a_version_leaves_out_what_had_not_been_there(queue):
    """As a `config.json` without a field does; a link by hand is over what the page starts with."""
    assert Config().learning_rate != make_config().learning_rate
    assert knob(open_page("train", v=VERSION, z_dim="3"), "learning_rate").value == Config().learning_rate
    assert knob(open_page("train", z_dim="3"), "learning_rate").value == make_config().learning_rate


def test_link_of_train_has_every_field_the_run_and_where_they_agree_its_curve(queue):
    at = open_page("train")
    words = copied(at)
    assert {*Config.model_fields} <= words.keys()
    assert words["run"] == STORED
    assert "was" not in words, "the run was told otherwise"
    (which,) = (one for one in widgets(at) if one.label == "Which settings?")
    which.set_value("run")
    at.button(key="copy_link button").click().run()
    words = words_of(views(at)["copy_link"]["address"])
    assert words["was"] == encode(fingerprint(SHIPPED))
    assert words["z_dim"] == str(store.read_run_config(SHIPPED).z_dim)
    again = open_page("train", **words)
    assert copied(again).items() >= words.items(), "both agree, and there is one link"


def test_link_of_a_run_that_was_steered_says_so_and_tells_no_curve(queue, new_run):
    run = new_run("done")
    store.append_lines(run / "metrics.jsonl", store.read_lines(SHIPPED / "metrics.jsonl")[0])
    append_change(run, Change(3, 0.001))
    words = copied(open_page("train", run=run.name))
    assert words["steered"] == "1"
    assert "was" not in words
    at = open_page("train", **words)
    assert link.STEERED in sentences(at)
    knob(at, "seed").set_value(77).run()
    assert link.STEERED not in sentences(at), "other settings are no longer those of the run"


def test_run_of_a_link_that_is_not_here_is_told_and_start_trains_it_anew(queue, runs_dir):
    words = link.words_of_run(STORED) | {"run": "f" * 16, "v": VERSION}
    at = open_page("train", **words)
    assert sentences(at) == [link.NOT_HERE]
    click(at, "Start")
    (run,) = runs_dir.iterdir()
    assert store.read_run_config(run) == store.read_run_config(SHIPPED)
    told = at.session_state[link.KEY]
    config, points = store.read_run_config(run), {"step": [], "validation": []}
    assert "stands at 7.104 nats per frame on validation after update 5,200" in same_curve.compare(
        run, config, points, told
    )
    points = {"step": [13, 5200], "validation": [11.0, 7.103985]}
    assert same_curve.compare(run, config, points, told).startswith("Same as in the link, to the last digit")
    points["validation"][1] = 7.1
    assert same_curve.compare(run, config, points, told).startswith("0.004 nats per frame lower than in the link")
    append_change(run, Change(3, 0.001))
    assert same_curve.compare(run, config, points, told) == same_curve.BY_HAND
    assert same_curve.compare(SHIPPED, config, points, told) == ""
    other = config.model_copy(update={"seed": 5})
    assert same_curve.compare(run, other, points, told) == ""


@pytest.mark.parametrize("lesson", ["listen", "latents"])
def test_a_missing_run_is_not_said_to_have_settings_where_there_are_none(lesson):
    (sentence,) = sentences(open_page(lesson, run="f" * 16, seed="3"))
    assert sentence != link.NOT_HERE


def test_learning_rate_that_follows_the_clock_is_compared_with_nothing(queue, new_run):
    run = new_run(schedule="cosine", seconds=5.0)
    config = store.read_run_config(run)
    told = link.Told(config.model_dump(), fingerprint(SHIPPED), False)
    assert same_curve.compare(run, config, {"step": [], "validation": []}, told) == same_curve.BY_THE_CLOCK
