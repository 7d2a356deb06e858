"""The paper's experiments: the models are the systems, the judge is right, and the influence is a derivative."""

import math

import numpy as np
import pytest
import torch

from dmm import experiments, floors, systems, training
from dmm.batches import make_generator, to_tensors
from dmm.experiments import EXPERIMENTS, TEST, TRAIN, VALID, draw, influence, judge, make_experiment
from dmm.runs.experiment_results import NETWORKS

pytestmark = pytest.mark.usefixtures("one_thread")

NAMES = tuple(EXPERIMENTS)


@pytest.fixture
def few(monkeypatch):
    """Small sets of sequences."""
    monkeypatch.setattr(experiments, "SIZES", (40, 20, 20))


def make_dmm(name, inference="st-r", **values):
    """A model of an experiment with its first weights."""
    spec = make_experiment(name, inference=inference, rnn_dim=6, **values)
    return training.load_dmm(spec.config, training.make_state(spec).weights, spec.build)


# --- models and data ---


@pytest.mark.parametrize("name", NAMES)
def test_generative_model_is_the_system(name, few):
    dmm, known = make_dmm(name), EXPERIMENTS[name]
    system = systems.two_dimensional(*_laws(dmm)) if name == "recovery" else known.system()
    z = np.random.default_rng(0).normal(0, 5, (7, known.dims)).astype(np.float32)
    loc, scale = dmm.transition(torch.from_numpy(z))
    np.testing.assert_allclose(loc, system.step(z), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(scale**2, np.broadcast_to(np.diag(system.Q), z.shape), rtol=1e-5)
    mean, noise = dmm.emitter(torch.from_numpy(z))
    np.testing.assert_allclose(mean, system.look(z), rtol=1e-5)
    np.testing.assert_allclose(noise**2, np.broadcast_to(np.diag(system.R), z.shape), rtol=1e-5)
    np.testing.assert_allclose(dmm.first_loc, system.mean_1)
    np.testing.assert_allclose(dmm.first_scale**2, np.diag(system.cov_1), rtol=1e-5)


def _laws(dmm):
    return dmm.transition.alpha.item(), dmm.transition.beta.item()


def test_only_alpha_and_beta_of_a_system_are_learned_and_start_near_0():
    learned = {}
    for name in NAMES:
        dmm = make_dmm(name)
        x = to_tensors(list(draw(name, 5, TRAIN)[1].astype(np.float32)))
        dmm.requires_grad_(True)
        bound = experiments.elbo.bound(dmm, x, dmm.sample_noise(x.x, make_generator(0, 0)))
        parts = [(key, part) for key, part in dmm.named_parameters() if not key.startswith("inference")]
        found = torch.autograd.grad(bound.elbo, [part for _, part in parts], allow_unused=True)
        learned[name] = [key for (key, _), d in zip(parts, found, strict=True) if d is not None and d.abs().sum() > 0]
        if name == "recovery":
            assert all(abs(number) <= 0.2 for number in _laws(dmm))
    assert learned == {"linear": [], "nonlinear": [], "recovery": ["transition.alpha", "transition.beta"]}


def test_splits_are_different_draws_and_seeds_too():
    first = draw("linear", 3, TRAIN)[1]
    np.testing.assert_array_equal(first, draw("linear", 3, TRAIN)[1])
    for other in (draw("linear", 3, VALID), draw("linear", 3, TEST), draw("linear", 3, TRAIN, seed=1)):
        assert abs(other[1] - first).min() > 0


@pytest.mark.parametrize("name", NAMES)
def test_units_are_about_the_size_of_x_and_z(name):
    z, x = draw(name, 2000, TRAIN)
    known = EXPERIMENTS[name]
    for numbers, unit in ((x, known.x_unit), (z, known.z_unit)):
        assert 0.5 < math.sqrt((numbers**2).mean()) / unit < 2


def test_first_weights_see_frames_in_the_unit_of_the_data():
    plain, scaled = (make_dmm("linear").inference.rnns["right"].layers[0].weight_ih_l0 for _ in range(2))
    assert torch.equal(plain, scaled)
    assert plain.abs().max() < 1 / math.sqrt(6) / EXPERIMENTS["linear"].x_unit + 1e-6


# --- judging ---


@pytest.mark.parametrize("name", NAMES)
def test_no_guess_is_above_the_exact_likelihood(name):
    z, x = draw(name, 30, TEST)
    judged = judge(make_dmm(name), name, z, x, draws=20)
    assert judged.gap > -3 * judged.gap_se
    assert judged.bound - judged.exact == pytest.approx(judged.gap, abs=1e-9)
    assert judged.rmse > judged.exact_rmse - 0.05


def test_exact_values_of_the_linear_system_are_the_closed_forms():
    z, x = draw("linear", 4000, TEST)
    exact = EXPERIMENTS["linear"].exact(x)
    known = floors.floor(systems.linear(), 25, "st-r")
    nll = -exact.log_likelihood / 25
    assert nll.mean() == pytest.approx(known.exact, abs=3 * nll.std() / math.sqrt(4000))
    assert np.sqrt(((exact.mean - z) ** 2).mean()) == pytest.approx(known.rmse, abs=0.05)


def test_rmse_is_that_of_the_mean_however_few_draws_estimate_it():
    """A guess whose mean is known, 0, and whose scale is wide: two draws of it are far from their mean."""
    z, x = draw("linear", 2000, TEST)
    dmm = make_dmm("linear", "mf-l")
    with torch.no_grad():
        for part in dmm.inference.messages.values():
            for layer in (part.hidden_to_loc, part.hidden_to_scale):
                layer.weight.zero_()
                layer.bias.fill_(0.0 if layer is part.hidden_to_loc else 20.0)
    truth = math.sqrt((z**2).mean())
    assert judge(dmm, "linear", z, x, draws=2).rmse == pytest.approx(truth, rel=0.03)


def test_gap_and_its_error_are_those_of_a_loop_over_draws():
    z, x = draw("linear", 6, TEST)
    dmm = make_dmm("linear")
    judged = judge(dmm, "linear", z, x, draws=3, seed=5)
    batch, generator = to_tensors(list(x.astype(np.float32))), make_generator(5, experiments.JUDGEMENT)
    bounds = []
    for _ in range(3):
        noise = dmm.sample_noise(batch.x, generator)
        bounds.append(experiments.elbo.elbo(dmm, batch, noise, kl="sampled").elbo.detach().numpy())
    lost = (EXPERIMENTS["linear"].exact(x).log_likelihood - np.mean(bounds, axis=0)) / 25
    assert judged.gap == pytest.approx(lost.mean(), abs=1e-5)
    assert judged.gap_se == pytest.approx(lost.std(ddof=1) / math.sqrt(6), abs=1e-5)


# --- influence ---


@pytest.mark.parametrize("network", NETWORKS)
def test_influence_is_zero_exactly_where_a_network_may_not_look(network):
    seen = influence(make_dmm("linear", network), draw("linear", 8, TEST)[1])
    past, future = np.tril(seen, -1), np.triu(seen, 1)
    assert (abs(past).max() > 0) == (network not in ("mf-r",))  # structured: through the last latent
    assert (abs(future).max() > 0) == (network not in ("mf-l", "st-l"))


def test_influence_equals_finite_differences_of_the_drawn_latents():
    dmm = make_dmm("linear").double()
    x = draw("linear", 4, TEST)[1].astype(np.float32).astype(float)
    seen = influence(dmm, x, seed=3)

    def latents(x):
        batch = to_tensors(list(x), torch.float64)
        noise = dmm.sample_noise(batch.x, make_generator(3, experiments.JUDGEMENT))
        return dmm.inference(batch.x * 0 + torch.from_numpy(x), batch.lengths, noise).z.numpy()[..., 0]

    for s in (0, 11, 24):
        moved = x.copy()
        moved[:, s] += 1e-5
        np.testing.assert_allclose(seen[:, s], (latents(moved) - latents(x)).mean(0) / 1e-5, atol=1e-6)
