"""The bound in time."""

import streamlit as st

from dmm.ui import frame

frame.lesson("bound_in_time")
st.markdown("Being written.")
frame.onward("bound_in_time")
