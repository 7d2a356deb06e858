"""Piano rolls: notes that sound, or the probability that they do."""

import numpy as np
import plotly.graph_objects as go

from dmm.figures.base import GRID, TIME_AXIS, beats, blank, colour_bar, matrix, rgba
from dmm.music import KEYS, LOWEST_KEY, note_name, notes
from dmm.palette import BLUE, GREY, RECONSTRUCTION, VOICES

VOICE_NAMES = ("soprano", "alto", "tenor", "bass")
SCALE = [[0.0, rgba(RECONSTRUCTION, 0.0)], [1.0, RECONSTRUCTION]]
GAP = 0.1  # beats between a note and the next on its key
SEEN = 0.05  # a key whose probability never reaches this does not widen the range


def piano_roll(roll, voices=None, onsets=None):
    """A piano roll over the keys that sound: bars for notes, shades for probabilities.

    Args:
        roll: `(T, 88)`, 0 or 1 per key, or probabilities 0..1.
        voices: `(T, 4)` MIDI pitches, soprano to bass, which colour the notes by who sings them;
            any other number is a rest.
        onsets: `(T, 88)`, 1 where a key is struck; without it a key that stays on is one held note.

    Raises:
        ValueError: a shape is wrong, or a value is outside 0..1.
    """
    roll = _checked(roll)
    figure = blank(_in_words(roll), height=320)
    figure.add_traces(_bars(roll, voices, onsets) if _is_binary(roll) else [_shades(roll)])
    figure.update_yaxes(_key_axis(roll))
    figure.update_xaxes(title_text=TIME_AXIS, range=[0.5, len(roll) + 0.5])
    figure.update_layout(barmode="overlay", bargap=0)
    return figure


def _bars(roll: np.ndarray, voices=None, onsets=None) -> list:
    """Held notes as bars: one trace, or one per voice and one for notes of no voice."""
    parts = [("notes", BLUE, roll)]
    if voices is not None:
        sung = [roll * _roll_of(voice) for voice in _checked_voices(voices, len(roll)).T]
        parts = [*zip(VOICE_NAMES, VOICES, sung, strict=True), ("other", GREY, roll * (sum(sung) == 0))]
    kept = [part for part in parts if part[2].any()] or parts[:1]
    return [_bar(name, colour, notes(part, onsets)) for name, colour, part in kept]


def _bar(name: str, colour: str, played: tuple) -> go.Bar:
    """The notes of one voice as one trace."""
    return go.Bar(
        orientation="h",
        base=[note.start + 0.5 + GAP / 2 for note in played],
        x=[note.length - GAP for note in played],
        y=[note.pitch for note in played],
        width=0.85,
        marker={"color": colour, "line": {"width": 0}},
        name=name,
        showlegend=name != "notes",
        customdata=[[note_name(note.pitch), note.start + 1, note.length] for note in played],
        hovertemplate=f"%{{customdata[0]}}, {name}<br>from beat %{{customdata[1]}}, "
        "for %{customdata[2]} beats<extra></extra>",
    )


def _shades(roll: np.ndarray) -> go.Heatmap:
    """Probabilities as shades of one colour."""
    bar = colour_bar("probability")
    names = [note_name(LOWEST_KEY + key) for key in range(KEYS)]
    return go.Heatmap(
        x=beats(len(roll)),
        y=np.arange(LOWEST_KEY, LOWEST_KEY + KEYS),
        z=roll.T,
        zmin=0,
        zmax=1,
        colorscale=SCALE,
        colorbar=bar | {"x": 1, "xanchor": "right", "len": 0.5},
        customdata=np.repeat(np.array(names)[:, None], len(roll), axis=1),
        hovertemplate="%{customdata}, beat %{x}<br>probability %{z:.2f}<extra></extra>",
    )


def _key_axis(roll: np.ndarray) -> dict:
    """A y axis of note names over the keys that sound."""
    seen = np.flatnonzero(roll.max(axis=0) >= SEEN) + LOWEST_KEY
    low, high = (seen[0], seen[-1]) if seen.size else (48, 72)  # C3 to C5 for silence
    low, high = min(low - 1, high - 12), high + 1
    shown = {0, 2, 4, 5, 7, 9, 11} if high - low < 18 else {0, 5} if high - low < 40 else {0}
    ticks = [pitch for pitch in range(low, high + 1) if pitch % 12 in shown]
    names = [note_name(pitch) for pitch in ticks]
    return {
        "range": [low - 0.5, high + 0.5],
        "tickvals": ticks,
        "ticktext": names,
        "gridcolor": GRID,
        "zeroline": False,
        "title": {"text": "key", "standoff": 6},
        "automargin": True,
    }


def _in_words(roll: np.ndarray) -> str:
    """The roll as a sentence."""
    T, keys = len(roll), np.flatnonzero(roll.max(axis=0) >= SEEN) + LOWEST_KEY
    if not keys.size:
        return f"Piano roll: {T} beats of silence."
    span = f"from {note_name(keys[0])} to {note_name(keys[-1])} over {T} beats"
    if _is_binary(roll):
        return f"Piano roll: {len(notes(roll))} notes {span}, {roll.sum() / T:.1f} at once on average."
    return f"Piano roll: probabilities of keys {span}, {roll.sum() / T:.1f} keys expected at once."


def _checked(roll) -> np.ndarray:
    """The roll as `(T, 88)` numbers; ValueError for another shape or a value outside 0..1."""
    roll = matrix(roll, "a piano roll", 0, 1)
    if roll.shape[1] != KEYS:
        raise ValueError(f"got a piano roll with {roll.shape[1]} keys, expected {KEYS}")
    return roll


def _is_binary(roll: np.ndarray) -> bool:
    """Whether every key is fully on or off."""
    return bool(np.isin(roll, (0, 1)).all())


def _checked_voices(voices, T: int) -> np.ndarray:
    """Voices as `(T, 4)` pitches; ValueError for another shape."""
    voices = np.asarray(voices)
    if voices.shape != (T, len(VOICES)):
        raise ValueError(f"got voices of shape {voices.shape}, expected {(T, len(VOICES))} as the roll")
    return voices


def _roll_of(voice: np.ndarray) -> np.ndarray:
    """One voice `(T,)` of MIDI pitches as a roll `(T, 88)`."""
    return (voice[:, None] == np.arange(LOWEST_KEY, LOWEST_KEY + KEYS)).astype(float)
