"""The command line: `python -m dmm train | evaluate | sample | bench | exact`.

Every failure is one sentence on standard error and exit code 2 for a wrong request, 1 for a run that did not work out.
With `--json` each line of standard output is one JSON object.
"""

import contextlib
import json
import math
import sys
from pathlib import Path

import click

from dmm.config import PRESETS, ConfigError, about, make_config
from dmm.data import DataError, load_dataset
from dmm.data.load import SHIPPED, full_name, split_name
from dmm.runs import store
from dmm.runs.describe import describe
from dmm.runs.store import RunError
from dmm.terminal import Terminal

DATA = "A set that comes with the app, or FILE.json, FILE.mid or a FOLDER of them; chorales+FILE.mid adds to it."


class _Seconds(click.ParamType):
    """A positive, finite number of seconds."""

    name = "seconds"

    def convert(self, value, param, ctx):
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            self.fail(f"{value} is not a positive number of seconds.", param, ctx)
        return seconds


class _Temperature(click.ParamType):
    """A number from 0 to 10."""

    name = "temperature"

    def convert(self, value, param, ctx):
        try:
            temperature = float(value)
        except ValueError:
            temperature = math.nan
        if not 0 <= temperature <= 10:
            self.fail(f"{value} is not a temperature from 0 to 10.", param, ctx)
        return temperature


@click.group()
def main():
    """Deep Markov Lab: train a deep Markov model, judge it, and draw music from it."""


@main.command()
@click.option("--data", default="chorales", show_default=True, help=DATA)
@click.option("--preset", type=click.Choice(list(PRESETS)), default="classroom", show_default=True)
@click.option("--inference", type=click.Choice(about("inference")["choices"]), help=about("inference")["meaning"])
@click.option("--engine", type=click.Choice(about("engine")["choices"]), help=about("engine")["meaning"])
@click.option("--device", metavar="cpu|cuda", help=about("device")["meaning"])
@click.option("--epochs", type=int, help=about("epochs")["meaning"])
@click.option("--seed", type=int, help=about("seed")["meaning"])
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Any other field; may be repeated.")
@click.option("--seconds", type=_Seconds(), help="Train for so long, for as many epochs as it takes.")
@click.option("--runs-dir", type=click.Path(path_type=Path), help="Where runs are kept.  [default: runs]")
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Go on with this run instead.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
def train(data, preset, inference, engine, device, epochs, seed, settings, seconds, runs_dir, resume, as_json):
    """Train a model into a new run folder; the last line names it.

    SIGINT (Ctrl-C) and SIGTERM finish the update, save, and leave a run that can be evaluated and resumed.
    """
    with _sentences(), Terminal(as_json, seconds) as terminal:
        if resume:
            run = _run_folder(resume, runs_dir)
            _refuse_settings()
            if run.parent == store.SHIPPED:
                raise RunError("This run came with the app and stays as it is; start one of your own.")
            dataset = load_dataset(store.read_run_config(run).data)
        else:
            options = {"inference": inference, "engine": engine, "epochs": epochs, "seed": seed, "device": device}
            values = {"data": data} | {name: value for name, value in options.items() if value is not None}
            if seconds:  # as many epochs as there is time for, and schedules that end with it
                values = {"seconds": seconds, "epochs": about("epochs")["maximum"]} | values
            values |= _settings(settings)
            dataset = load_dataset(values["data"])
            _say_what_was_read(values["data"], dataset)
            values["data"] = full_name(values["data"])
            config = make_config(preset, **values)
            _check(config, dataset)
            run = store.new_run(config, describe(dataset), runs_dir)
        status = terminal.train(run, dataset)
    terminal.say_end(run, status)
    sys.exit(1 if status.state in ("failed", "diverged") or status.sentence.startswith(store.COULD_NOT_SAVE) else 0)


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--data", help="Other pieces than those the run was trained on.")
@click.option("--split", type=click.Choice(["train", "valid", "test"]), default="test", show_default=True)
@click.option("--samples", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Draws per piece.")
@click.option("--snapshot", type=click.Choice(["best", "last"]), default="best", show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def evaluate(run, data, split, samples, snapshot, seed, as_json):
    """The negative log-likelihood of pieces, in nats per frame (lower is better), beside trivial baselines."""
    with _sentences():
        from dmm.evaluation import evaluate as evaluate_rolls

        run, dmm, step = _load(run, snapshot)
        dataset = load_dataset(data or store.read_run_config(run).data)
        train_rolls = [piece.roll for piece in dataset.train]
        rolls = [piece.roll for piece in getattr(dataset, split)]
        result = evaluate_rolls(dmm, rolls, samples, seed)._asdict()
        result |= {"split": split, "data": dataset.name, "snapshot": snapshot, "step": step, "run": str(run)}
        gaussian = store.read_run_config(run).emission == "gaussian"  # a density's nats cannot be compared
        result["baselines"] = {} if gaussian else _baselines(train_rolls, rolls)
    if as_json:
        click.echo(json.dumps(result, allow_nan=False))
        return
    click.echo(f"{dataset.name}, {split}: {result['sequences']} pieces, {result['frames']} frames; nats per frame")
    for name, words in (
        ("nll_is", f"a    importance sampled, S = {samples:<6}"),
        ("nll_bound", "(b)  bound per frame"),
        ("nll_bound_per_sequence", "{c}  bound, mean of pieces"),
    ):
        error = "" if result[f"{name}_se"] is None else f" ± {result[f'{name}_se']:.3f}"
        click.echo(f"  {words:39}{result[name]:8.3f}{error}")
    for name, value in result["baselines"].items():
        click.echo(f"       {name.replace('_', ' '):34}{value:8.3f}")


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--steps", type=click.IntRange(1, 4096), default=64, show_default=True, help="Frames (beats).")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option("--snapshot", type=click.Choice(["best", "last"]), default="best", show_default=True)
@click.option("--midi", type=click.Path(dir_okay=False, path_type=Path), help="Write the piece as a MIDI file.")
@click.option("--wav", type=click.Path(dir_okay=False, path_type=Path), help="Write the piece as sound.")
@click.option("--csv", type=click.Path(dir_okay=False, path_type=Path), help="Write its notes as a table.")
@click.option("--z-temperature", type=_Temperature(), default=1.0, show_default=True, help="Of the hidden states.")
@click.option("--note-temperature", type=_Temperature(), default=1.0, show_default=True, help="Of the notes.")
@click.option("--four-voices", is_flag=True, help="Not a draw of the notes, but the likeliest four voices.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def sample(run, steps, seed, snapshot, midi, wav, csv, z_temperature, note_temperature, four_voices, as_json):
    """Draw a piece from the model.

    The hidden states are drawn, and then the notes, each key by itself; with --four-voices the likeliest choir is
    written in their place. Temperatures below 1 stay closer to what is likely, with the same random numbers.
    """
    with _sentences():
        from dmm import music, sound
        from dmm.inspection import draw_piece

        run, dmm, step = _load(run, snapshot)
        drawn = draw_piece(dmm, steps, seed, z_temperature=z_temperature, note_temperature=note_temperature)
        roll, voices, onsets, struck = _four_voices(drawn) if four_voices else (drawn.roll, None, None, None)
        if midi:
            _write_file(midi, music.to_midi(roll, onsets=struck))
        if wav:
            _write_file(wav, sound.to_wav(roll, onsets=struck))
        if csv:
            _write_file(csv, music.to_note_csv(roll, voices, onsets).encode())
    frames = [[int(key) + music.LOWEST_KEY for key in row.nonzero()[0]] for row in roll]
    if as_json:
        click.echo(json.dumps({"run": str(run), "step": step, "seed": seed, "frames": frames}))
        return
    for number, pitches in enumerate(frames, 1):
        click.echo(f"{number:4}  " + " ".join(music.note_name(pitch) for pitch in pitches))


@main.command()
@click.option("--preset", type=click.Choice(list(PRESETS)), default="classroom", show_default=True)
@click.option("--data", default="chorales", show_default=True, help=DATA)
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Any other field; may be repeated.")
@click.option("--threads", type=click.IntRange(1, 256), default=2, show_default=True, help="Threads of PyTorch.")
@click.option("--rounds", type=click.IntRange(1, 1000), default=3, show_default=True, help="Epochs of each engine.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench(preset, data, settings, threads, rounds, as_json):
    """Seconds per epoch of each engine, measured in turn, and how far the fused one is from what is possible."""
    with _sentences():
        from dmm import bench as benchmark

        dataset = load_dataset(data)
        result = benchmark.run(make_config(preset, **{"data": data} | _settings(settings)), dataset, threads, rounds)
    result = {"preset": preset} | result
    click.echo(json.dumps(result, allow_nan=False) if as_json else benchmark.in_words(result))


@main.command()
@click.option("--experiment", type=click.Choice(["linear", "nonlinear"]), default="linear", show_default=True)
@click.option("--frames", type=int, default=25, show_default=True, help="Length of a sequence.")
@click.option("--sequences", type=int, default=500, show_default=True, help="How many to simulate (nonlinear).")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of the simulation.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, in full precision.")
def exact(experiment, frames, sequences, seed, as_json):
    """What is known exactly of the paper's synthetic systems: likelihood, errors, the floor of each network.

    The linear system has closed forms; the nonlinear one is simulated and solved on a grid.
    """
    from dmm import exact as known

    try:
        result = known.run(experiment, frames, sequences, seed)
    except ValueError as error:
        raise _WrongRequest(str(error)) from None
    click.echo(json.dumps(result, allow_nan=False) if as_json else known.in_words(result))


class _WrongRequest(click.ClickException):
    """What a user asked for cannot be done: the sentence alone, and exit code 2."""

    exit_code = 2


@contextlib.contextmanager
def _sentences():
    """What can go wrong, said in one sentence instead of a traceback."""
    try:
        yield
    except (ConfigError, DataError, RunError) as error:
        raise _WrongRequest(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"The disk refused: {store.reason(error)}.") from None


def _baselines(train_rolls, rolls):
    """What trivial models give, in nats per frame."""
    from dmm.data import baselines

    return {
        "coin_flips": baselines.coin_flips(rolls),
        "independent_keys": baselines.independent_keys(train_rolls, rolls),
        "markov_keys": baselines.markov_keys(train_rolls, rolls),
    }


def _check(config, dataset):
    """Refuse what this data set or this machine cannot do, before there is a run."""
    from dmm.training import make_spec

    make_spec(config, dataset)


def _say_what_was_read(name, dataset):
    """What became of music in files, on standard error; the one line about a plain JSON file is in its run."""
    added_to, own = split_name(name)
    if name not in SHIPPED and (added_to or not own.lower().endswith(".json")):
        click.echo(dataset.source, err=True)


def _refuse_settings():
    """A run that goes on has its settings already."""
    context = click.get_current_context()
    source = click.core.ParameterSource.COMMANDLINE
    for name in ("data", "preset", "inference", "engine", "device", "epochs", "seed", "settings"):
        if context.get_parameter_source(name) == source:
            option = "set" if name == "settings" else name
            raise ConfigError(f"--{option} cannot be changed for a run that goes on; leave it out, or start a new run.")


def _four_voices(drawn):
    """The likeliest four voices of a piece: roll, voices, and the onsets of voices and of keys."""
    from dmm import decoding
    from dmm.data.piece import make_roll

    voices, onsets, _ = decoding.decode(drawn.probabilities)
    return make_roll(voices), voices, onsets, decoding.struck_keys(voices, onsets)


def _write_file(path, data):
    try:
        path.write_bytes(data)
    except OSError as error:
        raise RunError(f"Could not write {path}: {store.reason(error)}.") from None


def _settings(pairs):
    """FIELD=VALUE pairs as a dictionary; the configuration checks names and values."""
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f'"{pair[:40]}" is not of the form FIELD=VALUE.')
        values[name.strip()] = value.strip()
    return values


def _run_folder(run, runs_dir=None):
    """A run by its folder or by its id."""
    with contextlib.suppress(OSError):  # a name too long for a path
        if (run / "config.json").is_file():
            return run
    return store.find_run(str(run), runs_dir)


def _load(run, snapshot):
    """Folder, model and step of a run."""
    from dmm.runs.snapshots import load_run

    run = _run_folder(run)
    dmm, step = load_run(run, snapshot)
    return run, dmm, step
