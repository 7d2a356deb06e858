"""The unscented filter against Kalman where they must agree, and against the reference's errors where it bends."""

import numpy as np
import pytest

from dmm import kalman, linear_gaussian, systems
from dmm.unscented import Spread, unscented_filter, unscented_smoother


def three_dimensional():
    return linear_gaussian.make_linear_gaussian(
        F=[[0.9, 0.2, 0.0], [-0.1, 0.8, 0.3], [0.0, 0.1, 0.7]],
        Q=[[1.0, 0.2, 0.0], [0.2, 0.5, 0.1], [0.0, 0.1, 0.8]],
        H=[[1.0, 0.0, 0.5], [0.3, -1.0, 0.0]],
        R=[[0.6, 0.1], [0.1, 0.9]],
        mean_1=[1.0, -1.0, 0.5],
        cov_1=[[2.0, 0.3, 0.0], [0.3, 1.0, -0.2], [0.0, -0.2, 1.5]],
        drift=[0.1, 0.0, -0.2],
        offset=[3.0, -4.0],
    )


@pytest.mark.parametrize("make", [systems.linear, three_dimensional])
@pytest.mark.parametrize("spread", [Spread(), Spread(1.0, 2.0, 0.0), Spread(0.5, 2.0, 1.0)])
def test_filter_and_smoother_equal_kalman_on_a_linear_system(make, spread):
    model = make()
    system = systems.as_system(model)
    _, x = linear_gaussian.sample(model, 5, 12, np.random.default_rng(2))
    exact = kalman.kalman_filter(model, x)
    found = unscented_filter(system, x, spread)
    for part in kalman.Filtered._fields:
        np.testing.assert_allclose(getattr(found, part), getattr(exact, part), atol=1e-9, err_msg=part)
    exact, found = kalman.smoother(model, exact), unscented_smoother(system, found, spread)
    for part in kalman.Smoothed._fields:
        np.testing.assert_allclose(getattr(found, part), getattr(exact, part), atol=1e-9, err_msg=part)


def test_sequences_do_not_touch_each_other():
    system = systems.two_dimensional()
    _, x = systems.sample(system, 4, 6, np.random.default_rng(5))
    whole, alone = unscented_filter(system, x), unscented_filter(system, x[2:3])
    np.testing.assert_allclose(whole.mean[2:3], alone.mean, rtol=1e-12)
    np.testing.assert_allclose(whole.log_likelihood[2:3], alone.log_likelihood, rtol=1e-12)


def test_one_bent_step_has_the_moments_of_gauss_hermite():
    """Three sigma points at 0 and ±√3 with kappa 2 are the Gauss-Hermite rule: exact for polynomials up to degree 5."""
    system = systems.make_system(lambda z: z**2, lambda z: z, [[0.3]], [[1e12]], [0.7], [[0.5]])
    found = unscented_filter(system, np.zeros((1, 2, 1)))  # a look that tells nothing
    np.testing.assert_allclose(found.predicted_mean[0, 1], 0.7**2 + 0.5, rtol=1e-9)
    np.testing.assert_allclose(found.predicted_cov[0, 1], 4 * 0.7**2 * 0.5 + 2 * 0.5**2 + 0.3, rtol=1e-9)


def test_nonlinear_system_has_the_reference_errors():
    system, n = systems.nonlinear(), 2000
    z, x = systems.sample(system, n, systems.FRAMES, np.random.default_rng(17))
    filtered = unscented_filter(system, x)
    nll = -filtered.log_likelihood / systems.FRAMES
    assert abs(nll.mean() - 2.509) < 3 * nll.std() / np.sqrt(n) + 0.003  # 0.003 + the reference's own error
    for found, rmse in ((filtered, 2.954), (unscented_smoother(system, filtered), 2.494)):
        squared = ((found.mean - z) ** 2).mean((1, 2))
        assert abs(squared.mean() - rmse**2) < 4 * squared.std() / np.sqrt(n)  # 0.014 in the error itself


def test_beyond_three_dimensions_no_weight_is_negative():
    system = systems.make_system(np.tanh, np.tanh, np.eye(5), np.eye(5), np.zeros(5), np.eye(5))
    _, x = systems.sample(system, 3, 10, np.random.default_rng(1))
    cov = unscented_smoother(system, unscented_filter(system, x)).cov
    assert np.linalg.eigvalsh(cov).min() > 0


@pytest.mark.parametrize(
    ("spread", "says"),
    [
        (Spread(kappa=-1.0), "got alpha 1 and kappa -1 for Z = 1"),
        (Spread(alpha=0.0), "got alpha 0 and kappa 2 for Z = 1"),
        (Spread(beta=-40.0), r"these sigma points make a variance of -\d.*: it must be above 0\."),
    ],
)
def test_sigma_points_that_cannot_be_are_refused(spread, says):
    with pytest.raises(ValueError, match=says):
        unscented_filter(systems.nonlinear(), np.ones((1, 25, 1)), spread)


def test_no_sequence_is_refused():
    with pytest.raises(ValueError, match=r"x is of shape \(0, 3, 1\)"):
        unscented_filter(systems.nonlinear(), np.zeros((0, 3, 1)))
