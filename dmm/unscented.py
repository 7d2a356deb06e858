r"""The unscented Kalman filter and smoother: a bent Gaussian is followed by a few well-chosen points.

For $z \sim N(m, P)$ in $D$ dimensions, with $c = \alpha^2 (D + \kappa)$ and $A_i$ the i-th column of the Cholesky root
of $P$, the unscented transform moves $2 D + 1$ points and takes their moments:

$$
\begin{aligned}
\chi_0        &= m, \quad \chi_{\pm i} = m \pm \sqrt{c} \, A_i                     && \text{sigma points} \\
w_0           &= 1 - D / c, \quad w_{\pm i} = 1 / (2 c)                            && \text{weights of the mean} \\
w^P_0         &= w_0 + 1 - \alpha^2 + \beta, \quad w^P_{\pm i} = w_{\pm i}         && \text{of the covariance} \\
\hat m        &= \sum_i w_i \, f(\chi_i) \\
\hat P        &= \sum_i w^P_i \, (f(\chi_i) - \hat m)(f(\chi_i) - \hat m)^T + Q \\
\hat C        &= \sum_i w^P_i \, (\chi_i - m)(f(\chi_i) - \hat m)^T
\end{aligned}
$$

From there on everything is as in the Kalman filter and the Rauch-Tung-Striebel smoother, with $\hat C$ in place of
$P F^T$ and $P H^T$: on a linear system the two agree to the last digits. On a bent one the likelihood is that of a
Gaussian stand-in, not of the system, and can lie on either side of the true one.

Source: Julier & Uhlmann (1997), "A new extension of the Kalman filter to nonlinear systems": alpha 1, beta 0,
kappa 3 - D, the defaults here; Wan & van der Merwe (2000), "The unscented Kalman filter for nonlinear estimation", for
alpha and beta; Särkkä (2008), "Unscented Rauch-Tung-Striebel smoother", for the smoother.
Differs: beyond three dimensions kappa stays 0, since a negative weight may leave a covariance without a root.
"""

from typing import NamedTuple

import numpy as np

from dmm.kalman import Filtered, Smoothed
from dmm.systems import check_observations, log_p_gaussian


class Spread(NamedTuple):
    """Where the sigma points lie and what they weigh; kappa None is 3 - D, but at least 0."""

    alpha: float = 1.0
    beta: float = 0.0
    kappa: float | None = None


def unscented_filter(system, x, spread=Spread()):  # noqa: B008 (immutable)
    r"""A Gaussian for each $p(z_t \mid x_{1:t})$.

    Args:
        system: a `System` of any dimension.
        x: (N, T, X), observations.
        spread: of the sigma points.

    Returns:
        `kalman.Filtered`: mean (N, T, Z), cov (N, T, Z, Z), both again as predicted from the frames before, and the
        log pseudo-likelihood (N,) in nats, summed over time.

    Raises:
        ValueError: x does not fit, the spread leaves the sigma points nowhere to lie, or makes a variance below 0.
    """
    x, weights = check_observations(x, system), _weights(len(system.Q), spread)
    n = len(x)
    mean, cov = np.tile(system.mean_1, (n, 1)), np.tile(system.cov_1, (n, 1, 1))
    steps, log_likelihood = [], np.zeros(n)
    for t in range(x.shape[1]):
        if t:
            mean, cov, _ = _transform(system.step, mean, cov, system.Q, weights)
        predicted = mean, cov
        seen, seen_cov, cross = _transform(system.look, mean, cov, system.R, weights)
        gain = _divide(cross, seen_cov)
        surprise = x[:, t] - seen
        mean = mean + _times(gain, surprise)
        cov = _checked(_symmetric(cov - gain @ seen_cov @ gain.mT))
        log_likelihood += log_p_gaussian(surprise, seen_cov)
        steps.append((mean, cov, *predicted))
    return Filtered(*(np.stack(part, axis=1) for part in zip(*steps, strict=True)), log_likelihood)


def unscented_smoother(system, filtered, spread=Spread()):  # noqa: B008 (immutable)
    r"""A Gaussian for each $p(z_t \mid x_{1:T})$, backwards from the last filtered one.

    $$
    \begin{aligned}
    G_t     &= \hat C_{t+1} \, (P^-_{t+1})^{-1} \\
    m^s_t   &= m_t + G_t (m^s_{t+1} - m^-_{t+1}) \\
    P^s_t   &= P_t + G_t (P^s_{t+1} - P^-_{t+1}) \, G_t^T
    \end{aligned}
    $$

    Args:
        system: the `System` that was filtered.
        filtered: what `unscented_filter` returned, with the same spread.
        spread: of the sigma points.

    Returns:
        `kalman.Smoothed`: mean (N, T, Z), cov (N, T, Z, Z), and the covariance of each state with the one before.
    """
    weights = _weights(len(system.Q), spread)
    mean, cov = filtered.mean.copy(), filtered.cov.copy()
    lag_one = np.empty_like(cov[:, 1:])
    for t in range(mean.shape[1] - 2, -1, -1):
        *_, cross = _transform(system.step, mean[:, t], cov[:, t], system.Q, weights)
        gain = _divide(cross, filtered.predicted_cov[:, t + 1])
        mean[:, t] += _times(gain, mean[:, t + 1] - filtered.predicted_mean[:, t + 1])
        cov[:, t] += _symmetric(gain @ (cov[:, t + 1] - filtered.predicted_cov[:, t + 1]) @ gain.mT)
        _checked(cov[:, t])
        lag_one[:, t] = cov[:, t + 1] @ gain.mT
    return Smoothed(mean, cov, lag_one)


def _weights(dim, spread):
    """The square root of c, and the weights of mean and covariance, each (2 D + 1,)."""
    alpha, beta, kappa = spread
    kappa = max(0, 3 - dim) if kappa is None else kappa
    c = alpha**2 * (dim + kappa)
    if not c > 0:
        raise ValueError(f"alpha² (Z + kappa) must be above 0: got alpha {alpha:g} and kappa {kappa:g} for Z = {dim}.")
    of_mean = np.full(2 * dim + 1, 1 / (2 * c))
    of_mean[0] = 1 - dim / c
    of_cov = of_mean.copy()
    of_cov[0] += 1 - alpha**2 + beta
    return np.sqrt(c), of_mean, of_cov


def _transform(function, mean, cov, noise, weights):
    """The unscented transform: mean (N, D') and covariance (N, D', D') of the image, and its covariance with z."""
    root_c, of_mean, of_cov = weights
    arms = root_c * np.linalg.cholesky(cov).mT  # (N, D, D), one arm a row
    points = mean[:, None] + np.concatenate([np.zeros_like(mean)[:, None], arms, -arms], axis=1)  # (N, 2 D + 1, D)
    images = function(points)
    centre = of_mean @ images
    off, weighted = points - mean[:, None], of_cov[:, None] * (images - centre[:, None])
    return centre, _checked(_symmetric((images - centre[:, None]).mT @ weighted + noise)), off.mT @ weighted


def _checked(cov):
    """Covariances, if every one still is one: negative weights can make them something else."""
    try:
        np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        smallest = np.linalg.eigvalsh(cov).min()
        raise ValueError(f"these sigma points make a variance of {smallest:.3g}: it must be above 0.") from None
    return cov


def _divide(a, cov):
    """a cov^-1, for a symmetric cov."""
    return np.linalg.solve(cov, a.mT).mT


def _times(a, b):
    """Each matrix of a (N, D, E) times its vector of b (N, E)."""
    return (a @ b[..., None])[..., 0]


def _symmetric(a):
    """a without what rounding made of its symmetry."""
    return (a + a.mT) / 2
