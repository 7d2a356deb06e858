"""What a trained model makes of a piece, part by part, as the Latents page shows it."""

import numpy as np
import streamlit as st

from dmm import figures, music
from dmm.config import about
from dmm.runs import store
from dmm.runs.store import RunError
from dmm.ui.choices import networks
from dmm.ui.explain import formula_and_code
from dmm.ui.hearing import hear
from dmm.ui.live import shown_gates
from dmm.ui.looking import draw, version_of
from dmm.ui.plot import plot
from dmm.ui.roll_view import roll_view
from dmm.ui.theme import gate_scale
from dmm.ui.words import plain

VIEW = "Two dimensions, or three to turn with the mouse."
TRANSITIONS = {  # what there is to say of the gates, and where the code is
    "gated": (
        "Where the gate is 0 the mean of a dimension moves by a linear rule; where it is 1 it goes where the network "
        "proposes.",
        "model.GatedTransition",
    ),
    "mlp": (
        "This run's transition is a network alone. It has no gate: it moves every dimension at every beat as a gated "
        "one would with its gates wide open (1).",
        "variants.MLPTransition",
    ),
    "linear": (
        "This run's transition is linear. It has no gate: it moves every dimension at every beat as a gated one would "
        "with its gates shut (0).",
        "variants.LinearTransition",
    ),
}


def what_it_sees(run) -> str:
    """What the inference network of a run may look at, in words."""
    network = networks()[store.read_run_config(run).inference]
    return f"{network.sees} ({network.name}, ${network.formula}$)"


def show_piece(run, piece, inspection) -> None:
    """The piece with its latents and gates on one time axis."""
    roll_view(
        key="piece",
        roll=piece.roll,
        voices=piece.voices,
        latents=inspection.z_loc,
        gates=shown_gates(run, inspection.gates),
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
        format_func=lambda i: f"dimension {i + 1}",
        placeholder="principal components, or choose dimensions of z",
        key=f"dimensions {k} {z_dim}",
        help="Which dimensions of $z_t$ to draw; with none chosen, the directions in which the path varies most.",
    )
    if chosen and len(chosen) != k:
        st.caption(f"Choose {k} dimensions, or none for the principal components.")
    dims = tuple(chosen) if len(chosen) == k else None
    names = [" ".join(music.note_name(key + music.LOWEST_KEY) for key in np.flatnonzero(row)) for row in piece.roll]
    samples = inspection.draws[:3] if len(inspection.draws) else None  # a history has none
    draw_figure = figures.trajectory_2d if k == 2 else figures.trajectory_3d
    plot(draw_figure(inspection.z_loc, dims=dims, samples=samples, names=names), "trajectory")


def show_lines(inspection) -> None:
    """The busiest dimensions over time, with the width of the posterior."""
    busiest = np.argsort(-inspection.z_loc.var(0))[:4]
    plot(figures.latent_lines(inspection.z_loc, inspection.z_scale, dims=tuple(sorted(busiest.tolist()))), "lines")


def show_gates(run, inspection) -> None:
    """Gate activations over time and dimension, if there are gates; and the transition's formula and code."""
    words, source = TRANSITIONS[store.read_run_config(run).transition]
    st.markdown(words)
    if shown_gates(run, inspection.gates) is not None:
        plot(figures.gate_heatmap(inspection.gates, gate_scale()), "gates")
    formula_and_code(source)


def show_kl(inspection) -> None:
    """How much each dimension is used."""
    plot(figures.kl_bars(inspection.kl.mean(0)), "kl")


def show_reconstruction(piece, inspection) -> None:
    """The piece above, what the model would play from the hidden states below."""
    rolls = {"the piece": piece.roll, "played back from its hidden states": inspection.probabilities}
    plot(figures.piano_rolls(rolls), "reconstruction")


def show_draws(run) -> None:
    """Pieces from the model alone."""
    left, right = st.columns(2)
    seed = left.number_input("Seed of the draw", 0, about("seed")["maximum"], 0, help="Another seed, another piece.")
    steps = right.slider("Beats", 16, 128, 64, help="How long the piece is.")
    try:
        piece = draw(run.name, version_of(run), steps, seed)
    except RunError as error:
        st.error(plain(str(error)))
        return
    mean = st.toggle("Show probabilities instead of a draw", help="What the coin of each key is weighted with.")
    roll_view(
        key="draw",
        roll=piece.probabilities if mean else piece.roll,
        latents=piece.z,
        gates=shown_gates(run, piece.gates),
        title="Probability of each key" if mean else "A draw from the model",
        description="A piece drawn from the model alone: no chorale goes in.",
    )
    hear("hear the draw", piece.roll)
