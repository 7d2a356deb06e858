"""The bound in time: why a factor of the posterior needs the latent before and the frames from t on, line by line."""

import numpy as np
import streamlit as st

from dmm import floors, gaussian_chain, systems
from dmm.palette import GREEN, LATENT
from dmm.systems import FRAMES
from dmm.ui.bound_in_time.trajectories import DRAW, LESSON, World, world
from dmm.ui.deriving import Check, Step, derive
from dmm.ui.dials import value
from dmm.ui.explain import coloured

WHOLE = "the posterior, as one Gaussian with a full covariance"
SIGHT = {"z_{t-1}": LATENT, "x_{t:T}": GREEN}


def now() -> World:
    """The sequence of the page."""
    return world(int(value(LESSON, DRAW)))


def _joint_log_p() -> float:
    """log p(z | x) of the sequence's own z, from the posterior as one Gaussian with a full precision matrix."""
    one, dense = now(), floors.best(systems.linear(), FRAMES, "st-r")  # which is the posterior itself
    off = one.z - dense.A @ one.x - dense.const
    return float((np.linalg.slogdet(dense.precision / (2 * np.pi))[1] - off @ dense.precision @ off) / 2)


def product_log_p(latents, first) -> float:
    """The same as a sum of factors, each by conditioning the joint Gaussian of all z and x.

    Args:
        latents: t -> the latents before t (numbered from 0) that a factor is given.
        first: which frames it is given: "all" of them, those from t on ("present"), or its "own" alone.
    """
    one, (mean, cov) = now(), gaussian_chain.joint(systems.linear(), FRAMES)
    values = np.concatenate([one.z, one.x])
    return sum(
        gaussian_chain.log_p_of_some(mean, cov, values, [t], [*latents(t), *(FRAMES + s for s in frames(t, first))])
        for t in range(FRAMES)
    )


def frames(t, first):
    """The frames that a factor is given, numbered from 0."""
    return [t] if first == "own" else range(t if first == "present" else 0, FRAMES)


def _last(t):
    return range(max(t - 1, 0), t)


def _check(words, latents, first):
    def both():
        return Check(WHOLE, _joint_log_p(), words, product_log_p(latents, first))

    return both


def _check_kalman():
    one = now()
    steps = gaussian_chain.log_p_steps(one.posterior, one.z[None]).sum()
    mean, cov = gaussian_chain.joint(systems.linear(), FRAMES)
    values, all_frames = np.concatenate([one.z, one.x]), range(FRAMES, 2 * FRAMES)
    words = r"$\log p(z, x) - \log p(x)$, from one Gaussian with a full covariance"
    joint = gaussian_chain.log_p_of_some(mean, cov, values, range(FRAMES), all_frames)
    return Check(words, joint, "backward recursion over $x_{t:T}$", float(steps))


FACTORS = (
    Step(
        r"p(z_{1:T} \mid x_{1:T}) = p(z_1 \mid x_{1:T}) \prod_{t=2}^{T} p(z_t \mid z_{1:t-1}, x_{1:T})",
        "The chain rule of probability, in the order of time. It holds for any model.",
        _check("given all latents before, all frames", range, "all"),
    ),
    Step(
        r"= p(z_1 \mid x_{1:T}) \prod_{t=2}^{T} p(z_t \mid z_{t-1}, x_{1:T})",
        "Each path from an earlier latent to $z_t$ leads through $z_{t-1}$, in a chain, and $z_{t-1}$ is known: "
        "blocked.",
        _check("given the latent before, all frames", _last, "all"),
    ),
    Step(
        r"= p(z_1 \mid x_{1:T}) \prod_{t=2}^{T} p(z_t \mid z_{t-1}, x_{t:T})",
        "A path from an earlier frame $x_s$ climbs to $z_s$ and goes on through $z_{t-1}$, in a chain or, for "
        "$s = t-1$, in a fork: blocked as well. This is Eq. 3.",
        _check("given the latent before, frames from $t$ on", _last, "present"),
    ),
    Step(
        r"p(z_t \mid z_{t-1}, x_{t:T}) = \frac{p(z_t \mid z_{t-1}) \; p(x_{t:T} \mid z_t)}{p(x_{t:T} \mid z_{t-1})}",
        "Bayes' rule for one factor: the step from $z_{t-1}$ is its prior, and the frames from $t$ on are what is "
        "seen. In a linear system a recursion from the last frame to the first gives every factor.",
        _check_kalman,
    ),
    Step(
        r"p(z_{1:T} \mid x_{1:T}) \ne p(z_1 \mid x_1) \prod_{t=2}^{T} p(z_t \mid z_{t-1}, x_t)",
        "No path from a *later* frame is blocked: whoever leaves out the future gets another distribution. Check it: "
        "this time both sides differ.",
        _check("given the latent before, frame $t$ alone", _last, "own"),
    ),
)


@st.fragment
def show_factors_proof() -> None:
    """The lines of appendix C."""
    derive(LESSON, "factors", [step._replace(formula=coloured(step.formula, SIGHT)) for step in FACTORS])
