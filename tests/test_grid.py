"""The grid against Kalman where that is exact, against a quadrature of another kind, and against the truth."""

import numpy as np
import pytest

from dmm import kalman, systems
from dmm.grid import OnGrid, grid_filter, grid_smoother, make_grid

WIDE = make_grid()


def drawn(system, n, frames=systems.FRAMES, seed=11):
    return systems.sample(system, n, frames, np.random.default_rng(seed))


def test_filter_and_smoother_equal_kalman_on_the_linear_system():
    model = systems.linear()
    system, grid = systems.as_system(model), make_grid(-120, 120, 401)
    _, x = drawn(system, n=20)
    filtered = kalman.kalman_filter(model, x)
    smoothed = kalman.smoother(model, filtered)
    for found, exact in ((grid_filter(system, x, grid), filtered), (grid_smoother(system, x, grid), smoothed)):
        np.testing.assert_allclose(found.mean, exact.mean[..., 0], atol=1e-9)
        np.testing.assert_allclose(found.scale**2, exact.cov[..., 0, 0], atol=1e-9)
        np.testing.assert_allclose(found.log_likelihood, filtered.log_likelihood, atol=1e-9)


def two_frames_by_quadrature(x_1, x_2):
    """log p(x), filtered and smoothed mean and variance of the non-linear system's two frames, without a grid for z_2.

    Gauss-Hermite over z_1; given z_1, all of z_2 and x_2 is Gaussian and has a closed form.
    """
    node, weight = np.polynomial.hermite_e.hermegauss(80)
    z_1, f = 0.1 * node, 0.1 * node + 2 * np.sin(0.1 * node)
    log_1, log_2 = (systems.log_p_gaussian(r[:, None], [[v]]) for r, v in ((x_1 - z_1 / 2, 5.0), (x_2 - f / 2, 6.25)))
    joint_1 = weight * np.exp(log_1) / weight.sum()
    joint = joint_1 * np.exp(log_2)
    mean_2, variance_2 = f + 2.5 / 6.25 * (x_2 - f / 2), 5 - 2.5**2 / 6.25  # z_2 given z_1 and x_2

    def moments(weights, means, variance):
        mean = weights @ means / weights.sum()
        return mean, weights @ (variance + (means - mean) ** 2) / weights.sum()

    first, first_smoothed = moments(joint_1, z_1, 0), moments(joint, z_1, 0)
    last = moments(joint, mean_2, variance_2)
    return np.log(joint.sum()), (first, last), (first_smoothed, last)


@pytest.mark.parametrize(("x_1", "x_2"), [(0.3, -2.0), (-4.0, 6.0), (2.5, 2.5)])
def test_two_frames_of_the_nonlinear_system_equal_gauss_hermite(x_1, x_2):
    log_likelihood, filtered, smoothed = two_frames_by_quadrature(x_1, x_2)
    x, system = np.array([[[x_1], [x_2]]]), systems.nonlinear()
    for found, exact in ((grid_filter(system, x, WIDE), filtered), (grid_smoother(system, x, WIDE), smoothed)):
        np.testing.assert_allclose(found.log_likelihood, [log_likelihood], atol=1e-8)
        np.testing.assert_allclose(found.mean[0], [mean for mean, _ in exact], atol=1e-8)
        np.testing.assert_allclose(found.scale[0] ** 2, [variance for _, variance in exact], atol=1e-8)


def test_a_finer_and_wider_grid_changes_nothing():
    system = systems.nonlinear()
    _, x = drawn(system, n=3)
    coarse, fine = grid_smoother(system, x, WIDE), grid_smoother(system, x, make_grid(-90, 90, 3601))
    for part in ("mean", "scale", "log_likelihood"):
        np.testing.assert_allclose(getattr(coarse, part), getattr(fine, part), atol=1e-7)


@pytest.mark.parametrize("run", [grid_filter, grid_smoother])
def test_densities_are_positive_sum_to_one_and_have_the_moments(run):
    system = systems.nonlinear()
    _, x = drawn(system, n=2, frames=6)
    found = run(system, x, WIDE, keep_density=True)
    assert found.density.shape == (2, 6, len(WIDE))
    assert (found.density >= 0).all()
    spacing = WIDE[1] - WIDE[0]
    np.testing.assert_allclose(found.density.sum(-1) * spacing, 1, rtol=1e-12)
    np.testing.assert_allclose((found.density * WIDE).sum(-1) * spacing, found.mean, rtol=1e-9, atol=1e-12)


def test_densities_are_kept_only_when_asked_for_and_the_last_frame_is_smooth_already():
    system = systems.nonlinear()
    _, x = drawn(system, n=2, frames=4)
    filtered, smoothed = (run(system, x, WIDE) for run in (grid_filter, grid_smoother))
    assert filtered.density is None
    np.testing.assert_allclose(smoothed.mean[:, -1], filtered.mean[:, -1], rtol=1e-12)
    assert (smoothed.scale.mean(0)[:-1] < filtered.scale.mean(0)[:-1]).all()


def test_sequences_do_not_touch_each_other_across_chunks():
    system = systems.nonlinear()
    _, x = drawn(system, n=103, frames=2)
    whole, last = grid_smoother(system, x, WIDE), grid_smoother(system, x[101:], WIDE)
    for part in OnGrid._fields[:3]:
        np.testing.assert_allclose(getattr(whole, part)[101:], getattr(last, part), rtol=1e-10, atol=1e-12)


def test_nonlinear_system_has_the_reference_likelihood_and_errors():
    system, n = systems.nonlinear(), 400
    z, x = drawn(system, n)
    filtered, smoothed = (run(system, x, WIDE) for run in (grid_filter, grid_smoother))
    nll = -filtered.log_likelihood / systems.FRAMES
    assert abs(nll.mean() - 2.479) < 3 * nll.std() / np.sqrt(n) + 0.003  # 0.007 + the reference's own error
    for found, rmse in ((filtered, 2.808), (smoothed, 2.296)):
        squared = ((found.mean - z[..., 0]) ** 2).mean(1)
        assert abs(squared.mean() - rmse**2) < 4 * squared.std() / np.sqrt(n)  # 0.025 in the error itself
        surprise = ((found.mean - z[..., 0]) ** 2 / found.scale**2).mean(1)  # 1 if the scale is honest
        assert abs(surprise.mean() - 1) < 4 * surprise.std() / np.sqrt(n)


def test_an_x_far_from_all_others_is_still_exact():
    system, x = systems.nonlinear(), np.array([[[0.0], [60.0], [0.0]]])
    log_likelihood, filtered, _ = two_frames_by_quadrature(*x[0, :2, 0])
    found = grid_filter(system, x[:, :2], WIDE)
    np.testing.assert_allclose(found.log_likelihood, [log_likelihood], rtol=1e-9)  # 24 standard deviations
    np.testing.assert_allclose(found.mean[0], [mean for mean, _ in filtered], atol=1e-6)
    assert np.isfinite(grid_smoother(system, x, WIDE).mean).all()


def one_dimensional(**changes):
    parts = {"step": np.sin, "look": np.sin, "Q": [[1.0]], "R": [[1.0]], "mean_1": [0.0], "cov_1": [[1.0]]}
    return systems.make_system(**(parts | changes))


@pytest.mark.parametrize(
    ("system", "grid", "x", "says"),
    [
        (systems.two_dimensional(), WIDE, np.zeros((1, 2, 2)), "systems of 1 latent dimension: got one of 2"),
        (
            systems.nonlinear(),
            make_grid(-5, 5, 201),
            np.zeros((1, 3, 1)),
            "of the mass lies beside the grid from -5 to 5",
        ),
        (
            systems.nonlinear(),
            WIDE,
            np.full((1, 1, 1), 1e4),
            "the x of frame 1 is impossible on the grid from -75 to 75",
        ),
        (systems.nonlinear(), make_grid(-20, 20, 401), [[[0.0], [60.0]]], "beside the grid from -20 to 20"),
        (systems.nonlinear(), WIDE, np.zeros((0, 3, 1)), r"x is of shape \(0, 3, 1\)"),
        (systems.nonlinear(), make_grid(-75, 75, 301), np.zeros((1, 3, 1)), "0.5 apart miss a Gaussian of scale 0.1 "),
        (one_dimensional(R=[[1e-4]]), make_grid(-9, 9, 181), np.zeros((1, 3, 1)), "0.1 apart miss .* scale 0.01"),
        (systems.nonlinear(), WIDE[::-1], np.zeros((1, 3, 1)), r"shape \(1501,\), expected 2 to 4,001 rising"),
        (systems.nonlinear(), WIDE**3, np.zeros((1, 3, 1)), "equally spaced"),
    ],
)
def test_what_a_grid_cannot_hold_is_refused(system, grid, x, says):
    with pytest.raises(ValueError, match=says):
        grid_filter(system, x, grid)


@pytest.mark.parametrize(
    ("low", "high", "points", "says"),
    [
        (5, -5, 11, "the grid must end above its start: got 5 to -5."),
        (-5, np.inf, 11, "the grid must end above its start: got -5 to inf."),
        (-5, 5, 1, "points must be 2 to 4,001: got 1."),
        (-5, 5, 10**6, "points must be 2 to 4,001: got 1,000,000."),
    ],
)
def test_impossible_grids_are_refused(low, high, points, says):
    with pytest.raises(ValueError, match=f"^{says}$"):
        make_grid(low, high, points)
