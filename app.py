"""Deep Markov Lab. Start it with `make app`, or `streamlit run app.py`."""

import os

import streamlit as st

from dmm.ui.frame import lessons

os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # before torch is loaded: small sums are slower in threads that share cores

if __name__ == "__main__":
    st.session_state["framed"] = True
    st.set_page_config(page_title="Deep Markov Lab", page_icon="🎹", layout="wide")
    st.navigation(lessons()).run()
