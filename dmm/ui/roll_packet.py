"""What a roll view is sent: the arrays of a piece as base64, and the colours to show them in.

A 0/1 roll travels as bits, probabilities, pitches and gates as bytes, latents as 16-bit integers with one scale;
128 frames with 32 latents and gates take about 20 kB.
"""

import base64

import numpy as np

from dmm import palette
from dmm.music import KEYS, VOICES
from dmm.ui.theme import gate_scale, visible


def piece_packet(roll, *, voices=None, onsets=None, latents=None, gates=None) -> dict:
    """The arrays of one piece; they are as in `roll_view`.

    Raises:
        ValueError: a shape or a range is not as described there.
    """
    roll = checked("roll", roll, len(roll), KEYS, 0, 1)
    frames = len(roll)
    return {
        "frames": frames,
        "roll": _pack_roll(roll),
        "voices": None if voices is None else {"data": _base64(checked("voices", voices, frames, 4, 0, 108), "u1")},
        "onsets": None if onsets is None else _pack_roll(checked("onsets", onsets, frames, 4, 0, 1)),
        "latents": None if latents is None else _pack_latents(checked("latents", latents, frames)),
        "gates": None if gates is None else _pack_gates(checked("gates", gates, frames, None, 0, 1)),
    }


def look_packet(key: str, title: str, description: str = "", height: int | None = None) -> dict:
    """The words and the colours of a view."""
    return {
        "key": key,
        "title": title,
        "description": description,
        "height": height,
        "voice_names": list(zip(VOICES, map(visible, palette.VOICES), strict=True)),
        "note_colour": visible(palette.BLUE),
        "latent_colours": [palette.LATENT, palette.BLUE],
        "gate_scale": gate_scale(),
    }


def pack_cells(name: str, cells: np.ndarray, frames: int) -> str:
    """Cells `(frames, 88)` of 0 and 1 as bits."""
    cells = checked(name, cells, frames, KEYS, 0, 1)
    if not np.isin(cells, (0, 1)).all():
        raise ValueError(f"{name} has values between 0 and 1, expected 0 or 1")
    return _base64(np.packbits(cells.astype(bool)), "u1")


def checked(
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
