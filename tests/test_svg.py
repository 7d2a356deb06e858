"""Pictures to keep: what stands where in them, read as XML."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from dmm.figures import svg
from dmm.music import KEYS, LOWEST_KEY
from dmm.palette import RUNS

NAME = "{http://www.w3.org/2000/svg}"
LINES = {"A": ([0, 100, 200], [12.0, 9.0, 8.0]), "B <&>": ([0, 50], [12.0, float("nan")])}


def parts(text, name):
    return ElementTree.fromstring(text).iter(NAME + name)


def spots(text):
    """The corners of each curve."""
    return [
        [tuple(map(float, spot.split(","))) for spot in line.get("points").split()] for line in parts(text, "polyline")
    ]


def labelled(text):
    """Where each text stands."""
    return {one.text: (float(one.get("x")), float(one.get("y"))) for one in parts(text, "text")}


def test_points_of_a_curve_stand_where_the_axes_say():
    picture = svg.curves(LINES, "updates", "nats", "A title & more")
    first, other = spots(picture)
    words = labelled(picture)
    assert first[0] == pytest.approx((words["0"][0], words["12"][1] - 4), abs=0.02)
    assert first[1] == pytest.approx((words["100"][0], words["9"][1] - 4), abs=0.02)
    assert first[2] == pytest.approx((words["200"][0], words["8"][1] - 4), abs=0.02)
    assert len(other) == 1, "what is not finite is left out"
    assert {"A", "B <&>", "updates", "nats", "A title & more"} <= words.keys()


def test_curves_have_the_looks_of_the_page_and_a_light_ground():
    picture = svg.curves(LINES, "x", "y", "t")
    assert [line.get("stroke") for line in parts(picture, "polyline")] == [colour for colour, _ in RUNS[:2]]
    ground = next(parts(picture, "rect"))
    assert ground.get("fill") == "#FFFFFF"
    sheet = ElementTree.fromstring(picture)
    assert sheet.get("viewBox") == f"0 0 {ground.get('width')} {ground.get('height')}"
    assert sheet.find(NAME + "title").text == "t"
    everything = [spot for line in spots(picture) for spot in line]
    assert all(0 < x < svg.WIDTH and 0 < y < svg.HEIGHT for x, y in everything)


def test_curves_without_points_are_an_empty_picture():
    assert spots(svg.curves({"A": ([], [])}, "x", "y", "t")) == [[]]
    assert spots(svg.curves({}, "x", "y", "t")) == []


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="got 7 lines, expected at most 6"):
        svg.curves({str(n): ([1], [1]) for n in range(7)}, "x", "y", "t")
    with pytest.raises(ValueError, match=r"expected \(N,\) twice"):
        svg.curves({"A": ([1, 2], [1])}, "x", "y", "t")
    with pytest.raises(ValueError, match=r"expected \(T, X\)"):
        svg.roll(np.zeros(88), "t")


def test_each_note_of_a_roll_is_a_bar_of_its_length_at_its_height():
    roll = np.zeros((16, KEYS))
    middle = 60 - LOWEST_KEY
    roll[2:6, middle] = 1
    roll[8, middle + 12] = 1
    picture = svg.roll(roll, "t")
    _, *bars = parts(picture, "rect")
    long, short = ([float(bar.get(name)) for name in ("x", "y", "width")] for bar in bars)
    assert long[2] == 4 * svg.CELL_WIDTH
    assert short[2] == svg.CELL_WIDTH
    assert short[0] - long[0] == 6 * svg.CELL_WIDTH
    assert long[1] - short[1] == 12 * svg.CELL_HEIGHT, "an octave higher"
    words = labelled(picture)
    assert words["C4"][1] == long[1] + svg.CELL_HEIGHT
    assert words["8"][0] - words["0"][0] == 8 * svg.CELL_WIDTH


def test_a_silent_roll_is_a_picture_too():
    assert len(list(parts(svg.roll(np.zeros((4, KEYS)), "t"), "rect"))) == 1


@pytest.mark.parametrize(
    ("low", "high"), [(7.1, 12.3), (0, 5200), (0.0001, 0.0009), (-3, 3), (8, 8), (0, 0), (7.1, 7.11)]
)
def test_ticks_are_round_few_and_around_all_values(low, high):
    marks = svg.ticks([low, high])
    assert marks[0] <= low + 1e-9
    assert marks[-1] >= high - 1e-9
    assert 2 <= len(marks) <= 9
    steps = np.diff(marks)
    assert steps == pytest.approx(np.full(len(steps), steps[0]))
    assert re.fullmatch(r"[125]0*|0\.0*[125]", f"{steps[0]:.10f}".rstrip("0").rstrip("."))
