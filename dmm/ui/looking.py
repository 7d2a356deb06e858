"""Looking inside a trained model: torch is loaded here, and only when something is asked of it."""

import numpy as np
import streamlit as st

from dmm import figures, music
from dmm.config import about
from dmm.data import DataError
from dmm.inspection import load_inspection
from dmm.runs import store
from dmm.runs.store import RunError
from dmm.ui.current import chosen_run, shipped_run
from dmm.ui.datasets import dataset_of
from dmm.ui.hearing import hear
from dmm.ui.roll_view import roll_view
from dmm.ui.words import describe_config, plain

RUN = "The model to look into: your own run, or the one that came with the app."
PIECE = "The piece whose hidden states are inferred. The first ones listed were held out for the test."
VIEW = "Two dimensions, or three to turn with the mouse."
PARTS = {"test": "held out for the test", "valid": "held out for validation", "train": "trained on"}


def choose_run():
    """The run to look into: the visitor's own or the one that came with the app; one without weights ends the page."""
    own, stored = chosen_run(), shipped_run()
    runs = [own] if own == stored else [own, stored]
    names = {run.name: run for run in runs}
    name = st.selectbox("Run", list(names), format_func=lambda one: _run_in_words(names[one]), help=RUN)
    run = names[name]
    if store.shown_snapshot(run) is None:
        st.info("This run has no snapshot yet. Give it a few seconds of training, then come back.")
        st.stop()
    return run


def choose_piece(run):
    """The piece to look at, from the data the run was trained on."""
    try:
        dataset = dataset_of(store.read_run_config(run).data)
    except (DataError, RunError) as error:
        st.error(plain(str(error)))
        st.stop()
    pieces = [(part, piece) for part in PARTS for piece in getattr(dataset, part)]
    index = st.selectbox("Piece", range(len(pieces)), format_func=lambda i: _piece_in_words(*pieces[i]), help=PIECE)
    return pieces[index][1]


@st.cache_data(show_spinner="Inferring the hidden states…", max_entries=200)
def inspect(run_name: str, version: float, piece_name: str, _roll: np.ndarray):
    """What the model makes of a piece; computed once for a snapshot and a piece."""
    from dmm.inspection import inspect_piece
    from dmm.runs.snapshots import load_run

    dmm, step = load_run(store.find_run(run_name))
    return inspect_piece(dmm, _roll), step


@st.cache_data(show_spinner="Drawing from the model…", max_entries=200)
def draw(run_name: str, version: float, steps: int, seed: int):
    """A piece drawn from the model alone."""
    from dmm.inspection import draw_piece
    from dmm.runs.snapshots import load_run

    return draw_piece(load_run(store.find_run(run_name))[0], steps, seed)


@st.cache_data(show_spinner=False)
def _stored(run):
    """What came with the stored run: an inspection of the first test piece."""
    return load_inspection(run / "inspection.npz")


def look(run, piece):
    """The latents of a piece, stored or computed now; a sentence, and the page stops, if the snapshot is unreadable."""
    if run == shipped_run() and piece.name == dataset_of(store.read_run_config(run).data).test[0].name:
        return _stored(run), f"Stored with run {run.name}: computed from the weights that were best on validation."
    try:
        inspection, step = inspect(run.name, _version(run), piece.name, piece.roll)
    except RunError as error:
        st.error(plain(str(error)))
        st.stop()
    shown = store.shown_snapshot(run)
    best = ", the best on validation so far" if shown and shown.name == store.BEST else ""
    return inspection, f"Computed now from the weights of update {step:,} of run {run.name}{best}."


def show_piece(piece, inspection) -> None:
    """The piece with its latents and gates on one time axis."""
    roll_view(
        key="piece",
        roll=piece.roll,
        voices=piece.voices,
        latents=inspection.z_loc,
        gates=inspection.gates,
        title=f"{piece.name}, {piece.title}" + (f" ({piece.key})" if piece.key else ""),
        description="A chorale as a piano roll, with the hidden states inferred from it and the gates between them.",
    )
    hear("hear the piece", piece.roll)


def show_trajectory(piece, inspection) -> None:
    """The path of the hidden state, in two or three dimensions."""
    z_dim = inspection.z_loc.shape[1]
    left, right = st.columns([2, 3])
    depth = left.segmented_control("View", ["2-D", "3-D"], default="2-D", required=True, key="view", help=VIEW)
    k = 2 if depth == "2-D" else 3
    chosen = right.multiselect(
        "Dimensions",
        range(z_dim),
        max_selections=k,
        format_func=lambda i: f"z{i + 1}",
        placeholder="principal components, or choose dimensions of z",
        key=f"dimensions {k} {z_dim}",
        help="Which dimensions of $z_t$ to draw; with none chosen, the directions in which the path varies most.",
    )
    if chosen and len(chosen) != k:
        st.caption(f"Choose {k} dimensions, or none for the principal components.")
    dims = tuple(chosen) if len(chosen) == k else None
    names = [" ".join(music.note_name(key + music.LOWEST_KEY) for key in np.flatnonzero(row)) for row in piece.roll]
    draw_figure = figures.trajectory_2d if k == 2 else figures.trajectory_3d
    _plot(draw_figure(inspection.z_loc, dims=dims, samples=inspection.draws[:3], names=names), "trajectory")


def show_lines(inspection) -> None:
    """The busiest dimensions over time, with the width of the posterior."""
    busiest = np.argsort(-inspection.z_loc.var(0))[:4]
    _plot(figures.latent_lines(inspection.z_loc, inspection.z_scale, dims=tuple(sorted(busiest.tolist()))), "lines")


def show_gates(inspection) -> None:
    """Gate activations over time and dimension."""
    _plot(figures.gate_heatmap(inspection.gates), "gates")


def show_kl(inspection) -> None:
    """How much each dimension is used."""
    _plot(figures.kl_bars(inspection.kl.mean(0)), "kl")


def show_reconstruction(piece, inspection) -> None:
    """The piece above, what the model would play from the hidden states below."""
    rolls = {"the piece": piece.roll, "played back from its hidden states": inspection.probabilities}
    _plot(figures.piano_rolls(rolls), "reconstruction")


def show_draws(run) -> None:
    """Pieces from the model alone."""
    left, right = st.columns(2)
    seed = left.number_input("Seed of the draw", 0, about("seed")["maximum"], 0, help="Another seed, another piece.")
    steps = right.slider("Beats", 16, 128, 64, help="How long the piece is.")
    try:
        piece = draw(run.name, _version(run), steps, seed)
    except RunError as error:
        st.error(plain(str(error)))
        return
    mean = st.toggle("Show probabilities instead of a draw", help="What the coin of each key is weighted with.")
    roll_view(
        key="draw",
        roll=piece.probabilities if mean else piece.roll,
        latents=piece.z,
        gates=piece.gates,
        title="Probability of each key" if mean else "A draw from the model",
        description="A piece drawn from the model alone: no chorale goes in.",
    )
    hear("hear the draw", piece.roll)


def _plot(figure, key):
    tools = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}
    st.plotly_chart(figure, key=key, alt=figure.layout.meta["description"], config=tools)


def _version(run):
    """When the weights that are shown last changed."""
    try:
        return store.shown_snapshot(run).stat().st_mtime
    except (AttributeError, OSError):  # there is none, or the worker has just dropped it
        return 0.0


def _run_in_words(run):
    kind = "came with the app" if run.parent == store.SHIPPED else "trained here"
    try:
        settings = describe_config(store.read_run_config(run))
    except RunError:
        settings = run.name
    return f"{settings} ({kind})"


def _piece_in_words(part, piece):
    return f"{piece.name}: {piece.title} ({PARTS[part]})"
