"""The page Numbers: what it says is what the stored draws and the sliders come to, computed here in another way."""

import math
import re
import subprocess
import sys

import numpy as np
import pytest

from dmm import figures
from dmm.config import make_config
from dmm.runs import store
from dmm.runs.judged import load_judged
from dmm.ui.numbers import recipes, rungs, tasks, toy
from tests.test_pages import ROOT, assert_alive, open_page, sentences
from tests.test_pages import figures as shown_figures

PAGE = "numbers"


def text(at):
    return "\n".join(one.value for kind in (at.markdown, at.caption, at.latex) for one in kind)


def dial(at, name):
    (found,) = (one for one in at.slider if one.key == f"dial {PAGE} {name}")
    return found


def ask(at, key, value):
    next(one for one in at.radio if one.key == key).set_value(value).run()
    return at


@pytest.fixture
def page():
    return open_page(PAGE)


def test_table_holds_what_the_stored_pieces_come_to(page):
    assert_alive(page, PAGE)
    assert sentences(page) == []
    assert "| number | recipe |" not in text(page), "the question comes first"
    ask(page, "predict c or b", recipes.WHICH[0])
    stored, words = load_judged(), text(page)
    b = sum(stored.bounds) / sum(stored.lengths)
    c = np.mean([cost / length for cost, length in zip(stored.bounds, stored.lengths, strict=True)])
    a = stored.nll[:, -1].sum() / stored.lengths.sum()
    for number in (f"**{b:.3f}** nats", f"**{c:.3f}** nats", f"**{a:.3f}** nats", f"{b / math.log(2):.3f} bits"):
        assert number in words
    assert f"{sum(stored.bounds):,.0f} nats" in words
    assert f"{np.mean(stored.bounds):.1f} nats" in words
    assert ("**Right.**" in words) == (c > b)
    middle = np.argsort(stored.lengths, kind="stable")[: len(stored.lengths) // 2]
    assert f"{stored.bounds[middle].sum() / stored.lengths[middle].sum():.2f} nats per frame" in words


def test_toy_follows_its_sliders_and_its_estimate_nears_the_exact_cost(page):
    for name, value in {"T1": 8, "c1": 3.0, "T2": 20, "c2": 6.0, "T3": 12, "c3": 10.0, "spread": 1.0, "S": 200}.items():
        dial(page, name).set_value(value)
    page.run()
    b, c = (24 + 120 + 120) / 40, (3 + 6 + 10) / 3
    assert f"= {b:.3f}" in text(page)
    assert f"= {c:.3f}" in text(page)
    told = {one["name"]: one["y"][0] for one in shown_figures(page)["areas"]["data"] if one.get("mode") == "lines"}
    assert told["(b)"] == pytest.approx(b)
    assert told["{c}"] == pytest.approx(c)
    assert told["exact"] == pytest.approx(b - 3 * 0.5 / 40)
    assert told["exact"] < told["a, S = 200"] + 0.02
    assert abs(told["a, S = 200"] - told["exact"]) < 0.02


def test_estimate_of_the_toy_is_the_log_of_the_mean_weight(page):
    dial(page, "S").set_value(3).run()
    told = {one["name"]: one["y"][0] for one in shown_figures(page)["areas"]["data"] if one.get("mode") == "lines"}
    noise = np.random.default_rng(toy.SEED).normal(size=(3, toy.MOST))[:, :3]
    costs = [36.0, 70.0, 120.0]
    each = [-math.log(sum(math.exp(3.0 * e - cost) for e in row) / 3) for cost, row in zip(costs, noise, strict=True)]
    assert told["a, S = 3"] == pytest.approx(sum(each) / 38)


def test_words_under_the_curve_are_its_numbers(page):
    stored = load_judged()
    a = stored.nll.sum(0) / stored.lengths.sum()
    assert f"falls by **{a[0] - a[-1]:.3f}** nats per frame" in text(page)
    assert f"by {a[-2] - a[-1]:.3f} from 1,000 on" in text(page)
    assert f"only about **{stored.effective:.1f}** carry" in text(page)


def test_ladder_has_the_baselines_the_stored_model_and_a_run_of_ones_own(runs_dir):
    stored = store.SHIPPED / load_judged().run
    labels = {label: value for label, value, _ in rungs.own_rungs(stored)}
    assert labels["tossing coins"] == pytest.approx(88 * math.log(2))
    assert labels["stored model, (b)"] == store.read_status(stored).best
    assert len(labels) == 4

    run = store.new_run(make_config())
    assert len(rungs.own_rungs(run)) == 4, "it has no bound yet"
    store.write_status(run, store.Status("paused", best=8.25))
    assert ("your run, (b)", 8.25, "ours") in rungs.own_rungs(run)


def test_published_numbers_are_those_that_stand_in_the_benchmarks_table():
    lines = (ROOT / "benchmarks" / "jsb.md").read_text().splitlines()
    table = {line.split("|")[1].split(": ")[-1].strip(): line.split("|")[2:4] for line in lines if line.startswith("|")}
    ours = dict(rungs.PUBLISHED)
    assert [ours["DMM, a"], ours["DMM, (b)"]] == [float(cell) for cell in table["DMM, annealed"]]
    assert ours["DMM-Aug, (b)"] == float(table["DMM-Aug"][1])
    assert ours["RNN"] == float(table["RNN (NLL)"][1])


def test_tasks_take_what_is_right_and_refuse_the_rest(page):
    def press():
        page.button(key=f"task {PAGE} apart").click().run()
        return "So the same costs look better" in text(page)

    assert not press()
    for name, value in {"c1": 3.0, "c2": 4.0, "c3": 12.0}.items():
        dial(page, name).set_value(value)
    page.run()
    assert press()
    stored = load_judged()
    bits = sum(stored.bounds) / sum(stored.lengths) / math.log(2) / 88
    number = page.number_input(key=f"task {PAGE} bits")
    for given, right in ((bits * math.log(2), 1), (round(bits, 3), 2)):  # the first task stays done
        number.set_value(given).run()
        assert text(page).count("**Right.**") == right
    for answer, right in zip(tasks.WHO, (3, 2, 2), strict=True):
        ask(page, f"task {PAGE} fair", answer)
        assert text(page).count("**Right.**") == right


def test_page_without_its_stored_numbers_says_how_to_make_them(monkeypatch, tmp_path):
    for module in (recipes, tasks):
        monkeypatch.setattr(module, "load_judged", lambda: None)
    monkeypatch.setattr("dmm.ui.numbers.draws.load_judged", lambda: None)
    monkeypatch.setattr(recipes, "of_bounds", lambda: None)
    at = open_page(PAGE)
    assert_alive(at, PAGE)
    assert recipes.MISSING in sentences(at)


def test_page_needs_no_torch():
    code = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        f"at = AppTest.from_file({str(ROOT / 'app.py')!r}, default_timeout=60).run();"
        "at.switch_page('pages/numbers.py').run(); at.radio[0].set_value(at.radio[0].options[0]).run();"
        "assert not at.exception; print(sorted({'torch', 'pyro'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: figures.cost_areas([1.0], [1, 2], {}), "expected (N,) twice"),
        (lambda: figures.cost_areas([1.0], [0], {}), "without frames"),
        (lambda: figures.estimate_by_draws([1, 2], [1.0], [0.1], 2.0), "expected (C,) three times"),
        (lambda: figures.ladder([]), "expected a finite number"),
        (lambda: figures.ladder([("a", math.nan, "ours")]), "expected a finite number"),
    ],
)
def test_figures_refuse_what_cannot_be_drawn(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()


def test_area_of_a_bar_is_what_its_piece_costs():
    bars = figures.cost_areas([36.0, 70.0], [4, 10], {}).data[0]
    np.testing.assert_allclose(np.asarray(bars.width) * np.asarray(bars.y), [36.0, 70.0])
    assert list(bars.x) == [0, 4]
