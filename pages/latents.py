"""Latents: the path of the hidden state through a piece, the gates on the way, and what the model plays by itself."""

import streamlit as st

from dmm.ui import frame, looking
from dmm.ui.latents import showing, tasks

PARTS = ["Path", "Gates", "KL", "Reconstruction", "Draws"]

frame.lesson("latents")
introduction = st.container()
run_column, piece_column = st.columns(2)
with run_column:
    run = looking.choose_run()
with piece_column:
    piece = looking.choose_piece(run)
inspection, source = looking.look(run, piece)
introduction.markdown(
    f"For each beat of a chorale the inference network guesses a hidden state $z_t$. It looks at "
    f"{showing.what_it_sees(run)}, and gives not one value but a distribution, near the *posterior*: what is to be "
    "believed of $z_t$ once the music is heard. What you see are means over 50 draws from it."
)

showing.show_piece(run, piece, inspection)
st.caption(source)

path, gates, use, sound, draws = st.tabs(PARTS, key="part", on_change="rerun")
if path.open:
    with path:
        st.markdown("The path of $z_t$: each point is a beat, its colour the time. Thin lines are single draws.")
        showing.show_trajectory(piece, inspection)
        st.markdown("The four dimensions that move most, with two standard deviations of the guess around them.")
        showing.show_lines(inspection)
if gates.open:
    with gates:
        showing.show_gates(run, inspection)
if use.open:
    with use:
        st.markdown(
            "What each dimension costs: the Kullback-Leibler divergence (KL) of the guess from what the model "
            "expects of it, in nats (of the natural logarithm) per beat of this piece. A grey one carries next to "
            "nothing from the music: it is *inactive*."
        )
        showing.show_kl(inspection)
if sound.open:
    with sound:
        st.markdown("Above the piece, below how likely each key is when the emitter plays the hidden states back.")
        showing.show_reconstruction(piece, inspection)
if draws.open:
    with draws:
        st.markdown(
            "No chorale goes in here: the state starts from $p(z_1)$ and the model goes on by itself. Given the state, "
            "each key is decided on its own, so chords sound rougher than the probabilities look."
        )
        showing.show_draws(run)
tasks.explain_collapse(inspection)
tasks.show_tasks(run, piece, inspection)
frame.onward("latents")
