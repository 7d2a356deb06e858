"""The main path in a real browser: open the app, train, watch, zoom, leave, come back, stop."""

import json
import os
import re
import signal
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dmm.config import make_config
from dmm.runs import engine_race, store
from dmm.ui.frame import LESSONS
from tests.browser import INK, ROOT, drag, open_tab, serve
from tests.test_pages import assert_alive, open_page, views

pytestmark = pytest.mark.browser

MENU = [one.title for one in LESSONS]
PATIENCE = 60  # seconds; a busy machine needs some of them
BY_FREQUENCY = 11.3  # nats per frame: what knowing how often each key sounds is worth, and a little better


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("first_light") / "runs"


@pytest.fixture(scope="module")
def server(chromium, runs):
    """The app, on a server that several tests share; whatever it still trains must end with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMM_RUNS_DIR", str(runs))
        with serve(ROOT / "app.py") as url:
            yield url
    wait_until(lambda: not training(runs), "processes of the server end with it")


@pytest.fixture(scope="module")
def foreign():
    """The addresses beyond this machine that any page asked for."""
    return []


@pytest.fixture
def tabs(chromium, foreign):
    """Opens browser tabs, each a visitor of its own; none may meet an exception, in the page or in its scripts."""
    opened, errors = [], []

    def visit(url, width=1200):
        tab = open_tab(chromium, errors, width, 900)
        tab.set_default_timeout(PATIENCE * 1000)
        tab.on("request", lambda request: _is_foreign(request.url) and foreign.append(request.url))
        opened.append(tab)
        tab.goto(url)
        return tab

    yield visit
    troubles = [tab.locator(".stException").count() for tab in opened]
    for tab in opened:
        tab.close()
    assert errors == []
    assert troubles == [0] * len(troubles)


def _is_foreign(url):
    place = urlsplit(url)
    return place.scheme.startswith(("http", "ws")) and place.hostname != "127.0.0.1"


# --- what a visitor sees ---------------------------------------------------------------------------------------


def wait_until(check, what, seconds=PATIENCE, tab=None):
    """Ask again and again; return the first answer that is true."""
    end = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > end:
            seen = f"; the page says: {tab.locator('[data-testid=stMain]').inner_text()[:600]!r}" if tab else ""
            raise AssertionError(f"waited {seconds} s in vain: {what}{seen}")
        tab.wait_for_timeout(100) if tab else time.sleep(0.1)


def chart(tab):
    """What the chart publishes of itself; numbers as numbers."""
    facts = tab.locator(".live-chart[data-points]").evaluate("e => ({...e.dataset})")
    return {name: _number(value) for name, value in facts.items()}


def _number(text):
    return float(text) if re.fullmatch(r"-?[\d.]+(e[-+]?\d+)?", text) and len(text) < 16 else text


def bound(tab):
    """The last bound of the chart, as it tells those who do not see it."""
    words = tab.locator(".live-chart .summary").inner_text()
    found = re.search(r"bound \(−ELBO\) ([\d.]+)", words)
    return float(found.group(1)) if found else None


def wait_for_points(tab, count):
    tab.locator(".live-chart[data-points]").wait_for()
    wait_until(lambda: chart(tab)["points"] >= count, f"{count} points in the chart", tab=tab)


def wait_for_words(tab, words, seconds=PATIENCE):
    wait_until(
        lambda: words in tab.locator("[data-testid=stMain]").inner_text(), f"the words {words!r}", seconds, tab=tab
    )


def button(tab, name):
    return tab.locator(".st-key-run_buttons").get_by_role("button", name=name, exact=True)


def heading(tab):
    return tab.locator("[data-testid=stMain] h1").inner_text()


def menu(tab):
    return [text.split("\n")[-1] for text in tab.locator("[data-testid=stSidebarNavLink]").all_inner_texts()]


def go(tab, title):
    """To another page by the menu, as a visitor does: same session, no reload."""
    tab.locator("[data-testid=stSidebarNavLink]").filter(has_text=title).click()
    tab.locator("[data-testid=stMain] h1").filter(has_text=title).wait_for()


def wait_for_roll(tab):
    """Until a piano roll is drawn, not only there."""
    picture = tab.locator(".roll-view[data-frames] canvas.time").first
    picture.wait_for()
    wait_until(lambda: picture.evaluate(INK), "ink on the piano roll", tab=tab)
    return picture


# --- what happens on the server --------------------------------------------------------------------------------


def process(folder, run, other_than=0):
    """The number of the process that trains a run, as soon as there is one."""

    def ask():
        status = store.read_status(folder / run)
        return status.state == "running" and status.pid not in (0, other_than) and status.pid

    return wait_until(ask, "a process that trains")


def training(folder):
    """The processes of all runs in a folder that are still there."""
    pids = [json.loads(path.read_text())["pid"] for path in folder.glob("*/status.json")]
    return [pid for pid in pids if pid and is_there(pid)]


def is_there(pid):
    """Whether a process exists and is more than an entry in a table that its parent has not read yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z" if Path("/proc/self/stat").exists() else True
    except OSError:
        return False


def start_run(tab):
    """Start a run that will not be done before the test is; the name of its folder."""
    button(tab, "Start").wait_for()
    epochs = tab.get_by_label("Epochs", exact=True)
    epochs.fill("5000")
    epochs.press("Enter")
    button(tab, "Start").click()
    tab.wait_for_url(re.compile(r"/train\?run=[0-9a-f]{16}$"))
    run = tab.url[-16:]
    tab.locator(f".live-chart[data-run='{run}']").wait_for()  # before, the stored run is shown
    return run


# --- the tests -------------------------------------------------------------------------------------------------


def test_train_by_its_link_on_a_fresh_server_and_all_that_follows(tabs, server, runs):
    tab = tabs(f"{server}/train")
    tab.locator(".live-chart[data-points]").wait_for()
    assert menu(tab) == MENU
    assert heading(tab) == "Train"
    assert urlsplit(tab.url).path == "/train"

    run = start_run(tab)

    # The bound falls.
    wait_for_points(tab, 1)
    first_roll = wait_for_roll(tab).evaluate("e => e.toDataURL()")
    first_title = tab.locator(".roll-view .title").inner_text()
    assert store.read_run_config(runs / run).epochs == 5000
    wait_for_points(tab, 8)
    wait_until(lambda: bound(tab) < BY_FREQUENCY, f"the bound falls below {BY_FREQUENCY}", tab=tab)

    # A zoom outlives what arrives, and nothing is built anew.
    drag(tab, tab.locator(".live-chart canvas"), 0.25, 0.6)
    wait_until(lambda: chart(tab)["zoomed"] == "true", "the chart is zoomed", tab=tab)
    before = chart(tab)
    wait_for_points(tab, before["points"] + 5)
    after = chart(tab)
    assert (after["xMin"], after["xMax"]) == (before["xMin"], before["xMax"])
    assert after["zoomed"] == "true"
    assert after["builds"] == 1

    # The piece that the model plays changes with it.
    wait_until(lambda: tab.locator(".roll-view .title").inner_text() != first_title, "a later sample", tab=tab)
    wait_until(
        lambda: tab.locator(".roll-view canvas.time").evaluate("e => e.toDataURL()") != first_roll,
        "another picture",
        tab=tab,
    )

    # It goes on while one looks at another page.
    go(tab, "Latents")
    wait_for_roll(tab)
    wait_for_words(tab, f"of run {run}")
    go(tab, "Train")
    wait_for_points(tab, after["points"] + 1)
    assert tab.url.endswith(f"/train?run={run}")

    # A reload is a new session, and finds it by the address.
    points = chart(tab)["points"]
    tab.reload()
    wait_for_points(tab, points)
    assert chart(tab)["run"] == run
    assert process(runs, run) in training(runs)

    # So does somebody else.
    other = tabs(tab.url)
    wait_for_points(other, points)
    assert chart(other)["run"] == run
    seen = chart(other)["points"]
    wait_for_points(other, seen + 1)

    # Stop: both are told.
    pid = process(runs, run)
    button(tab, "Stop").click()
    for one in (tab, other):
        wait_for_words(one, "Stopped as asked")
        button(one, "Resume").wait_for()
        button(one, "Stop").wait_for(state="detached")
    wait_until(lambda: not is_there(pid), "the process is gone")
    assert store.read_status(runs / run).state == "cancelled"
    assert list((runs / run / "snapshots").glob("*.safetensors"))
    assert bound(tab) < BY_FREQUENCY


def test_fresh_server_by_links_and_the_end_of_processes(tabs, runs_dir):
    """Latents by its link, with a run; the run's process is killed, resumed, and ends with the server."""
    run = store.new_run(make_config(epochs=5000))
    store.write_status(run, store.Status("paused", "Paused; press Resume to go on."))
    with serve(ROOT / "app.py") as url:
        tab = tabs(f"{url}/latents?run={run.name}")
        wait_for_words(tab, "no snapshot yet")
        assert menu(tab) == MENU
        assert heading(tab) == "Latents"
        assert tab.url.endswith(f"/latents?run={run.name}")

        go(tab, "Train")
        wait_for_words(tab, "press Resume to go on")
        assert tab.url.endswith(f"/train?run={run.name}")
        button(tab, "Resume").click()
        wait_for_points(tab, 2)
        pid = process(runs_dir, run.name)
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        wait_for_words(tab, "was killed", seconds=20)
        print(f"the page said that the process was killed after {time.monotonic() - killed:.1f} s")
        points = chart(tab)["points"]
        assert points >= 2  # nothing that was there is lost

        button(tab, "Resume").click()
        other = process(runs_dir, run.name, other_than=pid)
        wait_for_points(tab, points + 1)
        assert [is_there(one) for one in (pid, other)] == [False, True]
    wait_until(lambda: not is_there(other), "the process ends with the server")
    assert store.read_status(run).state == "interrupted"


def test_home_soon_shows_a_drawn_roll(tabs, server):
    wait_for_roll(tabs(server))
    start = time.monotonic()
    tab = tabs(server)
    wait_for_roll(tab)
    seconds = time.monotonic() - start
    print(f"first roll on a warm server after {seconds:.2f} s")
    assert seconds < 10
    assert heading(tab) == "Deep Markov Lab"
    assert menu(tab) == MENU
    before = tab.locator(".roll-view .title").inner_text()
    tab.get_by_role("slider", name="training").press("Home")
    wait_until(lambda: tab.locator(".roll-view .title").inner_text() != before, "the earliest sample", tab=tab)
    tab.get_by_role("button", name="Hear it").click()
    tab.locator("audio").wait_for(state="attached")
    tab.locator("[data-testid=stMain]").get_by_role("link", name="Train").click()
    tab.locator("[data-testid=stMain] h1").filter(has_text="Train").wait_for()


def test_address_that_does_not_exist_gives_a_message_and_home(tabs, server):
    tab = tabs(f"{server}/nothing")
    wait_until(lambda: "Page not found" in tab.locator("body").inner_text(), "a message", tab=tab)
    wait_for_roll(tab)
    assert heading(tab) == "Deep Markov Lab"


def test_link_to_no_run_gives_a_sentence(tabs, server):
    tab = tabs(f"{server}/train?run=%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    wait_for_words(tab, "No such run")
    tab.locator(".live-chart[data-points]").wait_for()
    wait_until(lambda: "run=" not in tab.url, "the address forgets it", tab=tab)


OVERFLOW = """() => [document.scrollingElement, document.querySelector('[data-testid=stMain]')]
    .map((e) => e.scrollWidth - e.clientWidth)"""
MUTE = """() => {
    const mute = [];
    const look = (root, spoken) => {
        for (const e of root.querySelectorAll('*')) {
            if (e.shadowRoot) look(e.shadowRoot, Boolean(e.closest('[aria-label]')));
            if (!e.matches('canvas, img, .stPlotlyChart')) continue;
            const words = e.closest('[aria-label]')?.getAttribute('aria-label') || e.alt;
            if (!spoken && !words && !e.closest('[aria-hidden=true]')) mute.push(e.outerHTML.slice(0, 200));
        }
    };
    look(document, false);
    return mute;
}"""


MUSIC = ("home", "train", "latents")  # pages with a piano roll
FIGURES = {"Path": 2, "Gates": 1, "KL": 1, "Reconstruction": 1}  # of the tabs of the Latents page
COMPARISON = 2 if engine_race.load_laps() else 0  # figures of the Train page


def at_first_sight(lesson):
    """How many figures and live charts a page without tabs shows as it opens; of a lesson, as Streamlit says itself."""
    if lesson.file in MUSIC:
        return COMPARISON * (lesson.file == "train"), 1 * (lesson.file == "train")
    at = open_page(lesson.file)
    assert_alive(at, lesson.file)
    counts = len(at.get("plotly_chart")), len(views(at))
    assert counts[0] > 0, "a lesson without a figure"
    return counts


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda one: one.file)
def test_page_fits_a_phone_and_every_picture_has_words(tabs, server, lesson):
    tab = tabs(f"{server}/{'' if lesson is LESSONS[0] else lesson.file}", width=390)
    number, charts = at_first_sight(lesson)
    if lesson.file in MUSIC:
        wait_for_roll(tab)
    drawn = tab.locator(".live-chart[data-points] canvas")
    wait_until(lambda: drawn.count() == charts, f"{charts} live charts", tab=tab)
    for summary in tab.locator("[data-testid=stExpander] summary").all():
        summary.click()
    for panel in tab.get_by_role("tab").all() or [None]:
        if panel:
            panel.click()
            wait_until(lambda panel=panel: panel.get_attribute("aria-selected") == "true", "the tab", tab=tab)
        wait_until(lambda: tab.locator("[data-testid=stSkeleton]:visible").count() == 0, "all is drawn", tab=tab)
        wanted = FIGURES.get(panel.inner_text(), 0) if panel else number
        described = tab.locator(".stPlotlyChart[aria-label]:visible")
        wait_until(lambda d=described, n=wanted: d.count() == n, f"{wanted} figures with words", tab=tab)
        assert tab.evaluate(OVERFLOW) == [0, 0], f"scrolls sideways at {panel and panel.inner_text()}"
        assert tab.evaluate(MUTE) == []
    assert tab.locator(".katex-error").count() == 0
    if lesson.file != "home":
        assert tab.locator(".katex").count() > 0


def test_nothing_was_fetched_from_elsewhere(tabs, server, foreign):
    """The app works in a room without the internet, and tells nobody who uses it. Looks at all the tests above."""
    wait_for_roll(tabs(server))
    assert sorted(set(foreign)) == []
