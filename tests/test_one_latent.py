"""One hidden number: its exact bound against closed forms and dense grids, single draws against autograd and means."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence

from dmm import elbo as readable
from dmm import one_draw, one_latent
from dmm.one_latent import NOISE, WORLDS

Z = np.linspace(-14, 14, 14_001)  # a grid of z, where the code's sums go over epsilon
EPS = np.random.default_rng(0).normal(size=200_000)
LOOKS = {  # the three maps once more, for autograd
    "straight": lambda z: 0.8 * z,
    "curved": lambda z: torch.nn.functional.softplus(3 * z),
    "folded": lambda z: 2 * (torch.log(torch.cosh(1.5 * z))),
}
SETTINGS = [(kind, x, loc, scale) for kind in WORLDS for x, loc, scale in ((1.5, 0.5, 0.5), (-0.5, -1.2, 1.4))]
anything = {
    "kind": st.sampled_from(sorted(WORLDS)),
    "x": st.floats(-1, 3),
    "loc": st.floats(-3, 3),
    "scale": st.floats(0.05, 2),
}


def integral(heights):
    return float(heights.sum() * (Z[1] - Z[0]))


def bell(z, loc, scale):
    """log of a Gaussian density, by torch."""
    loc, scale, z = (torch.as_tensor(number, dtype=torch.float64) for number in (loc, scale, z))
    return Normal(loc, scale).log_prob(z).numpy()


def joint(kind, x):
    """log p(x, z) on the grid, by torch."""
    return bell(x, LOOKS[kind](torch.as_tensor(Z)).numpy(), NOISE) + bell(Z, 0.0, 1.0)


def parameters(loc, scale):
    return [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in (loc, scale)]


# --- the exact bound -------------------------------------------------------------------------------------------------


@given(st.floats(-1, 3))
@settings(max_examples=30, deadline=None)
def test_evidence_of_the_straight_world_is_that_of_a_gaussian(x):
    assert one_latent.log_evidence(WORLDS["straight"], x) == pytest.approx(bell(x, 0.0, 1.0), abs=1e-9)


@given(st.floats(-1, 3), anything["loc"], anything["scale"])
@settings(max_examples=50, deadline=None)
def test_gap_of_the_straight_world_is_the_kl_of_two_gaussians(x, loc, scale):
    found = one_latent.parts(WORLDS["straight"], x, loc, scale)
    q, posterior = (Normal(*torch.tensor(pair, dtype=torch.float64)) for pair in ((loc, scale), (0.8 * x, 0.6)))
    assert found.gap == pytest.approx(float(kl_divergence(q, posterior)), abs=1e-9)


@pytest.mark.parametrize("kind", WORLDS)
@pytest.mark.parametrize("x", [-1.0, 0.3, 1.5, 3.0])
def test_evidence_and_posterior_are_those_of_a_dense_grid(kind, x):
    exact = np.log(integral(np.exp(joint(kind, x))))
    assert one_latent.log_evidence(WORLDS[kind], x) == pytest.approx(exact, abs=1e-9)
    np.testing.assert_allclose(one_latent.log_posterior(WORLDS[kind], x, Z), joint(kind, x) - exact, atol=1e-7)
    assert integral(np.exp(one_latent.log_posterior(WORLDS[kind], x, Z))) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("kind", "x", "loc", "scale"), SETTINGS)
def test_each_part_is_that_of_a_dense_grid(kind, x, loc, scale):
    found, log_q = one_latent.parts(WORLDS[kind], x, loc, scale), bell(Z, loc, scale)
    q, prior, both = np.exp(log_q), bell(Z, 0.0, 1.0), joint(kind, x)
    assert found.reconstruction == pytest.approx(integral(q * (both - prior)), abs=1e-9)
    assert found.kl == pytest.approx(integral(q * (log_q - prior)), abs=1e-9)
    assert found.gap == pytest.approx(integral(q * (log_q - both)) + found.log_p_x, abs=1e-9)
    many = one_latent.elbo(WORLDS[kind], x, np.array([loc, 0.0]), np.array([[scale], [1.0]]))
    assert many.shape == (2, 2)
    assert many[0, 0] == pytest.approx(found.elbo, abs=1e-12)


@given(**anything)
@settings(max_examples=100, deadline=None)
def test_bound_is_never_above_the_evidence_and_the_parts_add_up(kind, x, loc, scale):
    found = one_latent.parts(WORLDS[kind], x, loc, scale)
    assert found.elbo <= found.log_p_x + 1e-9
    assert found.elbo + found.gap == pytest.approx(found.log_p_x, abs=1e-9)
    assert found.reconstruction <= 0
    assert found.log_p_x <= 0
    assert found.kl >= -1e-12
    assert found.gap >= -1e-9


def test_sums_over_few_points_serve_to_compare_guesses():
    for kind, x, loc, scale in SETTINGS:
        all_points = one_latent.elbo(WORLDS[kind], x, loc, scale)
        assert one_latent.elbo(WORLDS[kind], x, loc, scale, one_latent.SEEK) == pytest.approx(all_points, abs=1e-6)


@given(st.floats(-3, 3), st.floats(0.05, 3), st.floats(-3, 3), st.floats(0.05, 3))
@settings(max_examples=50, deadline=None)
def test_kl_is_that_of_the_model_and_of_torch(q_loc, q_scale, p_loc, p_scale):
    found = one_latent.kl_normal(q_loc, q_scale, p_loc, p_scale)
    q_loc, q_scale, p_loc, p_scale = (torch.tensor(n, dtype=torch.float64) for n in (q_loc, q_scale, p_loc, p_scale))
    assert found == pytest.approx(float(readable.kl_normal(q_loc, q_scale, p_loc, p_scale)), abs=1e-9)
    wanted = float(kl_divergence(Normal(q_loc, q_scale), Normal(p_loc, p_scale)))
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", WORLDS)
def test_slope_of_each_world_is_that_of_autograd(kind):
    z = torch.linspace(-6, 6, 101, dtype=torch.float64, requires_grad=True)
    look = LOOKS[kind](z)
    np.testing.assert_allclose(WORLDS[kind].look(z.detach().numpy()), look.detach(), atol=1e-12)
    look.sum().backward()
    np.testing.assert_allclose(WORLDS[kind].slope(z.detach().numpy()), z.grad, atol=1e-12)


@pytest.mark.parametrize("x", [-1.0, 0.25, 3.0])
def test_best_guess_of_the_straight_world_is_the_posterior(x):
    ((loc, scale),) = one_latent.best(WORLDS["straight"], x)
    assert (loc, scale) == (pytest.approx(0.8 * x, abs=1e-6), pytest.approx(0.6, abs=1e-6))


@pytest.mark.parametrize("kind", WORLDS)
@pytest.mark.parametrize("x", [-1.0, 0.5, 1.5, 2.5])
def test_best_guess_beats_a_fine_grid_and_no_small_change_improves_a_peak(kind, x):
    peaks, world = one_latent.best(WORLDS[kind], x), WORLDS[kind]
    reached = [one_latent.elbo(world, x, *one) for one in peaks]
    locs, scales = np.linspace(-3, 3, 61), np.linspace(0.05, 2, 40)[:, None]
    assert reached[0] >= one_latent.elbo(world, x, locs, scales, one_latent.SEEK).max() - 1e-9
    assert reached == sorted(reached, reverse=True)
    for (loc, scale), top in zip(peaks, reached, strict=True):
        for angle in np.linspace(0, 2 * np.pi, 8, endpoint=False):
            assert one_latent.elbo(world, x, loc + 0.01 * np.cos(angle), scale * np.exp(0.01 * np.sin(angle))) < top


def test_folded_world_has_a_peak_on_either_side_and_no_tight_guess():
    (one, _), (other, _), *_ = one_latent.best(WORLDS["folded"], 2.5)
    assert one == pytest.approx(-other, abs=1e-5)
    gap = one_latent.parts(WORLDS["folded"], 2.5, *one_latent.best(WORLDS["folded"], 2.5)[0]).gap
    assert np.log(2) < gap < np.log(2) + 0.02, "one of two equal peaks is missed"


def test_scale_must_be_above_zero():
    with pytest.raises(ValueError, match="got 0"):
        one_latent.parts(WORLDS["straight"], 1.0, 0.0, 0.0)


# --- single draws ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "x", "loc", "scale"), SETTINGS)
def test_both_forms_of_the_bound_are_right_on_average_and_their_spread_is_that_of_draws(kind, x, loc, scale):
    found = one_latent.parts(WORLDS[kind], x, loc, scale)
    for form in (one_draw.bound_sampled, one_draw.bound_analytic):
        draws, spread = (
            form(WORLDS[kind], x, loc, scale, EPS),
            one_draw.spread(form, WORLDS[kind], x, loc, scale),
        )
        assert abs(draws.mean() - found.elbo) < 5 * spread / np.sqrt(len(EPS))
        assert draws.std() == pytest.approx(spread, rel=0.03)


@pytest.mark.parametrize(("kind", "x", "loc", "scale"), SETTINGS)
def test_sampled_kl_is_that_of_the_model(kind, x, loc, scale):
    eps = torch.as_tensor(EPS[:50])
    z = loc + scale * eps
    one, nothing = torch.ones_like(z), torch.zeros_like(z)
    posterior = SimpleNamespace(u=z, z=z, q_loc=loc * one, q_scale=scale * one, log_det=None)
    kl = readable.kl_sampled(posterior, nothing, one).numpy()
    found = one_draw.bound_sampled(WORLDS[kind], x, loc, scale, eps.numpy())
    log_p_x = bell(x, LOOKS[kind](z).numpy(), NOISE)
    np.testing.assert_allclose(found, log_p_x - kl, atol=1e-9)


@pytest.mark.parametrize("x", [-1.0, 0.7, 1.5, 3.0])
def test_sampled_form_says_the_same_at_every_draw_where_q_is_the_posterior(x):
    world = WORLDS["straight"]
    draws = one_draw.bound_sampled(world, x, 0.8 * x, 0.6, EPS[:1000])
    np.testing.assert_allclose(draws, bell(x, 0.0, 1.0), atol=1e-9)
    assert one_draw.spread(one_draw.bound_sampled, world, x, 0.8 * x, 0.6) < 1e-9
    assert one_draw.spread(one_draw.bound_analytic, world, x, 0.8 * x, 0.6) > 0.5


@pytest.mark.parametrize(("kind", "x", "loc", "scale"), SETTINGS)
def test_reparameterised_gradient_is_that_of_autograd_draw_by_draw(kind, x, loc, scale):
    found = one_draw.gradient_inside(WORLDS[kind], x, loc, scale, EPS[:20])
    for place, eps in enumerate(EPS[:20]):
        q = parameters(loc, scale)
        z = q[0] + q[1] * eps
        Normal(LOOKS[kind](z), NOISE).log_prob(torch.tensor(x)).backward()
        np.testing.assert_allclose(found[:, place], [one.grad for one in q], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("kind", "x", "loc", "scale"), SETTINGS)
def test_score_function_is_the_slope_of_log_q_times_the_log_likelihood(kind, x, loc, scale):
    found = one_draw.gradient_score(WORLDS[kind], x, loc, scale, EPS[:20])
    for place, eps in enumerate(EPS[:20]):
        q, z = parameters(loc, scale), torch.tensor(loc + scale * eps, dtype=torch.float64)
        log_p_x = Normal(LOOKS[kind](z), NOISE).log_prob(torch.tensor(x))
        (Normal(*q).log_prob(z) * log_p_x).backward()
        np.testing.assert_allclose(found[:, place], [one.grad for one in q], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("kind", "x", "loc", "scale"), SETTINGS)
def test_both_gradients_are_the_slope_of_the_exact_reconstruction_on_average(kind, x, loc, scale):
    def reconstruction(loc, scale):
        return integral(np.exp(bell(Z, loc, scale)) * (joint(kind, x) - bell(Z, 0.0, 1.0)))

    h = 1e-4
    exact = [
        (reconstruction(loc + h, scale) - reconstruction(loc - h, scale)) / (2 * h),
        (reconstruction(loc, scale + h) - reconstruction(loc, scale - h)) / (2 * h),
    ]
    for estimate in (one_draw.gradient_inside, one_draw.gradient_score):
        mean = estimate(WORLDS[kind], x, loc, scale, one_latent.EPS) @ one_latent.WEIGHTS
        np.testing.assert_allclose(mean, exact, rtol=1e-5, atol=1e-5)
        spread = one_draw.spread(estimate, WORLDS[kind], x, loc, scale)
        np.testing.assert_allclose(estimate(WORLDS[kind], x, loc, scale, EPS).std(1), spread, rtol=0.05)


@pytest.mark.parametrize(("loc", "scale"), [(0.5, 0.5), (-1.2, 1.4)])
def test_gradients_of_both_kls_are_those_of_autograd(loc, scale):
    sampled = one_draw.kl_gradient_sampled(loc, scale, EPS[:20])
    for place, eps in enumerate(EPS[:20]):
        q = parameters(loc, scale)
        z = q[0] + q[1] * eps
        (Normal(*q).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).backward()
        np.testing.assert_allclose(sampled[:, place], [one.grad for one in q], rtol=1e-6, atol=1e-6)
    q = parameters(loc, scale)
    kl_divergence(Normal(*q), Normal(0.0, 1.0)).backward()
    analytic = one_draw.kl_gradient_analytic(loc, scale)
    np.testing.assert_allclose(analytic[:, 0], [one.grad for one in q], rtol=1e-6)
    mean = one_draw.kl_gradient_sampled(loc, scale, one_latent.EPS) @ one_latent.WEIGHTS
    np.testing.assert_allclose(mean, analytic[:, 0], atol=1e-9)


@pytest.mark.parametrize(("kind", "x", "loc", "scale"), SETTINGS)
def test_a_step_is_that_of_autograd_on_the_bound(kind, x, loc, scale):
    eps, rate = EPS[:8], 1e-3
    q = parameters(loc, np.log(scale))
    z = q[0] + q[1].exp() * torch.as_tensor(eps)
    log_p_x = Normal(LOOKS[kind](z), NOISE).log_prob(torch.tensor(x)).mean()
    (log_p_x - kl_divergence(Normal(q[0], q[1].exp()), Normal(0.0, 1.0))).backward()
    step = [min(max(float(one.grad), -one_draw.CLIP), one_draw.CLIP) for one in q]
    found = one_draw.ascend(WORLDS[kind], x, loc, scale, eps, rate)
    np.testing.assert_allclose(found, [loc + rate * step[0], scale * np.exp(rate * step[1])], rtol=1e-7)


def test_no_step_is_longer_than_the_clip_allows():
    loc, scale = one_draw.ascend(WORLDS["folded"], -1.0, 3.0, 2.0, EPS[:1], 0.05)
    assert abs(loc - 3) <= 0.5 + 1e-12
    assert abs(np.log(scale / 2)) <= 0.5 + 1e-12


@pytest.mark.parametrize("kind", WORLDS)
def test_many_small_steps_lead_to_a_peak(kind):
    q, rng, world = (-1.5, 1.0), np.random.default_rng(0), WORLDS[kind]
    for _ in range(600):
        q = one_draw.ascend(world, 1.5, *q, rng.normal(size=32), 0.02)
    peaks = np.array(one_latent.best(world, 1.5))
    assert np.abs(peaks - q).max(1).min() < 0.06
