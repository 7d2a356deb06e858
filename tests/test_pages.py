"""Every page of the app through AppTest, without a browser: what is on it, what it keeps, what it refuses."""

import colorsys
import errno
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from streamlit import config as streamlit_config
from streamlit.testing.v1 import AppTest

from dmm import palette
from dmm.config import PRESETS, Config, about, make_config
from dmm.data import load_dataset
from dmm.history import load_history
from dmm.runs import store
from dmm.runs.line import RUN
from dmm.runs.local_engine import LocalEngine
from dmm.runs.runner import MOST_PER_LEARNER, Runner
from dmm.runs.samples import read_samples
from dmm.ui import acts, choices, current, live
from dmm.ui.choices import why_idle
from dmm.ui.frame import LESSONS
from dmm.ui.latents import past
from dmm.ui.train import buttons as train_buttons
from tests.tiny_runs import make_run, write_tiny_data

ROOT = Path(__file__).resolve().parents[1]
PAGES = [one.file for one in LESSONS]
STORED = "0000000000000001"
LEARNER = "5" * 32  # the visitor, whatever page they open
OWNER = hashlib.sha256(LEARNER.encode()).hexdigest()[:32]
MOST = MOST_PER_LEARNER[RUN]

# The arguments of the user's source, and the names that they have here.
SOURCE = {
    "input_dim": "x_dim",
    "z_dim": "z_dim",
    "emission_dim": "emission_dim",
    "transition_dim": "transition_dim",
    "rnn_dim": "rnn_dim",
    "rnn_dropout_rate": "rnn_dropout",
    "rnn_layers": "rnn_layers",
    "num_iafs": "num_iafs",
    "iaf_dim": "iaf_dim",
    "use_cuda": "device",
    "learning_rate": "learning_rate",
    "beta1": "beta1",
    "beta2": "beta2",
    "clip_norm": "clip_norm",
    "lr_decay": "lr_decay",
    "weight_decay": "weight_decay",
    "annealing_epochs": "annealing_updates",
    "minimum_annealing_factor": "min_kl_weight",
    "mini_batch_size": "batch_size",
    "num_epochs": "epochs",
    "seed": "seed",
}


ACTING = ("pause", "resume", "stop", "halve", "start", "step", "reset", "reseed", "pin")  # keys of buttons
UNSEEN = ("links", "learner cookie", "keys")  # keys of components that take no room
KEPT = ["Reset", "Reseed", "Pin"]  # what whoever started a run can do with it at any time


def open_page(page, learner=LEARNER, **query):
    """A page as a visitor of its link sees it."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    at.session_state["learner"] = learner
    for name, value in query.items():
        at.query_params[name] = value
    return turn_to(at, page)


def turn_to(at, page):
    at.switch_page(f"pages/{page}.py").run()
    return at


def open_part(at, part):
    """Choose a tab of the Latents page."""
    at.session_state["part"] = part
    return at.run()


def take_moment(at, run, step, beat=None):
    """What the button of the scrubber does: the rest of Latents then shows the moment after so many updates."""
    piece = load_dataset("chorales").test[0].name
    at.session_state[f"moment {run} {piece}"] = step, beat
    return at.run()


def click(at, label):
    next(button for button in at.button if button.label == label).click().run()
    return at


def buttons(at):
    """The labels of the buttons that act on a run."""
    return [button.label for button in at.button if button.key in ACTING]


def pick(at, label):
    """The one widget with this label."""
    (found,) = (one for one in widgets(at) if one.label == label)
    return found


def widgets(at):
    kinds = "button_group selectbox multiselect slider select_slider number_input text_input toggle checkbox radio"
    return [one for kind in kinds.split() for one in at.get(kind)]


def knob(at, name):
    (found,) = (one for one in widgets(at) if one.key == f"knob {name}")
    return found


def views(at):
    """The packets of our own components by key: roll views, live charts and diagrams."""
    shown = [one for one in at.get("bidi_component") if one.key not in UNSEEN]
    return {one.key: json.loads(one.proto.json or one.proto.mixed.json) for one in shown}


def figures(at):
    return {one.proto.id.rsplit("-", 1)[-1]: json.loads(one.proto.spec) for one in at.get("plotly_chart")}


def sentences(at):
    """What the page has to say about something that went wrong."""
    return [one.value for kind in (at.warning, at.error, at.info) for one in kind]


def assert_alive(at, page):
    """No exception, and the page's own title and question."""
    lesson = next(one for one in LESSONS if one.file == page)
    assert [one.message for one in at.exception] == []
    assert at.title[0].value == ("Deep Markov Lab" if page == "home" else lesson.title)
    assert at.markdown[0].value == f"##### {lesson.asks}"


def assert_one_sentence(text):
    """Words for a visitor: one line, no traceback, no path, no markup of a library."""
    assert 10 < len(text) < 300
    assert text.endswith(".")
    assert "\n" not in text
    assert not any(word in text for word in ("Traceback", "pydantic", "validation error", "Error:", "<script", "None"))


@pytest.fixture
def queue(runs_dir, monkeypatch):
    """A runner with no place to train: whatever is started waits, and no process begins."""
    one = serve_with(monkeypatch)
    yield one
    one.close()


def serve_with(monkeypatch):
    """From now on pages have this runner, which is new and has no place."""
    one = Runner(LocalEngine(places=0))
    for module in (current, live, acts, train_buttons):
        monkeypatch.setattr(module, "runner", lambda: one)
    return one


@pytest.fixture
def new_run(runs_dir):
    """Makes a run folder of the visitor's that nobody trains."""

    def make(state="paused", owner=OWNER, **values):
        run = store.new_run(make_config(**values), {"owner": owner})
        store.write_status(run, store.Status(state, "It waits for a test."))
        return run

    return make


# --- each page -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_page_runs_without_exception_or_complaint(page):
    at = open_page(page)
    assert_alive(at, page)
    assert sentences(at) == []


def test_home_shows_a_stored_sample_with_latents_and_gates_and_leads_on():
    at = open_page("home")
    (view,) = views(at).values()
    assert view["frames"] >= 32
    assert view["latents"]["size"] == view["gates"]["size"] >= 2
    assert len(at.metric) == 4
    first = ["state_space", "train", "latents", "listen"]
    others = [one.file for one in LESSONS if one.file not in ("home", *first)]
    onward = LESSONS[1].file
    assert [link.proto.page for link in at.get("page_link")] == [*first, *others, onward]
    told = [caption.value for caption in at.caption]
    assert all(one.asks in told for one in LESSONS[1:])


def test_home_shows_another_moment_of_training():
    at = open_page("home")
    last = next(iter(views(at).values()))
    at.select_slider[0].set_value(f"{read_samples(store.SHIPPED / STORED)[0][0].step}").run()
    first = next(iter(views(at).values()))
    assert first["title"] != last["title"]
    assert first["roll"]["data"] != last["roll"]["data"]


def test_train_shows_the_stored_run_first(queue):
    at = open_page("train")
    chart, sample = views(at)["curve"], views(at)["sample"]
    assert len(chart["columns"]["step"]) > 50
    names = [series["name"] for series in chart["series"]]
    assert names == ["bound", "reconstruction", "kl", "validation", "published"]
    assert len(chart["lines"]) == 3
    assert sample["latents"] is not None
    assert buttons(at) == ["Start", "Step"]
    assert "run" not in at.query_params


def test_latents_shows_scrubber_path_in_space_and_draw():
    at = open_page("latents")
    shown = set()
    for part in ("Path in space", "Transition", "Draws"):
        open_part(at, part)
        shown |= set(views(at)) | set(figures(at))
        assert all(chart.proto.alt for chart in at.get("plotly_chart"))
    assert shown == {"piece", "scrubber", "draw", "trajectory"}


LIGHT = """
import json, sys
from streamlit.testing.v1 import AppTest
at = AppTest.from_file(sys.argv[1], default_timeout=30)
at.run()
def count():
    return len([one for one in at.get("bidi_component") if one.key not in ("links", "learner cookie", "keys")])
shown = [count()]
for page in ("train", "home", "latents"):
    at.switch_page(f"pages/{page}.py").run()
    shown.append(count())
assert not at.exception
print(json.dumps([shown, sorted({"torch", "pyro"} & set(sys.modules))]))
"""


def test_pages_as_they_open_import_neither_torch_nor_pyro():
    command = [sys.executable, "-c", LIGHT, str(ROOT / "app.py")]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert result.returncode == 0, result.stderr[-2000:]
    assert json.loads(result.stdout.splitlines()[-1]) == [[1, 2, 1, 2], []]


@pytest.mark.parametrize("page", PAGES)
def test_every_control_has_a_tooltip(page):
    at = open_page(page)
    assert [one.label for one in widgets(at) if not one.proto.help] == []


# --- the controls of Train -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(SOURCE.values())))
def test_argument_of_the_source_is_a_control_or_fixed_with_the_reason(train_page, name):
    if about(name)["fixed"]:
        told = [caption.value for caption in train_page.caption if caption.value.startswith(about(name)["label"])]
        assert about(name)["fixed"] in told[0]
        return
    one = knob(train_page, name)
    assert one.label.startswith(about(name)["label"])
    assert about(name)["meaning"] in one.proto.help
    assert one.value == getattr(make_config(), name)
    if one.proto.disabled:
        reason = why_idle(name, make_config().model_dump())
        assert reason in [caption.value for caption in train_page.caption]


@pytest.fixture(scope="module")
def train_page():
    """The page as it opens; only for looking."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMM_RUNS_DIR", os.devnull)
        return open_page("train")


def test_every_hyperparameter_has_one_control(train_page):
    shown = [one.key.removeprefix("knob ") for one in widgets(train_page) if str(one.key).startswith("knob ")]
    assert sorted(shown) == sorted(name for name in Config.model_fields if not about(name)["fixed"])


def test_tooltips_tell_the_range_that_the_control_offers(train_page):
    """In full digits: a visitor cannot type 4.29497e+09."""
    wrong = []
    for one in widgets(train_page):
        name = str(one.key).removeprefix("knob ")
        if name not in Config.model_fields or one.proto.disabled or "minimum" not in about(name):
            continue
        low, high = about(name)["minimum"], about(name)["maximum"]
        if one.type == "select_slider":
            low, high = (float(one.options[end]) for end in (0, -1))
        told = re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", one.proto.help.replace(",", ""))
        if not {low, high} <= {float(number) for number in told if "e+" not in number}:
            wrong.append(f"{name}: it offers {low:.10g} to {high:.10g}, the tooltip says {one.proto.help!r}")
    assert wrong == []


def test_sliders_can_come_back_to_where_they_began(train_page):
    """First value and end lie on the grid of steps, or a press of a key and its opposite end elsewhere."""
    off = []
    for one in train_page.slider:
        for value in (one.value, one.max):
            steps = (value - one.min) / one.step
            if abs(steps - round(steps)) > 1e-6:
                off.append(f"{one.label}: {value:.10g} is not {one.min:.10g} and whole steps of {one.step:.10g}")
    assert off == []


OTHER = {
    "data": "chorales-in-c",
    "z_dim": 3,
    "transition": "linear",
    "emission": "gaussian",
    "emitter": "linear",
    "first": "given",
    "first_loc": -2.5,
    "first_scale": 0.5,
    "emission_dim": 5,
    "transition_dim": 7,
    "inference": "mf-lr",
    "rnn_cell": "lstm",
    "rnn_embedding": 6,
    "rnn_dim": 9,
    "rnn_layers": 2,
    "rnn_dropout": 0.5,
    "loss": "sum",
    "min_kl_weight": 0.2,
    "annealing_updates": 50,
    "optimiser": "clipped-adam",
    "learning_rate": 0.0003,
    "beta1": 0.95,
    "beta2": 0.99,
    "clip_norm": 10.0,
    "lr_decay": 0.99996,
    "schedule": "cosine",
    "weight_decay": 2.0,
    "batch_size": 4,
    "epochs": 17,
    "patience": 40,
    "target": 7.5,
    "time_limit": 90.0,
    "seconds": 30.0,
    "seed": 2**32 - 1,
    "device": "cuda",
}
APART = [  # each of the first excludes one of the second
    {"kl": "sampled", "num_iafs": 2, "iaf_dim": 11, "edges": "augmented", "engine": "pyro"},
    {"free_bits": 0.1, "missing": 0.2, "engine": "readable"},
]


@pytest.mark.parametrize("others", APART)
def test_what_the_controls_say_is_what_the_run_gets(queue, runs_dir, monkeypatch, others):
    monkeypatch.setattr(choices, "has_graphics_card", lambda: True)
    assert set(OTHER).union(*APART) == {name for name in Config.model_fields if not about(name)["fixed"]}
    at = open_page("train")
    idle = {name for name in OTHER | others if knob(at, name).proto.disabled}
    ending = {"transition", "emitter"}  # they disable others
    for names in (set(OTHER | others) - idle - ending, idle, ending):
        for name in names:
            knob(at, name).set_value((OTHER | others)[name])
        at.run()
    click(at, "Start")
    assert_alive(at, "train")
    (run,) = runs_dir.iterdir()
    assert store.read_run_config(run) == Config(**OTHER, **others)
    assert all(value != about(name)["default"] for name, value in (OTHER | others).items())


def settings(at):
    return {name: knob(at, name).value for name in Config.model_fields if not about(name)["fixed"]}


def wanted(preset, **values):
    config = make_config(preset, **values).model_dump()
    return {name: config[name] for name in config if not about(name)["fixed"]}


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"classroom"}))
def test_preset_changes_the_values_but_not_seed_and_data(queue, preset):
    at = open_page("train")
    assert settings(at) == wanted("classroom")
    knob(at, "seed").set_value(5)
    knob(at, "data").set_value("chorales-in-c")
    knob(at, "batch_size").set_value(3)
    at.run()
    pick(at, "Preset").set_value(preset).run()
    assert settings(at) == wanted(preset, seed=5, data="chorales-in-c")
    pick(at, "Preset").set_value("classroom").run()
    assert settings(at) == wanted("classroom", seed=5, data="chorales-in-c")


def test_preset_cannot_be_left_blank(queue):
    """A second click on the chosen preset would otherwise show none, and a third would put nothing back."""
    assert pick(open_page("train"), "Preset").proto.required


def test_settings_survive_a_visit_to_another_page(queue):
    at = open_page("train")
    pick(at, "Preset").set_value("standard").run()
    knob(at, "z_dim").set_value(11)
    knob(at, "lr_decay").set_value(0.995)
    knob(at, "kl").set_value("sampled")
    at.run()
    before = settings(at)
    turn_to(at, "home")
    turn_to(at, "train")
    assert settings(at) == before == wanted("standard", z_dim=11, lr_decay=0.995, kl="sampled")
    assert pick(at, "Preset").value == "standard"


# --- starting and steering -------------------------------------------------------------------------------------


def test_started_run_is_named_in_the_address_and_found_again(queue, runs_dir):
    at = click(open_page("train"), "Start")
    assert_alive(at, "train")
    (run,) = runs_dir.iterdir()
    assert at.query_params["run"] in (run.name, [run.name])
    assert run.name in " ".join(one.value for one in at.markdown)
    assert buttons(at) == ["Pause", "Step", "Stop", "Start a new run", *KEPT]
    again = open_page("train", run=run.name)
    assert buttons(again) == ["Pause", "Step", "Stop", "Start a new run", *KEPT]
    assert views(again)["curve"]["run"] == run.name


def test_waiting_run_is_stopped_and_resumed(queue, runs_dir):
    at = click(open_page("train"), "Start")
    (run,) = runs_dir.iterdir()
    click(at, "Stop")
    at.run()
    assert store.read_status(run).state == "cancelled"
    assert buttons(at) == ["Resume", "Step", "Stop", "Start a new run", *KEPT]
    click(at, "Resume")
    assert queue.waiting_before(run) == 0
    assert buttons(at) == ["Pause", "Step", "Stop", "Start a new run", *KEPT], "each in its place, for a quick hand"
    assert next(one for one in at.button if one.key == "step").disabled


def test_too_many_runs_give_a_sentence_and_leave_nothing_behind(queue, runs_dir):
    at = open_page("train")
    for number in range(MOST):
        click(at, "Start a new run" if number else "Start")
        assert sentences(at) == []
    click(at, "Start a new run")
    assert_alive(at, "train")
    (sentence,) = sentences(at)
    assert_one_sentence(sentence)
    assert str(MOST) in sentence
    assert len(list(runs_dir.iterdir())) == MOST
    assert sentences(at.run()) == []


def test_runs_folder_that_cannot_be_written_gives_a_sentence(queue, runs_dir):
    runs_dir.write_text("a file where a folder should be")
    at = click(open_page("train"), "Start")
    assert_alive(at, "train")
    (sentence,) = sentences(at)
    assert sentence.startswith("Could not make a run")
    assert_one_sentence(sentence)


@pytest.mark.parametrize("what", ["Start", "Resume"])
def test_full_disk_gives_a_sentence(queue, new_run, monkeypatch, what):
    at = open_page("train", run=new_run().name) if what == "Resume" else open_page("train")

    def refuse(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "replace_file", refuse)
    click(at, what)
    assert_alive(at, "train")
    (sentence,) = sentences(at)
    assert "disk is full" in sentence


def test_run_that_waits_in_no_queue_can_be_resumed(new_run, monkeypatch):
    """The server that had it in its queue is gone; this one never heard of it."""
    run = new_run("queued")
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(json.dumps(status | {"heartbeat": time.time() - 3600}))
    later = serve_with(monkeypatch)
    at = open_page("train", run=run.name)
    later.close()
    assert_alive(at, "train")
    assert "Resume" in buttons(at)


@pytest.mark.parametrize("state", ["paused", "done", "cancelled", "diverged", "failed", "interrupted"])
def test_each_state_has_words_and_the_right_buttons(queue, new_run, state):
    at = open_page("train", run=new_run(state).name)
    assert_alive(at, "train")
    assert "It waits for a test." in " ".join(one.value for one in at.markdown)
    assert ("Resume" in buttons(at)) == (state != "done")
    assert ("Halve the rate, resume" in buttons(at)) == (state == "diverged")
    held = [one.disabled for one in at.button if one.key in ("step", "stop")]
    assert held == ([] if state == "done" else [False, True])


# --- links and damage ------------------------------------------------------------------------------------------


WRONG = {
    "unknown": "f" * 16,
    "short": "00000001",
    "empty": "",
    "path": "../../x",
    "script": "<script>alert(1)</script>",
    "long": "a" * 10_000,
    "zero byte": "0000000000000\x00\x00\x00",
}


@pytest.mark.parametrize("page", ["train", "latents"])
@pytest.mark.parametrize("kind", WRONG)
def test_link_to_no_run_gives_one_sentence_and_the_page_lives(queue, page, kind):
    at = open_page(page, run=WRONG[kind])
    assert_alive(at, page)
    (sentence,) = [one.value for one in at.warning]
    assert_one_sentence(sentence)
    assert "No such run" in sentence
    assert views(at)
    assert "run" not in at.query_params
    assert sentences(at.run()) == []


@pytest.mark.parametrize("page", ["train", "latents"])
def test_link_of_a_megabyte_does_no_harm(queue, page):
    """Streamlit itself drops it, so there is nothing to refuse."""
    at = open_page(page, run="a" * 2**20)
    assert_alive(at, page)
    assert views(at)
    assert all(len(sentence) < 300 for sentence in sentences(at))


@pytest.mark.parametrize("page", ["train", "latents"])
def test_damaged_configuration_gives_one_sentence(queue, new_run, runs_dir, page):
    run = new_run()
    (run / "config.json").write_text("{")
    at = open_page(page, run=run.name)
    assert_alive(at, page)
    (sentence,) = sentences(at)
    assert_one_sentence(sentence)
    assert str(runs_dir) not in sentence, "visitors need not know where the server keeps its files"


@pytest.mark.parametrize("page", ["train", "latents"])
def test_configuration_damaged_while_one_watches_gives_no_exception(queue, new_run, page):
    run = new_run()
    at = open_page("train", run=run.name)
    (run / "config.json").write_text("{")
    turn_to(at, page)
    assert_alive(at, page)


def test_deleted_run_gives_no_exception(queue, new_run):
    run = new_run()
    at = open_page("train", run=run.name)
    (run / "config.json").unlink()
    at.run()
    assert_alive(at, "train")
    assert "Start" in buttons(at)


def test_damaged_records_are_passed_over(queue, new_run):
    run = new_run()
    for name in ("metrics.jsonl", "samples.jsonl", "status.json"):
        (run / name).write_bytes(b"\xff\xfe{]\n\n{\n")
    at = open_page("train", run=run.name)
    assert_alive(at, "train")
    assert views(at)["curve"]["columns"]["step"] == []


def test_latents_of_a_run_without_snapshot_gives_a_sentence(queue, new_run):
    at = open_page("latents", run=new_run().name)
    assert_alive(at, "latents")
    (sentence,) = sentences(at)
    assert "no snapshot yet" in sentence
    pick(at, "Run").set_value(STORED).run()
    assert sentences(at) == []
    assert "scrubber" in views(at)


@pytest.mark.parametrize("content", [b"", b"not a snapshot", b"\xff" * 64, b"torn"])
def test_latents_of_a_damaged_snapshot_gives_a_sentence(queue, new_run, content):
    run = new_run()
    whole = (store.SHIPPED / STORED / "snapshots" / "best.safetensors").read_bytes()
    data = whole[: len(whole) // 2] if content == b"torn" else content
    (run / "snapshots" / "best.safetensors").write_bytes(data)
    at = open_page("latents", run=run.name)
    assert_alive(at, "latents")
    (sentence,) = sentences(at)
    assert_one_sentence(sentence)
    assert "damaged" in sentence
    pick(at, "Run").set_value(STORED).run()
    assert sentences(at) == []


def test_snapshot_that_is_dropped_while_one_looks_gives_no_exception(queue, new_run):
    """Training keeps the last two: a file may be listed and gone a moment later."""
    run = new_run()
    (run / "snapshots" / "step-00000001.safetensors").symlink_to("gone")
    at = open_page("latents", run=run.name)
    assert_alive(at, "latents")
    assert len(sentences(at)) == 1


def test_latents_of_a_snapshot_of_another_model_gives_a_sentence(queue, new_run):
    run = new_run(z_dim=5)
    whole = (store.SHIPPED / STORED / "snapshots" / "best.safetensors").read_bytes()
    (run / "snapshots" / "best.safetensors").write_bytes(whole)
    at = open_page("latents", run=run.name)
    assert_alive(at, "latents")
    (sentence,) = sentences(at)
    assert_one_sentence(sentence)


def test_latents_of_a_run_on_a_file_that_is_gone_gives_a_sentence(queue, new_run, tmp_path):
    run = new_run(data=str(tmp_path / "gone.json"))
    (run / "snapshots" / "best.safetensors").write_bytes(b"")
    for page in ("latents", "train"):
        at = open_page(page, run=run.name)
        assert_alive(at, page)
        if page == "latents":
            (sentence,) = sentences(at)
            assert "gone.json" in sentence


# --- Latents ---------------------------------------------------------------------------------------------------


def test_latents_follows_piece_and_dimensions():
    at = open_page("latents")
    before = views(at)["scrubber"]
    assert len(before["steps"]) >= 30
    pick(at, "Piece").set_value(load_dataset("chorales").test[7].name).run()
    after = views(at)["scrubber"]
    assert after["title"] != before["title"]
    assert len(after["steps"]) == 1
    assert after["note"] == past.ONLY_BEST

    assert {trace["type"] for trace in figures(at)["trajectory"]["data"]} == {"scatter3d"}
    components = figures(at)["trajectory"]
    pick(at, "Dimensions").set_value([4]).run()
    assert any("Choose 3 dimensions" in caption.value for caption in at.caption)
    assert figures(at)["trajectory"]["data"] == components["data"]
    pick(at, "Dimensions").set_value([4, 0, 9]).run()
    assert figures(at)["trajectory"]["data"] != components["data"]
    scene = figures(at)["trajectory"]["layout"]["scene"]
    assert ["z" in scene[axis]["title"]["text"] for axis in ("xaxis", "yaxis", "zaxis")] == [True] * 3
    assert_alive(at, "latents")


def test_latents_of_an_own_run_has_the_moments_that_it_kept(queue, tmp_path, runs_dir):
    from dmm.runs import session

    data = write_tiny_data(tmp_path)
    run = make_run(runs_dir, data, epochs=4)
    session.train(run, load_dataset(data))
    at = open_page("latents", run=run.name)
    assert_alive(at, "latents")
    packet = views(at)["scrubber"]
    assert packet["epochs"] == [0, 1, 2, 3, 4]
    assert packet["bounds"][0] is None
    records = store.read_lines(run / "metrics.jsonl")[0]
    judged = [round(one["bound"], 4) for one in records if one["kind"] == "valid"]
    assert packet["bounds"][1:] == judged
    assert packet["bounds"][packet["best"]] == min(judged)
    assert packet["plane"]["steps"] is not None
    pick(at, "Piece").set_value(load_dataset(data).valid[1].name).run()
    assert views(at)["scrubber"]["epochs"] == packet["epochs"], "any chorale has them"
    store.moment_file(run, 2).write_bytes(b"damaged")
    at.run()
    assert_alive(at, "latents")
    assert views(at)["scrubber"]["epochs"] == [0, 1, 3, 4]
    for path in store.list_moments(run):
        path.unlink()
    at.run()
    assert_alive(at, "latents")
    assert (len(views(at)["scrubber"]["steps"]), views(at)["scrubber"]["note"]) == (1, past.NOT_KEPT)


OTHERS = {  # members of the family whose words are not those of ST-R with gates
    "mlp": {"transition": "mlp", "inference": "mf-lr", "edges": "augmented", "kl": "sampled", "num_iafs": 1},
    "linear": {"transition": "linear", "inference": "st-l", "emission": "gaussian", "first": "given"},
}


@pytest.mark.parametrize("transition", OTHERS)
def test_latents_and_train_are_true_of_other_members_of_the_family(queue, tmp_path, runs_dir, transition):
    from dmm.runs import session

    data = write_tiny_data(tmp_path)
    run = make_run(runs_dir, data, epochs=1, **OTHERS[transition])
    session.train(run, load_dataset(data))
    at = open_page("latents", run=run.name)
    network = choices.networks()[OTHERS[transition]["inference"]]
    introduction = next(one.value for one in at.markdown if "distribution" in one.value)
    assert f"{network.sees} ({network.name}, ${network.formula}$)" in introduction
    packet = views(at)["scrubber"]
    assert packet["gates"] is False
    assert (packet["plane"]["steps"] is None) == (OTHERS[transition].get("edges") == "augmented")
    open_part(at, "Transition")
    assert_alive(at, "latents")
    assert figures(at) == {}
    words = {"mlp": "wide open (1)", "linear": "shut (0)"}[transition]
    assert any("has no gate" in one.value and words in one.value for one in at.markdown)
    name = {"mlp": "MLPTransition", "linear": "LinearTransition"}[transition]
    assert any(f"class {name}" in one.value for one in at.code)
    for part in ("Path in space", "Draws"):
        open_part(at, part)
        assert_alive(at, "latents")
        assert sentences(at) == []
    assert views(at)["draw"]["gates"] is None
    turn_to(at, "train")
    assert_alive(at, "train")
    assert views(at)["sample"]["gates"] is None
    assert f"{network.name}, " in " ".join(one.value for one in at.markdown)


def test_another_seed_draws_another_piece_and_the_same_seed_the_same():
    at = open_part(open_page("latents"), "Draws")
    first = views(at)["draw"]
    pick(at, "Seed of the draw").set_value(1).run()
    second = views(at)["draw"]
    assert second["roll"]["data"] != first["roll"]["data"]
    pick(at, "Seed of the draw").set_value(0).run()
    assert views(at)["draw"]["roll"] == first["roll"]
    pick(at, "Seed of the draw").set_value(2**32 - 1)
    pick(at, "Beats").set_value(16)
    pick(at, "Show probabilities instead of a draw").set_value(True).run()
    assert_alive(at, "latents")
    assert views(at)["draw"]["frames"] == 16
    assert not views(at)["draw"]["roll"]["bits"]


# --- settings of the server ------------------------------------------------------------------------------------


def test_server_is_closed_quiet_and_quick():
    with open(ROOT / ".streamlit" / "config.toml", "rb") as file:
        options = tomllib.load(file)
    assert options["server"]["address"] == "127.0.0.1"
    assert options["server"]["maxUploadSize"] == 2
    assert options["server"]["enableXsrfProtection"] is True
    assert options["client"]["showErrorDetails"] == "none"
    assert options["browser"]["gatherUsageStats"] is False
    assert options["runner"]["postScriptGC"] is False


def test_shadow_beside_a_wide_formula_ends_in_the_colour_of_the_page():
    with open(ROOT / ".streamlit" / "config.toml", "rb") as file:
        theme = tomllib.load(file)["theme"]
    light, dark = (theme[page]["backgroundColor"] for page in ("light", "dark"))
    assert f"light-dark({light}, {dark})" in (ROOT / "dmm" / "ui" / "narrow.css").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", palette.WORDS)
def test_words_and_formulas_have_one_colour_for_one_thing_and_are_legible(page):
    """A contrast of 4.5 to the page, as WCAG's level AA asks of text; the hue of what is drawn."""
    with open(ROOT / ".streamlit" / "config.toml", "rb") as file:
        theme = tomllib.load(file)["theme"][page]

    def luminance(colour):
        channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    def hue(colour):
        return 360 * colorsys.rgb_to_hsv(*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))[0]

    names = {"blue": palette.BLUE, "green": palette.GREEN, "orange": palette.ORANGE}
    names |= {"red": palette.VERMILLION, "violet": palette.PURPLE}
    for name, drawn in names.items():
        assert palette.WORDS[page][drawn] == theme[f"{name}TextColor"]
    for drawn, written in palette.WORDS[page].items():
        assert abs(hue(drawn) - hue(written)) < 4
        dark, light = sorted((luminance(written), luminance(theme["backgroundColor"])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (drawn, written)


def test_pinned_streamlit_knows_every_option_that_is_set():
    with open(ROOT / ".streamlit" / "config.toml", "rb") as file:
        options = tomllib.load(file)
    known = set(streamlit_config.get_config_options())
    for section, values in options.items():
        for name, value in values.items():
            if not isinstance(value, dict):
                assert f"{section}.{name}" in known
            else:
                assert {f"{section}.{name}.{inner}" for inner in value} <= known


def test_streamlit_still_collects_garbage_after_each_run_unless_told_not_to():
    """The reason for `postScriptGC = false`; if this fails the option may go."""
    assert streamlit_config.get_config_options()["runner.postScriptGC"].default_val is True


def test_latents_of_the_stored_run_at_an_earlier_moment_say_so_and_draw_what_was_stored(queue):
    at = open_page("latents", run=STORED)
    history = load_history(store.SHIPPED / STORED / "history.npz")
    best, moment = figures(at)["trajectory"], history.moment(0)
    take_moment(at, STORED, moment.step, beat=4)
    assert_alive(at, "latents")
    words = f"after {moment.epoch} epoch ({moment.step:,} updates), numbers rounded to 256 levels; its bound was"
    assert any(words in caption.value for caption in at.caption)
    assert figures(at)["trajectory"] != best
    assert any(trace["name"] == "beat 5" for trace in figures(at)["trajectory"]["data"])
    take_moment(at, STORED, 10**6)  # there is none, or no more
    assert figures(at)["trajectory"] == best
