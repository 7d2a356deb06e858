"""Free bits: so much KL in each latent dimension costs nothing, and nothing else changes."""

import numpy as np
import pytest
import torch

from dmm import elbo, training
from dmm.config import make_config
from dmm.training import Budget, Spec, advance, make_state
from tests.family import SMALL, X, Z, assert_same, gradient, make_case

pytestmark = pytest.mark.usefixtures("one_thread", "seeded_float64")


def test_penalty_is_the_formula_one_dimension_at_a_time():
    kl = torch.rand(4, 6, 5) * torch.tensor([0.0, 0.1, 0.5, 1.0, 3.0])
    frames = 17
    for floor in (0.0, 0.05, 0.2, 2.0):
        by_hand = sum(frames * max(floor, float(kl[..., j].sum()) / frames) for j in range(5))
        assert_same(elbo.penalty(kl, frames, floor), torch.tensor(by_hand))


def test_penalty_of_the_mean_over_frames_lets_quiet_frames_pay_for_loud_ones():
    kl = torch.tensor([[[1.0]], [[0.0]]])  # mean 0.5 over two frames
    assert float(elbo.penalty(kl, 2, 0.5)) == 1.0
    assert float(elbo.penalty(kl, 2, 0.6)) == 1.2


def test_dimension_below_the_floor_has_no_gradient_and_one_above_has_it_in_full():
    kl = (torch.rand(4, 6, 3) * torch.tensor([0.1, 0.5, 3.0])).requires_grad_()
    (slope,) = torch.autograd.grad(elbo.penalty(kl, 24, 0.6), kl)
    assert torch.equal(slope, torch.tensor([0.0, 0.0, 1.0]).expand(4, 6, 3))
    (slope,) = torch.autograd.grad(elbo.penalty(kl, 24), kl)
    assert torch.equal(slope, torch.ones(4, 6, 3))


@pytest.mark.parametrize("inference", ["mf-l", "st-lr"])
@pytest.mark.parametrize("kl_weight", [0.3, 1.0])
def test_free_bits_change_what_is_raised_and_not_the_bound_that_is_told(kl_weight, inference):
    dmm, batch, noise = make_case(inference=inference)
    plain = elbo.bound(dmm, batch, noise, kl_weight)
    frames, kl = int(batch.mask.sum()), elbo.terms(dmm, batch, noise).kl
    by_dimension = kl.detach().sum((0, 1)) / frames
    floor = float(by_dimension.median()) * 1.01
    free = elbo.bound(dmm, batch, noise, kl_weight, free_bits=floor)
    assert torch.equal(free.reconstruction, plain.reconstruction)
    assert torch.equal(free.kl, plain.kl)
    taken_off = frames * by_dimension.clamp(min=floor).sum()
    assert_same(free.elbo, plain.reconstruction - kl_weight * taken_off)
    assert bool(free.elbo < plain.elbo)
    by_hand = plain.reconstruction - kl_weight * kl[..., by_dimension > floor].sum()
    assert 0 < int((by_dimension > floor).sum()) < Z
    assert_same(gradient(free.elbo, dmm), gradient(by_hand, dmm))


def test_no_free_bits_are_the_bound_itself_to_the_last_bit():
    dmm, batch, noise = make_case()
    plain, off = elbo.bound(dmm, batch, noise, 0.3), elbo.bound(dmm, batch, noise, 0.3, free_bits=0.0)
    assert all(torch.equal(one, other) for one, other in zip(plain, off, strict=True))
    assert torch.equal(gradient(plain.elbo, dmm), gradient(off.elbo, dmm))


def test_floor_that_no_dimension_reaches_leaves_the_reconstruction_alone_to_learn_from():
    dmm, batch, noise = make_case()
    free = elbo.bound(dmm, batch, noise, free_bits=1e6)
    assert_same(gradient(free.elbo, dmm), gradient(elbo.bound(dmm, batch, noise).reconstruction, dmm))


def test_training_records_the_bound_without_free_bits_and_steps_with_them():
    rng = np.random.default_rng(0)
    rolls = tuple((rng.random((length, X)) < 0.4).astype(np.uint8) for length in (9, 5, 4))
    records, weights = [], []
    for floor in (0.0, 0.5):
        spec = Spec(make_config(**SMALL, free_bits=floor, engine="readable", annealing_updates=0), rolls, rolls)
        state, report = advance(make_state(spec, torch.float64), spec, Budget(steps=1))
        records.append(report.records[0])
        weights.append(state.weights)
    for key in ("bound", "reconstruction", "kl", "frames"):
        assert records[0][key] == records[1][key]
    assert records[0]["gradient_norm"] != records[1]["gradient_norm"]
    assert not torch.equal(weights[0]["inference.z_q_0"], weights[1]["inference.z_q_0"])


def test_validation_never_has_free_bits(monkeypatch):
    given = []
    original = elbo.bound
    monkeypatch.setattr(training.elbo, "bound", lambda *args, **named: given.append(named) or original(*args, **named))
    rolls = (np.ones((4, X), np.uint8),)
    spec = Spec(make_config(**SMALL, free_bits=0.5, engine="readable"), rolls, rolls)
    report = advance(make_state(spec), spec, Budget(steps=1))[1]
    assert report.records[-1]["kind"] == "valid"
    assert not given[-1].get("free_bits")
