"""The three systems of the paper against moments worked out by hand, and what is refused."""

import numpy as np
import pytest

from dmm import linear_gaussian, systems

MANY = 40_000


def draw(system, frames, n=MANY):
    return systems.sample(system, n, frames, np.random.default_rng(3))


def within(draws, expected, errors=4.5):
    """The mean over draws is the expected one, by the draws' own standard error."""
    error = draws.std(0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(0) - expected) <= errors * error).all(), (draws.mean(0), expected, error)


def residual_moments_fit(system, z, x):
    """Step, look and start of a sample have the means and variances the system names."""
    for residual, cov in (
        (z[:, 0] - system.mean_1, system.cov_1),
        (z[:, 1] - system.step(z[:, 0]), system.Q),
        (x[:, 1] - system.look(z[:, 1]), system.R),
    ):
        within(residual, 0)
        within(residual[:, :, None] * residual[:, None, :], cov)


def test_linear_sample_has_the_moments_of_a_random_walk():
    z, x = draw(systems.as_system(systems.linear()), frames=5)
    mean, variance = 4 * 0.05, 1 + 4 * 10
    within(z[:, 4, 0], mean)
    within((z[:, 4, 0] - mean) ** 2, variance)
    within((x[:, 4, 0] - mean / 2) ** 2, variance / 4 + 20)


def test_nonlinear_second_state_has_the_moments_of_the_closed_form():
    z, _ = draw(systems.nonlinear(), frames=2)
    s = 0.01  # E z sin z = s exp(-s / 2) and E sin² z = (1 - exp(-2 s)) / 2 for z of N(0, s)
    within(z[:, 1, 0], 0)
    within(z[:, 1, 0] ** 2, 5 + s + 4 * s * np.exp(-s / 2) + 2 * (1 - np.exp(-2 * s)))


@pytest.mark.parametrize(
    "make", [lambda: systems.as_system(systems.linear()), systems.nonlinear, systems.two_dimensional]
)
def test_sample_follows_its_system(make):
    system = make()
    z, x = draw(system, frames=2)
    assert z.shape == (MANY, 2, len(system.Q))
    assert x.shape == (MANY, 2, len(system.R))
    residual_moments_fit(system, z, x)


def test_two_dimensional_step_equals_its_formula():
    z = np.array([[0.3, -1.2], [2.0, 0.7]])
    by_hand = [[0.2 * a + np.tanh(0.9 * b), 0.2 * b + np.sin(-0.4 * a)] for a, b in z]
    np.testing.assert_allclose(systems.two_dimensional(alpha=0.9, beta=-0.4).step(z), by_hand, rtol=1e-15)


def test_linear_gaussian_and_its_system_make_the_same_means():
    model = linear_gaussian.make_linear_gaussian(
        F=[[0.9, 0.2], [0.0, 0.7]], Q=np.eye(2), H=[[1.0, -1.0]], R=[[2.0]], mean_1=[1.0, 2.0], cov_1=np.eye(2),
        drift=[0.1, -0.3], offset=[5.0],
    )  # fmt: skip
    system, z = systems.as_system(model), np.array([[[1.5, -2.0]]])
    np.testing.assert_allclose(system.step(z), [[[0.9 * 1.5 - 0.4 + 0.1, -1.4 - 0.3]]], rtol=1e-15)
    np.testing.assert_allclose(system.look(z), [[[8.5]]], rtol=1e-15)


def test_correlated_noise_is_sampled_with_its_covariance():
    Q, R = [[2.0, 0.9], [0.9, 1.0]], [[1.0, -0.5], [-0.5, 0.6]]
    system = systems.make_system(np.tanh, np.sin, Q, R, [1.0, -1.0], [[0.5, 0.3], [0.3, 0.4]])
    residual_moments_fit(system, *draw(system, frames=2))


def test_log_p_gaussian_equals_the_textbook():
    cov, r = np.array([[2.0, 0.9], [0.9, 1.0]]), np.array([[0.4, -2.0], [1.0, 3.0]])
    by_hand = [-0.5 * (v @ np.linalg.inv(cov) @ v + np.log(np.linalg.det(2 * np.pi * cov))) for v in r]
    np.testing.assert_allclose(systems.log_p_gaussian(r, cov), by_hand, rtol=1e-13)
    np.testing.assert_allclose(systems.log_p_gaussian(r, np.stack([cov, cov])), by_hand, rtol=1e-13)


def test_same_seed_makes_the_same_sequences():
    first, again = (systems.sample(systems.nonlinear(), 2, 3, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first[1], again[1])


@pytest.mark.parametrize(
    ("n", "frames", "says"),
    [
        (0, 25, "n must be at least 1: got 0."),
        (1, 0, "frames must be 1 to 100,000: got 0."),
        (1, 1_000_000, "frames must be 1 to 100,000: got 1,000,000."),
    ],
)
def test_sample_refuses_impossible_sizes(n, frames, says):
    with pytest.raises(ValueError, match=f"^{says}$"):
        systems.sample(systems.nonlinear(), n, frames, np.random.default_rng(0))


def double(z):
    return np.concatenate([z, z], axis=-1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Q": [[-5.0]]}, r"Q is .* above 0: got -5\."),
        ({"R": [[0.0]]}, r"R is .* above 0: got 0\."),
        ({"Q": np.eye(2)}, "Q is 2x2, expected 1x1"),
        ({"cov_1": [[np.nan]]}, "cov_1 must be finite: got nan"),
        ({"step": double}, r"step makes a shape of \(2,\) from one state, expected \(1,\)"),
        ({"look": double}, r"look makes a shape of \(2,\) from one state, expected \(1,\)"),
    ],
)
def test_a_system_that_cannot_be_is_refused(changes, says):
    parts = {"step": np.sin, "look": np.sin, "Q": [[5.0]], "R": [[5.0]], "mean_1": [0.0], "cov_1": [[0.01]]}
    with pytest.raises(ValueError, match=says):
        systems.make_system(**(parts | changes))


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (np.zeros((0, 3, 1)), r"x is of shape \(0, 3, 1\), expected \(N, T, 1\) with at least one sequence"),
        (np.zeros((2, 0, 1)), r"x is of shape \(2, 0, 1\)"),
        (np.zeros((2, 3, 2)), r"x is of shape \(2, 3, 2\), expected \(N, T, 1\)"),
        (np.zeros(3), r"x is of shape \(3,\), expected \(N, T, 1\)"),
        (np.full((1, 1, 1), np.inf), "x must be finite: got inf"),
    ],
)
def test_observations_that_do_not_fit_are_refused(x, says):
    with pytest.raises(ValueError, match=says):
        systems.check_observations(x, systems.nonlinear())
