"""The bound in time: how the bound on a whole trajectory becomes a sum over frames, line by line, checked in S9."""

import numpy as np
import streamlit as st

from dmm import gaussian_chain, systems
from dmm.palette import KL, RECONSTRUCTION
from dmm.ui.bound_in_time.numbers import AT, DRAWS, dense_reconstruction, log_ratio, mean, now, trajectories, whole_kl
from dmm.ui.bound_in_time.trajectories import DRAW, LESSON
from dmm.ui.deriving import Check, Step, derive
from dmm.ui.dials import value
from dmm.ui.explain import coloured

TERMS = (
    r"\log \frac{q(z_t \mid z_{t-1}, x)}{p(z_t \mid z_{t-1})}",
    r"\mathrm{KL}(q(z_t \mid z_{t-1}, x) \,\|\, p(z_t \mid z_{t-1}))",
    r"\mathrm{KL}(q(z_{1:T} \mid x) \,\|\, p(z_{1:T}))",
    r"\mathrm{KL}(q(z_1 \mid x) \,\|\, p(z_1))",
)
WHOLE = "KL, each chain as one Gaussian with a full covariance"
PARTS = dict.fromkeys(TERMS, KL) | dict.fromkeys(
    (r"\log p(x_{1:T} \mid z_{1:T})", r"\log p(x_t \mid z_t)"), RECONSTRUCTION
)


def _check_bound():
    one, q = now()
    words = r"$E_q \log p(x \mid z) - \mathrm{KL}(q \,\Vert\, p) + \mathrm{KL}(q \,\Vert\, \text{posterior})$"
    total = dense_reconstruction() - whole_kl(q.prior) + whole_kl(one.posterior)
    return Check(r"$\log p(x_{1:T})$, Kalman", one.log_p, words, total)


def _check_frames():
    one, q = now()
    z, model = trajectories(int(value(LESSON, DRAW))), systems.linear()
    off = one.x - model.H[0, 0] * z - model.offset[0]
    drawn = -(off**2 / model.R[0, 0] + np.log(2 * np.pi * model.R[0, 0])).sum(1) / 2
    left, noise = mean(drawn)
    return Check(f"whole sequences, {DRAWS:,} draws", left, "sum over $t$, exact", q.reconstruction.sum(), noise)


def _check_factors():
    right, noise = mean(log_ratio())
    return Check(WHOLE, whole_kl(now()[1].prior), f"sum of log ratios, {DRAWS:,} draws", right, noise)


def _check_constant():
    """One term: over whole trajectories, and over the pair alone, drawn from its own two-dimensional marginal."""
    _, one = now()
    t = AT - 1
    whole, noise = mean(log_ratio(t))
    loc, cov = gaussian_chain.moments(one.q)
    root = np.linalg.cholesky(cov[t - 1 : t + 1, t - 1 : t + 1])
    pair = loc[t - 1 : t + 1] + np.random.default_rng(0).standard_normal((DRAWS, 2)) @ root.T
    logs = [
        -((pair[:, 1] - law.A[t] * pair[:, 0] - law.b[t]) ** 2 / law.C[t] + np.log(2 * np.pi * law.C[t])) / 2
        for law in (one.q, one.prior)
    ]
    alone, other = mean(logs[0] - logs[1])
    pair_words = f"$t = {AT}$: pairs from $q(z_{{{t}}}, z_{{{AT}}} \\mid x)$"
    return Check(f"$t = {AT}$: whole trajectories", whole, pair_words, alone, float(np.hypot(noise, other)))


def _check_split():
    one = now()[1]
    return Check(WHOLE, whole_kl(one.prior), "sum over $t$ of the terms", one.kl.sum())


def _check_eq5():
    one = now()[1]
    dense = dense_reconstruction() - whole_kl(one.prior)
    words = "Eq. 6, each chain as one Gaussian with a full covariance"
    return Check(words, dense, "Eq. 5: minus the bars of ST-L", one.bound)


BOUND = (
    Step(
        r"\log p(x_{1:T}) \ge E_q \log p(x_{1:T} \mid z_{1:T}) - \mathrm{KL}(q(z_{1:T} \mid x) \,\|\, p(z_{1:T}))",
        "Eq. 6: the bound for one latent, with the whole trajectory in its place. What is missing is the KL from $q$ "
        "to the posterior; the check adds it.",
        _check_bound,
    ),
    Step(
        r"E_q \log p(x_{1:T} \mid z_{1:T}) = \sum_t E_{q(z_t \mid x)} \log p(x_t \mid z_t)",
        "Given its latent, a frame depends on nothing else: the product of all frames becomes a sum of logs. Each term "
        "holds only $z_t$; all other latents are averaged away, and $q$'s marginal of $z_t$ stays.",
        _check_frames,
    ),
    Step(
        r"\begin{aligned} & \mathrm{KL}(q(z_{1:T} \mid x) \,\|\, p(z_{1:T})) \\ & \quad = E_q \sum_t "
        r"\log \frac{q(z_t \mid z_{t-1}, x)}{p(z_t \mid z_{t-1})} \end{aligned}",
        "A KL is the mean of $\\log q - \\log p$. Both are chains, so both logs are sums over $t$ (at $t = 1$, of "
        "$q(z_1 \\mid x)$ and $p(z_1)$).",
        _check_factors,
    ),
    Step(
        r"= \sum_t E_{q(z_{t-1}, z_t \mid x)} \log \frac{q(z_t \mid z_{t-1}, x)}{p(z_t \mid z_{t-1})}",
        "Eq. 7: each term is constant in all latents but two. The factors after $t$ integrate to 1; those before leave "
        "the marginal of $z_{t-1}$.",
        _check_constant,
    ),
    Step(
        r"\begin{aligned} = \; & \mathrm{KL}(q(z_1 \mid x) \,\|\, p(z_1)) \\ & + \sum_{t=2}^{T} E_{q(z_{t-1} \mid x)} "
        r"\mathrm{KL}(q(z_t \mid z_{t-1}, x) \,\|\, p(z_t \mid z_{t-1})) \end{aligned}",
        "The mean over $z_t$, with $z_{t-1}$ held, is a KL again. What is left is to average it over where the "
        "trajectory was before.",
        _check_split,
    ),
    Step(
        r"\begin{aligned} \log p(x_{1:T}) \ge & \sum_t E_{q(z_t \mid x)} \log p(x_t \mid z_t) "
        r"- \mathrm{KL}(q(z_1 \mid x) \,\|\, p(z_1)) \\ & - \sum_{t=2}^{T} E_{q(z_{t-1} \mid x)} "
        r"\mathrm{KL}(q(z_t \mid z_{t-1}, x) \,\|\, p(z_t \mid z_{t-1})) \end{aligned}",
        "All together: Eq. 5, three parts, and all of them sums over $t$. One pass along a drawn trajectory estimates "
        "them all.",
        _check_eq5,
    ),
)


@st.fragment
def show_bound_proof() -> None:
    """The lines of appendix A."""
    derive(LESSON, "split", [step._replace(formula=coloured(step.formula, PARTS)) for step in BOUND])
