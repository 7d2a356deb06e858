"""Listen, first part: music from the model alone, at any temperature, with the same random numbers again and again."""

import numpy as np
import streamlit as st

from dmm.data.piece import make_roll
from dmm.decoding import decode
from dmm.inspection import FIRST_BEATS, FIRST_SEED, draw_piece, load_drawn
from dmm.runs import store
from dmm.ui.dials import Dial, dials, turn
from dmm.ui.explain import formula_and_code
from dmm.ui.listen.lesson import LESSON
from dmm.ui.live import shown_gates
from dmm.ui.looking import model_of, telling, version_of
from dmm.ui.takes_view import Take, takes_view

SEED = Dial(
    "seed",
    "Random numbers",
    0,
    999,
    FIRST_SEED,
    1,
    "The seed. The same one gives the same random numbers at every setting, so whatever changes is due to the setting.",
)
BEATS = Dial("beats", "Beats", 16, 256, FIRST_BEATS, 1, "How long a piece is.")
PIECES = Dial("pieces", "Pieces", 1, 4, 1, 1, "How many at once, from this seed and those after it.")
HEAT = Dial(
    "z_heat",
    "Temperature of the states",
    0.0,
    2.0,
    1.0,
    0.05,
    "How much chance there is in each step of $z_t$: the variance is multiplied by it. 0 takes the mean at every step; "
    "1 is the model.",
)
NOTE_HEAT = Dial(
    "note_heat",
    "Temperature of the notes",
    0.0,
    2.0,
    1.0,
    0.05,
    "How much chance there is in each key, given $z_t$: its log-odds are divided by it. 0 plays the keys that are "
    "likelier than not; 1 is the model.",
)
ANOTHER = "New random numbers for states and keys."
WHAT = (
    "- **Draw**: what the model says. Given $z_t$ each of the 88 keys is a coin of its own, so a beat may get six "
    "keys, or a second where a third was meant.\n"
    "- **Probabilities**: the coins' weights, for the same $z_t$, shown as opacity. They look smooth because they are "
    "means over all that might have sounded, and are no piece. Played are the keys that are likelier than not, so an "
    "undecided chord falls silent.\n"
    "- **Four voices**: the best piece for a choir under these probabilities: four voices in their ranges, each a key "
    "or a rest, and a held note stays one note. A search chooses it ([below](#how-the-voices-are-chosen)); it is "
    "tidier than the model and *not* a draw from it.\n"
    "- **At temperature 1**, once a temperature is moved: the model itself, from the same random numbers."
)
VOICES = (
    "Soprano, alto, tenor and bass are chosen for all beats together, to make the sum below as large as it can be. "
    "Each key brings its log-odds $\\ell_{tk}$, which are above 0 where it is likelier than not. Rests, voices that "
    "cross or meet, and leaps cost something; a held note is worth something. These costs are ours: the model knows "
    "nothing of voices."
)


def show(run) -> None:
    """Pieces from the model alone."""
    st.markdown(
        "No music goes in. A state is drawn from $p(z_1)$, and from there the model goes on by itself: a step of "
        "$z_t$, then the keys of a beat. Press **Play**, and choose above the roll what you hear: it goes on at the "
        "same beat."
    )
    _show_pieces(run)
    st.markdown(WHAT)
    _explain_voices()


@st.fragment
@telling
def _show_pieces(run):
    """The controls, and a view for each piece."""
    settings = _settings()
    for i in range(settings["pieces"]):
        seed = settings["seed"] + i
        drawn = draw(run.name, version_of(run), settings["beats"], seed, settings["z_heat"], settings["note_heat"])
        takes_view(
            key=f"made {i + 1}",
            takes=_takes(run, drawn),
            title=f"Random numbers {seed}" if settings["pieces"] > 1 else "",
            description=f"{settings['beats']} beats from the model alone, with its hidden states and gates.",
        )


def _settings():
    """Seed and temperatures in two rows."""
    left, *others = st.columns([2, 3, 3, 3], gap="medium", vertical_alignment="bottom")
    left.button("Draw", icon=":material/casino:", on_click=_another, help=ANOTHER, type="primary", width="stretch")
    found = {}
    for column, dial in zip(others, (SEED, BEATS, PIECES), strict=True):
        with column:
            found |= dials(LESSON, [dial])
    for column, dial in zip(st.columns(2, gap="medium"), (HEAT, NOTE_HEAT), strict=True):
        with column:
            found |= dials(LESSON, [dial])
    return found


def _another():
    turn(LESSON, SEED)


def _takes(run, drawn):
    """What there is to hear of one set of random numbers."""
    piece, voices, cool = drawn
    states = {"latents": piece.z, "gates": shown_gates(run, piece.gates)}
    takes = [
        Take("Draw", piece.roll, **states),
        Take("Probabilities", piece.probabilities, **states),
        voices._replace(**states),
    ]
    if cool is not None:
        takes.append(Take("At temperature 1", cool.roll, latents=cool.z, gates=shown_gates(run, cool.gates)))
    return takes


@st.cache_data(show_spinner="Drawing from the model…", max_entries=300)
def draw(run_name: str, version: float, steps: int, seed: int, z_heat: float, note_heat: float):
    """A piece, its four voices, and the piece of the same random numbers at temperature 1, if that is another."""
    piece = _piece(run_name, steps, seed, z_heat, note_heat)
    found = decode(np.asarray(piece.probabilities, dtype=float))
    voices = Take("Four voices", make_roll(found.voices), found.voices, found.onsets)
    return piece, voices, None if z_heat == note_heat == 1 else _piece(run_name, steps, seed, 1.0, 1.0)


def _piece(run_name, steps, seed, z_heat, note_heat):
    """One piece: the one that is stored with the run, without torch, or one that is drawn now."""
    run = store.find_run(run_name)
    stored = run / "drawn.npz"
    if (steps, seed, z_heat, note_heat) == (FIRST_BEATS, FIRST_SEED, 1.0, 1.0) and stored.is_file():
        return load_drawn(stored)
    return draw_piece(model_of(run)[0], steps, seed, z_temperature=z_heat, note_temperature=note_heat)


def _explain_voices():
    """The formula and the code of the search."""
    st.subheader("How the voices are chosen", anchor="how-the-voices-are-chosen")
    st.markdown(VOICES)
    formula_and_code("decoding.decode", formula="decoding")
