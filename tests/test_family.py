"""The bound of every member of the family, against a loop over torch.distributions and against Pyro's own ELBO."""

import pyro
import pytest
import torch

from dmm import elbo, pyro_program
from tests.family import NETWORKS, assert_same, bounds_by_hand, gradient, make_case

pytestmark = pytest.mark.usefixtures("one_thread", "seeded_float64")

DEEP = {"rnn_layers": 2, "rnn_dropout": 0.3, "rnn_embedding": 4}
KL = {"analytic": 1.0, "sampled": 0.3}  # and the weight it is taken with


@pytest.fixture(autouse=True)
def _empty_store():
    yield
    pyro.clear_param_store()


def members():
    """Settings of models that between them have every part, and each part beside those that it touches."""
    for inference in NETWORKS:
        yield {"inference": inference}
        yield {"inference": inference, "rnn_cell": "lstm", **DEEP}
        yield {"inference": inference, "rnn_dropout": 0.5, "first": "given", "first_loc": 0.7, "first_scale": 2.0}
        yield {"inference": inference, "edges": "augmented", "rnn_cell": "gru"}
        yield {"inference": inference, "missing": 0.4}
    for inference in ("mf-lr", "st-lr"):
        yield {"inference": inference, "rnn_cell": "gru", **DEEP}
        yield {"inference": inference, "rnn_cell": "relu", **DEEP}
    for transition in ("gated", "mlp", "linear"):
        for emitter in ("mlp", "linear"):
            for emission in ("bernoulli", "gaussian"):
                parts = {"transition": transition, "emitter": emitter, "emission": emission}
                yield parts
                yield parts | {"edges": "augmented", "inference": "st-lr", "first": "given"}
                yield parts | {"missing": 0.5, "inference": "mf-l"}


def bent_members():
    """The same for posteriors that are bent by flows."""
    for steps in (1, 2):
        for inference in NETWORKS:
            yield {"inference": inference, "num_iafs": steps}
    yield {"inference": "st-r", "num_iafs": 2, "edges": "augmented", "first": "given", "rnn_cell": "lstm", **DEEP}
    yield {"inference": "mf-lr", "num_iafs": 2, "missing": 0.4, "emission": "gaussian"}
    yield {"inference": "st-l", "num_iafs": 1, "z_dim": 1}


def name(values):
    return " ".join(f"{value}" if isinstance(value, str) else f"{key}={value}" for key, value in values.items())


GAUSSIAN = [pytest.param(values, kl, id=f"{name(values)} {kl}") for values in members() for kl in KL]
BENT = [pytest.param(values | {"kl": "sampled"}, "sampled", id=name(values)) for values in bent_members()]


@pytest.mark.parametrize(("values", "kl"), GAUSSIAN + BENT)
def test_bound_and_gradient_equal_a_loop_over_torch_distributions_and_pyros_elbo(values, kl):
    dmm, batch, noise = make_case(**values)
    assert (batch.observed is not None) == ("missing" in values)
    assert bool(noise.keep) == ("rnn_dropout" in values)
    ours = elbo.elbo(dmm, batch, noise, KL[kl], kl)
    slope = gradient(ours.elbo.sum(), dmm)
    assert float((slope != 0).double().mean()) > 0.5

    by_hand = bounds_by_hand(dmm, batch, noise, KL[kl], kl)
    assert_same(ours.elbo, by_hand)
    assert_same(slope, gradient(by_hand.sum(), dmm))

    pyros = pyro_program.bound(dmm, batch, noise, KL[kl], kl)
    for one, other in zip(elbo.bound(dmm, batch, noise, KL[kl], kl), pyros, strict=True):
        assert_same(one, other)
    assert_same(slope, gradient(pyros.elbo, dmm))


@pytest.mark.parametrize("inference", ["mf-lr", "st-lr"])
@pytest.mark.parametrize("steps", [0, 2])
def test_bound_equals_pyros_own_when_pyro_draws_the_noise_itself(inference, steps):
    dmm, batch, _ = make_case(inference=inference, num_iafs=steps, kl="sampled")
    program = pyro_program.PyroProgram(dmm)
    torch.manual_seed(31)
    loss = pyro_program.make_loss("sampled").differentiable_loss(program.model, program.guide, *batch)
    torch.manual_seed(31)  # Pyro draws (B, Z) normal numbers for each latent in turn
    (sequences, frames), z_dim = batch.mask.shape, dmm.z_dim
    eps = [torch.normal(torch.zeros(sequences, z_dim), torch.ones(sequences, z_dim)) for _ in range(frames)]
    noise = dmm.sample_noise(batch.x, torch.Generator())._replace(eps=torch.stack(eps, dim=1))
    ours = elbo.bound(dmm, batch, noise, kl="sampled").elbo
    assert_same(ours, -loss)
    assert_same(gradient(ours, dmm), gradient(-loss, dmm))


SINGLE = [
    {"inference": "mf-lr"},
    {"inference": "st-lr", "num_iafs": 2},
    {"missing": 0.4},
    {"first": "given"},
    {"first": "given", "edges": "augmented", "transition": "linear", "emission": "gaussian"},
]


@pytest.mark.parametrize("values", SINGLE, ids=str)
def test_batch_of_single_frames_has_the_bound_of_a_loop(values):
    dmm, batch, noise = make_case((1, 1, 1), kl="sampled", **values)
    assert_same(elbo.elbo(dmm, batch, noise, kl="sampled").elbo, bounds_by_hand(dmm, batch, noise, kl="sampled"))


def test_closed_form_kl_of_a_bent_posterior_is_refused():
    dmm, batch, noise = make_case(num_iafs=1, kl="sampled")
    with pytest.raises(ValueError, match="expected kl='sampled'"):
        elbo.bound(dmm, batch, noise, kl="analytic")


def test_pyro_refuses_free_bits_with_the_number():
    dmm, batch, noise = make_case()
    with pytest.raises(ValueError, match=r"free_bits=0\.5"):
        pyro_program.bound(dmm, batch, noise, free_bits=0.5)
