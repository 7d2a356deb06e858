"""The roll view: piano roll, latents and gates over one time axis, with one playhead, and a player of its sound.

A picture in the browser (`roll_view.js`) that is repainted in place when new data arrive under the same key. Its sound
is made there as well (`roll_view_sound.js`), and so are the files to save (`roll_view_files.js`): a key sounds where
its chance is at least one half. `takes_view.py` has a view of several pieces.
"""

import numpy as np
import streamlit as st

from dmm.ui.roll_packet import look_packet, piece_packet
from dmm.ui.source import read_code, read_style

# Where `takes_view.py` has more there are names in braces.
FRAME = """
<div class="roll-view">
  <div class="head"><span class="title"></span><span class="voices"></span></div>
  {choice}
  <div class="bar" role="group">
    <button class="play" type="button" aria-keyshortcuts="Space"><i class="icon"></i><b>Play</b></button>
    <button class="start" type="button" aria-label="To the start" title="To the start"><i class="icon"></i></button>
    <button class="loop" type="button" aria-pressed="false"
      title="Drag along the numbered beats, or hold Shift with the arrow keys, to choose a part">
      <i class="icon"></i>Loop
    </button>
    <button class="newer" type="button" hidden>Show the new piece</button>
    {tools}
    <span class="where"></span>
    <label>Tempo <input class="tempo" type="range" min="40" max="240" step="5" /><span class="speed"></span></label>
    <label>Volume <input class="volume" type="range" min="0" max="100" step="5" /></label>
    <span class="files" role="group" aria-label="Save">
      <button class="save" type="button" aria-label="Save sound" title="Save sound: a WAV file, at this tempo">
        <i class="icon"></i><span>Save sound</span>
      </button>
      <button class="midi" type="button" aria-label="Save MIDI" title="Save the notes: a MIDI file, at this tempo">
        MIDI
      </button>
      <button class="csv" type="button" aria-label="Save CSV" title="Save the notes: a table with one line a note">
        CSV
      </button>
    </span>
  </div>
  <p class="trouble" role="alert"></p>
  <div class="frame">
    <canvas class="side" aria-hidden="true"></canvas>
    <canvas class="lit" aria-hidden="true"></canvas>
    <div class="scroll">
      <canvas class="time" aria-hidden="true"></canvas>
      <div class="region" hidden></div>
      {over}
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

CODE = read_code("roll_view")
_VIEW = st.components.v2.component(
    "dmm_roll_view",
    html=FRAME.format(choice="", tools="", over=""),
    css=read_style("unseen", "roll_view"),
    js=f"{CODE}\nexport default mountOf(RollView);",
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
    piece = piece_packet(roll, voices=voices, onsets=onsets, latents=latents, gates=gates)
    _VIEW(key=key, data=look_packet(key, title, description, height) | piece | {"live": live})


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
    piece = piece_packet(roll, voices=voices, onsets=onsets)
    _VIEW(key=key, data=look_packet(key, title) | piece | {"bar_only": True, "place": place})
