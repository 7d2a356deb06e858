"""The gate."""

import streamlit as st

from dmm.ui import frame

frame.lesson("gate")
st.markdown("Being written.")
frame.onward("gate")
