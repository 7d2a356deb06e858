"""The two optimisers against the ones they are modelled on, in float64."""

import pytest
import torch
from pyro.optim.clipped_adam import ClippedAdam

from dmm import optimisers
from dmm.config import make_config
from dmm.optimisers import Moments

SIZE, STEPS = 40, 30


def gradient(weights, step):
    """A gradient that depends on the weights and changes from step to step, from 1e-6 to 1e2 in size."""
    generator = torch.Generator().manual_seed(step)
    scale = 10 ** torch.linspace(-6, 2, SIZE, dtype=torch.float64)
    return scale * torch.randn(SIZE, dtype=torch.float64, generator=generator) + weights.sin()


def start():
    return torch.randn(SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(99))


def run_ours(config, steps=STEPS, gradient=gradient):
    weights, moments = start(), Moments(*torch.zeros(2, SIZE, dtype=torch.float64))
    path = []
    for step in range(1, steps + 1):
        weights, moments = optimisers.update(weights, gradient(weights, step), moments, step, config)
        path.append(weights)
    return torch.stack(path)


def run_theirs(make_optimiser, steps=STEPS, prepare=lambda gradient, step: gradient):
    weights = start().requires_grad_()
    optimiser = make_optimiser([weights])
    path = []
    for step in range(1, steps + 1):
        weights.grad = prepare(gradient(weights.detach(), step), step)
        optimiser.step()
        path.append(weights.detach().clone())
    return torch.stack(path)


def clipped_by_norm(largest):
    def prepare(gradient, step):
        norm = (gradient**2).sum().sqrt()
        return gradient * largest / norm if norm > largest else gradient

    return prepare


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.96, 0.999), (0.0, 0.9)])
def test_adam_equals_torch_adam(weight_decay, betas):
    config = make_config(
        optimiser="adam",
        learning_rate=0.02,
        lr_decay=1.0,
        clip_norm=1e4,
        beta1=betas[0],
        beta2=betas[1],
        weight_decay=weight_decay,
    )
    theirs = run_theirs(lambda p: torch.optim.Adam(p, lr=0.02, betas=betas, weight_decay=weight_decay))
    torch.testing.assert_close(run_ours(config), theirs, rtol=1e-12, atol=1e-12)


def test_adam_with_clipping_by_norm_and_weight_decay_equals_torch_adam_on_the_clipped_gradient():
    config = make_config(optimiser="adam", learning_rate=0.02, lr_decay=1.0, clip_norm=1.0, weight_decay=0.3)
    theirs = run_theirs(
        lambda p: torch.optim.Adam(p, lr=0.02, weight_decay=0.3),
        prepare=clipped_by_norm(1.0),
    )
    torch.testing.assert_close(run_ours(config), theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [0.01, 0.999, 1.001, 300.0])
def test_clip_equals_torch_clip_grad_norm(size):
    weight = torch.zeros(SIZE, dtype=torch.float64, requires_grad=True)
    direction = gradient(torch.zeros(SIZE, dtype=torch.float64), 1)
    weight.grad = direction / direction.norm() * size
    ours = optimisers.clip(weight.grad.clone(), make_config(optimiser="adam", clip_norm=1.0))
    torch.nn.utils.clip_grad_norm_([weight], 1.0)
    torch.testing.assert_close(ours, weight.grad, rtol=2e-6, atol=0)  # torch adds 1e-6 to the norm
    assert float(ours.norm()) <= 1 + 1e-12


@pytest.mark.parametrize("weight_decay", [0.0, 2.0])
@pytest.mark.parametrize("clip_norm", [0.05, 10.0])
def test_clipped_adam_equals_pyro_clipped_adam(weight_decay, clip_norm):
    settings = {"clip_norm": clip_norm, "weight_decay": weight_decay}
    config = make_config(
        optimiser="clipped-adam", learning_rate=0.02, lr_decay=0.99, beta1=0.96, beta2=0.999, **settings
    )
    theirs = run_theirs(lambda p: ClippedAdam(p, lr=0.02, betas=(0.96, 0.999), lrd=0.99, **settings))
    torch.testing.assert_close(run_ours(config), theirs, rtol=1e-12, atol=1e-12)


def test_clipped_adam_clips_each_entry_and_adam_the_whole():
    g = torch.tensor([3.0, 0.5, -4.0])
    entries = optimisers.clip(g, make_config(optimiser="clipped-adam", clip_norm=1.0))
    assert entries.tolist() == [1.0, 0.5, -1.0]
    whole = optimisers.clip(g, make_config(optimiser="adam", clip_norm=1.0))
    torch.testing.assert_close(whole, g / g.norm())


def test_rate_decays_from_the_first_update_on_as_in_clipped_adam():
    config = make_config(learning_rate=0.1, lr_decay=0.99)
    assert optimisers.learning_rate(1, config) == pytest.approx(0.1 * 0.99)
    assert optimisers.learning_rate(10, config) == pytest.approx(0.1 * 0.99**10)


@pytest.mark.parametrize("optimiser", ["adam", "clipped-adam"])
@pytest.mark.parametrize("beta2", [0.0, 0.999])
def test_zero_gradient_makes_no_nan_and_moves_nothing(optimiser, beta2):
    config = make_config(optimiser=optimiser, weight_decay=0.0, beta2=beta2)
    path = run_ours(config, gradient=lambda weights, step: torch.zeros(SIZE, dtype=torch.float64))
    assert torch.equal(path[-1], start())


def test_update_leaves_its_arguments_as_they_were():
    weights, moments = start(), Moments(*torch.ones(2, SIZE, dtype=torch.float64))
    g = gradient(weights, 1)
    before = [tensor.clone() for tensor in (weights, g, *moments)]
    for optimiser in ("adam", "clipped-adam"):
        optimisers.update(weights, g, moments, 5, make_config(optimiser=optimiser, weight_decay=1.0, clip_norm=0.1))
    assert all(torch.equal(one, other) for one, other in zip(before, (weights, g, *moments), strict=True))


# --- the quick twin ---


@pytest.mark.parametrize("optimiser", ["adam", "clipped-adam"])
@pytest.mark.parametrize(
    "settings", [{}, {"weight_decay": 0.3, "lr_decay": 0.99}, {"schedule": "cosine", "beta1": 0.0}]
)
def test_step_in_place_equals_the_readable_one(optimiser, settings):
    config = make_config(optimiser=optimiser, learning_rate=0.02, clip_norm=0.7, **settings)
    weights, moments = start(), Moments(*torch.zeros(2, SIZE, dtype=torch.float64))
    quick, quick_moments = weights.clone(), Moments(*(part.clone() for part in moments))
    for step in range(1, STEPS + 1):
        progress = step / STEPS
        weights, moments = optimisers.update(weights, gradient(weights, step), moments, step, config, progress)
        optimisers.update_(quick, gradient(quick, step), quick_moments, step, config, progress)
        torch.testing.assert_close(quick, weights, rtol=1e-10, atol=1e-12)
    for ours, readable in zip(quick_moments, moments, strict=True):
        torch.testing.assert_close(ours, readable, rtol=1e-10, atol=1e-12)
