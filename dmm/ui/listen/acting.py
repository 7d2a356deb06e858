"""acting."""

import streamlit as st


def show(run) -> None:
    """acting."""
    st.write(run.name)
