"""Runs side by side: what is read of their folders, and what the page Compare makes of it."""

import csv
import io
import json
import math
import os
import shutil
import xml.etree.ElementTree as ElementTree
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load

from dmm import figures
from dmm.config import Config, make_config
from dmm.conventions import standard_error
from dmm.data import load_dataset
from dmm.deep_markov_model import build_dmm
from dmm.evaluation import draws_of, evaluate
from dmm.figures import svg
from dmm.runs import session, store
from dmm.runs.comparison import COLUMNS, archive, differences, read_pinned, validations
from dmm.runs.published import JSB
from dmm.runs.samples import read_samples
from dmm.ui.compare import judging, tasks
from dmm.ui.compare.pinned import MOST
from tests.test_pages import assert_alive, assert_one_sentence, click, open_page, sentences
from tests.test_pages import figures as shown_figures
from tests.tiny_runs import make_run, write_tiny_data

PAGE = "compare"
SVG = "{http://www.w3.org/2000/svg}"
SHIPPED = sorted(path.name for path in store.SHIPPED.iterdir() if path.is_dir())
pytestmark = pytest.mark.usefixtures("one_thread")


def text(at):
    return "\n".join(one.value for kind in (at.markdown, at.caption) for one in kind)


def pin(at, *names):
    return at.multiselect[0].set_value(list(names)).run()


# --- run folders ------------------------------------------------------------------------------------------------------


def test_validations_are_the_records_of_the_run():
    run = store.find_run(SHIPPED[1])
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    records = [record for record in records if record["kind"] == "valid"]
    found = validations(run)
    for name in COLUMNS:
        assert found[name] == [record[name] for record in records]
    assert read_pinned(run).best() == min(range(len(records)), key=lambda i: records[i]["bound"])


def test_repeated_steps_count_once_and_damage_is_passed_over(tmp_path):
    line = {"kind": "valid", "step": 5, "epoch": 1, "seconds": 1.0, "bound": 9.0, "reconstruction": 5.0, "kl": 4.0}
    other = line | {"step": 9, "bound": 8.0}
    records = [line, other, line | {"bound": 8.5}, {"kind": "valid", "step": 11}, line | {"kind": "train", "step": 12}]
    store.append_lines(tmp_path / "metrics.jsonl", records)
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"kind": "val')
    found = validations(tmp_path)
    assert (found["step"], found["bound"]) == ([5, 9], [8.5, 8.0])
    assert validations(tmp_path / "nothing") == {name: [] for name in COLUMNS}


def test_differences_are_those_fields_alone():
    one, other = make_config("classroom"), make_config("classroom", inference="mf-lr", seed=3)
    assert differences([one, one]) == {}
    assert differences([one, other]) == {"inference": ["st-r", "mf-lr"], "seed": [0, 3]}
    assert differences([one, other, one])["seed"] == [0, 3, 0]


def test_archive_holds_everything_and_is_read_back():
    pinned = [read_pinned(store.find_run(name)) for name in SHIPPED[1:]]
    whole = zipfile.ZipFile(io.BytesIO(archive(pinned)))
    assert whole.testzip() is None
    for one in pinned:
        name = one.run.name
        assert json.loads(whole.read(f"{name}/config.json")) == json.loads((one.run / "config.json").read_text())
        rows = list(csv.DictReader(io.StringIO(whole.read(f"{name}/validation.csv").decode())))
        assert [float(row["bound"]) for row in rows] == one.points["bound"]
        assert load(whole.read(f"{name}/best.safetensors"))
        sample = read_samples(one.run)[0][-1]
        bars = list(ElementTree.fromstring(whole.read(f"{name}/sample.svg")).iter(SVG + "rect"))
        assert sum(float(bar.get("width")) for bar in bars[1:]) == svg.CELL_WIDTH * sample.roll.sum()
    lines = ElementTree.fromstring(whole.read("validation.svg")).iter(SVG + "polyline")
    assert [len(line.get("points").split()) for line in lines] == [len(one.points["step"]) for one in pinned]
    assert "sweep.csv" not in whole.namelist()
    table = list(csv.DictReader(io.StringIO(whole.read("comparison.csv").decode())))
    assert [row["inference"] for row in table] == ["st-r", "mf-lr"]
    assert set(Config.model_fields) < set(table[0])


def test_archive_takes_a_sweep_along_and_a_run_without_anything(runs_dir):
    run = store.new_run(make_config())
    whole = zipfile.ZipFile(io.BytesIO(archive([read_pinned(run)], [("run", "z_dim"), (run.name, 16)])))
    assert whole.read("sweep.csv").decode() == f"run,z_dim\n{run.name},16\n"
    assert {f"{run.name}/config.json", f"{run.name}/validation.csv"} <= {*whole.namelist()}
    assert f"{run.name}/sample.svg" not in whole.namelist()


def test_error_over_pieces_is_the_evaluations():
    rolls = [np.random.default_rng(n).integers(0, 2, (length, 5)) for n, length in enumerate((2, 9, 4, 6))]
    model = build_dmm(make_config(x_dim=5, z_dim=2, emission_dim=3, transition_dim=3, rnn_dim=3))
    found = evaluate(model, rolls, 30)
    costs = [-float(bound.mean()) for _, bound in draws_of(model, rolls, 30)]
    lengths = [len(roll) for roll in rolls]
    assert standard_error(costs, lengths) == pytest.approx(found.nll_bound_se_pieces, rel=1e-6)
    ratio = sum(costs) / sum(lengths)
    squares = sum((cost - ratio * length) ** 2 for cost, length in zip(costs, lengths, strict=True))
    assert standard_error(costs, lengths) == pytest.approx(math.sqrt(4 / 3 * squares) / sum(lengths), rel=1e-9)
    assert math.isnan(standard_error([1.0], [2]))


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page():
    return open_page(PAGE)


def test_page_opens_with_the_stored_runs_side_by_side(page):
    assert_alive(page, PAGE)
    assert sentences(page) == []
    assert page.multiselect[0].value == SHIPPED
    lines = shown_figures(page)["compared"]["data"]
    assert [line["name"] for line in lines] == ["A", "B", "C"]
    best = [store.read_status(store.find_run(name)).best for name in SHIPPED]
    words = text(page)
    assert f"| best bound, nats per frame | **{best[0]:.3f}** | {best[1]:.3f} | {best[2]:.3f} |" in words
    assert "| Latent size | 32 | **16** | **16** |" in words


def test_axes_and_terms_follow_the_choice(page):
    choose = {one.key.split()[-1]: one for one in page.get("button_group")}
    choose["term"].set_value("kl")
    choose["axis"].set_value("seconds").run()
    line = shown_figures(page)["compared"]["data"][1]
    points = validations(store.find_run(SHIPPED[1]))
    assert "KL" in shown_figures(page)["compared"]["layout"]["yaxis"]["title"]["text"]
    assert len(line["x"]["bdata"] if isinstance(line["x"], dict) else line["x"]) > 0
    described = shown_figures(page)["compared"]["layout"]["meta"]["description"]
    assert f"B: {points['kl'][0]:.2f} to {points['kl'][-1]:.2f}" in described
    assert "seconds" in described


def test_link_pins_its_runs_and_a_wrong_one_is_told_in_a_sentence():
    at = open_page(PAGE, runs=f"{SHIPPED[2]},<script>,{SHIPPED[1]},../../etc")
    assert_alive(at, PAGE)
    assert at.multiselect[0].value == [SHIPPED[2], SHIPPED[1]]
    (told,) = [one.value for one in at.warning]
    assert_one_sentence(told)
    assert told == "The link names 2 runs that are not here; the others are shown."
    pin(at, SHIPPED[0])
    assert at.multiselect[0].value == [SHIPPED[0]], "the link is read once"


def test_run_that_was_started_meanwhile_is_pinned_too_and_one_that_was_taken_off_is_not(runs_dir):
    at = pin(open_page(PAGE), SHIPPED[1])
    run = store.new_run(make_config())
    at.session_state["mine"] = [run.name]
    at.run()
    assert_alive(at, PAGE)
    assert at.multiselect[0].value == [SHIPPED[1], run.name]
    pin(at, SHIPPED[1])
    assert at.run().multiselect[0].value == [SHIPPED[1]]


def test_too_many_runs_of_a_link_are_cut(runs_dir):
    names = [store.new_run(make_config(seed=seed)).name for seed in range(MOST + 2)]
    at = open_page(PAGE, runs=",".join(names))
    assert_alive(at, PAGE)
    assert at.multiselect[0].value == names[:MOST]
    assert "| best bound, nats per frame |" + " – |" * MOST in text(at)


def test_nothing_pinned_is_no_error():
    at = pin(open_page(PAGE))
    assert_alive(at, PAGE)
    assert [one.value for one in at.info] == ["Pin at least one run above."]


def test_tasks_take_what_is_right_and_refuse_the_rest():
    at = open_page(PAGE)

    def press():
        at.button(key=f"task {PAGE} fair").click().run()
        return "Only such a pair" in text(at)

    assert not press()
    pin(at, SHIPPED[0], SHIPPED[1])
    assert not press()
    pin(at, SHIPPED[1], SHIPPED[2])
    assert press()
    cost = [json.loads((store.SHIPPED / name / "status.json").read_text())["best"] for name in SHIPPED]
    given = at.number_input(key=f"task {PAGE} cost")
    given.set_value(0.5).run()
    assert text(at).count("**Right.**") == 1
    given.set_value(round(cost[2] - cost[1], 2)).run()
    assert text(at).count("**Right.**") == 2
    assert tasks.one_apart([]) == (False, "0 runs pinned, 0 settings differ.")


def test_judging_tells_each_number_and_the_paired_difference(tmp_path, runs_dir, monkeypatch):
    monkeypatch.setattr(judging, "DRAWS", 5)
    data = write_tiny_data(tmp_path)
    runs = [make_run(runs_dir, data, seed=seed) for seed in (0, 1)]
    for run in runs:
        session.train(run, load_dataset(data))
    waiting = make_run(runs_dir, data)
    at = open_page(PAGE, runs=",".join(run.name for run in (*runs, waiting)))
    click(at, "Judge all on the test pieces")
    assert_alive(at, PAGE)
    (told,) = [one.value for one in at.warning]
    assert "Run C cannot be judged" in told
    assert len(set(at.multiselect[0].value)) == 3, "two have the same settings"
    bounds, lengths = [], None
    for run in runs:
        bound, _, lengths = judging.judged(run.name, judging.version_of(run))
        bounds.append(bound)
    apart = bounds[1] - bounds[0]
    mean = apart.sum() / lengths.sum()
    residual = apart - mean * lengths
    count = len(lengths)
    error = 2 * math.sqrt(count / (count - 1) * sum(residual**2)) / lengths.sum() if count > 1 else math.nan
    assert f"| *(b)* against A | – | {mean:+.3f}\u00a0±\u00a0{error:.3f} | – |" in text(at)

    assert f"| **{'A' if bounds[0].sum() <= bounds[1].sum() else 'B'}**, music of its own, test |" in text(at)
    at.run()
    assert f"{mean:+.3f}\u00a0±\u00a0{error:.3f}" in text(at), "the table stays when the page runs again"
    pin(at, runs[1].name, SHIPPED[1])
    assert "Pinned since then, and not judged yet: B." in text(at)
    assert "| *(b)* against A | – | – |" in text(at)
    changed = store.shown_snapshot(runs[1])
    os.utime(changed, (1, 1))
    assert "With newer weights since then: A." in text(at.run())


def test_published_numbers_stand_beside_ones_best(page):
    words = text(page)
    best = store.read_status(store.find_run(SHIPPED[0])).best
    assert f"| **A**, these chorales, validation | {best:.3f} | – |" in words
    for one in JSB:
        assert f"| {one.name}, JSB ({one.where}) | {one.b:.{3 if one.a else 2}f} |" in words
    assert "**other pieces**" in words


def test_nats_of_a_density_are_neither_the_best_nor_beside_published_ones(runs_dir):
    run = store.new_run(make_config(emission="gaussian"))
    record = {"kind": "valid", "step": 13, "epoch": 1, "seconds": 1.0, "bound": -9.0, "reconstruction": -9.5, "kl": 0.5}
    store.append_lines(run / "metrics.jsonl", [record])
    at = open_page(PAGE, runs=f"{SHIPPED[1]},{run.name}")
    assert_alive(at, PAGE)
    (told,) = sentences(at)
    assert told.startswith("Nats of a Gaussian emission (B) are those of a density")
    best = store.read_status(store.find_run(SHIPPED[1])).best
    assert f"| best bound, nats per frame | {best:.3f} | -9.000 |" in text(at)
    assert f"| **A**, these chorales, validation | {best:.3f} | – |" in text(at)
    pin(at, run.name)
    assert sentences(at) == []
    assert "| best bound, nats per frame | **-9.000** |" in text(at)
    assert "these chorales" not in text(at)


def test_zip_is_made_when_asked_for_and_goes_when_the_pins_change():
    at = pin(open_page(PAGE), SHIPPED[1], SHIPPED[2])
    assert not at.get("download_button")
    click(at, "Make a zip of all")
    (button,) = at.get("download_button")
    assert button.proto.label.startswith("Save all (")
    assert at.run().get("download_button"), "it stays when the page runs again"
    assert not pin(at, SHIPPED[1]).get("download_button")


def test_zip_of_a_run_that_is_gone_is_a_sentence(runs_dir, monkeypatch):
    run = store.new_run(make_config())
    at = open_page(PAGE, runs=run.name)
    whole = read_pinned(run)
    shutil.rmtree(run)
    monkeypatch.setattr("dmm.ui.compare.pinned.read_pinned", lambda one: whole)
    monkeypatch.setattr("dmm.ui.compare.pinned.store.find_run", lambda name: run)
    monkeypatch.setattr("dmm.ui.compare.pinned.in_words", lambda name: name)
    click(at, "Make a zip of all")
    assert_alive(at, PAGE)
    (told,) = [one.value for one in at.warning]
    assert f"Run {run.name} cannot be read: no such file or directory." == told
    assert not at.get("download_button")


def test_figure_refuses_what_it_cannot_tell_apart():
    with pytest.raises(ValueError, match="got 7 runs, expected at most 6"):
        figures.compared_curves({str(n): ([1], [1]) for n in range(7)}, "x", "y")
    with pytest.raises(ValueError, match=r"expected \(N,\) twice"):
        figures.compared_curves({"A": ([1, 2], [1])}, "x", "y")
