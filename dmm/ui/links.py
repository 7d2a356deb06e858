"""Links in texts, `[words](page#anchor)`: within the same visit, and to the right place; see `links.js`."""

import streamlit as st

from dmm.ui.source import read_code

_LINKS = st.components.v2.component("dmm_links", html="<span></span>", js=read_code("links"))


def follow_links() -> None:
    """Takes no room; once on every page."""
    _LINKS(key="links", data={}, width="content", height="content")
