"""Who a visitor is: a random number that their browser keeps, so that after a reload their runs are still theirs.

A run's folder holds a digest of it. Whoever has a run's id may watch it; to steer it takes the number itself, which is
part of no link.
"""

import hashlib
import re
import secrets

import streamlit as st

from dmm.runs import store
from dmm.runs.store import RunError
from dmm.ui.source import read_code

COOKIE, KEY = "dmm_learner", "learner"
NUMBER = re.compile(r"[0-9a-f]{32}")
_KEEP = st.components.v2.component("dmm_learner", html="<span></span>", js=read_code("learner"))


def learner() -> str:
    """The visitor's number: what the browser says, or a new one."""
    if KEY not in st.session_state:
        said = st.context.cookies.get(COOKIE)
        known = isinstance(said, str) and NUMBER.fullmatch(said)
        st.session_state[KEY] = said if known else secrets.token_hex(16)
    return st.session_state[KEY]


def remember() -> None:
    """Ask the browser to keep the number; takes no room. Once on a page."""
    answer = _KEEP(
        key="learner cookie",
        data={"learner": learner()},
        width="content",
        height="content",
        on_known_change=lambda: None,
    )
    if isinstance(answer.known, str) and NUMBER.fullmatch(answer.known):  # another tab was first
        st.session_state[KEY] = answer.known
        st.rerun()


def address() -> str:
    """Where the visitor is; nothing on this very machine."""
    return st.context.ip_address or ""


def digest() -> str:
    """What a run's folder holds of its owner."""
    return hashlib.sha256(learner().encode()).hexdigest()[:32]


def may_steer(run) -> bool:
    """Whether the visitor started this run."""
    try:
        form = store.RACE if store.is_race(run) else store.FORMAT
        return store.read_about(run, form).get("owner") == digest()
    except RunError:
        return False
