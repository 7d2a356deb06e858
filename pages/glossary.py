"""Symbols and questions: every letter and word of the course, and what people trip over, with the page that answers."""

import streamlit as st

from dmm.ui import frame, glossary

frame.lesson("glossary")
st.markdown(
    "The same list opens beside every page: press **Symbols** at its top. Formulas count frames from 1, $t = 1 \\dots "
    "T$; arrays count from 0. Shapes: $B$ sequences, $T$ frames, $Z$ latent dimensions, $X$ keys."
)
glossary.show("page")
frame.onward("glossary")
