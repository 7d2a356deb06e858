r"""What one update depends on: how far it goes, and the noise in its gradient.

$$
\operatorname{sd}(g) = \sqrt{\frac{1}{S - 1} \sum_{s=1}^{S} \| g^{(s)} - \bar g \|^2}, \qquad
\bar g = \frac1S \sum_s g^{(s)}
$$

with $g^{(s)}$ the gradient of the bound for the draw $\epsilon^{(s)}$. See `one_update.py` for the update itself.
"""

from typing import NamedTuple

import numpy as np
import torch

from dmm import fused, one_update
from dmm.batches import NOISE, make_generator, to_tensors
from dmm.training import kl_weight, load_dmm

MODULES = {  # from a module's name to where the names of its parameters begin; the first that fits counts
    "emitter": "emitter.",
    "transition": "transition.",
    "z_0": "z_0",
    "h_0": "inference.rnns.right.h_0",
    "rnn": "inference.rnns.",
    "z_q_0": "inference.z_q_0",
    "combiner": "inference.",
}


class Noise(NamedTuple):
    """Gradients of one module's parameters over S draws of noise, with one form of the KL.

    `entry` (S,) is one entry of the gradient; `sd` the root of the variances of all entries, summed; `mean` the length
    of the mean gradient.
    """

    entry: np.ndarray
    sd: float
    mean: float


def unflatten(flat, weights):
    """The vector's entries by the names and in the shapes of `weights`."""
    parts = flat.split([weight.numel() for weight in weights.values()])
    return {name: part.view_as(weights[name]) for name, part in zip(weights, parts, strict=True)}


def module_of_each(weights):
    """Which module each entry of the flat vector belongs to, counted as in `MODULES`: (P,)."""
    starts = list(MODULES.values())
    index = [next(i for i, start in enumerate(starts) if name.startswith(start)) for name in weights]
    return np.repeat(index, [weight.numel() for weight in weights.values()])


def bound_after(spec, weights, flat):
    """Reconstruction and KL in nats per frame, of the first update's batch and noise, with other weights (P,)."""
    dmm = load_dmm(spec.config, unflatten(flat, weights), spec.build)
    _, batch = one_update.take_batch(spec, flat.dtype)
    noise = dmm.sample_noise(batch.x, make_generator(spec.config.seed, NOISE, 0), training=True)
    found, frames = fused.bound(dmm, batch, noise), int(batch.lengths.sum())
    return -float(found.reconstruction) / frames, float(found.kl) / frames


def rates_tried(spec, weights, gradient, rates):
    """The same step taken at other rates: reconstruction and KL after it, nats per frame, (R, 2)."""
    flat, gradient = one_update.flatten(weights), torch.as_tensor(gradient)
    configs = [spec.config.model_copy(update={"learning_rate": rate}) for rate in rates]
    return np.array([bound_after(spec, weights, one_update.change(flat, gradient, one)) for one in configs])


def gradient_noise(spec, weights, pieces, draws, seed=0):
    """The gradient of minus the bound per frame, for each draw of noise, with the sampled and with the analytic KL.

    Args:
        spec, weights: as in `one_update.slow_motion`.
        pieces: indices of the training pieces to look at.
        draws: S.
        seed: of the noise; both forms of the KL get the same.

    Returns:
        From "sampled" and "analytic" to a dict from a module's name to its `Noise`. The entry shown is the one whose
        mean is largest with the analytic KL.
    """
    dmm = load_dmm(spec.config, weights, spec.build).requires_grad_(True)
    batch = to_tensors([spec.train[i] for i in pieces], one_update.flatten(weights).dtype)
    generator = torch.Generator().manual_seed(seed)
    noises = [dmm.sample_noise(batch.x, generator) for _ in range(draws)]
    found = {kl: np.stack([_gradient(dmm, batch, one, kl) for one in noises]) for kl in ("sampled", "analytic")}
    module = module_of_each(weights)
    shown = {}
    for place, name in enumerate(MODULES):
        mine = np.flatnonzero(module == place)
        shown[name] = mine, mine[np.abs(found["analytic"][:, mine].mean(0)).argmax()]
    return {kl: {name: _noise(g, *places) for name, places in shown.items()} for kl, g in found.items()}


def schedule(config, updates):
    """The weight of the KL in each of these updates, counted from 0: (K,)."""
    return np.array([kl_weight(int(step), config) for step in updates])


def clip_by_entry(gradient, limit):
    """A gradient (P,) with each entry bounded, as ClippedAdam does: the share it touches, and the angle it turns by."""
    clipped = np.clip(gradient, -limit, limit)
    cosine = clipped @ gradient / (np.linalg.norm(clipped) * np.linalg.norm(gradient))
    return float((np.abs(gradient) > limit).mean()), float(np.degrees(np.arccos(min(cosine, 1.0))))


def _gradient(dmm, batch, noise, kl):
    loss = -fused.bound(dmm, batch, noise, kl=kl).elbo / batch.lengths.sum()
    return torch.cat([part.reshape(-1) for part in torch.autograd.grad(loss, list(dmm.parameters()))]).numpy()


def _noise(gradients, mine, entry):
    """What is told of one module's part of (S, P) gradients."""
    part = gradients[:, mine]
    return Noise(gradients[:, entry], float(np.sqrt(part.var(0, ddof=1).sum())), float(np.linalg.norm(part.mean(0))))
