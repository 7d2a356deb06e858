"""Chains of Gaussians, step by step, against the dense Gaussian over whole paths, torch and Monte Carlo."""

import numpy as np
import pytest
import torch

from dmm import elbo, floors, gaussian_chain, kalman, linear_gaussian, systems
from dmm.floors import FAMILIES

S9 = systems.linear()
T = 25
Z, X = (part[0, :, 0] for part in linear_gaussian.sample(S9, 1, T, np.random.default_rng(3)))
PRIOR, POSTERIOR = gaussian_chain.prior(S9, T), gaussian_chain.posterior(S9, X)
SMOOTH = kalman.smoother(S9, kalman.kalman_filter(S9, X[None, :, None]))
LOG_P = float(kalman.kalman_filter(S9, X[None, :, None]).log_likelihood[0])


def dense_log_p(value, mean, cov):
    """By torch's multivariate normal."""
    mean, cov, value = (torch.tensor(part) for part in (mean, cov, value))
    return float(torch.distributions.MultivariateNormal(mean, cov).log_prob(value))


def test_posterior_has_the_moments_of_the_smoother():
    mean, cov = gaussian_chain.moments(POSTERIOR)
    np.testing.assert_allclose(mean, SMOOTH.mean[0, :, 0], atol=1e-9)
    np.testing.assert_allclose(np.diag(cov), SMOOTH.cov[0, :, 0, 0], atol=1e-9)
    np.testing.assert_allclose(np.diag(cov, -1), SMOOTH.lag_one[0, :, 0, 0], atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_best_guess_has_the_moments_that_floors_gives(family):
    best, q = floors.best(S9, T, family), gaussian_chain.best_guess(S9, X, family)
    mean, cov = gaussian_chain.moments(q)
    np.testing.assert_allclose(mean, best.A @ X + best.const, atol=1e-9)
    np.testing.assert_allclose(cov, np.linalg.inv(best.precision), atol=1e-8)
    assert (abs(q.A[1:]) > 0.01).all() == family.startswith("st")


def test_best_guess_that_sees_all_is_the_posterior():
    for mine, exact in zip(gaussian_chain.best_guess(S9, X, "st-r"), POSTERIOR, strict=True):
        np.testing.assert_allclose(mine, exact, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_kl_by_step_sums_to_the_kl_of_whole_paths(family):
    q = gaussian_chain.best_guess(S9, X, family)
    whole = gaussian_chain.kl_whole(*gaussian_chain.moments(q), *gaussian_chain.moments(PRIOR))
    assert gaussian_chain.kl_by_step(q, PRIOR).sum() == pytest.approx(whole, abs=1e-8)
    assert (gaussian_chain.kl_by_step(q, PRIOR) >= 0).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_parts_and_what_is_left_sum_to_kalmans_likelihood(family):
    q = gaussian_chain.best_guess(S9, X, family)
    bound = (gaussian_chain.reconstruction_by_step(S9, X, q) - gaussian_chain.kl_by_step(q, PRIOR)).sum()
    left = gaussian_chain.kl_by_step(q, POSTERIOR).sum()
    assert bound + left == pytest.approx(LOG_P, abs=1e-8)
    assert (left < 1e-9) == (family in ("st-r", "st-lr"))


def test_kl_given_is_that_of_torch_and_of_the_bound():
    q, z_prev = gaussian_chain.best_guess(S9, X, "st-l"), gaussian_chain.before(Z)
    pairs = [(one.A * z_prev + one.b, np.sqrt(one.C)) for one in (q, PRIOR)]
    (q_loc, q_scale), (p_loc, p_scale) = ((torch.tensor(loc), torch.tensor(scale)) for loc, scale in pairs)
    mine = gaussian_chain.kl_given(q, PRIOR, z_prev)
    normal = torch.distributions.Normal
    judged = torch.distributions.kl_divergence(normal(q_loc, q_scale), normal(p_loc, p_scale))
    np.testing.assert_allclose(mine, judged, atol=1e-12)
    np.testing.assert_allclose(mine, elbo.kl_normal(q_loc, q_scale, p_loc, p_scale), atol=1e-12)


def test_kl_by_step_is_the_mean_over_drawn_paths():
    q = gaussian_chain.best_guess(S9, X, "st-l")
    z = gaussian_chain.draw(q, np.random.default_rng(0).standard_normal((40_000, T)))
    drawn = gaussian_chain.kl_given(q, PRIOR, gaussian_chain.before(z))
    noise = drawn.std(0) / np.sqrt(len(drawn))
    assert (abs(drawn.mean(0) - gaussian_chain.kl_by_step(q, PRIOR)) <= 4.5 * noise + 1e-12).all()


def test_reconstruction_is_the_mean_over_drawn_paths():
    z = gaussian_chain.draw(POSTERIOR, np.random.default_rng(1).standard_normal((40_000, T)))
    drawn = torch.distributions.Normal(torch.tensor(0.5 * z), 20**0.5).log_prob(torch.tensor(X)).numpy()
    noise = drawn.std(0) / np.sqrt(len(drawn))
    assert (abs(drawn.mean(0) - gaussian_chain.reconstruction_by_step(S9, X, POSTERIOR)) <= 4.5 * noise).all()


def test_draws_have_the_moments_of_the_chain():
    z = gaussian_chain.draw(POSTERIOR, np.random.default_rng(2).standard_normal((100_000, T)))
    mean, cov = gaussian_chain.moments(POSTERIOR)
    np.testing.assert_allclose(z.mean(0), mean, atol=0.06)
    np.testing.assert_allclose(np.cov(z.T), cov, atol=0.35)
    np.testing.assert_allclose(np.diff(z).var(0), gaussian_chain.step_variance(POSTERIOR), rtol=0.03)


def test_log_density_of_a_path_is_that_of_the_dense_gaussian():
    whole = dense_log_p(Z, *gaussian_chain.moments(POSTERIOR))
    assert gaussian_chain.log_p_steps(POSTERIOR, Z[None]).sum() == pytest.approx(whole, abs=1e-9)


def test_joint_is_the_prior_and_holds_the_likelihood_of_the_frames():
    mean, cov = gaussian_chain.joint(S9, T)
    assert dense_log_p(X, mean[T:], cov[T:, T:]) == pytest.approx(LOG_P, abs=1e-9)
    values = np.concatenate([Z, X])
    assert gaussian_chain.log_p_of_some(mean, cov, values, range(T, 2 * T), []) == pytest.approx(LOG_P, abs=1e-9)
    given = gaussian_chain.log_p_of_some(mean, cov, values, range(T), range(T, 2 * T))
    assert given == pytest.approx(gaussian_chain.log_p_steps(POSTERIOR, Z[None]).sum(), abs=1e-9)


def test_independent_has_the_same_marginals_and_no_ties():
    mean, cov = gaussian_chain.moments(gaussian_chain.independent(POSTERIOR))
    np.testing.assert_allclose(mean, SMOOTH.mean[0, :, 0], atol=1e-9)
    np.testing.assert_allclose(cov, np.diag(SMOOTH.cov[0, :, 0, 0]), atol=1e-9)
