import json
from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

from dmm.ui import live_chart as module
from dmm.ui.live_chart import Line, Series, live_chart, stream_chart
from tests.browser import INK, drag

WORDS = {"x_label": "step", "y_label": "nats", "description": "A falling curve."}
LOSS = (Series("loss", "loss", "#0072B2"),)


@pytest.fixture
def sent(monkeypatch):
    """The packets that would travel to the browser, from fragment runs of one session."""
    packets = []

    def mount(*, key, data, on_resync_change):
        packets.append(json.loads(json.dumps(data, allow_nan=False)) | {"ask": on_resync_change})
        return SimpleNamespace(resync=None)

    monkeypatch.setattr(module, "_CHART", mount)
    monkeypatch.setattr(module, "_is_full_run", lambda: False)
    monkeypatch.setattr(module.st, "session_state", {})
    return packets


def history(n):
    return {"step": list(range(n)), "loss": [100 / (t + 1) for t in range(n)]}


def stream(n, run="a"):
    return stream_chart(key="c", run=run, points=history(n), series=LOSS, **WORDS)


def received(packets):
    """What a browser holds that skips no packet it must not skip."""
    points = []
    for packet in packets:
        assert packet["start"] <= len(points)
        points[packet["start"] :] = packet["columns"]["step"]
    return points


def test_only_new_points_travel(sent):
    for n in (100, 103, 106, 109, 109, 109):
        assert stream(n) == n
    assert [p["start"] for p in sent] == [0, 0, 100, 103, 106, 109]
    assert sent[-1]["columns"] == {"step": [], "loss": []}
    assert received(sent) == list(range(109))


def test_any_single_packet_may_be_lost(sent):
    for n in range(10, 60, 5):
        stream(n)
    for lost in range(len(sent) - 1):
        assert received(sent[:lost] + sent[lost + 1 :]) == list(range(55))


def test_another_run_or_a_shorter_history_starts_again(sent):
    for n, run in ((50, "a"), (51, "a"), (52, "a"), (53, "b"), (10, "b")):
        stream(n, run)
    assert [p["start"] for p in sent] == [0, 0, 50, 0, 0]


def test_everything_is_sent_when_the_browser_asks(sent):
    for n in (50, 51, 52):
        stream(n)
    sent[-1]["ask"]()
    stream(53)
    assert sent[-1]["start"] == 0
    assert received(sent) == list(range(53))


def test_everything_is_sent_at_a_full_run(sent, monkeypatch):
    for n in (50, 51, 52):
        stream(n)
    monkeypatch.setattr(module, "_is_full_run", lambda: True)
    stream(53)
    assert sent[-1]["start"] == 0


def test_streamlit_tells_fragment_runs_apart():
    assert "fragment_ids_this_run" in ScriptRunContext.__dataclass_fields__


def test_gaps_and_non_finite_numbers_are_null(sent):
    points = {"step": [1_234_567, 1_234_568, 3e6], "loss": [None, float("nan"), float("inf")]}
    live_chart(key="c", run="a", start=0, points=points, series=LOSS, **WORDS)
    assert sent[0]["columns"] == {"step": [1_234_567, 1_234_568, 3_000_000], "loss": [None] * 3}


def test_numbers_travel_with_six_digits(sent):
    live_chart(key="c", run="a", start=0, points={"step": [0], "loss": [8.7123456789]}, series=LOSS, **WORDS)
    assert sent[0]["columns"]["loss"] == [8.71235]


def test_packet_says_where_the_next_one_starts(sent):
    assert live_chart(key="c", run="a", start=7, points=history(3), series=LOSS, **WORDS) == 10


def test_looks_travel_by_name(sent):
    line = Line("coin flips", 61.0, "#888888")
    live_chart(key="c", run="a", start=0, points=history(1), series=LOSS, lines=(line,), **WORDS)
    assert sent[0]["series"][0] == {"name": "loss", "label": "loss", "colour": "#0072B2", "width": 2, "dash": False}
    assert sent[0]["lines"] == [{"label": "coin flips", "value": 61.0, "colour": "#888888"}]


def test_columns_must_fit_together(sent):
    with pytest.raises(ValueError, match="'loss' has 2 points, 'step' has 3"):
        live_chart(key="c", run="a", start=0, points=history(3) | {"loss": [1, 2]}, series=LOSS, **WORDS)
    with pytest.raises(ValueError, match="no column 'loss' among step"):
        live_chart(key="c", run="a", start=0, points={"step": []}, series=LOSS, **WORDS)


def test_code_travels_only_with_packets_from_zero(sent):
    for n in (50, 51, 52):
        stream(n)
    assert ["code" in p for p in sent] == [True, True, False]
    fixed = len(module.HTML + module.LOADER + module.read_style("live_chart"))
    assert fixed + len(json.dumps(sent[-1] | {"ask": None})) < 6000


# --- in a browser ----------------------------------------------------------------------------------------------

APP = """
import math
import streamlit as st
from dmm.ui.live_chart import Line, Series, stream_chart

steps = st.session_state.setdefault("steps", [])
st.slider("a widget outside the fragment", 0, 9)

@st.fragment(run_every=0.1)
def board():
    for _ in range(4):
        steps.append(10 * len(steps))
    if "lose" in st.query_params and len(steps) == 20:
        steps.extend(range(200, 500, 10))
        st.session_state["chart: sent"]["counts"] = [len(steps)] * 2  # pretend that they were sent
    loss = [8 + 53 * math.exp(-t / 60) for t in steps]
    valid = [v + 0.5 if i % 10 == 0 else None for i, v in enumerate(loss)]
    stream_chart(
        key="chart", run=st.session_state.get("run", "a"), points={"step": steps, "loss": loss, "valid": valid},
        series=(Series("loss", "training", "#0072B2"), Series("valid", "validation", "#CC79A7", dash=True)),
        lines=(Line("coin flips", 61.0, "#8A8F98"), Line("Markov", 10.48, "#8A8F98")),
        x_label="step", y_label="nats per frame", description="A falling curve.",
    )

if not st.toggle("away", "away" in st.query_params):
    board()
"""


def open_chart(page, url, points=30):
    page.goto(url)
    wait_for(page, f"Number(chart.points) >= {points}")
    return page.locator(".live-chart")


def wait_for(page, condition):
    """Wait until the facts that the chart publishes fulfil a condition in JavaScript."""
    find = "[...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]"
    chart = f"{find}.map((e) => e.shadowRoot?.querySelector('.live-chart')?.dataset).find(Boolean)"
    page.wait_for_function(f"(() => {{ const chart = {chart}; return chart && {condition}; }})()", timeout=30000)


def facts(chart):
    return chart.evaluate("e => ({...e.dataset})")


@pytest.mark.browser
def test_zoom_and_canvas_survive_a_stream_of_points(page, app):
    chart = open_chart(page, app)
    drag(page, chart.locator("canvas"), 0.3, 0.6)
    wait_for(page, "chart.zoomed === 'true'")
    chart.locator("canvas").evaluate("e => (e.mark = 'the same canvas')")
    before = facts(chart)
    wait_for(page, f"Number(chart.points) > {int(before['points']) + 40}")
    page.get_by_role("slider").press("ArrowRight")  # a full run of the script
    wait_for(page, f"Number(chart.points) > {int(before['points']) + 60}")
    after = facts(chart)
    assert after["builds"] == "1"
    assert chart.locator("canvas").evaluate("e => e.mark") == "the same canvas"
    assert (after["xMin"], after["xMax"]) == (before["xMin"], before["xMax"])
    chart.get_by_role("button", name="Reset zoom").click()
    wait_for(page, f"chart.zoomed === 'false' && Number(chart.xMax) > {before['xMax']}")


@pytest.mark.browser
def test_chart_that_is_taken_off_the_page_and_put_back_is_the_same(page, app):
    """Streamlit does so by itself, about once in ten times when a full run meets a tick."""
    chart = open_chart(page, app)
    drag(page, chart.locator("canvas"), 0.3, 0.6)
    wait_for(page, "chart.zoomed === 'true'")
    chart.locator("canvas").evaluate("e => (e.mark = 'the same canvas')")
    before = facts(chart)
    page.get_by_text("away").click()
    chart.wait_for(state="detached")
    page.get_by_text("away").click()
    wait_for(page, f"Number(chart.points) > {before['points']}")
    after = facts(chart)
    assert (after["builds"], after["xMin"], after["xMax"]) == ("1", before["xMin"], before["xMax"])
    assert chart.locator("canvas").evaluate("e => e.mark") == "the same canvas"
    page.set_viewport_size({"width": 700, "height": 800})
    page.wait_for_function("e => e.width <= 700 * devicePixelRatio", arg=chart.locator("canvas").element_handle())
    chart.get_by_role("button", name="Reset zoom").click()
    wait_for(page, "chart.zoomed === 'false'")


@pytest.mark.browser
def test_slow_browser_builds_the_chart_once(page, app):
    """Streamlit cleans up after a packet that the next one overtakes, although the chart lives on."""
    page.goto(app + "?away=1")
    page.get_by_text("away").wait_for()
    browser = page.context.new_cdp_session(page)
    browser.send("Emulation.setCPUThrottlingRate", {"rate": 12})
    page.get_by_text("away").click()
    wait_for(page, "Number(chart.points) >= 60")
    assert facts(page.locator(".live-chart"))["builds"] == "1"
    browser.detach()  # as fast as before


@pytest.mark.browser
def test_browser_asks_for_what_it_misses(page, app):
    chart = open_chart(page, app + "?lose=1", points=56)
    told = "e => e.querySelector('.summary').textContent.startsWith(`${e.dataset.points} points. At step `)"
    page.wait_for_function(told, arg=chart.element_handle())  # the words come a frame before the facts


@pytest.mark.browser
def test_first_high_points_do_not_squash_the_rest(page, app):
    chart = open_chart(page, app, points=60)
    assert float(facts(chart)["yMax"]) < 61
    chart.locator("canvas").focus()
    page.keyboard.press("Home")
    for _ in range(5):
        page.keyboard.press("+")
    wait_for(page, "Number(chart.yMax) >= 61")  # what is zoomed into is shown whole


@pytest.mark.browser
def test_keys_move_the_crosshair_and_zoom(page, app):
    chart = open_chart(page, app)
    chart.locator("canvas").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert chart.locator(".spoken").inner_text() == "step 10: training 52.86, validation 61.50"
    chart.locator(".tip", has_text="validation (at 0)").wait_for()
    page.keyboard.press("+")
    wait_for(page, "chart.zoomed === 'true'")
    page.keyboard.press("Escape")
    wait_for(page, "chart.zoomed === 'false'")


@pytest.mark.browser
def test_wheel_zooms_only_a_chart_in_use(page, app):
    chart = open_chart(page, app)
    box = chart.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 400, box["y"] + 100)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(300)
    assert facts(chart)["zoomed"] == "false"
    page.mouse.down()
    page.mouse.up()
    page.mouse.wheel(0, -300)
    wait_for(page, "chart.zoomed === 'true'")


@pytest.mark.browser
def test_legend_hides_a_series(page, app):
    chart = open_chart(page, app)
    button = chart.get_by_role("button", name="training")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    chart.locator("canvas").hover()
    chart.locator(".tip", has_text="validation").wait_for()
    assert "training" not in chart.locator(".tip").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1440])
def test_chart_fits_the_page(page, app, width):
    page.set_viewport_size({"width": width, "height": 800})
    chart = open_chart(page, app)
    box = chart.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    assert chart.locator("canvas").evaluate(INK)
