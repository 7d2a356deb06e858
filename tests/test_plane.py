"""A transition on a plane: that of a gated one in closed form, known ones by hand."""

import numpy as np
import pytest

from dmm import fields, gated, plane
from dmm.config import make_config
from dmm.deep_markov_model import make_dmm
from dmm.inspection import load_inspection
from dmm.plane import Flow, Plane, look, mean_of, plane_through
from dmm.runs import store
from dmm.runs.snapshots import load_run

RUN = store.SHIPPED / "0000000000000002"
FLAT = Plane(np.zeros(2), np.eye(2), np.full(2, -2.0), np.full(2, 2.0))


def test_gated_transition_is_that_of_fields():
    dmm = load_run(RUN)[0]
    through = plane_through(load_inspection(RUN / "inspection.npz").z_loc)
    closed = fields.Field(gated.of_module(dmm.transition), through.origin, through.axes)
    seen, places = look(mean_of(dmm), through), through.places()
    np.testing.assert_allclose(seen.steps, closed.step(places) - places, atol=1e-12)
    np.testing.assert_allclose(Flow(mean_of(dmm), through).slope(places), closed.slope(places), atol=1e-6)
    starts = fields.grid(through.low, through.high, 15)
    expected = fields.inside(fields.fixed_points(closed, starts), through.low, through.high)
    np.testing.assert_allclose(seen.fixed, [one.place for one in expected], atol=1e-7)
    assert seen.stable.tolist() == [one.stable for one in expected]


@pytest.mark.parametrize(("size", "stable"), [(0.5, True), (1.5, False)])
def test_linear_transition_has_its_one_fixed_point(size, stable):
    seen = look(lambda z: size * (z - [1.0, -0.5]) + [1.0, -0.5], FLAT)
    np.testing.assert_allclose(seen.fixed, [[1.0, -0.5]], atol=1e-8)
    assert seen.stable.tolist() == [stable]
    np.testing.assert_allclose(seen.steps, (size - 1) * (FLAT.places() - [1.0, -0.5]), atol=1e-12)


def test_two_wells_and_the_ridge_between_them_are_found_and_what_lies_outside_is_not():
    seen = look(lambda z: np.stack([z[:, 0] - 0.2 * (z[:, 0] ** 3 - z[:, 0]), 0.5 * z[:, 1]], axis=1), FLAT)
    order = np.argsort(seen.fixed[:, 0])
    np.testing.assert_allclose(seen.fixed[order], [[-1, 0], [0, 0], [1, 0]], atol=1e-6)
    assert seen.stable[order].tolist() == [True, False, True]
    beside = FLAT._replace(low=np.array([0.5, -2.0]))
    np.testing.assert_allclose(look(lambda z: 0.5 * z, beside).fixed, np.zeros((0, 2)))


@pytest.mark.parametrize("transition", ["mlp", "linear"])
def test_other_transitions_are_seen_as_their_modules_say(transition, one_thread):
    import torch

    dmm = make_dmm(make_config(transition=transition, z_dim=3, transition_dim=4, rnn_dim=4, emission_dim=4))
    z = np.random.default_rng(0).normal(size=(7, 3))
    with torch.no_grad():
        expected = dmm.transition(torch.tensor(z, dtype=torch.float32))[0].numpy()
    np.testing.assert_allclose(mean_of(dmm)(z), expected, atol=1e-5)


def test_transition_that_hangs_on_frames_has_no_field():
    assert mean_of(make_dmm(make_config(edges="augmented", z_dim=3, rnn_dim=4, emission_dim=4))) is None


def test_plane_goes_through_the_middle_with_room_around_the_path():
    path = np.array([[0.0, 0, 1], [4, 0, 1], [4, 2, 1], [0, 2, 1]])
    through = plane_through(path)
    np.testing.assert_allclose(through.origin, [2, 1, 1])
    np.testing.assert_allclose(through.axes @ through.axes.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose([through.low, through.high], [[-2.6, -1.6], [2.6, 1.6]])
    assert len(through.places()) == plane.ARROWS**2


@pytest.mark.parametrize("path", [np.zeros((4, 3)), np.arange(4.0)[:, None], np.outer(np.arange(4.0), [1, 2, 0])])
def test_path_without_two_directions_has_no_plane(path):
    assert plane_through(path) is None
