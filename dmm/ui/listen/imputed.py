"""What the model puts in the place of what is not known, and what that is worth; computed once for each question."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm import figures
from dmm.conventions import minus_log_mean
from dmm.data import DataError, baselines
from dmm.runs import store
from dmm.runs.store import RunError
from dmm.ui.datasets import dataset_of
from dmm.ui.explain import formula_and_code
from dmm.ui.looking import model_of, version_of
from dmm.ui.plot import plot

MANY = 64  # draws behind a mean
AHEAD = 256  # draws behind a prediction
DEAF = 700  # a stream of random numbers of its own
KEEP = 4  # draws that can be heard
PARTICLES, LONG, FEWER, FEWEST = 1024, 128, 512, 256  # see `particles_for`; without holes it is FEWER
FLOOR = 1e-6  # no key is surer than this


class Imputed(NamedTuple):
    """Some draws, and the mean over many: x (KEEP, T, 88) 0/1, z (KEEP, T, Z), mean (T, 88) in 0..1.

    `costs`: of a piece that goes on, what each beat ahead costs that was written, in nats; `deaf`: the same if the
    model had heard nothing.
    """

    x: np.ndarray
    z: np.ndarray
    mean: np.ndarray
    costs: np.ndarray = np.zeros(0)
    deaf: np.ndarray = np.zeros(0)


def fill(run, piece, missing, seed) -> Imputed:
    """The missing cells (T, 88) of a piece, filled in."""
    packed = np.packbits(missing).tobytes()
    return _fill(run.name, version_of(run), piece.name, packed, seed, piece.roll, missing)


def go_on(run, piece, start, beats, heat, seed) -> Imputed:
    """So many beats after the first `start` of a piece."""
    return _go_on(run.name, version_of(run), piece.name, start, beats, heat, seed, piece.roll)


def particles_for(beats: int, augmented: bool) -> int:
    """How many particles look for the states of a piece with holes: as many as take half a second, augmented two."""
    if augmented:  # each draw then weighs the notes of each particle, key by key
        return FEWEST
    return PARTICLES if beats <= LONG else FEWER


def show_cost(run, piece, missing, found: Imputed) -> None:
    """What the erased keys cost the model, and a histogram."""
    chances = _chances(run)
    beats = int(missing.any(1).sum())
    first, second, third = st.columns(3)
    model = _nats(piece.roll, found.mean)[missing].sum() / beats
    first.metric("This model", f"{model:.2f}", help=f"The erased keys under the mean of {MANY} fillings, key by key.")
    if chances is not None:
        histogram = _nats(piece.roll, np.broadcast_to(chances, piece.roll.shape))[missing].sum() / beats
        second.metric("Each key by its frequency", f"{histogram:.2f}", help="What the same keys cost a histogram.")
    sounding = missing & (piece.roll > 0)
    if sounding.any():
        hit = found.mean[sounding].mean()
        third.metric("Erased notes found again", f"{hit:.0%}", help="How likely they are in that mean, on average.")
    st.caption(
        "Costs are in nats, per beat from which something was erased; lower is better. Computed now, for this piece "
        "alone. No key counts as surer than one in a million."
    )


def show_horizon(run, piece, start, found: Imputed, heat) -> None:
    """What each beat ahead costs that was written."""
    chances, ahead = _chances(run), len(found.costs)
    if chances is None or not ahead:
        return
    written = piece.roll[start : start + ahead]
    histogram = _nats(written, np.broadcast_to(chances, written.shape)).sum(1)
    plot(figures.cost_ahead(found.costs, found.deaf, histogram, start), "horizon")
    warmth = "" if heat == 1 else f" (all of its states at temperature {heat:g})"
    st.caption(
        f"What was written, as the model foresees it from beat {start}{warmth}: minus the logarithm of the mean "
        f"probability of each beat over {AHEAD} continuations. The dashed line is the same model without a beginning: "
        "as many pieces of its own, at the same beats. Where the two stay together, what it heard is forgotten. The "
        "dotted line knows how often each key sounds, and of chords nothing. One piece says little: try others."
    )


def show_code() -> None:
    """The formula and the code of the draws."""
    st.markdown("How a draw is found, with $P$ particles $k$; $x^\\circ$ are the keys that are known:")
    formula_and_code("smoothing.smooth", formula="smoothing")


@st.cache_data(show_spinner="Filling in…", max_entries=200)
def _fill(run_name, version, piece_name, packed, seed, _roll, _missing) -> Imputed:
    from dmm.imputing import fill_in

    dmm, _ = model_of(store.find_run(run_name))
    found = fill_in(dmm, _roll, ~_missing, MANY, seed, particles_for(len(_roll), dmm.augmented))
    return Imputed(found.rolls[:KEEP], found.z[:KEEP], found.probabilities.mean(0))


@st.cache_data(show_spinner="Going on…", max_entries=200)
def _go_on(run_name, version, piece_name, start, beats, heat, seed, _roll) -> Imputed:
    from dmm.imputing import continue_piece

    dmm, _ = model_of(store.find_run(run_name))
    found = continue_piece(dmm, _roll, start, beats, AHEAD, seed, FEWER, z_temperature=heat)
    written = _roll[start : start + beats]
    ahead = found.probabilities[:, start : start + len(written)]
    costs = (minus_log_mean(-_nats(written, p).sum(-1).T) for p in (ahead, _deaf(dmm, start, len(written), heat)))
    return Imputed(found.rolls[:KEEP], found.z[:KEEP], found.probabilities.mean(0), *costs)


def _deaf(dmm, start, beats, heat):
    """How likely each key is, that many beats after `start`, in pieces that the model makes up: (AHEAD, beats, 88)."""
    from dmm.batches import make_generator
    from dmm.rollout import draw_chance, roll_out

    chance = draw_chance(dmm, start + beats, make_generator(0, DEAF), AHEAD)
    return roll_out(dmm, chance, z_temperature=heat).probabilities[:, start:].numpy()


def _chances(run):
    """How often each key sounds in what the run learned from, (88,); None if that is gone."""
    try:
        rolls = [piece.roll for piece in dataset_of(store.read_run_config(run).data).train]
    except (DataError, RunError):
        return None
    return 1 / (1 + np.exp(-baselines.log_odds(rolls)))


def _nats(roll, p):
    """What each key costs, in nats."""
    p = np.clip(p, FLOOR, 1 - FLOOR)
    return -np.where(np.asarray(roll) > 0, np.log(p), np.log1p(-p))
