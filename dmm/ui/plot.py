"""A plotly figure on a page, with its words for those who do not see it."""

import pandas  # noqa: F401, for plotly looks into it once it is there, and fails while another visit still loads it
import streamlit as st

from dmm.ui.first_figure import let_it_show

TOOLS = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}


def plot(figure, key: str, tools: bool = True) -> None:
    """Show a figure of `dmm.figures`; `key` names it on its page, `tools` are the buttons above it."""
    config = TOOLS if tools else {"displayModeBar": False}
    st.plotly_chart(figure, key=key, alt=figure.layout.meta["description"], config=config)
    let_it_show()
