"""The player of a roll: its notes are those of the roll, its sound is clean, and its playhead is where the sound is."""

import base64
import json

import numpy as np
import pytest

from dmm.music import LOWEST_KEY, VOICES, from_midi, notes, to_midi, to_note_csv
from dmm.ui.roll_packet import piece_packet
from dmm.ui.source import read_code
from tests.browser import wait_until

pytestmark = pytest.mark.browser

RATE = 22050
APP = """
import numpy as np
import streamlit as st
from dmm.ui.roll_view import play_bar, roll_view
from dmm.ui.takes_view import Take, takes_view

roll = np.zeros((16, 88), int)
roll[::2, [39, 43, 46]] = 1  # a chord on every other beat


@st.fragment(run_every=0.3)
def sample():
    count = st.session_state["count"] = st.session_state.get("count", 0) + 1
    shown = np.roll(roll, count // 4, axis=1) if "live" in st.query_params else roll
    roll_view(key="one", roll=shown, title=f"Sample {count}", description="A chord.", live=True)


sample()
st.text_input("A field")
play_bar(key="two", roll=roll, title="Two", place="there")
if "takes" in st.query_params:
    held = np.repeat(roll[:1], 24, axis=0)
    versions = [Take("Low", held), Take("High", np.roll(held, 12, axis=1)), Take("Short", held[:2])]
    takes_view(key="three", takes=versions, title="Three", description="A chord.")
"""


# --- the synthesiser -------------------------------------------------------------------------------------------------

PACK = """(parts) => new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.readAsDataURL(new Blob(parts));
})"""
WORK = """async ([code, packet, tempo, rate]) => {
    const text = `${code}\\nexport { decode, pieceOf, renderPiece, wavOf };`;
    const own = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
    const piece = own.pieceOf(own.decode(packet));
    const buffer = await own.renderPiece(piece, tempo, rate);
    const file = new Uint8Array(await own.wavOf(buffer).arrayBuffer());
    const text64 = PACK;
    const found = piece.starts.flat().map((one) => [one.pitch, one.from, one.to - one.from]);
    return [found, await text64([buffer.getChannelData(0)]), await text64([file])];
}""".replace("PACK", PACK)


def rendered(page, roll, tempo=120, voices=None, onsets=None):
    """The notes of a roll as the browser finds them, its samples, and the file that it would save."""
    packet = piece_packet(np.asarray(roll), voices=voices, onsets=onsets)
    found, samples, file = page.evaluate(WORK, [read_code("roll_view"), json.loads(json.dumps(packet)), tempo, RATE])
    found = sorted((tuple(one) for one in found), key=lambda one: (one[1], one[0]))
    return found, numbers(samples, "<f4"), base64.b64decode(file)


def numbers(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def roll_of(*frames):
    roll = np.zeros((len(frames), 88), np.uint8)
    for t, pitches in enumerate(frames):
        roll[t, [pitch - LOWEST_KEY for pitch in pitches]] = 1
    return roll


def struck_roll(voices, onsets):
    """The roll of four voices, and which of its keys are struck."""
    roll, struck = np.zeros((2, len(voices), 88), bool)
    for t, v in np.argwhere(voices > 0):
        roll[t, voices[t, v] - LOWEST_KEY] = True
        struck[t, voices[t, v] - LOWEST_KEY] |= onsets[t, v]
    return roll, struck


def hertz(pitch):
    return 440 * 2 ** ((pitch - 69) / 12)


def heard(samples, rate=RATE):
    """The pitches whose fundamental is there; a second harmonic alone is weaker than one."""
    size = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 16))
    keys = np.arange(LOWEST_KEY, LOWEST_KEY + 88)
    fundamental = size[np.rint(hertz(keys) * (1 << 16) / rate).astype(int)] / (440 / hertz(keys)) ** 0.4
    return keys[fundamental > 0.55 * fundamental.max()].tolist()


def click(samples, rate=RATE, cutoff=9000):
    """The highest peak of what lies above a frequency in Hz: a jump in the samples has some, no note has a harmonic."""
    spectrum = np.fft.rfft(samples)
    spectrum[: round(cutoff * len(samples) / rate)] = 0
    return np.abs(np.fft.irfft(spectrum)).max()


def test_what_sounds_is_on_the_roll_and_there_are_no_clicks(page):
    frames = [48, 55, 64, 72], [50, 57, 65, 69], [], [50, 57, 65, 69], [50, 57, 65], [41, 53, 84], [60]
    _, samples, file = rendered(page, roll_of(*frames))
    beats = samples[: len(frames) * RATE // 2].reshape(len(frames), -1)
    for pitches, beat in zip(frames, beats, strict=True):
        held = beat[round(0.1 * RATE) :]  # after the release of what sounded before
        if pitches:
            assert heard(held) == sorted(pitches)
            assert np.sqrt(np.mean(held**2)) > 0.02
        else:
            assert np.abs(held).max() < 1e-6
    assert len(samples) == pytest.approx((len(frames) / 2 + 0.08) * RATE, abs=2)
    assert np.abs(samples).max() < 0.95
    assert np.abs(np.diff(samples)).max() < 0.2
    assert abs(samples[0]) < 1e-6
    assert abs(samples[-1]) < 1e-3
    assert click(samples) < 5e-4
    broken = samples.copy()
    broken[RATE // 3 : RATE // 3 + 500] = 0
    assert click(broken) > 2e-3, "it would be seen"

    # The file has these samples.
    assert (file[:4], file[8:16], np.frombuffer(file, "<u4", 1, 24)[0]) == (b"RIFF", b"WAVEfmt ", RATE)
    np.testing.assert_allclose(np.frombuffer(file, "<i2", offset=44) / 32767, samples, atol=2e-5)


def test_all_keys_at_once_again_and_again_do_not_clip(page):
    loud = roll_of(*[range(21, 109), [], range(21, 109, 2), range(22, 109, 2)] * 2)
    assert 0.1 < np.abs(rendered(page, loud, tempo=240)[1]).max() < 1


def test_notes_are_those_of_the_roll_tied_where_it_is_known(page):
    rng = np.random.default_rng(1)
    roll = rng.random((12, 88)) < 0.3
    assert rendered(page, roll)[0] == [tuple(one) for one in notes(roll)]
    voices = rng.choice([0, 60, 62], (12, 4)).astype(np.uint8)
    onsets = rng.random((12, 4)) < 0.5
    roll, struck = struck_roll(voices, onsets)
    assert rendered(page, roll, voices=voices, onsets=onsets)[0] == [tuple(one) for one in notes(roll, struck)]
    chances = np.zeros((2, 88))
    chances[:, 39], chances[:, 40] = 0.6, 0.4
    assert rendered(page, chances)[0] == [(60, 0, 2)]


# --- files -----------------------------------------------------------------------------------------------------------

FILES = """async ([code, packet, tempo, title, voices]) => {
    const text = `${code}\\nexport { decode, pieceOf, midiOf, tableOf };`;
    const own = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
    const data = own.decode(packet);
    const piece = own.pieceOf(data);
    return [await (PACK)([own.midiOf(piece, tempo, title)]), await own.tableOf(piece, data, voices).text()];
}""".replace("PACK", PACK)


def files(page, roll, tempo=90, title="", voices=None, onsets=None):
    """The MIDI file and the table that the browser would save."""
    packet = piece_packet(np.asarray(roll), voices=voices, onsets=onsets)
    midi, table = page.evaluate(FILES, [read_code("roll_view"), packet, tempo, title, [[name] for name in VOICES]])
    return base64.b64decode(midi), table


TITLE = 'Ein "Choral" / a\x00b\u00a0c\u2028 für 春𝄞, ' + "x" * 80


@pytest.mark.parametrize(("tempo", "title"), [(40, ""), (95, TITLE), (240, "\n")])
def test_files_are_those_of_the_music_module_byte_for_byte(page, tempo, title):
    rng = np.random.default_rng(tempo)
    for roll in (rng.random((40, 88)) < 0.1, np.zeros((300, 88), int), roll_of([60], [60], [], [21, 108], [])):
        midi, table = files(page, roll, tempo, title)
        assert midi == to_midi(roll, tempo, title)
        assert np.array_equal(from_midi(midi), roll)
        assert table == to_note_csv(roll)


def test_files_keep_the_onsets_of_the_voices(page):
    rng = np.random.default_rng(2)
    voices = rng.choice([0, 60, 62, 64], (30, 4)).astype(np.uint8)
    onsets = rng.random((30, 4)) < 0.5
    roll, struck = struck_roll(voices, onsets)
    midi, table = files(page, roll, voices=voices, onsets=onsets)
    assert midi == to_midi(roll, onsets=struck)
    assert midi != to_midi(roll)
    assert table == to_note_csv(roll, voices, onsets)
    assert files(page, roll, voices=voices)[1] == to_note_csv(roll, voices)


def test_files_have_what_is_heard_of_chances(page):
    chances = np.random.default_rng(3).random((20, 88)).round(2)
    midi, table = files(page, chances)
    assert midi == to_midi(chances >= 0.5)
    assert table == to_note_csv(chances >= 0.5)


# --- the player ------------------------------------------------------------------------------------------------------

RECORD = """async (root) => {
    const { context, volumeOf } = document.dmmStage;
    const code = `registerProcessor("recorder", class extends AudioWorkletProcessor {
        process([[input]]) { this.port.postMessage([currentTime, new Float32Array(input ?? 128)]); return true; }
    });`;
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    const recorder = new AudioWorkletNode(context, "recorder");
    window.record = { blocks: [], pictures: [], rate: context.sampleRate };
    recorder.port.onmessage = ({ data }) => window.record.blocks.push(data);
    volumeOf.connect(recorder);
    const look = () => {
        const now = context.currentTime - context.outputLatency;
        if (root.dataset.playing) window.record.pictures.push([now, root.dataset.heard, root.dataset.beat].map(Number));
        requestAnimationFrame(look);
    };
    look();
}"""
RECORDED = """async () => {
    const { blocks, pictures, rate } = window.record;
    return [blocks.map(([time]) => time), await (PACK)(blocks.map(([, samples]) => samples)), pictures, rate];
}""".replace("PACK", PACK)


def recorded(page):
    """When the record begins by the audio clock, its samples, the pictures (time heard by the clock, and what the
    player says: time heard, beat), samples per second."""
    times, samples, pictures, rate = page.evaluate(RECORDED)
    samples = numbers(samples, "<f4")
    size = len(samples) // len(times)
    times, samples = times[1:], samples[size:]  # after its first block the recorder pauses
    assert times[-1] - times[0] == pytest.approx((len(times) - 1) * size / rate, abs=0.02), "no block is missing"
    return times[0], samples, np.array(pictures), rate


def player(page, number=0):
    found = page.locator(".roll-view[data-frames]").nth(number)
    found.wait_for(timeout=30000)
    return found


def fact(view, name):
    return view.get_attribute(f"data-{name}")


def beat(view):
    return float(fact(view, "beat"))


@pytest.mark.parametrize("seconds", [1.7, pytest.param(30, marks=pytest.mark.slow)])
def test_playhead_is_where_the_sound_is(page, app, seconds):
    page.goto(app)
    view = player(page)
    assert page.evaluate("document.dmmStage.context") is None, "nothing sounds by itself"
    view.locator(".tempo").fill("240")
    view.get_by_role("button", name="Loop").click()  # 16 beats last 4 seconds
    view.get_by_role("button", name="Play", exact=True).click()
    wait_until(lambda: beat(view) > 0, "it plays", tab=page)
    view.evaluate(RECORD)
    page.wait_for_timeout(1000 * seconds)
    wait_until(lambda: 0.3 < beat(view) % 2 < 0.6, "a chord sounds", tab=page)
    view.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_timeout(200)
    begun, samples, pictures, rate = recorded(page)

    # The chords begin at even beats: what the playhead says of them, in seconds of 4 beats.
    loud = np.abs(samples) > 2e-3
    before = np.cumsum(loud) - loud
    quiet = before == np.roll(before, round(0.1 * rate))  # 0.1 s before it were silent
    onsets = begun + np.flatnonzero(loud & quiet)[1:] / rate
    assert len(onsets) >= 2 * seconds - 1
    assert np.diff(onsets) == pytest.approx(0.5, abs=0.003)
    now, heard_at, beats = pictures[(pictures[:, 0] > onsets[0]) & (pictures[:, 0] < onsets[-1])].T
    drift = (beats / 4 - (heard_at - onsets[0]) + 0.25) % 0.5 - 0.25
    assert np.abs(drift).max() < 0.02
    assert np.median(np.abs(now - heard_at)) < 0.02
    assert np.ptp(beats) > 3

    # The pause did not click, and all is silent after it.
    assert np.abs(samples).max() < 0.95
    assert click(samples[round((onsets[0] - begun - 0.05) * rate) :], rate) < 5e-4
    assert np.abs(samples[-round(0.05 * rate) :]).max() < 1e-6
    resting = beat(view)
    page.wait_for_timeout(100)
    assert (beat(view), fact(view, "playing")) == (resting, "")


def test_seek_loop_keys_and_one_player_at_a_time(page, app):
    page.goto(app)
    one, two = player(page), player(page, 1)
    over = one.locator(".over")
    box = over.bounding_box()
    over.click(position={"x": box["width"] * 10.5 / 16, "y": 60})
    assert (beat(one), fact(one, "playing")) == (10, "")

    # The space bar plays from there; the arrows go elsewhere.
    page.keyboard.press("Space")
    wait_until(lambda: beat(one) > 10.2, "it plays from beat 11", tab=page)
    page.keyboard.press("Home")
    wait_until(lambda: 0 < beat(one) < 4, "it plays from the start", tab=page)
    assert fact(one, "playing") == "yes"

    # A region by the mouse, and it goes round.
    ruler = one.locator(".ruler").bounding_box()
    x, y = (lambda t: ruler["x"] + ruler["width"] * t / 16), ruler["y"] + 10
    one.locator(".tempo").fill("240")
    page.mouse.move(x(4.5), y)
    page.mouse.down()
    page.mouse.move(x(5.6), y, steps=3)
    page.mouse.up()
    assert fact(one, "loop") == "4-6"
    seen = [beat(one) for _ in range(24) if page.wait_for_timeout(50) is None]
    assert all(4 <= b < 6 for b in seen[2:])
    assert (np.diff(seen) < 0).sum() >= 1
    over.press("Space")
    for key in ("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    assert fact(one, "loop") == "1-4"
    assert one.locator(".spoken").inner_text() == "Loop from beat 2 to 4."
    page.keyboard.press("Escape")
    assert fact(one, "loop") == ""
    page.keyboard.press("Space")
    wait_until(lambda: fact(one, "playing"), "it plays again", tab=page)

    # The other one begins and this one stops; in a field the space bar only writes, elsewhere it plays what was last.
    two.get_by_role("button", name="Hear it").click()
    wait_until(lambda: beat(two) > 0, "the other plays", tab=page)
    assert (fact(one, "playing"), fact(two, "playing")) == ("", "yes")
    page.get_by_label("A field").press("Space")
    page.wait_for_timeout(100)
    assert fact(two, "playing") == "yes"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    wait_until(lambda: fact(two, "playing") == "", "it pauses", tab=page)

    # Another view of the same piece hears of the beat, and says where to go on.
    page.evaluate("document.addEventListener('dmm-beat', ({ detail }) => (window.told = detail))")
    page.evaluate("document.dispatchEvent(new CustomEvent('dmm-seek', { detail: { place: 'there', beat: 7 } }))")
    assert page.evaluate("window.told") == {"place": "there", "beat": 7}
    assert two.locator(".where").inner_text() == "beat 8 of 16"
    two.get_by_role("button", name="To the start").click()
    assert page.evaluate("window.told") == {"place": "there", "beat": None}
    with page.expect_download() as saved:
        two.get_by_role("button", name="Save sound").click()
    assert saved.value.suggested_filename == "Two.wav"
    with page.expect_download() as saved:
        two.get_by_role("button", name="Save MIDI").click()
    assert saved.value.suggested_filename == "Two.mid"
    page.reload()
    assert fact(player(page), "playing") == ""
    assert page.evaluate("document.dmmStage.context") is None


def test_a_new_sample_waits_while_one_plays(page, app):
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{app}?live=1")
    view = player(page)
    view.get_by_role("button", name="Play", exact=True).click()
    title, newer = view.locator(".title").inner_text(), view.get_by_role("button", name="Show the new piece")
    newer.wait_for()
    held = view.locator(".title").inner_text()
    page.wait_for_timeout(700)
    assert view.locator(".title").inner_text() == held
    assert int(held.split()[1]) - int(title.split()[1]) < 4
    before = beat(view)
    newer.click()
    wait_until(lambda: view.locator(".title").inner_text() != held, "the new one", tab=page)
    assert fact(view, "playing") == "yes"
    assert beat(view) >= before
    assert fact(view, "builds") == "1"

    # Whoever wants less motion sees it go from beat to beat.
    place, step = view.locator(".playhead").evaluate("e => e.style.transform"), float(fact(view, "step"))
    assert float(place.removeprefix("translateX(").removesuffix("px)")) / step % 1 == pytest.approx(0, abs=1e-3)
    page.emulate_media(reduced_motion="no-preference")


def test_another_take_goes_on_at_the_same_beat_without_a_click(page, app):
    page.goto(f"{app}?takes=1")
    view = player(page, 2)
    view.locator(".tempo").fill("120")
    view.get_by_role("button", name="Play", exact=True).click()
    wait_until(lambda: beat(view) > 0.1, "it plays", tab=page)
    view.evaluate(RECORD)
    page.wait_for_timeout(700)
    view.get_by_role("radio", name="High").click()
    page.wait_for_timeout(700)
    assert (fact(view, "playing"), fact(view, "take")) == ("yes", "High")
    view.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_timeout(100)
    _, samples, pictures, rate = recorded(page)

    # One took over from the other: what sounds is the chord of one, and then of the other, with no jump between.
    sounds = np.flatnonzero(np.abs(samples) > 2e-3)
    first, last = samples[sounds[0] :][: rate // 4], samples[: sounds[-1] - rate // 8][-rate // 4 :]
    assert [heard(first, rate)[:3], heard(last, rate)[:3]] == [[60, 64, 67], [72, 76, 79]]
    whole = samples[sounds[0] :]
    assert click(whole * np.minimum(np.arange(len(whole)) / (0.1 * rate), 1), rate) < 5e-4
    loudness = np.sqrt(np.convolve(samples[sounds[0] : sounds[-1]] ** 2, np.ones(rate // 50) / (rate // 50), "valid"))
    assert loudness[rate // 10 : -rate // 10].min() > 0.005, "there is no gap"

    # The beats have gone by evenly, up to the moment in which the new one waits to begin.
    _, heard_at, beats = pictures.T
    ahead = beats - 2 * heard_at
    assert np.abs(ahead[[0, -1]] - np.median(ahead)).max() < 0.02
    assert ahead.min() > np.median(ahead) - 0.02
    assert ahead.max() < np.median(ahead) + 0.3

    # Its name is in the file's; where a shorter one is over, it begins again.
    with page.expect_download() as saved:
        view.get_by_role("button", name="Save CSV").click()
    assert saved.value.suggested_filename == "Three High.csv"
    view.get_by_role("button", name="Play", exact=True).click()
    wait_until(lambda: fact(view, "playing"), "it plays", tab=page)
    view.get_by_role("radio", name="Short").click()
    assert beat(view) <= 2
    assert fact(view, "frames") == "2"
    wait_until(lambda: not fact(view, "playing"), "it ends", tab=page)
