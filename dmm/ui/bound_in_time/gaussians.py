"""The bound in time: the KL of one step in closed form, line by line, checked on the chorale's beat and in S9."""

import numpy as np
import streamlit as st

from dmm import gaussian_chain
from dmm.ui.bound_in_time.bars import beat_dial
from dmm.ui.bound_in_time.beat import NOISE, one_draw, stored
from dmm.ui.bound_in_time.numbers import AT, DRAWS, FAMILY, trajectories
from dmm.ui.bound_in_time.split import PARTS
from dmm.ui.bound_in_time.system import guess
from dmm.ui.bound_in_time.trajectories import DRAW, LESSON
from dmm.ui.current import shipped_run
from dmm.ui.deriving import Check, Step, derive
from dmm.ui.dials import value
from dmm.ui.explain import coloured
from dmm.ui.looking import version_of

POINTS, REACH = 4001, 12.0  # of the grid for integrals, and how many standard deviations of q it covers
SIDE, PLANE = 241, 8.0  # the same for each side of a plane


def quadrature_kl(q_loc, q_scale, p_loc, p_scale) -> float:
    """The KL of two Gaussians as an integral on a grid: arrays (Z,), summed over dimensions, in nats."""
    u = np.linspace(-REACH, REACH, POINTS)[:, None]
    z = q_loc + q_scale * u
    log_q, log_p = (
        -(((z - loc) / scale) ** 2) / 2 - np.log(scale) for loc, scale in ((q_loc, q_scale), (p_loc, p_scale))
    )
    weight = np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi) * (u[1] - u[0])
    return float((weight * (log_q - log_p)).sum())


def plane_kl(q_mean, q_cov, p_mean, p_cov) -> float:
    """The KL of two Gaussians of two dimensions as an integral over the plane, in nats."""
    u = np.stack(np.meshgrid(*[np.linspace(-PLANE, PLANE, SIDE)] * 2), axis=-1).reshape(-1, 2)
    root = np.linalg.cholesky(q_cov)
    log_q, log_p = (_log_p(q_mean + u @ root.T, mean, cov) for mean, cov in ((q_mean, q_cov), (p_mean, p_cov)))
    cell = (2 * PLANE / (SIDE - 1)) ** 2 * np.linalg.det(root)
    return float((np.exp(log_q) * (log_q - log_p)).sum() * cell)


def _log_p(z, mean, cov):
    off = z - mean
    return -((off @ np.linalg.inv(cov) * off).sum(-1) + np.log(np.linalg.det(2 * np.pi * cov))) / 2


def _beat():
    """The Gaussians of the beat that is open above, in one draw; float64."""
    t = int(value(LESSON, beat_dial(len(stored().kl)))) - 1
    step = one_draw(shipped_run().name, version_of(shipped_run()), int(value(LESSON, NOISE)))
    parts = (step.q_loc, step.q_scale, step.p_loc, step.p_scale)
    return t, step, [part[t].astype(float) for part in parts]


def _check_general():
    """Eq. 11 with matrices: two neighbours of S9, under q and under the prior, against an integral over the plane."""
    one, pair = guess(int(value(LESSON, DRAW)), FAMILY), slice(AT - 2, AT)
    gaussians = [(mean[pair], cov[pair, pair]) for mean, cov in map(gaussian_chain.moments, (one.q, one.prior))]
    (q_mean, q_cov), (p_mean, p_cov) = gaussians
    words = f"Eq. 11 for $z_{{{AT - 1}}}$ and $z_{{{AT}}}$, $D = 2$"
    both = gaussian_chain.kl_whole(q_mean, q_cov, p_mean, p_cov)
    return Check(words, both, "the integral, on a grid", plane_kl(q_mean, q_cov, p_mean, p_cov))


def _check_diagonal():
    t, step, gaussians = _beat()
    ours = float(step.kl[t].astype(float).sum())
    words = f"formula, beat {t + 1}, {len(gaussians[0])} dimensions"
    return Check(words, ours, "the integral, on a grid", quadrature_kl(*gaussians))


def _check_equal():
    """The code of the bound, with q in the place of p as well; and the same integral."""
    import torch

    from dmm import elbo

    t, _, (q_loc, q_scale, *_) = _beat()
    loc, scale = torch.tensor(q_loc), torch.tensor(q_scale)
    ours = float(elbo.kl_normal(loc, scale, loc, scale).sum())
    return Check(
        f"`elbo.kl_normal`, beat {t + 1}, $p = q$",
        ours,
        "the integral, on a grid",
        quadrature_kl(*[q_loc, q_scale] * 2),
    )


def _check_mean():
    number, t = int(value(LESSON, DRAW)), AT - 1
    one = guess(number, FAMILY)
    drawn = gaussian_chain.kl_given(one.q, one.prior, gaussian_chain.before(trajectories(number)))[:, t]
    noise = float(drawn.std() / np.sqrt(DRAWS))
    return Check(f"S9, $t = {AT}$, exact", one.kl[t], f"mean over {DRAWS:,} draws of $z_{{{t}}}$", drawn.mean(), noise)


LINES = (
    Step(
        r"\begin{aligned} \mathrm{KL}(q \,\|\, p) = \tfrac12 \Big( & \log \frac{|\Sigma_p|}{|\Sigma_q|} - D + "
        r"\operatorname{Tr}(\Sigma_p^{-1} \Sigma_q) \\ & + (\mu_p - \mu_q)^\top \Sigma_p^{-1} (\mu_p - \mu_q) \Big) "
        r"\end{aligned}",
        "Eq. 11: the mean under $q$ of $\\log q - \\log p$, for two Gaussians of $D$ dimensions. The mean of a square "
        "is a variance plus the square of a mean; that gives the trace and the last term.",
        _check_general,
    ),
    Step(
        r"\mathrm{KL}_t(z_{t-1}) = \sum_{i=1}^{D} \Big( \log \frac{\sigma_{p,i}}{\sigma_{q,i}} + "
        r"\frac{\sigma_{q,i}^2 + (\mu_{q,i} - \mu_{p,i})^2}{2 \sigma_{p,i}^2} - \tfrac12 \Big)",
        "Both are diagonal: determinants are products and the inverse is $1 / \\sigma_p^2$, so all falls apart into a "
        "sum over dimensions.",
        _check_diagonal,
    ),
    Step(
        r"q = p \;\Rightarrow\; \mathrm{KL}_t = \sum_{i=1}^{D} \big( 0 + \tfrac12 - \tfrac12 \big) = 0",
        "A KL of equals is 0, a good test of any code. The paper's last formula drops the $-D$, and published code has "
        "done the same: its KL is too large by half a nat for each dimension. (Gradients do not notice.)",
        _check_equal,
    ),
    Step(
        r"E_{q(z_{t-1} \mid x)} \mathrm{KL}_t(z_{t-1}) \approx \mathrm{KL}_t(z_{t-1}), \quad "
        r"z_{t-1} \text{ drawn from } q",
        "$\\mu$ and $\\sigma$ depend on $z_{t-1}$, through networks. So that last mean is taken by drawing, one "
        "trajectory at a time; only in a linear system is it exact as well.",
        _check_mean,
    ),
)


@st.fragment
def show_gaussians_proof() -> None:
    """The lines of appendix B."""
    derive(LESSON, "gaussians", [step._replace(formula=coloured(step.formula, PARTS)) for step in LINES])
