"""The main path in a real browser: open the app, train, watch, zoom, leave, come back, stop."""

import os
import re
import signal
import time
from urllib.parse import urlsplit

import pytest

from dmm.config import make_config
from dmm.runs import store
from dmm.ui.frame import LESSONS
from tests.browser import INK, PATIENCE, ROOT, drag, go, is_foreign, is_there, open_tab, serve, training, wait_until

pytestmark = pytest.mark.browser

MENU = [one.title for one in LESSONS]
BY_FREQUENCY = 11.3  # nats per frame: what knowing how often each key sounds is worth, and a little better


@pytest.fixture(scope="module")
def foreign():
    """The addresses beyond this machine that any page asked for."""
    return []


@pytest.fixture
def tabs(chromium, page, foreign):
    """Opens browser tabs, each a visitor of its own; none may meet an exception, in the page or in its scripts."""
    opened, errors = [], []

    def asked(request):
        if is_foreign(request.url):
            foreign.append(request.url)

    def visit(url, width=1200):
        tab = open_tab(chromium, errors, width, 900) if opened else page
        tab.set_viewport_size({"width": width, "height": 900})
        tab.set_default_timeout(PATIENCE * 1000)
        tab.on("request", asked)
        opened.append(tab)
        tab.goto(url)
        return tab

    yield visit
    troubles = [tab.locator(".stException").count() for tab in opened]
    page.remove_listener("request", asked)
    for tab in opened[1:]:
        tab.close()
    assert errors == []
    assert troubles == [0] * len(troubles)


# --- what a visitor sees ---------------------------------------------------------------------------------------


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


def start_run(tab, label="Start"):
    """Start a run that will not be done before the test is; the name of its folder."""
    button(tab, label).wait_for()
    epochs = tab.get_by_label("Epochs", exact=True)
    epochs.fill("5000")
    epochs.press("Enter")
    before = tab.url
    button(tab, label).click()
    wait_until(lambda: tab.url != before and re.search(r"/train\?run=[0-9a-f]{16}$", tab.url), "its address", tab=tab)
    run = tab.url[-16:]
    tab.locator(f".live-chart[data-run='{run}']").wait_for()  # before, the stored run is shown
    return run


# --- the tests -------------------------------------------------------------------------------------------------


def test_train_by_its_link_on_a_fresh_server_and_all_that_follows(tabs, lab, lab_runs):
    tab = tabs(f"{lab}/train")
    tab.locator(".live-chart[data-points]").wait_for()
    assert menu(tab) == MENU
    assert heading(tab) == "Train"
    assert urlsplit(tab.url).path == "/train"

    run = start_run(tab)

    # The bound falls.
    wait_for_points(tab, 1)
    first_roll = wait_for_roll(tab).evaluate("e => e.toDataURL()")
    first_title = tab.locator(".roll-view .title").inner_text()
    assert store.read_run_config(lab_runs / run).epochs == 5000
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
    tab.locator(".scrubber[data-moments]").wait_for()
    wait_for_words(tab, run)
    go(tab, "Train")
    wait_for_points(tab, after["points"] + 1)
    assert tab.url.endswith(f"/train?run={run}")

    # A reload is a new session, and finds it by the address.
    points = chart(tab)["points"]
    tab.reload()
    wait_for_points(tab, points)
    assert chart(tab)["run"] == run
    assert process(lab_runs, run) in training(lab_runs)

    # So does somebody else, who has the link, and so may watch but not steer.
    other = tabs(tab.url)
    wait_for_points(other, points)
    assert chart(other)["run"] == run
    seen = chart(other)["points"]
    wait_for_points(other, seen + 1)
    wait_for_words(other, "You watch this run")
    assert [button(other, name).count() for name in ("Stop", "Pause", "Reset", "Pin")] == [0] * 4

    # Whoever started it may still, after the reload: the browser keeps the number that says so. Space pauses.
    tab.locator("[data-testid=stMain] h1").click()
    tab.keyboard.press("Space")
    wait_for_words(tab, "It can go on from here")
    button(tab, "Resume").wait_for()
    button(tab, "Step").wait_for()
    step = store.read_status(lab_runs / run).step
    tab.keyboard.press("ArrowRight")
    wait_until(lambda: store.read_status(lab_runs / run)[0:3:2] == ("paused", step + 1), "one more update", tab=tab)
    wait_for_words(tab, "One step at a time")
    button(tab, "Resume").click()
    wait_until(lambda: store.read_status(lab_runs / run).step > step + 1, "it goes on", tab=tab)

    # Stop: both are told. The process waits for the next run.
    pid = process(lab_runs, run)
    button(tab, "Stop").click()
    for one in (tab, other):
        wait_for_words(one, "Stopped as asked")
    button(tab, "Resume").wait_for()
    assert button(tab, "Stop").is_disabled()
    assert button(other, "Resume").count() == 0
    assert is_there(pid)
    assert store.is_free(lab_runs / run)
    assert store.read_status(lab_runs / run).state == "cancelled"
    assert list((lab_runs / run / "snapshots").glob("*.safetensors"))
    assert bound(tab) < BY_FREQUENCY


def test_fresh_server_by_links_and_the_end_of_processes(tabs, runs_dir):
    """Latents by its link, with a run of nobody; one of one's own, whose process is killed, goes on by itself."""
    theirs = store.new_run(make_config(epochs=5000))
    store.write_status(theirs, store.Status("paused", "Paused for the test."))
    with serve(ROOT / "app.py") as url:
        tab = tabs(f"{url}/latents?run={theirs.name}")
        wait_for_words(tab, "no snapshot yet")
        assert menu(tab) == MENU
        assert heading(tab) == "Latents"
        assert tab.url.endswith(f"/latents?run={theirs.name}")

        go(tab, "Train")
        wait_for_words(tab, "Paused for the test")
        assert tab.url.endswith(f"/train?run={theirs.name}")
        wait_for_words(tab, "You watch this run")
        assert button(tab, "Resume").count() == 0

        run = runs_dir / start_run(tab, "Start a new run")
        wait_for_points(tab, 2)
        pid, points = process(runs_dir, run.name), chart(tab)["points"]
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        wait_for_words(tab, "was killed", seconds=20)
        print(f"the page said that the process was killed after {time.monotonic() - killed:.1f} s")
        other = process(runs_dir, run.name, other_than=pid)
        wait_for_points(tab, points + 1)  # what was after the last snapshot comes again
        assert [is_there(one) for one in (pid, other)] == [False, True]
    wait_until(lambda: not is_there(other), "the process ends with the server")
    assert store.read_status(run).state == "interrupted"


def test_home_soon_shows_a_drawn_roll(tabs, lab):
    wait_for_roll(tabs(lab))
    start = time.monotonic()
    tab = tabs(lab)
    wait_for_roll(tab)
    seconds = time.monotonic() - start
    print(f"first roll on a warm server after {seconds:.2f} s")
    assert seconds < 10
    assert heading(tab) == "Deep Markov Lab"
    assert menu(tab) == MENU
    before = tab.locator(".roll-view .title").inner_text()
    tab.get_by_role("slider", name="training").press("Home")
    wait_until(lambda: tab.locator(".roll-view .title").inner_text() != before, "the earliest sample", tab=tab)
    tab.get_by_role("button", name="Play", exact=True).click()
    wait_until(lambda: tab.locator(".roll-view").get_attribute("data-playing"), "it plays", tab=tab)
    assert not tab.locator(".roll-view .trouble").inner_text()
    tab.locator("[data-testid=stMain]").get_by_role("link", name="Train").click()
    tab.locator("[data-testid=stMain] h1").filter(has_text="Train").wait_for()


def test_address_that_does_not_exist_gives_a_message_and_home(tabs, lab):
    tab = tabs(f"{lab}/nothing")
    wait_until(lambda: "Page not found" in tab.locator("body").inner_text(), "a message", tab=tab)
    wait_for_roll(tab)
    assert heading(tab) == "Deep Markov Lab"


def test_link_to_no_run_gives_a_sentence(tabs, lab):
    tab = tabs(f"{lab}/train?run=%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    wait_for_words(tab, "No such run")
    tab.locator(".live-chart[data-points]").wait_for()
    wait_until(lambda: "run=" not in tab.url, "the address forgets it", tab=tab)


def test_nothing_was_fetched_from_elsewhere(tabs, lab, foreign):
    """The app works in a room without the internet, and tells nobody who uses it. Looks at all the tests above."""
    wait_for_roll(tabs(lab))
    assert sorted(set(foreign)) == []
