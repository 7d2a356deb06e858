"""The roll view: piano roll, latents and gates over one time axis, with one playhead, and a player of its sound.

A picture in the browser (`roll_view.js`) that is repainted in place when new data arrive under the same key. Its sound
is made there as well (`roll_view_sound.js`): a key sounds where its chance is at least one half.
The arrays travel as base64: a 0/1 roll as bits, probabilities, pitches and gates as bytes, latents as 16-bit
integers with one scale; 128 frames with 32 latents and gates take about 20 kB.
"""

import base64

import numpy as np
import streamlit as st

from dmm import palette
from dmm.ui.source import read_code, read_style
from dmm.ui.theme import gate_scale, visible

KEYS = 88
VOICE_NAMES = ("soprano", "alto", "tenor", "bass")

HTML = """
<div class="roll-view">
  <div class="head"><span class="title"></span><span class="voices"></span></div>
  <div class="bar" role="group">
    <button class="play" type="button" aria-keyshortcuts="Space"><i class="icon"></i><b>Play</b></button>
    <button class="start" type="button" aria-label="To the start" title="To the start"><i class="icon"></i></button>
    <button class="loop" type="button" aria-pressed="false"
      title="Drag along the numbered beats, or hold Shift with the arrow keys, to choose a part">
      <i class="icon"></i>Loop
    </button>
    <button class="newer" type="button" hidden>Show the new piece</button>
    <span class="where"></span>
    <label>Tempo <input class="tempo" type="range" min="40" max="240" step="5" /><span class="speed"></span></label>
    <label>Volume <input class="volume" type="range" min="0" max="100" step="5" /></label>
    <button class="save" type="button" aria-label="Save sound" title="Save sound: a WAV file, at this tempo">
      <i class="icon"></i><span>Save sound</span>
    </button>
  </div>
  <p class="trouble" role="alert"></p>
  <div class="frame">
    <canvas class="side" aria-hidden="true"></canvas>
    <canvas class="lit" aria-hidden="true"></canvas>
    <div class="scroll">
      <canvas class="time" aria-hidden="true"></canvas>
      <div class="region" hidden></div>
      <canvas class="over" role="slider" tabindex="0" aria-valuemin="1" aria-keyshortcuts="Space"></canvas>
      <div class="playhead"></div>
      <div class="ruler"></div>
    </div>
    <div class="caption" data-panel="roll"><span>piano roll <em>x<sub>t</sub></em></span></div>
    <div class="caption" data-panel="latents"><span>latent state <em>z<sub>t</sub></em></span></div>
    <div class="caption" data-panel="gates">
      <span>gate <em>g<sub>t</sub></em></span><span class="scale">0 linear<i></i>1 non-linear</span>
    </div>
  </div>
  <p class="readout" aria-live="off"></p>
  <p class="summary unseen"></p>
  <p class="spoken unseen" aria-live="polite"></p>
</div>
"""

_VIEW = st.components.v2.component(
    "dmm_roll_view", html=HTML, css=read_style("unseen", "roll_view"), js=read_code("roll_view")
)


def roll_view(
    *,
    key: str,
    roll: np.ndarray,
    title: str,
    description: str,
    voices: np.ndarray | None = None,
    onsets: np.ndarray | None = None,
    latents: np.ndarray | None = None,
    gates: np.ndarray | None = None,
    height: int | None = None,
    live: bool = False,
) -> None:
    """Show a piece, sampled or real, and the hidden state that goes with it; and play it.

    Args:
        key: names the view on its page; it is repainted, not rebuilt, as long as the key stays.
        roll: `(T, 88)`, keys A0 to C8: 0/1, or probabilities, shown as opacity.
        title: shown above; may be empty.
        description: for those who do not see the picture.
        voices: `(T, 4)` MIDI pitches, soprano to bass, 0 = rest; colours the notes by voice.
        onsets: `(T, 4)`, 1 where a voice begins a note; without it a key that stays on is one held note.
        latents: `(T, K)`, drawn as lines about zero.
        gates: `(T, K)` in 0..1, drawn as a heat map, one row a dimension.
        height: of the whole picture in pixels; by default, what the panels need.
        live: new pieces come by themselves: while one plays, the next waits until it is asked for. Otherwise a new
            piece takes over where the old one is.

    Raises:
        ValueError: a shape or a range is not as described.
    """
    packet = _packet(key, roll, title, description, voices, latents, gates, height, onsets)
    _VIEW(key=key, data=packet | {"live": live})


def play_bar(
    *,
    key: str,
    roll: np.ndarray,
    title: str,
    place: str,
    voices: np.ndarray | None = None,
    onsets: np.ndarray | None = None,
) -> None:
    """The player alone, for a piece that another view shows.

    Args:
        place: names what that view shows. Both say it in the events by which they find each other in the browser:
            `dmm-beat` from the player, which beat sounds, and `dmm-seek` to it, both `{place, beat}`, beats from 0.
        key, roll, title, voices, onsets: as in `roll_view`.
    """
    packet = _packet(key, roll, title, "", voices, None, None, None, onsets)
    _VIEW(key=key, data=packet | {"bar_only": True, "place": place})


def _packet(key, roll, title, description, voices, latents, gates, height, onsets=None) -> dict:
    """What travels to the browser."""
    roll = _checked("roll", roll, len(roll), KEYS, 0, 1)
    frames = len(roll)
    return {
        "key": key,
        "title": title,
        "description": description,
        "height": height,
        "frames": frames,
        "roll": _pack_roll(roll),
        "voices": None if voices is None else {"data": _base64(_checked("voices", voices, frames, 4, 0, 108), "u1")},
        "onsets": None if onsets is None else _pack_roll(_checked("onsets", onsets, frames, 4, 0, 1)),
        "latents": None if latents is None else _pack_latents(_checked("latents", latents, frames)),
        "gates": None if gates is None else _pack_gates(_checked("gates", gates, frames, None, 0, 1)),
        "voice_names": list(zip(VOICE_NAMES, map(visible, palette.VOICES), strict=True)),
        "note_colour": visible(palette.BLUE),
        "latent_colours": [palette.LATENT, palette.BLUE],
        "gate_scale": gate_scale(),
    }


def _checked(
    name: str, values: np.ndarray, frames: int, size: int | None = None, low: float = -np.inf, high: float = np.inf
) -> np.ndarray:
    """The array, if it has the shape and the range that the view can show."""
    values = np.asarray(values)
    if values.ndim != 2 or not values.size or values.shape != (frames, size or values.shape[1]):
        raise ValueError(f"{name} has shape {values.shape}, expected ({frames}, {size or 'K'})")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} contains numbers that are not finite")
    if not (low <= values.min() and values.max() <= high):
        raise ValueError(f"{name} is in {values.min():g}..{values.max():g}, expected {low:g}..{high:g}")
    return values


def _pack_roll(roll: np.ndarray) -> dict:
    """Bits where all is 0 or 1, else bytes."""
    if np.isin(roll, (0, 1)).all():
        return {"bits": True, "data": _base64(np.packbits(roll.astype(bool)), "u1")}
    return {"bits": False, "data": _base64(np.round(roll * 255), "u1")}


def _pack_latents(latents: np.ndarray) -> dict:
    """16-bit integers; `scale` is the largest magnitude."""
    scale = float(np.abs(latents).max(initial=0)) or 1.0
    return {"size": latents.shape[1], "scale": scale, "data": _base64(np.round(latents / scale * 32767), "<i2")}


def _pack_gates(gates: np.ndarray) -> dict:
    """Bytes, 255 for 1."""
    return {"size": gates.shape[1], "data": _base64(np.round(gates * 255), "u1")}


def _base64(values: np.ndarray, kind: str) -> str:
    """An array as text, in little-endian numbers of one kind."""
    return base64.b64encode(values.astype(kind).tobytes()).decode("ascii")
