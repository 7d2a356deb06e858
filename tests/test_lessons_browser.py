"""A walk through the lessons in a real browser: all is opened and answered, nothing goes wrong, and it is kept."""

import re

import pytest

from dmm.runs.experiment_results import NETWORKS
from dmm.ui.frame import LESSONS
from dmm.ui.recovery_study import read_study
from tests.browser import ROOT, open_tab, serve
from tests.test_first_light import MUTE, OVERFLOW, go, wait_until

pytestmark = pytest.mark.browser

LEARNED = getattr(read_study(), "ends", {}).keys() == set(NETWORKS)  # whether all the learners' ways are stored
QUESTIONS = {"state_space": 4, "structured_inference": 6, "recovery": 4 * LEARNED}
WALK = [one for one in LESSONS if one.file in QUESTIONS]
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PATIENCE = 30  # seconds
PROBE = re.compile(r"/[a-z_]+/_stcore/(health|host-config)$")  # Streamlit looks below a page's link first: 404
SETTLED = """() => {
    const charts = [...document.querySelectorAll('.stPlotlyChart')];
    return document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
        && !document.querySelector('[data-testid=stSkeleton]')
        && !document.querySelector('[data-stale=true]')
        && charts.every((e) => e.querySelector('.main-svg'))
        && document.querySelectorAll('.live-chart').length
            === document.querySelectorAll('.live-chart[data-points]').length;
}"""
PLACE = "e => [...e.closest('[role=radiogroup]').querySelectorAll('input')].indexOf(e)"
KEY = "e => e.closest('[class*=st-key-question_]').className.match(/st-key-question_\\w+/)[0]"
OPEN = "[data-testid=stRadio]:not(:has(input:checked))"  # a question that nobody has answered


@pytest.fixture(scope="module")
def server(chromium, tmp_path_factory):
    """The app, on a server for this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMM_RUNS_DIR", str(tmp_path_factory.mktemp("lessons") / "runs"))
        with serve(ROOT / "app.py") as url:
            yield url


@pytest.fixture
def visit(chromium, server):
    """Opens a page; at the end nothing may have gone wrong in the page, its scripts or the console."""
    errors, opened = [], []

    def heard(said):
        if said.type == "error" and not PROBE.search(said.location.get("url", "")):
            errors.append(f"{said.text} ({said.location.get('url', '')})")

    def at(file):
        tab = open_tab(chromium, errors, **WIDE)
        opened.append(tab)
        tab.set_default_timeout(PATIENCE * 1000)
        tab.on("console", heard)
        tab.goto(f"{server}/{file}")
        return tab

    yield at
    for tab in opened:
        tab.close()
    assert errors == []


def settle(tab):
    """Until Streamlit has run the page and every figure is drawn."""
    tab.wait_for_function(SETTLED, polling=100)


def arrive(tab, lesson):
    """Until a page is there, whole."""
    tab.locator("[data-testid=stMain] h1").filter(has_text=lesson.title).wait_for()
    settle(tab)


def answer(tab, place):
    """Answer the first question that is open, and wait for the verdict."""
    key = tab.locator(OPEN).first.evaluate(KEY)
    block = tab.locator(f".{key}")
    block.locator("label:has(input)").nth(place).click()
    block.locator("p").filter(has_text=re.compile(r"Right\.|Not this time")).first.wait_for()
    if not tab.locator(OPEN).count():
        settle(tab)


def words_of_figures(tab):
    """What every figure shows, in words; None of a figure without."""
    return tab.evaluate("[...document.querySelectorAll('.stPlotlyChart')].map((e) => e.getAttribute('aria-label'))")


def assert_sound(tab, lesson):
    """Nothing is wrong with what is on the screen."""
    where = f"{lesson.title} at {tab.viewport_size['width']}"
    settle(tab)
    assert tab.locator(".stException").count() == 0, where
    assert tab.locator(".katex-error").count() == 0, where
    assert tab.locator(".katex").count() > 0, where
    wait_until(lambda: tab.evaluate(OVERFLOW) == [0, 0], f"{where} no longer scrolls sideways", PATIENCE)
    assert tab.evaluate(MUTE) == [], f"{where} has a picture without words"
    words = words_of_figures(tab)
    assert words, f"{where} has no figure"
    assert all(words), f"{where} has a figure without words"


def move_first_slider(tab):
    """To its end; the figures follow."""
    slider, before = tab.get_by_role("slider").first, words_of_figures(tab)
    value = slider.input_value()
    slider.press("End")
    wait_until(lambda: words_of_figures(tab) != before, "the figures follow the slider", PATIENCE, tab)
    assert slider.input_value() != value


def as_it_is(tab):
    """What a visitor has set and chosen, and what the page says to it."""
    settle(tab)
    chosen = [one.evaluate(PLACE) for one in tab.locator("[data-testid=stRadio] input:checked").all()]
    verdicts = tab.locator("[class*=st-key-question_]").all_inner_texts()
    return tab.get_by_role("slider").first.input_value(), chosen, verdicts, words_of_figures(tab)


def test_walk_through_the_lessons_meets_no_error_and_finds_all_as_it_was_left(visit):
    """Wide, then as narrow as a phone; how each page opens on a phone is seen in `test_first_light`."""
    tab, left = visit(WALK[0].file), {}
    for lesson, following in zip(WALK, [*WALK[1:], None], strict=True):
        arrive(tab, lesson)
        assert_sound(tab, lesson)
        for summary in tab.locator("[data-testid=stExpander] summary").all():
            summary.click()
        move_first_slider(tab)
        answered = 0
        while tab.locator(OPEN).count():  # an answer may bring more questions
            answer(tab, 1)
            answered += 1
        assert_sound(tab, lesson)
        assert answered == QUESTIONS[lesson.file]
        left[lesson] = as_it_is(tab)
        assert left[lesson][1] == [1] * answered
        tab.set_viewport_size(PHONE)
        assert_sound(tab, lesson)
        tab.set_viewport_size(WIDE)
        if following:
            tab.get_by_role("link", name=f"On to {following.title}").click()
    for lesson in WALK:
        go(tab, lesson.title)
        arrive(tab, lesson)
        assert as_it_is(tab) == left[lesson]
