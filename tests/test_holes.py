"""Missing data: what is not known is summed out of the bound, whatever it holds, and training can hide frames."""

import itertools
import math

import numpy as np
import pytest
import torch

from dmm import elbo, pyro_program, training
from dmm.config import make_config
from dmm.data import Batch
from dmm.inference import Posterior
from dmm.training import Budget, Spec, advance, hide, make_state
from tests.family import NETWORKS, SMALL, X, Z, assert_same, bounds_by_hand, gradient, make_batch, make_case, make_model

pytestmark = pytest.mark.usefixtures("one_thread", "seeded_float64")

GARBAGE = [1.0, 1e6, math.nan, -math.inf]
ENGINES = [elbo.bound, pyro_program.bound]
EMISSIONS = ["bernoulli", "gaussian"]
LENGTHS = [9, 1, 5, 4, 7, 2, 8]


def make_rolls(lengths=LENGTHS):
    rng = np.random.default_rng(0)
    return tuple((rng.random((length, X)) < 0.4).astype(np.uint8) for length in lengths)


def make_spec(**values):
    return Spec(make_config(**(SMALL | {"batch_size": 3} | values)), make_rolls(), make_rolls([3, 1]))


# --- the bound ---


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("emission", EMISSIONS)
@pytest.mark.parametrize("inference", ["mf-lr", "st-r"])
@pytest.mark.parametrize("garbage", GARBAGE)
def test_what_missing_entries_hold_changes_neither_the_bound_nor_its_gradient(garbage, inference, emission, engine):
    dmm, batch, noise = make_case(missing=0.4, inference=inference, emission=emission)
    assert 0.2 < float(batch.observed[batch.mask == 1].mean()) < 0.9
    spoilt = batch._replace(x=torch.where(batch.observed == 1, batch.x, garbage))
    ours, theirs = engine(dmm, batch, noise, 0.7), engine(dmm, spoilt, noise, 0.7)
    for one, other in zip(ours, theirs, strict=True):
        assert_same(one, other)
    slope = gradient(ours.elbo, dmm)
    assert bool(torch.isfinite(slope).all())
    assert_same(slope, gradient(theirs.elbo, dmm))


@pytest.mark.parametrize("emission", EMISSIONS)
@pytest.mark.parametrize("inference", NETWORKS)
@pytest.mark.parametrize("told", [True, False])
def test_bound_with_holes_is_that_of_a_loop_that_leaves_these_keys_out(told, inference, emission):
    dmm = make_model(inference=inference, emission=emission, missing=0.1 if told else 0.0)
    assert dmm.sees_holes == told
    batch = make_batch(emission=emission, holes=0.5)
    noise = dmm.sample_noise(batch.x, torch.Generator().manual_seed(0))
    ours, by_hand = elbo.elbo(dmm, batch, noise).elbo, bounds_by_hand(dmm, batch, noise)
    assert_same(ours, by_hand)
    assert_same(gradient(ours.sum(), dmm), gradient(by_hand.sum(), dmm))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("told", [True, False])
def test_batch_in_which_all_is_known_is_one_without_holes(told, engine):
    dmm, batch, noise = make_case(inference="st-lr")
    dmm = make_model(inference="st-lr", missing=0.1) if told else dmm
    full = batch._replace(observed=torch.ones_like(batch.x))
    of_batches = [engine(dmm, one, noise, 0.5) for one in (batch._replace(observed=None), full)]
    for one, other in zip(*of_batches, strict=True):
        assert torch.equal(one, other)
    assert torch.equal(*(gradient(bound.elbo, dmm) for bound in of_batches))


def test_frame_of_which_nothing_is_known_has_no_reconstruction_and_still_a_latent():
    dmm, batch, noise = make_case(missing=0.3)
    observed = batch.mask.unsqueeze(-1).repeat(1, 1, X)
    observed[0, 2] = 0.0
    parts = elbo.terms(dmm, batch._replace(observed=observed), noise)
    assert not parts.reconstruction[0, 2]
    assert bool((parts.kl[0, 2] > 0).all())
    assert bool((parts.reconstruction[0, :2] != 0).all())


def test_network_is_told_the_holes_beside_the_notes_only_if_it_was_built_for_them():
    batch = make_batch(holes=0.5)
    known = torch.where(batch.observed == 1, batch.x, 0.0)
    assert torch.equal(make_model().inputs(batch), known)
    assert torch.equal(make_model(missing=0.1).inputs(batch), torch.cat([known, batch.observed], dim=-1))
    full = make_model(missing=0.1).inputs(batch._replace(observed=None))
    assert torch.equal(full, torch.cat([batch.x, torch.ones_like(batch.x)], dim=-1))


@torch.no_grad()
def test_likelihood_with_holes_is_the_sum_over_all_that_they_might_hold():
    """p(known | z) = sum over what is missing of p(all | z): by a brute sum over its 2^3 contents."""
    dmm, z = make_model(x_dim=2), torch.randn(1, 2, Z)
    x, observed = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]), torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    batch = Batch(x, torch.ones(1, 2), torch.tensor([2]), observed)

    def log_p_x(batch):
        return elbo.judge(dmm, batch, Posterior(z, torch.zeros(Z), torch.ones(Z), z)).log_p_x.sum()

    total = 0.0
    for content in itertools.product([0.0, 1.0], repeat=3):
        full = x.clone()
        full[observed == 0] = torch.tensor(content)
        total = total + log_p_x(batch._replace(x=full, observed=None)).exp()
    assert_same(log_p_x(batch), total.log())


# --- hiding ---


def test_hiding_takes_whole_frames_at_its_rate_and_touches_no_note():
    batch = make_batch([50] * 60 + [20] * 60)
    hidden = hide(batch, 0.3, torch.Generator().manual_seed(1))
    assert hidden.x is batch.x
    assert hidden.mask is batch.mask
    assert torch.equal(hidden.observed.amin(-1), hidden.observed.amax(-1))
    assert set(hidden.observed.unique().tolist()) == {0.0, 1.0}
    assert not hidden.observed[batch.mask == 0].any()
    frames = float(batch.mask.sum())
    kept = float(hidden.observed[..., 0].sum()) / frames
    assert abs(kept - 0.7) < 4.5 * (0.21 / frames) ** 0.5


def test_hiding_follows_its_generator_and_no_chance_hides_nothing():
    batch = make_batch([9, 5])
    one, same, other = (hide(batch, 0.5, torch.Generator().manual_seed(seed)).observed for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    none = hide(batch, 0.0, torch.Generator().manual_seed(1))
    assert torch.equal(none.observed[batch.mask == 1], torch.ones(14, X))


def test_hiding_never_hides_everything():
    outcomes = [hide(make_batch([2, 1]), 0.9, torch.Generator().manual_seed(seed)) for seed in range(200)]
    untouched = [batch for batch in outcomes if batch.observed is None]
    assert 100 < len(untouched) < 180  # 0.9 ** 3 of them would have lost all
    assert all(batch.observed.any() for batch in outcomes if batch.observed is not None)


# --- training ---


def test_training_record_counts_the_frames_that_were_known():
    spec = make_spec(missing=0.5, engine="readable")
    records = advance(make_state(spec), spec, Budget(steps=3))[1].records
    for step, chosen in enumerate(training.epoch_batches(spec, 0)):
        batch = training.to_tensors([spec.train[i] for i in chosen])
        hidden = hide(batch, 0.5, training.make_generator(spec.config.seed, training.HOLES, step))
        known = batch.mask if hidden.observed is None else hidden.observed[..., 0]
        assert records[step]["frames"] == int(known.sum())
    train = [record["frames"] for record in records if record["kind"] == "train"]
    assert sum(train) < sum(LENGTHS)
    (valid,) = (record for record in records if record["kind"] == "valid")
    assert valid["frames"] == 4  # nothing is hidden there


def test_training_record_is_the_bound_with_these_holes():
    spec = make_spec(missing=0.5, engine="readable")
    state = make_state(spec, torch.float64)
    record = advance(state, spec, Budget(steps=1))[1].records[0]
    dmm = training.load_dmm(spec.config, state.weights)
    batch = training.to_tensors([spec.train[i] for i in training.epoch_batches(spec, 0)[0]], torch.float64)
    batch = hide(batch, 0.5, training.make_generator(spec.config.seed, training.HOLES, 0))
    noise = dmm.sample_noise(batch.x, training.make_generator(spec.config.seed, training.NOISE, 0))
    bound = -float(bounds_by_hand(dmm, batch, noise).sum()) / float(batch.observed[..., 0].sum())
    assert record["bound"] == pytest.approx(bound, rel=1e-5)


def test_holes_differ_from_update_to_update_and_are_the_same_in_a_run_in_slices(monkeypatch):
    seen = []
    original = training.hide
    monkeypatch.setattr(training, "hide", lambda *given: seen.append(original(*given)) or seen[-1])
    spec = make_spec(missing=0.5, epochs=2, engine="readable")
    state = make_state(spec)
    while state.step < 6:
        state, _ = advance(state, spec, Budget())
    whole, seen[:] = list(seen), []
    again = make_state(spec)
    while again.step < 6:
        again, _ = advance(again, spec, Budget(steps=1))
    assert len(whole) == len(seen) == 6
    assert all(torch.equal(one.observed, other.observed) for one, other in zip(whole, seen, strict=True))
    assert len({str(one.observed.tolist()) for one in whole}) == 6
    assert all(torch.equal(state.weights[name], again.weights[name]) for name in state.weights)


def test_nothing_is_hidden_without_the_setting(monkeypatch):
    monkeypatch.setattr(training, "hide", None)
    spec = make_spec(engine="readable")
    record = advance(make_state(spec), spec, Budget(steps=3))[1].records
    assert sum(one["frames"] for one in record if one["kind"] == "train") == sum(LENGTHS)
