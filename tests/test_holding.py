"""Parameters that are held, whole or in part: they never move, the others do, and a run with them goes on as any."""

import numpy as np
import pytest
import torch
from torch import nn

from dmm import elbo, training
from dmm.config import make_config
from dmm.deep_markov_model import build_dmm
from dmm.runs import snapshots, store
from dmm.training import Budget, Spec, advance, make_state
from dmm.variants import hold
from tests.family import SMALL, X, Z, make_batch

pytestmark = pytest.mark.usefixtures("one_thread")

TURN = torch.tensor([[0.5, -0.25, 0.0], [0.25, 0.5, 0.0], [0.0, 0.0, 0.0]])
TURN_FREE = torch.tensor([[False, False, True], [False, False, True], [True, True, True]])
ENGINES = ["readable", "pyro"]


def build_held(config):
    """A linear rule of which only the last row and column are learned, a given noise, and half of an emission."""
    dmm = build_dmm(config)
    hold(dmm.transition.linear, "weight", TURN, TURN_FREE)
    hold(dmm.transition, "rho", torch.tensor(0.1))
    hold(dmm.emitter.z_to_logits, "weight", 0.75, torch.arange(Z).expand(X, Z) > 0)
    return dmm


def make_spec(**values):
    rng = np.random.default_rng(0)
    rolls = tuple((rng.random((length, X)) < 0.4).astype(np.uint8) for length in (9, 1, 5, 4, 7))
    settings = {"transition": "linear", "emitter": "linear", "batch_size": 2, "epochs": 4, "engine": "readable"}
    return Spec(make_config(**(SMALL | settings | values)), rolls, rolls[:2], build_held)


def train(state, spec, steps=None):
    ended = ""
    while ended != "done" and (steps is None or state.step < steps):
        state, report = advance(state, spec, Budget(steps=None if steps is None else steps - state.step))
        ended = report.ended
        assert ended != "diverged", report.cause
    return state


# --- one parameter ---


def test_held_entries_have_their_value_and_no_gradient_and_free_ones_are_as_before():
    linear, before = nn.Linear(3, 2), None
    before = linear.weight.detach().clone()
    free = torch.tensor([[True, False, False], [False, True, False]])
    value = torch.arange(6.0).reshape(2, 3)
    assert hold(linear, "weight", value, free) is linear
    assert torch.equal(linear.weight, torch.where(free, before, value))
    linear(torch.ones(4, 3)).sum().backward()
    (slope,) = (p.grad for name, p in linear.named_parameters() if "weight" in name)
    assert torch.equal(slope, torch.where(free, 4.0, 0.0))


def test_whole_parameter_is_held_at_a_number_or_a_tensor_of_its_own():
    linear, value = nn.Linear(3, 2), torch.ones(2)
    hold(linear, "bias", value)
    hold(linear, "weight", 0.5)
    value.fill_(9.0)  # what is held is a copy
    assert torch.equal(linear.weight, torch.full((2, 3), 0.5))
    assert torch.equal(linear.bias, torch.ones(2))


def test_value_of_another_shape_is_refused():
    with pytest.raises(RuntimeError):
        hold(nn.Linear(3, 2), "weight", torch.ones(5))


# --- a whole run ---


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("values", [{}, {"weight_decay": 2.0, "optimiser": "clipped-adam"}, {"inference": "mf-lr"}])
def test_held_entries_never_move_in_training_and_free_ones_do(values, engine):
    spec = make_spec(engine=engine, **values)
    start = make_state(spec)
    end = train(start, spec)
    assert end.step == 12
    before, after = (training.load_dmm(spec.config, state.weights, spec.build) for state in (start, end))
    for dmm in (before, after):
        assert torch.equal(dmm.transition.linear.weight[~TURN_FREE], TURN[~TURN_FREE])
        assert torch.equal(dmm.transition.rho, torch.full((Z,), 0.1))
        assert torch.equal(dmm.emitter.z_to_logits.weight[:, 0], torch.full((X,), 0.75))
    moved = after.transition.linear.weight != before.transition.linear.weight
    assert torch.equal(moved, TURN_FREE)
    assert torch.equal(before.transition.linear.weight[TURN_FREE], torch.eye(Z)[TURN_FREE])
    assert bool((after.emitter.z_to_logits.weight != before.emitter.z_to_logits.weight)[:, 1:].all())
    assert bool((after.transition.linear.bias != before.transition.linear.bias).all())


def test_gradient_of_held_entries_is_zero_and_of_free_ones_not(seeded_float64):
    spec = make_spec()
    dmm, batch = build_held(spec.config), make_batch()
    noise = dmm.sample_noise(batch.x, torch.Generator().manual_seed(0))
    parameters = dict(dmm.named_parameters())
    slopes = torch.autograd.grad(elbo.bound(dmm, batch, noise).elbo, parameters.values(), materialize_grads=True)
    slopes = {
        name.replace(".parametrizations", "").removesuffix(".original"): slope
        for name, slope in zip(parameters, slopes, strict=True)
    }
    assert torch.equal(slopes["transition.linear.weight"] != 0, TURN_FREE)
    assert not slopes["transition.rho"].any()
    assert torch.equal(slopes["emitter.z_to_logits.weight"] != 0, (torch.arange(Z) > 0).expand(X, Z))
    assert bool((slopes["transition.linear.bias"] != 0).all())


def test_both_engines_train_the_same_held_model():
    one, other = (
        train(make_state(make_spec(engine=engine), torch.float64), make_spec(engine=engine)) for engine in ENGINES
    )
    for name in one.weights:
        torch.testing.assert_close(one.weights[name], other.weights[name], rtol=1e-9, atol=1e-10)


def test_held_run_in_slices_and_through_snapshots_is_bit_identical_to_one_in_a_piece(tmp_path):
    spec = make_spec(rnn_dropout=0.3)
    whole = train(make_state(spec), spec)
    run = store.new_run(spec.config, folder=tmp_path)
    snapshots.save_last(run, train(make_state(spec), spec, 5))
    back = snapshots.load_last(run, make_state(spec))
    assert back.step == 5
    end = train(back, spec)
    assert end.step == whole.step
    assert all(torch.equal(end.weights[name], whole.weights[name]) for name in whole.weights)


def test_same_configuration_built_otherwise_is_another_model():
    """What is kept from one slice to the next never mixes up two ways to build."""
    held, plain = make_spec(), make_spec()._replace(build=build_dmm)
    for _ in range(2):
        for spec, fixed in ((held, True), (plain, False)):
            state = train(make_state(spec), spec, 3)
            dmm = training.load_dmm(spec.config, state.weights, spec.build)
            assert torch.equal(dmm.transition.rho, torch.full((Z,), 0.1)) == fixed
