"""What a teacher's link hides, `?hide=gate.t,tasks`: controls by their names, and a few kinds of blocks.

What is hidden keeps its value and its effect. It stays hidden on all pages of the visit, and in their addresses, so
that a reload hides it too.
"""

import streamlit as st

from dmm.ui.names import BLOCKS, NAMES

PARAMETER, KEY = "hide", "hidden"
LONGEST = 2000  # characters


def read_link() -> None:
    """Before the menu is drawn: take up what the address hides, and write there what is hidden."""
    text = st.query_params.get(PARAMETER)
    if text is not None:
        st.session_state[KEY] = frozenset(filter(None, text[:LONGEST].replace(" ", "").split(",")))
    elif hidden():
        st.query_params[PARAMETER] = ",".join(sorted(hidden()))


def hidden() -> frozenset[str]:
    """The names that are hidden in this visit."""
    return st.session_state.get(KEY, frozenset())


def is_hidden(page: str, name: str) -> bool:
    """Whether a control or a block of a page is hidden: by its name alone, or with the page's before it."""
    return bool(hidden() & {name, f"{page}.{name}"})


def unknown() -> list[str]:
    """The names that hide nothing, since no page has them."""
    known = {*BLOCKS, *(name for names in NAMES.values() for name in names)}
    known |= {f"{page}.{name}" for page, names in NAMES.items() for name in (*names, *BLOCKS)}
    return sorted(hidden() - known)
