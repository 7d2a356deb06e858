"""Listen, third part: keys are erased from a piece, and the model fills them in, more than once."""

import numpy as np
import streamlit as st

from dmm import coins, holes
from dmm.ui.dials import Dial, dials
from dmm.ui.hiding import is_hidden
from dmm.ui.listen import erasing, imputed
from dmm.ui.listen.lesson import LESSON
from dmm.ui.looking import called, choose_piece, is_augmented, telling
from dmm.ui.takes_view import Take, takes_view

SEED = Dial("fill_seed", "Random numbers", 0, 999, 0, 1, "The seed of the draws: another one, other fillings.")
DRAWS = 4
WAS = "As it was"
IS = "As it is"  # another label, so that a filling is seen as soon as something is erased
NOTHING = (
    "{why}, so the model plays back what it heard: **Reconstruction** is how likely each key is to sound "
    f"given the states behind the piece, a mean over {imputed.MANY} draws of them; **Played back** is one toss of "
    "these coins. Paint over the roll with **Erase**, or press a button above."
)
NONE, NONE_HERE = "Nothing is erased", "This piece has nothing of what is erased"
ALL = "Everything is erased, so the model has nothing to go by: what it fills in is a piece of its own."
HOW = (
    "The posterior given what is left, $p(z_{1:T} \\mid x_{\\text{known}})$. The inference network is no more than a "
    "proposal here: unless it was trained with holes, it takes what is missing for silence. Up to "
    f"{imputed.PARTICLES:,} particles follow it, or the transition, and are weighed by what the model says of the "
    "known keys. Paths are then drawn backwards in time. Each filling is one path; the **mean** is over "
    f"{imputed.MANY} of them, and shows how sure the model is."
)
SUMMED_OUT = (
    " An erased key is *summed out*: its factor is 1 in the likelihood, as on [In code](in_code) for a mask, and it is "
    "drawn from $p(x_t \\mid z_t)$ at last."
)
CARRIED = (
    " The beats of this run look at the notes of the beat before, so an erased key cannot be summed out: each particle "
    "draws its own. The mean is of what the emitter says given $z_t$ and those notes; what the next beat tells of an "
    "erased key besides is in the fillings and not in the mean."
)


def show(run) -> None:
    """A piece with holes, and what the model puts into them."""
    st.markdown(
        "Erase something: a voice, some beats, or whatever you paint. The model hears what is left, before and after, "
        "and fills in the rest: not one answer but several, for it does not know."
    )
    piece = choose_piece(run, LESSON)
    erasing.complain()
    _show_fillings(run, piece)
    st.markdown(HOW + (CARRIED if is_augmented(run) else SUMMED_OUT))
    imputed.show_code()


@st.fragment
@telling
def _show_fillings(run, piece):
    """The buttons, the roll to paint on, and the numbers."""
    fixed = is_hidden(LESSON, erasing.NAME)
    if not fixed:
        erasing.buttons(piece)
    seed = dials(LESSON, [SEED])["fill_seed"]
    missing = holes.missing(erasing.erased(), len(piece.roll), piece.voices)
    found = imputed.fill(run, piece, missing, seed)
    takes_view(
        key="filling",
        takes=_takes(piece, missing, found) if missing.any() else _played_back(piece, found, seed),
        title=called(piece),
        description="A piece of which a part is erased, as it was, and as the model fills it in.",
        marked="filled in",
        on_paint=None if fixed else erasing.paint,
    )
    if not missing.any():
        st.info(NOTHING.format(why=NONE_HERE if erasing.erased() else NONE))
        return
    if missing.all():
        st.info(ALL)
    imputed.show_cost(run, piece, missing, found)


def _takes(piece, missing, found):
    """Fillings first; then what is left, and what was there."""
    fillings = [
        Take(f"Filling {i + 1}", roll, latents=z, marks=missing & (roll > 0), holes=missing)
        for i, (roll, z) in enumerate(zip(found.x[:DRAWS], found.z[:DRAWS], strict=True))
    ]
    left = Take("What is left", np.where(missing, 0, piece.roll), holes=missing)
    mean = Take("Mean", np.where(missing, found.mean, piece.roll), holes=missing)
    return [*fillings, mean, left, Take(WAS, piece.roll, piece.voices, piece.onsets, holes=missing)]


def _played_back(piece, found, seed):
    """The piece as the model plays it from the states that it heard in it: reconstructed."""
    chances = Take("Reconstruction", found.mean, latents=found.z[0])
    again = Take("Played back", coins.toss(found.mean, seed), latents=found.z[0])
    return [Take(IS, piece.roll, piece.voices, piece.onsets), chances, again]
