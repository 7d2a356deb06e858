"""Which run a visitor looks at, and what can be done with it."""

import secrets

import streamlit as st

from dmm.data import DataError, load_dataset
from dmm.runs import store
from dmm.runs.describe import describe
from dmm.runs.launcher import Launcher
from dmm.runs.store import RunError

PARAMETER = "run"
RESUMABLE = ("paused", "interrupted", "cancelled", "failed")


@st.cache_resource
def launcher() -> Launcher:
    """The server's one launcher of training processes."""
    return Launcher()


def shipped_run():
    """The folder of the run that came with the app."""
    return next(run for run in store.list_runs() if run.parent == store.SHIPPED)


def chosen_run():
    """The run that the link names, else the visitor's last one, else the one that came with the app.

    A link that names no run we have gives a sentence, and the visitor goes on with what was there.
    """
    started = st.session_state.pop("started", None)
    if started:  # only now: an address that changes just before st.rerun() never reaches the browser
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
    except RunError:
        st.session_state.pop("run", None)
        return shipped_run()
    st.query_params[PARAMETER] = run.name
    return run


def start(config) -> None:
    """Make a new run and train it; the page's address then names it."""
    try:
        run = store.new_run(config, describe(load_dataset(config.data)))
        launcher().submit(run, _learner())
    except (RunError, DataError) as error:
        st.session_state["trouble"] = str(error)
        return
    st.session_state["started"] = run.name


def resume(run) -> None:
    """Queue a run again, from its last snapshot."""
    try:
        launcher().submit(run, _learner())
    except RunError as error:
        st.session_state["trouble"] = str(error)


def run_buttons(run, config) -> None:
    """Start a new run; pause, stop or resume the one that is shown."""
    state = store.read_status(run).state
    own = run.parent != store.SHIPPED
    with st.container(horizontal=True, key="run_buttons"):
        start_clicked = st.button(
            "Start a new run" if own else "Start", type="primary", icon=":material/play_arrow:", disabled=config is None
        )
        if own and state in store.LIVE:
            if st.button("Pause", icon=":material/pause:"):
                launcher().order(run, "pause")
            if st.button("Stop", icon=":material/stop:", help="What it has learned is kept."):
                launcher().order(run, "cancel")
        elif own and state in RESUMABLE and st.button("Resume", icon=":material/resume:"):
            resume(run)
            st.rerun()
    if start_clicked:
        start(config)
        st.rerun()
    trouble = st.session_state.pop("trouble", None)
    if trouble:
        st.warning(trouble)


def _learner():
    """Who asks: one number for each browser session."""
    return st.session_state.setdefault("learner", secrets.token_hex(8))
