"""The gated transition in NumPy against the torch module, autograd and topology: lanes, slopes, fixed points."""

import numpy as np
import pytest
import torch
from torch.autograd.functional import jacobian

from dmm import fields, gated, one_dimension
from dmm.model import SCALE_FLOOR, GatedTransition

pytestmark = pytest.mark.usefixtures("seeded_float64")
Z, WIDTH = 4, 7
LOW, HIGH = np.full(2, -3.5), np.full(2, 3.5)


@pytest.fixture
def transition():
    """A transition with weights as large as a trained one's."""
    made = GatedTransition(Z, WIDTH)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(0.7 * torch.randn(parameter.shape))
    return made.requires_grad_(False)


def states(count=5, z_dim=Z, seed=0):
    return np.random.default_rng(seed).normal(size=(count, z_dim))


def angle(matrix):
    return np.unwrap(np.arctan2(matrix[:, 1], matrix[:, 0]))


# --- lanes and slopes ------------------------------------------------------------------------------------------------


def test_lanes_are_those_of_the_module(transition):
    z, now = states(), gated.lanes(gated.of_module(transition), states())
    loc, scale = transition(torch.tensor(z))
    for ours, theirs in (
        (now.linear, transition.linear(torch.tensor(z))),
        (now.h, transition.proposal(torch.tensor(z))),
        (now.g, transition.openness(torch.tensor(z))),
        (now.loc, loc),
        (now.scale, scale),
    ):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12)
    assert gated.SCALE_FLOOR == SCALE_FLOOR


@pytest.mark.parametrize("held", [0.0, 0.3, 1.0])
def test_held_gate_mixes_the_lanes_and_leaves_the_noise(transition, held):
    free, now = (gated.lanes(gated.of_module(transition), states(), one) for one in (None, held))
    np.testing.assert_allclose(now.loc, (1 - held) * free.linear + held * free.h, rtol=1e-12)
    np.testing.assert_array_equal(now.scale, free.scale)
    assert (now.g == held).all()


def test_huge_gates_neither_overflow_nor_warn(transition):
    weights = gated.of_module(transition)
    wide = weights.gate._replace(last_bias=np.array([-1e4, -800, 800, 1e4]))
    np.testing.assert_allclose(gated.lanes(weights._replace(gate=wide), states()).g, [[0, 0, 1, 1]] * 5, atol=1e-300)


@pytest.mark.parametrize("held", [None, 0.0, 0.6])
def test_slope_is_that_of_autograd(transition, held):
    def mean(z):
        g = transition.openness(z) if held is None else held
        return (1 - g) * transition.linear(z) + g * transition.proposal(z)

    theirs = np.stack([jacobian(mean, z).numpy() for z in torch.tensor(states())])
    np.testing.assert_allclose(gated.slope(gated.of_module(transition), states(), held), theirs, rtol=1e-9)


@pytest.mark.parametrize("seed", [3, 28])
def test_one_dimension_is_the_map_of_the_page_before(seed):
    z = np.linspace(-7, 7, 61)
    now, (mean, noise) = gated.lanes(gated.in_one_dimension(seed), z[:, None]), one_dimension.gated(seed)(z)
    np.testing.assert_allclose(now.loc[:, 0], mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(now.scale[:, 0], noise, rtol=1e-9)
    np.testing.assert_array_equal(now.linear[:, 0], z)


def test_same_seed_draws_the_same_example():
    first, again, other = gated.example(5), gated.example(5), gated.example(6)
    np.testing.assert_array_equal(first.proposal.last, again.proposal.last)
    assert not np.array_equal(first.proposal.last, other.proposal.last)


# --- planes ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def plane(transition):
    """A slanted plane in four dimensions."""
    axes = np.linalg.qr(states(Z, 2, seed=3))[0].T
    return fields.Field(gated.of_module(transition), states(1)[0], axes)


def test_plane_and_state_undo_each_other(plane):
    y = states(6, 2)
    np.testing.assert_allclose(plane.place(plane.state(y)), y, atol=1e-12)


def test_slope_on_a_plane_is_that_of_its_step(plane):
    y, small = states(3, 2), 1e-6
    for k in range(2):
        nudge = small * np.eye(2)[k]
        rise = (plane.step(y + nudge) - plane.step(y - nudge)) / (2 * small)
        np.testing.assert_allclose(plane.slope(y)[..., k], rise, rtol=1e-5, atol=1e-8)


def test_noise_on_a_plane_is_the_covariance_of_draws(plane, transition):
    y = states(1, 2)
    loc, scale = transition(torch.tensor(plane.state(y)))
    draws = plane.place((loc + scale * torch.randn(200_000, Z)).numpy())
    np.testing.assert_allclose(plane.noise(y)[0], np.cov(draws.T), atol=0.02 * float(scale.max()) ** 2)
    np.testing.assert_allclose(draws.mean(0), plane.step(y)[0], atol=0.02)


def test_all_of_a_step_stays_in_a_space_of_all_dimensions(plane):
    assert fields.whole(plane.weights).share(states()) == pytest.approx(1)
    y = states(4, 2)
    z = plane.state(y)
    step = gated.lanes(plane.weights, z).loc - z
    inside = step - (step - step @ plane.axes.T @ plane.axes)
    assert plane.share(y) == pytest.approx((inside**2).sum() / (step**2).sum())


# --- fixed points ----------------------------------------------------------------------------------------------------


def found(seed, held=None):
    field = fields.whole(gated.example(seed), held)
    return field, fields.inside(fields.fixed_points(field, fields.grid(LOW, HIGH, 17)), LOW, HIGH)


@pytest.mark.parametrize("seed", range(0, 100, 5))
def test_fixed_points_in_a_window_add_up_to_its_winding_number(seed):
    """How often the field turns on the way around the window is the sum of the signs of det(J - I) inside."""
    field, points = found(seed)
    side = np.linspace(-3.5, 3.5, 4001)
    around = [np.stack([side, -3.5 + 0 * side], 1), np.stack([3.5 + 0 * side, side], 1)]
    around += [-one for one in around]
    turns = sum(angle(field.step(one) - one)[-1] - angle(field.step(one) - one)[0] for one in around) / (2 * np.pi)
    signs = [np.sign(np.linalg.det(field.slope(one.place) - np.eye(2))) for one in points]
    assert turns == pytest.approx(sum(signs), abs=1e-3)


@pytest.mark.parametrize("seed", [24, 36, 43, 80])
def test_fixed_points_stay_and_their_eigenvalues_tell_what_becomes_of_neighbours(seed):
    field, points = found(seed)
    assert points
    for one in points:
        np.testing.assert_allclose(field.step(one.place), one.place, atol=1e-9)
        rise = [(field.step(one.place + d) - field.step(one.place - d)) / 2e-6 for d in 1e-6 * np.eye(2)]
        values = np.linalg.eigvals(np.array(rise).T)
        np.testing.assert_allclose(sorted(abs(values)), sorted(abs(one.eigenvalues)), rtol=1e-4)
        y = one.place + 1e-7 * states(8, 2)
        first = np.linalg.norm(y - one.place, axis=1)
        for _ in range(60):
            y = field.step(y)
        assert (np.linalg.norm(y - one.place, axis=1) < first).all() == one.stable


@pytest.mark.parametrize("seed", range(0, 100, 9))
def test_shut_gate_leaves_one_fixed_point_that_a_matrix_gives(seed):
    field, points = found(seed, 0.0)
    (one,) = points
    np.testing.assert_allclose(one.place, np.linalg.solve(np.eye(2) - field.weights.W, field.weights.b), atol=1e-9)
    assert one.stable
    assert abs(one.place).max() <= 2


def test_where_nothing_moves_every_start_is_a_fixed_point():
    weights = gated.example(0)._replace(W=np.eye(2), b=np.zeros(2))
    assert len(fields.fixed_points(fields.whole(weights, 0.0), fields.grid(LOW, HIGH, 3))) == 9


def test_no_start_and_no_fixed_point_give_none():
    weights = gated.example(0)._replace(W=np.eye(2), b=np.ones(2))
    assert fields.fixed_points(fields.whole(weights, 0.0), fields.grid(LOW, HIGH, 3)) == []


# --- what is drawn ---------------------------------------------------------------------------------------------------


def test_path_is_the_mean_over_and_over(transition):
    field = fields.whole(gated.of_module(transition))
    z = torch.tensor(states(1)[0])
    path = fields.follow(field, z.numpy(), 4)
    for place in path:
        np.testing.assert_allclose(place, z.numpy(), rtol=1e-9)
        z = transition(z)[0]


def test_path_on_a_plane_is_that_of_the_whole_state(plane):
    y = states(1, 2)[0]
    whole = fields.follow(fields.whole(plane.weights), plane.state(y), 5)
    np.testing.assert_allclose(fields.follow(plane, y, 5), plane.place(whole), atol=1e-12)


def test_path_that_runs_away_ends_in_numbers():
    weights = gated.example(0)._replace(W=9 * np.eye(2))
    assert np.isfinite(fields.follow(fields.whole(weights, 0.0), np.ones(2), 500)).all()


def test_view_holds_what_the_field_says():
    field = fields.whole(gated.example(80))
    seen = fields.view(field, LOW, HIGH, 4)
    np.testing.assert_array_equal(seen.after, field.step(seen.places))
    np.testing.assert_array_equal(seen.landed, field.step(seen.dots))
    np.testing.assert_array_equal(seen.path[0], seen.dots[4])
    np.testing.assert_allclose(seen.dots[4], 0, atol=1e-12)
    np.testing.assert_allclose(seen.openness, gated.lanes(field.weights, seen.places).g.mean(1))
    assert [one.place.tolist() for one in seen.fixed] == [one.place.tolist() for one in found(80)[1]]
    assert (seen.places.min(0), seen.places.max(0)) == (pytest.approx(LOW), pytest.approx(HIGH))
