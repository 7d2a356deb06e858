"""In code."""

import streamlit as st

from dmm.ui import frame

frame.lesson("in_code")
st.markdown("Being written.")
frame.onward("in_code")
