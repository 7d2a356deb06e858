"""Who a visitor is, and what that lets them do with a run."""

import hashlib
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from dmm.config import make_config
from dmm.runs import store
from dmm.runs.race_records import new_race
from dmm.ui import learner

SCRIPT = """
import streamlit as st
from dmm.ui import learner
learner.remember()
st.text(learner.learner())
st.text(learner.digest())
st.text(learner.address())
"""
ONE, OTHER = "1" * 32, "a" * 32


@pytest.fixture
def visit(monkeypatch):
    """A visit by a browser with this cookie; the number, its digest and the address."""

    def open_app(cookie=None, known=None, ip=None):
        cookies = {} if cookie is None else {learner.COOKIE: cookie}
        monkeypatch.setattr(learner.st, "context", SimpleNamespace(cookies=cookies, ip_address=ip), raising=False)
        monkeypatch.setattr(learner, "_KEEP", lambda **options: SimpleNamespace(known=answers.pop(0)))
        answers = [known, None, None]
        at = AppTest.from_string(SCRIPT).run()
        assert not at.exception
        return [one.value for one in at.text], at

    return open_app


def test_a_browser_without_a_number_gets_one_that_lasts_for_the_visit(visit):
    (number, digest, address), at = visit()
    assert learner.NUMBER.fullmatch(number)
    assert digest == hashlib.sha256(number.encode()).hexdigest()[:32]
    assert address == ""
    assert [one.value for one in at.run().text] == [number, digest, address]
    assert visit()[0][0] != number, "nobody gets the same"


def test_a_browser_that_has_a_number_keeps_it(visit):
    assert visit(ONE)[0][0] == ONE


@pytest.mark.parametrize("cookie", ["", "1" * 31, "1" * 33, "G" * 32, "../" * 10, ONE + "\n", "A" * 10**5])
def test_a_cookie_that_is_no_number_counts_for_nothing(visit, cookie):
    number = visit(cookie)[0][0]
    assert number != cookie
    assert learner.NUMBER.fullmatch(number)


def test_of_two_tabs_that_open_at_once_the_first_decides(visit):
    (number, digest, _), _ = visit(ONE, known=OTHER)
    assert number == OTHER
    assert digest == hashlib.sha256(OTHER.encode()).hexdigest()[:32]
    assert visit(ONE, known="no number")[0][0] == ONE


def test_an_address_is_that_of_the_browser(visit):
    assert visit(ip="10.0.0.7")[0][2] == "10.0.0.7"


def make_run(about):
    return store.new_run(make_config(), about)


def make_race(about):
    return new_race(about=about)


@pytest.mark.parametrize("make", [make_run, make_race])
def test_only_who_started_a_run_or_a_race_may_steer_it(runs_dir, monkeypatch, make):
    monkeypatch.setattr(learner, "learner", lambda: ONE)
    assert learner.may_steer(make({"owner": learner.digest()}))
    for owner in (ONE, OTHER, "", None, 7):
        assert not learner.may_steer(make({"owner": owner}))
    assert not learner.may_steer(make({}))


def test_nobody_may_steer_what_cannot_be_read(runs_dir):
    run = store.new_run(make_config())
    (run / "config.json").write_text("{")
    assert not learner.may_steer(run)
    assert not learner.may_steer(runs_dir / "gone")
