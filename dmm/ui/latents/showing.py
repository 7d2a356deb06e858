"""What a trained model makes of a piece, part by part, as the Latents page shows it."""

import numpy as np
import streamlit as st

from dmm import figures, music
from dmm.runs import store
from dmm.ui.choices import networks
from dmm.ui.dials import Dial, carry, dials, switch
from dmm.ui.explain import formula_and_code
from dmm.ui.latents.past import Past
from dmm.ui.live import shown_gates
from dmm.ui.looking import called, draw, telling, version_of
from dmm.ui.plot import plot
from dmm.ui.roll_view import play_bar, roll_view
from dmm.ui.scrubber import pack, scrubber

LESSON = "latents"
AXES = 3
SEED = Dial("seed", "Seed of the draw", 0, 999, 0, 1, "Another seed, another piece.")
BEATS = Dial("beats", "Beats", 16, 128, 64, 1, "How long the piece is.")
TAKE = "Show this moment below"
BEST = "Below: run {run} with the weights of update {step:,}, which were best on validation so far."
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


def show_past(run, piece, past: Past) -> int:
    """The piece at all moments of training, under one slider; which of them the rest of the page shows."""
    steps, best, place = past.history.steps.tolist(), past.history.best, f"{run.name} {piece.name}"
    key = f"moment {place}"

    def take(moment, beat):
        st.session_state[key] = steps[moment], beat

    name = called(piece) + (f" ({piece.key})" if piece.key else "")
    gated = store.read_run_config(run).transition == "gated"
    take_it = TAKE if len(steps) > 1 else ""
    packet = _packet(place, past.version, past.history, piece.roll, name, past.note, gated, take_it)
    play_bar(key="piece", roll=piece.roll, title=name, place=place, voices=piece.voices, onsets=piece.onsets)
    scrubber(packet, key="scrubber", on_take=take)
    step, st.session_state["beat"] = st.session_state.get(key) or (_moment_of_link(), None)
    found = steps.index(step) if step in steps else best
    carry(LESSON, "moment", str(steps[found]))
    return found


def _moment_of_link():
    """After how many updates a link looks at the run; None if it does not say."""
    text = st.query_params.get("moment", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


@st.cache_data(show_spinner=False, max_entries=30)
def _packet(place, version, _history, _roll, name, note, gated, take):
    """What the scrubber is fed with; made once for each run, piece and state of training."""
    return pack(_history, _roll, title=name, place=place, note=note, gates=gated, take=take)


def seen_at(past: Past, index: int):
    """The inspection of a moment, with all its digits and draws if it is the best."""
    return past.best if index == past.history.best else past.history.moment(index).inspection


def in_words(run, past: Past, index: int) -> str:
    """Which moment the rest of the page shows, and where it is from."""
    if index == past.history.best:
        return BEST.format(step=int(past.history.steps[index]), run=run.name)
    moment = past.history.moment(index)
    epochs = f"{moment.epoch} epoch{'' if moment.epoch == 1 else 's'}"
    trained = f"after {epochs} ({moment.step:,} updates)" if moment.epoch else "before its training"
    bound = (
        f"; its bound was {moment.bound:.3f} nats per frame on the validation pieces"
        if np.isfinite(moment.bound)
        else ""
    )
    return f"Below: run {run.name} {trained}, numbers rounded to 256 levels{bound}."


def show_trajectory(piece, inspection) -> None:
    """The path of the hidden state in space."""
    z_dim = inspection.z_loc.shape[1]
    key = f"dimensions {z_dim}"
    st.session_state.setdefault(key, _dimensions_of_link(z_dim))
    chosen = st.multiselect(
        "Dimensions",
        range(z_dim),
        max_selections=AXES,
        format_func=lambda i: f"dimension {i + 1}",
        placeholder="principal components, or choose dimensions of z",
        key=key,
        help="Which dimensions of $z_t$ to draw; with none chosen, the directions in which the path varies most.",
        persist_state="session",
    )
    carry(LESSON, "axes", ".".join(str(i + 1) for i in chosen))
    if chosen and len(chosen) != AXES:
        st.caption(f"Choose {AXES} dimensions, or none for the principal components.")
    dims = tuple(chosen) if len(chosen) == AXES else None
    names = [" ".join(music.note_name(key + music.LOWEST_KEY) for key in np.flatnonzero(row)) for row in piece.roll]
    samples = inspection.draws[:3] if len(inspection.draws) else None  # a history has none
    beat = st.session_state.get("beat")
    figure = figures.trajectory_3d(inspection.z_loc, dims=dims, samples=samples, names=names, highlight=beat)
    plot(figure, "trajectory")


def _dimensions_of_link(z_dim):
    """The dimensions that a link draws, from 0; none if it does not name as many as there are axes."""
    numbers = st.query_params.get("axes", "").split(".")
    dims = [int(one) - 1 for one in numbers if one.isdecimal() and 0 < int(one[:9]) <= z_dim]
    return dims if len(set(dims)) == len(numbers) == AXES else []


def show_transition(run) -> None:
    """What the gates mean, if there are any; and the transition's formula and code."""
    words, source = TRANSITIONS[store.read_run_config(run).transition]
    st.markdown(words)
    formula_and_code(source)


@telling
def show_draws(run) -> None:
    """Pieces from the model alone."""
    left, right = st.columns(2)
    with left:
        seed = dials(LESSON, [SEED])["seed"]
    with right:
        steps = dials(LESSON, [BEATS])["beats"]
    piece = draw(run.name, version_of(run), steps, seed)
    words = "Show probabilities instead of a draw"
    mean = switch(LESSON, "mean", words, "What the coin of each key is weighted with.")
    roll_view(
        key="draw",
        roll=piece.probabilities if mean else piece.roll,
        latents=piece.z,
        gates=shown_gates(run, piece.gates),
        title="Probability of each key" if mean else "A draw from the model",
        description="A piece drawn from the model alone: no chorale goes in.",
    )
