"""Compare: which runs are looked at side by side, and what they are called."""

import streamlit as st

from dmm.palette import RUNS
from dmm.runs import store
from dmm.runs.comparison import Pinned, letters, read_pinned
from dmm.runs.store import RunError
from dmm.ui.current import chosen_run, my_runs, shipped_runs
from dmm.ui.dials import carry
from dmm.ui.words import describe_config, plain

LESSON = "compare"
MOST = len(RUNS)  # as many as can be told apart
KEY, READ, SEEN = "pinned runs", "pinned runs of the link", "runs that were offered"
DENSITY = "Nats of a Gaussian emission ({}) are those of a density: they cannot stand beside nats of keys."
HELP = "Those that came with the app, yours, and those that the link names. Up to six."


def choose_runs() -> list[Pinned]:
    """The runs that are pinned now, in the order in which they were chosen."""
    options, seen = _known(), st.session_state.setdefault(SEEN, set())
    fresh = [name for name in options if name not in seen]  # at first all; later a run that was started meanwhile
    seen.update(fresh)
    st.session_state[KEY] = list(dict.fromkeys([*st.session_state.get(KEY, []), *fresh]))[:MOST]
    named = _from_link()
    if named is not None:
        st.session_state[KEY] = named
    options = list(dict.fromkeys([*options, *st.session_state[KEY]]))
    names = st.multiselect(
        "Runs side by side",
        options,
        format_func=in_words,
        max_selections=MOST,
        key=KEY,
        help=HELP,
        persist_state="session",
    )
    carry(LESSON, "runs", ",".join(names))
    pinned = []
    for name in names:
        try:
            pinned.append(read_pinned(store.find_run(name)))
        except RunError as error:
            st.warning(plain(str(error)))
    return pinned


def in_words(name: str) -> str:
    """A run by its id, in a few words; no two runs have the same, for by their words a browser tells them apart."""
    try:
        run = store.find_run(name)
        words = describe_config(store.read_run_config(run))
    except RunError:
        return f"{name}: deleted"
    return f"{words}; {'came with the app' if run.parent == store.SHIPPED else 'trained here'}, {name}"


def labels(pinned: list[Pinned]) -> list[str]:
    """What the runs are called in figures and tables: a letter each."""
    return letters(pinned)


def table_of(pinned: list[Pinned], rows: list[tuple[str, list[str]]]) -> str:
    """A table in Markdown with a column for each run, under its letter; a row is its name and a value for each run."""
    head = f"| | {' | '.join(f'**{label}**' for label in labels(pinned))} |\n|:---|{'---:|' * len(pinned)}\n"
    return head + "\n".join(f"| {name} | {' | '.join(values)} |" for name, values in rows)


def show_letters(pinned: list[Pinned]) -> None:
    """Which letter is which run."""
    lines = zip(labels(pinned), pinned, strict=True)
    st.markdown("\n".join(f"- **{label}**, {in_words(one.run.name)}" for label, one in lines))
    densities = [label for label, one in zip(labels(pinned), pinned, strict=True) if not of_keys(one)]
    if densities and len(densities) < len(pinned):
        st.warning(DENSITY.format(", ".join(densities)))


def of_keys(one: Pinned) -> bool:
    """Whether a run's nats are those of keys, as published ones are, and not of a density."""
    return one.config.emission == "bernoulli"


def _known():
    """What a visitor may choose among without a link."""
    mine = [chosen_run().name, *my_runs()]
    return list(dict.fromkeys([*(run.name for run in shipped_runs()), *mine]))


def _from_link():
    """The ids that `?runs=` names, once; what is no run is refused in a sentence."""
    asked = st.query_params.get("runs")
    if asked is None or st.session_state.get(READ) == asked:
        return None
    st.session_state[READ] = asked
    found, wrong = [], 0
    for name in dict.fromkeys(asked.split(",")[: 2 * MOST]):
        try:
            found.append(store.find_run(name).name)
        except RunError:
            wrong += 1
    if wrong:
        which = "a run that is" if wrong == 1 else f"{wrong} runs that are"
        st.warning(f"The link names {which} not here; {'the others' if found else 'other runs'} are shown.")
    return found[:MOST] or None
