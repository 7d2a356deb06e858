r"""Exact inference in the linear Gaussian model, the one case in which the posterior of the hidden states is known.

The model and its letters are those of `linear_gaussian.py`; `observed` says what was seen and what is missing.

Source: Kalman (1960); Rauch, Tung & Striebel (1965).
"""

from typing import NamedTuple

import numpy as np

from dmm.linear_gaussian import chain, in_words, refuse_unless_count


class Filtered(NamedTuple):
    """What the frames up to now say of each state, and, as `predicted_`, what those before it said.

    Without missing data all sequences have the same covariances: one array, seen N times and read-only.
    """

    mean: np.ndarray  # (N, T, Z)
    cov: np.ndarray  # (N, T, Z, Z)
    predicted_mean: np.ndarray  # (N, T, Z)
    predicted_cov: np.ndarray  # (N, T, Z, Z)
    log_likelihood: np.ndarray  # (N,), nats, summed over frames


class Smoothed(NamedTuple):
    """What all frames say of each state; `lag_one[:, t - 1]` is the covariance of z_{t+1} (rows) with z_t (columns)."""

    mean: np.ndarray  # (N, T, Z)
    cov: np.ndarray  # (N, T, Z, Z)
    lag_one: np.ndarray  # (N, T - 1, Z, Z)


class Forecast(NamedTuple):
    """What comes after the last frame: `mean[:, k - 1]` and so on are k steps ahead."""

    mean: np.ndarray  # (N, K, Z)
    cov: np.ndarray  # (N, K, Z, Z)
    x_mean: np.ndarray  # (N, K, X)
    x_cov: np.ndarray  # (N, K, X, X)


class Conditionals(NamedTuple):
    """Each state given the one before and the frames from it on: mean A z_{t-1} + b, covariance C; at t = 1, A is 0."""

    A: np.ndarray  # (T, Z, Z)
    b: np.ndarray  # (N, T, Z)
    C: np.ndarray  # (T, Z, Z)


def kalman_filter(model, x, observed=None):
    r"""The states given the frames so far, $p(z_t \mid x_{1:t}) = N(m_t, P_t)$, and how likely the frames are.

    $$
    \begin{aligned}
    m_t^- &= F m_{t-1} + d, \qquad P_t^- = F P_{t-1} F^\top + Q          && \text{predict; at } t = 1: m_1, P_1 \\
    S_t   &= H P_t^- H^\top + R, \qquad K_t = P_t^- H^\top S_t^{-1}      && \text{gain} \\
    m_t   &= m_t^- + K_t (x_t - H m_t^- - c)                             && \text{correct} \\
    P_t   &= (I - K_t H) P_t^- (I - K_t H)^\top + K_t R K_t^\top         && \text{Joseph's form} \\
    \log p(x_{1:T}) &= \sum_t \log N(x_t; \, H m_t^- + c, \, S_t)
    \end{aligned}
    $$

    Args:
        x: (N, T, X); where missing, any number or NaN.
        observed: (N, T) or (N, T, X), 1 where x was seen and 0 where it is missing; None for all seen. What is
            missing is integrated out exactly: its rows of H are 0.

    Returns:
        `Filtered`; its log-likelihood is of what was observed alone.

    Raises:
        ValueError: a shape does not fit, an observed number is not finite, or `observed` holds other than 0 and 1.
    """
    x, seen = _checked(model, x, observed)  # (N, T, X), (1 or N, T, X)
    H = seen[..., None] * model.H
    R = seen[..., None] * model.R * seen[..., None, :] + (1 - seen)[..., None] * np.eye(len(model.R))
    predicted_cov, cov, K, S = _covariances(model, H, R)
    y = np.where(seen == 1, x - model.offset, 0.0)
    keep = np.eye(len(model.F)) - K @ H
    base = np.broadcast_to(model.drift, (*y.shape[:2], len(model.F))).copy()
    base[:, 0] = model.mean_1
    mean = chain(keep @ model.F, _times(keep, base) + _times(K, y))
    predicted_mean = base
    predicted_mean[:, 1:] += mean[:, :-1] @ model.F.T
    surprise = y - _times(H, predicted_mean)
    squared = (surprise * np.linalg.solve(S, surprise[..., None])[..., 0]).sum(-1)
    log_p = -(squared + np.linalg.slogdet(S)[1] + seen.sum(-1) * np.log(2 * np.pi)) / 2
    shape = (len(x), *cov.shape[1:])
    cov, predicted_cov = (np.broadcast_to(_symmetric(part), shape) for part in (cov, predicted_cov))
    return Filtered(mean, cov, predicted_mean, predicted_cov, log_p.sum(1))


def smoother(model, filtered):
    r"""The states given all frames, $p(z_t \mid x_{1:T}) = N(\hat m_t, \hat P_t)$, from the last to the first.

    $$
    \begin{aligned}
    J_t       &= P_t F^\top (P_{t+1}^-)^{-1} \\
    \hat m_t  &= m_t + J_t (\hat m_{t+1} - m_{t+1}^-) \\
    \hat P_t  &= (I - J_t F) P_t (I - J_t F)^\top + J_t Q J_t^\top + J_t \hat P_{t+1} J_t^\top \\
    \operatorname{Cov}(z_{t+1}, z_t \mid x_{1:T}) &= \hat P_{t+1} J_t^\top
    \end{aligned}
    $$

    Returns:
        `Smoothed`.

    Source: Rauch, Tung & Striebel (1965).
    Differs: the covariance is a sum of positive parts; the textbook's $P_t + J_t (\hat P_{t+1} - P_{t+1}^-) J_t^\top$
    subtracts.
    """
    n, frames, z_dim = filtered.mean.shape
    cov, predicted_cov = (_distinct(part) for part in (filtered.cov, filtered.predicted_cov))
    J = _T(np.linalg.solve(predicted_cov[:, 1:], model.F @ cov[:, :-1]))
    keep = np.eye(z_dim) - J @ model.F
    own = keep @ cov[:, :-1] @ _T(keep) + J @ model.Q @ _T(J)
    covs = [cov[:, -1]]
    for t in reversed(range(frames - 1)):
        covs.append(own[:, t] + J[:, t] @ covs[-1] @ _T(J[:, t]))
    smooth_cov = _symmetric(np.stack(covs[::-1], axis=1))
    moves = filtered.mean.copy()
    moves[:, :-1] -= _times(J, filtered.predicted_mean[:, 1:])
    last = np.zeros((len(J), 1, z_dim, z_dim))  # nothing comes after it
    mean = chain(np.concatenate([J, last], axis=1)[:, ::-1], moves[:, ::-1])[:, ::-1]
    lag_one = smooth_cov[:, 1:] @ _T(J)
    return Smoothed(mean, *(np.broadcast_to(part, (n, *part.shape[1:])) for part in (smooth_cov, lag_one)))


def forecast(model, filtered, steps):
    r"""What follows the last frame: $p(z_{T+k} \mid x_{1:T})$ and $p(x_{T+k} \mid x_{1:T})$ for $k = 1 \dots K$.

    $$
    m_{T+k} = F m_{T+k-1} + d, \qquad P_{T+k} = F P_{T+k-1} F^\top + Q; \qquad
    x_{T+k} \sim N(H m_{T+k} + c, \, H P_{T+k} H^\top + R)
    $$

    Returns:
        `Forecast`.

    Raises:
        ValueError: steps lies outside 1 to 100,000.
    """
    refuse_unless_count("steps", steps)
    means, covs = [filtered.mean[:, -1]], [_distinct(filtered.cov)[:, -1]]
    for _ in range(steps):
        means.append(means[-1] @ model.F.T + model.drift)
        covs.append(model.F @ covs[-1] @ model.F.T + model.Q)
    mean, cov = np.stack(means[1:], axis=1), _symmetric(np.stack(covs[1:], axis=1))
    x_cov = _symmetric(model.H @ cov @ model.H.T + model.R)
    cov, x_cov = (np.broadcast_to(part, (len(mean), *part.shape[1:])) for part in (cov, x_cov))
    return Forecast(mean, cov, mean @ model.H.T + model.offset, x_cov)


def conditionals(model, x):
    r"""Each state given the one before and the frames still to come: the exact factors of the posterior.

    $$
    \begin{aligned}
    p(z_{1:T} \mid x_{1:T}) &= \prod_t p(z_t \mid z_{t-1}, x_{t:T}), \qquad
    p(z_t \mid z_{t-1}, x_{t:T}) = N(A_t z_{t-1} + b_t, \, C_t) \\
    J_t &= H^\top R^{-1} H + A_{t+1}^\top J_{t+1} F                   && \text{what } x_{t:T} \text{ say of } z_t \\
    h_t &= H^\top R^{-1} (x_t - c) + A_{t+1}^\top (h_{t+1} - J_{t+1} d) \\
    C_t &= (Q^{-1} + J_t)^{-1}, \qquad A_t = C_t Q^{-1} F, \qquad b_t = C_t (Q^{-1} d + h_t)
    \end{aligned}
    $$

    with $P_1, m_1, A_1 = 0$ in the place of $Q, d, F$ at $t = 1$, and nothing added at $t = T$.

    Args:
        x: (N, T, X), all of it observed.

    Returns:
        `Conditionals`; $b_t$ alone depends on x.

    Raises:
        ValueError: the shape does not fit, or a number is not finite.

    Source: Krishnan, Shalit & Sontag (2017), Eq. 3; the recursion is the backward information filter.
    """
    x, _ = _checked(model, x, None)
    frames, z_dim = x.shape[1], len(model.F)
    see = np.linalg.solve(model.R, model.H).T  # (Z, X), H' R^-1
    prior = np.broadcast_to(np.linalg.inv(model.Q), (frames, z_dim, z_dim)).copy()
    prior[0] = np.linalg.inv(model.cov_1)
    A, J, C = (np.zeros_like(prior) for _ in range(3))
    later = np.zeros((z_dim, z_dim))
    for t in reversed(range(frames)):
        J[t] = see @ model.H + later
        C[t] = np.linalg.inv(prior[t] + J[t])
        A[t] = C[t] @ prior[t] @ model.F if t else 0
        later = _symmetric(A[t].T @ J[t] @ model.F)
    h = (x - model.offset) @ see.T
    h[:, :-1] -= _times(_T(A[1:]) @ J[1:], model.drift)
    h = chain(np.concatenate([_T(A[1:]), A[:1]])[None, ::-1], h[:, ::-1])[:, ::-1]
    start = np.concatenate([prior[:1] @ model.mean_1, prior[1:] @ model.drift])
    return Conditionals(A, _times(C, start + h), _symmetric(C))


def _covariances(model, H, R):
    """Predicted and filtered covariances, gains and the variances of the surprises: each (1 or N, T, ., .)."""
    eye, steps = np.eye(len(model.F)), []
    predicted = np.broadcast_to(model.cov_1, (len(H), *model.cov_1.shape))
    for t in range(H.shape[1]):
        H_t, R_t = H[:, t], R[:, t]
        HP = H_t @ predicted
        S = HP @ _T(H_t) + R_t
        K = _T(np.linalg.solve(S, HP))
        keep = eye - K @ H_t
        cov = keep @ predicted @ _T(keep) + K @ R_t @ _T(K)
        steps.append((predicted, cov, K, S))
        predicted = model.F @ cov @ model.F.T + model.Q
    return (np.stack(part, axis=1) for part in zip(*steps, strict=True))


def _times(matrices, vectors):
    """A matrix times a vector, for each frame."""
    return (matrices @ vectors[..., None])[..., 0]


def _T(matrices):
    return matrices.swapaxes(-1, -2)


def _symmetric(matrices):
    """Without the last digit's asymmetry."""
    return (matrices + _T(matrices)) / 2


def _distinct(cov):
    """Covariances that are one array seen N times, once: (1, T, Z, Z); others as they are."""
    return cov[:1] if cov.strides[0] == 0 else cov


def _checked(model, x, observed):
    """x (N, T, X) and what was seen of it (1 or N, T, X), or one sentence about what is wrong."""
    x, x_dim = np.asarray(x, dtype=float), len(model.R)
    if x.ndim != 3 or x.shape[2] != x_dim or 0 in x.shape:
        raise ValueError(f"x is {in_words(x.shape)}, expected NxTx{x_dim} with at least one sequence and one frame.")
    if observed is None:
        seen = np.ones((1, *x.shape[1:]))
    else:
        seen = np.asarray(observed, dtype=float)
        if seen.shape not in (x.shape, x.shape[:2]):
            raise ValueError(
                f"observed is {in_words(seen.shape)}, expected {in_words(x.shape[:2])} or {in_words(x.shape)}."
            )
        if not np.isin(seen, (0, 1)).all():
            raise ValueError(f"observed must be 0 or 1: got {seen[~np.isin(seen, (0, 1))][0]:g}.")
        seen = np.broadcast_to(seen if seen.ndim == 3 else seen[..., None], x.shape)
    wrong = (seen == 1) & ~np.isfinite(x)
    if wrong.any():
        raise ValueError(f"x must be finite where it is observed: got {x[wrong][0]:g}.")
    return x, seen
