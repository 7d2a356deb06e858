"""The flows, against Pyro's own transform, against autograd's Jacobian, and as densities that integrate to 1."""

import math

import pyro.distributions as dist
import pytest
import torch
from pyro.distributions.transforms import AffineAutoregressive, Permute
from torch.autograd.functional import jacobian

from dmm import elbo
from dmm.flows import IAF, IAFStep
from dmm.inference import Posterior
from tests.family import make_case

pytestmark = pytest.mark.usefixtures("one_thread", "seeded_float64")

SIZES = [(1, 4), (2, 1), (3, 7), (5, 20), (6, 3)]  # z_dim, iaf_dim


def randomise(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return module


def assert_close(one, other):
    torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def as_pyro_has_it(step):
    """Pyro's stable inverse autoregressive flow with our network: it adds a bias of 2 to the gate by itself."""

    def network(u):
        m, s = step.shift_and_gate(u)
        return m, s - 2.0

    return AffineAutoregressive(network, sigmoid_bias=2.0, stable=True)


@pytest.mark.parametrize(("z_dim", "iaf_dim"), SIZES)
def test_step_equals_pyros_stable_affine_autoregressive_transform(z_dim, iaf_dim):
    step, u = randomise(IAFStep(z_dim, iaf_dim)), torch.randn(4, 5, z_dim)
    z, log_det = step(u)
    assert z.shape == log_det.shape == u.shape
    theirs = as_pyro_has_it(step)
    assert_close(z, theirs(u))
    assert_close(log_det.sum(-1), theirs.log_abs_det_jacobian(u, theirs(u)))


@pytest.mark.parametrize(("z_dim", "iaf_dim"), SIZES)
def test_step_equals_its_formula_one_dimension_at_a_time(z_dim, iaf_dim):
    step, u = randomise(IAFStep(z_dim, iaf_dim)), torch.randn(z_dim)
    z, log_det = step(u)
    for j in range(z_dim):
        before = torch.where(torch.arange(z_dim) < j, u, math.nan).nan_to_num(123.0)  # what comes later is not seen
        m, s = (part[j] for part in step.shift_and_gate(before))
        assert_close(z[j], torch.sigmoid(s) * u[j] + (1 - torch.sigmoid(s)) * m)
        assert_close(log_det[j], torch.log(torch.sigmoid(s)))


@pytest.mark.parametrize(("z_dim", "iaf_dim"), SIZES)
def test_each_dimension_moves_by_what_comes_before_it_alone(z_dim, iaf_dim):
    step, u = randomise(IAFStep(z_dim, iaf_dim)), torch.randn(z_dim)
    for part in (0, 1):  # shift and gate
        slopes = jacobian(lambda u, part=part: step.shift_and_gate(u)[part], u)
        assert not slopes.triu().any()
    slopes = jacobian(lambda u: step(u)[0], u)
    assert not slopes.triu(1).any()
    assert bool((slopes.diagonal() > 0).all())


def test_shift_and_gate_see_all_dimensions_before_them():
    step = IAFStep(5, 40)
    for parameter in step.parameters():
        torch.nn.init.uniform_(parameter, 0.1, 0.3)  # no relu unit sleeps
    u = torch.rand(5)
    for part in (0, 1):
        slopes = jacobian(lambda u, part=part: step.shift_and_gate(u)[part], u)
        assert torch.equal(slopes != 0, torch.ones(5, 5).tril(-1) == 1)


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize(("z_dim", "iaf_dim"), SIZES)
def test_log_determinant_is_that_of_the_whole_jacobian(z_dim, iaf_dim, steps):
    flow = randomise(IAF(z_dim, iaf_dim, steps))
    for u in torch.randn(3, z_dim):
        slopes = jacobian(lambda u: flow(u)[0], u)
        assert_close(flow(u)[1].sum(), torch.linalg.slogdet(slopes).logabsdet)


def test_two_steps_let_every_dimension_hang_on_every_other_and_one_does_not():
    for steps, full in ((1, False), (2, True)):
        flow = randomise(IAF(4, 30, steps))
        assert bool((jacobian(lambda u, flow=flow: flow(u)[0], torch.randn(4)) != 0).all()) == full


@torch.no_grad()
def test_new_step_changes_little():
    """Its gate starts near 2: most of u comes through."""
    u = torch.randn(1000, 8)
    z, log_det = IAFStep(8, 50)(u)
    assert float((z - u).abs().mean()) < 0.25 * float(u.abs().mean())
    assert abs(float(log_det.mean()) - math.log(1 / (1 + math.exp(-2)))) < 0.05


def log_density(flow, z):
    """log q(z) of standard normal noise behind a flow, at any z (..., Z): each step undone, dimension by dimension."""
    log_det = 0.0
    for step in reversed(flow.steps):
        u = torch.zeros_like(z)
        for j in range(z.shape[-1]):
            m, s = (part[..., j] for part in step.shift_and_gate(u))
            u[..., j] = (z[..., j] - (1 - torch.sigmoid(s)) * m) / torch.sigmoid(s)
            log_det = log_det + torch.log(torch.sigmoid(s))
        z = u.flip(-1)
    return torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1) - log_det


@torch.no_grad()
@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("z_dim", [1, 2])
def test_density_behind_a_flow_integrates_to_one_and_is_that_of_its_draws(z_dim, steps):
    flow = randomise(IAF(z_dim, 6, steps))
    axis = torch.linspace(-12, 12, 801)
    grid = torch.stack(torch.meshgrid(*[axis] * z_dim, indexing="ij"), dim=-1)
    mass = log_density(flow, grid).exp().sum() * (axis[1] - axis[0]) ** z_dim
    assert abs(float(mass) - 1) < 1e-3
    u = torch.randn(50, z_dim)
    z, log_det = flow(u)
    log_q = (torch.distributions.Normal(0.0, 1.0).log_prob(u) - log_det).sum(-1)
    assert_close(log_density(flow, z), log_q)


@pytest.mark.parametrize("steps", [1, 2])
def test_sampled_kl_of_a_bent_posterior_equals_pyros_transformed_distribution(steps):
    flow, loc, scale = randomise(IAF(3, 8, steps)), torch.randn(6, 3), torch.rand(6, 3) + 0.2
    p_loc, p_scale = torch.randn(6, 3), torch.rand(6, 3) + 0.2
    turn = torch.arange(2, -1, -1)
    chain = [part for step in flow.steps for part in (Permute(turn, cache_size=1), as_pyro_has_it(step))]
    q = dist.TransformedDistribution(dist.Normal(loc, scale), chain)
    torch.manual_seed(4)
    z = q.rsample()
    torch.manual_seed(4)
    u = dist.Normal(loc, scale).rsample()
    ours, log_det = flow(u)
    assert_close(ours, z)
    kl = elbo.kl_sampled(Posterior(ours, loc, scale, u, log_det), p_loc, p_scale)
    assert kl.shape == (6, 3)
    assert_close(kl.sum(-1), q.log_prob(z) - dist.Normal(p_loc, p_scale).to_event(1).log_prob(z))


@torch.no_grad()
def test_mean_of_the_sampled_kl_of_a_bent_posterior_is_the_integral_over_its_density():
    flow, draws = randomise(IAF(2, 8, 2)), 20_000
    u = torch.randn(draws, 2)
    z, log_det = flow(u)
    posterior = Posterior(z, torch.zeros(2), torch.ones(2), u, log_det)
    kl = elbo.kl_sampled(posterior, torch.zeros(2), torch.ones(2)).sum(-1)
    axis = torch.linspace(-9, 9, 401)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), dim=-1)
    log_q = log_density(flow, grid)
    log_p = torch.distributions.Normal(0.0, 1.0).log_prob(grid).sum(-1)
    exact = torch.where(log_q > -100, log_q.exp() * (log_q - log_p), 0.0).sum() * (axis[1] - axis[0]) ** 2
    assert float(exact) > 0
    assert abs(float(kl.mean() - exact)) < 4 * float(kl.std()) / draws**0.5


@pytest.mark.parametrize("inference", ["mf-lr", "st-r"])
def test_posterior_keeps_the_draw_before_the_flow_and_what_the_flow_made_of_it(inference):
    dmm, batch, noise = make_case(inference=inference, num_iafs=2, kl="sampled")
    posterior = dmm.inference(dmm.inputs(batch), batch.lengths, noise)
    assert_close(posterior.u, posterior.q_loc + posterior.q_scale * noise.eps)
    z, log_det = dmm.inference.flow(posterior.u)
    assert_close(posterior.z, z)
    assert_close(posterior.log_det, log_det)
    assert not torch.equal(posterior.z, posterior.u)


def test_flow_takes_the_width_and_the_number_of_steps_from_the_configuration():
    dmm, _, _ = make_case(num_iafs=2, kl="sampled", iaf_dim=11)
    assert [tuple(step.to_hidden.weight.shape) for step in dmm.inference.flow.steps] == [(11, 3)] * 2
    assert make_case()[0].inference.flow is None


def test_masks_of_a_flow_are_no_weights():
    names = dict(IAF(3, 5, 1).state_dict())
    assert sorted(names) == sorted(dict(IAF(3, 5, 1).named_parameters()))
