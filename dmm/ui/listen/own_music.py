"""Listen: the learner's own music. What became of it on the grid of beats, and where it can go from there."""

import streamlit as st

from dmm.data import DataError
from dmm.ui import own_pieces
from dmm.ui.data_names import beside_chorales
from dmm.ui.datasets import dataset_of
from dmm.ui.dials import carry, listing, put
from dmm.ui.hiding import is_hidden
from dmm.ui.listen import erasing, uploading
from dmm.ui.listen.lesson import LESSON
from dmm.ui.looking import called
from dmm.ui.roll_view import roll_view
from dmm.ui.train.controls import choose_data
from dmm.ui.words import plain

FILES = "MIDI files (.mid), or JSON files of chords, up to 2 MB each; those that you give together become one set."
FORM = (
    'A JSON file is {"sequences": [...]}: a sequence is a list of beats, and a beat a list of MIDI pitches, such as '
    "[60, 64, 67], or [] for silence. That of the JSB chorales, with train, valid and test, is read as well."
)
KEPT = (
    "A set is kept on this server under a name made of its contents. Whoever has a link with that name can use it. "
    "When the server needs room, music that nobody has used for a day goes."
)
SETS = "What you have uploaded from this browser, or opened by a link; the last one first."
PIECE = "The piece that is shown here, and that the buttons below take with them."
TO_PARTS = {"continue": "Continue it", "fill": "Fill in holes", "act": "Act on its latent"}
MOST_REPORTS = 12  # files whose report is shown at once
DESCRIPTION = "One frame for each beat: the keys that sound on it, as a model would hear the piece."


def show(run) -> None:
    """Take files, show what was read, and lead on to the other parts, to Latents and to training."""
    st.markdown(
        "Give the models music of yours. It is read onto the grid that they know: one frame for each quarter note, 88 "
        "keys, on or off; loudness and tempo are left out."
    )
    files = st.file_uploader("Files", accept_multiple_files=True, key=uploading.key(), help=plain(FORM))
    uploading.take(files)
    st.caption(f"{FILES} {KEPT}")
    uploading.show_troubles()
    name = _choose_set()
    if not name:
        return
    carry(LESSON, own_pieces.PARAMETER, name)
    try:
        readings = own_pieces.readings_of(name)
    except DataError as error:
        st.error(plain(str(error)))
        return
    _report(readings)
    _show_piece(own_pieces.pieces_of(name))
    _offer_training(name, readings)


def _choose_set() -> str:
    """The upload that is looked at; "" if there is none."""
    titles = own_pieces.called(own_pieces.mine())
    if not titles:
        return ""
    if st.session_state.get(own_pieces.CHOSEN) not in titles:
        st.session_state[own_pieces.CHOSEN] = next(iter(titles))
    if len(titles) == 1 or is_hidden(LESSON, own_pieces.PARAMETER):
        return st.session_state[own_pieces.CHOSEN]
    how = {"format_func": titles.get, "help": SETS, "persist_state": "session"}
    return st.selectbox("Your music", list(titles), key=own_pieces.CHOSEN, **how)


def _report(readings):
    """What was read of each file, and what was changed or dropped on the way."""
    for reading in readings[:MOST_REPORTS]:
        first, *others = reading.report.sentences()
        st.markdown("\n".join([f"**{plain(first)}**", "", *(f"- {plain(one)}" for one in others)]))
    if len(readings) > MOST_REPORTS:
        st.caption(f"And {len(readings) - MOST_REPORTS} more files.")


def _show_piece(pieces):
    """One piece as a piano roll, and ways to take it to where a model hears it."""
    by_name = {piece.name: piece for piece in pieces}
    chosen = next(iter(by_name))
    if len(by_name) > 1:
        words = {name: called(piece) for name, piece in by_name.items()}
        chosen = listing(LESSON, "mine", "Piece of yours", words, PIECE, "one of its pieces")
    piece = by_name[chosen]
    how = {"voices": piece.voices, "onsets": piece.onsets, "description": DESCRIPTION}
    roll_view(key="own piece", roll=piece.roll, title=called(piece), **how)
    with st.container(horizontal=True, vertical_alignment="center"):
        for part, label in TO_PARTS.items():
            st.button(label, key=f"own to {part}", on_click=_take_to, args=(part, piece))
        if st.button("Look at its latents", key="own to latents"):
            put("latents", "piece", chosen)
            st.switch_page("pages/latents.py")


def _take_to(part, piece):
    """Another part of this page, with this piece."""
    put(LESSON, "piece", piece.name)
    put(LESSON, "part", part)
    if part == "fill":
        erasing.suit(piece)
    if part == "act":
        put(LESSON, "act_on", "piece")


def _offer_training(name, readings):
    """Two ways to learn from an upload, each with what it would be, or why it cannot be."""
    st.markdown("**Train on it**")
    alone, beside = st.columns(2)
    with alone:
        _offer(name, "Train on it alone", readings)
    with beside:
        _offer(beside_chorales(name), "Train on it with the chorales", readings)


def _offer(data, label, readings):
    """One of them."""
    try:
        said = in_splits(dataset_of(data), readings)
    except DataError as error:
        said, possible = str(error), False
    else:
        possible = True
    pressed = st.button(label, key=f"own {label}", icon=":material/play_arrow:", disabled=not possible)
    st.caption(plain(said))
    if pressed:
        choose_data(data)
        st.switch_page("pages/train.py")


def in_splits(dataset, readings) -> str:
    """How many pieces there are to learn from, to validate and to test, and how that came about."""
    told = " ".join(line for reading in readings for line in reading.report.sentences())
    counts = [len(part) for part in (dataset.train, dataset.valid, dataset.test)]
    numbers = "{:,} to learn from, {:,} to validate, {:,} to test".format(*counts)
    return f"Pieces: {numbers}. {dataset.source.rpartition(told)[2].strip()}"
