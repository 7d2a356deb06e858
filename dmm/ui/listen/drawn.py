"""The path that a visitor has drawn for a latent: from a beat on, a value for each beat."""

import math

import streamlit as st

from dmm.config_link import in_digits
from dmm.ui.dials import carry
from dmm.ui.listen.lesson import LESSON
from dmm.ui.takes_view import FARTHEST

NAME, KEY = "act_path", "drawn path"
FIRST = (16, tuple(round(-3 + 0.4 * i, 1) for i in range(16)))  # until somebody draws: a ramp from beat 17 on
LONGEST = 512  # beats


def path(beats: int) -> tuple[int, int, tuple[float, ...]]:
    """From which frame to which, and the values, for a piece of so many beats; what reaches beyond its end is cut."""
    if KEY not in st.session_state:
        st.session_state[KEY] = _of_link()
    start, values = st.session_state[KEY]
    carry(LESSON, NAME, "~".join([str(start + 1), *map(in_digits, values)]))
    start = min(start, beats - 1)
    values = values[: beats - start]
    return start, start + len(values), values


def keep(start: int, values: tuple[float, ...]) -> None:
    """Somebody has drawn; for a callback."""
    st.session_state[KEY] = start, values


def _of_link():
    """The path of a link; the first one if it has none that can be read."""
    beat, *values = st.query_params.get(NAME, "")[:5000].split("~")
    try:
        found = int(beat) - 1, tuple(float(one) for one in values)
    except ValueError:
        return FIRST
    start, values = found
    fits = 0 <= start < LONGEST and 1 <= len(values) <= LONGEST
    return found if fits and all(math.isfinite(one) and abs(one) <= FARTHEST for one in values) else FIRST
