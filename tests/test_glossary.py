"""The list of symbols, words and questions: complete, true of the code, found by a search, and its links lead there."""

import ast
from functools import lru_cache
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dmm.ui.course import LESSONS
from dmm.ui.glossary import SYMBOLS, WORDS, found
from dmm.ui.questions import QUESTIONS
from tests.test_pages import assert_alive, open_page

ROOT = Path(__file__).resolve().parents[1]
PAGES = [one.file for one in LESSONS]
ASKED = {  # "What learners of this model trip on", in the words of the course's plan
    "which number is the NLL and how it is normalised": "which-nll",
    "why the RNN runs backwards": "backwards",
    "whether model and guide share parameters": "shared-parameters",
    "z_0 versus z_q_0 versus h_0": "three-starts",
    "mask versus scale versus plate versus to_event": "mask-scale-plate",
    "why the KL is annealed, and that the printed loss is annealed too": "annealing",
    "NaN and weight decay": "nan",
    "variance versus scale": "scale",
    "packing and reversing padded sequences": "packing",
    "sampled versus analytic KL": "sampled-kl",
    "why samples sound bad": "rough-samples",
    "posterior collapse": "collapse",
    "SSM in S4 or Mamba is something else": "other-ssm",
    "filtering versus smoothing": "filtering",
    "why not exact inference": "exact-inference",
}


# --- the lists -----------------------------------------------------------------------------------------------------


def names_in_code():
    """Every name that the code of `dmm` gives to something."""
    names = set()
    for path in (ROOT / "dmm").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for part in ("id", "arg", "attr", "name"):
                names.add(getattr(node, part, None))
    return names


def test_every_name_in_the_list_is_a_name_in_the_code():
    names = names_in_code()
    assert [name for one in SYMBOLS for name in one.code.split(", ") if name not in names] == []


def test_every_page_that_explains_is_a_page():
    explaining = {one.page for one in (*SYMBOLS, *WORDS, *QUESTIONS.values())}
    assert explaining <= set(PAGES[1:]), "Home has no name in links"


def test_every_question_that_people_trip_over_is_on_the_list():
    assert list(QUESTIONS) == list(ASKED.values())


def test_letters_and_words_are_there_once():
    for things in ([one.letter for one in SYMBOLS], [one.word for one in WORDS]):
        assert len(set(things)) == len(things)


# --- the search ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sought", "line"),
    [
        ("sigma", "mean and standard deviation of a Gaussian"),
        ("σ", "mean and standard deviation of a Gaussian"),
        ("Mu", "mean and standard deviation of a Gaussian"),
        ("KL", "how far $q$ is from $p$"),
        ("z_q_0", "stands before the first latent in the guess"),
        ("h_combined", "the last latent and the messages, merged"),
        ("q_scale", "the guess of a hidden state"),
        ("preci", "the inverse of a covariance"),
        ("standard deviation", "mean and standard deviation of a Gaussian"),
    ],
)
def test_search_finds_the_symbol(sought, line):
    lines = found(SYMBOLS, sought)
    assert any(line in one for one in lines)
    assert len(lines) < len(SYMBOLS) / 3


@pytest.mark.parametrize("sought", ["mask", "MASK", " mask "])
def test_search_finds_word_and_question(sought):
    (line,) = found(WORDS, sought)
    assert line.startswith("| mask |")
    at = AppTest.from_function(_shown, default_timeout=30).run()
    at.text_input[0].set_value(sought).run()
    text = "\n".join(one.value for one in at.markdown)
    assert "](in_code#mask-scale-plate)" in text
    assert "annealing" not in text


def test_short_word_is_sought_whole_and_letters_only_if_there_is_no_such_word():
    assert not any("| frame |" in line for line in found(WORDS, "mu")), "music is another word"
    assert any("| mask |" in line for line in found(WORDS, "adding"))
    assert found(WORDS, "zzz") == []


def test_search_for_what_is_not_there_says_so():
    at = AppTest.from_function(_shown, default_timeout=30).run()
    at.text_input[0].set_value("<script>alert(1)</script>").run()
    assert not at.exception
    assert [one.value for one in at.caption] == ["Nothing here has these words."]


def _shown():
    from dmm.ui import glossary

    glossary.show("page")


# --- on the pages --------------------------------------------------------------------------------------------------


def test_button_on_a_page_opens_the_whole_list():
    at = open_page("recovery")
    at.button(key="glossary").click().run()
    assert_alive(at, "recovery")
    text = "\n".join(one.value for one in at.markdown)
    assert all(f"${one.letter}$" in text for one in SYMBOLS)
    assert all(f"| {one.word} |" in text for one in WORDS)
    assert all(f"[{one.asks}]({one.page}#{anchor})" in text for anchor, one in QUESTIONS.items())


@pytest.fixture(scope="module")
def opened():
    """Pages as they open, each once; only for looking."""
    return lru_cache(open_page)


@pytest.mark.parametrize("anchor", QUESTIONS)
def test_question_is_answered_on_its_page(opened, anchor):
    question = QUESTIONS[anchor]
    at = opened(question.page)
    (heading,) = (one for one in at.subheader if one.anchor == anchor)
    assert heading.value == question.asks
    block = next(one for one in _blocks(at.main) if heading in one.children.values())
    (answer,) = (one.value for one in block.children.values() if one.type == "markdown")
    assert len(answer.split()) >= 20


def _blocks(block):
    """A block and all blocks within."""
    yield block
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from _blocks(child)
