"""The first figure of a page gets a head start when the page is opened, and none meets a half-loaded pandas."""

import subprocess
import sys
from types import SimpleNamespace

from dmm.ui import first_figure
from tests.test_pages import open_page, turn_to


def test_first_figure_of_an_opened_page_alone_gets_a_head_start(monkeypatch):
    waits = []
    monkeypatch.setattr(first_figure, "runtime", SimpleNamespace(exists=lambda: True))
    monkeypatch.setattr(first_figure, "time", SimpleNamespace(sleep=waits.append))
    at = open_page("state_space")
    assert waits == [first_figure.HEAD_START]
    at.run()
    at.slider[0].set_value(0.5).run()
    assert len(waits) == 1
    turn_to(at, "bound_in_time")
    assert len(waits) == 2
    turn_to(at, "glossary")
    assert len(waits) == 2
    turn_to(at, "bound_in_time")
    assert len(waits) == 3


def test_pandas_is_whole_before_a_figure_is_drawn():
    code = "import sys, dmm.ui.plot; print(hasattr(sys.modules['pandas'], 'Series'))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"
