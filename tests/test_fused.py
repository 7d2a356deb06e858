"""The fused engine gives the readable bound and its gradient, for the whole family."""

import pytest
import torch
from torch.autograd import gradcheck

from dmm import elbo, fused
from dmm.config import make_config
from dmm.data import Batch
from dmm.deep_markov_model import build_dmm
from dmm.gru_loop import GRULoop
from dmm.loops import ChainLoop, ReLULoop
from dmm.packing import make_packing
from dmm.training import hide

pytestmark = pytest.mark.usefixtures("one_thread")

SIZES = {"x_dim": 6, "z_dim": 3, "emission_dim": 5, "transition_dim": 6, "rnn_dim": 7}
RAGGED = [4, 9, 1, 8, 9]
NETWORKS = ["mf-l", "mf-r", "mf-lr", "st-l", "st-r", "st-lr"]
DEEP = {"rnn_layers": 2, "rnn_dropout": 0.3, "rnn_embedding": 4}
PARTS = [
    {"transition": "mlp"},
    {"transition": "linear", "emitter": "linear"},
    {"emission": "gaussian"},
    {"edges": "augmented"},
    {"edges": "augmented", "first": "given", "first_loc": 0.2, "first_scale": 0.7},
    {"first": "given"},
    {"missing": 0.4},
    {"missing": 0.4, "inference": "mf-lr", "rnn_cell": "gru"},
]


def make_model(**config):
    dmm = build_dmm(make_config(**SIZES | config))
    with torch.no_grad():
        for parameter in dmm.parameters():
            torch.nn.init.normal_(parameter, std=0.4)
    return dmm.double()


def make_case(lengths=RAGGED, **config):
    """A model, a batch and the noise of one pass, in float64."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        dmm, lengths = make_model(**config), torch.tensor(lengths)
        mask = (torch.arange(int(lengths.max())) < lengths[:, None]).double()
        x = (torch.rand(*mask.shape, SIZES["x_dim"], dtype=torch.float64) < 0.4) * mask.unsqueeze(-1)
    batch = Batch(x, mask, lengths)
    generator = torch.Generator().manual_seed(2)
    noise = dmm.sample_noise(x, generator, training=True)
    return dmm, hide(batch, config["missing"], generator) if "missing" in config else batch, noise


def gradients(value, dmm):
    """What autograd gives each parameter, by name; zero where the bound does not look at it."""
    names, parameters = zip(*dmm.named_parameters(), strict=True)
    found = torch.autograd.grad(value, parameters, allow_unused=True)
    return {
        name: torch.zeros_like(parameter) if part is None else part
        for name, parameter, part in zip(names, parameters, found, strict=True)
    }


def assert_twins(dmm, batch, noise, *options):
    ours, theirs = fused.bound(dmm, batch, noise, *options), elbo.bound(dmm, batch, noise, *options)
    torch.testing.assert_close(tuple(ours), tuple(theirs), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(gradients(ours.elbo, dmm), gradients(theirs.elbo, dmm), rtol=1e-9, atol=1e-9)


# --- the same as elbo.py ---


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("cell", ["relu", "gru", "lstm"])
@pytest.mark.parametrize("deep", [{}, DEEP], ids=["plain", "deep"])
def test_every_network_and_cell_equals_the_readable_bound(network, cell, deep):
    assert_twins(*make_case(inference=network, rnn_cell=cell, **deep), 0.3)


@pytest.mark.parametrize("kl", ["analytic", "sampled"])
@pytest.mark.parametrize("kl_weight", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("network", ["mf-lr", "st-r"])
def test_every_kl_and_weight_equals_the_readable_bound(network, kl_weight, kl):
    assert_twins(*make_case(inference=network), kl_weight, kl)


@pytest.mark.parametrize("lengths", [[1], [6], [1, 1, 1], [5, 5], [1, 7], [7, 1]], ids=str)
@pytest.mark.parametrize("config", [{"inference": "st-lr"}, {"inference": "mf-lr", "rnn_cell": "gru"}], ids=str)
def test_every_shape_of_batch_equals_the_readable_bound(lengths, config):
    assert_twins(*make_case(lengths, **config))


@pytest.mark.parametrize("config", PARTS, ids=str)
@pytest.mark.parametrize("kl", ["analytic", "sampled"])
def test_every_other_part_equals_the_readable_bound(config, kl):
    assert_twins(*make_case(**config), 0.3, kl)


@pytest.mark.parametrize("network", ["mf-r", "st-r", "st-lr"])
def test_flows_equal_the_readable_bound(network):
    assert_twins(*make_case(inference=network, num_iafs=2, kl="sampled"), 0.3, "sampled")


def test_free_bits_equal_the_readable_bound():
    assert_twins(*make_case(), 0.3, "analytic", 0.4)


def test_a_steep_softplus_has_the_gradient_of_the_readable_one():
    dmm, batch, noise = make_case()
    with torch.no_grad():
        dmm.inference.combiner.hidden_to_scale.bias.copy_(torch.tensor([19.9, 20.1, 25.0]))
    assert_twins(dmm, batch, noise)


def test_a_computed_weight_still_gets_its_gradient():
    dmm, batch, noise = make_case(inference="st-lr")
    combiner = dmm.inference.combiner
    for layer in (combiner.z_to_hidden, combiner.hidden_to_loc, combiner.hidden_to_scale):
        torch.nn.utils.parametrizations.weight_norm(layer)
    assert_twins(dmm, batch, noise)


def test_the_order_of_the_batch_does_not_matter():
    dmm, batch, noise = make_case(inference="st-lr", **DEEP)
    turn = torch.tensor([3, 0, 4, 2, 1])
    turned = Batch(batch.x[turn], batch.mask[turn], batch.lengths[turn])
    keep = tuple(tuple(factor[turn] for factor in factors) for factors in noise.keep)
    one = fused.bound(dmm, batch, noise)
    other = fused.bound(dmm, turned, noise._replace(eps=noise.eps[turn], keep=keep))
    torch.testing.assert_close(tuple(one), tuple(other), rtol=1e-12, atol=1e-12)


def test_what_padding_holds_does_not_matter():
    dmm, batch, noise = make_case()
    padding = (1 - batch.mask).unsqueeze(-1)
    loud = batch._replace(x=batch.x + padding * 1e9)
    one = fused.bound(dmm, batch, noise)
    other = fused.bound(dmm, loud, noise._replace(eps=noise.eps + padding * 1e9))
    assert tuple(one) == tuple(other)


# --- the loops by themselves ---


def random(*shape):
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, dtype=torch.float64, generator=generator).requires_grad_()


@pytest.mark.parametrize("lengths", [[3, 1, 4], [2], [1, 1]], ids=str)
def test_gradient_of_the_rnn_is_that_of_finite_differences(lengths):
    packing = make_packing(torch.tensor(lengths), max(lengths))
    inputs = [random(sum(lengths), 2), random(3, 2), random(3), random(3, 3), random(3)]
    assert gradcheck(lambda *inputs: ReLULoop.apply(*inputs, packing), inputs)


@pytest.mark.parametrize("lengths", [[3, 1, 4], [2], [1, 1]], ids=str)
def test_gradient_of_the_gru_is_that_of_finite_differences(lengths):
    packing = make_packing(torch.tensor(lengths), max(lengths))
    inputs = [random(sum(lengths), 2), random(9, 2), random(9), random(9, 3), random(9), random(3)]
    assert gradcheck(lambda *inputs: GRULoop.apply(*inputs, packing), inputs)


@pytest.mark.parametrize("lengths", [[3, 1, 4], [2], [1, 1]], ids=str)
def test_gradient_of_the_chain_is_that_of_finite_differences(lengths):
    packing, n = make_packing(torch.tensor(lengths), max(lengths)), sum(lengths)
    inputs = [random(n, 3), random(3, 2), random(3), random(4, 3), random(4), random(2)]
    eps = random(n, 2).detach()
    assert gradcheck(lambda *inputs: ChainLoop.apply(eps, *inputs, packing, 1e-4), inputs)


def test_a_second_derivative_is_refused():
    dmm, batch, noise = make_case()
    value = fused.bound(dmm, batch, noise).elbo
    first = torch.autograd.grad(value, dmm.inference.z_q_0, create_graph=True)[0]
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


# --- memory, float32 ---


def kept_for_the_gradient(frames, network):
    """How many numbers one bound keeps until its gradient is taken, parameters left out."""
    dmm, batch, noise = make_case([frames, frames, frames // 2], inference=network)
    own = {parameter.untyped_storage().data_ptr() for parameter in dmm.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        value = fused.bound(dmm, batch, noise)  # alive, so that no address is given away twice
    assert value.elbo.isfinite()
    return sum(kept.values())


@pytest.mark.parametrize("network", ["st-lr", "mf-lr"])
def test_memory_grows_in_proportion_to_the_frames(network):
    few, more, many = (kept_for_the_gradient(frames, network) for frames in (20, 40, 80))
    assert many - more == pytest.approx(2 * (more - few), rel=0.01)
    assert many < 4.1 * few


def test_float32_with_wide_layers_is_near():
    dmm, batch, noise = make_case([40] * 20, rnn_dim=256, rnn_embedding=64)  # wide enough for oneDNN
    with torch.no_grad():
        for parameter in dmm.inference.parameters():
            parameter.mul_(0.1)
    theirs = elbo.bound(dmm, batch, noise)
    expected = gradients(theirs.elbo, dmm)
    single = Batch(batch.x.float(), batch.mask.float(), batch.lengths)
    ours = fused.bound(dmm.float(), single, noise._replace(eps=noise.eps.float()))
    torch.testing.assert_close(ours.elbo.double(), theirs.elbo, rtol=1e-5, atol=0)
    for name, part in gradients(ours.elbo, dmm).items():
        assert (part - expected[name]).norm() < 1e-4 * expected[name].norm(), name
