"""A plotly figure on a page, with its words for those who do not see it."""

from collections.abc import Callable

import pandas  # noqa: F401, for plotly looks into it once it is there, and fails while another visit still loads it
import streamlit as st

from dmm.ui.first_figure import let_it_show

TOOLS = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}


def plot(figure, key: str, tools: bool = True, on_click: Callable | None = None) -> None:
    """Show a figure of `dmm.figures`; `key` names it on its page, `tools` are the buttons above it.

    A figure that is the same as before stays on the page as it is; another in its place is drawn anew.

    Args:
        on_click: called when a point is pressed; what was pressed is then in the session, under the key.
    """
    config = TOOLS if tools else {"displayModeBar": False}
    how = {"on_select": on_click, "selection_mode": "points"} if on_click else {}
    st.plotly_chart(figure, key=key, alt=figure.layout.meta["description"], config=config, **how)
    let_it_show()
