"""The tasks of the page Listen."""

from itertools import combinations

import numpy as np
import streamlit as st

from dmm.ui import tasks
from dmm.ui.dials import value
from dmm.ui.listen import acts, generating, quiz_games
from dmm.ui.listen.lesson import LESSON
from dmm.ui.looking import draw, telling, version_of

SAME = (
    "**Generate**: move the temperatures until the model plays the same piece whatever the random numbers are, note "
    "for note."
)
HOW_SAME = "Chance enters at two places: in the steps of $z_t$, and in the keys given $z_t$. How cold can they be?"
THE_SAME = (
    "At 0 and 0 nothing is left to chance: each step goes to the mean of $p(z_t \\mid z_{t-1})$, each key to the "
    "likelier side of its coin. What remains is where the transition leads by itself, and one piece is all it has."
)
INAUDIBLE = (
    "**Act on the latent**: drag a dimension by at least two of its standard deviations over at least 16 beats, so "
    "that at most ten keys change in the whole piece."
)
HOW_INAUDIBLE = (
    "The dimensions are listed by how much is heard of them *directly*, the loudest first. But a quiet one may move "
    "loud ones through the transition, so try several."
)
SILENT = (
    "In this piece the dimension hardly reaches the keys, neither directly nor through the transition. A model need "
    "not use all of its dimensions: look at what this one costs on [Latents](latents)."
)

BLIND = "**Bach or model?**: play one quiz to its end, twelve rounds."
HOW_BLIND = "Nothing can be seen until you have said who it was. Shorter excerpts go faster, and are harder."
GUESSED = (
    "Who guesses gets four of twelve right on average, and eight or more in fewer than two of a hundred quizzes. So "
    "one quiz can show that you hear a difference; that you hear none, it cannot."
)
FEW = 10  # keys


@st.fragment
@telling
def show_tasks(run) -> None:
    """Three tasks on the controls of the page."""
    tasks.heading(LESSON)
    first, second, third = st.columns(3)
    with first:
        tasks.reach(LESSON, "same", SAME, lambda: is_same(run), THE_SAME, HOW_SAME)
    with second:
        tasks.reach(LESSON, "inaudible", INAUDIBLE, lambda: is_inaudible(run), SILENT, HOW_INAUDIBLE)
    with third:
        tasks.reach(LESSON, "blind", BLIND, quiz_games.has_played, GUESSED, HOW_BLIND)


def is_same(run) -> tuple[bool, str]:
    """Whether three seeds give one piece at the temperatures that are set."""
    heats = [value(LESSON, dial) for dial in (generating.HEAT, generating.NOTE_HEAT)]
    rolls = [draw(run.name, version_of(run), 64, seed, *heats).roll for seed in (0, 1, 2)]
    apart = max(int((one != other).sum()) for one, other in combinations(rolls, 2))
    keys = f"{apart} key{'' if apart == 1 else 's'}"
    return apart == 0, f"Of three pieces of 64 beats the most different two differ at {keys}."


def is_inaudible(run) -> tuple[bool, str]:
    """Whether the act that is set is strong and long, and nothing is heard of it."""
    done = acts.last()
    if done is None:
        return False, "Nothing has been done yet: choose **Act on the latent** above."
    act, found = done
    strong = act.kind == "drag" and abs(act.value) >= 2 and act.end - act.start >= 16
    keys = int(np.sum(found.differs))
    if not strong:
        return False, "The act must be **Drag**, by 2 or more (or -2 or less), for 16 beats or more."
    return keys <= FEW, f"{keys} key{'' if keys == 1 else 's'} changed."
