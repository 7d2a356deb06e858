"""Listen, first part: music from the model alone, at any temperature, with the same random numbers again and again."""

import re

import streamlit as st

from dmm.config_link import in_digits
from dmm.data.piece import make_roll
from dmm.decoding import decode
from dmm.inspection import FIRST_BEATS, FIRST_SEED
from dmm.ui.dials import Dial, carry, dials, turn, value
from dmm.ui.explain import formula_and_code
from dmm.ui.hiding import is_hidden
from dmm.ui.listen.lesson import LESSON
from dmm.ui.live import shown_gates
from dmm.ui.looking import beside_z, draw, telling, version_of
from dmm.ui.takes_view import Take, takes_view
from dmm.ui.words import refusal

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
KEEP = "Keeps both temperatures: move them, and you can go back and forth between then and now above the roll."
MODEL = (1.0, 1.0)  # temperatures of the model itself
KEPT = "kept temperatures"
ONE_HEAT = r"([01](\.\d{1,2})?|2(\.0{1,2})?)"  # in a link
WHAT = (
    "- **Draw**: what the model says. Given $z_t${seen} each of the 88 keys is a coin of its own, so a beat may get "
    "six keys, or a second where a third was meant.\n"
    "- **Probabilities**: the coins' weights, for the same $z_t$, shown as opacity. They look smooth because they are "
    "means over all that might have sounded, and are no piece. Played are the keys that are likelier than not, so an "
    "undecided chord falls silent.\n"
    "- **Four voices**: the best piece for a choir under these probabilities: four voices in their ranges, each a key "
    "or a rest, and a held note stays one note. A search chooses it ([below](#how-the-voices-are-chosen)); it is "
    "tidier than the model and *not* a draw from it.\n"
    "- **Before**, once a temperature is moved: the model at temperature 1, or at the temperatures that you kept, from "
    "the same random numbers. So two settings can be compared by ear, beat for beat."
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
    st.markdown(WHAT.format(seen=beside_z(run)))
    _explain_voices()


@st.fragment
@telling
def _show_pieces(run):
    """The controls, and a view for each piece."""
    settings = _settings()
    heats, kept = (settings["z_heat"], settings["note_heat"]), _kept()
    for i in range(settings["pieces"]):
        seed = settings["seed"] + i
        takes_view(
            key=f"made {i + 1}",
            takes=_takes(run, settings["beats"], seed, heats, kept),
            title=f"Random numbers {seed}" if settings["pieces"] > 1 else "",
            description=f"{settings['beats']} beats from the model alone, with its hidden states and gates.",
        )


def _settings():
    """Seed and temperatures in two rows."""
    left, middle, right = st.columns([2, 5, 2], gap="medium", vertical_alignment="bottom")
    left.button("Draw", icon=":material/casino:", on_click=_another, help=ANOTHER, type="primary", width="stretch")
    with middle:
        found = dials(LESSON, [SEED])
    with right.popover("Length and number", width="stretch"):
        found |= dials(LESSON, [BEATS, PIECES])
    *columns, right = st.columns([3, 3, 2], gap="medium", vertical_alignment="bottom")
    for column, dial in zip(columns, (HEAT, NOTE_HEAT), strict=True):
        with column:
            found |= dials(LESSON, [dial])
    heats = found["z_heat"], found["note_heat"]
    same = heats == _kept()
    if not is_hidden(LESSON, "kept"):
        right.button("Keep to compare", on_click=_keep, args=heats, help=KEEP, disabled=same, width="stretch")
    return found


def _another():
    turn(LESSON, SEED, value(LESSON, PIECES))  # all of them are new


def _keep(*heats):
    st.session_state[KEPT] = heats


def _kept() -> tuple[float, float]:
    """The temperatures that one compares with, which a link may say; what it says wrongly is told."""
    if KEPT not in st.session_state:
        text = st.query_params.get("kept", "1~1")
        fit = re.fullmatch(rf"{ONE_HEAT}~{ONE_HEAT}", text)
        st.session_state[KEPT] = tuple(map(float, text.split("~"))) if fit else MODEL
        if not fit:
            st.warning(refusal("kept", text, "two temperatures from 0 to 2, such as 0.5~1", "1~1"))
    carry(LESSON, "kept", "~".join(map(in_digits, st.session_state[KEPT])))
    return st.session_state[KEPT]


def _takes(run, beats, seed, heats, kept):
    """What there is to hear of one set of random numbers."""
    where = run.name, version_of(run), beats, seed
    piece, voices = draw(*where, *heats), four_voices(*where, *heats)
    states = {"latents": piece.z, "gates": shown_gates(run, piece.gates)}
    takes = [
        Take("Draw", piece.roll, **states),
        Take("Probabilities", piece.probabilities, **states),
        Take("Four voices", make_roll(voices.voices), voices.voices, voices.onsets, **states),
    ]
    if kept != heats:
        before = draw(*where, *kept)
        label = f"Before: {kept[0]:g} and {kept[1]:g}"
        takes.append(Take(label, before.roll, latents=before.z, gates=shown_gates(run, before.gates)))
    return takes


@st.cache_data(show_spinner=False, max_entries=300)
def four_voices(*piece):
    """The four voices of a piece; arguments as `looking.draw`."""
    return decode(draw(*piece).probabilities)


def _explain_voices():
    """The formula and the code of the search."""
    st.subheader("How the voices are chosen", anchor="how-the-voices-are-chosen")
    st.markdown(VOICES)
    formula_and_code("decoding.decode", formula="decoding")
