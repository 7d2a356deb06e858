"""filling."""

import streamlit as st


def show(run) -> None:
    """filling."""
    st.write(run.name)
