r"""One step of learning in slow motion: the paper's Algorithm 1, a short function for each of its stages.

$$
\begin{aligned}
\ell(\theta, \phi) &= -\frac1N \sum_{b, t} \big(\log p_\theta(x_t \mid z_t) - w \, \mathrm{KL}_t\big)
                                             && \text{stages 1 to 6} \\
g &= \nabla_{\theta, \phi} \, \ell           && \text{stage 7} \\
(\theta, \phi) &\leftarrow \text{Adam}((\theta, \phi), \, g)     && \text{stage 8}
\end{aligned}
$$

`slow_motion` runs them one after the other, and keeps all that they compute. It is the update that `training.py` makes,
by the readable code of `inference.py`, `model.py`, `elbo.py` and `optimisers.py`.

Source: Krishnan, Shalit & Sontag (2017), Algorithm 1.
"""

from typing import NamedTuple

import numpy as np
import torch

from dmm import elbo, optimisers
from dmm.batches import NOISE, epoch_batches, make_generator, to_tensors
from dmm.model import log_p_bernoulli
from dmm.training import kl_weight, load_dmm


class Expected(NamedTuple):
    """What the model expects of each latent, given the one before: each (B, T, Z); the gate is 0..1."""

    gate: torch.Tensor
    p_loc: torch.Tensor
    p_scale: torch.Tensor


class Decoded(NamedTuple):
    """What each latent sounds like: each (B, T, X); probabilities are 0..1."""

    logits: torch.Tensor
    probabilities: torch.Tensor


class Parts(NamedTuple):
    """The bound frame by frame, in nats; padded frames count 0. Each (B, T)."""

    reconstruction: torch.Tensor
    kl: torch.Tensor
    elbo: torch.Tensor


class Step(NamedTuple):
    """All that one update computed, as NumPy.

    `pieces` (B,) of the training set; `tensors` by their names: those of stages 1 to 6, then, flat and (P,), `gradient`
    (the sum of `gradient_reconstruction` and `gradient_kl`), `weights` and `new_weights`; `kl_weight` is w, `scale` N,
    by which the loss is divided: the frames of an average batch, or 1.
    """

    pieces: np.ndarray
    tensors: dict[str, np.ndarray]
    kl_weight: float
    scale: float


def take_batch(spec, dtype):
    r"""Stage 1. The pieces of the first update, padded to one length.

    $$
    \text{mask}_{bt} = \begin{cases} 1 & t \le T_b \\ 0 & t > T_b \end{cases}
    $$
    """
    pieces = epoch_batches(spec, epoch=0)[0]
    rolls = [spec.train[i] for i in pieces]
    return pieces, to_tensors(rolls, dtype)


def listen(dmm, batch, noise):
    r"""Stage 2. The RNN reads each piece backwards.

    $$
    h^{\text{right}}_t = \operatorname{RNN}(x_t, \, h^{\text{right}}_{t+1})
    $$
    """
    x, lengths = dmm.inputs(batch), batch.lengths
    (h_right,) = dmm.inference.summarise(x, lengths, noise.keep)
    return h_right  # (B, T, rnn_dim)


def draw(dmm, h_right, noise):
    r"""Stage 3. The combiner makes a Gaussian of each latent, and one value is drawn from it.

    $$
    \begin{aligned}
    (\mu_t, \sigma_t) &= \operatorname{combiner}(z_{t-1}, h^{\text{right}}_t) \\
    z_t &= \mu_t + \sigma_t \odot \epsilon_t
    \end{aligned}
    $$
    """
    return dmm.inference.draw((h_right,), noise.eps)  # (B, T, Z)


def expect(dmm, batch, z):
    r"""Stage 4. The transition says where it would have expected each latent, given the one before.

    $$
    \begin{aligned}
    (\mu^p_t, \sigma^p_t) &= \operatorname{transition}(z_{t-1}) \\
    p_\theta(z_t \mid z_{t-1}) &= N(\mu^p_t, (\sigma^p_t)^2)
    \end{aligned}
    $$
    """
    gate = dmm.transition.openness(*dmm.parents(z, batch.x))
    p_loc, p_scale = dmm.p_z(z, batch.x)
    return Expected(gate, p_loc, p_scale)  # (B, T, Z)


def decode(dmm, batch, z):
    r"""Stage 5. The emitter says how likely each key is to sound.

    $$
    \begin{aligned}
    \ell_t &= \operatorname{emitter}(z_t) \\
    p_\theta(x_t \mid z_t) &= \operatorname{Bernoulli}(\operatorname{sigmoid}(\ell_t))
    \end{aligned}
    $$
    """
    logits = dmm.emitter(z, *dmm.frames_before(batch.x))
    return Decoded(logits, torch.sigmoid(logits))  # (B, T, X)


def weigh(batch, guess, expected, decoded, kl):
    r"""Stage 6. The bound, frame by frame.

    $$
    \begin{aligned}
    \text{elbo}_t = {} & \log p_\theta(x_t \mid z_t) \\
        & - \mathrm{KL}(q_\phi(z_t \mid z_{t-1}, x) \,\|\, p_\theta(z_t \mid z_{t-1}))
    \end{aligned}
    $$
    """
    p = expected.p_loc, expected.p_scale
    log_p_x = log_p_bernoulli(batch.x, decoded.logits)
    log_p_x = log_p_x.sum(-1) * batch.mask
    kl = elbo.divergence(guess, *p, kl).sum(-1) * batch.mask
    return Parts(log_p_x, kl, log_p_x - kl)  # (B, T)


def differentiate(dmm, loss):
    r"""Stage 7. How the loss changes with each weight, by PyTorch's automatic differentiation, as one long vector.

    $$
    g = \Big(\frac{\partial \ell}{\partial \theta}, \; \frac{\partial \ell}{\partial \phi}\Big)
    $$
    """
    how = {"retain_graph": True, "materialize_grads": True}
    parts = torch.autograd.grad(loss, [*dmm.parameters()], **how)
    return torch.cat([part.reshape(-1) for part in parts])  # (P,)


def change(weights, gradient, config):
    r"""Stage 8. Adam's first step: clip the gradient, then move each weight against its sign by about the rate.

    $$
    w \leftarrow w - \eta \, \frac{g}{|g| + \varepsilon}
    $$
    """
    zeros = torch.zeros_like(weights)
    moments = optimisers.Moments(zeros, zeros)
    new, _ = optimisers.update(weights, gradient, moments, 1, config)
    return new  # (P,)


def slow_motion(spec, weights):
    """One update from these weights, with an Adam that starts anew: what `training.advance` does in its first step.

    Args:
        spec: a `training.Spec`.
        weights: from a name to a tensor, as in `training.State`.

    Returns:
        `Step`.

    Raises:
        ValueError: the model is of a kind that these stages do not describe.
    """
    config = spec.config
    _refuse_unless_plain(config)
    dmm = load_dmm(config, weights, spec.build).requires_grad_(True)
    flat = flatten(weights)
    pieces, batch = take_batch(spec, flat.dtype)  # 1
    noise = dmm.sample_noise(batch.x, make_generator(config.seed, NOISE, 0), training=True)
    h_right = listen(dmm, batch, noise)  # 2
    guess = draw(dmm, h_right, noise)  # 3
    expected = expect(dmm, batch, guess.z)  # 4
    decoded = decode(dmm, batch, guess.z)  # 5
    parts = weigh(batch, guess, expected, decoded, config.kl)  # 6
    w, N = kl_weight(0, config), scale(spec)
    notes, surprise = -parts.reconstruction.sum() / N, w * parts.kl.sum() / N
    gradient = differentiate(dmm, notes + surprise)  # 7
    new_weights = change(flat, gradient, config)  # 8
    tensors = batch._asdict() | {"h_right": h_right, "eps": noise.eps} | guess._asdict()
    tensors |= expected._asdict() | decoded._asdict() | parts._asdict()
    tensors |= {"gradient": gradient, "gradient_reconstruction": differentiate(dmm, notes)}
    tensors |= {"gradient_kl": differentiate(dmm, surprise), "weights": flat, "new_weights": new_weights}
    arrays = {name: one.detach().numpy() for name, one in tensors.items() if one is not None}
    return Step(pieces, arrays, w, N)


def scale(spec):
    """What the bound of a batch is divided by: the frames of an average batch, or 1 if the loss is a sum."""
    return spec.frames_per_update if spec.config.loss == "per-frame" else 1.0


def flatten(weights):
    """All weights in one vector, (P,)."""
    return torch.cat([weight.reshape(-1) for weight in weights.values()])


def _refuse_unless_plain(config):
    """The stages tell of one RNN that looks right, of coins for the keys, and of nothing missing."""
    plain = {"inference": "st-r", "emission": "bernoulli", "missing": 0.0, "num_iafs": 0, "free_bits": 0.0}
    for name, expected in plain.items():
        if getattr(config, name) != expected:
            raise ValueError(f"got {name} = {getattr(config, name)}, expected {expected}")
