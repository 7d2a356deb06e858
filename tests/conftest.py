"""What several tests share: a place for runs that is thrown away, and a browser where there is one."""

import os

import pytest

from tests.browser import find_chromium, launch


@pytest.fixture(autouse=True)
def runs_dir(tmp_path, monkeypatch):
    """No test writes into the project's own runs."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("DMM_RUNS_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def chromium():
    """A running browser. Where none is found the test is skipped with a message; in CI that is a failure."""
    if os.environ.get("CI") and find_chromium() is None:
        pytest.fail("CI needs Chromium: .ci/run installs it")
    with launch() as browser:
        yield browser


def pytest_terminal_summary(terminalreporter):
    """Say plainly that the browser tests did not run."""
    if find_chromium() is None:
        terminalreporter.write_line(
            "No Chromium was found, so the browser tests were skipped; set CHROMIUM to its path."
        )
