"""Listen: what the model makes up, how it goes on, what it fills in, and what becomes of the music when z is moved."""

import streamlit as st

from dmm.ui import dials, frame, looking
from dmm.ui.listen import acting, continuing, filling, generating, own_music, probing, quiz, tasks

PARTS = {
    "generate": ("Generate", generating.show),
    "continue": ("Continue", continuing.show),
    "fill": ("Fill in", filling.show),
    "act": ("Act on the latent", acting.show),
    "quiz": ("Bach or model?", quiz.show),
    "probe": ("What z knows", probing.show),
    "own": ("Your music", own_music.show),
}

frame.lesson("listen")
st.markdown(
    "A model that scores music can also make it: go on where a piece breaks off, fill in what is missing, and answer "
    "*what if*. All of it comes from one hidden state $z_t$ and the rules by which it moves and sounds. Judge by ear."
)
run = looking.choose_run("listen")
names = {name: title for name, (title, _) in PARTS.items()}
part = dials.pick("listen", "part", "What to do", names, "Each part has a player under its piano roll.")
PARTS[part][1](run)
tasks.show_tasks(run)
frame.onward("listen")
