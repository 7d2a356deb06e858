"""What happened to a run, as its folder keeps it."""

import time

import pytest

from dmm.runs import events
from dmm.runs.events import note, read_events


def test_events_are_kept_in_order_with_their_time_and_update(tmp_path):
    assert read_events(tmp_path) == []
    before = time.time()
    note(tmp_path, 3, "It was killed.")
    note(tmp_path, 9, "It went on: “well”.")
    first, second = read_events(tmp_path)
    assert first[1:] == (3, "It was killed.")
    assert second[1:] == (9, "It went on: “well”.")
    assert before - 0.01 <= first.time <= second.time <= time.time() + 0.01


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"time": 1, "step": 2}',
        b'{"time": "x", "step": 2, "sentence": "s"}',
        b'{"time": 1, "step": null, "sentence": "s"}',
        b'{"time": 1, "step": Infinity, "sentence": "s"}',
        b'{"time": ' + b"9" * 400 + b', "step": 2, "sentence": "s"}',
        b'{"time": 1, "step": 2, "sentence": "to',
    ],
)
def test_a_damaged_event_is_passed_over(tmp_path, line):
    note(tmp_path, 1, "First.")
    with open(tmp_path / events.FILE, "ab") as file:
        file.write(line)
    note(tmp_path, 2, "Second.")
    assert [event.sentence for event in read_events(tmp_path)] == ["First.", "Second."]


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path):
    note(tmp_path / "gone", 1, "Nobody hears.")
    (tmp_path / events.FILE).mkdir()
    note(tmp_path, 1, "Nor this.")
    assert not (tmp_path / "gone").exists()
