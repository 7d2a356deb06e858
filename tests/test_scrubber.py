"""The scrubber: what travels to the browser, and that its slider moves all views without a word to the server."""

import base64
import json
import zlib
from itertools import pairwise

import numpy as np
import pytest

from dmm.data import load_dataset
from dmm.history import VIEWS, Moment, load_history, make_history
from dmm.inspection import Inspection
from dmm.plane import Plane, Seen
from dmm.runs import store
from dmm.ui import scrubber
from dmm.ui.scrubber import _read, pack
from dmm.ui.source import read_code, read_style
from tests.browser import wait_until

RUNS = sorted(path.parent for path in store.SHIPPED.glob("*/history.npz"))


def shipped(run):
    """The history of a run that came with the app, and its piece."""
    return load_history(run / "history.npz"), load_dataset("chorales").test[0].roll


def made_up(frames=6, size=3, count=4, plane=True):
    """A history of numbers drawn at random, and a piece to it."""
    rng = np.random.default_rng(0)
    shapes = {"z_loc": (frames, size), "z_scale": (frames, size), "draws": (0, frames, size), "gates": (frames, size)}
    shapes |= {"probabilities": (frames, 88), "kl": (frames, size), "reconstruction": (frames,)}

    def moment(s):
        inspection = Inspection(**{name: rng.random(shape) for name, shape in shapes.items()})
        return Moment(13 * s, s, 9.0 - s if s else np.nan, inspection)

    through = Plane(np.zeros(size), np.eye(size)[:2], np.zeros(2), np.ones(2)) if plane else None
    seen = [Seen(rng.normal(size=(169, 2)), rng.random((s % 2, 2)), np.ones(s % 2, bool)) for s in range(count)]
    return make_history([moment(s) for s in range(count)], through, seen), (rng.random((frames, 88)) > 0.9).astype(int)


def unpacked(packet):
    """The views of a packet as bytes (S, T, K), by the words of its format."""
    raw = np.frombuffer(zlib.decompress(base64.b64decode(packet["views"])), np.uint8)
    views, at = {}, 0
    for name in VIEWS:
        width = {"probabilities": packet["keys"][1] - packet["keys"][0] + 1, "reconstruction": 1}
        shape = len(packet["steps"]), packet["frames"], width.get(name, packet["size"])
        steps = raw[at : at + int(np.prod(shape))].reshape(shape)
        views[name], at = np.cumsum(steps, axis=0, dtype=np.uint8), at + steps.size
    assert at == len(raw)
    return views


def in_bytes(packet):
    """All that the browser gets, its code and style included."""
    look = {"colours": scrubber.COLOURS, "gate_scale": [[0.0, "#000000"]] * 3, "key": "scrubber"}
    parts = json.dumps(packet | look), read_code("scrubber"), read_style("scrubber"), scrubber.HTML
    return sum(len(part.encode()) for part in parts)


# --- what travels ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_stored_run_has_thirty_moments_and_takes_less_than_500_kB(run):
    history, roll = shipped(run)
    packet = pack(history, roll, title="BWV 1", place=run.name, take="Take it")
    assert len(packet["steps"]) >= 30
    assert in_bytes(packet) < 500_000
    assert (packet["levels"], packet["frames"]) == (256, len(roll)), "nothing had to be left out"


def test_views_come_back_as_they_were():
    history, roll = made_up()
    packet = pack(history, roll, title="", place="")
    views, (low, high) = unpacked(packet), (key - 21 for key in packet["keys"])
    for name in VIEWS:
        expected = history.views[name].reshape(4, 6, -1)
        assert np.array_equal(views[name], expected[:, :, low : high + 1] if name == "probabilities" else expected)
    notes = np.frombuffer(base64.b64decode(packet["roll"]), np.uint8).reshape(6, -1)
    assert np.array_equal(notes, roll[:, low : high + 1])
    assert packet["bounds"] == [None, 8.0, 7.0, 6.0]
    assert packet["best"] == 3
    assert [one[0] for one in packet["plane"]["fixed"]] == [1, 3]


def test_keys_that_are_never_likely_nor_heard_stay_behind():
    history, roll = made_up()
    history.views["probabilities"][:] = 0
    history.views["probabilities"][2, 3, 40] = 200
    roll[:] = 0
    roll[1, 35] = 1
    assert pack(history, roll, title="", place="")["keys"] == [21 + 34, 21 + 41]


def test_history_that_is_too_large_is_rounded_first_and_then_cut():
    history, roll = made_up(frames=56, size=24, count=30)
    coarse = pack(history, roll, title="", place="")
    assert (coarse["levels"], coarse["frames"]) == (64, 56)
    difference = unpacked(coarse)["gates"] / 63 - history.views["gates"] / 255
    assert np.abs(difference).max() <= 0.5 / 63 + 1e-9
    history, roll = made_up(frames=200, size=100, count=30)
    cut = pack(history, roll, title="", place="")
    assert cut["levels"] == 16
    assert 16 < cut["frames"] < cut["whole"] == 200
    assert in_bytes(cut) < 500_000


def test_packet_has_a_name_of_its_own_and_no_plane_where_there_is_none():
    history, roll = made_up()
    same, other = (pack(history, roll, title=title, place="")["id"] for title in ("a", "b"))
    assert pack(history, roll, title="a", place="")["id"] == same != other
    assert pack(*made_up(plane=False), title="", place="")["plane"]["steps"] is None
    assert pack(*made_up(size=1, plane=False), title="", place="")["plane"] is None
    with pytest.raises(ValueError, match="got a roll of 5 beats, expected 6"):
        pack(history, roll[:5], title="", place="")


@pytest.mark.parametrize(
    ("sent", "understood"),
    [
        ({"moment": 2, "beat": 1}, (2, 1)),
        ({"moment": 0, "beat": None}, (0, None)),
        ({"moment": 1, "beat": 6}, (1, None)),
        ({"moment": 4, "beat": 1}, None),
        ({"moment": -1, "beat": 1}, None),
        ({"moment": True, "beat": 1}, None),
        ({"moment": "2", "beat": 1}, None),
        ({"moment": 1}, None),
        ([1, 2], None),
        (None, None),
    ],
)
def test_what_a_browser_sends_is_checked(sent, understood):
    assert _read(sent, {"steps": [0, 13, 26, 39], "frames": 6}) == understood


# --- in a browser ----------------------------------------------------------------------------------------------

APP = f"""
import streamlit as st
from dmm.data import load_dataset
from dmm.history import load_history
from dmm.ui.scrubber import pack, scrubber

st.write("The script has run.")
history = load_history({str(RUNS[0] / "history.npz")!r})
packet = pack(history, load_dataset("chorales").test[0].roll, title="A chorale", place="a", take="Take it")
scrubber(packet, key="scrubber", on_take=lambda *taken: st.session_state.update(taken=taken))
st.write(f"Taken: {{st.session_state.get('taken')}}")
"""
VIEWS_SHOWN = ("roll", "gates", "bands", "path", "field", "kl")


def pictures(view):
    return {name: view.locator(f"[data-view={name}] canvas").evaluate("e => e.toDataURL()") for name in VIEWS_SHOWN}


def all_differ(before, after):
    return [name for name in before if before[name] == after[name]] == []


def follows(view, before, tab):
    wait_until(lambda: all_differ(before, pictures(view)), "every view follows", tab=tab)
    return pictures(view)


@pytest.mark.browser
def test_dragging_moves_every_view_and_sends_and_receives_nothing(page, app):
    frames = []

    def watch(socket):
        for event in ("framesent", "framereceived"):
            socket.on(event, lambda data, event=event: frames.append(event))

    page.on("websocket", watch)
    page.set_viewport_size({"width": 1200, "height": 900})
    page.goto(app)
    view = page.locator(".scrubber[data-moments]")
    view.wait_for(timeout=30000)
    page.get_by_text("Taken: None").wait_for()
    page.wait_for_timeout(500)  # until Streamlit has nothing left to say
    count, last = len(frames), int(view.get_attribute("data-moments")) - 1
    assert count > 0
    assert last >= 29
    slider, before = view.locator("input.moment"), pictures(view)
    box = slider.bounding_box()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, height)
    page.mouse.down()
    seen = set()
    for part in np.linspace(1, 0, 12):
        page.mouse.move(box["x"] + 8 + part * (box["width"] - 16), height)
        seen.add(view.get_attribute("data-moment"))
    before = follows(view, before, page)
    page.mouse.up()
    assert view.get_attribute("data-moment") == "0"
    assert len(seen) > 8, "it follows while it is dragged, not only at the end"
    assert view.locator(".when").inner_text().startswith("After 1 epoch (13 updates): validation bound ")

    # The keyboard does the same, and those who do not see it are told.
    slider.press("End")
    before = follows(view, before, page)
    assert slider.get_attribute("aria-valuetext") == view.locator(".when").inner_text()
    wait_until(lambda: "After 400 epochs" in view.locator(".spoken").inner_text(), "it is told", tab=page)

    # A beat is marked in every view.
    beats = view.locator("[data-view=roll] canvas")
    beats.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    before = follows(view, before, page)
    assert view.locator(".readout span").first.inner_text() == "beat 2"
    assert beats.get_attribute("aria-valuetext").startswith("beat 2; piece, and how likely ")

    # It plays from the start, once at the end, and pauses.
    view.get_by_role("button", name="Play").click()
    wait_until(lambda: view.get_attribute("data-moment") == "2", "it plays", tab=page)
    view.get_by_role("button", name="Pause").click()

    # Other axes for the path.
    view.get_by_role("combobox", name="Across").select_option("dimension 3")
    caption = view.locator("[data-view=path] figcaption")
    wait_until(lambda: "dimension\u00a03" in caption.inner_text(), "the path along another axis", tab=page)
    assert len(frames) == count

    # Only the button tells the server, and the view stays as it is.
    moment = view.get_attribute("data-moment")
    view.get_by_role("button", name="Take it").click()
    page.get_by_text(f"Taken: ({moment}, 1)").wait_for()
    assert len(frames) > count
    assert view.get_attribute("data-moment") == moment
    page.remove_listener("websocket", watch)


@pytest.mark.browser
def test_scrubber_fits_a_phone_and_stacks_its_views(page, app):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(app)
    view = page.locator(".scrubber[data-moments]")
    view.wait_for(timeout=30000)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    places = [view.locator(f"[data-view={name}]").bounding_box() for name in VIEWS_SHOWN]
    assert all(one["y"] + one["height"] <= other["y"] for one, other in pairwise(places))
    assert all(one["x"] >= 0 and one["x"] + one["width"] <= 390 for one in places)
