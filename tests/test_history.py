"""A history keeps what a page shows of every moment, to within a byte."""

import numpy as np
import pytest

from dmm.history import VIEWS, Moment, load_history, make_history, save_history
from dmm.inspection import Inspection

T, Z, X = 5, 3, 88


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
