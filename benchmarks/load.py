"""A class at work on one server: `python -m benchmarks.load`, which writes `benchmarks/load.md`.

Starts the app with an empty folder for runs, opens sessions on its Train page over raw websockets (`visitor.py`), lets
all of them press Start at once, waits for each one's first point, and then measures the reruns of their live views
while the workers train. Timers that were all set at once go off at once; for the live view each tab's begin anew at a
random moment, as in a class (with `--aligned` they stay as they are).

Everything runs on one machine, what stands in for the browsers too: that makes the numbers worse, never better.
Nothing else should run beside it; the table says how much did. Memory and processor time are read from `/proc`, so on
other systems than Linux these rows stay empty.
"""

import asyncio
import itertools
import os
import random
import sys
import time
from pathlib import Path
from typing import NamedTuple

import click
from websockets.exceptions import WebSocketException

from benchmarks import load_report, processes
from benchmarks.answers import Rerun
from benchmarks.served import ROOT, served
from benchmarks.visitor import Visitor

SETTLE = 3.0  # seconds of rest before something is measured
STAGGER = 0.1  # seconds between two visitors who open the page


class Window(NamedTuple):
    """What happened between two moments: seconds, answered requests, and seconds of processor time by whom."""

    seconds: float
    reruns: list[Rerun]
    server: float | None
    workers: float | None
    script: float
    machine: float | None


class Measured(NamedTuple):
    """All that the table is made from; memory in MB, the server's by the moment, each worker's in all and its own."""

    visitors: list[Visitor]
    opened: list[float]
    starting: Window
    live: Window
    memory: dict[str, float | None]
    workers: list[tuple[float | None, float | None]]


async def visit(
    visitors: list[Visitor], server: int, seconds: float, page: str, button: str, aligned: bool
) -> Measured:
    """Everything that the visitors do, and what it cost.

    Args:
        visitors: who come.
        server: the number of its process.
        seconds: of live view.
        page, button: where they go, and how the label begins of what they press.
        aligned: whether the timers of those who started at once go off at once for ever.
    """
    memory = {"before": processes.resident(server)}
    try:
        opened = [await _open(visitors[0], page, 0)]
        await asyncio.sleep(SETTLE)
        memory["one"] = processes.resident(server)
        opened += await asyncio.gather(*(_open(one, page, place) for place, one in enumerate(visitors[1:], 1)))
        await asyncio.sleep(SETTLE)
        memory["all"] = processes.resident(server)
        click.echo(f"{len(visitors)} sessions are open; all press {button} now.", err=True)
        starting = await _start(visitors, server, button)
        if not aligned:
            await _spread(visitors)
        live = _Count(server, visitors)
        await asyncio.sleep(seconds)
        live = live.window()
        workers = [(processes.resident(one), processes.own(one)) for one in processes.children(server)]
        memory["end"] = processes.resident(server)
    finally:
        await asyncio.gather(*(one.close() for one in visitors))
    return Measured(visitors, [one for one in opened if one is not None], starting, live, memory, workers)


async def _open(visitor, page, place):
    """The seconds until a visitor has the page, each from an address of its own where the system allows it."""
    await asyncio.sleep(STAGGER * place)
    source = f"127.0.0.{place + 2}" if sys.platform == "linux" and place < 250 else None
    try:
        return await visitor.open(page, source)
    except (OSError, TimeoutError, WebSocketException) as error:
        visitor.fail(f"no connection: {error}")
        return None


async def _start(visitors, server, button):
    """All press the button, and wait for their first points."""
    count = _Count(server, visitors)
    await asyncio.gather(*(one.press(button) for one in visitors))
    points = await asyncio.gather(*(one.first_within(load_report.FIRST_POINT_LIMIT) for one in visitors))
    window = count.window()
    seen = len(points) - points.count(None)
    click.echo(f"After {window.seconds:.1f} s {seen} of {len(visitors)} have seen a first point.", err=True)
    return window


async def _spread(visitors):
    moments = random.Random(0)
    for one in visitors:
        one.spread(moments.random())
    await asyncio.sleep(SETTLE)


class _Count:
    """Counts from now on what is done and who does it."""

    def __init__(self, server, visitors):
        self.server, self.visitors = server, visitors
        self.start, self.before = time.perf_counter(), self._busy()

    def window(self) -> Window:
        end = time.perf_counter()
        reruns = [one for one in itertools.chain(*(v.reruns for v in self.visitors)) if self.start <= one.asked]
        return Window(end - self.start, reruns, *map(_difference, self._busy(), self.before))

    def _busy(self):
        server, workers = processes.busy(self.server), processes.busy_children(self.server)
        return server, workers, time.process_time(), processes.machine_busy()


def _difference(now, before):
    return None if now is None or before is None else now - before


def _in_words(every, aligned):
    """How often the tabs ask."""
    pace = (
        f"each fragment that runs by itself asked for every {every:g} s" if every else "asked as often as the app says"
    )
    return pace + (", by all at once" if aligned else ", by each tab at a moment of its own")


@click.command()
@click.option("--sessions", type=click.IntRange(1, 1000), default=30, show_default=True)
@click.option("--seconds", type=click.FloatRange(1), default=60.0, show_default=True, help="Of live view.")
@click.option("--every", type=click.FloatRange(0), default=1.0, show_default=True, help="Seconds; 0: as the app says.")
@click.option("--aligned", is_flag=True, help="Leave the timers as they are when all have started at once.")
@click.option("--page", default="train", show_default=True, help="Where the sessions go.")
@click.option("--button", default="Start", show_default=True, help="How the label begins of what they press.")
@click.option("--port", type=int, help="Of the server.  [default: any that is free]")
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="Keep what the server says here.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=ROOT / "benchmarks" / "load.md")
def main(sessions, seconds, every, aligned, page, button, port, log, out):
    """Measure one server with a class at work, and write the table; exit code 1 if a limit was missed."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    with served(port, log) as (address, server):
        visitors = [Visitor(address, every or None) for _ in range(sessions)]
        measured = asyncio.run(visit(visitors, server, seconds, page, button, aligned))
    table = load_report.rows(measured)
    text = load_report.document(measured, table, _in_words(every, aligned), load)
    out.write_text(text, encoding="utf-8")
    click.echo(text)
    sys.exit(1 if any(row.met is False for row in table) else 0)


if __name__ == "__main__":
    main()
