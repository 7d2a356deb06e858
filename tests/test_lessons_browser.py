"""A walk through every page in a real browser, on a telephone: all is opened and answered, nothing goes wrong, and it
is kept."""

import re

import pytest

from dmm.ui.course import LESSONS
from dmm.ui.questions import QUESTIONS
from tests.browser import MUTE, OVERFLOW, go, is_foreign, wait_until
from tests.test_pages import figures, open_page, open_part, views

pytestmark = pytest.mark.browser

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PATIENCE = 30  # seconds
PROBE = re.compile(r"/[a-z_]+/_stcore/(health|host-config)$")  # Streamlit looks below a page's link first: 404
RESTS = """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid=stSkeleton]') && !document.querySelector('[data-stale=true]')"""
SETTLED = f"""() => {{
    const rests = {RESTS};
    const all = (what) => [...document.querySelectorAll(what)];
    const inside = all('[data-testid^=stBidiComponent]').map((e) => e.shadowRoot ?? e);
    const drawn = (what, done) => inside.every((e) => [...e.querySelectorAll(what)].every((one) => one.matches(done)));
    return rests() && all('.stPlotlyChart').every((e) => e.querySelector('.main-svg'))
        && drawn('.live-chart', '[data-points]') && drawn('.roll-view', '[data-frames]')
        && drawn('.scrubber', '[data-moments]')
        && drawn('.diagram svg[role=group]', '[viewBox]');
}}"""
SEEN = """() => {
    const words = [];
    const look = (root) => {
        for (const e of root.querySelectorAll('*')) {
            if (e.shadowRoot) look(e.shadowRoot);
            else if (e.matches('.stPlotlyChart, canvas, svg[role=group]')) words.push(e.getAttribute('aria-label'));
            else if (e.matches('.roll-view .title, [data-testid=stMarkdownContainer]')) words.push(e.textContent);
        }
    };
    look(document.querySelector('[data-testid=stMain]'));
    return words;
}"""
CUT = """() => [...document.querySelectorAll('[data-testid=stMain] .katex-display')]
    .filter((e) => e.scrollWidth > e.clientWidth + 4).map((e) => e.textContent)"""
PARTS = ("generate", "continue", "fill", "act", "quiz", "probe", "own")  # of Listen
ASKED = "[class*=st-key-question_], [class*=st-key-task_]"
VERDICT = re.compile(r"Right\.|Not this time|Not yet|Not there yet")
PLACE = "e => [...e.closest('[role=radiogroup]').querySelectorAll('input')].indexOf(e)"


@pytest.fixture
def visit(page, lab):
    """Opens a page; at the end nothing may have gone wrong in the page, its scripts or the console, nor come from
    beyond this machine."""
    errors, foreign = [], []

    def heard(said):
        if said.type == "error" and not PROBE.search(said.location.get("url", "")):
            errors.append(f"{said.text} ({said.location.get('url', '')})")

    def asked(request):
        if is_foreign(request.url):
            foreign.append(request.url)

    def at(file, **size):
        page.set_viewport_size(size)
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(f"{lab}/{file}")
        return page

    page.on("console", heard)
    page.on("request", asked)
    yield at
    page.remove_listener("console", heard)
    page.remove_listener("request", asked)
    assert errors == []
    assert foreign == []


def settle(tab):
    """Until Streamlit has run the page and every figure is drawn."""
    tab.wait_for_function(SETTLED, polling=50)


def arrive(tab, lesson):
    """Until a page is there, whole."""
    title = "Deep Markov Lab" if lesson is LESSONS[0] else lesson.title
    tab.locator("[data-testid=stMain] h1").filter(has_text=re.compile(f"^{title}$")).wait_for()
    settle(tab)


def assert_as_many_figures_as_sent(tab, lesson, at):
    """What the browser draws, against what Streamlit says it sends; `at` is the page without a browser."""
    charts = tab.locator(".stPlotlyChart[aria-label]:visible")
    wait_until(lambda: charts.count() == len(figures(at)), f"{len(figures(at))} figures on {lesson.title}", tab=tab)
    own = tab.locator(".live-chart, .roll-view, .scrubber, .diagram").locator("visible=true")
    wait_until(lambda: own.count() == len(views(at)), f"{len(views(at))} components on {lesson.title}", tab=tab)


def assert_sound(tab, lesson):
    """Nothing is wrong with what is on the screen."""
    where = f"{lesson.title} at {tab.viewport_size['width']}"
    settle(tab)
    assert tab.locator(".stException").count() == 0, where
    assert tab.locator(".katex-error").count() == 0, where
    assert lesson is LESSONS[0] or tab.locator(".katex").count() > 0, where
    wait_until(lambda: tab.evaluate(OVERFLOW) == [0, 0], f"{where} no longer scrolls sideways", PATIENCE)
    assert tab.evaluate(MUTE) == [], f"{where} has a picture without words"
    if tab.viewport_size == WIDE:
        assert tab.evaluate(CUT) == [], f"{where} has a formula that does not fit"


def open_all(tab, lesson):
    """Every expander, and every tab with its figures."""
    for section in tab.locator("[data-testid=stExpander] details").all():
        if section.get_attribute("open") is None:
            section.locator("summary").click()
    settle(tab)
    panels = tab.get_by_role("tab").all()
    at = open_page(lesson.file) if panels else None
    for panel in panels:
        panel.click()
        settle(tab)
        assert_as_many_figures_as_sent(tab, lesson, open_part(at, panel.inner_text()))
        assert_sound(tab, lesson)


def open_parts(tab, lesson):
    """Every part of Listen, which shows one at a time, and back to the first."""
    choice = tab.locator(".st-key-dial-listen-part").get_by_role("radio")
    for place in [*range(1, choice.count()), 0] if choice.count() else []:
        choice.nth(place).click()
        settle(tab)
        assert_as_many_figures_as_sent(tab, lesson, open_page("listen", part=PARTS[place]))
        assert_sound(tab, lesson)


def move_first_slider(tab, lesson):
    """To an end; something on the page follows, but on Train, where it waits for the next run."""
    sliders = tab.locator("[data-testid=stMain]").get_by_role("slider").locator("visible=true")
    if not sliders.count():
        return
    slider, before = sliders.first, tab.evaluate(SEEN)
    value = slider.get_attribute("aria-valuenow") or slider.input_value()
    slider.press(
        "Home" if value == slider.get_attribute("aria-valuemax") or value == slider.get_attribute("max") else "End"
    )
    if lesson.file != "train":
        wait_until(lambda: tab.evaluate(SEEN) != before, f"{lesson.title} follows its first slider", PATIENCE, tab)


def answer_all(tab):
    """Each question and task: the second answer, the number 1, or the button; all get a verdict. How many there are."""
    radios = tab.locator(f":is({ASKED}) [data-testid=stRadio]:not(:has(input:checked))")
    settle(tab)
    while radios.count():  # an answer may bring more questions
        for _ in range(radios.count()):
            radios.first.locator("label:has(input)").nth(1).click()
        chosen = tab.locator(ASKED).filter(has=tab.locator("[data-testid=stRadio] input:checked"))
        seen = chosen.filter(has_text=VERDICT)
        wait_until(lambda c=chosen, s=seen: c.count() and s.count() == c.count(), "a verdict on each", PATIENCE, tab)
        settle(tab)
    for number in tab.locator(f":is({ASKED}) input[type=number]").all():
        number.fill("1")
        number.press("Enter")
    asked = tab.locator(ASKED)
    answered = asked.filter(has=tab.locator("input"))
    judged = answered.filter(has_text=VERDICT)
    wait_until(lambda: judged.count() == answered.count(), "a verdict on each", PATIENCE, tab)
    for block in asked.filter(has=tab.get_by_role("button", name="Check", exact=True)).all():
        block.get_by_role("button", name="Check", exact=True).click()
        block.filter(has_text=VERDICT).wait_for()  # and gone when something else is pressed
    return asked.count()


def as_it_is(tab):
    """What a visitor has set and chosen, and what the page says to it."""
    chosen = [one.evaluate(PLACE) for one in tab.locator("[data-testid=stRadio] input:checked").all()]
    numbers = [one.input_value() for one in tab.locator(f":is({ASKED}) input[type=number]").all()]
    return chosen, numbers, tab.locator("[class*=st-key-question_]").all_inner_texts()


def test_walk_through_every_page_meets_no_error_and_finds_all_as_it_was_left(visit):
    """Each page as narrow as a phone and wide, in turn the one or the other first. Some pages are visited again;
    `test_page_tasks` does it with all of them."""
    size, other = PHONE, WIDE
    tab, left = visit("", **size), {}
    for lesson, following in zip(LESSONS, [*LESSONS[1:], None], strict=True):
        arrive(tab, lesson)
        assert_as_many_figures_as_sent(tab, lesson, open_page(lesson.file))
        assert_sound(tab, lesson)
        open_parts(tab, lesson)
        open_all(tab, lesson)
        move_first_slider(tab, lesson)
        assert answer_all(tab) >= len(lesson.tasks)
        assert_sound(tab, lesson)
        left[lesson] = as_it_is(tab)
        size, other = other, size
        tab.set_viewport_size(size)
        assert_sound(tab, lesson)
        if following:
            words = following.title if lesson is LESSONS[0] else f"On to {following.title}"
            tab.locator("[data-testid=stMain]").get_by_role("link", name=words).first.click()
    tab.set_viewport_size(WIDE)  # where the menu is open
    for lesson in LESSONS[2::4]:
        go(tab, lesson.title)
        tab.wait_for_function(RESTS, polling=50)
        assert as_it_is(tab) == left[lesson]


def place_of(tab, anchor):
    """How far a heading is from the top of the window, once it has come to rest."""
    settle(tab)
    places = []

    def rests():
        places.append(tab.locator(f"#{anchor}").bounding_box()["y"])
        return len(places) > 5 and len(set(places[-5:])) == 1

    wait_until(rests, f"{anchor} comes to rest", PATIENCE, tab)
    return places[-1]


@pytest.mark.parametrize("anchor", ["which-nll", "exact-inference"])
def test_link_to_an_answer_shows_it_to_a_new_visitor(visit, anchor):
    tab = visit(f"{QUESTIONS[anchor].page}#{anchor}", **WIDE)
    tab.locator(f"#{anchor}").wait_for()
    assert 0 <= place_of(tab, anchor) < 200


def test_list_of_symbols_fits_a_phone_and_its_links_go_on_with_the_visit(visit):
    tab = visit("recovery", **PHONE)
    tab.evaluate("window.mark = 'no reload'")
    tab.get_by_role("button", name="Symbols").click()
    drawer = tab.get_by_role("dialog")
    drawer.locator("td").first.wait_for()
    assert drawer.evaluate("e => e.scrollWidth - e.clientWidth") == 0
    assert tab.locator(".katex-error").count() == 0
    drawer.get_by_role("textbox", name="Search").fill("smoothing")
    drawer.get_by_role("textbox", name="Search").press("Enter")
    drawer.get_by_role("link").nth(1).wait_for(state="detached")
    drawer.get_by_role("link").click()
    tab.locator("[data-testid=stMain] h1").filter(has_text="State-space models").wait_for()
    assert 0 <= place_of(tab, "filtering") < 200
    tab.get_by_role("link", name="may smooth").click()
    tab.locator("[data-testid=stMain] h1").filter(has_text="Structured inference").wait_for()
    assert 0 <= place_of(tab, "backwards") < 200
    assert tab.evaluate("window.mark") == "no reload"


def test_menu_leads_on_from_a_number_that_was_just_typed_and_from_an_open_popover(visit):
    """Both once left the next page blank: what they still had to say came after the page had turned."""
    tab = visit("", **WIDE)
    arrive(tab, LESSONS[0])
    tab.get_by_placeholder("your answer").first.fill("3")
    go(tab, "State-space models")
    settle(tab)
    tab.get_by_role("button", name="Hint").first.click()
    tab.get_by_test_id("stPopoverBody").wait_for()
    go(tab, "Latents")
