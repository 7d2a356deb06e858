"""The view of several takes: what is chosen stays, what is pointed out is seen and told, what is painted is known."""

import json

import numpy as np
import pytest

from dmm.music import to_midi, to_note_csv
from dmm.ui.roll_packet import pack_cells
from dmm.ui.takes_view import Take, read_path, read_rectangle, takes_view
from tests.browser import wait_until

GOOD = {"from": 2, "to": 5, "low": 21, "high": 108}


# --- without a browser ------------------------------------------------------------------------------------------------


def test_a_rectangle_from_the_browser_is_taken_as_it_is():
    assert read_rectangle(GOOD | {"more": 1}, 5) == GOOD
    assert read_rectangle(GOOD | {"low": 60, "high": 60, "from": 4}, 5) == {"from": 4, "to": 5, "low": 60, "high": 60}


@pytest.mark.parametrize(
    "value",
    [
        None,
        "paint",
        [2, 5, 21, 108],
        {"from": 2, "to": 5, "low": 21},
        *(GOOD | {name: value} for name in GOOD for value in (None, True, "3", 3.0, -1, 10**9, float("nan"))),
        GOOD | {"from": 5},
        GOOD | {"to": 6},
        GOOD | {"low": 20},
        GOOD | {"high": 109},
        GOOD | {"low": 61, "high": 60},
    ],
)
def test_anything_else_is_ignored(value):
    assert read_rectangle(value, 5) is None


@pytest.mark.parametrize(
    ("takes", "message"),
    [
        ([], r"got takes \[\], expected one or more with different labels"),
        ([Take("a", np.zeros((2, 88)))] * 2, r"got takes \['a', 'a'\]"),
        ([Take("a", np.zeros((2, 88)), marks=np.zeros((3, 88)))], r"marks has shape \(3, 88\), expected \(2, 88\)"),
        ([Take("a", np.zeros((2, 88)), holes=np.full((2, 88), 0.5))], "holes has values between 0 and 1"),
        ([Take("a", np.zeros((2, 88)), shaded=(1, 3))], r"shaded is 1..3, expected beats within 0..2"),
    ],
)
def test_wrong_takes_are_refused(takes, message):
    with pytest.raises(ValueError, match=message):
        takes_view(key="key", takes=takes, title="", description="")


def test_cells_travel_as_bits():
    cells = np.random.default_rng(0).integers(0, 2, (600, 88))
    assert len(pack_cells("marks", cells, 600)) < 9000


def test_a_path_from_the_browser_is_taken_as_it_is():
    assert read_path({"from": 2, "values": [1, -0.5, 1000.0]}, 5) == (2, (1.0, -0.5, 1000.0))


@pytest.mark.parametrize(
    "value",
    [
        None,
        [2, [1.0]],
        {"from": 2},
        {"from": 2, "values": []},
        {"from": 2, "values": "1"},
        *({"from": start, "values": [1.0]} for start in (None, True, "2", 2.0, -1, 5, 10**9)),
        *({"from": 2, "values": [one]} for one in (None, True, "1", float("nan"), float("inf"), 1001, [1])),
        {"from": 2, "values": [1.0] * 4},
    ],
)
def test_any_other_path_is_ignored(value):
    assert read_path(value, 5) is None


# --- in a browser -----------------------------------------------------------------------------------------------------

APP = """
import json
import numpy as np
import streamlit as st
from dmm.ui.takes_view import Take, takes_view

painted = st.session_state.setdefault("painted", [])
drawn = st.session_state.setdefault("drawn", [])
voices = np.tile([67, 64, 60, 48], (16, 1))
voices[8] = 0
onsets = np.ones((16, 4), int)
onsets[1::2] = 0
roll = np.zeros((16, 88), int)
for v in voices.T:
    roll[v > 0, v[v > 0] - 21] = 1
holes = np.zeros((16, 88), int)
for one in painted:
    holes[one["from"] : one["to"], one["low"] - 21 : one["high"] - 20] = 1
other = roll * (1 - holes)
other[4:6, 72 - 21] = 1
TITLE = 'A "piece" / of Bäch 春'

shift = st.slider("Shift", 0, 3, 0)
names = ["Third"] if "few" in st.query_params else ["First", "Second <b>", "Third"]
takes = {
    "First": Take("First", roll, voices, onsets),
    "Second <b>": Take("Second <b>", np.roll(other, shift, axis=1), marks=roll ^ other, holes=holes, shaded=(10, 14)),
    "Third": Take("Third", roll[:8], latents=np.linspace(-1, 2, 16).reshape(8, 2)),
}
takes_view(
    key="takes",
    takes=[takes[name] for name in names],
    title=TITLE,
    description="A chord.",
    marked="differs from the original",
    erased="erased",
    shade="held here",
    on_paint=None if "few" in st.query_params else painted.append,
    line=None if "few" in st.query_params else 1,
    on_draw=(lambda *path: drawn.append(path)) if "draw" in st.query_params else None,
)
st.code(json.dumps(painted + drawn), language=None)
"""


def opened(page, url):
    page.goto(url)
    view = page.locator(".roll-view[data-frames]")
    view.wait_for(timeout=30000)
    return view


def fact(view, name):
    return view.get_attribute(f"data-{name}")


def painted(page):
    return json.loads(page.locator("[data-testid=stCode] code").inner_text())


def radio(view, name):
    return view.get_by_role("radio", name=name)


def cell(view, beat, pitch):
    """Left, top, width and height of a cell in the picture."""
    low, high = map(int, fact(view, "keys").split("-"))
    top, bottom = map(float, fact(view, "rows").split("-"))
    step, row = float(fact(view, "step")), (bottom - top) / (high - low + 1)
    return beat * step, bottom - (pitch - low + 1) * row, step, row


def place(view, beat, pitch):
    """The middle of a cell, in the window."""
    box, (x, y, width, height) = view.locator(".over").bounding_box(), cell(view, beat, pitch)
    return box["x"] + x + width / 2, box["y"] + y + height / 2


def sweep(page, start, end, release=True, steps=3):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=steps)
    if release:
        page.mouse.up()


def ink(view, beat, pitch):
    """The colours of a cell's pixels: red, green, blue and how opaque."""
    read = "(e, at) => [...e.getContext('2d').getImageData(...at).data]"
    return np.reshape(view.locator(".time").evaluate(read, [round(one) for one in cell(view, beat, pitch)]), (-1, 4))


def readout(view, beat):
    """What is told of a beat."""
    over = view.locator(".over")
    over.press("Home")
    for _ in range(beat):
        over.press("ArrowRight")
    return view.locator(".readout span").all_inner_texts()


@pytest.mark.browser
def test_a_take_is_chosen_by_keys_and_stays_chosen(page, app):
    view = opened(page, app)
    assert fact(view, "take") == "First"
    radio(view, "First").focus()
    page.keyboard.press("ArrowLeft")
    assert (fact(view, "take"), fact(view, "frames")) == ("Third", "8")
    assert view.locator(".spoken").inner_text() == "Third"
    assert readout(view, 1) == ["beat 2", "C3 C4 E4 G4", "z from −0.60 to −0.40"]
    radio(view, "Third").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    assert fact(view, "take") == "Second <b>"
    assert view.locator("[tabindex='0'][role=radio]").all_inner_texts() == ["Second <b>"]
    assert view.locator("[aria-checked=true]:focus").inner_text() == "Second <b>"
    height = view.bounding_box()["height"]

    # A slider is moved: other notes, the same take, and nothing has changed its place.
    page.get_by_role("slider", name="Shift").press("ArrowRight")
    wait_until(lambda: readout(view, 0)[1] == "C♯3 C♯4 F4 G♯4", "the shifted take", tab=page)
    assert (fact(view, "take"), fact(view, "builds")) == ("Second <b>", "1")
    radio(view, "First").click()
    assert view.bounding_box()["height"] == height


@pytest.mark.browser
def test_what_is_painted_reaches_the_page_and_what_a_take_points_out_is_seen(page, app):
    page.set_viewport_size({"width": 1000, "height": 1200})
    view = opened(page, app)
    erase = view.get_by_role("button", name="Erase")
    sweep(page, place(view, 2, 60), place(view, 4, 70))
    assert painted(page) == [], "the tool is off"
    radio(view, "Second").click()
    plain = ink(view, 3, 62)[:, 3]
    assert (fact(view, "marks"), fact(view, "holes"), fact(view, "shaded")) == ("2", "0", "10-14")
    erase.click()
    assert erase.get_attribute("aria-pressed") == "true"

    # A press goes there and no more; Escape gives up.
    page.mouse.click(*place(view, 3, 60))
    assert fact(view, "beat") == "3.0000"
    sweep(page, place(view, 6, 60), place(view, 2, 69), release=False)
    assert view.locator(".area").is_visible()
    assert view.locator(".readout").inner_text() == "beats 3 to 7, C4 to A4"
    page.keyboard.press("Escape")
    assert view.locator(".area").is_hidden()
    page.mouse.up()
    page.wait_for_timeout(300)
    assert painted(page) == []

    sweep(page, place(view, 6, 60), place(view, 2, 69))
    one = {"from": 2, "to": 7, "low": 60, "high": 69}
    wait_until(lambda: painted(page) == [one], "it is known", tab=page)
    wait_until(lambda: fact(view, "holes") == "50", "it is shown", tab=page)
    assert view.locator(".area").is_hidden()
    assert (fact(view, "take"), erase.get_attribute("aria-pressed")) == ("Second <b>", "true")

    # A rest that is not known is hatched, a key that differs has an outline, the stretch is tinted; and all is told.
    hatched = ink(view, 3, 62)[:, 3]
    assert hatched.mean() > plain.mean() + 10
    assert hatched.std() > plain.std() + 10
    red, green, blue, opaque = ink(view, 4, 72).T
    assert ((red < 90) & (green < 90) & (blue < 90) & (opaque > 150)).sum() > 8
    red, _, blue, _ = ink(view, 12, 62).mean(0)
    assert red > blue + 50
    assert readout(view, 4) == ["beat 5", "C3 C5", "differs from the original C4 E4 G4 C5", "erased C4 to A4"]
    assert readout(view, 10)[2:] == ["held here"]
    words = "Differs from the original: 17 cells. Erased: 50 cells. Held here: beats 11 to 14."
    assert view.locator(".summary").inner_text().endswith(words)
    legend = view.locator(".voices > :not(.absent)").all_inner_texts()
    assert legend == ["differs from the original", "erased", "held here"]

    # Along the numbered beats all keys; above the roll all that are not shown.
    box = view.locator(".ruler").bounding_box()
    y = box["y"] + box["height"] / 2
    sweep(page, (place(view, 8, 60)[0], y), (place(view, 9, 60)[0], y - 40))
    two = {"from": 8, "to": 10, "low": 21, "high": 108}
    wait_until(lambda: painted(page) == [one, two], "all keys", tab=page)
    x, y = place(view, 0, 80)
    sweep(page, (x, y), (x, y - 60))
    wait_until(lambda: painted(page)[2:] == [{"from": 0, "to": 1, "low": 80, "high": 108}], "to the top", tab=page)

    # The tool off: the ruler loops again.
    erase.click()
    y = box["y"] + box["height"] / 2
    sweep(page, (place(view, 8, 60)[0], y), (place(view, 9, 60)[0], y))
    assert fact(view, "loop") == "8-10"
    assert len(painted(page)) == 3


@pytest.mark.browser
def test_beats_are_erased_by_keys_alone(page, app):
    view = opened(page, app)
    view.get_by_role("button", name="Erase").press("Enter")
    over = view.locator(".over")
    over.focus()
    for key in ("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Escape", "Enter"):
        page.keyboard.press(key)
    assert view.locator(".area").is_hidden()
    for key in ("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    assert view.locator(".spoken").inner_text() == "beats 2 to 4, all keys. Enter erases, Escape does not."
    assert fact(view, "loop") == ""
    page.keyboard.press("Enter")
    wait_until(lambda: painted(page) == [{"from": 1, "to": 4, "low": 21, "high": 108}], "it is known", tab=page)
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert len(painted(page)) == 1


@pytest.mark.browser
def test_files_are_of_the_take_and_have_its_name(page, app):
    view = opened(page, app)
    view.locator(".tempo").fill("95")
    voices = np.tile([67, 64, 60, 48], (16, 1))
    voices[8] = 0
    onsets = np.tile([[1], [0]], (8, 4))
    roll, struck = np.zeros((2, 16, 88), int)
    for voice in voices.T:
        roll[voice > 0, voice[voice > 0] - 21] = 1
    struck[::2] = roll[::2]
    title = 'A "piece" / of Bäch 春'
    assert saved(page, view, "MIDI") == (
        "A piece of Bäch 春 First.mid",
        to_midi(roll, 95, f"{title}, First", onsets=struck),
    )
    assert saved(page, view, "CSV") == ("A piece of Bäch 春 First.csv", to_note_csv(roll, voices, onsets).encode())
    radio(view, "Third").click()
    assert saved(page, view, "MIDI") == ("A piece of Bäch 春 Third.mid", to_midi(roll[:8], 95, f"{title}, Third"))
    assert saved(page, view, "CSV")[1] == to_note_csv(roll[:8]).encode()
    assert saved(page, view, "sound")[0] == "A piece of Bäch 春 Third.wav"


def saved(page, view, kind):
    """The name and the content of a file."""
    with page.expect_download() as file:
        view.get_by_role("button", name=f"Save {kind}").click()
    return file.value.suggested_filename, file.value.path().read_bytes()


@pytest.mark.browser
def test_one_take_without_the_tool_has_neither_and_fits_a_narrow_page(page, app):
    view = opened(page, f"{app}?few=1")
    assert view.get_by_role("radiogroup").count() == 0
    assert view.get_by_role("button", name="Erase").count() == 0
    assert saved(page, view, "CSV")[0] == "A piece of Bäch 春.csv"
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(app)
    opened(page, app)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


@pytest.mark.browser
def test_a_path_is_drawn_over_the_latents_beat_by_beat_and_reaches_the_page(page, app):
    page.set_viewport_size({"width": 1000, "height": 1200})
    view = opened(page, f"{app}?draw")
    radio(view, "Third").click()
    view.get_by_role("button", name="Draw z").click()
    box, step = view.locator(".over").bounding_box(), float(fact(view, "step"))
    top, bottom = map(float, fact(view, "latents").split("-"))
    unit = (bottom - top) / 2 / (3 * 1.05)  # pixels for 1, where the axis reaches to 3

    def at(beat, value):
        return box["x"] + (beat + 0.5) * step, box["y"] + (top + bottom) / 2 - value * unit

    sweep(page, place(view, 2, 60), place(view, 4, 70))
    assert painted(page) == [], "that is not where the latents are"
    sweep(page, at(1, 0), at(5, 2), release=False)
    assert view.locator(".readout").inner_text() == "beats 2 to 6"
    page.keyboard.press("Escape")
    page.mouse.up()
    assert painted(page) == [], "given up"
    sweep(page, at(5, 2), at(1, -2), steps=4)
    wait_until(lambda: painted(page), "the path", tab=page)
    ((start, values),) = painted(page)
    assert start == 1
    assert values == pytest.approx([-2, -1, 0, 1, 2], abs=0.02)
    wait_until(lambda: view.locator(".sketch").get_attribute("hidden") is not None, "it is gone", tab=page)


@pytest.mark.browser
def test_a_latent_is_pointed_out_where_one_is_named_and_only_there(page, app):
    def thick(query):
        """How many pixels of the latents have the colour of the mark, which is not blue, as all other lines are."""
        view = opened(page, f"{app}?{query}")
        if query != "few=1":
            radio(view, "Third").click()
        top, bottom = map(float, fact(view, "latents").split("-"))
        read = "(e, at) => [...e.getContext('2d').getImageData(...at).data]"
        pixels = np.reshape(view.locator(".time").evaluate(read, [0, round(top), 400, round(bottom - top)]), (-1, 4))
        return int(((pixels[:, 2] < pixels[:, 0] + 40) & (pixels[:, 3] > 200)).sum())

    assert thick("few=1") == 0
    assert thick("draw") > 100
