"""Tasks of Home, Train and Latents: right answers are those of the live numbers, computed here in another way."""

import math

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dmm.data import load_dataset
from dmm.history import load_history
from dmm.inspection import load_inspection
from dmm.runs import store
from dmm.ui import looking
from dmm.ui.course import LESSONS
from dmm.ui.latents import tasks as latents_tasks
from dmm.ui.tasks import NOT_THERE, NOT_YET
from dmm.ui.train import tasks as train_tasks
from tests.test_pages import ROOT, STORED, assert_alive, new_run, open_page, pick, queue, take_moment, turn_to, widgets

__all__ = ["new_run", "queue"]  # fixtures

RUN = store.SHIPPED / STORED


def words(at):
    return "\n".join(one.value for one in [*at.markdown, *at.caption])


def answer(at, lesson, name, value):
    """Give a number or choose an answer; whether it is called right."""
    key = f"task {lesson} {name}"
    before = words(at).count("**Right.**")
    next(one for one in [*at.number_input, *at.radio] if one.key == key).set_value(value).run()
    assert_alive(at, lesson)
    right = words(at).count("**Right.**") > before
    assert right or NOT_YET in words(at)
    return right


def press(at, lesson, name):
    """Press "Check"; whether what is asked for is called reached."""
    at.button(key=f"task {lesson} {name}").click().run()
    assert_alive(at, lesson)
    assert ("**Right.**" in words(at)) != (NOT_THERE in words(at))
    return "**Right.**" in words(at)


# --- Home ----------------------------------------------------------------------------------------------------------


def frequency_of_last_state():
    """Nats per beat of a coin for each key that knows the key's last state, with add-one counts, by hand."""
    dataset = load_dataset("chorales")
    counts = np.ones((2, 2, 88))
    for piece in dataset.train:
        roll = np.concatenate([np.zeros((1, 88), int), piece.roll.astype(int)])
        for before in (0, 1):
            for now in (0, 1):
                counts[before, now] += ((roll[:-1] == before) & (roll[1:] == now)).sum(0)
    p = counts / counts.sum(1, keepdims=True)
    nats = frames = 0
    for piece in dataset.valid:
        roll = np.concatenate([np.zeros((1, 88), int), piece.roll.astype(int)])
        nats -= np.log(p[roll[:-1], roll[1:], np.arange(88)]).sum()
        frames += len(piece.roll)
    return nats / frames


def test_home_knows_how_much_better_the_model_is_and_what_a_coin_costs():
    at = open_page("home")
    better = frequency_of_last_state() - store.read_status(RUN).best
    for wrong in (-better, better + 0.05, better / 2):
        assert not answer(at, "home", "better", wrong)
    assert answer(at, "home", "better", round(better, 2))
    assert f"at least {math.exp(better):.0f} times as probable" in words(at)
    assert not answer(at, "home", "coin", 0.5)
    assert answer(at, "home", "coin", math.log(2))
    assert at.query_params["done"] in ("home.12", ["home.12"])


def test_map_of_home_ticks_what_is_done():
    at = open_page("home", done="gate.12-train.1")
    labels = {link.proto.page: link.proto.label for link in at.get("page_link")}
    assert {page for page, label in labels.items() if "✓" in label} == {"gate", "train"}
    assert "✓ 2 of 3" in labels["gate"]
    assert "✓ 1 of 2" in labels["train"]


# --- Train ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("best", "reached"), [(9.0, True), (10.5, True), (10.6, False), (None, False)])
def test_train_is_reached_by_a_run_of_one_s_own_below_its_baseline(queue, new_run, best, reached):
    run = new_run("done")
    store.write_status(run, store.Status("done", "Done.", best=best))
    at = open_page("train", run=run.name)
    assert press(at, "train", "markov") == reached
    if best:
        assert f"The best of run {run.name} is {best:.2f} nats per frame; its baseline is 10.58." in words(at)
    turn_to(at, "home")
    turn_to(at, "train")
    assert ("**Right.**" in words(at)) == reached, "what was done stays done"


def test_runs_that_came_with_the_app_do_not_count(queue):
    at = open_page("train")
    assert not press(at, "train", "markov")
    assert train_tasks.NONE_YET in words(at)


def test_best_of_several_runs_counts_and_a_deleted_one_is_passed_over(queue, new_run):
    names = []
    for best in (10.9, 9.5, 10.0):
        run = new_run("done")
        store.write_status(run, store.Status("done", "Done.", best=best))
        names.append(run.name)
    density = new_run("done", emission="gaussian")
    store.write_status(density, store.Status("done", "Done.", best=-3.0))
    at = open_page("train")
    at.session_state["mine"] = [*names, density.name, "f" * 16]
    assert press(at, "train", "markov")
    assert f"The best of run {names[1]} is 9.50" in words(at)


def test_share_of_the_kl_is_that_of_the_last_point_of_the_chart(queue):
    last = [one for one in store.read_lines(RUN / "metrics.jsonl")[0] if one["kind"] == "train"][-1]
    share = 100 * last["kl"] / (last["kl"] + last["reconstruction"])
    at = open_page("train")
    for wrong in (share - 4, share + 4, share / 100):
        assert not answer(at, "train", "parts", wrong)
    assert answer(at, "train", "parts", round(share))
    assert f"{last['kl']:.2f} of {last['bound']:.2f} nats" in words(at)


def test_share_is_not_asked_where_there_is_none(queue, new_run):
    run = new_run()
    at = open_page("train", run=run.name)
    assert train_tasks.NO_SHARES in words(at)
    line = {"kind": "train", "step": 1, "epoch": 1, "ends_epoch": True, "seconds": 1.0, "frames": 9, "kl_weight": 1.0}
    store.append_lines(run / "metrics.jsonl", [line | {"bound": -3.0, "reconstruction": -4.0, "kl": 1.0}])
    at.run()
    assert train_tasks.NO_SHARES in words(at), "logarithms of a density"
    store.append_lines(run / "metrics.jsonl", [line | {"step": 2, "bound": 4.0, "reconstruction": 3.0, "kl": 1.0}])
    at.run()
    assert answer(at, "train", "parts", 25)


# --- Latents -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def inspection():
    return load_inspection(RUN / "inspection.npz")


def test_latents_knows_the_dearest_dimension_and_the_gate_that_is_most_nearly_shut(inspection):
    at = open_page("latents")
    dearest = max(float(inspection.kl[:, i].mean()) for i in range(inspection.kl.shape[1]))
    for wrong in (dearest + 0.05, dearest - 0.05, float(inspection.kl.mean())):
        assert not answer(at, "latents", "dearest", wrong)
    assert answer(at, "latents", "dearest", round(dearest, 2))
    openness = [float(inspection.gates[:, i].mean()) for i in range(inspection.gates.shape[1])]
    shut = f"dimension {openness.index(min(openness)) + 1}"
    radio = next(one for one in at.radio if one.key == "task latents shut")
    assert shut in radio.options
    for wrong in set(radio.options) - {shut}:
        assert not answer(at, "latents", "shut", wrong)
    assert answer(at, "latents", "shut", shut)


def test_answers_follow_run_and_piece(queue):
    """Another run has other dimensions to choose from; what was chosen before is no answer any more."""
    at = open_page("latents")
    radio = next(one for one in at.radio if one.key == "task latents shut")
    radio.set_value(radio.options[0]).run()
    other = store.SHIPPED / "0000000000000003"
    pick(at, "Run").set_value(other.name).run()
    assert_alive(at, "latents")
    found = load_inspection(other / "inspection.npz")
    assert answer(at, "latents", "dearest", float(found.kl.mean(0).max()))
    assert answer(at, "latents", "shut", f"dimension {found.gates.mean(0).argmin() + 1}")


def test_collapse_counts_the_inactive_dimensions_of_what_is_shown(inspection):
    at = open_page("latents")
    silent = sum(float(inspection.kl[:, i].mean()) <= 0.01 for i in range(inspection.kl.shape[1]))
    assert f"Here **{silent} of {inspection.kl.shape[1]}** dimensions are inactive" in words(at)
    take_moment(at, STORED, first_step(RUN))
    assert f"Here **0 of {inspection.kl.shape[1]}** dimensions are inactive" in words(at)


def first_step(run):
    """The update after which the first moment of a stored run was looked at."""
    return int(load_history(run / "history.npz").steps[0])


def test_dimensions_were_awake_early_in_training():
    at = open_page("latents")
    assert not press(at, "latents", "awake")
    take_moment(at, STORED, first_step(RUN))
    assert press(at, "latents", "awake")
    assert "0 inactive at this moment, " in words(at)


@pytest.mark.parametrize("name", sorted(path.name for path in store.SHIPPED.iterdir() if path.is_dir()))
def test_every_stored_run_has_a_moment_that_fulfils_the_task(name):
    best, history = looking._stored.__wrapped__(store.SHIPPED / name, 0)
    moments = [history.moment(i).inspection for i in range(len(history.epochs))]
    reached = [latents_tasks.compare(one, best)[0] for one in moments]
    assert any(reached)
    assert not reached[-1]


NO_GATES = """
import numpy as np
from types import SimpleNamespace
from dmm.runs import store
from dmm.ui.latents import tasks
kl, gates = np.ones((5, 8)), np.ones((5, 8))
shown = SimpleNamespace(kl=kl, gates=gates)
tasks.show_tasks(store.find_run("{run}"), shown, shown)
"""


@pytest.mark.parametrize(("transition", "asked"), [("gated", True), ("mlp", False), ("linear", False)])
def test_run_without_gates_is_not_asked_for_one(new_run, transition, asked):
    run = new_run(transition=transition)
    at = AppTest.from_string(NO_GATES.format(run=run.name), default_timeout=30).run()
    assert [one.message for one in at.exception] == []
    assert (latents_tasks.NO_GATES in words(at)) != asked
    assert len(at.radio) == asked


# --- all pages -----------------------------------------------------------------------------------------------------


def as_it_is(at):
    """What a visitor has set, chosen and answered: the value of every widget that has a name."""
    return {one.key: one.value for one in widgets(at) if one.key}


def test_every_page_is_found_as_it_was_left(new_run):
    """One visitor answers all questions and moves all sliders of each page, and comes back to each."""
    at, left = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30), {}
    for lesson in LESSONS:
        turn_to(at, lesson.file)
        for radio in at.radio:
            radio.set_value(radio.options[1])
        for number in at.number_input:
            if number.key.startswith("task "):
                number.set_value(1)
        for slider in at.slider:
            if slider.key and slider.key.startswith("dial "):
                slider.set_value(slider.max if slider.value == slider.min else slider.min)
        at.run()
        assert_alive(at, lesson.file)
        left[lesson.file] = as_it_is(at)
    for file, before in left.items():
        turn_to(at, file)
        assert as_it_is(at) == before, file
