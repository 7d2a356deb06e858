"""The load test counts as it says it does; with a real server only in the slow suite."""

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from benchmarks import load, load_report
from benchmarks.answers import WHOLE_PAGE, Answers, Rerun
from benchmarks.chart_points import RESYNC_EVERY, ChartPoints
from benchmarks.load_report import percentile
from benchmarks.visitor import Visitor
from dmm.ui import live_chart


class Clock:
    """Seconds that pass only when they are told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def answers(clock):
    return Answers(clock)


def after(clock, seconds, what, *arguments):
    clock.now += seconds
    what(*arguments)


def test_a_fragment_answers_what_was_asked_of_it_before_it_began(answers, clock):
    answers.ask("a", True)
    after(clock, 0.1, answers.begin, ["a"])
    after(clock, 0.1, answers.ask, "a", True)
    after(clock, 0.1, answers.end, False)
    assert answers.reruns == [Rerun(100.0, pytest.approx(0.3), True, False)]
    assert answers.waiting() == pytest.approx(0.1)


def test_a_fragment_that_made_way_for_another_one_counts_until_its_own_end(answers, clock):
    answers.ask("a", True)
    answers.ask("b", True)
    answers.begin(["a"])
    after(clock, 0.2, answers.end, True)
    after(clock, 0.3, answers.begin, ["b"])
    after(clock, 0.5, answers.end, False)
    assert [one.seconds for one in answers.reruns] == pytest.approx([0.2, 1.0])
    assert answers.waiting() == 0


def test_a_fragment_that_ran_the_whole_page_counts_until_the_page_is_there(answers, clock):
    answers.ask("a", True)
    answers.begin(["a"])
    after(clock, 0.2, answers.end, True)
    answers.begin([])
    after(clock, 0.2, answers.end, True)  # a page that asks to be run again is not there yet
    answers.begin([])
    after(clock, 0.6, answers.end, False)
    assert answers.reruns == [Rerun(100.0, pytest.approx(1.0), True, True)]


def test_a_page_answers_clicks_and_timers(answers, clock):
    answers.ask(WHOLE_PAGE, False)
    answers.ask("a", True)
    answers.begin([])
    after(clock, 0.4, answers.end, False)
    assert sorted(one.timed for one in answers.reruns) == [False, True]
    assert {one.whole_page for one in answers.reruns} == {True}


def packet(run, start, points):
    return {"run": run, "start": start, "columns": {"step": list(range(points)), "bound": [0.0] * points}}


def test_the_first_point_is_that_of_another_run_than_before(clock):
    points = ChartPoints(clock)
    points.hear(packet("old", 0, 400))
    points.watch()
    after(clock, 1, points.hear, packet("old", 400, 1))
    after(clock, 1, points.hear, packet("new", 0, 0))
    assert points.first_point is None
    after(clock, 1, points.hear, packet("new", 0, 2))
    after(clock, 1, points.hear, packet("new", 2, 1))
    assert points.first_point == 3
    assert points.shown == 3


def test_a_packet_beyond_what_is_there_asks_for_all_once_in_two_seconds(clock):
    points = ChartPoints(clock)
    assert points.hear(packet("run", 0, 3))
    assert points.hear(packet("run", 2, 2))
    assert not points.hear(packet("run", 5, 1))
    assert points.may_resync()
    assert not points.may_resync()
    clock.now += 2
    assert points.may_resync()
    assert f"< {1000 * RESYNC_EVERY:.0f}" in live_chart.LOADER


@pytest.mark.parametrize(("part", "expected"), [(0.95, 95), (0.5, 50), (1.0, 100), (0.001, 1)])
def test_percentile_is_one_of_the_values(part, expected):
    assert percentile([float(value) for value in range(100, 0, -1)], part) == expected


def measured(seconds, first_points, failures=()):
    """Two seconds of live view: every rerun took so long; the tabs saw their first points then, or never."""

    async def make():
        return [Visitor("http://127.0.0.1:1") for _ in first_points]

    with ThreadPoolExecutor(1) as pool:  # a browser's tests may have an event loop in this thread
        visitors = pool.submit(asyncio.run, make()).result()
    for one, first_point in zip(visitors, first_points, strict=True):
        one.points.first_point = first_point
    for one, words in zip(visitors, failures, strict=False):
        one.fail(words)
    reruns = [Rerun(0.0, seconds, True, False)] * 40
    window = load.Window(2.0, reruns, 0.4, 3.0, 0.1, 3.6)
    memory = {"before": 70.0, "one": 170.0, "all": 180.0, "end": 190.0}
    return load.Measured(visitors, [0.1, 0.2], window, window, memory, [(280.0, 180.0), (290.0, 190.0)])


def verdicts(one):
    return [row.met for row in load_report.rows(one) if row.met is not None]


def test_limits_are_met_and_missed():
    assert verdicts(measured(0.2, [3.0, 40.0])) == [True, True, True, True]
    assert verdicts(measured(0.201, [3.0, 40.1], ["lost"])) == [False, False, False, True]
    assert verdicts(measured(0.2, [3.0, None])) == [True, True, False, True]
    assert verdicts(measured(math.nan, [None, None])) == [False, True, False, True]


def test_the_page_says_what_was_measured():
    one = measured(0.12, [3.0, 8.0, 4.0], ["the connection was lost", "the connection was lost"])
    text = load_report.document(one, load_report.rows(one), "asked every second", 0.5)
    assert "1 of 4 limits were missed" in text
    assert "| rerun of the live view, 95 of 100 | 120 ms | ≤ 200 ms | met |" in text
    assert "| sessions that failed | 2 of 3 | 0 | **missed** |" in text
    assert "| processor time of the server, a rerun | 10.0 ms | ≤ 15 ms | met |" in text
    assert "5.0 MB, 10.0 MB" in text  # (180 − 170) / 2 and (190 − 170) / 2
    assert "0.20, 1.50, 0.05, 0.05" in text  # 3.6 s of all, less 0.4, 3.0 and 0.1, in 2 s
    assert "- 2 ×: the connection was lost" in text


@pytest.mark.slow
def test_three_sessions_train_and_watch(tmp_path, monkeypatch):
    monkeypatch.setenv("DMM_WORKERS", "2")
    out = tmp_path / "load.md"
    words = ["--sessions", "3", "--seconds", "6", "--out", str(out), "--log", str(tmp_path / "server.log")]
    result = CliRunner().invoke(load.main, words)
    assert result.exit_code in (0, 1), result.output  # how quick it is depends on what else the machine does
    text = out.read_text()
    assert "| sessions that failed | 0 of 3 | 0 | met |" in text
    assert "saw one" not in text, "each session sees the first point of its run"
