"""generating."""

import streamlit as st


def show(run) -> None:
    """generating."""
    st.write(run.name)
