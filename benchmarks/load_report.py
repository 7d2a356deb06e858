"""The table of the load test: what was measured, the limit beside it, and whether it was met."""

import math
import platform
import statistics
import time
from collections import Counter
from importlib.metadata import version
from typing import NamedTuple

from benchmarks import processes

RERUN_LIMIT = 0.200  # seconds, 95 of 100 reruns of the live view
SERVER_LIMIT = 0.015  # seconds of the server's processor for a rerun of the live view
FIRST_POINT_LIMIT = 40.0  # seconds
PACKAGES = ("streamlit", "torch", "numpy")
NOTES = """
A rerun counts from the request until the script has finished, as the tab sees it. It is one of the live view if a timer
asked for it; if the run's state has changed, it takes the whole page with it. Memory is resident memory, a session's is
what the server grew by from one session to all, for each one more; a worker's own is what would be free without it.
Server, workers and what stands in for the browsers share the cores.
"""


class Row(NamedTuple):
    """One line of the table; `met` is None where there is no limit."""

    what: str
    value: str
    limit: str = "–"
    met: bool | None = None


def rows(measured) -> list[Row]:
    """Lines with a limit first, then what explains them."""
    return [*_limits(measured), *_times(measured), *_memory(measured), *_processor(measured.live)]


def document(measured, table: list[Row], asked: str, load: float | None) -> str:
    """The whole page, in Markdown.

    Args:
        measured: a `load.Measured`.
        table: its rows.
        asked: how often the tabs asked, in words.
        load: of the machine before the server was started.
    """
    limits = [row.met for row in table if row.met is not None]
    verdict = "All limits were met." if all(limits) else f"{limits.count(False)} of {len(limits)} limits were missed."
    before = "" if load is None else f" Load of the machine before: {load:.1f}."
    visitors = measured.visitors
    return "\n".join(
        [
            "# A class on one server",
            "",
            f"Written by `python -m benchmarks.load` on {time.strftime('%d %B %Y, %H:%M').lstrip('0')}. {verdict}",
            "",
            f"- Machine: {_machine()}.{before}",
            f"- {len(visitors)} sessions, {measured.live.seconds:.0f} s of live view; {asked}.",
            "",
            "| | measured | limit | |",
            "|---|--:|--:|---|",
            *(f"| {row.what} | {row.value} | {row.limit} | {_verdict(row.met)} |" for row in table),
            NOTES.rstrip(),
            *_words("Failures", Counter(words for one in visitors for words in one.failures)),
            *_words("Warnings on the pages, by sessions", Counter(words for one in visitors for words in one.warnings)),
            "",
        ]
    )


def percentile(values: list[float], part: float) -> float:
    """The smallest of the values that at least this part of them does not exceed; NaN if there are none."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)] if values else math.nan


def _limits(measured):
    visitors, live = measured.visitors, measured.live
    p95 = percentile([one.seconds for one in live.reruns if one.timed], 0.95)
    yield Row("rerun of the live view, 95 of 100", _ms(p95), f"≤ {_ms(RERUN_LIMIT)}", p95 <= RERUN_LIMIT)
    failed = sum(bool(one.failures) for one in visitors)
    yield Row("sessions that failed", f"{failed} of {len(visitors)}", "0", failed == 0)
    points = _first_points(visitors)
    told, met = f"{max(points, default=math.nan):.1f} s", bool(points) and max(points) <= FIRST_POINT_LIMIT
    if len(points) < len(visitors):
        told, met = f"{len(points)} of {len(visitors)} saw one" + (f", the last after {told}" if points else ""), False
    yield Row("all press Start at once: the last first point", told, f"≤ {FIRST_POINT_LIMIT:g} s", met)
    if live.server is not None and live.reruns:
        each = live.server / len(live.reruns)
        yield Row("processor time of the server, a rerun", _ms(each, 1), f"≤ {_ms(SERVER_LIMIT)}", each <= SERVER_LIMIT)


def _times(measured):
    live, starting = ([one for one in window.reruns if one.timed] for window in (measured.live, measured.starting))
    whole = [one.seconds for one in (*measured.starting.reruns, *measured.live.reruns) if one.whole_page]
    points, visitors = _first_points(measured.visitors), measured.visitors
    yield Row("first point: median", f"{statistics.median(points):.1f} s" if points else "–")
    yield Row("reruns of the live view: number, a second", f"{len(live):,}, {len(live) / measured.live.seconds:.1f}")
    yield Row("– median, 95 of 100, longest", _spread(one.seconds for one in live))
    yield Row("– the same before, from Start to the last first point", _spread(one.seconds for one in starting))
    yield Row("reruns of the whole page: median, 95 of 100, longest", _spread(whole))
    yield Row("opening the page: median, 95 of 100, longest", _spread(measured.opened))
    heard = sum(one.heard.total() for one in visitors) / len(visitors)
    yield Row("sent to each session in all", f"{heard / 1e6:.1f} MB")
    yield Row("times that a chart missed points and asked for all", str(sum(one.points.resyncs for one in visitors)))


def _memory(measured):
    memory, more = measured.memory, len(measured.visitors) - 1
    moments = ("before", "one", "all", "end")
    told = ", ".join(_mb(memory.get(moment)) for moment in moments)
    yield Row("memory of the server: before, with one session, with all, after the live view", told)
    if more and None not in memory.values():
        each = [f"{(memory[moment] - memory['one']) / more:.1f} MB" for moment in moments[2:]]
        yield Row("memory of a session: when it is open, after the live view", ", ".join(each))
    if measured.workers:
        both = map(_mean, zip(*measured.workers, strict=True))
        yield Row(f"memory of a worker ({len(measured.workers)} of them): in all, its own", ", ".join(map(_mb, both)))


def _processor(window):
    """Who used how many cores."""
    if window.server is not None and window.machine is not None:
        own = (window.server, window.workers or 0.0, window.script)
        shares = (*own, max(0.0, window.machine - sum(own)))
        told = ", ".join(f"{share / window.seconds:.2f}" for share in shares)
        yield Row("cores used in the live view: server, workers, this script, all others on the machine", told)


def _first_points(visitors):
    return [one.points.first_point for one in visitors if one.points.first_point is not None]


def _machine():
    memory = processes.memory()
    with_memory = "" if memory is None else f", {memory:.0f} GB of memory"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{processes.processor()}, {processes.cores()} cores{with_memory}; {system}, {packages}"


def _words(title, counts):
    """A list of sentences and how often each came, if there are any."""
    lines = [f"- {number} ×: {words}" for words, number in counts.most_common(10)]
    return ["", f"{title}:", "", *lines] if lines else []


def _spread(seconds):
    seconds = list(seconds)
    three = (statistics.median(seconds), percentile(seconds, 0.95), max(seconds)) if seconds else ()
    return ", ".join(map(_ms, three)) or "–"


def _mean(values):
    values = [value for value in values if value is not None]
    return statistics.mean(values) if values else None


def _verdict(met):
    return {None: "", True: "met", False: "**missed**"}[met]


def _ms(seconds, digits=0):
    return "–" if math.isnan(seconds) else f"{1000 * seconds:,.{digits}f} ms"


def _mb(value):
    return "–" if value is None else f"{value:,.0f} MB"
