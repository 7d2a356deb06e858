"""A history keeps what a page shows of every moment, to within a byte."""

import numpy as np
import pytest

from dmm.history import VIEWS, Moment, load_history, make_history, save_history
from dmm.inspection import Inspection, load_inspection
from dmm.plane import Plane, Seen, plane_through
from dmm.runs import store

T, Z, X = 5, 3, 88
RUNS = sorted(path.parent for path in store.SHIPPED.glob("*/history.npz"))


def make_moment(seed):
    rng = np.random.default_rng(seed)
    shapes = {"z_loc": (T, Z), "z_scale": (T, Z), "draws": (2, T, Z), "gates": (T, Z), "probabilities": (T, X)}
    shapes |= {"kl": (T, Z), "reconstruction": (T,)}
    inspection = Inspection(**{name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()})
    return Moment(seed * 10, seed, 8.0 - seed, inspection)


def test_moments_come_back_to_within_half_a_byte_of_their_range():
    moments = [make_moment(seed) for seed in range(1, 5)]
    history = make_history(moments)
    for index, moment in enumerate(moments):
        again = history.moment(index)
        assert again[:3] == moment[:3]
        for name in VIEWS:
            low, high = history.ranges[name]
            ours, theirs = getattr(again.inspection, name), getattr(moment.inspection, name)
            assert ours.shape == theirs.shape
            assert np.abs(ours - theirs).max() <= (high - low) / 510 * 1.001, name


def test_history_survives_the_file_in_bytes(tmp_path):
    history = make_history([make_moment(1), make_moment(2)])
    save_history(tmp_path / "history.npz", history)
    again = load_history(tmp_path / "history.npz")
    assert all(again.views[name].dtype == np.uint8 for name in VIEWS)
    for index in range(2):
        ours, theirs = again.moment(index), history.moment(index)
        assert ours[:3] == theirs[:3]
        assert all(np.array_equal(*pair) for pair in zip(ours.inspection, theirs.inspection, strict=True))


def make_seen(seed):
    """A transition with as many fixed points as its seed says."""
    rng = np.random.default_rng(seed)
    return Seen(rng.normal(size=(169, 2)), rng.normal(size=(seed, 2)), np.arange(seed) % 2 == 0)


def test_transition_at_each_moment_comes_back_within_half_a_byte_and_survives_the_file(tmp_path):
    plane = Plane(np.arange(3.0), np.eye(3)[:2], np.zeros(2), np.ones(2))
    seen = [make_seen(seed) for seed in (0, 1, 2)]
    save_history(tmp_path / "h.npz", make_history([make_moment(seed) for seed in (0, 1, 2)], plane, seen))
    again = load_history(tmp_path / "h.npz").fields
    assert all(np.array_equal(*pair) for pair in zip(again.plane, plane, strict=True))
    for index, one in enumerate(seen):
        found = again.seen(index)
        assert np.abs(found.steps - one.steps).max() <= np.ptp(again.limits) / 510 * 1.001
        assert np.array_equal(found.fixed, one.fixed)
        assert np.array_equal(found.stable, one.stable)


def test_best_moment_has_the_lowest_bound_and_one_without_a_bound_is_none():
    moments = [make_moment(seed)._replace(bound=bound) for seed, bound in ((1, np.nan), (2, 7.0), (3, 7.5))]
    assert make_history(moments).best == 1
    assert make_history([one._replace(bound=np.nan) for one in moments]).best == 2


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_stored_history_has_thirty_moments_and_ends_in_the_stored_inspection_and_records(run):
    history, best = load_history(run / "history.npz"), load_inspection(run / "inspection.npz")
    records = {one["step"]: one for one in store.read_lines(run / "metrics.jsonl")[0] if one["kind"] == "valid"}
    assert len(history.steps) >= 30
    assert [records[step]["bound"] for step in history.steps] == history.bounds.tolist()
    assert [records[step]["epoch"] for step in history.steps] == history.epochs.tolist()
    assert history.bounds[history.best] == min(one["bound"] for one in records.values())
    for name in VIEWS:
        shown, whole = getattr(history.moment(history.best).inspection, name), getattr(best, name)
        assert np.abs(shown - whole).max() <= np.ptp(history.ranges[name]) / 500, name
    assert all(np.allclose(*pair) for pair in zip(history.fields.plane, plane_through(best.z_loc), strict=True))


def test_what_never_changes_has_no_range_and_still_comes_back():
    moment = make_moment(1)
    shut = moment.inspection._replace(gates=np.zeros((T, Z), dtype=np.float32))
    assert not make_history([moment._replace(inspection=shut)]).moment(0).inspection.gates.any()


def test_no_moments_and_no_numbers_are_refused():
    with pytest.raises(ValueError, match="0 moments"):
        make_history([])
    moment = make_moment(1)
    moment.inspection.kl[0, 0] = np.nan
    with pytest.raises(ValueError, match="kl"):
        make_history([moment])


def test_a_damaged_file_is_an_error_and_no_crash(tmp_path):
    (tmp_path / "history.npz").write_bytes(b"PK nonsense")
    with pytest.raises((OSError, ValueError, KeyError)):
        load_history(tmp_path / "history.npz")
