"""The live chart: a line chart in the browser that receives only new points and owns its zoom.

Streamlit's own charts are rebuilt, or lose their zoom, each time their data change. This one is a small component
(`live_chart.js`) that is built once and then fed.

Protocol. Each packet carries `run`, `start` and the points from `start` on. The browser keeps the points before
`start` and replaces the rest, so that a repeated, late or overlapping packet does no harm. A packet that starts
beyond what the browser has (it was reloaded, or skipped packets) is not drawn; the browser answers with the
trigger `resync`, once in two seconds, and Python sends the run from 0. Another `run` clears chart and zoom.

Streamlit sends a component's code along with every change of its data. Here that would be 20 kB around a few
numbers, so the component registered is only `LOADER`, and the chart's code is part of the packets that start at 0.

A page calls `stream_chart` with the whole history at each tick; `live_chart` is the single packet underneath.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dmm.ui.source import read_code, read_style
from dmm.ui.theme import visible

OVERLAP = 2  # each point travels in two packets: the browser may skip one when two arrive within one repaint

HTML = """
<div class="live-chart">
  <div class="bar">
    <div class="legend" role="group" aria-label="Series"></div>
    <div class="tools" role="group" aria-label="Zoom"
      title="Drag in the chart to zoom; Shift and drag to move; double click to reset.">
      <button type="button" data-do="left" aria-label="Move left">‹</button>
      <button type="button" data-do="right" aria-label="Move right">›</button>
      <button type="button" data-do="out" aria-label="Zoom out">−</button>
      <button type="button" data-do="in" aria-label="Zoom in">+</button>
      <button type="button" data-do="reset">Reset zoom</button>
    </div>
  </div>
  <div class="plot">
    <canvas role="img" tabindex="0" aria-describedby="help"></canvas>
    <div class="tip" hidden></div>
  </div>
  <p class="unseen" id="help">Left and right move the crosshair, plus and minus zoom, 0 resets the zoom.</p>
  <p class="summary unseen" aria-live="off"></p>
  <p class="spoken unseen" aria-live="polite"></p>
</div>
"""

LOADER = """
let chart;
let asked = -Infinity;

export default async function (component) {
  const { code } = component.data;
  if (code) chart ??= import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  if (chart) return (await chart).default(component);
  if (performance.now() - asked < 2000) return;
  asked = performance.now();
  component.setTriggerValue("resync", {});
}
"""


class Series(NamedTuple):
    """One line of the chart: its column's name, the words and the colour to show it with."""

    name: str
    label: str
    colour: str
    width: float = 2
    dash: bool = False


class Line(NamedTuple):
    """A horizontal reference line, drawn while its value is inside the visible range."""

    label: str
    value: float
    colour: str


CODE = read_code("live_chart")
_CHART = st.components.v2.component("dmm_live_chart", html=HTML, css=read_style("unseen", "live_chart"), js=LOADER)


def live_chart(
    *,
    key: str,
    run: str,
    start: int,
    points: Mapping[str, Sequence[float | None]],
    series: Sequence[Series],
    lines: Sequence[Line] = (),
    x: str = "step",
    x_label: str,
    y_label: str,
    description: str,
    height: int = 360,
    on_resync: Callable[[], None] | None = None,
) -> int:
    """Send one packet of points to the chart `key`.

    Args:
        key: names the chart on its page; the chart lives on as long as the key stays.
        run: names the history; another run clears the chart.
        start: how many points the browser should have already; 0 replaces everything.
        points: the new points, one list per column, all of one length; None and NaN are gaps.
        series: the columns to draw.
        lines: reference values.
        x: the column of the horizontal axis, strictly increasing.
        x_label, y_label, description: words for the axes and for those who do not see the picture.
        height: of the plot, in pixels.
        on_resync: called before the next run of the script when the browser asks for everything.

    Returns:
        `start` for the next packet; 0 if the browser asks for everything.

    Raises:
        ValueError: a column is missing or its length differs from that of `x`.
    """
    names = (x, *(s.name for s in series))
    columns = {name: _column(points, name) for name in names}
    new = len(columns[x])
    for name, column in columns.items():
        if len(column) != new:
            raise ValueError(f"column {name!r} has {len(column)} points, {x!r} has {new}")
    packet = {
        "key": key,
        "run": run,
        "start": start,
        "columns": columns,
        "x": x,
        "series": [s._replace(colour=visible(s.colour))._asdict() for s in series],
        "lines": [line._asdict() for line in lines],
        "x_label": x_label,
        "y_label": y_label,
        "description": description,
        "height": height,
    }
    if start == 0:
        packet["code"] = CODE
    result = _CHART(key=key, data=packet, on_resync_change=on_resync or (lambda: None))
    return 0 if result.resync else start + new


def stream_chart(*, key: str, run: str, points: Mapping[str, Sequence[float | None]], x: str = "step", **look) -> int:
    """Draw a growing history: call it at each tick with all points; only what is new travels.

    Everything is sent at a full run of the script, when `run` changes, when the history got shorter
    and when the browser asks. `look` holds the other arguments of `live_chart`.

    Returns:
        The number of points that the chart shows.
    """
    memory = st.session_state.setdefault(f"{key}: sent", {"run": run, "counts": []})
    total = len(points[x])
    counts = memory["counts"]
    if memory["run"] != run or _is_full_run() or (counts and counts[-1] > total):
        counts = []
    start = counts[0] if len(counts) == OVERLAP else 0
    memory.update(run=run, counts=[*counts, total][-OVERLAP:])
    new = {name: column[start:] for name, column in points.items()}
    live_chart(key=key, run=run, start=start, points=new, x=x, on_resync=partial(_forget, key), **look)
    return total


def _forget(key: str) -> None:
    """The browser asked for everything: act as if nothing had been sent."""
    st.session_state.pop(f"{key}: sent", None)


def _is_full_run() -> bool:
    """Whether the whole script runs, not only a fragment: then the chart may be new to the browser."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is None or not context.fragment_ids_this_run


def _column(points: Mapping[str, Sequence[float | None]], name: str) -> list[float | None]:
    """One column as JSON can carry it: six digits, None for what is no finite number."""
    if name not in points:
        raise ValueError(f"no column {name!r} among {', '.join(points)}")
    return [_number(value) for value in points[name]]


def _number(value: float | None) -> float | None:
    """A finite number to six digits (whole ones exactly), else None."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) and abs(value) < 2**53 else float(f"{value:.6g}")
