"""The learning curve that a page draws, from the records that training wrote."""

import pytest

from dmm.runs import store
from dmm.runs.curves import COLUMNS, Curves


def update(step, seconds, *, epoch=2, bound=8.0, frames=100, ends_epoch=False):
    parts = {"bound": bound, "reconstruction": bound and bound - 2, "kl": bound and 2.0, "frames": frames}
    counts = {"kind": "train", "step": step, "epoch": epoch, "ends_epoch": ends_epoch, "seconds": seconds}
    return parts | counts | {"kl_weight": 0.5, "gradient_norm": 1.0}


def valid(step, bound):
    return {"kind": "valid", "step": step, "epoch": 2, "bound": bound, "seconds": 1.0}


@pytest.fixture
def curves(tmp_path):
    return Curves(tmp_path)


def write(curves, *records):
    store.append_lines(curves.run / "metrics.jsonl", records)
    curves.update()
    return curves.points


def test_each_update_of_the_first_epoch_is_a_point(curves):
    points = write(curves, *(update(step, step / 100, epoch=1) for step in (1, 2, 3)))
    assert points["step"] == [1, 2, 3]


def test_an_epoch_is_one_point_the_mean_over_frames(curves):
    points = write(curves, update(1, 0.1, bound=8, frames=100), update(2, 0.2, bound=11, frames=50, ends_epoch=True))
    assert points["step"] == [2]
    assert points["bound"] == [9.0]
    assert curves.frames_per_second == pytest.approx(750)


def test_a_slow_epoch_gives_points_on_the_way(curves):
    points = write(curves, update(1, 0.5), update(2, 1.0), update(3, 1.5), update(4, 2.0))
    assert points["step"] == [2, 4]


def test_validation_joins_the_point_of_its_step(curves):
    points = write(curves, update(1, 0.1, ends_epoch=True), valid(1, 9.5))
    assert points["validation"] == [9.5]


def test_reading_in_parts_gives_the_same_points_as_reading_at_once(curves, tmp_path):
    records = [update(step, step / 10, ends_epoch=step % 5 == 0) for step in range(1, 21)]
    for record in records:
        write(curves, record)
    assert Curves(tmp_path).points == {name: [] for name in COLUMNS}
    again = Curves(tmp_path)
    again.update()
    assert again.points == curves.points


def test_a_run_that_went_back_forgets_what_it_had_done_since(curves):
    write(curves, *(update(step, step / 10, ends_epoch=True, bound=9.0) for step in range(1, 6)))
    points = write(curves, update(3, 0.3, ends_epoch=True, bound=7.0))
    assert points["step"] == [1, 2, 3]
    assert points["bound"] == [9.0, 9.0, 7.0]


def test_a_skipped_update_adds_no_value_and_hides_no_validation(curves):
    points = write(curves, update(1, 0.1), update(2, 0.2, bound=None, ends_epoch=True), valid(2, 9.0))
    assert points["step"] == [2]
    assert points["bound"] == [8.0]
    assert points["validation"] == [9.0]


@pytest.mark.parametrize(
    "harm", [{"frames": 0}, {"kl": "x"}, {"step": "x"}, {"seconds": None}, {"kind": 3}, {"bound": []}]
)
def test_a_damaged_record_leaves_the_columns_of_one_length(curves, harm):
    write(curves, update(1, 0.1, ends_epoch=True), update(2, 0.2, ends_epoch=True) | harm)
    points = write(curves, update(3, 0.3, ends_epoch=True), update(4, 0.4, ends_epoch=True))
    assert {len(column) for column in points.values()} in ({3}, {4})
    assert points["step"][-1] == 4
    assert all(isinstance(value, float | int) for value in points["kl"])
