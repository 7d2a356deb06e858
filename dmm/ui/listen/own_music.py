"""own_music."""

import streamlit as st


def show(run) -> None:
    """own_music."""
    st.write(run.name)
