import base64
import json

import numpy as np
import pytest

from dmm import palette
from dmm.ui.roll_packet import look_packet, piece_packet
from tests.browser import wait_until

T, K = 128, 32


def packet(roll, voices=None, latents=None, gates=None, onsets=None):
    piece = piece_packet(np.asarray(roll), voices=voices, onsets=onsets, latents=latents, gates=gates)
    return look_packet("key", "title", "description") | piece


def make_roll(frames=T):
    roll = np.zeros((frames, 88), dtype=np.uint8)
    roll[:, [39, 43, 46, 51]] = 1
    return roll


def unpacked(part, kind):
    return np.frombuffer(base64.b64decode(part["data"]), kind)


def test_binary_roll_travels_as_bits_and_comes_back():
    roll = np.random.default_rng(0).integers(0, 2, (5, 88))
    part = packet(roll)["roll"]
    assert part["bits"]
    assert np.array_equal(np.unpackbits(unpacked(part, "u1"))[: 5 * 88].reshape(5, 88), roll)


def test_probabilities_come_back_within_a_byte():
    roll = np.random.default_rng(0).random((5, 88))
    part = packet(roll)["roll"]
    assert not part["bits"]
    assert np.allclose(unpacked(part, "u1").reshape(5, 88) / 255, roll, atol=0.5 / 255)


def test_where_voices_begin_notes_travels_as_bits():
    onsets = np.random.default_rng(0).random((5, 4)) < 0.5
    part = packet(make_roll(5), onsets=onsets)["onsets"]
    assert np.array_equal(np.unpackbits(unpacked(part, "u1"))[:20].reshape(5, 4), onsets)


def test_gates_have_the_scale_of_all_gates():
    assert packet(make_roll())["gate_scale"] == palette.GATES["light"]


def test_latents_and_gates_come_back_within_rounding():
    rng = np.random.default_rng(0)
    z, g = rng.normal(size=(T, K)), rng.random((T, K))
    data = packet(make_roll(), latents=z, gates=g)
    scale = data["latents"]["scale"]
    assert np.allclose(unpacked(data["latents"], "<i2").reshape(T, K) / 32767 * scale, z, atol=scale / 65000)
    assert np.allclose(unpacked(data["gates"], "u1").reshape(T, K) / 255, g, atol=0.5 / 255)


def test_zero_latents_have_a_scale():
    data = packet(make_roll(), latents=np.zeros((T, K)))
    assert data["latents"]["scale"] == 1


def test_a_long_piece_stays_below_60_kB():
    rng = np.random.default_rng(0)
    voices = np.full((T, 4), 60, np.uint8)
    everything = packet(rng.random((T, 88)), voices, rng.normal(size=(T, K)), rng.random((T, K)))
    assert len(json.dumps(everything)) < 60_000


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"roll": np.zeros((4, 90))}, r"roll has shape \(4, 90\), expected \(4, 88\)"),
        ({"roll": np.zeros((0, 88))}, r"roll has shape \(0, 88\)"),
        ({"roll": np.full((4, 88), 2.0)}, r"roll is in 2..2, expected 0..1"),
        ({"voices": np.zeros((3, 4))}, r"voices has shape \(3, 4\), expected \(4, 4\)"),
        ({"onsets": np.zeros((4, 88))}, r"onsets has shape \(4, 88\), expected \(4, 4\)"),
        ({"latents": np.zeros((5, 2))}, r"latents has shape \(5, 2\), expected \(4, K\)"),
        ({"latents": np.full((4, 2), np.nan)}, "latents contains numbers that are not finite"),
        ({"gates": np.full((4, 2), 1.5)}, r"gates is in 1.5..1.5, expected 0..1"),
    ],
)
def test_wrong_arrays_are_refused_with_both_numbers(parts, message):
    with pytest.raises(ValueError, match=message):
        packet(**({"roll": make_roll(4)} | parts))


# --- in a browser ----------------------------------------------------------------------------------------------

APP = """
import numpy as np
import streamlit as st
from dmm.ui.roll_view import roll_view

T = int(st.query_params.get("T", 32))

@st.fragment(run_every=0.3)
def sample():
    count = st.session_state["count"] = st.session_state.get("count", 0) + 1
    roll = np.zeros((T, 88))
    roll[:, [39, 43, 46]] = 1
    roll[2] = 0
    z = np.linspace(-1, 2, 2 * T).reshape(T, 2)
    voices = np.where(roll[:, [46, 43, 43, 39]] > 0, [67, 64, 64, 60], 0) if "voices" in st.query_params else None
    roll_view(key="roll", roll=roll, title=f"Sample {count}", description="A chord.", voices=voices,
              latents=z, gates=np.full((T, 2), 0.25))

sample()
"""


def open_view(page, url):
    page.goto(url)
    view = page.locator(".roll-view[data-frames]")
    view.wait_for(timeout=30000)
    return view


def title_after(page, view, count):
    """Wait until the sample with this number or a later one is shown."""
    for _ in range(100):
        if int(view.locator(".title").inner_text().split()[1]) >= count:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"sample {count} never came")


@pytest.mark.browser
@pytest.mark.parametrize("query", ["", "?voices=1"])
def test_arrow_keys_choose_a_beat_and_the_readout_tells_it(page, app, query):
    view = open_view(page, app + query)
    view.locator(".over").focus()
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert view.locator(".readout span").all_inner_texts() == [
        "beat 2",
        "C4 E4 G4",
        "z from −0.90 to −0.86",
        "mean gate 0.25",
    ]
    page.keyboard.press("ArrowRight")
    assert view.locator(".over").get_attribute("aria-valuetext").startswith("beat 3, silence, z from ")
    page.keyboard.press("End")
    assert view.get_attribute("data-frame") == "31"
    page.keyboard.press("Escape")
    assert view.get_attribute("data-frame") == ""


@pytest.mark.browser
def test_pointer_and_picture_survive_new_samples(page, app):
    view = open_view(page, app)
    view.locator(".time").evaluate("e => (e.mark = 'the same canvas')")
    box = view.locator(".over").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 10.5 / 32, box["y"] + 100)
    title_after(page, view, 6)
    assert view.get_attribute("data-frame") == "10"
    assert view.get_attribute("data-builds") == "1"
    assert view.locator(".time").evaluate("e => e.mark") == "the same canvas"


@pytest.mark.browser
@pytest.mark.parametrize("frames", [32, 128, 600])
def test_long_pieces_scroll_inside_a_narrow_page(page, app, frames):
    page.set_viewport_size({"width": 390, "height": 800})
    view = open_view(page, f"{app}?T={frames}")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    assert float(view.get_attribute("data-step")) >= 2
    scrolls = view.locator(".scroll").evaluate("e => e.scrollWidth > e.clientWidth")
    assert scrolls == (frames == 600)
    view.locator(".over").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    assert (view.locator(".scroll").evaluate("e => e.scrollLeft") > 0) == scrolls


OUTSIDE = """() => {
    const pen = CanvasRenderingContext2D.prototype, write = pen.fillText;
    window.outside = [];
    window.written = 0;
    pen.fillText = function (word, x, y) {
        const half = this.measureText(word).width / 2, width = parseFloat(this.canvas.style.width);
        if (this.textAlign === "center") written += 1;
        if (this.textAlign === "center" && (x < half - 0.01 || x > width - half + 0.01)) outside.push(word);
        write.call(this, word, x, y);
    };
}"""


@pytest.mark.browser
@pytest.mark.parametrize("frames", [32, 193])
def test_no_number_of_a_beat_is_cut_at_the_edge(page, app, frames):
    view = open_view(page, f"{app}?T={frames}")
    page.evaluate(OUTSIDE)
    page.set_viewport_size({"width": 1100, "height": 800})
    wait_until(lambda: page.evaluate("written") > 0, "it is painted anew", tab=page)
    assert page.evaluate("outside") == []
    assert view.is_visible()
