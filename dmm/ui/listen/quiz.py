"""quiz."""

import streamlit as st


def show(run) -> None:
    """quiz."""
    st.write(run.name)
