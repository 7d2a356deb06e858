"""Sliders of a lesson that a link can carry: read from it once and checked, and written into a new one."""

import math
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

import streamlit as st

from dmm.ui.words import plain


class Dial(NamedTuple):
    """One slider: its name in links, its words, its range and where it starts. Whole numbers if `step` is one."""

    name: str
    label: str
    low: float
    high: float
    start: float
    step: float
    help: str


def dials(lesson: str, group: Sequence[Dial]) -> dict[str, float]:
    """The sliders of a lesson, one below another, and their values by name.

    A value in the link that is no number, or out of range, is refused in a sentence; the slider then starts as usual.
    """
    _read_link(lesson, group)
    values = {}
    for dial in group:
        kind = int if isinstance(dial.step, int) else float
        low, high, step = (kind(number) for number in (dial.low, dial.high, dial.step))
        values[dial.name] = st.slider(
            dial.label, low, high, step=step, key=_key(lesson, dial.name), help=f"{dial.help} From {low:g} to {high:g}."
        )
    return values


def link(lesson: str, values: dict[str, float]) -> None:
    """A button behind which lies the link to this page as it is now."""
    with st.popover("Link to this", icon=":material/link:", help="A link that opens this page with these values."):
        st.code(f"{_address()}{lesson}?{urlencode({name: f'{value:g}' for name, value in values.items()})}", None)


def _read_link(lesson, group):
    """Put what the link says into the sliders, at the first sight of the page."""
    refused = []
    for dial in group:
        key = _key(lesson, dial.name)
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]  # kept while another page is on the screen
            continue
        value, trouble = _read(dial, st.query_params.get(dial.name))
        st.session_state[key] = value
        refused += [trouble] if trouble else []
    if refused:
        st.session_state[f"refused {lesson}"] = " ".join(refused)
    if f"refused {lesson}" in st.session_state:
        st.warning(st.session_state[f"refused {lesson}"])


def _read(dial, text):
    """The value that a link gives a dial, and what is wrong with it."""
    start = int(dial.start) if isinstance(dial.step, int) else float(dial.start)
    if text is None:
        return start, ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if isinstance(dial.step, int) and value.is_integer():
        value = int(value)
    whole = "a whole number" if isinstance(dial.step, int) else "a number"
    right = dial.low <= value <= dial.high and not (isinstance(dial.step, int) and isinstance(value, float))
    if right:
        return value, ""
    words = plain(text[:20])
    trouble = (
        f"The link says {dial.name} = {words}, but it must be {whole} from {dial.low:g} to {dial.high:g}; "
        f"{start:g} is used."
    )
    return start, trouble


def _key(lesson, name):
    return f"dial {lesson} {name}"


def _address():
    """Where the app is, up to the last slash."""
    url = (st.context.url or "").split("?")[0]
    return url.rsplit("/", 1)[0] + "/" if url else ""
