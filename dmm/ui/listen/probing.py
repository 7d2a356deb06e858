"""probing."""

import streamlit as st


def show(run) -> None:
    """probing."""
    st.write(run.name)
