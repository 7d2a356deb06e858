"""The bound in time: a chorale through the stored network, and one of its beats with the Gaussians q and p."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm import figures
from dmm.inspection import load_inspection
from dmm.music import LOWEST_KEY, note_name
from dmm.runs import store
from dmm.ui.bound_in_time.trajectories import LESSON
from dmm.ui.current import shipped_run
from dmm.ui.datasets import dataset_of
from dmm.ui.dials import Dial, dials
from dmm.ui.looking import model_of, version_of
from dmm.ui.plot import plot

NOISE = Dial("noise", "Another draw", 1, 20, 1, 1, "Which random numbers the latents are drawn with.")
OPEN = "Draws the latents of the whole chorale once, here and now, and shows the two Gaussians of this beat."
STREAM = 500  # of random numbers, its own
OPENED = "bound_in_time opened"


class Costs(NamedTuple):
    """A chorale and what the stored run pays for it: a `Piece`, (T,) and (T, Z) in nats, means over draws."""

    piece: object
    reconstruction: np.ndarray
    kl: np.ndarray


class Step(NamedTuple):
    """One draw of the latents of the chorale, (T, Z) each: both Gaussians, what was drawn from q, and their KL."""

    q_loc: np.ndarray
    q_scale: np.ndarray
    p_loc: np.ndarray
    p_scale: np.ndarray
    z: np.ndarray
    kl: np.ndarray


def stored() -> Costs:
    """The chorale that came with the stored run; needs no torch."""
    return stored_of(shipped_run().name, version_of(shipped_run()))


@st.cache_resource(show_spinner=False, max_entries=4)
def stored_of(run_name: str, version: float) -> Costs:
    """The chorale of a run, by its name."""
    run = store.find_run(run_name)
    piece = dataset_of(store.read_run_config(run).data).test[0]
    found = load_inspection(run / "inspection.npz")
    return Costs(piece, found.reconstruction, found.kl)


@st.cache_data(show_spinner="Drawing the latents…", max_entries=40)
def one_draw(run_name: str, version: float, noise: int) -> Step:
    """The chorale through the network once."""
    from dmm import elbo
    from dmm.batches import make_generator, to_tensors

    dmm, _ = model_of(store.find_run(run_name))
    batch = to_tensors([stored_of(run_name, version).piece.roll])
    ran = elbo.one_pass(dmm, batch, dmm.sample_noise(batch.x, make_generator(noise, STREAM)))
    kl = elbo.divergence(ran.posterior, ran.p_loc, ran.p_scale)
    parts = (ran.posterior.q_loc, ran.posterior.q_scale, ran.p_loc, ran.p_scale, ran.posterior.z, kl)
    return Step(*(part[0].numpy() for part in parts))


def open_up() -> None:
    """Show q and p of the beat, from now on; for a callback."""
    st.session_state[OPENED] = True


def show_beat(costs: Costs, beat: int) -> None:
    """One beat: its notes and parts, its KL by dimension, and on request q and p."""
    t = beat - 1
    st.markdown(
        f"**Beat {beat}**: {notes_of(costs.piece.roll[t])}. :green[$-\\log p(x_{{{beat}}} \\mid z_{{{beat}}})$ = "
        f"{costs.reconstruction[t]:.2f}], :orange[$\\mathrm{{KL}}_{{{beat}}}$ = {costs.kl[t].sum():.2f}] nats."
    )
    if not st.session_state.get(OPENED):
        plot(figures.ranked_kl(costs.kl[t], 0), "ranked", tools=False)
        st.caption("The KL of each latent dimension, the largest first: their sum is the orange bar.")
        how = {"icon": ":material/unfold_more:", "key": "open_step", "help": OPEN}
        st.button("Open q and p", on_click=open_up, **how)
        return
    run, sizes = shipped_run(), costs.kl.shape[1]
    rank = Dial("rank", "Dimension, by its KL", 1, sizes, 1, 1, "1 is the dimension of z with the largest KL here.")
    first, second = st.columns(2)
    with first:
        place = dials(LESSON, [rank])["rank"] - 1
    with second:
        step = one_draw(run.name, version_of(run), dials(LESSON, [NOISE])["noise"])
    plot(figures.ranked_kl(step.kl[t], place), "ranked", tools=False)
    _show_bells(step, t, int(np.argsort(-step.kl[t], kind="stable")[place]))


def _show_bells(step, t, i):
    """q and p in one dimension, and their KL."""
    q, p = (float(step.q_loc[t, i]), float(step.q_scale[t, i])), (float(step.p_loc[t, i]), float(step.p_scale[t, i]))
    before = f"z<sub>{t}</sub>" if t else "z<sub>0</sub>"
    bells = {"q": (f"q(z<sub>{t + 1}</sub> | {before}, x)", *q), "p": (f"p(z<sub>{t + 1}</sub> | {before})", *p)}
    label = f"z<sub>{t + 1}</sub>, dimension {i + 1}"
    plot(figures.step_bells(bells, label, float(step.z[t, i])), "bells", tools=False)
    st.caption(
        f"One draw, computed now. Dimension {i + 1}: :orange[KL {step.kl[t, i]:.3f}] nats; all {step.kl.shape[1]} "
        f"together {step.kl[t].sum():.2f}, the bar is the mean of such sums."
    )


def notes_of(frame) -> str:
    """The keys of a frame from the highest down, as names."""
    return " ".join(note_name(key + LOWEST_KEY) for key in np.flatnonzero(frame)[::-1]) or "silence"
