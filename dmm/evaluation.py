r"""How good a model is on pieces it has not seen: the bound, and a tighter estimate of the likelihood.

With $L_i$ the bound of sequence $i$ and $T_i$ its length:

$$
\begin{aligned}
a     &= -\sum_i \log \Big( \frac1S \sum_s \frac{p(x_i, z_i^{(s)})}{q(z_i^{(s)} \mid x_i)} \Big) \Big/ \sum_i T_i
         && \text{importance sampling} \\
(b)   &= \sum_i -L_i \Big/ \sum_i T_i
         && \text{bound per frame} \\
\{c\} &= \frac1N \sum_i -L_i / T_i
         && \text{mean of sequences}
\end{aligned}
$$

All are nats per frame, lower is better, and a is at most (b) but for Monte-Carlo error.

Source: Krishnan, Shalit & Sontag (2017), section 6.1 and Eq. 9.
"""

import math
from typing import NamedTuple

import torch

from dmm import elbo
from dmm.training import make_generator, to_tensors

EVALUATION = 200  # a stream of random numbers of its own
CHUNK = 40_000  # frames in one pass, over all draws: memory stays flat however many draws are asked for


class Evaluation(NamedTuple):
    """Nats per frame, lower is better: a, (b) and {c} of the formulas, and the standard error of (b) over draws."""

    nll_is: float
    nll_bound: float
    nll_bound_se: float | None
    nll_bound_per_sequence: float
    frames: int
    sequences: int
    samples: int


@torch.no_grad()
def evaluate(dmm, rolls, samples=500, seed=0):
    """a, (b) and {c} of a model on some pieces.

    Args:
        dmm: a `DMM`.
        rolls: (T, X) arrays.
        samples: S, how many draws of the latents for each piece.
        seed: of the draws.

    Returns:
        `Evaluation`; no piece is ever left out.

    Raises:
        ValueError: there are no pieces or no draws.
    """
    if not len(rolls) or samples < 1:
        raise ValueError(f"got {len(rolls)} pieces and {samples} draws, expected at least one of each")
    generator = make_generator(seed, EVALUATION)
    weights, bounds = [], []
    for roll in rolls:
        log_weight, bound = _draws(dmm, roll, samples, generator)
        weights.append(torch.logsumexp(log_weight, 0) - math.log(samples))
        bounds.append(bound)
    lengths = torch.tensor([len(roll) for roll in rolls], dtype=torch.float64)
    bounds = torch.stack(bounds)  # (N, S)
    frames = lengths.sum()
    per_draw = -bounds.sum(0) / frames  # (S,): each an estimate of (b)
    return Evaluation(
        nll_is=float(-torch.stack(weights).sum() / frames),
        nll_bound=float(per_draw.mean()),
        nll_bound_se=float(per_draw.std() / math.sqrt(samples)) if samples > 1 else None,
        nll_bound_per_sequence=float((-bounds.mean(1) / lengths).mean()),
        frames=int(frames),
        sequences=len(rolls),
        samples=samples,
    )


def _draws(dmm, roll, samples, generator):
    """log p(x, z) - log q(z | x) and the bound with the analytic KL, each (S,), for one piece."""
    at_once = max(1, CHUNK // len(roll))
    log_weights, bounds = [], []
    for start in range(0, samples, at_once):
        batch = to_tensors([roll] * min(at_once, samples - start), dmm.z_0.dtype)
        noise = dmm.sample_noise(batch.x, generator)
        sampled = elbo.elbo(dmm, batch, noise, kl="sampled")
        analytic = elbo.elbo(dmm, batch, noise, kl="analytic")
        log_weights.append(sampled.elbo.double())
        bounds.append(analytic.elbo.double())
    return torch.cat(log_weights), torch.cat(bounds)
