"""Photographs every page, light and dark, wide and narrow, into shots/: `make shots`."""

import sys
from pathlib import Path

from dmm.ui.frame import LESSONS
from tests.browser import ROOT, launch, serve

SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
SHOTS = ROOT / "shots"
DONE = """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner]')"""


def settle(page):
    """Wait until Streamlit has run the page and the charts are drawn."""
    page.wait_for_selector("[data-testid=stAppViewContainer] h1", timeout=60_000)
    page.wait_for_function(DONE, timeout=60_000)
    page.wait_for_timeout(2000)


def photograph(browser, address, name, colours, size, folder=SHOTS) -> Path:
    """One picture of a whole page; `colours` is light or dark, `size` wide or narrow."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colours)
    page.goto(address)
    settle(page)
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": max(height, int(tall) + 20)})
    page.wait_for_timeout(1000)
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{colours}-{size}.png"
    page.screenshot(path=path)
    page.close()
    return path


def photograph_training(browser, address, path):
    """The Train page after half a minute of training."""
    page = browser.new_page(viewport={"width": 1440, "height": 1180}, color_scheme="light")
    page.goto(f"{address}/train")
    settle(page)
    page.get_by_role("button", name="Start", exact=True).click()
    page.mouse.move(0, 0)  # no tooltip in the picture
    page.wait_for_timeout(30_000)
    page.screenshot(path=path)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.wait_for_timeout(2000)
    page.close()


def photograph_listening(browser, address, path):
    """The page Listen with a chorale whose alto is erased and filled in."""
    page = browser.new_page(viewport={"width": 1440, "height": 1310}, color_scheme="light")
    page.goto(f"{address}/listen?part=fill")
    settle(page)
    page.screenshot(path=path)
    page.close()


def main(names):
    """All pages, or those named on the command line; `--readme` makes the pictures in the README instead."""
    if names == ["--readme"]:
        with serve(ROOT / "app.py") as address, launch() as browser:
            photograph_training(browser, address, ROOT / "assets" / "train.png")
            photograph_listening(browser, address, ROOT / "assets" / "listen.png")
        return
    with serve(ROOT / "app.py") as address, launch() as browser:
        for lesson in LESSONS:
            if names and lesson.file not in names:
                continue
            for colours in ("light", "dark"):
                for size in SIZES:
                    where = address if lesson is LESSONS[0] else f"{address}/{lesson.file}"
                    print(photograph(browser, where, lesson.file, colours, size).relative_to(ROOT))


if __name__ == "__main__":
    main(sys.argv[1:])
