"""Compare: the controls of a new sweep: which settings, which values, how long."""

import streamlit as st

from dmm.config import Config, about, make_config
from dmm.runs import pace, store, sweep_values, sweeps
from dmm.runs.store import RunError
from dmm.runs.sweeps import MOST, MOST_SEEDS, Sweep, SweepError
from dmm.ui import choices, current
from dmm.ui.compare.pinned import labels
from dmm.ui.compare.sweep_acts import my_sweeps, runs_of
from dmm.ui.words import describe_config, plain

PRESET, ALONE = "classroom", ""
FIRST = ("learning_rate", "z_dim")  # what the two fields offer at first
EPOCHS = 20
BASE = "What all runs of the sweep share, but for the settings that you choose here."
FIELD = "The setting that is tried."
SECOND = "Another setting: the sweep then has a run for each pair of values. Or none."
VALUES = f"Numbers with commas between them. A sweep has {MOST} runs at most."
CHOICES = "Which of its choices are tried."
LONG = "Of each run. Few are enough to see what does not work at all; many, to see what is best in the end."
SEEDS = "How many runs each cell has, with other first weights and noise: what they differ by is the seed's doing."
HOW = {"persist_state": "session"}


def show_form(pinned) -> Sweep | None:
    """The controls, how many runs they make and how long these will take; None where they make no sweep."""
    base_name, base = _choose_base(pinned)
    first, second = st.columns(2)
    with first:
        one = _choose_field(0, base_name, base, "")
    with second:
        other = _choose_field(1, base_name, base, one[0])
    left, right = st.columns(2)
    epochs = left.number_input("Epochs", 1, 1000, EPOCHS, help=LONG, key="sweep epochs", **HOW)
    numbers = [*range(1, MOST_SEEDS + 1)]
    with right:
        seeds = st.segmented_control("Seeds", numbers, default=1, required=True, help=SEEDS, key="sweep seeds", **HOW)
    fields = {name: values for name, values in (one, other) if name}
    if any(values is None for values in fields.values()):
        return None
    try:
        sweep = sweeps.make_sweep(base, fields, seeds, epochs)
    except SweepError as error:
        st.warning(plain(str(error)))
        return None
    _say_what_it_takes(sweep)
    return sweep


def in_words(name: str, value) -> str:
    """A value as figures and tables have it.

    >>> in_words("inference", "st-r"), in_words("learning_rate", 0.003), in_words("z_dim", 16)
    ('ST-R', '0.003', '16')
    """
    return choices.in_words(name, value).split(":")[0] if about(name)["choices"] else f"{value:.6g}"


def _choose_base(pinned) -> tuple[str, Config]:
    """What all runs share, and its name."""
    words = {PRESET: f"Preset classroom: {describe_config(make_config(PRESET))}"}
    configs = {PRESET: make_config(PRESET)}
    run = current.chosen_run()
    try:
        configs[run.name] = store.read_run_config(run)
        words[run.name] = f"The run on Train: {describe_config(configs[run.name])}"
    except RunError:  # it has just been deleted
        pass
    for label, one in zip(labels(pinned), pinned, strict=True):
        configs[one.run.name] = one.config
        words[one.run.name] = f"Run {label}: {describe_config(one.config)}"
    chosen = st.selectbox("Everything else as in", [*words], format_func=words.get, help=BASE, key="sweep base", **HOW)
    return chosen, configs[chosen]


def _choose_field(place, base_name, base, taken):
    """A field and its values; no field, or no values, where there are none or they cannot be read."""
    names = [name for name in sweep_values.offered() if name != taken]
    options = [*([ALONE] if place else []), *names]
    at_first = FIRST[place] if FIRST[place] in options else options[0]
    name = st.selectbox(
        ("Setting", "And")[place],
        options,
        index=options.index(at_first),
        format_func=lambda one: about(one)["label"] if one else "no other setting",
        help=(FIELD, SECOND)[place],
        key=f"sweep field {place}",
        **HOW,
    )
    if not name:
        return ALONE, ()
    values = _choose_values(f"sweep values {place} {name} {base_name}", name, base)
    idle = choices.why_idle(name, base.model_dump())
    if idle:
        st.caption(idle)
    return name, values


def _choose_values(key, name, base):
    """The values of a field: some of its choices, or numbers; None, and a sentence, if they cannot be read."""
    label, suggested = f"Values of {about(name)['label']}", sweep_values.suggest(name, base)
    if about(name)["choices"]:
        how = {"format_func": lambda one: in_words(name, one), "selection_mode": "multi", "help": CHOICES, "key": key}
        chosen = st.pills(label, suggested, default=suggested, **how, **HOW)
        return tuple(one for one in suggested if one in chosen)
    text = st.text_input(label, sweep_values.in_text(suggested), max_chars=200, help=VALUES, key=key, **HOW)
    try:
        return sweep_values.parse(name, text)
    except ValueError as error:
        st.warning(plain(str(error)))
        return None


def _say_what_it_takes(sweep):
    """How many runs there will be, for how long, and which cells cannot be."""
    made = sweeps.cells(sweep)
    measured = _measured()
    each = [pace.seconds_per_epoch(cell.config, measured) for cell in made]
    time = ""
    if all(each):
        time = f": {pace.in_words(sum(each) * sweep.base.epochs)} of training, more where others train too"
    st.markdown(f"**{len(made)} runs** of {sweep.base.epochs:,} epochs{time}. They wait behind all single runs.")
    for sentence in sweeps.refused(sweep):
        st.caption(plain(sentence))


def _measured():
    """Runs whose time is known: the visitor's last ones, on this very machine; else those that came with the app."""
    own = [run for name in current.my_runs()[-8:] if (run := _folder(name))]
    own += [run for name in my_sweeps()[:1] for run in runs_of(name)[-8:]]
    known = [one for one in map(_measure, own) if one and one[1].epoch >= 2]
    return known or [one for one in map(_measure, current.shipped_runs()) if one]


def _folder(name):
    try:
        return store.find_run(name)
    except RunError:
        return None


def _measure(run):
    try:
        return store.read_run_config(run), store.read_status(run)
    except RunError:
        return None
