"""Colours that stay clear on the page as it is shown, light or dark."""

import streamlit as st

from dmm import palette


def visible(colour: str) -> str:
    """The colour, or its lighter twin on a dark page."""
    return palette.ON_DARK.get(colour, colour) if st.context.theme.type == "dark" else colour
