"""Several takes of one piece in one roll view: one is seen and heard, and the listener goes from one to another.

All takes travel at once, so that to choose one asks nothing of the server (`takes_view.js`); what plays goes on at its
beat. A take may point out keys, show what was erased from it, and mark a stretch of time; and where the page wants to
know, the listener chooses with a tool what to erase (`takes_view_brush.js`), or draws the path of a latent
(`takes_view_pencil.js`).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm import palette
from dmm.music import KEYS, LOWEST_KEY
from dmm.ui.roll_packet import look_packet, pack_cells, piece_packet
from dmm.ui.roll_view import CODE, FRAME
from dmm.ui.source import read_code, read_style
from dmm.ui.theme import visible

FARTHEST = 1000.0  # that a latent may be drawn from 0
CHOICE = '<div class="takes" role="radiogroup" hidden></div>'
TOOL = """
    <button class="brush" type="button" aria-pressed="false" hidden
      title="Drag over the roll; or go there and press Shift with the arrow keys, then Enter">
      Erase
    </button>
    <button class="pencil" type="button" aria-pressed="false" hidden title="Drag over the latents to draw a path">
      Draw z
    </button>
"""
OVER = """
    <div class="area" hidden></div>
    <svg class="sketch" aria-hidden="true" hidden><polyline></polyline></svg>
"""

_VIEW = st.components.v2.component(
    "dmm_takes_view",
    html=FRAME.format(choice=CHOICE, tools=TOOL, over=OVER),
    css=read_style("unseen", "roll_view", "takes_view"),
    js=f"{CODE}\n{read_code('takes_view')}\nexport default mountOf(TakesView);",
)


class Take(NamedTuple):
    """One version of a piece.

    Attributes:
        label: on its button; no two are the same.
        roll, voices, onsets, latents, gates: as in `roll_view`.
        marks: `(T, 88)` 0/1, keys to point out, whether they sound or not.
        holes: `(T, 88)` 0/1, what is erased, that is, not known.
        shaded: from which beat to which, counted from 0, the second not included: a stretch of time.
    """

    label: str
    roll: np.ndarray
    voices: np.ndarray | None = None
    onsets: np.ndarray | None = None
    latents: np.ndarray | None = None
    gates: np.ndarray | None = None
    marks: np.ndarray | None = None
    holes: np.ndarray | None = None
    shaded: tuple[int, int] | None = None


def takes_view(
    *,
    key: str,
    takes: Sequence[Take],
    title: str,
    description: str,
    marked: str = "differs",
    erased: str = "erased",
    shade: str = "this stretch",
    height: int | None = None,
    on_paint: Callable[[dict[str, int]], None] | None = None,
    line: int | None = None,
    on_draw: Callable[[int, tuple[float, ...]], None] | None = None,
) -> None:
    """Show and play the first of some takes; the others are a button away.

    With the same key, the take that was chosen stays chosen as long as one has its label.

    Args:
        key, title, description, height: as in `roll_view`.
        takes: at least one; they may differ in length, and in what they have.
        marked, erased, shade: what marks, holes and the shaded stretch are called.
        on_paint: called before the script or fragment runs again when somebody has chosen what to erase, with
            `{"from", "to", "low", "high"}`: beats from 0, `to` not included, and MIDI pitches, both included.
            Without it there is no such tool.
        line: a latent to point out, from 0.
        on_draw: the same, when somebody has drawn a path for it: from which beat on, counted from 0, and the values.

    Raises:
        ValueError: there is no take, two have one label, or an array is not as described.
    """
    labels = [take.label for take in takes]
    if not labels or len(set(labels)) < len(labels):
        raise ValueError(f"got takes {labels}, expected one or more with different labels")
    voiced = any(take.voices is not None for take in takes)
    packet = look_packet(key, title, description, height) | {
        "takes": [_take_packet(take) for take in takes],
        "words": {"marks": marked, "holes": erased, "shaded": shade},
        "mark_colour": visible(palette.BLACK if voiced else palette.VERMILLION),  # a soprano's notes are vermillion
        "shade_colour": visible(palette.ORANGE),
        "paint": on_paint is not None,
        "line": line,
        "draw": on_draw is not None,
    }
    longest = max(len(take.roll) for take in takes)

    def painted():
        found = read_rectangle(st.session_state[key].get("paint"), longest)
        if on_paint and found:
            on_paint(found)

    def drawn():
        found = read_path(st.session_state[key].get("draw"), longest)
        if on_draw and found:
            on_draw(*found)

    _VIEW(key=key, data=packet, on_paint_change=painted, on_draw_change=drawn)


def read_rectangle(value: object, frames: int) -> dict[str, int] | None:
    """What the browser says was painted, which may be anything; None unless it is a rectangle within the piece."""
    names = ("from", "to", "low", "high")
    if not isinstance(value, dict) or any(type(value.get(name)) is not int for name in names):
        return None
    found = {name: value[name] for name in names}
    beats = 0 <= found["from"] < found["to"] <= frames
    return found if beats and LOWEST_KEY <= found["low"] <= found["high"] < LOWEST_KEY + KEYS else None


def read_path(value: object, frames: int) -> tuple[int, tuple[float, ...]] | None:
    """The same of a path that was drawn: from which beat on, and its values, finite and at most `FARTHEST` in size."""
    if not isinstance(value, dict) or type(value.get("from")) is not int or not isinstance(value.get("values"), list):
        return None
    start, values = value["from"], value["values"]
    if not values or not 0 <= start <= frames - len(values):
        return None
    if not all(type(one) in (int, float) and abs(one) <= FARTHEST for one in values):
        return None
    return start, tuple(map(float, values))


def _take_packet(take: Take) -> dict:
    """One take as it travels."""
    frames = len(take.roll)
    packet = piece_packet(take.roll, voices=take.voices, onsets=take.onsets, latents=take.latents, gates=take.gates)
    for name in ("marks", "holes"):
        cells = getattr(take, name)
        packet[name] = None if cells is None else pack_cells(name, cells, frames)
    return packet | {"label": take.label, "shaded": _checked_stretch(take.shaded, frames)}


def _checked_stretch(stretch, frames):
    """A stretch of beats, if it lies within the piece."""
    if stretch is None:
        return None
    start, stop = map(int, stretch)
    if not 0 <= start < stop <= frames:
        raise ValueError(f"shaded is {start}..{stop}, expected beats within 0..{frames}")
    return [start, stop]
