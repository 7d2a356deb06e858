"""The parts in the place of others, each against a plain implementation of its formula; and what holds parameters."""

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from dmm import elbo
from dmm.combiner import Combiner, Message, product
from dmm.config import make_config
from dmm.deep_markov_model import DMM, make_dmm, shift
from dmm.model import Emitter, GatedTransition
from dmm.variants import GaussianEmitter, LinearEmitter, LinearTransition, MLPTransition, log_p_normal
from tests.family import LENGTHS, SMALL, gradient, make_case, make_model

pytestmark = pytest.mark.usefixtures("one_thread", "seeded_float64")

B, T, X, Z, WIDTH, RNN = 4, 5, 4, 3, 6, 5


def randomise(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.6)
    return module


def softplus(a):
    return np.log1p(np.exp(a))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def affine(linear, v):
    """(B, in) -> (B, out)"""
    bias = 0.0 if linear.bias is None else linear.bias.detach().numpy()
    return v @ linear.weight.detach().numpy().T + bias


def mlp(sequential, v):
    return affine(sequential[2], np.maximum(affine(sequential[0], v), 0))


def close(ours, theirs):
    np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=1e-11, atol=1e-11)


def cases():
    """The last latents and frames: with the frames (augmented) and without."""
    for x_prev_dim in (0, X):
        z, x = torch.randn(B, Z), (torch.rand(B, X) < 0.5).double()
        given = (z, x) if x_prev_dim else (z,)
        yield x_prev_dim, given, torch.cat(given, dim=-1).numpy()


# --- transitions and emitters against their formulas ---


def test_gated_transition_with_the_frame_before_equals_its_formula():
    for x_prev_dim, given, both in cases():
        part = randomise(GatedTransition(Z, WIDTH, x_prev_dim))
        g, h, z = sigmoid(mlp(part.gate, both)), mlp(part.proposal, both), given[0].numpy()
        loc, scale = part(*given)
        close(loc, (1 - g) * affine(part.linear, z) + g * h)
        close(scale, softplus(affine(part.to_scale, np.maximum(h, 0))) + 1e-4)
        close(part.openness(*given), g)


def test_mlp_transition_equals_its_formula_and_its_gate_is_open():
    for x_prev_dim, given, both in cases():
        part = randomise(MLPTransition(Z, WIDTH, x_prev_dim))
        h = np.maximum(affine(part.z_to_hidden, both), 0)
        loc, scale = part(*given)
        close(loc, affine(part.hidden_to_loc, h))
        close(scale, softplus(affine(part.hidden_to_scale, h)) + 1e-4)
        close(part.openness(*given), np.ones((B, Z)))


def test_linear_transition_equals_its_formula_and_its_gate_is_shut():
    for x_prev_dim, given, _ in cases():
        part = randomise(LinearTransition(Z, x_prev_dim))
        frame = affine(part.from_frame, given[1].numpy()) if x_prev_dim else 0.0
        loc, scale = part(*given)
        close(loc, affine(part.linear, given[0].numpy()) + frame)
        close(scale, np.tile(softplus(part.rho.detach().numpy()) + 1e-4, (B, 1)))
        close(part.openness(*given), np.zeros((B, Z)))


def test_linear_transition_starts_as_a_random_walk():
    part, z = LinearTransition(Z), torch.randn(B, Z)
    loc, scale = part(z)
    assert torch.equal(loc, z)
    close(scale, np.full((B, Z), np.log(2) + 1e-4))


def test_emitters_with_the_frame_before_equal_their_formulas():
    for x_prev_dim, given, both in cases():
        deep, flat = randomise(Emitter(X, Z, WIDTH, x_prev_dim)), randomise(LinearEmitter(X, Z, x_prev_dim))
        hidden = np.maximum(affine(deep.z_to_hidden, both), 0)
        hidden = np.maximum(affine(deep.hidden_to_hidden, hidden), 0)
        for part, logits in ((deep, affine(deep.hidden_to_logits, hidden)), (flat, affine(flat.z_to_logits, both))):
            close(part(*given), logits)
            close(part.probabilities(*given), sigmoid(logits))
            x = (torch.rand(B, X) < 0.5).double()
            close(part.log_p(x, *given), np.log(np.where(x.numpy() == 1, sigmoid(logits), 1 - sigmoid(logits))))


@pytest.mark.parametrize("flat", [True, False])
def test_gaussian_emitter_equals_torchs_normal(flat):
    for x_prev_dim, given, _ in cases():
        mean = LinearEmitter(X, Z, x_prev_dim) if flat else Emitter(X, Z, WIDTH, x_prev_dim)
        part = GaussianEmitter(mean, X)
        close(part(*given)[1], np.full((B, X), 1 + 1e-4))  # the scale that it starts from
        randomise(part)
        p = Normal(part.mean(*given), (torch.log(1 + torch.exp(part.rho)) + 1e-4).expand(B, X))
        x = torch.randn(B, X)
        close(part.log_p(x, *given), p.log_prob(x).detach().numpy())
        close(part.probabilities(*given), (1 - p.cdf(torch.tensor(0.5))).detach().numpy())
        assert part.bias is mean.bias


@pytest.mark.parametrize("emission", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("emitter", ["mlp", "linear"])
def test_bias_is_what_the_emission_of_a_new_model_starts_from(emitter, emission):
    bias = torch.linspace(-1, 1, X)
    config = make_config(**SMALL, emitter=emitter, emission=emission)
    plain, given = make_dmm(config).double(), make_dmm(config, bias).double()
    z = torch.randn(B, Z)
    plain, change = plain.emitter, given.emitter
    of = (lambda part: part(z)[0]) if emission == "gaussian" else (lambda part: part(z))
    close(of(change) - of(plain), np.tile((bias - plain.bias).detach().numpy(), (B, 1)))


@pytest.mark.parametrize("lead", [(), (B,), (B, T)])
@pytest.mark.parametrize("x_prev_dim", [0, X])
def test_parts_take_any_leading_shape(lead, x_prev_dim):
    given = (torch.randn(*lead, Z), torch.randn(*lead, X))[: 2 if x_prev_dim else 1]
    transitions = [
        GatedTransition(Z, WIDTH, x_prev_dim),
        MLPTransition(Z, WIDTH, x_prev_dim),
        LinearTransition(Z, x_prev_dim),
    ]
    for part in transitions:
        assert [one.shape for one in (*part(*given), part.openness(*given))] == [(*lead, Z)] * 3
        assert bool((part(*given)[1] > 0).all())
    emitters = [Emitter(X, Z, WIDTH, x_prev_dim), LinearEmitter(X, Z, x_prev_dim)]
    for part in (*emitters, GaussianEmitter(emitters[1], X)):
        assert part.probabilities(*given).shape == part.log_p(torch.ones(*lead, X), *given).shape == (*lead, X)


def test_no_standard_deviation_of_a_variant_falls_under_the_floor():
    z = torch.randn(B, Z)
    parts = [MLPTransition(Z, WIDTH), LinearTransition(Z), GaussianEmitter(LinearEmitter(X, Z), X)]
    parts[0].hidden_to_scale.bias.data.fill_(-1e9)
    parts[1].rho.data.fill_(-1e9)
    parts[2].rho.data.fill_(-1e9)
    message = Message(Z, RNN)
    message.hidden_to_scale.bias.data.fill_(-1e9)
    for scale in (*(part(z)[1] for part in parts), message(torch.randn(B, RNN))[1]):
        assert torch.equal(scale, torch.full_like(scale, 1e-4))


def test_log_p_normal_equals_torchs_far_out_too():
    x, loc = torch.tensor([[-40.0, 0.0, 3.0]]), torch.randn(5, 3)
    scale = torch.tensor([1e-4, 0.3, 7.0]).expand(5, 3)
    close(log_p_normal(x, loc, scale), Normal(loc, scale).log_prob(x).numpy())


# --- what the networks' messages become ---


def test_product_of_two_gaussians_is_their_densities_multiplied():
    axis = torch.linspace(-15, 15, 30_001)
    for left, right in (((-1.0, 0.7), (2.0, 1.3)), ((0.5, 2.0), (0.5, 0.1)), ((3.0, 1.0), (-3.0, 1.0))):
        density = (Normal(*left).log_prob(axis) + Normal(*right).log_prob(axis)).exp()
        density = density / density.sum()
        mean = (density * axis).sum()
        scale = (density * (axis - mean) ** 2).sum().sqrt()
        loc, ours = product(*(torch.tensor(number) for number in (*left, *right)))
        torch.testing.assert_close(torch.stack([loc, ours]), torch.stack([mean, scale]), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("others", [1, 2])
def test_combiner_takes_equal_shares_of_the_last_latent_and_of_each_rnn(others):
    part, z = randomise(Combiner(Z, RNN)), torch.randn(B, Z)
    messages = [torch.randn(B, RNN) for _ in range(others)]
    share = 1 / (1 + others)
    combined = share * np.tanh(affine(part.z_to_hidden, z.numpy())) + share * sum(h.numpy() for h in messages)
    loc, scale = part(z, *messages)
    close(loc, affine(part.hidden_to_loc, combined))
    close(scale, softplus(affine(part.hidden_to_scale, combined)) + 1e-4)


# --- p(z_1) ---


@pytest.mark.parametrize("edges", ["markov", "augmented"])
def test_given_first_latent_has_torchs_kl_and_no_learned_start(edges):
    dmm, batch, noise = make_case(first="given", first_loc=0.7, first_scale=2.5, edges=edges)
    assert dmm.z_0 is None
    assert "z_0" not in dict(dmm.named_parameters())
    posterior = dmm.inference(batch.x, batch.lengths, noise)
    kl = elbo.terms(dmm, batch, noise).kl[:, 0]
    q = Normal(posterior.q_loc[:, 0], posterior.q_scale[:, 0])
    torch.testing.assert_close(kl, kl_divergence(q, Normal(torch.full((Z,), 0.7), torch.full((Z,), 2.5))))
    parts = list(dmm.transition.parameters())
    assert not any(slope.any() for slope in torch.autograd.grad(kl.sum(), parts, materialize_grads=True))


def test_given_first_latent_may_differ_from_dimension_to_dimension():
    like = make_model()
    loc, scale = torch.tensor([0.0, 1.0, -2.0]), torch.tensor([1.0, 0.1, 3.0])
    dmm = DMM(like.emitter, like.transition, like.inference, Z, first=(loc, scale))
    p_loc, p_scale = dmm.p_z(torch.randn(B, T, Z), torch.zeros(B, T, X))
    assert torch.equal(p_loc[:, 0], loc.expand(B, Z))
    assert torch.equal(p_scale[:, 0], scale.expand(B, Z))


def test_learned_first_latent_is_one_transition_after_z_0():
    dmm, batch, noise = make_case()
    z = dmm.inference(batch.x, batch.lengths, noise).z
    p_loc, p_scale = dmm.p_z(z, batch.x)
    loc, scale = dmm.transition(dmm.z_0)
    torch.testing.assert_close(p_loc[:, 0], loc.expand(len(LENGTHS), Z))
    torch.testing.assert_close(p_scale[:, 0], scale.expand(len(LENGTHS), Z))
    assert bool((gradient(p_loc[:, 0].sum(), dmm) != 0).any())


# --- music from the model alone ---

WHOLE = [
    {},
    {"edges": "augmented", "first": "given", "first_loc": 2.0, "first_scale": 0.5},
    {"emission": "gaussian", "emitter": "linear"},
    {"edges": "augmented", "transition": "mlp", "emission": "gaussian"},
    {"transition": "linear", "first": "given", "first_loc": -1.0, "edges": "augmented", "emitter": "linear"},
    {"num_iafs": 1, "kl": "sampled", "missing": 0.2, "inference": "mf-lr"},
]


@torch.no_grad()
@pytest.mark.parametrize("values", WHOLE, ids=str)
def test_music_from_the_model_alone_follows_its_own_parts(values):
    dmm, draws = make_model(**values), 4_000
    z, gates, probabilities, x = dmm.sample(3, torch.Generator().manual_seed(1), draws)
    assert [part.shape[2] for part in (z, gates, probabilities, x)] == [Z, Z, X, X]
    assert all(part.shape[:2] == (draws, 3) for part in (z, gates, probabilities, x))
    for part in (gates, probabilities):
        assert float(part.min()) >= 0
        assert float(part.max()) <= 1
    before = (shift(x),) if values.get("edges") == "augmented" else ()
    torch.testing.assert_close(probabilities, dmm.emitter.probabilities(z, *before))
    torch.testing.assert_close(gates, dmm.transition.openness(dmm.previous(z), *before), check_stride=False)
    loc, scale = dmm.p_z(z, x)
    standard = (z - loc) / scale
    assert float(standard.mean(0).abs().max()) < 4.5 / draws**0.5
    assert float((standard.var(0) - 1).abs().max()) < 4.5 * (2 / draws) ** 0.5
    assert set(x.unique().tolist()) == {0.0, 1.0}
    spread = (probabilities * (1 - probabilities)).mean(0).sqrt() + 1e-3
    assert bool(((x - probabilities).mean(0).abs() < 4.5 * spread / draws**0.5).all())


@torch.no_grad()
@pytest.mark.parametrize("edges", ["markov", "augmented"])
def test_first_latent_of_sampled_music_is_the_given_gaussian(edges):
    dmm = make_model(first="given", first_loc=2.0, first_scale=0.5, edges=edges)
    z = dmm.sample(1, torch.Generator().manual_seed(1), 4_000)[0][:, 0]
    assert float((z.mean(0) - 2).abs().max()) < 4.5 * 0.5 / 4_000**0.5
    assert float((z.var(0) / 0.25 - 1).abs().max()) < 4.5 * (2 / 4_000) ** 0.5


@pytest.mark.parametrize("values", WHOLE, ids=str)
def test_sampled_music_follows_its_generator_alone(values):
    dmm = make_model(**values)
    before = torch.get_rng_state()
    one, same, other = (dmm.sample(6, torch.Generator().manual_seed(seed), 2) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(*pair) for pair in zip(one, same, strict=True))
    assert not torch.equal(one[0], other[0])
    longer = dmm.sample(9, torch.Generator().manual_seed(1), 2)
    assert all(torch.equal(part, more[:, :6]) for part, more in zip(one, longer, strict=True))
