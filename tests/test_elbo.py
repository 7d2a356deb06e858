"""The bound, against Pyro's own and against a loop over torch.distributions that shares no code with either."""

import pyro
import pytest
import torch
from pyro.infer import Trace_ELBO, TraceMeanField_ELBO
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from dmm import elbo, model, pyro_program, variants
from dmm.config import make_config
from dmm.data import Batch
from dmm.deep_markov_model import build_dmm
from dmm.inference import Noise, Posterior

pytestmark = pytest.mark.usefixtures("one_thread")

B, T, X, Z, RNN = 4, 9, 6, 3, 7
LENGTHS = torch.tensor([9, 1, 4, 8])
KINDS = ["analytic", "sampled"]
CASES = [  # kl_weight, rnn_layers, dropout
    (1.0, 1, 0.0),
    (0.2, 1, 0.3),
    (0.01, 2, 0.0),
    (0.7, 2, 0.4),
]


@pytest.fixture(autouse=True)
def _forgotten_by_pyro(seeded_float64):
    yield
    pyro.clear_param_store()


def make_model(layers=1, dropout=0.0):
    sizes = {"x_dim": X, "z_dim": Z, "emission_dim": 5, "transition_dim": 6, "rnn_dim": RNN}
    dmm = build_dmm(make_config(**sizes, rnn_layers=layers, rnn_dropout=dropout))
    for parameter in dmm.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return dmm


def make_case(lengths=LENGTHS, layers=1, dropout=0.0):
    """A model, a ragged batch and the noise of one pass."""
    dmm, frames = make_model(layers, dropout), int(lengths.max())
    mask = (torch.arange(frames) < lengths[:, None]).double()
    x = (torch.rand(len(lengths), frames, X) < 0.4).double() * mask.unsqueeze(-1)
    batch = Batch(x, mask, lengths)
    return dmm, batch, dmm.sample_noise(x, torch.Generator().manual_seed(2), training=True)


def gradient(value, dmm):
    return torch.cat([part.reshape(-1) for part in torch.autograd.grad(value, list(dmm.parameters()))])


def assert_same(one, other):
    torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def drawn(z, q_loc, q_scale):
    """A posterior that has just given this draw."""
    return Posterior(z, q_loc, q_scale, z)


def bound_by_hand(dmm, batch, noise, kl_weight, kl):
    """One sequence at a time, without padding, one frame at a time, with torch's own distributions."""
    bounds = []
    for i, length in enumerate(batch.lengths.tolist()):
        h = [None] * (length + 1)
        future = [batch.x[i, t] for t in range(length)]
        for layer, rnn in enumerate(dmm.inference.rnns["right"].layers):
            h[length] = dmm.inference.rnns["right"].h_0[layer]
            for t in reversed(range(length)):
                h[t] = torch.relu(
                    rnn.weight_ih_l0 @ future[t] + rnn.bias_ih_l0 + rnn.weight_hh_l0 @ h[t + 1] + rnn.bias_hh_l0
                )
            keep = noise.keep[0][layer][i] if noise.keep else torch.ones(len(batch.x[i]), RNN)
            future = [h[t] * keep[t] for t in range(length)]
        bound, z_prev, z_q_prev = 0.0, dmm.z_0, dmm.inference.z_q_0
        for t in range(length):
            q = Normal(*dmm.inference.combiner(z_q_prev, future[t]))
            p = Normal(*dmm.transition(z_prev))
            z = q.mean + q.stddev * noise.eps[i, t]
            log_p_x = Bernoulli(logits=dmm.emitter(z)).log_prob(batch.x[i, t]).sum()
            divergence = kl_divergence(q, p) if kl == "analytic" else q.log_prob(z) - p.log_prob(z)
            bound = bound + log_p_x - kl_weight * divergence.sum()
            z_prev = z_q_prev = z
        bounds.append(bound)
    return torch.stack(bounds)


# --- equal to others ---


@pytest.mark.parametrize("kl", KINDS)
@pytest.mark.parametrize(("kl_weight", "layers", "dropout"), CASES)
def test_elbo_and_its_gradient_equal_a_loop_over_torch_distributions(kl, kl_weight, layers, dropout):
    dmm, batch, noise = make_case(layers=layers, dropout=dropout)
    assert bool(noise.keep) == bool(dropout)
    ours, theirs = elbo.elbo(dmm, batch, noise, kl_weight, kl).elbo, bound_by_hand(dmm, batch, noise, kl_weight, kl)
    assert_same(ours, theirs)
    assert_same(gradient(ours.sum(), dmm), gradient(theirs.sum(), dmm))


@pytest.mark.parametrize("kl", KINDS)
@pytest.mark.parametrize(("kl_weight", "layers", "dropout"), CASES)
def test_elbo_and_its_gradient_equal_pyros_own_on_the_same_noise(kl, kl_weight, layers, dropout):
    dmm, batch, noise = make_case(layers=layers, dropout=dropout)
    ours = elbo.bound(dmm, batch, noise, kl_weight, kl)
    pyros = pyro_program.bound(dmm, batch, noise, kl_weight, kl)
    for one, other in zip(ours, pyros, strict=True):
        assert_same(one, other)
    assert_same(gradient(ours.elbo, dmm), gradient(pyros.elbo, dmm))


@pytest.mark.parametrize("kl", KINDS)
def test_bound_of_a_batch_is_the_sum_over_its_sequences(kl):
    dmm, batch, noise = make_case(dropout=0.3)
    whole, each = elbo.bound(dmm, batch, noise, 0.4, kl), elbo.elbo(dmm, batch, noise, 0.4, kl)
    assert [part.shape for part in whole] == [()] * 3
    for one, other in zip(whole, each, strict=True):
        assert_same(one, other.sum())


@pytest.mark.parametrize(("kl", "pyros"), [("sampled", Trace_ELBO), ("analytic", TraceMeanField_ELBO)])
@pytest.mark.parametrize(("kl_weight", "layers", "dropout"), CASES)
def test_elbo_equals_pyros_own_when_pyro_draws_the_noise_itself(kl, pyros, kl_weight, layers, dropout):
    dmm, batch, noise = make_case(layers=layers, dropout=dropout)
    program = pyro_program.PyroProgram(dmm)
    pyro.clear_param_store()
    torch.manual_seed(31)
    loss = pyros().differentiable_loss(program.model, program.guide, *batch, kl_weight, noise.keep)
    torch.manual_seed(31)  # Pyro draws (B, Z) normal numbers for each latent in turn
    eps = torch.stack([torch.normal(torch.zeros(B, Z), torch.ones(B, Z)) for _ in range(T)], dim=1)
    ours = elbo.elbo(dmm, batch, noise._replace(eps=eps), kl_weight, kl).elbo.sum()
    assert_same(ours, -loss)
    assert_same(gradient(ours, dmm), gradient(-loss, dmm))


# --- the parts ---


def test_closed_form_kl_equals_torchs_and_is_zero_only_between_equals():
    q_loc, p_loc = torch.randn(2, B, T, Z)
    q_scale, p_scale = torch.rand(2, B, T, Z) * 3 + 1e-4
    ours = elbo.kl_normal(q_loc, q_scale, p_loc, p_scale)
    assert ours.shape == (B, T, Z)
    assert_same(ours, kl_divergence(Normal(q_loc, q_scale), Normal(p_loc, p_scale)))
    assert_same(
        ours.sum(-1),
        kl_divergence(Independent(Normal(q_loc, q_scale), 1), Independent(Normal(p_loc, p_scale), 1)),
    )
    assert bool((ours > 0).all())
    assert not elbo.kl_normal(q_loc, q_scale, q_loc, q_scale).any()
    assert not elbo.kl_sampled(drawn(torch.randn(B, T, Z), q_loc, q_scale), q_loc, q_scale).any()


def test_log_densities_equal_torchs():
    z, loc, scale = torch.randn(B, Z), torch.randn(B, Z), torch.rand(B, Z) + 0.1
    assert_same(variants.log_p_normal(z, loc, scale), Normal(loc, scale).log_prob(z))
    logits = torch.linspace(-40, 40, 81)
    for x in (torch.zeros(81), torch.ones(81)):
        torch.testing.assert_close(
            model.log_p_bernoulli(x, logits), Bernoulli(logits=logits).log_prob(x), rtol=1e-9, atol=5e-9
        )  # softplus is cut to a straight line from 20 on, which costs 2e-9


def test_log_p_bernoulli_is_finite_where_probabilities_have_lost_their_digits():
    extreme = model.log_p_bernoulli(torch.tensor([1.0, 0.0]), torch.tensor([-900.0, 900.0]))
    assert extreme.tolist() == [-900.0, -900.0]


def test_mean_of_sampled_kl_is_the_closed_form():
    q_loc, q_scale, p_loc, p_scale = torch.tensor([[0.3, -1.0], [0.5, 2.0], [0.0, 1.0], [1.5, 0.7]])
    z = q_loc + q_scale * torch.randn(40_000, 2)
    draws = elbo.kl_sampled(drawn(z, q_loc, q_scale), p_loc, p_scale)
    error = draws.std(0) / 40_000**0.5
    assert bool(((draws.mean(0) - elbo.kl_normal(q_loc, q_scale, p_loc, p_scale)).abs() < 4 * error).all())


@torch.no_grad()
def test_both_bounds_have_the_same_mean_over_the_noise():
    draws = 5_000
    dmm, one, _ = make_case(torch.tensor([4]))
    many = Batch(one.x.expand(draws, -1, -1), one.mask.expand(draws, -1), one.lengths.expand(draws))
    noise = dmm.sample_noise(many.x, torch.Generator().manual_seed(6))
    difference = elbo.elbo(dmm, many, noise, kl="sampled").elbo - elbo.elbo(dmm, many, noise, kl="analytic").elbo
    assert float(difference.std()) > 0
    assert abs(float(difference.mean())) < 4 * float(difference.std()) / draws**0.5


@pytest.mark.parametrize("kl", KINDS)
def test_bound_is_a_sum_over_frames_keys_and_dimensions(kl):
    dmm, batch, noise = make_case()
    parts, bound = elbo.terms(dmm, batch, noise, kl), elbo.elbo(dmm, batch, noise, kl=kl)
    assert parts.reconstruction.shape == (B, T)
    assert parts.kl.shape == (B, T, Z)
    assert [part.shape for part in bound] == [(B,)] * 3
    padded = batch.mask == 0
    assert not parts.reconstruction[padded].any()
    assert not parts.kl[padded].any()
    assert_same(bound.reconstruction, parts.reconstruction.sum(1))
    assert_same(bound.kl, parts.kl.sum(-1).sum(-1))


def test_reconstruction_of_a_frame_is_the_sum_over_its_keys():
    dmm, batch, noise = make_case()
    z = dmm.inference(batch.x, batch.lengths, noise).z
    by_key = Bernoulli(logits=dmm.emitter(z)).log_prob(batch.x)
    real = batch.mask == 1
    assert_same(elbo.terms(dmm, batch, noise).reconstruction[real], by_key[real].sum(-1))


@pytest.mark.parametrize("kl", KINDS)
@pytest.mark.parametrize("kl_weight", [0.0, 0.01, 0.5, 1.0])
def test_annealing_weighs_the_kl_and_nothing_else(kl, kl_weight):
    dmm, batch, noise = make_case()
    full, annealed = elbo.elbo(dmm, batch, noise, kl=kl), elbo.elbo(dmm, batch, noise, kl_weight, kl)
    assert torch.equal(annealed.reconstruction, full.reconstruction)
    assert torch.equal(annealed.kl, full.kl)
    assert_same(annealed.elbo, full.reconstruction - kl_weight * full.kl)


def test_model_that_ignores_its_latents_has_the_bound_of_independent_keys():
    dmm, batch, noise = make_case()
    with torch.no_grad():  # q = p = N(0, I), so the KL is 0 and each key has a fixed probability
        for parameter in dmm.parameters():
            parameter.zero_()
        dmm.emitter.hidden_to_logits.bias.copy_(torch.linspace(-2, 2, X))
    p = torch.sigmoid(torch.linspace(-2, 2, X))
    log_p = torch.where(batch.x == 1, p.log(), (1 - p).log()).sum(-1) * batch.mask
    for kl in KINDS:
        bound = elbo.elbo(dmm, batch, noise, kl=kl)
        assert not bound.kl.any()
        assert_same(bound.elbo, log_p.sum(1))


# --- padding and order ---


def with_padding(batch, noise, extra, x=0.0, eps=0.0, keep=0.0):
    """The same pieces with `extra` more padded frames, and these values in all that is padding."""

    def pad(values, fill):
        values = torch.cat([values, torch.zeros(B, extra, values.shape[-1])], dim=1)
        return torch.where(mask.unsqueeze(-1) == 1, values, torch.as_tensor(fill))

    mask = torch.cat([batch.mask, torch.zeros(B, extra)], dim=1)
    noise = Noise(pad(noise.eps, eps), tuple(tuple(pad(factors, keep) for factors in of_rnn) for of_rnn in noise.keep))
    return Batch(pad(batch.x, x), mask, batch.lengths), noise


@pytest.mark.parametrize("kl", KINDS)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize(
    ("extra", "garbage"), [(10, {}), (10, {"eps": 1.3, "keep": 1.0}), (0, {"x": 1e3, "eps": -1e3, "keep": 5.0})]
)
def test_padding_and_what_is_in_it_changes_neither_the_bound_nor_its_gradient(kl, dropout, extra, garbage):
    dmm, batch, noise = make_case(layers=2, dropout=dropout)
    bound = elbo.elbo(dmm, batch, noise, 0.6, kl)
    padded = elbo.elbo(dmm, *with_padding(batch, noise, extra, **garbage), 0.6, kl)
    for one, other in zip(bound, padded, strict=True):
        assert_same(one, other)
    assert_same(gradient(bound.elbo.sum(), dmm), gradient(padded.elbo.sum(), dmm))


@pytest.mark.parametrize("kl", KINDS)
def test_sequence_alone_has_the_bound_that_it_has_in_a_batch(kl):
    dmm, batch, noise = make_case()
    together = elbo.elbo(dmm, batch, noise, kl=kl).elbo
    for i, length in enumerate(LENGTHS.tolist()):
        alone = Batch(batch.x[i : i + 1, :length], torch.ones(1, length), LENGTHS[i : i + 1])
        assert_same(elbo.elbo(dmm, alone, Noise(noise.eps[i : i + 1, :length]), kl=kl).elbo[0], together[i])


@pytest.mark.parametrize("kl", KINDS)
def test_permuting_the_batch_permutes_the_bound(kl):
    dmm, batch, noise = make_case(dropout=0.3)
    order = torch.tensor([2, 0, 3, 1])
    permuted = Batch(*(part[order] for part in batch[:3]))
    bound = elbo.elbo(dmm, permuted, Noise(noise.eps[order], ((noise.keep[0][0][order],),)), kl=kl)
    for one, other in zip(bound, elbo.elbo(dmm, batch, noise, kl=kl), strict=True):
        assert_same(one, other[order])
