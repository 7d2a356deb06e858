"""Sweeps: which runs they make and in what order, how they are read back, and what the page Compare makes of them."""

import json
import re
from itertools import product

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dmm.config import PRESETS, about, make_config, read_config
from dmm.runs import pace, store, sweep_records, sweep_values, sweeps
from dmm.runs.line import SWEEP
from dmm.runs.runner import MOST_PER_LEARNER
from dmm.runs.store import Status
from dmm.runs.sweeps import SweepError, make_sweep
from dmm.ui import current
from tests.test_pages import ROOT, assert_alive, assert_one_sentence, click, open_page, pick, sentences, turn_to
from tests.test_pages import figures as shown_figures

PAGE = "compare"
BASE = make_config()
GRID = {"learning_rate": (0.003, 0.01, 0.03), "z_dim": (8, 16, 32)}


def made(sweep, owner="somebody"):
    """The folders of a sweep's runs, as `acts.begin` makes them."""
    cells = enumerate(sweeps.cells(sweep))
    return [store.new_run(cell.config, {"owner": owner} | sweeps.note_of(sweep, place)) for place, cell in cells]


def done(run, best, epoch=20):
    return store.write_status(run, Status("done", "Done.", 13 * epoch, epoch, 2.5, best))


# --- what it makes ----------------------------------------------------------------------------------------------------


def test_cells_are_the_grid_for_each_seed_once():
    sweep = make_sweep(BASE, GRID, seeds=2, epochs=5)
    cells = sweeps.cells(sweep)
    told = [(one.config.learning_rate, one.config.z_dim, one.config.seed) for one in cells]
    assert sorted(told) == sorted(product(*GRID.values(), (0, 1)))
    assert told == [(*one.values, one.seed) for one in cells]
    same = {name: value for name, value in BASE.model_dump().items() if name not in (*GRID, "seed", "epochs")}
    assert all(same.items() <= one.config.model_dump().items() for one in cells)
    assert {one.config.epochs for one in cells} == {5}


def test_first_cells_are_the_middle_and_the_corners_and_all_of_a_seed_come_before_the_next():
    cells = sweeps.cells(make_sweep(BASE, GRID, seeds=3))
    assert cells[0].values == (0.01, 16)
    assert {one.values for one in cells[1:5]} == set(product((0.003, 0.03), (8, 32)))
    assert [one.seed for one in cells] == [0] * 9 + [1] * 9 + [2] * 9
    assert [one.values for one in cells[:9]] == [one.values for one in cells[9:18]]
    assert cells == sweeps.cells(make_sweep(BASE, GRID, seeds=3)), "the order is the same each time"


def test_no_run_of_a_sweep_ends_before_the_others():
    base = make_config(patience=3, target=7.0, time_limit=10.0, seconds=60.0, schedule="cosine")
    (config,) = {
        one.config.model_copy(update={"z_dim": 1}) for one in sweeps.cells(make_sweep(base, {"z_dim": (4, 8)}))
    }
    assert (config.patience, config.target, config.time_limit, config.seconds) == (0, 0.0, 0.0, 0.0)
    assert config.schedule == "cosine"


def test_cells_that_cannot_be_are_left_out_and_named_with_the_reason():
    sweep = make_sweep(BASE, {"num_iafs": (0, 1, 2), "kl": ("analytic", "sampled")})
    assert {one.values for one in sweeps.cells(sweep)} == {(0, "analytic"), *product((0, 1, 2), ["sampled"])}
    (told,) = sweeps.refused(sweep)
    assert "IAF steps 1 and KL analytic; IAF steps 2 and KL analytic" in told
    assert "no closed form" in told
    (told,) = sweeps.refused(make_sweep(BASE, {"z_dim": (8, 16, 999)}))
    assert "z_dim must be 1–256" in told
    assert sweeps.refused(make_sweep(BASE, GRID)) == []


@pytest.mark.parametrize(
    ("fields", "seeds", "words"),
    [
        ({}, 1, "Choose one setting"),
        (dict.fromkeys(("z_dim", "rnn_dim", "epochs"), (1, 2)), 1, "Choose one setting"),
        ({"seed": (1, 2)}, 1, "Choose one setting"),
        ({"z_dimension": (1, 2)}, 1, "Choose one setting"),
        ({"z_dim": (8, 8)}, 1, "at least two values"),
        ({"z_dim": range(1, 8), "rnn_dim": range(1, 7)}, 1, "42 runs; 36 at most"),
        (GRID, 9, "81 runs; 36 at most"),
        ({"z_dim": (999, 1000)}, 1, "fewer than two cells"),
        ({"z_dim": (16, 1000)}, 3, "fewer than two cells"),
    ],
)
def test_what_is_no_sweep_is_refused_in_words(fields, seeds, words):
    with pytest.raises(SweepError, match=words):
        make_sweep(BASE, fields, seeds)


def test_the_largest_sweep_is_what_one_learner_may_queue():
    assert MOST_PER_LEARNER[SWEEP] == sweeps.MOST
    assert len(sweeps.cells(make_sweep(BASE, {"z_dim": range(1, 7), "rnn_dim": range(1, 7)}))) == sweeps.MOST


def test_seeds_go_round_at_the_end_of_their_range():
    last = about("seed")["maximum"]
    assert make_sweep(make_config(seed=last), GRID, seeds=3).seeds == (last, 0, 1)


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_suggested_values_are_valid_and_around_the_base(preset):
    base = make_config(preset)
    for name in sweep_values.offered():
        values = sweep_values.suggest(name, base)
        assert getattr(base, name) in values, name
        assert 2 <= len(values) == len(set(values)) <= 6, name
        if not about(name)["choices"]:
            assert sweep_values.parse(name, sweep_values.in_text(values)) == values
        with_kl = {"kl": "sampled"} if name == "num_iafs" else {}
        sweep = make_sweep(base.model_copy(update=with_kl), {name: values})
        assert len(sweeps.cells(sweep)) >= 2, name


def test_offered_are_settings_that_change_what_is_learned():
    names = sweep_values.offered()
    assert len(names) == len(set(names))
    assert not {"data", "x_dim", "emission", "engine", "device", "epochs", "seed"} & set(names)


@pytest.mark.parametrize("text", ["8, sixteen", "0", "8.5", "1e9", "nan", "8, inf", "<script>alert(1)</script>"])
def test_values_that_are_none_are_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match="Latent size: give whole numbers from 1 to 256") as refusal:
        sweep_values.parse("z_dim", text)
    assert len(str(refusal.value)) < 150


def test_too_many_values_are_refused():
    with pytest.raises(ValueError, match="got 13 values; 12 at most"):
        sweep_values.parse("z_dim", " ".join(map(str, range(1, 14))))
    assert sweep_values.parse("z_dim", " ,; ") == ()


# --- time -------------------------------------------------------------------------------------------------------------


def test_time_is_that_of_the_run_most_like_it_and_grows_with_the_work():
    small, large = (
        (make_config(name), Status("done", epoch=10, seconds=s)) for name, s in (("classroom", 2), ("paper", 60))
    )
    assert pace.seconds_per_epoch(small[0], [small, large]) == pytest.approx(0.2)
    assert pace.seconds_per_epoch(large[0], [small, large]) == pytest.approx(6)
    wider = make_config(rnn_dim=128)
    assert 0.2 < pace.seconds_per_epoch(wider, [small, large]) < 0.6
    assert pace.seconds_per_epoch(make_config(engine="pyro"), [small, large]) is None
    assert pace.seconds_per_epoch(small[0], [(small[0], Status("queued"))]) is None


def test_time_of_a_stored_run_is_told_from_another_within_a_factor_of_two():
    runs = [store.SHIPPED / f"{number:016d}" for number in (1, 2)]
    one, other = ((store.read_run_config(run), store.read_status(run)) for run in runs)
    measured = one[1].seconds / one[1].epoch
    assert measured / 2 < pace.seconds_per_epoch(one[0], [other]) < 2 * measured


# --- read back --------------------------------------------------------------------------------------------------------


def test_sweep_is_read_back_from_its_folders_in_its_order(runs_dir):
    sweep, other = make_sweep(BASE, GRID, seeds=2, epochs=3), make_sweep(BASE, {"kl": ("analytic", "sampled")})
    runs = made(sweep)
    made(other, owner="me")
    store.new_run(BASE)
    assert sweep_records.find_runs(sweep.id) == runs
    assert sweep_records.read_sweep(runs) == sweep
    assert [one.values for one in sweep_records.read_results(sweep, runs)] == [
        one.values for one in sweeps.cells(sweep)
    ]
    assert {*sweep_records.find_sweeps()} == {sweep.id, other.id}
    assert [*sweep_records.find_sweeps(owner="me")] == [other.id]
    assert (
        sweep_records.find_runs("no such id")
        == sweep_records.find_runs("00000000")
        == sweep_records.find_runs("../../etc")
        == []
    )
    assert re.fullmatch("[0-9a-f]{8}", sweep.id)


@pytest.mark.parametrize(
    "damage",
    [
        lambda said: said.pop("sweep"),
        lambda said: said.update(sweep="all"),
        lambda said: said["sweep"].update(id="../.."),
        lambda said: said["sweep"].update(fields=[["z_dim", 3]]),
        lambda said: said["sweep"].update(fields=[["no_field", [1, 2]]]),
        lambda said: said["sweep"].update(fields=[["z_dim", [[1], 2]]]),
        lambda said: said["sweep"].update(base={"z_dim": -1}),
        lambda said: said["sweep"].update(place="first"),
        lambda said: said["sweep"].pop("seeds"),
        lambda said: said["config"].update(z_dim=0),
        lambda said: said.update(format=1),
    ],
)
def test_damaged_runs_are_passed_over(runs_dir, damage):
    sweep = make_sweep(BASE, {"z_dim": (4, 8)})
    damaged, whole = made(sweep)
    said = json.loads((damaged / "config.json").read_text())
    damage(said)
    (damaged / "config.json").write_text(json.dumps(said))
    runs = sweep_records.find_runs(sweep.id)
    assert whole in runs
    assert sweep_records.read_sweep([damaged, whole]) == sweep
    assert [one.run for one in sweep_records.read_results(sweep, runs)] == [whole]
    (damaged / "config.json").write_text("{")
    assert sweep_records.find_runs(sweep.id) == [whole]
    assert sweep_records.read_sweep([damaged]) is None


def test_only_runs_that_are_done_count_and_the_table_has_all(runs_dir):
    sweep = make_sweep(BASE, {"z_dim": (4, 8)}, seeds=2)
    runs = made(sweep)
    done(runs[0], 8.5)
    done(runs[2], 8.25)
    store.write_status(runs[1], Status("diverged", "No.", 5, 1, 0.5, 12.0))
    results = sweep_records.read_results(sweep, runs)
    first = results[0].values
    assert {cell: [one.status.best for one in each] for cell, each in sweep_records.by_cell(results).items()} == {
        first: [8.5, 8.25]
    }
    head, *rows = sweep_records.table(sweep, results)
    assert head == ("run", "z_dim", "seed", "state", "best_bound", "epoch", "updates", "seconds")
    assert rows[0] == (runs[0].name, *first, 0, "done", 8.5, 20, 260, 2.5)
    assert [row[3] for row in rows] == ["done", "diverged", "done", "queued"]
    assert rows[3][4] == ""


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def queue(runs_dir):
    """The server's runner, without a place to train: what is started waits."""
    current.runner.clear()
    one = current.runner()
    yield one
    one.close()
    current.runner.clear()


def visit(learner, **query):
    """The page as the visitor of this number sees it."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    at.session_state["learner"] = learner
    for name, value in query.items():
        at.query_params[name] = value
    return turn_to(at, PAGE)


def labels(at):
    return [button.label for button in at.button]


def words(at):
    return "\n".join(one.value for kind in (at.markdown, at.caption) for one in kind)


def texts(figure):
    """What stands in the cells of a map."""
    on_the_page = [one["text"] for one in figure["layout"].get("annotations", [])]
    return on_the_page + [text for trace in figure["data"] for text in trace.get("text", [])]


def result_of(sweep, numbers):
    """The folders of a sweep with these best bounds by cell; None where a run rests."""
    runs = made(sweep)
    for run, cell in zip(runs, sweeps.cells(sweep), strict=True):
        number = numbers[cell.values]
        store.write_status(run, Status("paused")) if number is None else done(run, number + cell.seed / 4)
    return runs


def test_a_sweep_is_started_paused_and_resumed_by_its_owner_alone(queue):
    at = visit("a" * 32)
    assert_alive(at, PAGE)
    assert "**9 runs** of 20 epochs: about" in words(at)
    pick(at, "Epochs").set_value(2)
    at.text_input(key="sweep values 1 z_dim classroom").set_value("8 12").run()
    assert "**6 runs** of 2 epochs" in words(at)
    click(at, "Start sweep")
    at.run()
    assert_alive(at, PAGE)
    assert sentences(at) == []
    ((name, runs),) = sweep_records.find_sweeps().items()
    assert at.query_params["sweep"] in (name, [name])
    sweep = sweep_records.read_sweep(runs)
    assert sweep.fields == {"learning_rate": GRID["learning_rate"], "z_dim": (8, 12)}
    assert [store.read_run_config(run) for run in runs] == [cell.config for cell in sweeps.cells(sweep)]
    assert all(queue.holds(run) for run in runs)
    assert [queue.waiting_before(run) for run in runs] == [*range(6)], "in their order"
    assert {"Pause all", "Stop all"} <= {*labels(at)}
    assert "lowest class of the line" in words(at)
    assert current.runner().status(runs[0]).state == "queued"
    assert not {run.name for run in runs} & {*at.multiselect[0].options, *at.multiselect[0].value}

    watcher = visit("b" * 32, sweep=name)
    assert_alive(watcher, PAGE)
    assert "You watch this sweep" in words(watcher)
    assert not {"Pause all", "Stop all", "Resume all"} & {*labels(watcher)}

    click(at, "Pause all")
    assert {store.read_status(run).state for run in runs} == {"paused"}
    assert not any(queue.holds(run) for run in runs)
    click(at.run(), "Resume all")
    assert all(queue.holds(run) for run in runs)
    click(at.run(), "Stop all")
    assert {store.read_status(run).state for run in runs} == {"cancelled"}
    assert "Resume all" in labels(at.run())

    again = visit("a" * 32)
    assert f"**Sweep `{name}`**" in words(again), "found again by its owner"
    assert again.session_state["mine"] == [], "its runs are no single runs"
    assert f"**Sweep `{name}`**" not in words(visit("b" * 32))


def test_a_sweep_that_may_not_begin_says_so_and_keeps_what_it_has(queue, monkeypatch):
    monkeypatch.setitem(MOST_PER_LEARNER, SWEEP, 4)
    at = click(open_page(PAGE), "Start sweep")
    at.run()
    assert_alive(at, PAGE)
    (runs,) = sweep_records.find_sweeps().values()
    assert len(runs) == 4
    at = click(at, "Start sweep")
    (told,) = sentences(at)
    assert told.startswith("The sweep could not be started. You already have 4")
    assert len(store.list_runs()) == 3 + 4, "what did not begin has left nothing"


def test_settings_that_make_no_sweep_are_refused_in_a_sentence_and_cannot_be_started(queue):
    at = open_page(PAGE)
    at.text_input(key="sweep values 0 learning_rate classroom").set_value("0.01, fast").run()
    (told,) = sentences(at)
    assert_one_sentence(told)
    assert next(button for button in at.button if button.label == "Start sweep").disabled
    at.text_input(key="sweep values 0 learning_rate classroom").set_value("0.01").run()
    (told,) = sentences(at)
    assert "at least two values" in told
    pick(at, "Setting").set_value("num_iafs")
    pick(at, "And").set_value("kl").run()
    assert sentences(at) == []
    assert "**4 runs**" in words(at)
    assert "IAF steps 1 and KL analytic" in words(at)


def test_map_shows_each_cell_as_its_runs_finish_and_a_run_is_pinned(queue):
    sweep = make_sweep(BASE, GRID, epochs=20)
    numbers = {cell: 8 + place / 10 for place, cell in enumerate(product(*GRID.values()))}
    numbers |= {(0.03, 32): None, (0.01, 16): 7.5}
    runs = result_of(sweep, numbers)
    at = open_page(PAGE, sweep=sweep.id)
    assert_alive(at, PAGE)
    figure = shown_figures(at)[f"sweep map {sweep.id}"]
    told = {None: "paused", 7.5: "★ 7.500"}
    assert sorted(texts(figure)) == sorted(told.get(value, f"{value or 0:.3f}") for value in numbers.values())
    assert "The best is Latent size 16 with Learning rate 0.01." in figure["layout"]["meta"]["description"]
    best = next(run for run in runs if store.read_status(run).best == 7.5)
    assert pick(at, "A run of it").value == best.name
    click(at, "Pin it above").run()
    assert at.multiselect[0].value[-1] == best.name
    (line,) = (one for one in words(at).splitlines() if one.startswith("- **D**"))
    assert line.endswith(f"; trained here, {best.name}")
    assert sentences(at) == []


def test_seeds_of_a_cell_are_averaged_and_shown_as_lines_too(queue):
    sweep = make_sweep(BASE, GRID, seeds=2, epochs=20)
    result_of(sweep, dict.fromkeys(product(*GRID.values()), 8.0))
    at = open_page(PAGE, sweep=sweep.id)
    told = texts(shown_figures(at)[f"sweep map {sweep.id}"])
    assert [text.removeprefix("★ ") for text in told] == ["8.125"] * 9
    pick(at, "View").set_value("lines").run()
    described = shown_figures(at)[f"sweep lines {sweep.id}"]["layout"]["meta"]["description"]
    assert described.startswith("Parallel coordinates: 18 runs as lines over Learning rate, Latent size, Seed")
    assert "from 8.000 to 8.250" in described


def test_one_setting_is_shown_as_dots(queue):
    sweep = make_sweep(BASE, {"transition": ("gated", "mlp", "linear")}, seeds=2, epochs=20)
    result_of(sweep, {("gated",): 8.0, ("mlp",): 8.5, ("linear",): None})
    at = open_page(PAGE, sweep=sweep.id)
    assert_alive(at, PAGE)
    described = shown_figures(at)[f"sweep dots {sweep.id}"]["layout"]["meta"]["description"]
    assert described.endswith("Gated: 8.000, 8.250; MLP: 8.500, 8.750; Linear: nothing yet.")


@pytest.mark.parametrize("name", ["0123abcd", "../../etc", "<script>", ""])
def test_link_to_no_sweep_gives_a_sentence(name, queue):
    at = open_page(PAGE, sweep=name)
    assert_alive(at, PAGE)
    (told,) = sentences(at)
    assert_one_sentence(told)
    assert "Start sweep" in labels(at)
    assert sentences(at.run()) == []


def test_what_a_press_on_the_map_sends_is_checked(queue, monkeypatch):
    from dmm.ui.compare import sweep_view

    sweep = make_sweep(BASE, GRID)
    results = sweep_records.read_results(sweep, result_of(sweep, dict.fromkeys(product(*GRID.values()), 8.0)))
    pinned, state = [], {}
    monkeypatch.setattr(sweep_view, "pin", lambda run: pinned.append(run))
    monkeypatch.setattr(sweep_view.st, "session_state", state)
    monkeypatch.setattr(sweep_view.st, "rerun", lambda: None)

    def press(points):
        state["map"] = {"selection": {"points": points}}
        sweep_view._pin_pressed("map", sweep, sweep_records.by_cell(results))

    for points in (
        [],
        [{}],
        [{"customdata": None}],
        [{"customdata": ["a", "b"]}],
        [{"customdata": [7, 7]}],
        "x",
        [1, 2],
    ):
        press(points)
    assert pinned == []
    press([{"customdata": [2, 0]}])
    (run,) = pinned
    config = store.read_run_config(run)
    assert (config.learning_rate, config.z_dim) == (0.003, 32), "rows are of the second setting"
    press([{"customdata": {"0": 0, "1": 2}}])
    assert store.read_run_config(pinned[1]).learning_rate == 0.03


def test_what_a_press_on_the_dots_sends_is_checked(queue, monkeypatch):
    from dmm.ui.compare import sweep_view

    sweep = make_sweep(BASE, {"z_dim": (8, 16)})
    results = sweep_records.read_results(sweep, result_of(sweep, {(8,): 8.0, (16,): 8.5}))
    pinned, state = [], {}
    monkeypatch.setattr(sweep_view, "pin", lambda run: pinned.append(run))
    monkeypatch.setattr(sweep_view.st, "session_state", state)
    monkeypatch.setattr(sweep_view.st, "rerun", lambda: None)
    for place in ([], [2], [-1], [0, 1], [float("inf")], [1]):
        state["dots"] = {"selection": {"points": [{"customdata": place}]}}
        sweep_view._pin_pressed("dots", sweep, sweep_records.by_cell(results))
    (run,) = pinned
    assert store.read_run_config(run).z_dim == 16


def test_a_link_can_hide_sweeps(queue):
    at = open_page(PAGE, hide="compare.sweep")
    assert_alive(at, PAGE)
    assert "Start sweep" not in labels(at)


def test_configurations_of_all_cells_are_read_back_as_they_were():
    for cell in sweeps.cells(make_sweep(BASE, GRID)):
        assert read_config(json.loads(json.dumps(cell.config.model_dump()))) == cell.config
        assert np.isfinite(cell.config.learning_rate)
