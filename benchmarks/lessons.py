"""How soon each page shows its first figure, and how soon its sliders are answered: `python -m benchmarks.lessons`.

In a real browser, on a warm server of its own: every page is opened once before anything is measured; names of pages
measure these alone. The first figure counts from a click in the menu until it is drawn. A slider counts twice: the
processor time of the server for one move, which other work on the machine leaves as it is, and the time from the
message that tells of the move until the page changes no more, with all that the browser does. Reads `/proc`, so Linux.
"""

import os
import re
import statistics
import sys
import time
from pathlib import Path

from dmm.ui.course import LESSONS
from tests.browser import ROOT, launch, open_tab, serve

FIGURE = (
    ".stPlotlyChart .main-svg, .diagram[data-shapes], .roll-view[data-frames], .scrubber[data-moments], "
    ".live-chart[data-points]"
)
DONE = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
LISTEN = """
const Socket = window.WebSocket;
window.WebSocket = class extends Socket {
    constructor(...all) {
        super(...all);
        this.addEventListener('message', () => { window.heard = performance.now(); });
    }
    send(data) { window.told ??= performance.now(); return super.send(data); }
};
"""
WATCH = """() => {
    window.told = window.heard = window.changed = null;
    window.watcher?.disconnect();
    window.watcher = new MutationObserver(() => { window.changed = performance.now(); });
    const main = document.querySelector('[data-testid=stMain]');
    window.watcher.observe(main, { characterData: true, childList: true, subtree: true });
}"""
QUIET = "() => window.heard && performance.now() - Math.max(window.heard, window.changed ?? 0) > 500"
TOOK = "() => Math.max(window.heard, window.changed ?? 0) - window.told"
PRESSES = ("ArrowRight", "ArrowLeft", "ArrowRight")


def go(tab, lesson):
    """To a page by the menu; seconds until its first figure is drawn, or None if it has none."""
    tab.locator(FIGURE).evaluate_all("all => all.forEach((one) => one.setAttribute('data-old', ''))")
    menu = tab.locator("[data-testid=stSidebarNavLink]").filter(has_text=re.compile(rf"^(✓ )?{lesson.title}$"))
    title = "Deep Markov Lab" if lesson.file == "home" else lesson.title
    start = time.perf_counter()
    menu.click()
    tab.locator("[data-testid=stMain] h1").filter(has_text=re.compile(f"^{title}$")).wait_for()
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


def answers(tab, slider, server):
    """Milliseconds of the server's processor for a slider's move, and until the page shows all of it; None if none."""
    times, before = [], busy(server)
    for key in PRESSES:
        tab.evaluate(WATCH)
        slider.press(key)
        try:
            tab.wait_for_function(QUIET, timeout=5000)
        except Exception:  # it was at its end, or its page is drawn by hand
            continue
        times.append(tab.evaluate(TOOK))
    return ((busy(server) - before) / len(times), statistics.median(times)) if times else None


def busy(process):
    """Milliseconds of processor time that a process has taken."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return 1000 * (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main():
    """One line a page."""
    measured = [one for one in LESSONS if one.file in sys.argv[1:]] or LESSONS
    with serve(ROOT / "app.py") as address:
        (server,) = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        show(measured, address, server)


def show(measured, address, server):
    """Opens all pages once, and then measures one after the other."""
    with launch() as browser:
        tab = open_tab(browser, [], 1440, 900)
        tab.add_init_script(LISTEN)
        tab.goto(address)
        settle(tab)
        for lesson in (*measured, LESSONS[0]):
            go(tab, lesson)
        print(f"{'page':22} {'first figure':>12}   sliders: server and page, median; the slowest")
        for lesson in measured:
            first, sliders = go(tab, lesson), {}
            for slider in tab.locator("[data-testid=stMain]").get_by_role("slider").all():
                if times := answers(tab, slider, server):
                    sliders[slider.get_attribute("aria-label") or "?"] = times
            told = "–"
            if sliders:
                own, page = (statistics.median(column) for column in zip(*sliders.values(), strict=True))
                worst = max(sliders, key=lambda name: sliders[name][0])
                slowest = ", ".join(f"{one:.0f}" for one in sliders[worst])
                told = f"{own:4.0f}, {page:4.0f} ms; {slowest} ms ({worst})"
            print(f"{lesson.file:22} {f'{first:.2f} s' if first else '–':>12}   {told}", flush=True)


if __name__ == "__main__":
    main()
