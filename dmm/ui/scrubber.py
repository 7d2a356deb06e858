"""The scrubber: how a model came to see a piece, moment by moment, with one slider over all views.

A picture in the browser (`scrubber.js` and the files beside it) that is fed once. Moving through training or through
the piece sends nothing to the server, nor does it wait for anything; only the button that takes the moment to the rest
of the page does.

All moments travel as one compressed block: each view as bytes, first moment first, each byte as the difference from
that of the moment before. What would be larger than `LARGEST` is rounded more coarsely, then cut to its first beats.
"""

import base64
import hashlib
import zlib
from collections.abc import Callable

import numpy as np
import streamlit as st

from dmm import palette
from dmm.conventions import ACTIVE
from dmm.history import VIEWS, History
from dmm.music import LOWEST_KEY
from dmm.plane import plane_through
from dmm.ui.first_figure import let_it_show
from dmm.ui.source import read_code, read_style
from dmm.ui.theme import gate_scale, visible

LARGEST = 400_000  # bytes of the block as text; with the rest of a packet and its code that makes less than 500 kB
LEVELS = (256, 64, 16)  # how finely a view is rounded: the first that fits
SHORTEST = 8  # beats
LOUD = 0.02  # a key that is never more probable than this is not shown

COLOURS = {
    "note": palette.BLUE,
    "kl": palette.KL,
    "grey": palette.GREY,
    "bound": palette.VALIDATION,
    "mark": palette.ORANGE,
    "start": palette.GREEN,
    "end": palette.VERMILLION,
    "first": palette.BLUE,
    "second": palette.VERMILLION,
    "draws": palette.SKY,
}

HTML = """
<div class="scrubber">
  <div class="train" role="group" aria-label="Training">
    <div class="head"><b class="title"></b><span class="note"></span></div>
    <div class="row">
      <button class="play" type="button" title="Goes through training from here, or from its beginning.">Play</button>
      <div class="track">
        <canvas class="bounds" aria-hidden="true"></canvas>
        <input class="moment" type="range" min="0" step="1" aria-label="Moment of training" />
      </div>
      <button class="take" type="button" title="What follows below then shows the model at this moment."></button>
    </div>
    <p class="when"></p>
    <p class="readout"></p>
  </div>
  <div class="views">
    <div class="times">
      <figure data-view="roll"><figcaption></figcaption><canvas></canvas></figure>
      <figure data-view="gates"><figcaption></figcaption><canvas></canvas></figure>
      <figure data-view="bands"><figcaption></figcaption><canvas></canvas>
        <div class="choice">
          Bands <select name="first" title="Which dimension of z to draw" aria-label="First band"></select>
          <select name="second" title="Another one beside it" aria-label="Second band"></select>
        </div>
      </figure>
    </div>
    <div class="planes">
      <figure data-view="path"><figcaption></figcaption><canvas></canvas>
        <div class="choice">
          Axes <select name="across" title="From left to right" aria-label="Across"></select>
          <select name="up" title="From bottom to top" aria-label="Up"></select>
        </div>
      </figure>
      <figure data-view="field"><figcaption></figcaption><canvas></canvas></figure>
      <figure data-view="kl"><figcaption></figcaption><canvas></canvas></figure>
    </div>
  </div>
  <p class="spoken unseen" aria-live="polite"></p>
</div>
"""

_SCRUBBER = st.components.v2.component(
    "dmm_scrubber", html=HTML, css=read_style("unseen", "scrubber"), js=read_code("scrubber")
)


def scrubber(packet: dict, *, key: str, on_take: Callable[[int, int | None], None]) -> None:
    """Show a history.

    Args:
        packet: what `pack` made of it.
        key: names the scrubber on its page.
        on_take: called before the script runs again when somebody takes a moment to the rest of the page: with its
            place among the moments and the beat that was chosen, from 0, or None.
    """
    look = {"colours": {name: visible(one) for name, one in COLOURS.items()}, "gate_scale": gate_scale()}

    def taken():
        answer = _read(st.session_state[key].get("taken"), packet)
        if answer:
            on_take(*answer)

    _SCRUBBER(key=key, data=packet | look | {"key": key}, on_taken_change=taken)
    let_it_show()


def _read(taken, packet):
    """A moment and a beat from the browser, which may send anything; None unless there are such."""
    try:
        moment, beat = taken["moment"], taken["beat"]
    except (TypeError, KeyError):
        return None
    known = type(moment) is int and 0 <= moment < len(packet["steps"])
    return (moment, beat if type(beat) is int and 0 <= beat < packet["frames"] else None) if known else None


def pack(
    history: History, roll: np.ndarray, *, title: str, place: str, note: str = "", gates: bool = True, take: str = ""
) -> dict:
    """What travels to the browser, theme apart.

    Args:
        history: of a piece.
        roll: (T, 88) 0/1, the piece.
        title: of the piece.
        place: names run and piece: what was looked at last there is found again.
        note: in small letters beside the title, may be empty.
        gates: whether the model's transition has any.
        take: words on the button; without them there is none.

    Raises:
        ValueError: the roll has another length than the history.
    """
    views = {name: history.views[name] for name in VIEWS}
    if len(roll) != views["z_loc"].shape[1]:
        raise ValueError(f"got a roll of {len(roll)} beats, expected {views['z_loc'].shape[1]} as the history has")
    low, high = _keys(history, roll)
    views["probabilities"] = views["probabilities"][:, :, low : high + 1]
    levels, frames, block = _pack_views(views)
    packet = {
        "title": title,
        "place": place,
        "note": note,
        "take": take,
        "frames": frames,
        "whole": len(roll),
        "size": views["z_loc"].shape[2],
        "keys": [LOWEST_KEY + low, LOWEST_KEY + high],
        "roll": _base64(roll[:frames, low : high + 1].astype(np.uint8)),
        "steps": history.steps.tolist(),
        "epochs": history.epochs.tolist(),
        "bounds": [round(float(one), 4) if np.isfinite(one) else None for one in history.bounds],
        "best": history.best,
        "active": ACTIVE,
        "views": block,
        "levels": levels,
        "ranges": {name: _numbers(history.ranges[name]) for name in VIEWS},
        "gates": gates,
        "time_scale": palette.TIME,
        "plane": _pack_fields(history),
    }
    return packet | {"id": hashlib.sha256(repr(packet).encode()).hexdigest()[:16]}


def _keys(history, roll):
    """The lowest and the highest key that sounds or is ever likely, from 0, with a margin."""
    low, high = history.ranges["probabilities"]
    likely = low + (high - low) / 255 * history.views["probabilities"].max((0, 1)) > LOUD
    heard = np.flatnonzero(likely | (np.asarray(roll).max(0) > 0))
    first, last = (heard[0], heard[-1]) if len(heard) else (30, 50)
    return max(int(first) - 1, 0), min(int(last) + 1, roll.shape[1] - 1)


def _pack_views(views):
    """How finely and how many beats, and the block: the first that is small enough."""
    frames = views["z_loc"].shape[1]
    for levels in LEVELS:
        block = _block(views, levels)
        if len(block) <= LARGEST:
            return levels, frames, block
    while len(block) > LARGEST and frames > SHORTEST:
        frames = max(int(0.95 * frames * LARGEST / len(block)), SHORTEST)
        block = _block({name: view[:, :frames] for name, view in views.items()}, levels)
    if len(block) > LARGEST:
        raise ValueError(f"got a history of {len(block)} bytes for {frames} beats, expected at most {LARGEST}")
    return levels, frames, block


def _block(views, levels):
    """Views (S, T, K) as one text."""
    coarse = [np.rint(view * ((levels - 1) / 255)).astype(np.uint8) for view in views.values()]
    steps = [np.concatenate([view[:1], np.diff(view, axis=0)]).tobytes() for view in coarse]  # uint8 goes round
    return _base64(zlib.compress(b"".join(steps)))


def _pack_fields(history):
    """The plane with what the transition does on it, if that was looked at; None if there is no plane."""
    fields = history.fields
    plane = fields.plane if fields else plane_through(history.moment(history.best).inspection.z_loc)
    if plane is None:
        return None
    packed = {name: _numbers(part) for name, part in plane._asdict().items() if name != "axes"}
    packed |= {"axes": [_numbers(axis) for axis in plane.axes], "steps": None}
    if fields:
        fixed = [[int(s), round(x, 4), round(y, 4), int(stable)] for s, x, y, stable in fields.fixed.tolist()]
        packed |= {"steps": _base64(fields.steps), "limits": _numbers(fields.limits), "fixed": fixed}
    return packed


def _numbers(values):
    return [float(f"{value:.6g}") for value in np.asarray(values, dtype=float)]


def _base64(data) -> str:
    return base64.b64encode(data if isinstance(data, bytes) else data.tobytes()).decode("ascii")
