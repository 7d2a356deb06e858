r"""The hidden states given whatever part of a piece is known: a guided particle filter, and draws backwards from it.

The inference network alone cannot say what follows from a piece with holes: unless it is told of them it hears
silence. Here it only proposes, and what it proposes is weighed by the model; so the draws are right whatever it says,
and it decides only how many particles are wasted. With $x_t^\circ$ the known keys of a frame, for each particle:

$$
\begin{aligned}
z_t &\sim r = \tfrac12 \, p(z_t \mid z_{t-1}) + \tfrac12 \, q(z_t \mid z_{t-1}, x^\circ)        && \text{propose} \\
w_t &= w_{t-1} \, p(x_t^\circ \mid z_t) \, p(z_t \mid z_{t-1}) / r(z_t)                          && \text{weigh} \\
\psi_t &= \exp(-\mathrm{KL}(q(z_{t+1} \mid z_t, x^\circ) \,\|\, p(z_{t+1} \mid z_t)))            && \text{look ahead} \\
\Pr(a = k) &\propto w_t^{(k)} \psi_t^{(k)}, \qquad w_t \leftarrow w_t^{(a)} / (P \Pr(a))         && \text{resample} \\
\Pr(b_T = k) &\propto w_T^{(k)}, \qquad \Pr(b_t = k) \propto w_t^{(k)} \, p(z_{t+1} \mid z_t^{(k)}) && \text{draw back}
\end{aligned}
$$

The weight of a step is at most twice the likelihood. $\psi$ spares the particles that suit what is still to come; it is
kept within three nats of its largest. Particles are resampled where fewer than half are effective; else all stay.
A flow makes of q something whose density at a given point costs much: its Gaussian near the mean proposes instead.
If the model is augmented, a particle also holds the missing keys, drawn from $p(x_t \mid z_t, x_{t-1})$; all that is
above then looks at $x_{t-1}$ as well, and to draw back takes the factor $p(x_{t+1} \mid z_{t+1}, x_t)$ too.

Source: Godsill, Doucet & West (2004), "Monte Carlo smoothing for nonlinear time series", for the draws backwards;
Pitt & Shephard (1999), "Filtering via simulation: auxiliary particle filters", for resampling with a look ahead.
"""

import math
from typing import NamedTuple

import numpy as np
import torch

from dmm import guided
from dmm.batches import make_generator
from dmm.inspection import NotFinite
from dmm.variants import GaussianEmitter

SMOOTHING = 500  # a stream of random numbers of its own


class Smoothed(NamedTuple):
    """Draws of all that is hidden, and how likely what is known is.

    z (S, T, Z); x (S, T, X), as given where it is known, and drawn elsewhere; probabilities (S, T, X) in 0..1 of the
    keys given each draw, as the emitter says: in an augmented model keys that come later say more of a missing one, and
    the mean of x says it. log_likelihood: of what is known, in nats; its exponential is unbiased. effective (T,):
    how many of the particles carry the weight of a frame given those up to it.
    """

    z: torch.Tensor
    x: torch.Tensor
    probabilities: torch.Tensor
    log_likelihood: float
    effective: torch.Tensor


class Cloud(NamedTuple):
    """The particles of a frame: z (P, Z); if the model is augmented x (P, X), else None; the log of their weights."""

    z: torch.Tensor
    x: torch.Tensor | None
    log_w: torch.Tensor


@torch.no_grad()
def smooth(dmm, x, observed=None, particles=512, draws=8, seed=0):
    """Draws of the hidden states and of the missing keys of one piece, given all that is known of it.

    Args:
        dmm: a `DMM`, in eval mode.
        x: (T, X), 0 or 1 (any numbers for a Gaussian emission); anything where it is missing.
        observed: (T, X), 1 where x is known and 0 where it is missing; None for all known.
        particles: P; more are slower, and nearer to the exact answer.
        draws: S.
        seed: of the draws.

    Returns:
        `Smoothed`.

    Raises:
        ValueError: a shape or a number does not fit.
        NotFinite: the model's numbers are out of bounds.
    """
    x, observed = _checked(dmm, x, observed)
    for name, count in (("particles", particles), ("draws", draws)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1: got {count}.")
    generator = make_generator(seed, SMOOTHING)
    clouds, log_likelihood = _forward(dmm, x, observed, particles, generator)
    z, drawn = _backward(dmm, clouds, observed, draws, generator)
    if drawn is None:
        drawn = torch.where(observed > 0, x, _sound(dmm.emitter, generator, z))
    probabilities = dmm.emitter.probabilities(z, *dmm.frames_before(drawn))
    effective = torch.stack([1 / cloud.log_w.exp().square().sum() for cloud in clouds])
    return Smoothed(z, drawn, probabilities, log_likelihood, effective)


def _forward(dmm, x, observed, particles, generator):
    """The `Cloud` of each frame given the frames up to it, and the log-likelihood of all of them."""
    messages = guided.listen(dmm, x, observed)
    ahead = guided.first(dmm, messages, particles)
    before = (torch.zeros_like(x[:1]).expand(particles, -1),) if dmm.augmented else ()
    log_w, log_psi = x.new_full((particles,), -math.log(particles)), x.new_zeros(particles)
    clouds, log_likelihood = [], 0.0
    for t, (x_t, known) in enumerate(zip(x, observed, strict=True)):
        kept, log_w = _resample(log_w, log_psi, generator)
        before = tuple(part[kept] for part in before)
        z, log_ratio = guided.propose(guided.Ahead(*(part[kept] for part in ahead)), generator)
        log_w = log_w + log_ratio + (dmm.emitter.log_p(x_t, z, *before) * known).sum(-1)
        total = torch.logsumexp(log_w, 0)
        if not total.isfinite():
            raise NotFinite(f"the particles of frame {t + 1} have no weight: the model's numbers are out of bounds.")
        log_likelihood, log_w = log_likelihood + float(total), log_w - total
        if dmm.augmented:
            before = (torch.where(known > 0, x_t, _sound(dmm.emitter, generator, z, *before)),)
        clouds.append(Cloud(z, *(before or (None,)), log_w))
        if t + 1 < len(x):
            ahead = guided.look(dmm, messages, t + 1, z, before)
            log_psi = guided.promise(ahead)
    return clouds, log_likelihood


def _resample(log_w, log_psi, generator):
    """Which particles go on, and their log-weights, (P,) both; all of them while half of their number is effective."""
    particles, log_chance = len(log_w), torch.log_softmax(log_w + log_psi, 0)
    if 2 / log_chance.exp().square().sum() >= particles:
        return torch.arange(particles), log_w
    until = log_chance.double().exp().cumsum(0)
    comb = (torch.arange(particles) + torch.rand(1, dtype=torch.float64, generator=generator)) / particles
    kept = torch.searchsorted(until, comb * until[-1], right=True).clamp(max=particles - 1)
    return kept, (log_w - log_chance)[kept] - math.log(particles)


def _backward(dmm, clouds, observed, draws, generator):
    """Trajectories from the last frame to the first: z (S, T, Z), and x (S, T, X) if the model is augmented."""
    chosen = torch.multinomial(clouds[-1].log_w.exp(), draws, replacement=True, generator=generator)
    z, x = [clouds[-1].z[chosen]], [clouds[-1].x[chosen] if dmm.augmented else None]
    for cloud, known in zip(clouds[-2::-1], observed.flip(0)[1:], strict=True):
        parents = (cloud.z, cloud.x) if dmm.augmented else (cloud.z,)
        log_w = cloud.log_w + _log_p_each(z[-1], *dmm.transition(*parents))
        if dmm.augmented and not known.all():  # else the frame before is the same for all
            log_w = log_w + _log_p_frames(dmm.emitter, x[-1], z[-1], cloud.x)
        chosen = torch.multinomial(torch.softmax(log_w, -1), 1, generator=generator)[:, 0]
        z.append(cloud.z[chosen])
        x.append(cloud.x[chosen] if dmm.augmented else None)
    return torch.stack(z[::-1], 1), torch.stack(x[::-1], 1) if dmm.augmented else None


def _log_p_each(z, loc, scale):
    """log N(z; loc, scale²) but for a constant, (S, P), of draws (S, Z) under particles (P, Z): as products, quick."""
    z, loc, precision = z.double(), loc.double(), scale.double() ** -2
    squares = z**2 @ precision.T - 2 * z @ (loc * precision).T + (loc**2 * precision).sum(-1)
    return -squares / 2 + precision.log().sum(-1) / 2


def _log_p_frames(emitter, x, z, x_prev):
    """log p(x_t | z_t, x_{t-1}), (S, P), of draws x (S, X) and z (S, Z) after the frames of particles (P, X)."""
    z = z.unsqueeze(1).expand(-1, len(x_prev), -1)
    return emitter.log_p(x.unsqueeze(1), z, x_prev.expand(len(x), -1, -1)).sum(-1)


def _sound(emitter, generator, z, *x_prev):
    """Notes drawn from p(x_t | z_t): (..., X)."""
    if isinstance(emitter, GaussianEmitter):
        loc, scale = emitter(z, *x_prev)
        return loc + scale * torch.randn(loc.shape, dtype=loc.dtype, generator=generator)
    p = emitter.probabilities(z, *x_prev)
    return (torch.rand(p.shape, dtype=p.dtype, generator=generator) < p).to(p)


def _checked(dmm, x, observed):
    """x and what is known of it, (T, X) both and in the model's numbers, silent where x is missing."""
    like = dmm.emitter.bias
    x = _copied(x, like)
    if x.dim() != 2 or x.shape[1] != len(like) or not len(x):
        raise ValueError(f"x has the shape {tuple(x.shape)}, expected (T, {len(like)}) with at least one frame.")
    observed = torch.ones_like(x) if observed is None else _copied(observed, like)
    if observed.shape != x.shape:
        raise ValueError(f"observed has the shape {tuple(observed.shape)}, expected that of x, {tuple(x.shape)}.")
    x = torch.where(observed > 0, x, 0.0)
    coins = {"observed": observed} if isinstance(dmm.emitter, GaussianEmitter) else {"observed": observed, "x": x}
    for name, part in coins.items():
        wrong = part[(part != 0) & (part != 1)]
        if len(wrong):
            raise ValueError(f"{name} must be 0 or 1: got {float(wrong[0]):g}.")
    if not x.isfinite().all():
        raise ValueError(f"x must be finite where it is known: got {float(x[~x.isfinite()][0])}.")
    return x, observed


def _copied(values, like):
    """A tensor like another, from a tensor or from an array, which may be read-only."""
    return (values if torch.is_tensor(values) else torch.from_numpy(np.array(values))).to(like)
