"""continuing."""

import streamlit as st


def show(run) -> None:
    """continuing."""
    st.write(run.name)
