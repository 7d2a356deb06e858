"""Looking inside a trained model: torch is loaded here, and only when something is asked of it."""

import functools

import numpy as np
import streamlit as st

from dmm.data import DataError
from dmm.history import load_history
from dmm.inspection import (
    FIRST_BEATS,
    FIRST_SEED,
    NotFinite,
    draw_piece,
    finite,
    load_drawn,
    load_inspection,
)
from dmm.runs import store
from dmm.runs.store import RunError
from dmm.ui import own_pieces
from dmm.ui.current import chosen_run, shipped_runs
from dmm.ui.datasets import dataset_of
from dmm.ui.dials import carry, listing
from dmm.ui.words import describe_config, plain

RUN = "The model to look into: your own run, or one that came with the app."
PIECE = "The piece to look into. The first ones listed were held out for the test; music of your own comes last."
RAN_AWAY = "With these weights the hidden states are no finite numbers; look at another run, or at fewer beats."
PARTS = {"test": "held out for the test", "valid": "held out for validation", "train": "trained on"}


def choose_run(lesson: str):
    """The run that a page looks into: the visitor's own or one of the app; one without weights ends the page."""
    own_pieces.read_link(lesson)
    names = {run.name: run for run in (chosen_run(), *shipped_runs())}
    name = st.selectbox("Run", list(names), format_func=lambda one: _run_in_words(names[one]), help=RUN)
    carry(lesson, "run", name)
    run = names[name]
    if store.shown_snapshot(run) is None:
        st.info("This run has no snapshot yet. Give it a few seconds of training, then come back.")
        st.stop()
    return run


def choose_piece(run, lesson: str):
    """The piece that a page looks at: of the data the run was trained on, or the visitor's own."""
    try:
        dataset = dataset_of(store.read_run_config(run).data)
    except (DataError, RunError) as error:
        st.error(plain(str(error)))
        st.stop()
    pieces = {piece.name: (PARTS[part], piece) for part in PARTS for piece in getattr(dataset, part)}
    pieces |= {piece.name: (own_pieces.YOURS, piece) for piece in own_pieces.own_pieces()}
    words = {name: _piece_in_words(*one) for name, one in pieces.items()}
    chosen = listing(lesson, "piece", "Piece", words, PIECE, "one of its pieces")
    own_pieces.tell_link(lesson)
    return pieces[chosen][1]


def called(piece) -> str:
    """A piece's name, and its title if it has one; as text from outside, not as Markdown.

    >>> from dmm.data import load_dataset
    >>> called(load_dataset("chorales").test[0])
    'BWV 12.7, Was Gott tut, das ist wohlgetan'
    """
    return f"{piece.name}, {piece.title}" if piece.title else piece.name


def telling(show):
    """A part of a page that says in a sentence what it cannot read, instead of what it would show."""

    @functools.wraps(show)
    def told(*args, **how):
        try:
            return show(*args, **how)
        except (DataError, RunError) as error:
            st.error(plain(str(error)))
        except NotFinite:
            st.error(RAN_AWAY)

    return told


def model_of(run):
    """The model of a run to look into, and the step it is from; read once for a snapshot. Nobody may change it.

    Raises:
        RunError: there is no snapshot yet, or it cannot be read.
    """
    return _model(run.name, version_of(run))


@st.cache_resource(show_spinner="Reading the weights…", max_entries=20)
def _model(run_name: str, version: float):
    """In eval mode, and without gradients of its weights."""
    from dmm.runs.snapshots import load_run

    dmm, step = load_run(store.find_run(run_name))
    return dmm.eval().requires_grad_(False), step


@st.cache_data(show_spinner="Inferring the hidden states…", max_entries=200)
def inspect(run_name: str, version: float, piece_name: str, _roll: np.ndarray):
    """What the model makes of a piece; computed once for a snapshot and a piece."""
    from dmm.inspection import inspect_piece

    dmm, step = _model(run_name, version)
    return inspect_piece(dmm, _roll), step


@st.cache_data(show_spinner="Drawing from the model…", max_entries=300)
def draw(run_name: str, version: float, steps: int, seed: int, z_heat: float = 1.0, note_heat: float = 1.0):
    """A piece from the model alone: the one that is stored with the run, without torch, or one that is drawn now.

    Raises:
        RunError: there is no snapshot, or it cannot be read.
        NotFinite: a state runs away.
    """
    stored = store.find_run(run_name) / "drawn.npz"
    if (steps, seed, z_heat, note_heat) == (FIRST_BEATS, FIRST_SEED, 1.0, 1.0) and stored.is_file():
        return load_drawn(stored)
    dmm, _ = _model(run_name, version)
    return finite(draw_piece(dmm, steps, seed, z_temperature=z_heat, note_temperature=note_heat))


def is_augmented(run) -> bool:
    """Whether the model of a run looks at the frame before as well, so that not all of its memory is in z."""
    return store.read_run_config(run).edges == "augmented"


def beside_z(run) -> str:
    """What else the emitter of a run looks at, to be said after "$z_t$"."""
    return " and the notes $x_{t-1}$" if is_augmented(run) else ""


def stored_of(run):
    """The inspection of the first test piece and the history that came with a stored run; needs no torch."""
    return _stored(run, version_of(run))


@st.cache_data(show_spinner=False, max_entries=20)
def _stored(run, version):
    """What came with a stored run: an inspection of the first test piece, and its history."""
    return load_inspection(run / "inspection.npz"), load_history(run / "history.npz")


def version_of(run):
    """When the weights that are shown last changed."""
    try:
        return store.shown_snapshot(run).stat().st_mtime
    except (AttributeError, OSError):  # there is none, or the worker has just dropped it
        return 0.0


def _run_in_words(run):
    kind = "Came with the app" if run.parent == store.SHIPPED else "Trained here"
    try:
        settings = describe_config(store.read_run_config(run))
    except RunError:
        settings = run.name
    return f"{kind}: {settings}"


def _piece_in_words(part, piece):
    name = f"{piece.name}: {piece.title}" if piece.title else piece.name
    return f"{name} ({part})"
