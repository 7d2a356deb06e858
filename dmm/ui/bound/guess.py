"""The bound: one hidden number, one frame, and log p(x) cut into its parts by a guess that sliders move."""

from functools import lru_cache

import numpy as np
import streamlit as st

from dmm import figures, one_latent, reading
from dmm.figures.bounds import GAP
from dmm.one_latent import NOISE, WORLDS, Parts, log_p_normal
from dmm.palette import BOUND, GREY, KL, RECONSTRUCTION
from dmm.ui.asking import predict
from dmm.ui.dials import Dial, dials, pick, picked, value
from dmm.ui.explain import coloured
from dmm.ui.plot import plot
from dmm.ui.theme import legible

LESSON = "bound"
FRAME = Dial("x", "Frame $x$", -1.0, 3.0, 1.5, 0.25, "What was seen: the one number $x$.")
LOC = Dial("mean", r"Mean $\mu$ of $q$", -3.0, 3.0, 0.5, 0.05, r"Where the guess $q(z)$ has its middle.")
SCALE = Dial("sd", r"Standard deviation $\sigma$ of $q$", 0.05, 2.0, 0.5, 0.05, "How wide the guess $q(z)$ is.")
KINDS = {name: name for name in WORLDS}
WORLD = "How $z$ shows in $x$: by a straight line, or by a network of one or of two units that bends or folds it."
SEEN = 4.0  # nats below log p(x) that the bar's axis shows
Z = np.linspace(-3.5, 3.5, 281)
COLOURS = {
    r"E_q[\log p(x \mid z)]": RECONSTRUCTION,
    r"\mathrm{KL}(q(z) \,\|\, p(z))": KL,
    r"\mathrm{KL}(q(z) \,\|\, p(z \mid x))": GAP,
    r"\mathrm{ELBO}": BOUND,
}
BELOW = {
    "straight": "A straight line: the posterior is a Gaussian, so $q$ can be the posterior itself.",
    "curved": "Below $z = -1$ the curve is nearly flat: there the frame tells little, and the posterior has a long "
    "tail that no Gaussian has.",
    "folded": "$z$ and $-z$ show alike. Where $x$ is large the posterior has two peaks, and a "
    "Gaussian has to choose: one of them, or a wide bell over both.",
}
LIKELIHOOD = "Dotted: the likelihood as a function of $z$, scaled to fit."
STAYS = [r"$\log p(x)$", "The ELBO", r"The gap, $\mathrm{KL}(q \,\|\, p(z \mid x))$"]
BECAUSE = (
    "It has no $q$ in it: it belongs to the model and the frame. $q$ decides how much of it the ELBO misses. Move "
    r"$\mu$ and $\sigma$, and watch the :gray[**grey**] part stand still."
)


def now() -> tuple[str, float, float, float]:
    """The world, the frame, and mean and standard deviation of q, as the first figure's controls stand."""
    first = next(iter(KINDS))
    return picked(LESSON, "world", first), *(value(LESSON, dial) for dial in (FRAME, LOC, SCALE))


@lru_cache(512)
def parts(kind: str, x: float, loc: float, scale: float) -> Parts:
    """log p(x) and its parts in a world, by name."""
    return one_latent.parts(WORLDS[kind], x, loc, scale)


def curves(kind: str, x: float, loc: float, scale: float):
    """What the figures draw over z."""
    world = WORLDS[kind]
    prior, guess = np.exp(log_p_normal(Z, 0.0, 1.0)), np.exp(log_p_normal(Z, loc, scale))
    likelihood, posterior = np.exp(one_latent.log_p_x(world, x, Z)), np.exp(one_latent.log_posterior(world, x, Z))
    return figures.Curves(Z, world.look(Z), prior, likelihood, posterior, guess)


@st.fragment
def show_bar() -> None:
    """The controls, the four curves, and, once somebody has said what they expect, the bar."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        kind = pick(LESSON, "world", "World", KINDS, WORLD)
        x, loc, scale = dials(LESSON, [FRAME, LOC, SCALE]).values()
        found = parts(kind, x, loc, scale)
        question = "Which of these three stays where it is, whatever $q$ is?"
        answered = predict("stays", question, STAYS, lambda: (stays(kind, x), BECAUSE))
        if answered:
            st.latex(equation(found))
            st.markdown(in_losses(found))
    with right:
        if answered:
            plot(figures.bound_bar(found, found.log_p_x - SEEN), "bar", tools=False)
        plot(figures.latent_curves(curves(kind, x, loc, scale), x, NOISE), "curves", tools=False)
        st.caption(f"{LIKELIHOOD} {BELOW[kind]}")


def stays(kind: str, x: float) -> str:
    """The one of the three that moves least while q moves."""
    several = [parts(kind, x, loc, scale) for loc, scale in ((-1.0, 0.5), (0.0, 1.0), (1.5, 0.3))]
    moved = [np.ptp(values) for values in zip(*((one.log_p_x, one.elbo, one.gap) for one in several), strict=True)]
    return STAYS[int(np.argmin(moved))]


def equation(found: Parts) -> str:
    """log p(x) and its parts in numbers, each in its colour."""
    numbers = {name: f"{number:.2f}" for name, number in found._asdict().items()}
    return (
        rf"\textcolor{{{GREY}}}{{{numbers['log_p_x']}}} = "
        rf"\underbrace{{\textcolor{{{legible(RECONSTRUCTION)}}}{{{numbers['reconstruction']}}} - "
        rf"\textcolor{{{legible(KL)}}}{{{numbers['kl']}}}}}_{{\text{{ELBO}} = {found.elbo:.2f}}} + "
        rf"\textcolor{{{legible(GAP)}}}{{{numbers['gap']}}}"
    )


def in_losses(found: Parts) -> str:
    """The same with the sign turned: what training prints."""
    return (
        f"As losses: the NLL, $-\\log p(x)$, is {-found.log_p_x:.2f} nats; $-\\mathrm{{ELBO}}$ is {-found.elbo:.2f}, "
        f"which is {found.gap:.2f} above it."
    )


def painted(steps):
    """Lines of a derivation, their terms in the colours of the bar."""
    return [step._replace(formula=coloured(step.formula, COLOURS)) for step in steps]


def show_identity() -> None:
    """The identity, as it stands beside its code, its terms in the colours of the bar."""
    st.latex(coloured(reading.formula("one_latent.parts"), COLOURS))


def show_model() -> None:
    """The model of this page."""
    st.latex(reading.formula("one_latent"))
