"""What several tests share: a place for runs that is thrown away, and a browser where there is one."""

import gc
import os
from functools import cache
from itertools import count

import pytest

os.environ.setdefault("DMM_WORKERS", "0")  # tests that train make workers of their own

if "PYTEST_XDIST_WORKER" in os.environ:  # several processes share the cores: sums in several threads only wait
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

from tests.browser import ROOT, find_chromium, launch, open_tab, serve, training, wait_until


@pytest.fixture(scope="session")
def names(tmp_path_factory):
    """Paths of which each is given out once; nothing is there yet."""
    folder = tmp_path_factory.mktemp("runs")
    return (folder / f"runs{number}" for number in count())


@pytest.fixture(autouse=True)
def runs_dir(names, monkeypatch):
    """No test writes into the project's own runs."""
    folder = next(names)
    monkeypatch.setenv("DMM_RUNS_DIR", str(folder))
    return folder


@pytest.fixture(scope="session", autouse=True)
def one_scan():
    """At the first run of each AppTest Streamlit looks through all installed packages; here once for all tests."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(scope="module")
def one_thread():
    """Small sums are quicker in one thread, above all where others use the cores too; a session sets it by itself."""
    import torch  # here, so that tests without it need not wait for it

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def seeded_float64():
    """Numbers with all their digits, and random ones that are the same every time."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        yield
    torch.set_default_dtype(before)


@pytest.fixture(scope="session")
def chromium():
    """A running browser. Where none is found the test is skipped with a message; in CI that is a failure."""
    if os.environ.get("CI") and find_chromium() is None:
        pytest.fail("CI needs Chromium: .ci/run installs it")
    with launch() as browser:
        yield browser


@pytest.fixture(scope="session")
def lab_runs(tmp_path_factory):
    """Where the server of `lab` keeps its runs."""
    return tmp_path_factory.mktemp("lab") / "runs"


@pytest.fixture(scope="session")
def lab(chromium, lab_runs):
    """The address of the app, on a server that several tests share; whatever it still trains must end with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMM_RUNS_DIR", str(lab_runs))
        with serve(ROOT / "app.py") as url:
            yield url
    wait_until(lambda: not training(lab_runs), "processes of the server end with it")


@pytest.fixture(scope="module")
def app(request, chromium, tmp_path_factory):
    """The address of the script that the test's module calls APP, on a server of its own."""
    script = tmp_path_factory.mktemp("app") / "app.py"
    script.write_text(request.module.APP)
    with serve(script) as url:
        yield url


@pytest.fixture(scope="module")
def lasting_tab(chromium):
    """A tab for all tests of a module: what it has compiled it keeps."""
    tab = open_tab(chromium, [], 1000, 800)
    yield tab
    tab.close()


@pytest.fixture
def page(lasting_tab):
    """A tab as if it were new, in whose scripts nothing may go wrong."""
    errors = []

    def heard(error):
        errors.append(str(error))

    lasting_tab.on("pageerror", heard)
    lasting_tab.set_viewport_size({"width": 1000, "height": 800})
    lasting_tab.mouse.move(0, 0)
    yield lasting_tab
    lasting_tab.goto("about:blank")  # ends the visit
    lasting_tab.remove_listener("pageerror", heard)
    assert errors == []


def pytest_collection_modifyitems(items):
    """The browser's tests first: they are the longest, and two processes should end at about the same time."""
    items.sort(key=lambda item: "browser" not in item.keywords)


def pytest_collection_finish():
    """What is there by now stays, and no search for garbage need look through it: torch, Streamlit, the tests."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter):
    """Say plainly that the browser tests did not run."""
    if find_chromium() is None:
        terminalreporter.write_line(
            "No Chromium was found, so the browser tests were skipped; set CHROMIUM to its path."
        )
