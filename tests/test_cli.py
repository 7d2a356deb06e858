"""The command line: what it prints and writes, one sentence for each mistake, and signals to a real process."""

import contextlib
import errno
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from dmm.cli import main
from dmm.data import uploads
from dmm.data.upload import read_upload
from dmm.music import from_midi, from_note_csv, to_midi
from dmm.runs import store
from tests.tiny_runs import TINY, write_tiny_data

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = [word for name, value in TINY.items() for word in ("--set", f"{name}={value}")]
KEYS = {"nll_is", "nll_bound", "nll_bound_se", "nll_bound_per_sequence", "frames"}


def strict(text):
    """JSON as other programs read it: NaN is no number."""

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def call(*arguments):
    """The command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def good(*arguments):
    """The lines that a command prints when all goes well."""
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout.splitlines()


def refused(*arguments, code=2):
    """The one sentence that a wrong request gets."""
    result = call(*arguments)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    (sentence,) = [line.removeprefix("Error: ") for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert result.stderr.endswith(f"{sentence}\n")  # nothing after it
    assert sentence.endswith((".", "?"))
    assert len(sentence) < 400
    return sentence


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a tiny set of chords and runs in it."""
    folder = tmp_path_factory.mktemp("cli")
    write_tiny_data(folder)
    return folder


@pytest.fixture(scope="module")
def training(place):
    """What `train --json` prints for three epochs."""
    command = ["train", "--data", place / "tiny.json", *SETTINGS, "--epochs", 3, "--seed", 4]
    return good(*command, "--runs-dir", place / "runs", "--json")


@pytest.fixture(scope="module")
def run(training):
    return Path(json.loads(training[-1])["run"])


def train(place, *arguments):
    return good("train", "--data", place / "tiny.json", *SETTINGS, "--runs-dir", place / "runs", *arguments)


# train


def test_train_prints_json_lines_and_the_last_names_the_run(training, run, place):
    lines = [strict(line) for line in training]
    assert [line["step"] for line in lines[:-1] if line["kind"] == "train"] == list(range(1, 10))
    assert lines[-1]["state"] == "done"
    assert run.parent == place / "runs"
    assert lines[:-1] == store.read_lines(run / "metrics.jsonl")[0]
    config = store.read_run_config(run)
    assert (config.seed, config.epochs, config.z_dim) == (4, 3, 2)
    assert config.data == str(place / "tiny.json")


def test_train_without_json_ends_with_the_run_folder(place):
    lines = train(place, "--epochs", 1)
    assert (Path(lines[-1]) / "config.json").is_file()
    assert lines[0].startswith("Done: 1 epochs.")


def test_presets_and_options_end_up_in_the_configuration(place):
    options = ["--preset", "paper", "--inference", "mf-lr", "--engine", "pyro", "--epochs", 0, "--set", "kl=sampled"]
    config = store.read_run_config(Path(train(place, *options)[-1]))
    assert (config.rnn_dim, config.engine, config.kl, config.learning_rate) == (4, "pyro", "sampled", 2e-3)
    assert config.inference == "mf-lr"


def test_runs_go_where_the_environment_says(place, runs_dir):
    lines = good("train", "--data", place / "tiny.json", *SETTINGS, "--epochs", 0)
    assert Path(lines[-1]).parent == runs_dir
    good("evaluate", Path(lines[-1]).name, "--samples", 2)  # found by its id


@pytest.mark.parametrize("name", ["tiny.json", "tiny.JSON"])
def test_a_relative_data_file_is_found_again_from_elsewhere(place, tmp_path, monkeypatch, name):
    (tmp_path / name).write_bytes((place / "tiny.json").read_bytes())
    monkeypatch.chdir(tmp_path)
    lines = good("train", "--data", name, *SETTINGS, "--epochs", 0, "--runs-dir", place / "runs")
    monkeypatch.chdir(place)
    good("evaluate", lines[-1], "--samples", 2)


def test_a_time_limit_stops_in_time_and_the_run_goes_on_from_there(place):
    start = time.monotonic()
    first = strict(train(place, "--epochs", 100_000, "--seconds", 0.5, "--json")[-1])
    assert time.monotonic() - start < 20  # 0.5 s of training; the rest is for a busy machine
    assert (first["state"], "time limit" in first["sentence"]) == ("paused", True)
    assert 0.5 <= first["seconds"] < 5
    good("evaluate", first["run"], "--samples", 2)
    second = strict(good("train", "--resume", first["run"], "--seconds", 0.1, "--json")[-1])
    assert second["run"] == first["run"]
    assert second["step"] > first["step"]
    assert first["seconds"] + 0.1 <= second["seconds"] < first["seconds"] + 5


def test_a_time_limit_counts_from_the_snapshot_a_killed_run_goes_back_to(place):
    first = strict(train(place, "--epochs", 100_000, "--seconds", 0.1, "--json")[-1])
    ahead = store.read_status(Path(first["run"]))._replace(state="interrupted", seconds=first["seconds"] + 4)
    store.write_status(Path(first["run"]), ahead)
    second = strict(good("train", "--resume", first["run"], "--seconds", 0.1, "--json")[-1])
    assert second["seconds"] < first["seconds"] + 2


def test_resuming_a_finished_run_says_so(run):
    before = store.read_lines(run / "metrics.jsonl")
    lines = good("train", "--resume", run)
    assert lines[0].startswith("Done: 3 epochs.")
    assert lines[-1] == str(run)
    assert store.read_lines(run / "metrics.jsonl") == before


def test_a_run_that_another_process_trains_is_not_resumed(place):
    run = Path(train(place, "--epochs", 1)[-1])
    with store.hold(run):
        assert "right now" in refused("train", "--resume", run)
    good("train", "--resume", run)


@pytest.mark.parametrize(
    "option", [["--preset", "paper"], ["--set", "z_dim=99"], ["--epochs", "5"], ["--device", "cpu"]]
)
def test_a_run_that_goes_on_keeps_its_settings(place, option):
    run = Path(train(place, "--epochs", 1)[-1])
    assert option[0] in refused("train", "--resume", run, *option)


def test_a_device_that_there_is_not_is_refused_with_the_reason(place):
    assert "cpu" in refused("train", "--data", place / "tiny.json", "--device", "cuda")


def test_a_configuration_that_does_not_fit_the_data_is_refused_with_both_numbers_and_leaves_no_run(place, runs_dir):
    sentence = refused("train", "--data", place / "tiny.json", "--set", "x_dim=90")
    assert sentence == "The pieces have 88 keys, but x_dim is 90; set x_dim=88."
    assert not runs_dir.exists() or not list(runs_dir.iterdir())


def test_settings_that_exclude_each_other_are_refused_with_the_reason_and_leave_no_run(place, runs_dir):
    assert "num_iafs" in refused("train", "--data", place / "tiny.json", "--set", "num_iafs=1")
    assert "mean-field" in refused("train", "--data", place / "tiny.json", "--inference", "mf-l", "--set", "z_prev=1")
    assert not runs_dir.exists() or not list(runs_dir.iterdir())


@pytest.mark.parametrize("options", [["inference=mf-lr", "rnn_cell=gru"], ["num_iafs=1", "kl=sampled", "first=given"]])
def test_other_members_of_the_family_are_trained_and_evaluated(place, options):
    settings = [word for option in options for word in ("--set", option)]
    run = train(place, *settings, "--epochs", 1)[-1]
    result = strict(good("evaluate", run, "--json", "--samples", 20)[0])
    assert result["nll_is"] <= result["nll_bound"] + 4 * result["nll_bound_se"]


def test_the_setting_of_the_data_is_the_data_that_is_used(place):
    result = call("train", "--set", f"data={place / 'tiny.json'}", *SETTINGS, "--epochs", 0, "--runs-dir", place / "r")
    if result.exit_code == 2:  # refused is as good
        return
    run = Path(result.stdout.splitlines()[-1])
    assert store.read_about(run)["data"]["pieces"] == {"train": 6, "valid": 2, "test": 2}
    good("train", "--resume", run)


def test_a_diverged_run_says_so_and_exits_with_1(place):
    wild = [
        "--seed",
        1,
        "--set",
        "learning_rate=1",
        "--set",
        "loss=sum",
        "--set",
        "clip_norm=10000",
        "--epochs",
        300,
        "--json",
    ]
    result = call("train", "--data", place / "tiny.json", *SETTINGS, *wild, "--runs-dir", place / "runs")
    last = strict(result.stdout.splitlines()[-1])
    assert last["state"] == "diverged"
    assert "learning rate" in last["sentence"]
    assert result.exit_code == 1
    good("evaluate", last["run"], "--samples", 2, "--snapshot", "last")


def test_a_full_disk_is_said_in_one_sentence(place, monkeypatch):
    run = Path(train(place, "--epochs", 100_000, "--seconds", 0.1)[-1])

    def full(number):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        result = call("train", "--resume", run, "--seconds", 0.1)
        assert result.exit_code == 1
        assert "the disk is full" in result.stdout
        assert "disk is full" in refused("train", "--data", place / "tiny.json", "--runs-dir", place / "full")
    good("evaluate", run, "--samples", 2, "--snapshot", "last")


def test_a_reader_that_goes_away_is_not_taken_for_a_full_disk(place, monkeypatch):
    echo, runs = click.echo, place / "piped"

    def pipe(message=None, **options):
        if message and '"step":3' in str(message).replace(" ", ""):
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        echo(message, **options)

    monkeypatch.setattr(click, "echo", pipe)
    with contextlib.suppress(BrokenPipeError):
        call("train", "--data", place / "tiny.json", *SETTINGS, "--epochs", 3, "--runs-dir", runs, "--json")
    (run,) = runs.iterdir()
    status = store.read_status(run)
    assert status.state != "running"
    assert "space" not in status.sentence


# evaluate


def test_evaluate_gives_the_agreed_numbers(run):
    (line,) = good("evaluate", run, "--json", "--samples", 200)
    result = strict(line)
    assert result.keys() >= KEYS
    assert result["nll_is"] <= result["nll_bound"] + 4 * result["nll_bound_se"]
    assert 0 < result["nll_is"] < 88
    assert result["frames"] == 8 + 9
    assert (result["sequences"], result["samples"], result["split"]) == (2, 200, "test")
    assert result["baselines"]["coin_flips"] == pytest.approx(60.997, abs=1e-3)
    assert good("evaluate", run, "--json", "--samples", 200) == [line]
    assert strict(good("evaluate", run, "--json", "--samples", 200, "--seed", 1)[0])["nll_is"] != result["nll_is"]


def test_evaluate_takes_split_snapshot_and_other_data(run, place, tmp_path):
    splits = {
        split: strict(good("evaluate", run, "--json", "--split", split, "--samples", 2)[0])["frames"]
        for split in ("train", "valid", "test")
    }
    assert splits == {"train": 39, "valid": 9, "test": 17}
    last = strict(good("evaluate", run, "--json", "--snapshot", "last", "--samples", 2)[0])
    assert (last["snapshot"], last["step"]) == ("last", 9)
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"sequences": [[[60], [62]]] * 3}))
    result = strict(good("evaluate", run, "--data", other, "--json", "--samples", 2)[0])
    assert (result["frames"], result["data"]) == (2, "other")


def test_evaluate_with_a_single_draw_still_prints_json(run):
    result = strict(good("evaluate", run, "--json", "--samples", 1)[0])
    assert result["nll_bound_se"] is None


def test_evaluate_prints_a_table_for_people(run):
    text = "\n".join(good("evaluate", run, "--samples", 2))
    for word in ("nats per frame", "importance sampled", "bound per frame", "coin flips", "markov keys"):
        assert word in text


def test_evaluate_writes_nothing_into_the_run(run):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    good("evaluate", run, "--samples", 2)
    good("sample", run, "--steps", 2)
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


# sample


def test_sample_writes_the_same_piece_as_json_midi_and_sound(run, tmp_path):
    midi, wav = tmp_path / "piece.mid", tmp_path / "piece.wav"
    options = ["--steps", 16, "--seed", 5, "--json"]
    (line,) = good("sample", run, *options, "--midi", midi, "--wav", wav)
    frames = strict(line)["frames"]
    assert len(frames) == 16
    assert all(21 <= pitch <= 108 for frame in frames for pitch in frame)
    assert midi.read_bytes().startswith(b"MThd")
    roll = from_midi(midi.read_bytes())
    heard = [[int(key) + 21 for key in row.nonzero()[0]] for row in roll]
    assert heard == frames[: len(heard)]
    assert not any(frames[len(heard) :])
    assert wav.read_bytes()[:4] == b"RIFF"
    with wave.open(io.BytesIO(wav.read_bytes())) as sound:
        assert sound.getnframes() / sound.getframerate() > 16 * 60 / 90
    assert good("sample", run, *options) == [line]
    assert good("sample", run, "--steps", 16, "--seed", 6, "--json") != [line]


def test_sample_prints_one_line_a_frame_for_people(run):
    lines = good("sample", run, "--steps", 3)
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]


def test_sample_writes_its_notes_as_a_table(run, tmp_path):
    table = tmp_path / "piece.csv"
    (line,) = good("sample", run, "--steps", 8, "--json", "--csv", table)
    roll = from_note_csv(table.read_text(), 8)
    assert [[int(key) + 21 for key in row.nonzero()[0]] for row in roll] == strict(line)["frames"]


def test_sample_gives_four_voices_and_temperatures(run, tmp_path):
    table, midi = tmp_path / "piece.csv", tmp_path / "piece.mid"
    voices = ["--steps", 8, "--json", "--four-voices", "--csv", table, "--midi", midi]
    (line,) = good("sample", run, *voices)
    assert max(len(frame) for frame in strict(line)["frames"]) <= 4
    assert {row.split(",")[4] for row in table.read_text().splitlines()[1:]} <= {"soprano", "alto", "tenor", "bass"}
    plain = good("sample", run, "--json")
    assert good("sample", run, "--json", "--z-temperature", 1, "--note-temperature", 1.0) == plain
    assert good("sample", run, "--json", "--note-temperature", 0.2) != plain


def test_train_on_a_midi_file_alone_and_beside_the_chorales(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    roll = np.zeros((40, 88), np.uint8)
    roll[np.arange(40), np.random.default_rng(0).integers(30, 50, 40)] = 1
    (tmp_path / "song.mid").write_bytes(to_midi(roll))
    kept = uploads.save([read_upload((tmp_path / "song.mid").read_bytes(), "song.mid")])
    whole = str(tmp_path / "song.mid")
    for data, pieces, name in (
        ("song.mid", 1, whole),
        ("chorales+song.mid", 242, f"chorales+{whole}"),
        (kept, 1, kept),
    ):
        result = call("train", "--data", data, "--epochs", 1, *SETTINGS, "--set", "batch_size=512")
        assert result.exit_code == 0, result.output
        assert "song.mid: 1 piece, 40 beats, 40 notes" in result.stderr
        run = Path(result.stdout.splitlines()[-1])
        assert store.read_run_config(run).data == name
        assert store.read_about(run)["data"]["pieces"]["train"] == pieces
    monkeypatch.chdir("/")
    good("evaluate", run, "--samples", 2)


# mistakes


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--set", "from_the_future=1"], 'Unknown field "from_the_future"'),
        (["--set", "preset=paper"], 'Unknown field "preset"'),
        (["--set", "z_dim=100000"], "you asked for 100000"),
        (["--set", "z_dim=0"], "z_dim must be 1–256"),
        (["--set", "z_dim=2.5"], "whole number"),
        (["--set", "z_dim="], "z_dim"),
        (["--set", "learning_rate=nan"], "learning_rate must be"),
        (["--set", "learning_rate=-1"], "you asked for -1"),
        (["--set", "learning_rate=1e308"], "1e308"),
        (["--set", "kl=exact"], "analytic or sampled"),
        (["--set", "z_dim"], "FIELD=VALUE"),
        (["--set", "=3"], "field"),
        (["--set", "x" * 10**6], "FIELD=VALUE"),
        (["--epochs", "-1"], "epochs must be"),
        (["--epochs", "many"], "many"),
        (["--seed", str(2**32)], "seed must be"),
        (["--seconds", "0"], "0"),
        (["--seconds", "nan"], "nan"),
        (["--preset", "huge"], "classroom"),
        (["--engine", "steam"], "pyro"),
        (["--data", "nothing"], "chorales"),
        (["--data", "nothing.json"], "no file"),
        (["--data", "{folder}"], "broken.json: "),
        (["--data", "{folder}/song.mid"], "no file"),
        (["--data", "chorales+{folder}/empty.json"], "empty.json: This file is empty."),
        (["--data", "{folder}/broken.json"], "ends too early"),
        (["--data", "{folder}/empty.json"], "empty"),
        (["--data", "{folder}/high.json"], "outside 21–108"),
        (["--runs-dir", "{folder}/tiny.json"], "Could not make a run"),
        (["--resume", "0123456789abcdef"], "No such run"),
        (["--resume", "../../x"], "No such run"),
        (["--resume", "{folder}"], "No such run"),
        (["--bogus"], "bogus"),
    ],
    ids=lambda value: ascii(value)[:50],
)
def test_a_wrong_option_of_train_gets_one_sentence_and_makes_no_run(place, tmp_path, arguments, says):
    (place / "broken.json").write_text('{"train": [[[60], [6')
    (place / "empty.json").write_text("")
    (place / "high.json").write_text("[[[60], [128]], [[60], [60]], [[60], [60]]]")
    arguments = [argument.replace("{folder}", str(place)) for argument in arguments]
    given = ["--data", place / "tiny.json", *SETTINGS, "--epochs", 0, "--runs-dir", tmp_path / "runs", *arguments]
    sentence = refused("train", *given)
    assert says in sentence
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["evaluate", "0123456789abcdef"], "No such run"),
        (["evaluate", "<script>"], "No such run"),
        (["evaluate", "x" * 10**6], "No such run"),
        (["evaluate", "{run}", "--split", "exam"], "train"),
        (["evaluate", "{run}", "--samples", "0"], "0"),
        (["evaluate", "{run}", "--samples", "nan"], "nan"),
        (["evaluate", "{run}", "--data", "nothing.json"], "no file"),
        (["evaluate", "{run}", "--snapshot", "first"], "best"),
        (["evaluate", "{run}", "--seed", "-1"], "-1"),
        (["evaluate"], "RUN"),
        (["sample", "../../x"], "No such run"),
        (["sample", "{run}", "--steps", "0"], "0"),
        (["sample", "{run}", "--steps", "1000000"], "1000000"),
        (["sample", "{run}", "--midi", "{run}/config.json/a.mid"], "Could not write"),
        (["sample", "{run}", "--wav", "{run}/no/such/folder/a.wav"], "Could not write"),
        (["sample", "{run}", "--midi", "{run}"], "directory"),
        (["sample", "{run}", "--z-temperature", "-1"], "-1 is not a temperature from 0 to 10"),
        (["sample", "{run}", "--note-temperature", "nan"], "nan is not a temperature"),
        (["sample", "{run}", "--csv", "{run}/no/such/folder/a.csv"], "Could not write"),
        (["compose"], "compose"),
    ],
    ids=lambda value: ascii(value)[:50],
)
def test_a_wrong_request_for_a_run_gets_one_sentence(run, arguments, says):
    assert says in refused(*[argument.replace("{run}", str(run)) for argument in arguments])


def test_a_run_without_a_snapshot_or_with_a_damaged_one_gets_one_sentence(place, run, tmp_path):
    fresh = store.new_run(store.read_run_config(run), folder=tmp_path)
    assert "no snapshot yet" in refused("evaluate", fresh)
    (fresh / "snapshots" / "best.safetensors").write_bytes(b"x" * 100)
    assert "damaged" in refused("sample", fresh)
    assert "no file" in refused("evaluate", run, "--data", place / "missing.json")


def test_a_run_whose_data_have_changed_is_not_resumed(place, tmp_path):
    data = tmp_path / "mine.json"
    data.write_bytes((place / "tiny.json").read_bytes())
    run = good("train", "--data", data, *SETTINGS, "--epochs", 1, "--runs-dir", tmp_path)[-1]
    data.write_text("[[[60], [62]], [[60], [62]], [[60], [62]]]")
    assert "data have changed" in refused("train", "--resume", run)
    data.unlink()
    assert "mine.json" in refused("evaluate", run)


# signals


@pytest.fixture(scope="module")
def stopped(place):
    """Two processes that train, one for pipes and one on a terminal; each is told to end. (exit code, text, run)."""
    environment = os.environ | {"COLUMNS": "80"}
    command = [sys.executable, "-m", "dmm", "train", "--data", str(place / "tiny.json"), *SETTINGS]
    command += ["--epochs", "100000", "--runs-dir"]
    terminal, far_end = pty.openpty()
    options = {"cwd": ROOT, "env": environment, "text": True}
    piped = subprocess.Popen(
        [*command, str(place / "term"), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )
    shown = subprocess.Popen([*command, str(place / "int")], stdout=far_end, stderr=far_end, **options)
    os.close(far_end)
    text = ""
    with piped, shown, open(terminal, "rb", buffering=0) as screen:
        try:
            piped.stdout.readline()  # it trains
            piped.send_signal(signal.SIGTERM)
            end = time.monotonic() + 60
            while "epoch" not in text:
                assert time.monotonic() < end, text
                text += screen.read(1000).decode(errors="replace")
            shown.send_signal(signal.SIGINT)
            lines, errors = piped.communicate(timeout=60)
            with contextlib.suppress(OSError):  # how a terminal says that the other end is closed
                while more := screen.read(1000):
                    text += more.decode(errors="replace")
            shown.wait(60)
        finally:
            piped.kill()
            shown.kill()
    assert errors == ""
    return {"term": (piped.returncode, lines), "int": (shown.returncode, text)}


@pytest.mark.parametrize("name", ["term", "int"])
def test_a_signal_finishes_the_step_saves_and_leaves_a_run_that_evaluates_and_resumes(stopped, place, name):
    code, text = stopped[name]
    assert code == 0
    assert "Traceback" not in text
    (run,) = (place / name).iterdir()
    status = store.read_status(run)
    assert status.state == "interrupted"
    assert status.sentence.endswith(".")
    assert status.step == store.read_lines(run / "metrics.jsonl")[0][-1]["step"] > 0
    last = text.splitlines()[-1]
    assert (strict(last)["run"] if name == "term" else last) == str(run)
    assert strict(good("evaluate", run, "--json", "--samples", 2, "--snapshot", "last")[0])["step"] == status.step
    again = strict(good("train", "--resume", run, "--seconds", 0.05, "--json")[-1])
    assert again["step"] > status.step
    steps = [record["step"] for record in store.read_lines(run / "metrics.jsonl")[0] if record["kind"] == "train"]
    assert steps == list(range(1, again["step"] + 1))


def test_a_terminal_shows_a_progress_bar_and_then_the_best_bound(stopped):
    text = stopped["int"][1]
    assert "Training" in text
    assert "nats/frame" in text
    assert "Interrupted; it can go on from here." in text


def test_help_names_every_command_without_loading_torch():
    code = (
        "import sys; from dmm.cli import main; main(['--help'], standalone_mode=False); print('torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.splitlines()[-1] == "False"
    for name in ("train", "evaluate", "sample"):
        assert f"  {name} " in result.stdout


def test_training_on_the_chorales_that_ship_says_nothing_on_standard_error(tmp_path):
    command = [sys.executable, "-m", "dmm", "train", "--epochs", "0", "--runs-dir", str(tmp_path), "--json"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=True)
    assert result.stderr == ""
    more = [*command, "--epochs", "1", "--set", "batch_size=512", "--set", "engine=fused"]
    assert subprocess.run(more, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=True).stderr == ""
