"""The race on the page on structured inference: the stored one first, then the visitor's own."""

import re

import numpy as np
import pytest

from dmm import floors, kalman, systems
from dmm.combiner_floor import combiner_floor
from dmm.runs import race, race_records, store
from dmm.runs.race_records import NETWORKS, Race, load_race, new_race
from tests.test_pages import LEARNER, assert_alive, assert_one_sentence, click, open_page, queue, sentences, views
from tests.test_race import short

__all__ = ["queue", "short"]  # fixtures

PAGE = "structured_inference"
S9 = systems.linear()


def chart(at):
    return views(at)["race"]


def captions(at):
    return " ".join(one.value for one in at.caption)


def table(at):
    (found,) = (one.value for one in at.markdown if "above exact" in one.value and one.value[0] == "|")
    return found


def test_stored_race_is_there_at_first_sight_with_floors_and_exact_line():
    at = open_page(PAGE)
    assert_alive(at, PAGE)
    stored, drawn = load_race(), chart(at)
    assert drawn["columns"]["step"] == [one.step for one in stored.rounds]
    last = {name: drawn["columns"][name][-1] for name in NETWORKS}
    assert last == pytest.approx({name: stored.exact + stored.rounds[-1].gaps[name] for name in NETWORKS}, abs=1e-5)
    known = floors.floors(systems.linear(), systems.FRAMES)
    lines = {line["label"]: line["value"] for line in drawn["lines"]}
    assert lines.pop("exact") == stored.exact
    assert lines == pytest.approx(
        {f"{name.upper()} floor": stored.exact + known[name].bound - known[name].exact for name in list(NETWORKS)[:4]}
    )
    assert "A stored race" in captions(at)
    for one in stored.results:
        floor = known[one.inference].bound - known[one.inference].exact
        told = f"{one.gap:.4f} ± {2 * one.gap_se:.4f} | {floor:.4f} | {one.rmse:.2f} |"
        assert f"**{one.inference.upper()}** | {told}" in table(at)
    smooth = kalman.smoother(S9, kalman.kalman_filter(S9, np.zeros((1, systems.FRAMES, 1))))
    var, lag = smooth.cov[0, :, 0, 0], smooth.lag_one[0, :, 0, 0]
    best = [combiner_floor(S9, systems.FRAMES, network).gap for network in ("st-r", "st-lr")]
    words = "\n".join(one.value for one in at.markdown)
    assert f"is {lag[11] / var[11]:.2f} in the middle and {lag[-1] / var[-2]:.2f} at the last frame" in words
    assert f"stop at {best[0]:.4f} (ST-R) and {best[1]:.4f} (ST-LR)" in words
    exact_rmse = float(re.search(r"exact posterior has (\d\.\d\d)\.", words)[1])
    assert exact_rmse == pytest.approx(np.sqrt(var.mean()), abs=0.03), "on those sequences"


def test_bounds_far_above_the_exact_value_are_gaps_of_the_chart(monkeypatch):
    first, *others = load_race().rounds
    far = first._replace(gaps=dict.fromkeys(NETWORKS, 5.0))
    monkeypatch.setattr("dmm.ui.structured_inference.race.load_race", lambda: Race(3.0, (far, *others)))
    at = open_page(PAGE)
    assert chart(at)["columns"]["st-r"][0] is None
    assert chart(at)["columns"]["st-r"][1] is not None


def test_a_race_of_one_s_own_waits_in_line_is_in_the_link_and_can_be_cancelled(queue):
    at = click(open_page(PAGE), "Run it here")
    at.run()  # the browser's next tick
    assert_alive(at, PAGE)
    name = at.session_state["network_race"]
    assert name in at.query_params["race"]
    assert store.is_race(store.find_run(name))
    assert "Run it here" not in [button.label for button in at.button]
    assert "A stored race" in captions(at)  # until it has a point
    click(at, "Cancel").run()
    assert store.read_status(store.find_run(name)).state == "cancelled"
    (said,) = sentences(at)
    assert_one_sentence(said)
    assert "Run it here" in [button.label for button in at.button]
    assert f"{load_race().results[0].gap:.4f}" in table(at)  # what hangs on results has those of the stored race
    click(at, "Show the stored race").run()
    assert sentences(at) == []
    assert "race" not in at.query_params
    assert "A stored race" in captions(at)


def test_who_has_only_the_link_to_a_race_may_not_cancel_it(queue):
    at = click(open_page(PAGE), "Run it here")
    name = at.session_state["network_race"]
    for learner, may in ((LEARNER, True), ("6" * 32, False)):
        there = open_page(PAGE, learner=learner, race=name)
        assert_alive(there, PAGE)
        assert sentences(there) == []
        assert ("Cancel" in [button.label for button in there.button]) == may


def test_link_leads_to_a_race_with_its_own_results(short, queue):
    run = new_race(seed=3)
    race.run(run)
    at = open_page(PAGE, race=run.name)
    found = race_records.read_race(run)
    assert chart(at)["columns"]["step"] == [3, 6]
    assert "Measured here" in captions(at)
    assert f"{found.results[0].gap:.4f}" in table(at)
    assert "In this race" in " ".join(one.value for one in at.markdown)


@pytest.mark.parametrize("name", ["0123456789abcdef", "../../etc", "0000000000000001", ""])
def test_link_to_what_is_no_race_gives_a_sentence_and_the_stored_one(name, queue):
    at = open_page(PAGE, race=name)
    assert_alive(at, PAGE)
    (said,) = sentences(at)
    assert_one_sentence(said)
    assert "A stored race" in captions(at)


def test_page_lives_without_a_stored_race(monkeypatch):
    monkeypatch.setattr("dmm.ui.structured_inference.race.load_race", lambda: None)
    at = open_page(PAGE)
    assert_alive(at, PAGE)
    assert "race" not in views(at)


def test_a_race_that_diverged_says_so(queue):
    run = new_race()
    store.write_status(run, store.Status("diverged", "ST-R: The bound is no longer a number."))
    (said,) = sentences(open_page(PAGE, race=run.name))
    assert "diverged" in said
    assert "ST-R" in said
