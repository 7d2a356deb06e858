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
from dmm.batches import make_generator, to_tensors
from dmm.conventions import standard_error
from dmm.data import Batch

EVALUATION = 200  # a stream of random numbers of its own
CHUNK = 20_000  # frames in one pass, over all draws: memory stays flat however many draws are asked for


class Evaluation(NamedTuple):
    """Nats per frame, lower is better: a, (b) and {c} of the formulas, each with its Monte-Carlo standard error.

    The errors named `_se` are over draws (None for a single one): how far the number would move with another seed.
    Those named `_se_pieces` are over pieces (None for a single one): how far with other pieces of the same kind.
    `effective_samples` of the S draws carry the weight, as a mean of pieces: where they are few, a still lies above
    the true value on average and falls with S.
    """

    nll_is: float
    nll_is_se: float | None
    nll_is_se_pieces: float | None
    nll_bound: float
    nll_bound_se: float | None
    nll_bound_se_pieces: float | None
    nll_bound_per_sequence: float
    nll_bound_per_sequence_se: float | None
    effective_samples: float
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
    of_pieces = [_judge(*draws) for draws in draws_of(dmm, rolls, samples, seed)]
    nll_is, nll_is_se, nll_bound, nll_bound_se, effective = torch.tensor(of_pieces, dtype=torch.float64).T  # (N,)
    lengths = torch.tensor([len(roll) for roll in rolls], dtype=torch.float64)
    frames, one_draw, one_piece = lengths.sum(), samples == 1, len(rolls) == 1
    return Evaluation(
        nll_is=float(nll_is.sum() / frames),
        nll_is_se=None if one_draw else float(nll_is_se.norm() / frames),
        nll_is_se_pieces=None if one_piece else standard_error(nll_is, lengths),
        nll_bound=float(nll_bound.sum() / frames),
        nll_bound_se=None if one_draw else float(nll_bound_se.norm() / frames),
        nll_bound_se_pieces=None if one_piece else standard_error(nll_bound, lengths),
        nll_bound_per_sequence=float((nll_bound / lengths).mean()),
        nll_bound_per_sequence_se=None if one_draw else float((nll_bound_se / lengths).norm() / len(rolls)),
        effective_samples=float(effective.mean()),
        frames=int(frames),
        sequences=len(rolls),
        samples=samples,
    )


@torch.no_grad()
def draws_of(dmm, rolls, samples, seed=0):
    """What each piece's draws say: log p(x, z) - log q(z | x), and the bound, each (S,) in nats, piece by piece.

    Args and errors as `evaluate`, whose draws these are.
    """
    if not len(rolls) or samples < 1:
        raise ValueError(f"got {len(rolls)} pieces and {samples} draws, expected at least one of each")
    generator = make_generator(seed, EVALUATION)
    return [_draws(dmm, roll, samples, generator) for roll in rolls]


def _draws(dmm, roll, samples, generator):
    """log p(x, z) - log q(z | x) and the bound, each (S,) in nats, for one piece; the RNNs run over it only once.

    The bound has the analytic KL, or where a flow leaves none the sampled one.
    """
    batch = to_tensors([roll], next(dmm.parameters()).dtype)
    messages = dmm.inference.summarise(dmm.inputs(batch), batch.lengths)
    at_once = max(1, CHUNK // len(roll))
    log_weights, bounds = [], []
    for start in range(0, samples, at_once):
        count = min(at_once, samples - start)
        many = Batch(*(part if part is None else part.expand(count, *part.shape[1:]) for part in batch))
        eps = dmm.sample_noise(many.x, generator).eps
        posterior = dmm.inference.draw([message.expand(count, -1, -1) for message in messages], eps)
        ran = elbo.judge(dmm, many, posterior)
        gaussians = (posterior, ran.p_loc, ran.p_scale)
        for kept, kl in ((log_weights, "sampled"), (bounds, elbo.quietest_kl(dmm))):
            kept.append((ran.log_p_x.sum(1) - elbo.divergence(*gaussians, kl).sum((1, 2))).double())
    return torch.cat(log_weights), torch.cat(bounds)


def _judge(log_weights, bounds):
    """What becomes of one piece, in nats: -log of the mean weight and its error, -mean bound and its error; and last
    how many draws the mean weight really rests on, as the effective sample size."""
    samples = len(bounds)
    nll = math.log(samples) - float(torch.logsumexp(log_weights, 0))
    bound_se = float(bounds.std(correction=min(1, samples - 1)) / math.sqrt(samples))
    effective = 1 / float((torch.softmax(log_weights, 0) ** 2).sum())
    return nll, _jackknife_se(log_weights), -float(bounds.mean()), bound_se, effective


def _jackknife_se(log_weights):
    """The standard error of the log of a mean weight, from the means that leave one draw out; 0 for a single draw.

    The usual first-order formula is several times too small when a few draws carry almost all the weight.
    """
    samples, top = len(log_weights), int(log_weights.argmax())
    if samples == 1:
        return 0.0
    total = torch.logsumexp(log_weights, 0)
    without = total + torch.log1p(-torch.exp(log_weights - total))
    without[top] = torch.logsumexp(torch.cat([log_weights[:top], log_weights[top + 1 :]]), 0)  # no cancellation
    return float(((without - without.mean()) ** 2).sum().mul((samples - 1) / samples).sqrt())
