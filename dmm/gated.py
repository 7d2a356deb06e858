"""A gated transition in NumPy, lane by lane, with its slope: a twin of `model.GatedTransition` that needs no torch."""

from typing import NamedTuple

import numpy as np

from dmm import one_dimension

SCALE_FLOOR = 1e-4  # as in `model.py`


class MLP(NamedTuple):
    """One hidden layer of relu units: weights (H, Z) and (Z, H), biases (H,) and (Z,)."""

    first: np.ndarray
    first_bias: np.ndarray
    last: np.ndarray
    last_bias: np.ndarray

    def __call__(self, z):  # (..., Z)
        return np.maximum(z @ self.first.T + self.first_bias, 0) @ self.last.T + self.last_bias

    def slope(self, z):
        """How each output changes with each input: (..., Z, Z)."""
        active = z @ self.first.T + self.first_bias > 0
        return self.last @ (active[..., None] * self.first)


class Gated(NamedTuple):
    """The numbers of a gated transition: matrices (Z, Z), biases (Z,), and two networks."""

    W: np.ndarray
    b: np.ndarray
    gate: MLP
    proposal: MLP
    W_scale: np.ndarray
    b_scale: np.ndarray


class Lanes(NamedTuple):
    """What a gated transition computes on its way from z_{t-1}: each (..., Z)."""

    linear: np.ndarray
    h: np.ndarray
    g: np.ndarray
    loc: np.ndarray
    scale: np.ndarray


def lanes(weights: Gated, z, held: float | None = None) -> Lanes:
    """Each lane of the transition, from states (..., Z).

    Args:
        held: where the gate of every dimension is held, 0..1; None lets it do what it has learned.
    """
    linear = z @ weights.W.T + weights.b
    h = weights.proposal(z)
    g = _sigmoid(weights.gate(z)) if held is None else np.full(h.shape, float(held))
    scale = np.logaddexp(0, np.maximum(h, 0) @ weights.W_scale.T + weights.b_scale) + SCALE_FLOOR
    return Lanes(linear, h, g, (1 - g) * linear + g * h, scale)


def slope(weights: Gated, z, held: float | None = None):
    r"""How the mean of the next state changes with this one, $J(z)$: (..., Z, Z).

    $$
    J = \operatorname{diag}(1 - g) \, W + \operatorname{diag}(g) \, \frac{\partial h}{\partial z}
        + \operatorname{diag}(h - W z - b) \, \frac{\partial g}{\partial z}
    $$
    """
    now = lanes(weights, z, held)
    g = now.g[..., None]
    kept = (1 - g) * weights.W + g * weights.proposal.slope(z)
    if held is not None:
        return kept
    return kept + ((now.h - now.linear)[..., None] * g * (1 - g)) * weights.gate.slope(z)


def of_module(transition) -> Gated:
    """The numbers of a `model.GatedTransition`, with all the digits that they have."""

    def numbers(layer):
        return [part.detach().numpy().astype(float) for part in (layer.weight, layer.bias)]

    two = [MLP(*numbers(part[0]), *numbers(part[2])) for part in (transition.gate, transition.proposal)]
    return Gated(*numbers(transition.linear), *two, *numbers(transition.to_scale))


def example(seed: int, width: int = 8) -> Gated:
    """A gated transition of two dimensions with weights drawn from a seed, wider than training begins with.

    Its linear lane turns and shrinks, so that alone it leads to one point, at most 2 from the middle in each direction.
    """
    rng = np.random.default_rng(seed)
    gate, proposal = (_draw_mlp(rng, width, last) for last in (0.9, 0.5))
    angle, shrink, rest = rng.uniform(-1, 1), rng.uniform(0.6, 0.95), rng.uniform(-2, 2, 2)
    W = shrink * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return Gated(W, rest - W @ rest, gate, proposal, 0.15 * np.eye(2), np.full(2, -0.8))


def in_one_dimension(seed: int, width: int = 8) -> Gated:
    """The numbers of `one_dimension.gated`, with W = 1 and b = 0 as at the start of training."""
    gate, proposal, (weight, bias) = one_dimension.gated_weights(seed, width)
    two = [
        MLP(first[:, None], first_bias, last[None], np.array([end]))
        for first, first_bias, last, end in (gate, proposal)
    ]
    return Gated(np.eye(1), np.zeros(1), *two, np.array([[weight]]), np.array([bias]))


def _draw_mlp(rng, width, last):
    weights = rng.normal(0, 1.2, (width, 2)), rng.normal(0, 1.5, width), rng.normal(0, last, (2, width))
    return MLP(*weights, np.zeros(2))


def _sigmoid(value):
    return np.exp(-np.logaddexp(0, -value))
