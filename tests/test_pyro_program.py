"""The Pyro program: its sites, its scales, and a whole training run step by step against Pyro's own."""

import numpy as np
import pyro
import pytest
import torch
from pyro import poutine
from pyro.infer import Trace_ELBO, TraceMeanField_ELBO

from dmm import pyro_program, training
from dmm.config import make_config
from dmm.deep_markov_model import make_dmm
from dmm.pyro_program import FixedNoise, PyroProgram

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = {"z_dim": 3, "emission_dim": 4, "transition_dim": 5, "rnn_dim": 6, "batch_size": 3}
LENGTHS = [9, 1, 5, 4, 7, 2, 8]


@pytest.fixture(autouse=True)
def _empty_store():
    pyro.clear_param_store()
    yield
    pyro.clear_param_store()


def make_rolls(lengths=LENGTHS):
    rng = np.random.default_rng(0)
    return tuple((rng.random((length, 88)) < 0.1).astype(np.uint8) for length in lengths)


def make_spec(**values):
    return training.Spec(make_config(**(SMALL | values)), make_rolls(), make_rolls([3, 1]))


def make_case(lengths=(5, 1, 3), **values):
    """A float64 model with some weights in its starts, a batch and noise."""
    dmm = make_dmm(make_config(**(SMALL | values))).double()
    with torch.no_grad():
        for start in (dmm.z_0, dmm.inference.z_q_0, dmm.inference.rnns["right"].h_0):
            start.fill_(0.3)
    batch = training.to_tensors(make_rolls(lengths), torch.float64)
    return dmm, batch, dmm.sample_noise(batch.x, torch.Generator().manual_seed(1), training=True)


def traces(dmm, batch, noise, kl_weight=1.0):
    program = PyroProgram(dmm)
    guide = poutine.trace(FixedNoise(noise.eps)(program.guide)).get_trace(*batch, kl_weight, noise.keep)
    model = poutine.trace(poutine.replay(program.model, trace=guide)).get_trace(*batch, kl_weight, noise.keep)
    for trace in (model, guide):
        trace.compute_log_prob()
    return model, guide


def train(state, spec, steps):
    """So many updates, over as many slices as the milestones make of it."""
    while state.step < steps:
        before = state.step
        state, report = training.advance(state, spec, training.Budget(steps=steps - state.step))
        assert report.ended != "diverged", report.cause
        assert state.step > before
    return state


def sites(trace):
    return [name for name, site in trace.nodes.items() if site["type"] == "sample" and name[0] in "xz"]


# --- the program ---


def test_sites_are_counted_from_one_and_alternate():
    model, guide = traces(*make_case())
    assert sites(model) == [f"{kind}_{t}" for t in range(1, 6) for kind in "zx"]
    assert sites(guide) == [f"z_{t}" for t in range(1, 6)]


def test_frames_are_observed_and_latents_are_not():
    dmm, batch, noise = make_case()
    model, _ = traces(dmm, batch, noise)
    for t in range(1, 6):
        assert model.nodes[f"x_{t}"]["is_observed"]
        assert torch.equal(model.nodes[f"x_{t}"]["value"], batch.x[:, t - 1])
        assert not model.nodes[f"z_{t}"]["is_observed"]


def test_every_site_lies_in_one_plate_over_the_sequences_with_its_last_axis_as_event():
    for trace in traces(*make_case()):
        for name in sites(trace):
            site = trace.nodes[name]
            (frame,) = site["cond_indep_stack"]
            assert (frame.name, frame.size, frame.dim) == ("sequences", 3, -1)
            assert site["fn"].batch_shape == (3,)
            assert site["fn"].event_shape == ((88,) if name[0] == "x" else (3,))


def test_padded_frames_are_masked_at_every_site():
    dmm, batch, noise = make_case()
    for trace in traces(dmm, batch, noise):
        for name in sites(trace):
            t = int(name[2:])
            log_prob = trace.nodes[name]["unscaled_log_prob"]
            assert torch.equal(log_prob != 0, batch.mask[:, t - 1] == 1), name


def test_kl_weight_scales_the_latent_sites_of_both_programs_and_no_frame():
    for trace in traces(*make_case(), kl_weight=0.3):
        for name in sites(trace):
            assert trace.nodes[name]["scale"] == (0.3 if name[0] == "z" else 1.0)


def test_fixed_noise_draws_each_latent_from_its_own_gaussian():
    dmm, batch, noise = make_case(rnn_dropout=0.3)
    _, guide = traces(dmm, batch, noise)
    posterior = dmm.inference(batch.x, batch.lengths, noise)
    for t in range(1, 6):
        torch.testing.assert_close(guide.nodes[f"z_{t}"]["value"], posterior.z[:, t - 1], rtol=1e-12, atol=1e-12)


def test_fixed_noise_leaves_alone_a_latent_whose_value_is_given():
    dmm, batch, noise = make_case()
    program = PyroProgram(dmm)
    guide = poutine.trace(FixedNoise(noise.eps)(program.guide)).get_trace(*batch)
    with FixedNoise(noise.eps):
        model = poutine.trace(poutine.replay(program.model, trace=guide)).get_trace(*batch)
    for t in range(1, 6):
        assert torch.equal(model.nodes[f"z_{t}"]["value"], guide.nodes[f"z_{t}"]["value"])


def test_all_weights_are_pyro_parameters():
    dmm, batch, noise = make_case()
    traces(dmm, batch, noise)
    stored = {name.removeprefix("dmm$$$"): value for name, value in pyro.get_param_store().named_parameters()}
    own = dict(dmm.named_parameters())
    assert stored.keys() == own.keys()
    assert all(stored[name] is own[name] for name in own)


def test_closed_form_kl_is_pyros_mean_field_loss_and_sampled_kl_its_trace_loss():
    assert type(pyro_program.make_loss("analytic")) is TraceMeanField_ELBO
    assert type(pyro_program.make_loss("sampled")) is Trace_ELBO


def test_pyro_bound_draws_nothing_from_the_global_generator():
    dmm, batch, noise = make_case(rnn_dropout=0.3)
    before = torch.get_rng_state()
    for kl in ("analytic", "sampled"):
        first = pyro_program.bound(dmm, batch, noise, 0.5, kl)
        assert torch.equal(first.elbo, pyro_program.bound(dmm, batch, noise, 0.5, kl).elbo)
    assert torch.equal(torch.get_rng_state(), before)


# --- training ---


@pytest.mark.parametrize("kl", ["analytic", "sampled"])
def test_training_equals_pyros_own_svi(kl):
    steps = 6  # two epochs of three batches
    values = {"lr_decay": 0.99, "clip_norm": 1.0, "weight_decay": 0.5, "learning_rate": 0.01, "beta1": 0.96}
    spec = make_spec(
        engine="pyro",
        optimiser="clipped-adam",
        loss="sum",
        kl=kl,
        rnn_dropout=0.2,
        min_kl_weight=0.2,
        annealing_updates=4,
        **values,
    )
    state = training.make_state(spec, torch.float64)
    ours = train(state, spec, steps)

    dmm = make_dmm(spec.config).double()
    dmm.load_state_dict(state.weights)
    pyro.clear_param_store()
    svi = pyro_program.make_svi(dmm, spec.config)
    guide, clipped = svi.guide, []
    for parameter in dmm.parameters():
        parameter.register_hook(lambda slope: clipped.append((slope.abs() > 1.0).double().mean()))
    for step in range(steps):
        epoch, position = divmod(step, spec.updates_per_epoch)
        chosen = training.epoch_batches(spec, epoch)[position]
        batch = training.to_tensors([spec.train[i] for i in chosen], torch.float64)
        generator = training.make_generator(spec.config.seed, training.NOISE, step)
        noise = dmm.sample_noise(batch.x, generator, training=True)
        svi.guide = FixedNoise(noise.eps)(guide)
        svi.step(*batch, training.kl_weight(step, spec.config), noise.keep)

    assert 0.02 < float(torch.stack(clipped).mean()) < 0.98  # clipping really clips, and not everything
    for name, parameter in dmm.named_parameters():
        assert not torch.equal(ours.weights[name], state.weights[name]), name
        torch.testing.assert_close(ours.weights[name], parameter.detach(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("kl", "optimiser"), [("analytic", "adam"), ("sampled", "clipped-adam")])
def test_both_engines_train_the_same_weights_over_twenty_updates(kl, optimiser):
    spec = make_spec(kl=kl, optimiser=optimiser, rnn_layers=2, rnn_dropout=0.3, annealing_updates=10, weight_decay=0.01)
    twin = spec._replace(config=spec.config.model_copy(update={"engine": "pyro"}))
    readable, pyros = (train(training.make_state(one, torch.float64), one, 20) for one in (spec, twin))
    assert readable.step == pyros.step == 20
    for name in readable.weights:
        torch.testing.assert_close(readable.weights[name], pyros.weights[name], rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(readable.best, pyros.best, rtol=1e-9, atol=0)


def test_both_engines_write_the_same_records():
    spec = make_spec(rnn_dropout=0.3)
    twin = spec._replace(config=spec.config.model_copy(update={"engine": "pyro"}))
    one, other = (
        training.advance(training.make_state(each, torch.float64), each, training.Budget(steps=3))[1].records
        for each in (spec, twin)
    )
    assert len(one) == len(other) == 4
    for first, second in zip(one, other, strict=True):
        assert (first["kind"], first.keys()) == (second["kind"], second.keys())
        for key in first.keys() - {"kind", "seconds"}:
            assert first[key] == pytest.approx(second[key], rel=2e-6), key
