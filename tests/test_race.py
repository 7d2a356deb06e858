"""The race of six networks: its folder, its process, what is stored, and that no lane ever cheats."""

import contextlib
import json

import numpy as np
import pytest
import torch

from dmm import experiments, floors, systems
from dmm.combiner_floor import combiner_floor
from dmm.runs import race, race_records, store, worker
from dmm.runs.experiment_results import NETWORKS, load_results, save_results
from dmm.runs.race_records import Race, load_race, new_race, read_race, save_race
from dmm.runs.snapshots import load_last
from dmm.runs.store import RunError
from dmm.training import make_state

pytestmark = pytest.mark.usefixtures("one_thread")

FLOORS = floors.floors(systems.linear(), systems.FRAMES)


@pytest.fixture
def short(monkeypatch):
    """A race of two rounds."""
    for module in (race, race_records):
        monkeypatch.setattr(module, "ROUNDS", 2)
        monkeypatch.setattr(module, "TRAINED", 100)
        monkeypatch.setattr(module, "JUDGED", 40)
    monkeypatch.setattr(race, "STEPS", 3)
    monkeypatch.setattr(race, "DRAWS", 2)


def gap(network):
    return FLOORS[network].bound - FLOORS[network].exact


# --- the folder and the process ---


def test_race_writes_a_round_for_all_lanes_and_a_result_for_each(short, runs_dir):
    run = new_race(seed=4)
    assert store.read_status(run).state == "queued"
    status = race.run(run)
    assert (status.state, status.epoch) == ("done", 2)
    found = read_race(run)
    assert [one.step for one in found.rounds] == [3, 6]
    assert all(set(one.gaps) == set(NETWORKS) for one in found.rounds)
    assert [one.inference for one in found.results] == list(NETWORKS)
    assert all(one.updates == 6 and np.shape(one.influence) == (25, 25) for one in found.results)
    _, x = experiments.draw("linear", 40, experiments.VALID, 4)
    exact = -experiments.EXPERIMENTS["linear"].exact(x).log_likelihood.mean() / 25
    assert found.exact == pytest.approx(exact, abs=1e-6)


def test_lanes_share_the_data_and_the_same_seed_gives_the_same_race(short, runs_dir):
    first, second = new_race(seed=1), new_race(seed=1)
    for run in (first, second):
        race.run(run)
    assert [one.gaps for one in read_race(first).rounds] == [one.gaps for one in read_race(second).rounds]
    other = new_race(seed=2)
    race.run(other)
    assert read_race(other).exact != read_race(first).exact


def test_race_stops_before_the_next_lane_when_told(short, runs_dir):
    asked = []

    def orders():
        asked.append(1)
        return "cancel" if len(asked) == 8 else None

    run = new_race()
    assert race.run(run, orders).state == "cancelled"
    found = read_race(run)
    assert len(found.rounds) == 1
    assert found.results == ()
    assert race.run(run, lambda: "interrupt").state == "interrupted"
    assert len(read_race(run).rounds) == 1


# --- a race that is interrupted ---


class Killed(BaseException):
    pass


def make_tiny(patch):
    """A race of four rounds, saved after each, with nobody to judge it."""
    for module in (race, race_records):
        patch.setattr(module, "ROUNDS", 4)
        patch.setattr(module, "TRAINED", 60)
        patch.setattr(module, "JUDGED", 20)
    for name, value in (("STEPS", 2), ("SAVE_EVERY", -1.0), ("_result", print), ("write_results", print)):
        patch.setattr(race, name, value)


@pytest.fixture
def tiny(monkeypatch):
    make_tiny(monkeypatch)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    run = new_race(seed=5, folder=tmp_path_factory.mktemp("races"))
    with pytest.MonkeyPatch.context() as patch:
        make_tiny(patch)
        assert race.run(run).state == "done"
    return run


def orders(after, order):
    """Says nothing so many times (six for each round), then that; an exception is a process that is killed."""
    left = iter([None] * after)

    def ask():
        if next(left, "over") is None:
            return None
        if order is Killed:
            raise Killed
        return order

    return ask


def assert_same_race(run, other):
    one, two = read_race(run), read_race(other)
    assert one.exact == two.exact
    assert [(each.step, each.gaps) for each in one.rounds] == [(each.step, each.gaps) for each in two.rounds]
    for network in NETWORKS:
        spec = race._Lane(run, network, 5, ()).spec
        states = [load_last(folder / "lanes" / network, make_state(spec)) for folder in (run, other)]
        assert states[0].step == states[1].step
        assert all(torch.equal(weight, states[1].weights[name]) for name, weight in states[0].weights.items())
        assert all(map(torch.equal, states[0].moments, states[1].moments))


@pytest.mark.parametrize(
    ("plan", "states"),
    [
        ([(0, "pause"), (13, "yield"), (3, "interrupt")], ["paused", "queued", "interrupted"]),
        ([(8, "cancel"), (1, Killed), (7, Killed)], ["cancelled", "running", "running"]),
    ],
)
def test_a_race_that_is_told_to_stop_or_killed_ends_as_if_nothing_had_happened(
    tiny, tmp_path, undisturbed, plan, states
):
    run, seen = new_race(seed=5, folder=tmp_path), []
    for after, order in plan:
        with contextlib.suppress(Killed):
            status = race.run(run, orders(after, order))
            assert status.sentence.endswith(".")
        seen.append(store.read_status(run).state)
    assert seen == states
    assert race.run(run).state == "done"
    assert_same_race(run, undisturbed)


def test_a_race_that_is_killed_while_it_saves_its_lanes_ends_as_if_nothing_had_happened(
    tiny, tmp_path, undisturbed, monkeypatch
):
    """Some lanes are then rounds ahead of the others."""
    run, save = new_race(seed=5, folder=tmp_path), race._save
    with monkeypatch.context() as patch:
        patch.setattr(race, "SAVE_EVERY", 1e9)
        assert race.run(run, orders(6, "pause")).epoch == 1

        def torn(lanes):
            save(dict(list(lanes.items())[:2]))
            raise Killed

        patch.setattr(race, "_save", torn)
        with contextlib.suppress(Killed):
            race.run(run, orders(13, "pause"))
    assert len(read_race(run).rounds) == 3
    assert race.run(run).state == "done"
    assert_same_race(run, undisturbed)


def test_a_race_on_a_torn_record_and_a_corrupt_newest_snapshot_goes_on(tiny, tmp_path, undisturbed):
    run = new_race(seed=5, folder=tmp_path)
    with contextlib.suppress(Killed):
        race.run(run, orders(20, Killed))
    with open(run / "metrics.jsonl", "ab") as file:
        file.write(b'{"step": 8, "seconds": 1')
    newest = store.numbered_snapshots(run / "lanes" / "st-r")[0]
    newest.write_bytes(newest.read_bytes()[:400])
    assert race.run(run).state == "done"
    assert_same_race(run, undisturbed)


# --- the folder ---


def test_race_is_no_run_of_one_model(runs_dir):
    run = new_race()
    assert store.is_race(run)
    with pytest.raises(RunError, match="race of six networks"):
        store.read_run_config(run)
    assert not store.is_race(store.SHIPPED / "0000000000000001")
    assert not store.is_race(runs_dir / "nothing")


def test_worker_says_why_a_race_that_cannot_be_read_fails(runs_dir, monkeypatch):
    run = new_race()
    (run / "config.json").write_text('{"format": "race"}')
    monkeypatch.setattr(worker, "_limit_memory", print)  # this is no process of its own
    assert worker.train(run, None, None) == "failed"
    assert store.read_status(run).state == "failed"


def test_damaged_lines_of_a_race_are_passed_over(runs_dir):
    run = new_race()
    good = {"step": 3, "seconds": 1.0, "exact": 3.0, "gaps": dict.fromkeys(NETWORKS, 1.0)}
    store.append_lines(
        run / "metrics.jsonl", [good, {"step": 4}, good | {"gaps": {"mf-l": "x"}}, good | {"gaps": None}]
    )
    (run / "results.json").write_text("[{]")
    found = read_race(run)
    assert len(found.rounds) == 1
    assert found.results == ()


# --- what is stored ---


def test_stored_race_survives_being_written_and_damage(tmp_path):
    path = tmp_path / "race.json"
    stored = load_race()
    save_race(stored, path)
    assert load_race(path) == stored
    for text in ("", "[]", '{"rounds": 3}', json.dumps({"exact": 1, "rounds": [[1]], "results": []})):
        path.write_text(text)
        assert load_race(path) is None
    assert load_race(tmp_path / "nothing.json") is None


def test_stored_race_reaches_the_paper_s_figure_and_no_lane_is_below_its_floor():
    stored = load_race()
    assert isinstance(stored, Race)
    assert len(stored.rounds) == race_records.ROUNDS
    assert stored.rounds[-1].seconds < 60
    for one in stored.results:
        assert gap(one.inference) - 3 * one.gap_se < one.gap < gap(one.inference) + 0.02
    ended_at = {one.inference: one.gap for one in stored.results}
    assert max(ended_at["st-r"], ended_at["st-lr"]) < ended_at["st-l"] < ended_at["mf-lr"] < ended_at["mf-r"]


@pytest.mark.parametrize("network", NETWORKS)
def test_stored_networks_end_at_their_floors_on_the_linear_system(network):
    results = load_results().of("linear", network)
    assert len(results) == 3
    for one in results:
        assert gap(network) - 3 * one.gap_se < one.gap < gap(network) + 0.02
        assert one.seconds < 60


def test_stored_st_lr_finds_the_smoother_s_means():
    errors = [one.rmse - one.exact_rmse for one in load_results().of("linear", "st-lr")]
    assert max(errors) < 0.02


def test_stored_st_r_finds_the_best_means_that_its_combiner_allows():
    limit = combiner_floor(systems.linear(), systems.FRAMES, "st-r").rmse - FLOORS["st-r"].rmse
    assert limit == pytest.approx(0.0187, abs=1e-4)
    errors = [one.rmse - one.exact_rmse for one in load_results().of("linear", "st-r")]
    assert max(errors) < limit + 0.01


def test_stored_st_r_beats_the_unscented_smoother_on_the_non_linear_system():
    for one in load_results().of("nonlinear", "st-r"):
        assert one.exact_rmse < one.rmse < 2.494


def test_stored_recovery_is_near_with_a_tight_guess_and_biased_with_a_loose_one():
    stored = load_results()
    ground = stored.landscape
    assert ground.sequences >= 1000
    assert ground.alpha == pytest.approx(0.5, abs=3 * ground.alpha_se)
    assert ground.beta == pytest.approx(-0.1, abs=3 * ground.beta_se)

    def alphas(network):
        return np.array([one.path[-1][1] for one in stored.of("recovery", network)])

    assert abs(alphas("st-r") - 0.5).max() < 0.06
    assert abs(alphas("mf-l") - 0.5).min() > 0.1


def test_stored_results_survive_being_written_and_damage(tmp_path):
    path = tmp_path / "experiments.json"
    save_results(load_results(), path)
    assert load_results(path) == load_results()
    (tmp_path / "broken.json").write_text('{"results": [{"experiment": 1}], "landscape": null, "about": {}}')
    for name in ("broken.json", "nothing.json"):
        assert load_results(tmp_path / name).results == ()
