"""Listen, second part: a piece breaks off at some beat, and the model goes on."""

import numpy as np
import streamlit as st

from dmm.ui.dials import Dial, dials
from dmm.ui.listen import imputed
from dmm.ui.listen.lesson import LESSON
from dmm.ui.looking import called, choose_piece, is_augmented, telling
from dmm.ui.takes_view import Take, takes_view

SEED = Dial("go_seed", "Random numbers", 0, 999, 0, 1, "The seed of the draws: another one, other ways on.")
FROM = Dial("go_from", "The model goes on at beat", 2, 257, 17, 1, "It hears what is before, and nothing after.")
LENGTH = Dial("go_for", "For beats", 4, 128, 32, 1, "How long it goes on.")
HEAT = Dial(
    "go_heat", "Temperature of the states", 0.0, 2.0, 1.0, 0.05, "Of each step of $z_t$ from there on; 1 is the model."
)
DRAWS = 4
HOW = (
    "What is heard fixes $z_t$ only up to a posterior, $p(z_t \\mid x_{{1:t}})$. Each way on starts from a draw of it, "
    "and from there the transition goes on: $z_{{t+1}} \\sim p(z_{{t+1}} \\mid z_t{before})$, then the keys. The model "
    "looks at nothing else: not at the tune so far, nor at how long the piece should be. All that it remembers is in "
    "{memory}."
)
OVER = "The piece ends at beat {}: the model goes on from there, and nothing was written to compare it with."


def show(run) -> None:
    """The beginning of a piece, and several ways on."""
    st.markdown(
        "Here a piece breaks off, and the model goes on as it would: several times, from the same beginning. Compare "
        "the ways on with each other, and with what was written."
    )
    _show_ways(run, choose_piece(run, LESSON))
    augmented = is_augmented(run)
    words = {
        "before": ", x_t" if augmented else "",
        "memory": "$z_t$ and the last beat $x_t$" if augmented else "$z_t$",
    }
    st.markdown(HOW.format(**words))
    imputed.show_code()


@st.fragment
@telling
def _show_ways(run, piece):
    """The controls, the ways on in one player, and how far ahead the model knows anything."""
    settings = {}
    for column, dial in zip(st.columns(4, gap="medium"), (FROM, LENGTH, HEAT, SEED), strict=True):
        with column:
            settings |= dials(LESSON, [dial])
    start = min(settings["go_from"] - 1, len(piece.roll))
    found = imputed.go_on(run, piece, start, settings["go_for"], settings["go_heat"], settings["go_seed"])
    stretch = (start, len(found.mean))
    ways = [
        Take(f"Continuation {i + 1}", roll, latents=z, shaded=stretch)
        for i, (roll, z) in enumerate(zip(found.x[:DRAWS], found.z[:DRAWS], strict=True))
    ]
    mean = Take("Mean", np.concatenate([piece.roll[:start], found.mean[start:]]), shaded=stretch)
    takes_view(
        key="ways on",
        takes=[*ways, mean, Take("As it was written", piece.roll, piece.voices, piece.onsets)],
        title=called(piece),
        description=f"The first {start} beats of a piece, and several ways in which the model goes on.",
        shade="the model goes on",
    )
    if start < len(piece.roll):
        imputed.show_horizon(run, piece, start, found, settings["go_heat"])
    else:
        st.caption(OVER.format(start))
