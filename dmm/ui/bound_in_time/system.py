"""The bound in time: the same bars for the linear system, where the exact conditional can be shown beside q and p."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm import figures, gaussian_chain, systems
from dmm.gaussian_chain import GaussianChain
from dmm.systems import FRAMES
from dmm.ui.bound_in_time.bars import clickable, in_all, show_chorale
from dmm.ui.bound_in_time.beat import NOISE
from dmm.ui.bound_in_time.trajectories import DRAW, LESSON, world
from dmm.ui.choices import networks
from dmm.ui.dials import Dial, dials, pick, value
from dmm.ui.plot import plot

CASES = {"chorale": "A chorale", "system": "The linear system S9"}
CASE = "A chorale through the stored network; or S9, where the exact posterior is known as well."
FAMILIES = ("st-l", "st-r", "mf-lr", "mf-l")
NAMES = (
    "In these names ST, *structured*, draws each latent from the one before, and MF, *mean field*, each by itself; L: "
    "it sees the frames up to $t$, R: those from $t$ on, LR: all. [Structured inference](structured_inference) "
    "compares them."
)
FAMILY = "Which family of guesses q is from: the best that it has for S9, in closed form."
FRAME = Dial("frame", "Frame $t$", 1, FRAMES, 9, 1, "Which frame is opened; a click on a bar does the same.")


class Guess(NamedTuple):
    """The best q of a family for one sequence of S9: its steps, and the parts of the bound, (T,) each in nats."""

    q: GaussianChain
    prior: GaussianChain
    reconstruction: np.ndarray
    kl: np.ndarray

    @property
    def bound(self) -> float:
        """The lower bound on the log-likelihood, in nats."""
        return float((self.reconstruction - self.kl).sum())


@lru_cache(maxsize=60)
def guess(number: int, family: str) -> Guess:
    """That of a world, by its number, and a family."""
    model, x = systems.linear(), world(number).x
    q, prior = gaussian_chain.best_guess(model, x, family), gaussian_chain.prior(model, len(x))
    reconstruction = gaussian_chain.reconstruction_by_step(model, x, q)
    return Guess(q, prior, reconstruction, gaussian_chain.kl_by_step(q, prior))


@lru_cache(maxsize=60)
def _figure(number, family):
    one, x = guess(number, family), world(number).x
    mean, cov = gaussian_chain.moments(one.q)
    return figures.system_costs(x, mean, np.sqrt(np.diag(cov)), -one.reconstruction, one.kl)


@st.fragment
def show_costs() -> None:
    """The bound's parts over time, of a chorale or of a linear system; a click on a bar opens it."""
    show = {"chorale": show_chorale, "system": show_system}
    show[pick(LESSON, "case", "Whose bound", CASES, CASE)]()


def show_system() -> None:
    """The frames with their bars on the left, the chosen one on the right."""
    names = {family: networks()[family].name for family in FAMILIES}
    number = value(LESSON, DRAW)
    left, right = st.columns([3, 2], gap="large")
    with right:
        family = pick(LESSON, "family", "$q$ is the best of", names, FAMILY)
        st.caption(f"{names[family]}: ${networks()[family].formula}$, made from {networks()[family].sees}. {NAMES}")
    one, exact = guess(number, family), world(number)
    with left:
        t = clickable(_figure(number, family), FRAME)
        missing = exact.log_p - one.bound
        st.caption(
            f"Sequence {number} of S9, as drawn at the top of this page. "
            f"{in_all(-one.reconstruction, one.kl, 'frame')} Kalman's exact $-\\log p(x_{{1:T}})$ is "
            f"{-exact.log_p:.1f}: this $q$ loses {abs(missing):.2f} nats."
        )
    with right:
        _show_frame(one, exact, t, names[family])


def _show_frame(one, exact, frame, name):
    """q, p and the exact conditional at one frame, given a latent drawn from q."""
    t = frame - 1
    noise = dials(LESSON, [NOISE])["noise"]
    z = gaussian_chain.draw(one.q, np.random.default_rng(noise).standard_normal((1, FRAMES)))[0]
    before = gaussian_chain.before(z)
    laws = {"q": one.q, "p": one.prior, "exact": exact.posterior}
    at = {kind: (float(law.A[t] * before[t] + law.b[t]), float(np.sqrt(law.C[t]))) for kind, law in laws.items()}
    kl = {kind: gaussian_chain.kl_given(one.q, laws[kind], before)[t] for kind in ("p", "exact")}
    given, on = (f"z<sub>{t}</sub>, ", f" | z<sub>{t}</sub>") if t else ("", "")
    words = {
        "q": f"q of {name}",
        "p": f"p(z<sub>{frame}</sub>{on})",
        "exact": f"p(z<sub>{frame}</sub> | {given}x<sub>{frame}:{FRAMES}</sub>)" if t else "p(z<sub>1</sub> | x)",
    }
    plot(figures.step_bells({kind: (words[kind], *at[kind]) for kind in laws}, f"z<sub>{frame}</sub>"), "bells", False)
    where = f"At the drawn $z_{{{t}}} = {z[t - 1]:.2f}$" if t else "At the first frame"
    st.markdown(
        f"{where}: :orange[KL from $q$ to $p$ **{kl['p']:.3f}**], on average over $z_{{t-1}}$ {one.kl[t]:.3f}, the "
        f"orange bar. From $q$ to the exact factor, dashed: **{abs(kl['exact']):.3f}**."
    )
