"""Which run a visitor looks at, and what can be done with it."""

import secrets
import shutil

import streamlit as st

from dmm.data import DataError
from dmm.runs import store
from dmm.runs.describe import describe
from dmm.runs.launcher import Launcher
from dmm.runs.race_records import new_race
from dmm.runs.store import RunError
from dmm.ui.datasets import dataset_of
from dmm.ui.words import describe_config

PARAMETER = "run"
AT_ODDS = "Some settings do not go together; the red sentence above them says which."
START = "Trains a new model with the settings on this page. Training goes on when you leave the page."
RESUMABLE = ("paused", "interrupted", "cancelled", "failed")


@st.cache_resource
def launcher() -> Launcher:
    """The server's one launcher of training processes."""
    return Launcher()


def shipped_runs():
    """The folders of the runs that came with the app, the one that pages show first."""
    return sorted(path.parent for path in store.SHIPPED.glob("*/config.json"))


def shipped_run():
    """The folder of the run that pages show until there is another."""
    return shipped_runs()[0]


def chosen_run():
    """The run that the link names, else the visitor's last one, else the one that came with the app.

    A link that names no run we have gives a sentence, and the visitor goes on with what was there.
    """
    started = st.session_state.pop("started", None)
    if started:  # an address that changes just before st.rerun() never reaches the browser, so it changes only now
        st.query_params[PARAMETER] = started
    asked = st.query_params.get(PARAMETER)
    if asked is not None:
        try:
            run = store.find_run(asked)
            store.read_run_config(run)
        except RunError as error:
            st.warning(str(error))
            del st.query_params[PARAMETER]
        else:
            st.session_state["run"] = run.name
            return run
    try:
        run = store.find_run(st.session_state.get("run", ""))
        store.read_run_config(run)
    except RunError:
        st.session_state.pop("run", None)
        return shipped_run()
    st.query_params[PARAMETER] = run.name
    return run


def start(config) -> None:
    """Make a new run and train it; the page's address then names it."""
    try:
        run = begin(config)
    except (RunError, DataError) as error:
        st.session_state["trouble"] = str(error)
        return
    st.session_state["started"] = run.name
    st.session_state.setdefault("mine", []).append(run.name)


def begin(config):
    """The folder of a new run, in the line of those that train.

    Raises:
        RunError, DataError: it cannot be made, or may not begin; then it leaves nothing behind.
    """
    return _queue(store.new_run(config, describe(dataset_of(config.data))))


def begin_race(seed: int):
    """The folder of a new race of the six networks, in the same line.

    Raises:
        RunError: as `begin`.
    """
    return _queue(new_race(seed))


def _queue(run):
    try:
        launcher().submit(run, _learner())
    except RunError:
        shutil.rmtree(run, ignore_errors=True)  # it never began
        raise
    return run


def choose_among_own(run) -> None:
    """Back to another run of this visit, if there were several."""
    mine = st.session_state.get("mine", [])
    if len(mine) < 2:
        return
    options = mine if run.name in mine else [run.name, *mine]
    words = {name: f"Run {number}: {_in_words(name)}" for number, name in enumerate(options, 1)}
    chosen = st.selectbox(
        "Your runs",
        options,
        index=options.index(run.name),
        key=f"own runs {run.name} {len(mine)}",
        format_func=words.get,
        help="The runs you have started in this visit. Choose one to look at it, pause it or stop it.",
    )
    if chosen != run.name:
        st.session_state["started"] = chosen
        st.rerun()


def _in_words(run_name):
    try:
        run = store.find_run(run_name)
        return describe_config(store.read_run_config(run))
    except RunError:
        return "deleted"


def resume(run) -> None:
    """Queue a run again, from its last snapshot."""
    st.session_state.pop("ordered", None)
    try:
        launcher().submit(run, _learner())
    except RunError as error:
        st.session_state["trouble"] = str(error)


def run_buttons(run, state, config) -> None:
    """Start a new run; pause, stop or resume the one that is shown and whose state is given."""
    own = run.parent != store.SHIPPED
    if state not in store.LIVE and is_ending(run):
        del st.session_state["ordered"]
    with st.container(horizontal=True, key="run_buttons"):
        words = START if config else AT_ODDS
        start_clicked = _button("Start a new run" if own else "Start", "play_arrow", words, not config, "primary")
        if own and state in store.LIVE and launcher().holds(run):
            given = is_ending(run)
            if _button("Pause", "pause", "Training rests; Resume goes on from the same point.", given):
                _order(run, "pause")
            if _button("Stop", "stop", "Ends the run; what it has learned is kept.", given):
                _order(run, "cancel")
        elif own and state in RESUMABLE and _button("Resume", "resume", "Goes on from the last snapshot."):
            resume(run)
            st.rerun()
    if start_clicked:
        start(config)
        st.rerun()
    trouble = st.session_state.pop("trouble", None)
    if trouble:
        st.warning(trouble)


def _order(run, order):
    launcher().order(run, order)
    st.session_state["ordered"] = run.name
    st.rerun()


def is_ending(run) -> bool:
    """Whether this visitor has told the run to end and it has not yet."""
    return st.session_state.get("ordered") == run.name


def _button(label, icon, words, disabled=False, kind="secondary"):
    return st.button(label, icon=f":material/{icon}:", help=words, disabled=disabled, type=kind)


def _learner():
    """Who asks: one number for each browser session."""
    return st.session_state.setdefault("learner", secrets.token_hex(8))
