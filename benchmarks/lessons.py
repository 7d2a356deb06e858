"""How soon each page shows its first figure, and how soon its sliders are answered: `python -m benchmarks.lessons`.

In a real browser, on a warm server of its own: every page is opened once before anything is measured. The first figure
counts from a click in the menu until it is drawn. A slider counts from the key that moves it until Streamlit says
that the script is done: what the server takes, and the way to the browser and back.
"""

import statistics
import time

from dmm.ui.course import LESSONS
from tests.browser import ROOT, launch, open_tab, serve

FIGURE = ".stPlotlyChart .main-svg, .diagram[data-shapes], .roll-view[data-frames], .live-chart[data-points]"
DONE = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
WATCH = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    window.answered = null;
    const watcher = new MutationObserver(() => {
        if (app.dataset.testScriptState === 'running') window.began ??= performance.now();
        else if (window.began) { window.answered ??= performance.now(); watcher.disconnect(); }
    });
    window.began = null;
    watcher.observe(app, { attributes: true, attributeFilter: ['data-test-script-state'] });
}"""
PRESSES = 3


def go(tab, lesson):
    """To a page by the menu; seconds until its first figure is drawn, or None if it has none."""
    tab.evaluate(f"document.querySelectorAll('{FIGURE}').forEach((e) => e.setAttribute('data-old', ''))")
    start = time.perf_counter()
    tab.locator("[data-testid=stSidebarNavLink]").filter(has_text=lesson.title).last.click()
    tab.locator("[data-testid=stMain] h1").filter(has_text="Lab" if lesson.file == "home" else lesson.title).wait_for()
    fresh = ", ".join(f"{one.strip()}:not([data-old])" for one in FIGURE.split(","))
    try:
        tab.locator(fresh).first.wait_for(timeout=10_000, state="attached")
        return time.perf_counter() - start
    except Exception:  # Playwright's timeout: this page has no figure
        return None
    finally:
        settle(tab)


def settle(tab):
    tab.wait_for_function(DONE, timeout=60_000)
    tab.wait_for_timeout(700)


def answers(tab, slider):
    """Milliseconds until a slider's move is answered, from the start of the script to its end, for some presses."""
    times = []
    for key in ("ArrowRight", "ArrowLeft", "ArrowRight")[:PRESSES]:
        tab.evaluate(WATCH)
        slider.press(key)
        try:
            tab.wait_for_function("() => window.answered !== null", timeout=5000)
        except Exception:  # it was at its end, or its page is drawn by hand
            continue
        times.append(tab.evaluate("window.answered - window.began"))
        tab.wait_for_timeout(250)
    return times


def main():
    """One line a page."""
    with serve(ROOT / "app.py") as address, launch() as browser:
        tab = open_tab(browser, [], 1440, 900)
        tab.goto(address)
        settle(tab)
        for lesson in LESSONS:
            go(tab, lesson)
        print(f"{'page':22} {'first figure':>12}   sliders, median and slowest")
        for lesson in LESSONS:
            first = go(tab, lesson)
            measured = {}
            for slider in tab.get_by_role("slider").all():
                name = slider.get_attribute("aria-label") or "?"
                if times := answers(tab, slider):
                    measured[name] = statistics.median(times)
            worst = max(measured, key=measured.get, default="")
            told = (
                f"{statistics.median(measured.values()):4.0f} ms, {measured[worst]:4.0f} ms ({worst})"
                if measured
                else "–"
            )
            print(f"{lesson.file:22} {f'{first:.2f} s' if first else '–':>12}   {told}", flush=True)


if __name__ == "__main__":
    main()
