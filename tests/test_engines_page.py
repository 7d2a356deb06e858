"""Two engines, one answer: what is read from run folders, what is stored, and the section of the Train page."""

import json

import pytest

from dmm.config import make_config
from dmm.runs import engine_race, store
from dmm.runs.build_engines import race
from dmm.runs.engine_race import ENGINES, Lap, largest_difference, load_laps, race_config, read_lap, save_laps
from dmm.runs.store import append_lines, new_run
from dmm.ui.train import engines
from tests.test_pages import MOST, assert_alive, assert_one_sentence, click, figures, open_page, queue, sentences
from tests.tiny_runs import TINY, write_tiny_data

__all__ = ["queue"]  # a fixture

FUSED = Lap("fused", (12.0, 11.0, 10.0), 2, 800, 0.1)
PYRO = Lap("pyro", (12.0, 11.00011, 10.0), 2, 800, 2.0)


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A comparison that came with the app."""
    monkeypatch.setattr(engine_race, "STORED", tmp_path / "engines.json")
    save_laps([FUSED, PYRO], engine_race.STORED)
    return engine_race.STORED


def open_section():
    at = open_page("train")
    at.session_state["engines"] = True
    return at.run()


def metric(at, label):
    (found,) = (one.value for one in at.metric if one.label == label)
    return found


# --- laps ---


def records():
    """Two epochs of two updates of 100 frames; the first update takes a second, and so does validation."""
    seconds = {1: 1.0, 2: 1.1, 3: 2.3, 4: 2.4}
    for step, second in seconds.items():
        yield {"kind": "train", "step": step, "bound": 10.0 - step, "frames": 100, "seconds": second}
        if step == 2:
            yield {"kind": "valid", "step": step, "bound": 9.0, "frames": 50, "seconds": second}


def test_lap_times_neither_the_first_update_nor_validation(runs_dir):
    run = new_run(race_config("pyro"))
    append_lines(run / "metrics.jsonl", list(records()))
    lap = read_lap(run)
    assert lap == Lap("pyro", (9.0, 8.0, 7.0, 6.0), 2, 200, 0.2)
    assert lap.frames_per_second == pytest.approx(1000)


def test_lap_of_a_run_that_has_not_begun_is_empty(runs_dir):
    lap = read_lap(new_run(race_config("fused")))
    assert lap == Lap("fused", (), 0, 0, 0)
    assert lap.frames_per_second == 0


def test_runs_of_a_race_differ_in_the_engine_alone():
    first, second = (race_config(engine).model_dump() for engine in ENGINES)
    assert {name for name in first if first[name] != second[name]} == {"engine"}
    assert 40 <= race_config("fused").epochs * 13 <= 60  # updates: 241 pieces, 20 at a time


def test_largest_difference_is_relative_to_the_second():
    assert largest_difference(FUSED, PYRO) == pytest.approx(1e-5, rel=1e-3)
    assert largest_difference(FUSED, FUSED) == 0


def test_laps_survive_the_disk(stored):
    assert [Lap(*map(_tuple, lap)) for lap in load_laps()] == [FUSED, PYRO]


def _tuple(value):
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize("text", ["", "{", "[]", '{"laps": []}', '{"laps": [{"engine": "fused"}]}', '{"laps": 3}'])
def test_damaged_laps_are_none(tmp_path, text):
    path = tmp_path / "engines.json"
    assert load_laps(path) is None
    path.write_text(text)
    assert load_laps(path) is None


def test_both_engines_learn_the_same_in_a_real_race(tmp_path, one_thread):
    values = TINY | {"data": write_tiny_data(tmp_path), "epochs": 3}
    fused, pyro = race(tmp_path, **values)
    assert (fused.engine, pyro.engine) == ENGINES
    assert len(fused.bounds) == len(pyro.bounds) == 9
    assert fused.updates == pyro.updates == 6
    assert fused.frames == pyro.frames > 0
    assert largest_difference(fused, pyro) < 1e-5
    assert fused.seconds < pyro.seconds


def test_shipped_comparison_is_of_the_race_that_is_run():
    laps = load_laps()
    if laps is None:
        pytest.skip("python -m dmm.runs.build_engines has not been run")
    fused, pyro = laps
    assert len(fused.bounds) == race_config("fused").epochs * 13
    assert fused.frames == pyro.frames
    assert fused.frames_per_second > pyro.frames_per_second
    assert largest_difference(fused, pyro) < 1e-3


# --- the section ---


def test_section_opens_with_the_stored_comparison(queue, stored):
    at = open_section()
    assert_alive(at, "train")
    assert metric(at, "Fused engine, frames / s") == "8,000"
    assert metric(at, "Pyro program, frames / s") == "400"
    assert metric(at, "Ratio") == "20.0 ×"
    assert metric(at, "Largest difference") == "1.0 × 10⁻⁵"
    shown = figures(at)
    assert set(shown) == {"engine_curves", "engine_speeds"}
    assert all(chart.proto.alt for chart in at.get("plotly_chart"))
    assert any("A stored run" in caption.value for caption in at.caption)
    assert sentences(at) == []


def test_closed_section_draws_nothing(queue, stored):
    at = open_page("train")
    assert figures(at) == {}
    assert not any(button.label == "Run it here" for button in at.button)


def test_no_stored_comparison_gives_a_sentence(queue, monkeypatch, tmp_path):
    monkeypatch.setattr(engine_race, "STORED", tmp_path / "nothing.json")
    at = open_section()
    assert_alive(at, "train")
    (sentence,) = sentences(at)
    assert_one_sentence(sentence)


def ran(run):
    """As if a worker had trained this run."""
    pace = 0.1 if store.read_run_config(run).engine == "fused" else 1.0
    updates = [{"kind": "train", "bound": 12.0 - step, "frames": 100, "seconds": step * pace} for step in (1, 2, 3)]
    append_lines(run / "metrics.jsonl", updates)
    store.write_status(run, store.Status("done", "Done: 4 epochs.", step=3, epoch=4))


def test_race_runs_one_engine_after_the_other_and_shows_what_was_measured(queue, runs_dir, stored):
    at = click(open_section(), "Run it here")
    assert_alive(at, "train")
    (first,) = runs_dir.iterdir()
    assert store.read_run_config(first) == race_config("fused")
    assert queue.waiting_before(first) == 0
    assert figures(at) == {}
    at.run()
    assert len(list(runs_dir.iterdir())) == 1, "the second waits until the first is done"

    queue.order(first, "cancel")  # out of the line, since here nobody trains
    ran(first)
    at.run()
    (second,) = set(runs_dir.iterdir()) - {first}
    assert store.read_run_config(second) == race_config("pyro")
    queue.order(second, "cancel")
    ran(second)
    at.run()
    assert_alive(at, "train")
    assert metric(at, "Ratio") == "10.0 ×"
    assert metric(at, "Largest difference") == "0"
    assert any("Measured here" in caption.value for caption in at.caption)
    assert any(button.label == "Run it here" for button in at.button)


@pytest.mark.parametrize("state", ["failed", "cancelled", "diverged", "interrupted"])
def test_race_that_ends_early_says_why_and_shows_what_was_stored(queue, runs_dir, stored, state):
    at = click(open_section(), "Run it here")
    (run,) = runs_dir.iterdir()
    queue.order(run, "cancel")
    store.write_status(run, store.Status(state, "It was a test."))
    at.run()
    assert_alive(at, "train")
    (sentence,) = sentences(at)
    assert sentence.endswith("It was a test.")
    assert metric(at, "Ratio") == "20.0 ×"
    assert sentences(at.run()) == []


def test_race_can_be_cancelled(queue, runs_dir, stored):
    at = click(click(open_section(), "Run it here"), "Cancel")
    assert_alive(at, "train")
    (run,) = runs_dir.iterdir()
    assert store.read_status(run).state == "cancelled"
    assert metric(at, "Ratio") == "20.0 ×"
    assert sentences(at) == []


def test_race_obeys_the_caps_of_the_runner(queue, runs_dir, stored):
    at, other = open_section(), open_section()  # two tabs of one visitor
    click(at, "Run it here")
    click(other, "Run it here")
    assert_alive(other, "train")
    (sentence,) = sentences(other)
    assert "already have a race" in sentence
    assert len(list(runs_dir.iterdir())) == 1


def test_race_does_not_wait_for_the_runs_of_its_learner(queue, runs_dir, stored):
    at = open_section()
    for number in range(MOST):
        click(at, "Start a new run" if number else "Start")
    click(at, "Run it here")
    assert_alive(at, "train")
    assert sentences(at) == []
    newest = max(runs_dir.iterdir(), key=lambda one: store.read_about(one)["created"])
    assert queue.wait(newest)[0::2] == (1, None)


@pytest.mark.parametrize("damage", [[], [{"kind": "train", "step": 1, "bound": None}], [{"step": 1}]])
def test_damaged_records_of_a_race_give_a_sentence(queue, runs_dir, stored, damage):
    at = click(open_section(), "Run it here")
    for _ in ENGINES:
        run = max(runs_dir.iterdir(), key=lambda one: store.read_about(one)["created"])
        queue.order(run, "cancel")
        append_lines(run / "metrics.jsonl", damage)
        store.write_status(run, store.Status("done", "Done."))
        at.run()
    assert_alive(at, "train")
    (sentence,) = sentences(at)
    assert_one_sentence(sentence)


def test_deleted_run_of_a_race_gives_a_sentence(queue, runs_dir, stored):
    at = click(open_section(), "Run it here")
    (run,) = runs_dir.iterdir()
    queue.order(run, "cancel")
    (run / "status.json").unlink()
    at.run()
    assert_alive(at, "train")
    assert len(sentences(at)) == 1


def test_every_engine_of_the_race_has_a_name():
    assert set(engines.NAMES) == set(ENGINES) <= set(make_config().model_json_schema()["properties"]["engine"]["enum"])


# --- in a browser, with workers that train ---


APP = """
import streamlit as st
from dmm.runs import engine_race
from dmm.ui.train import engines

engine_race.SETTINGS = engine_race.SETTINGS | {settings}
engines.compare_engines()
st.write("torch" if "torch" in __import__("sys").modules else "light")
"""


@pytest.mark.browser
def test_race_in_a_browser_shows_two_curves_and_their_ratio(chromium, page, tmp_path):
    from tests.browser import serve

    settings = TINY | {"data": write_tiny_data(tmp_path), "epochs": 3}
    (tmp_path / "app.py").write_text(APP.replace("{settings}", json.dumps(settings)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMM_RUNS_DIR", str(tmp_path / "runs"))
        with serve(tmp_path / "app.py") as address:
            page.set_default_timeout(60_000)
            page.goto(address)
            page.get_by_text("Two engines, one answer").click()
            page.get_by_role("button", name="Run it here").click()
            page.get_by_role("button", name="Cancel").wait_for()
            page.get_by_text("Measured here").wait_for()
            page.locator(".stPlotlyChart[aria-label]").nth(1).wait_for()
            words = [one.get_attribute("aria-label") for one in page.locator(".stPlotlyChart").all()]
            assert "Two learning curves over 9 updates" in words[0]
            assert "frames a second" in words[1]
            assert page.get_by_text("light", exact=True).count() == 1, "the web process trains nothing itself"
    made = sorted(store.read_run_config(run).engine for run in (tmp_path / "runs").iterdir())
    assert made == sorted(ENGINES)
