"""Hearing a roll: a button, and once it was pressed a player that follows what is shown."""

import numpy as np
import streamlit as st

from dmm import sound

TEMPO = 100  # beats a minute


def hear(key: str, roll, onsets=None) -> None:
    """A button "Hear it", and the sound of what is shown from then on.

    Args:
        key: names the button on its page.
        roll: (T, 88) 0/1.
        onsets: as in `music.notes`, where they are known.
    """
    memory = f"hearing {key}"
    if st.button("Hear it", icon=":material/volume_up:", key=key, help=f"Plays it at {TEMPO} beats a minute."):
        st.session_state[memory] = True
    if st.session_state.get(memory):
        st.audio(_wav(np.asarray(roll), onsets), format="audio/wav", autoplay=True)


@st.cache_data(show_spinner="Rendering the sound…", max_entries=50)
def _wav(roll, onsets) -> bytes:
    return sound.to_wav(roll, tempo=TEMPO, onsets=onsets)
