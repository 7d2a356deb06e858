"""Helpers for tests that look at the app in a real browser."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[1]
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome; the variable `CHROMIUM` comes first."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


INK = "e => e.getContext('2d').getImageData(0, 0, e.width, e.height).data.some(v => v)"  # whether a canvas has any


@contextmanager
def launch():
    """A running Chromium, driven by Playwright; the test is skipped where one of them is missing."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium found; set CHROMIUM to its path")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def open_tab(browser, errors: list[str], width: int, height: int):
    """A tab, of a visitor of its own; what goes wrong in the page's scripts is added to `errors`."""
    tab = browser.new_page(viewport={"width": width, "height": height})
    tab.on("pageerror", lambda error: errors.append(str(error)))
    return tab


def drag(tab, canvas, start: float, end: float) -> None:
    """Draw the mouse across a canvas at half its height; start and end are parts of its width."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    y = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + start * box["width"], y)
    tab.mouse.down()
    tab.mouse.move(box["x"] + end * box["width"], y, steps=4)
    tab.mouse.up()


def free_port() -> int:
    """A TCP port that nobody uses now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def serve(script: str | Path, port: int | None = None, wait: float = 60.0) -> Iterator[str]:
    """Run a Streamlit script on a server of its own and yield its address; the script can import `dmm`."""
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    options = {
        "server.headless": "true",
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    command += [word for name, value in options.items() for word in (f"--{name}", value)]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, "DMM_WORKERS": "2"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server, wait)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(url: str, server: subprocess.Popen, seconds: float) -> None:
    """Return once the address answers; fail when the server has ended or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"the Streamlit server ended with status {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"no answer from {url} in {seconds:g} s")


# --- what a visitor sees ---------------------------------------------------------------------------------------------

PATIENCE = 60  # seconds; a busy machine needs some of them
OVERFLOW = """() => [document.scrollingElement, document.querySelector('[data-testid=stMain]')]
    .map((e) => e.scrollWidth - e.clientWidth)"""
MUTE = """() => {
    const mute = [];
    const look = (root, spoken) => {
        for (const e of root.querySelectorAll('*')) {
            if (e.shadowRoot) look(e.shadowRoot, Boolean(e.closest('[aria-label]')));
            if (!e.matches('canvas, img, .stPlotlyChart, svg[role=group]')) continue;
            const words = e.closest('[aria-label]')?.getAttribute('aria-label') || e.alt;
            if (!spoken && !words && !e.closest('[aria-hidden=true]')) mute.push(e.outerHTML.slice(0, 200));
        }
    };
    look(document, false);
    return mute;
}"""


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


def go(tab, title):
    """To another page by the menu, as a visitor does: same session, no reload."""
    tab.locator("[data-testid=stSidebarNavLink]").filter(has_text=re.compile(rf"^(✓ )?{re.escape(title)}$")).click()
    tab.locator("[data-testid=stMain] h1").filter(has_text=re.compile(rf"^{re.escape(title)}$")).wait_for()


def is_foreign(url):
    """Whether an address is beyond this machine."""
    place = urlsplit(url)
    return place.scheme.startswith(("http", "ws")) and place.hostname != "127.0.0.1"


# --- what happens on the server ---------------------------------------------------------------------------------------


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
