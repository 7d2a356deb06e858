"""Latents: what a model makes of a piece, and how it came to, under one slider over its training."""

import streamlit as st

from dmm.ui import frame, looking
from dmm.ui.latents import past, showing, tasks

PARTS = ["Path in space", "Transition", "Draws"]

frame.lesson("latents")
introduction = st.container()
run_column, piece_column = st.columns(2)
with run_column:
    run = looking.choose_run("latents")
with piece_column:
    piece = looking.choose_piece(run, "latents")
seen = past.past_of(run, piece)
introduction.markdown(
    f"For each beat of a piece the inference network guesses a hidden state $z_t$. It looks at "
    f"{showing.what_it_sees(run)}, and gives not one value but a distribution, near the *posterior*: what is to be "
    "believed of $z_t$ once the music is heard. What you see are means over draws from it. **Drag the slider**: it "
    "goes back through training, and all views follow."
)

moment = showing.show_past(run, piece, seen)
st.markdown(
    "- **Reconstruction**: how likely each key is when the emitter plays the hidden states back.\n"
    "- **Path** and **transition** lie on the plane of the two principal components, the directions in which the path "
    "of the best weights varies most. Arrows show where the mean of $p(z_t \\mid z_{t-1})$ goes from there, with all "
    "other directions held; what of a step leaves the plane is not seen. [The gate](gate) tells more of fixed points.\n"
    "- **KL**: what each dimension costs, the Kullback-Leibler divergence of the guess from what the model expects, in "
    "nats (of the natural logarithm) per beat. A grey one carries next to nothing of the music: it is *inactive*.\n\n"
    "Axes stand still while the slider moves."
)

st.caption(showing.in_words(run, seen, moment))
inspection = showing.seen_at(seen, moment)
space, transition, draws = st.tabs(PARTS, key="part", on_change="rerun")
if space.open:
    with space:
        st.markdown("The path of $z_t$: each point is a beat, its colour the time. Thin lines are single draws.")
        showing.show_trajectory(piece, inspection)
if transition.open:
    with transition:
        showing.show_transition(run)
if draws.open:
    with draws:
        st.markdown(
            "No chorale goes in here: the state starts from $p(z_1)$ and the model goes on by itself. Given the state, "
            "each key is decided on its own, so chords sound rougher than the probabilities look."
        )
        showing.show_draws(run)
tasks.explain_collapse(inspection)
tasks.show_tasks(run, inspection, seen.best)
frame.onward("latents")
