"""Latents: the path of the hidden state through a piece, the gates on the way, and what the model plays by itself."""

import streamlit as st

from dmm.ui import explain, frame, looking

PARTS = ["Path", "Gates", "KL", "Reconstruction", "Draws"]

frame.lesson("latents")
st.markdown(
    "For each beat of a chorale the inference network proposes a hidden state $z_t$, knowing the state before and the "
    "music to come: not one value but a bell curve, the *posterior*. What you see are means over 50 draws from it."
)
run_column, piece_column = st.columns(2)
with run_column:
    run = looking.choose_run()
with piece_column:
    piece = looking.choose_piece(run)
inspection, source = looking.look(run, piece)

looking.show_piece(piece, inspection)
st.caption(source)

path, gates, use, sound, draws = st.tabs(PARTS, key="part", on_change="rerun")
if path.open:
    with path:
        st.markdown("The path of $z_t$: each point is a beat, its colour the time. Thin lines are single draws.")
        looking.show_trajectory(piece, inspection)
        st.markdown("The four dimensions that move most, with two standard deviations of the posterior around them.")
        looking.show_lines(inspection)
if gates.open:
    with gates:
        st.markdown(
            "Where the gate is 0 the mean of a dimension moves by a linear rule; where it is 1 it goes where the "
            "network proposes."
        )
        looking.show_gates(inspection)
        explain.formula_and_code("model.GatedTransition")
if use.open:
    with use:
        st.markdown(
            "What each dimension costs, in nats per beat of this piece. One below 0.01 (grey) carries next to nothing "
            "from the music: it is *inactive*."
        )
        looking.show_kl(inspection)
if sound.open:
    with sound:
        st.markdown("Above the piece, below the odds of each key when the emitter plays its hidden states back.")
        looking.show_reconstruction(piece, inspection)
if draws.open:
    with draws:
        st.markdown(
            "No chorale goes in here: the state starts at the learned $z_0$ and moves by itself. Each key is then "
            "decided on its own, so chords sound rougher than the probabilities look."
        )
        looking.show_draws(run)
frame.onward("latents")
