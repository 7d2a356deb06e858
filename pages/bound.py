"""The bound."""

import streamlit as st

from dmm.ui import frame

frame.lesson("bound")
st.markdown("Being written.")
frame.onward("bound")
