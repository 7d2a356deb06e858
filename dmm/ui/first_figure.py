"""A head start for the first figure of a page: the browser draws it before it hears of the rest.

Otherwise a page reaches the browser nearly at once, and its figures are drawn in one go: the first shows with the last.
"""

import time

import streamlit as st
from streamlit import runtime

HEAD_START = 0.15  # seconds: a browser draws a figure in less
OPEN, AWAITED = "page that is open", "first figure is awaited"


def begin_page(file: str) -> None:
    """At the top of a page: whether it was just opened, or only runs again."""
    st.session_state[AWAITED] = st.session_state.get(OPEN) != file
    st.session_state[OPEN] = file


def let_it_show() -> None:
    """After each figure: if it is the first of a page that was just opened, wait a moment."""
    if st.session_state.get(AWAITED) and runtime.exists():
        time.sleep(HEAD_START)
    end_page()


def end_page() -> None:
    """From here on no figure waits."""
    st.session_state[AWAITED] = False
