"""One update."""

import streamlit as st

from dmm.ui import frame

frame.lesson("one_update")
st.markdown("Being written.")
frame.onward("one_update")
