"""The deep Markov model."""

import streamlit as st

from dmm.ui import frame

frame.lesson("deep_markov_model")
st.markdown("Being written.")
frame.onward("deep_markov_model")
