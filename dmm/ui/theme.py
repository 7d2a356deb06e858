"""Colours that stay clear on the page as it is shown, light or dark."""

import streamlit as st

from dmm import palette


def visible(colour: str) -> str:
    """The colour, or its lighter twin on a dark page."""
    return palette.ON_DARK.get(colour, colour) if _page() == "dark" else colour


def legible(colour: str) -> str:
    """The same hue for words and formulas, which are thinner than lines."""
    return palette.WORDS[_page()].get(colour, visible(colour))


def gate_scale() -> tuple[tuple[float, str], ...]:
    """The colours of a gate from 0 to 1: places and colours."""
    return palette.GATES[_page()]


def _page():
    return "dark" if st.context.theme.type == "dark" else "light"
