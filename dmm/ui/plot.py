"""A plotly figure on a page, with its words for those who do not see it."""

import streamlit as st

TOOLS = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}


def plot(figure, key: str, tools: bool = True) -> None:
    """Show a figure of `dmm.figures`; `key` names it on its page, `tools` are the buttons above it."""
    config = TOOLS if tools else {"displayModeBar": False}
    st.plotly_chart(figure, key=key, alt=figure.layout.meta["description"], config=config)
