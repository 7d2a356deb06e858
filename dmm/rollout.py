r"""Music by the rules of the model, from random numbers that are given: so that one thing can be changed at a time.

$$
\begin{aligned}
z_t &= \mu(z_{t-1}) + \sqrt{\tau_z} \, \sigma(z_{t-1}) \odot \epsilon_t, & \epsilon_t &\sim N(0, I) \\
x_{tk} &= [u_{tk} < \operatorname{sigmoid}(\ell_k(z_t) / \tau_x)],       & u_{tk}     &\sim U(0, 1)
\end{aligned}
$$

Everything random is in $\epsilon$ and $u$. The same $\epsilon$ and $u$ under two settings, *common random numbers*,
leave no difference but that of the settings.

If the model is augmented, $\mu$, $\sigma$ and $\ell$ look at the notes $x_{t-1}$ as well; if its start is given, its
mean and scale stand in the first line at $t = 1$.

$\operatorname{do}(z_{tj} = c)$ puts a number in the place of the first line, for one coordinate and one frame; all that
follows takes its course. A gate can be held as well. `recover` finds the $\epsilon$ and $u$ from which a piece that is
there would have come: then one can ask what it would have been, had its state been another.

Source: Pearl (2009), *Causality*, section 7.1: abduction, action, prediction.
"""

from typing import NamedTuple

import torch

EDGE = 1e-3  # how near a recovered u comes to the probability on which it decides, as a share of its interval


class Chance(NamedTuple):
    """All random numbers of N pieces: `eps` (N, T, Z), standard normal; `u` (N, T, X), uniform from 0 to 1."""

    eps: torch.Tensor
    u: torch.Tensor


class Acts(NamedTuple):
    """What is done to latents and to gates: values (N, T, Z), NaN where nothing is done; None for nothing at all."""

    z: torch.Tensor | None = None
    gates: torch.Tensor | None = None


class Rolled(NamedTuple):
    """What came of it: `z`, `gates` in 0..1 (N, T, Z); `probabilities` in 0..1, `x` 0 or 1 (N, T, X)."""

    z: torch.Tensor
    gates: torch.Tensor
    probabilities: torch.Tensor
    x: torch.Tensor


def draw_chance(dmm, steps, generator, sequences=1) -> Chance:
    """Fresh random numbers; those of the first frames are the same however many steps there are."""
    like = {"dtype": next(dmm.parameters()).dtype, "generator": generator}
    eps, u = [], []
    for _ in range(steps):
        eps.append(torch.randn(sequences, dmm.z_dim, **like))
        u.append(torch.rand(sequences, len(dmm.emitter.bias), **like))
    return Chance(torch.stack(eps, dim=1), torch.stack(u, dim=1))


@torch.no_grad()
def roll_out(dmm, chance, before=None, acts=Acts(), z_temperature=1.0, note_temperature=1.0) -> Rolled:
    """Let the model play.

    Args:
        dmm: a `DMM`.
        chance: for each frame of each piece.
        before: z (N, Z) and x (N, X) of the frame before the first; None begins with the model's own start.
        acts: what is done to z and to the gates, in these frames.
        z_temperature: of each step of the latents given the one before; 1 is the model.
        note_temperature: of the keys given the latents; 1 is the model.

    Raises:
        ValueError: a gate is to be held, and this transition has none.
    """
    first = before is None
    z_t, x_t = (dmm.start.expand(len(chance.eps), -1), torch.zeros_like(chance.u[:, 0])) if first else before
    frames = []
    for t, (eps_t, u_t) in enumerate(zip(chance.eps.unbind(1), chance.u.unbind(1), strict=True)):
        parents = (z_t, x_t) if dmm.augmented else (z_t,)
        gate, loc, scale = _move(dmm, parents, None if acts.gates is None else acts.gates[:, t])
        if t == 0 and first and dmm.z_0 is None:
            loc, scale = dmm.first_loc, dmm.first_scale
        z_t = put(loc + scale * z_temperature**0.5 * eps_t, None if acts.z is None else acts.z[:, t])
        probabilities = at_temperature(dmm.emitter.probabilities(z_t, *parents[1:]), note_temperature)
        x_t = (u_t < probabilities).to(probabilities)
        frames.append((z_t, gate, probabilities, x_t))
    return Rolled(*(torch.stack(part, dim=1) for part in zip(*frames, strict=True)))


@torch.no_grad()
def recover(dmm, z, x, generator) -> Chance:
    r"""The random numbers from which these latents and notes come, if nothing is done: abduction.

    $$
    \epsilon_t = \frac{z_t - \mu(z_{t-1})}{\sigma(z_{t-1})}, \qquad
    u_{tk} \sim U(0, p_{tk}) \text{ if } x_{tk} = 1, \text{ else } U(p_{tk}, 1)
    $$

    Each u keeps a thousandth of its interval away from both ends, so that rounding cannot turn a note.

    Args:
        dmm: a `DMM`.
        z: (N, T, Z), a draw of the posterior.
        x: (N, T, X), 0 or 1, the piece.
        generator: of the u, which the piece only brackets.
    """
    p_loc, p_scale = dmm.p_z(z, x)
    p = dmm.emitter.probabilities(z, *dmm.frames_before(x))
    share = EDGE + (1 - 2 * EDGE) * torch.rand(p.shape, dtype=p.dtype, generator=generator)
    return Chance((z - p_loc) / p_scale, torch.where(x > 0, p * share, p + (1 - p) * share))


def put(values, held):
    """The values (N, Z), with those that are held (N, Z) in their place; NaN is not held."""
    return values if held is None else torch.where(torch.isnan(held), values, held)


def at_temperature(probabilities, temperature):
    r"""Coins that are more sure of themselves below 1, and less above: $\operatorname{sigmoid}(\ell / \tau)$.

    >>> at_temperature(torch.tensor([0.2, 0.5, 0.8]), 0.0)
    tensor([0., 0., 1.])
    """
    if temperature == 1:
        return probabilities
    if temperature == 0:
        return (probabilities > 0.5).to(probabilities)
    return torch.sigmoid(torch.logit(probabilities) / temperature)


def _move(dmm, parents, held):
    """The gate, and the mean and scale of the next latent; with some gates held, as the formula of the mean says."""
    transition = dmm.transition
    gate = transition.openness(*parents)
    loc, scale = transition(*parents)
    if held is None:
        return gate, loc, scale
    if not hasattr(transition, "gate"):
        raise ValueError("this transition has no gate to hold")
    gate = put(gate, held)
    proposed = transition.proposal(torch.cat(parents, dim=-1))
    loc = (1 - gate) * transition.linear(parents[0]) + gate * proposed
    return gate, loc, scale
