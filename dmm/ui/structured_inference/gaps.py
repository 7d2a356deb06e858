"""Structured inference, second half: what each frame does to each latent, what a network loses, and why."""

from functools import cache
from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm import figures, floors, kalman, systems
from dmm.figures.bells import factorised_scale
from dmm.systems import FRAMES
from dmm.ui import tasks
from dmm.ui.asking import predict
from dmm.ui.choices import networks
from dmm.ui.dials import Dial, dials
from dmm.ui.plot import plot
from dmm.ui.structured_inference.wiring import LESSON, NOTHING, choose_network

LATENT = Dial("latent", "Which row, $t$", 1, FRAMES, 13, 1, "The latent $z_t$ whose row is framed and drawn as lines.")
NOISE = Dial(
    "noise", "Noise variance $R$ of the frames", 1, 100, 20, 1, "Small: each frame shows its latent clearly. S9 has 20."
)
RHO = Dial(
    "rho",
    r"Correlation $\rho$ of $z_{t-1}$ and $z_t$ given all frames",
    -0.95,
    0.95,
    0.8,
    0.05,
    "How far two latents are tied together in the posterior.",
)
FILTER = "Kalman filter"


class Causal(NamedTuple):
    """The Kalman filter held against the best guesses: its slopes (T, T), its RMSE, and what a guess with its means
    loses for being blind (nats per frame)."""

    influence: np.ndarray
    rmse: float
    blind_gap: float


def kalman_as_guess(model, frames: int) -> Causal:
    """What the filter's means are worth as a guess of all latents together, for z_dim and x_dim 1."""
    unit = np.concatenate([np.zeros((1, frames)), np.eye(frames)])[..., None]
    filtered = kalman.kalman_filter(model, unit)
    slopes = (filtered.mean[1:] - filtered.mean[:1])[..., 0].T
    return Causal(slopes, float(np.sqrt(filtered.cov[0].mean())), blind_gap(model, slopes))


@cache
def filter_on_s9() -> Causal:
    """The same on the paper's linear system."""
    return kalman_as_guess(systems.linear(), FRAMES)


@cache
def floors_of_s9(noise: int | None = None) -> dict[str, floors.Floor]:
    """The floors of the paper's linear system, or of one whose frames have another variance of their noise."""
    model = systems.linear()
    return floors.floors(model if noise is None else model._replace(R=np.array([[float(noise)]])), FRAMES)


@cache
def influence_on_s9(network: str | None = None) -> np.ndarray:
    """How far each frame moves each latent's mean: in the posterior, or in the best guess of a network; (T, T)."""
    return floors.influence(systems.linear(), FRAMES, network)


def blind_gap(model, A) -> float:
    r"""What a guess with the means $A x$, (T, T), loses in nats per frame: the formula of `floors`, for any A."""
    frames, H, R = len(A), model.H[0, 0], model.R[0, 0]
    exact = floors.best(model, frames, "st-r")
    z_cov = np.linalg.inv(exact.precision - H**2 / R * np.eye(frames))  # before any frame is seen
    missed = A - exact.A
    return float(np.trace(exact.precision @ missed @ (H**2 * z_cov + R * np.eye(frames)) @ missed.T) / (2 * frames))


# --- the influence of each frame on each latent --------------------------------------------------------------------


@st.fragment
def show_influence(learned=None) -> None:
    """Exact and best possible influence of a network; beside them what one learned, where it is stored.

    Args:
        learned: from a network's name to (T, T), of the linear system with 25 frames; None while nothing is stored.
    """
    name = choose_network("guess", "st-l")
    t = dials(LESSON, [LATENT])["latent"]
    maps = {"exact": influence_on_s9(), f"best {name.upper()}": influence_on_s9(name)}
    if learned and name in learned:
        maps[f"learned {name.upper()}"] = np.asarray(learned[name])
    rows, causal = {label: values[t - 1] for label, values in maps.items()}, filter_on_s9()
    if floors.FAMILIES[name][1] == "past":
        rows[FILTER] = causal.influence[t - 1]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        plot(figures.influence_maps(maps, t), "influence", tools=False)
    with right:
        plot(figures.influence_lines(rows, t, FILTER), "influence_row", tools=False)
    st.markdown(_what_is_seen(name, causal))


def _what_is_seen(name, causal):
    """The two maps in words and numbers."""
    sees, one, by_family = floors.FAMILIES[name][1], networks()[name].name, floors_of_s9()
    mine = by_family[name]
    if sees == "all":
        through = " The past reaches it through $z_{t-1}$ alone." if name == "st-r" else ""
        return f"The best {one} has exactly the posterior's means: the two maps are one.{through}"
    if sees == "future":
        return (
            f"{one} cannot see the past, so all below the diagonal is 0. Its mean errs by {mine.rmse:.2f} (root mean "
            f"square), the "
            f"exact posterior's by {by_family['st-r'].rmse:.2f}."
        )
    return (
        f"{one} cannot see the future, so all above the diagonal is 0. And a surprise: the best it can do is **not the "
        f"Kalman filter**. The filter makes each mean as near as the past allows (RMSE {causal.rmse:.2f}; the best "
        f"{one} has {mine.rmse:.2f}). But the bound judges the latents together, through the posterior's precision "
        "(the inverse of its covariance), which ties each to its neighbours: a guess with the filter's means would "
        f"lose {causal.blind_gap:.4f} nats per frame for being blind, the best one loses {mine.blind_gap:.4f}."
    )


# --- the gap meter -------------------------------------------------------------------------------------------------

DONE = (
    ":green[:material/check: **Yes, here.**] Clear frames leave neighbours less correlated, so a factorised guess "
    "loses less."
)


TRAINED = (
    "Hatched: what the network's form (its combiner) and *optimisation* leave, the gap of the race minus the floor. "
    "Whiskers: two standard errors to each side, for it is a *Monte-Carlo* estimate."
)


@st.fragment
def show_gaps(reached=None) -> None:
    """The floor of each network and what it consists of, for any noise of the frames.

    Args:
        reached: as in `figures.gap_bars`, of the linear system; shown while the noise is that system's.
    """
    noise = dials(LESSON, [NOISE])["noise"]
    stored = reached if noise == systems.linear().R[0, 0] else None
    by_family = floors_of_s9(noise)
    left, right = st.columns([3, 2], gap="large")
    with left:
        plot(figures.gap_bars(by_family, stored), "gaps", tools=False)
        if stored:
            st.caption(TRAINED)
    with right:
        mf_l, mf_lr, st_l = (by_family[name] for name in ("mf-l", "mf-lr", "st-l"))
        st.markdown(
            f"Exact: **{mf_l.exact:.4f}** nats per frame. Being factorised costs MF-LR {mf_lr.mean_field_gap:.4f}; "
            f"being blind to the future costs ST-L {st_l.blind_gap:.4f}. MF-L is both, and pays both:"
        )
        st.latex(rf"{mf_l.exact:.4f} + {mf_lr.mean_field_gap:.4f} + {st_l.blind_gap:.4f} = {mf_l.bound:.4f}")
        st.markdown("The two gaps add exactly.")
        st.markdown(
            f"**Also:** at $R = {noise}$ MF-L pays {mf_l.blind_gap:.4f} for being blind and {mf_l.mean_field_gap:.4f} "
            "for mean field. Is there a noise at which being blind costs more? "
            + (DONE if mf_l.blind_gap > mf_l.mean_field_gap else "")
        )


# --- mean field: right means, too narrow -----------------------------------------------------------------------------

MEANS = ["Yes, its means are off", "No, its means are exact"]


@st.fragment
def show_mean_field() -> None:
    """Two correlated latents and the best guess that treats them as independent."""
    asked, shown = st.columns([2, 3], gap="large")
    model = systems.linear()
    exact, best = (floors.best(model, FRAMES, name) for name in ("st-r", "mf-lr"))
    with asked:
        rho = dials(LESSON, [RHO])["rho"]
        right = MEANS[int(np.abs(best.A - exact.A).max() < NOTHING)]
        question = "The best guess of this posterior that treats the two latents as independent: is its mean wrong?"
        answered = predict("means", question, MEANS, right, _right_means(rho))
    with shown:
        plot(figures.ellipses(rho, answered), "ellipses", tools=False)
        if answered:
            cov = np.linalg.inv(exact.precision)
            tied = cov[12, 11] / np.sqrt(cov[12, 12] * cov[11, 11])
            st.caption(
                rf"Ellipses of two standard deviations. The gap is $-\frac12 \log(1 - \rho^2) = "
                rf"{-np.log(factorised_scale(rho)):.4f}$ nats. In the middle of a sequence of S9 neighbours have "
                rf"$\rho = {tied:.2f}$."
            )


def _right_means(rho):
    """Why the means are right and the widths are not."""
    by_family = floors_of_s9()
    return (
        r"Its centre is the posterior's. But it cannot tilt, and takes the width $\sigma_i = 1/\sqrt{\Lambda_{ii}}$, "
        r"with $\Lambda$ the precision, the inverse of the posterior's covariance: "
        rf"how far one latent moves while the other is *held*. Here that is {factorised_scale(rho):.2f}, where the "
        "posterior has 1: too certain of each latent. The root mean square error (RMSE) looks at means alone, so in S9 "
        f"MF-LR and the exact posterior share it: {by_family['mf-lr'].rmse:.3f} and {by_family['st-r'].rmse:.3f}."
    )


# --- try this ------------------------------------------------------------------------------------------------------

PAIRS = (("mf-lr", "st-lr"), ("st-l", "st-r"), ("st-r", "st-lr"), ("mf-l", "mf-r"))
SIDES = ["From the left (MF-L)", "From the right (MF-R)", "It makes no difference"]


@st.fragment
def show_tasks() -> None:
    """Three questions about the floors, which the floors themselves answer."""
    by_family = floors_of_s9()
    names = {family: one.name for family, one in networks().items()}
    bound = {family: one.bound for family, one in by_family.items()}
    stuck = bound["st-l"]
    tight = {family for family, one in by_family.items() if one.bound - one.exact < NOTHING}
    pairs = {pair: f"{names[pair[0]]} and {names[pair[1]]}" for pair in PAIRS}
    left, right = bound["mf-l"], bound["mf-r"]
    tasks.heading(LESSON)
    first, second, third = st.columns(3)
    with first:
        tasks.choose(
            LESSON,
            "stuck",
            f"The gap meter, at the noise of S9, $R = 20$, writes a floor beside each bar. One is {stuck:.4f} nats per "
            "frame: "
            "no guess of this family comes below it, however it is made. Which family?",
            list(names.values()),
            names[next(family for family in bound if bound[family] == stuck)],
            "It knows $z_{t-1}$, so it has no mean-field gap; but it is blind to the future, and that costs "
            f"{by_family['st-l'].blind_gap:.4f}.",
            "Set the gap meter's slider to 20, and look for the number right of the bars. A floor is the exact value "
            "and the gaps that no training closes.",
        )
    with second:
        tasks.choose(
            LESSON,
            "tight",
            f"Which two families contain the exact posterior, and so could reach the exact "
            f"{by_family['st-r'].exact:.4f}?",
            list(pairs.values()),
            pairs[next(pair for pair in PAIRS if set(pair) == tight)],
            "Both are structured and see the future. To see the past as well gains the best guess nothing: $z_{t-1}$ "
            "has told it. (A combiner that only adds cannot be that guess, and is a little helped by it.)",
            "A family that contains it pays nothing: in the gap meter it has neither a mean-field gap nor a blind one.",
        )
    with third:
        tasks.choose(
            LESSON,
            "side",
            "One RNN and a mean-field guess: from which side should it read S9?",
            SIDES,
            SIDES[0 if left < right else 1 if right < left else 2],
            f"Floors: {left:.4f} from the left, {right:.4f} from the right. S9 starts near 0, $z_1 \\sim N(0, 1)$: of "
            "the first latents the model knows beforehand what the past could tell, but not what the future does.",
            "Compare the two in the gap meter, and then look at where a sequence of S9 begins.",
        )
