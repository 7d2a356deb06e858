"""What a visitor has erased from a piece: painted on its roll, or a voice or some beats at a press."""

from collections.abc import Mapping

import streamlit as st

from dmm.holes import MOST, Hole, Rectangle, from_word, to_word
from dmm.music import VOICES
from dmm.ui.dials import carry
from dmm.ui.listen.lesson import LESSON
from dmm.ui.words import plain

NAME, KEY = "holes", "holes of listen"
START = ("alto",)  # what is erased until somebody erases something else
REFUSED = "The link erases {words}, which is neither a voice nor a part of a roll; the rest is used."
FULL = f"At most {MOST} parts of a piece can be erased; take some back first."
UNDO, CLEAR = "Takes back the last one.", "Takes all of them back."


def erased() -> list[Hole]:
    """What is erased at present, in the order in which it was."""
    if KEY not in st.session_state:
        st.session_state[KEY] = _of_link()
    carry(LESSON, NAME, ".".join(map(to_word, st.session_state[KEY])) or "none")
    return st.session_state[KEY]


def erase(hole: Hole) -> None:
    """Erase something more, for a callback; what is erased already is moved to the end."""
    holes = [one for one in erased() if one != hole]
    if len(holes) >= MOST:
        st.session_state["full"] = True
        return
    st.session_state[KEY] = [*holes, hole]


def paint(found: Mapping[str, int]) -> None:
    """Erase what was painted on the roll."""
    erase(Rectangle(found["from"], found["to"], found["low"], found["high"]))


def buttons(piece) -> None:
    """What can be erased at a press, and taken back."""
    bars = _middle(piece)
    with st.container(horizontal=True):
        if piece.voices is not None:
            for voice in VOICES:
                st.button(f"Erase the {voice}", on_click=erase, args=(voice,), help="All keys that it could have.")
        words = f"Erase beats {bars.start + 1} to {bars.end}"
        st.button(words, on_click=erase, args=(bars,), help="All 88 keys of these beats.")
        idle = not erased()
        st.button("Undo", icon=":material/undo:", on_click=_undo, help=UNDO, disabled=idle)
        st.button("Undo all", icon=":material/clear:", on_click=_clear, help=CLEAR, disabled=idle)
    if st.session_state.pop("full", False):
        st.warning(FULL)


def suit(piece) -> None:
    """For a callback: where only voices are erased and this piece has none, its middle is erased instead."""
    if piece.voices is None and all(one in VOICES for one in erased()):
        st.session_state[KEY] = [_middle(piece)]


def _middle(piece):
    """Two bars of four beats, or what there is of them."""
    middle = len(piece.roll) // 2
    return Rectangle(max(0, middle - 4), min(len(piece.roll), middle + 4))


def complain() -> None:
    """What a link said wrongly; once."""
    erased()
    wrong = st.session_state.pop("wrong holes", None)
    if wrong:
        st.warning(REFUSED.format(words=plain(wrong)))


def _undo():
    st.session_state[KEY] = erased()[:-1]


def _clear():
    st.session_state[KEY] = []


def _of_link():
    """What the link erases; what it says wrongly is remembered, to be said."""
    text = st.query_params.get(NAME)
    if text is None:
        return list(START)
    holes, wrong = [], []
    for word in filter(None, text[:2000].split(".")):
        if word == "none":
            continue
        try:
            holes.append(from_word(word))
        except ValueError:
            wrong.append(word[:20])
    if wrong:
        st.session_state["wrong holes"] = ", ".join(wrong[:3])
    return list(dict.fromkeys(holes))[:MOST]
