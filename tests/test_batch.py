"""Padding: what is real, what is not, and what cannot stand side by side."""

import numpy as np
import pytest

from dmm.data import DataError, make_batch


def test_batch_pads_with_silence_after_the_last_frame():
    batch = make_batch([np.ones((2, 3), np.uint8), np.ones((4, 3), np.uint8)])
    assert batch.x.shape == (2, 4, 3)
    assert batch.x[0, :2].all()
    assert not batch.x[0, 2:].any()
    assert batch.mask.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert batch.lengths.tolist() == [2, 4]
    assert (batch.x.dtype, batch.mask.dtype, batch.lengths.dtype) == (np.float32, np.float32, np.int64)


def test_batch_of_one_is_the_roll_itself():
    roll = np.eye(5, 88, dtype=np.uint8)
    assert np.array_equal(make_batch([roll]).x[0], roll)


@pytest.mark.parametrize(
    ("rolls", "message"),
    [
        ([], "at least one piano roll, got 0"),
        ([np.ones((2, 88)), np.ones((2, 90))], "Roll 2 has 90 keys, but roll 1 has 88"),
        ([np.ones((2, 88)), np.ones((0, 88))], "Roll 2 has 0 frames"),
        ([np.ones(88)], "Roll 1 has 1 axes, expected 2"),
        ([np.float64(1)], "Roll 1 has 0 axes, expected 2"),
    ],
)
def test_batch_refuses_what_does_not_fit(rolls, message):
    with pytest.raises(DataError, match=message):
        make_batch(rolls)
