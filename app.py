"""Deep Markov Lab. Start it with `make app`, or `streamlit run app.py`."""

import streamlit as st

from dmm.ui.frame import lessons

if __name__ == "__main__":
    st.session_state["framed"] = True
    st.set_page_config(page_title="Deep Markov Lab", page_icon="🎹", layout="wide")
    st.navigation(lessons()).run()
