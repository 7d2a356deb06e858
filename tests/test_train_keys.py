"""The hand on the Train page in a real browser: keys, single updates, changes on the fly, a run that diverges."""

import pytest

from dmm.runs import store
from dmm.runs.changes import read_changes
from tests.browser import PATIENCE, wait_until
from tests.tiny_runs import step_of

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(page, lab):
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(f"{lab}/train")
    page.locator(".live-chart[data-points]").wait_for()
    return page


def button(tab, name):
    return tab.locator(".st-key-run_buttons").get_by_role("button", name=name, exact=True)


def away(tab):
    """The hand leaves whatever it held."""
    tab.evaluate("document.activeElement.blur()")


def rests(tab, run):
    """Wait until a run has paused and the page says so; its last update."""
    wait_until(lambda: store.stored_status(run).state == "paused", "the run pauses", tab=tab)
    button(tab, "Resume").wait_for()
    return step_of(run)


def test_keys_play_pause_and_step_and_a_hand_steers_until_it_diverges(tab, lab_runs):
    # Where the roll has the focus, the space bar is its own.
    roll = tab.locator(".roll-view[data-frames]")
    for plays in ("yes", ""):
        roll.locator(".over").focus()
        tab.keyboard.press("Space")
        wait_until(lambda plays=plays: roll.get_attribute("data-playing") == plays, "the roll obeys", tab=tab)
    assert "run=" not in tab.url
    away(tab)

    # The right arrow makes the first update of a new run, and one more each time.
    button(tab, "Start").wait_for()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_url("**/train?run=*")
    run = lab_runs / tab.url.split("run=")[1][:16]
    assert rests(tab, run) == 1
    away(tab)
    tab.keyboard.press("ArrowRight")
    wait_until(lambda: step_of(run) == 2, "a second update", tab=tab)
    assert rests(tab, run) == 2

    # The space bar lets it go on, and rest; not where somebody writes.
    away(tab)
    tab.keyboard.press("Space")
    button(tab, "Pause").wait_for()
    wait_until(lambda: step_of(run) > 5, "it goes on", tab=tab)
    epochs = tab.get_by_label("Epochs", exact=True)
    epochs.focus()
    epochs.press("Space")
    tab.wait_for_timeout(300)
    assert store.read_status(run).state == "running"
    away(tab)
    tab.keyboard.press("Space")
    stopped = rests(tab, run)

    # The same first weights again are another run; this one is kept.
    button(tab, "Reset").click()
    tab.wait_for_url(lambda url: run.name not in url)
    again = lab_runs / tab.url.split("run=")[1][:16]
    assert store.read_run_config(again) == store.read_run_config(run)
    assert step_of(run) == stopped
    button(tab, "Resume").click()
    wait_until(lambda: step_of(again) >= 2, "it begins anew", tab=tab)
    first, second = (store.read_lines(one / "metrics.jsonl")[0][:2] for one in (run, again))
    assert [one["bound"] for one in first] == [one["bound"] for one in second]

    # A rate that is far too high: what went wrong in words, the change with its update, and a way back.
    rate = tab.locator(".st-key-steering").get_by_role("slider").first
    rate.focus()
    rate.press("End")
    wait_until(lambda: [one.learning_rate for one in read_changes(again)][-1:] == [1.0], "the rate is 1", tab=tab)
    button(tab, "Halve the rate, resume").wait_for()
    tab.get_by_text("Diverged.").first.wait_for()  # the chart tells the page, which then runs again
    words = tab.locator("[data-testid=stMain]").inner_text()
    assert "learning rate 1, KL weight as annealed, by hand" in words
    good = store.read_status(again).step
    assert 0 < good < step_of(again)
    button(tab, "Halve the rate, resume").click()
    wait_until(lambda: [one.learning_rate for one in read_changes(again)][-1:] == [0.5], "half of it", tab=tab)
    wait_until(lambda: store.stored_status(again).state in ("running", "diverged"), "it goes on", tab=tab)
