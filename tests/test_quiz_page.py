"""The quiz on its page: nothing but the notes tells who plays, and no answer is lost or counted twice."""

import json
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dmm.data import load_dataset
from dmm.quiz import COINS, MODEL, MUSIC, ROUNDS, VOICES
from dmm.runs.samples import Sample, append_sample
from dmm.ui.listen import quiz, quiz_games, quiz_words
from dmm.ui.listen.quiz_games import Key
from tests.browser import OVERFLOW
from tests.test_lessons_browser import settle
from tests.test_pages import STORED, assert_one_sentence, figures, open_page, sentences, turn_to, views, widgets
from tests.tiny_runs import make_run, write_tiny_data

WORDS = {MUSIC: "Bach", MODEL: "the model", COINS: "coins"}


def start(**query):
    return open_page("listen", part="quiz", **query)


def part(run):
    """The quiz of a run alone."""

    def script(run):
        from pathlib import Path

        from dmm.ui.listen import quiz

        quiz.show(Path(run))

    at = AppTest.from_function(script, kwargs={"run": str(run)}, default_timeout=30).run()
    assert [one.message for one in at.exception] == []
    return at


def words(at):
    return [one.value for kind in (at.markdown, at.caption) for one in kind]


def say(at, voice):
    at.button(key=f"quiz {voice}").click().run()
    assert [one.message for one in at.exception] == []
    return at


def following(at):
    at.button(key="quiz next").click().run()
    return at


def play(at, rounds):
    """Answer so many rounds of the first quiz, all right, and go on after each but the last."""
    for number in range(rounds):
        say(at, game(at).rounds[game(at).at].voice)
        if number + 1 < rounds:
            following(at)
    return at


def game(at, seed=0, length=16, tidy=False):
    return at.session_state["quiz games"][Key(STORED, length, tidy, seed)]


def told(at, begin):
    return next((one for one in words(at) if begin in one), None)


def set_dial(at, name, value):
    next(one for one in widgets(at) if one.key == f"dial listen {name}").set_value(value).run()
    return at


# --- blind -----------------------------------------------------------------------------------------------------------


def test_before_an_answer_only_notes_and_number_of_a_round_differ():
    at, seen = start(), set()
    for number in range(1, ROUNDS + 1):
        page = views(at)
        packet = {name: value for name, value in page["quiz bar"].items() if name != "roll"}
        assert packet.pop("title") == f"Round {number}"
        assert (packet["description"], packet["voices"], packet["onsets"]) == ("", None, None)
        lines = [re.sub(r"\d+", "#", one) for one in words(at) if not one.startswith("So far")]
        labels = [(one.key, one.label) for one in widgets(at)]
        seen.add(json.dumps([sorted(page), packet, lines, labels, dict(at.query_params)]))
        if number < ROUNDS:
            following(say(at, VOICES[number % 3]))
        if number == 1:
            seen.clear()  # from now on there is a score
    assert len(seen) == 1


def test_what_is_played_is_the_roll_of_the_round():
    at = start(quiz_seed="5", quiz_beats="32")
    one = game(at, 5, 32).rounds[0]
    assert views(at)["quiz bar"]["frames"] == 32
    say(at, COINS)
    assert set(views(at)) == {"quiz roll"}
    assert views(at)["quiz roll"]["title"].lower() == f"round 1: {WORDS[one.voice]}".lower()


def test_each_answer_gets_its_verdict():
    at = start()
    chorales = {one.name: one for one in load_dataset("chorales").test}
    for number in range(ROUNDS):
        one = game(at).rounds[number]
        said = VOICES[number % 3]
        verdict = told(say(at, said), "It was **")
        assert ("**Right.**" in verdict) == (said == one.voice)
        assert f"It was **{WORDS[one.voice]}**" in verdict
        if one.voice == MUSIC:
            assert chorales[one.source.name].title in verdict
            assert f"beats {one.start + 1} to {one.start + 16}" in verdict
        if one.voice == MODEL:
            assert f"after {one.step:,} updates" in verdict
        if number + 1 < ROUNDS:
            following(at)
    assert not [one for one in at.button if one.key == "quiz next"]


# --- nothing is lost, nothing counts twice ---------------------------------------------------------------------------


def test_figure_waits_for_the_last_round_and_shows_every_moment():
    at = play(start(), ROUNDS - 1)
    assert "So far **11 of 11** right" in told(at, "So far")
    assert figures(at) == {}, "or it would help to count along"
    play(following(at), 1)
    (figure,) = figures(at).values()
    steps = sorted(one.step for one in game(at).rounds if one.step)
    rows = ["Bach", *(f"Model, {step:,} updates" for step in steps), "Coins"]
    assert figure["data"][0]["y"] == rows
    assert "Bach **4 of 4** (40 to 100 %); model **4 of 4** (40 to 100 %)" in told(at, "Recognised")


def test_again_chooses_a_quiz_that_was_not_played_and_the_score_goes_on():
    at = set_dial(say(start(quiz_seed="998"), COINS), "quiz_seed", 999)
    for number in range(ROUNDS):
        say(at, COINS)
        if number + 1 < ROUNDS:
            following(at)
    at.button(key="quiz again").click().run()
    assert at.slider(key="dial listen quiz_seed").value == 0
    assert told(at, "Round 1 of 12") == "**Round 1 of 12.** Who plays?"
    assert re.search(r"coins \*\*[45] of [45]\*\*", told(at, "Recognised")), "that of the quiz that was left counts too"


def test_seed_length_and_switch_in_the_middle_of_a_round_lose_nothing():
    at = following(play(start(), 3))
    roll = views(at)["quiz bar"]["roll"]
    for name, value, back in (("quiz_seed", 7, 0), ("quiz_beats", "32", "16"), ("quiz_tidy", True, False)):
        set_dial(at, name, value)
        assert told(at, "Round 1 of 12"), name
        if name != "quiz_seed":
            assert "3 answers to excerpts of another kind or run are kept apart." in words(at)
        set_dial(at, name, back)
        assert told(at, "Round 4 of 12")
        assert views(at)["quiz bar"]["roll"] == roll
        assert len(game(at).answers) == 3


def test_quiz_is_as_it_was_after_another_page():
    at = say(start(), MUSIC)
    verdict = told(at, "It was **")
    turn_to(turn_to(at, "glossary"), "listen")
    assert told(at, "It was **") == verdict
    assert game(at).answers == [MUSIC]
    following(at)
    turn_to(turn_to(at, "glossary"), "listen")
    assert told(at, "Round 2 of 12.** Who plays?")


def test_second_press_of_the_same_button_changes_nothing(monkeypatch):
    monkeypatch.setattr(quiz_games.st, "session_state", {})
    key = Key("a", 16, False, 0)
    one = quiz_games.games()[key] = quiz_games.Game([None] * ROUNDS)
    for voice in (MUSIC, COINS):
        quiz_games.answer(key, 0, voice)
    quiz_games.go(key, 1)
    quiz_games.go(key, 1)
    assert (one.answers, one.at) == ([MUSIC], 1)
    quiz_games.go(key, 5)
    assert one.at == 1, "no round is passed over"
    assert quiz_games.has_played() == (False, "You have answered 1 of the 12 rounds of a quiz.")
    for number in range(1, ROUNDS + 3):
        quiz_games.answer(key, number, COINS)
    assert len(one.answers) == ROUNDS
    assert quiz_games.has_played()[0]


def test_link_says_which_quiz_it_is():
    at = start(quiz_seed="12", quiz_beats="32", quiz_tidy="1")
    say(at, MUSIC)
    one = game(at, 12, 32, True).rounds[0]
    assert one.roll.sum(1).max() <= 4
    assert told(at, "Tidied: at most four keys")
    assert told(at, "idying left out") or told(at, "Tidying changed nothing")
    at.button(key="copy_link button").click().run()
    assert "&quiz_beats=32&quiz_tidy=1&quiz_seed=12" in views(at)["copy_link"]["address"]


# --- runs of other kinds ---------------------------------------------------------------------------------------------


@pytest.fixture
def tiny(tmp_path):
    return make_run(tmp_path, write_tiny_data(tmp_path))


def draw(run, step, frames=64):
    roll = (np.random.default_rng(step).random((frames, 88)) < 0.04).astype(np.uint8)
    append_sample(run, Sample(step, step, roll, np.zeros((frames, 2)), np.zeros((frames, 2))))


def test_run_that_has_drawn_nothing_says_so(tiny):
    at = part(tiny)
    (sentence,) = sentences(at)
    assert_one_sentence(sentence.split(". ")[0] + ".")
    assert not at.button
    draw(tiny, 0)
    at.run()
    assert sentences(at) == []
    assert len([one for one in at.button if str(one.key).startswith("quiz ")]) == 3


def test_short_pieces_of_other_data_are_played_as_they_are_and_not_called_bach(tiny):
    for step in range(5):
        draw(tiny, step)
    at = part(tiny)
    labels = [one.label for one in at.button]
    assert labels == ["The real music", "The model", "Coins"]
    assert "Not all three have 16 beats to play in a row, so each plays 9 beats." in words(at)
    (one,) = at.session_state["quiz games"].values()
    assert {len(each.roll) for each in one.rounds} == {9}
    assert 0 not in {each.step for each in one.rounds if each.step is not None}, "nothing was learned yet"
    at.button(key="quiz music").click().run()
    assert told(at, "It was **")
    assert not any("Bach" in line for line in words(at))


def test_data_that_are_gone_are_named_in_one_sentence_and_a_quiz_that_began_goes_on(tiny):
    draw(tiny, 3)
    began = part(tiny)
    next(tiny.parent.glob("*.json")).unlink()
    at = part(tiny)
    (sentence,) = sentences(at)
    assert_one_sentence(sentence.replace(str(tiny.parent), ""))
    assert "There is no file" in sentence
    began.button(key="quiz coins").click().run()
    assert sentences(began) == []
    assert told(began, "It was **")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("chorales", "Bach"),
        ("chorales-in-c", "Bach"),
        ("chorales+song.mid", "Bach"),
        ("song.mid", "The real music"),
    ],
)
def test_first_voice_has_the_name_of_the_test_pieces(data, name):
    assert quiz.voices_of(data)[MUSIC] == name
    assert ("Bach" in quiz_words.introduction(quiz.voices_of(data))) == (name == "Bach")


# --- in a browser ----------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_round_is_played_answered_and_followed_by_the_next_on_a_telephone(page, lab):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{lab}/listen?part=quiz")
    settle(page)
    view = page.locator(".roll-view.bar-only")
    assert view.locator(".bar").get_attribute("aria-label") == "Play: Round 1"
    assert not view.locator(".summary").is_visible(), "it would tell how many notes there are"
    assert not view.locator("canvas").first.is_visible()
    page.get_by_role("button", name="Coins", exact=True).click()
    page.get_by_text("It was").wait_for()
    page.locator(".roll-view:not(.bar-only) .frame").wait_for()
    page.get_by_role("button", name="Next").click()
    page.get_by_text("Round 2 of 12.").wait_for()
    settle(page)
    assert page.locator(".roll-view.bar-only").get_attribute("data-beat") == "0.0000"
    assert max(page.evaluate(OVERFLOW)) <= 0
