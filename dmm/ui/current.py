"""Which run a visitor looks at, and which are theirs."""

import streamlit as st

from dmm.runs import store
from dmm.runs.runner import Runner
from dmm.runs.store import RunError
from dmm.ui.learner import digest
from dmm.ui.train.link import not_here
from dmm.ui.words import describe_config, plain

PARAMETER = "run"
MINE = "mine"  # in the session: the names of the visitor's runs, the oldest first


@st.cache_resource
def runner() -> Runner:
    """The server's one runner."""
    return Runner(folder=store.runs_dir())


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
            st.warning(not_here(str(error)))
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


def my_runs() -> list[str]:
    """The names of the visitor's runs, the oldest first; those of earlier visits are found once."""
    if MINE not in st.session_state:
        st.session_state[MINE] = _found()
    return st.session_state[MINE]


def show(run) -> None:
    """From the next run of the page on it is this one that is shown."""
    st.session_state["started"] = run.name


def choose_among_own(run) -> None:
    """Go to another run of one's own, if there is one."""
    mine = my_runs()
    if not set(mine) - {run.name}:
        return
    options = [*([] if run.name in mine else [run.name]), *reversed(mine)]
    words = {name: _in_words(name, mine) for name in options}
    chosen = st.selectbox(
        "Your runs",
        options,
        index=options.index(run.name),
        key=f"own runs {run.name} {hash(tuple(words.values()))}",
        format_func=words.get,
        help="The runs you have started from this browser. Choose one to look at it, pause it or stop it.",
    )
    if chosen != run.name:
        st.session_state["started"] = chosen
        st.rerun()


def _found():
    """The runs in the folder whose owner is the visitor; those of sweeps are found where sweeps are shown."""
    owner, names = digest(), []
    for run in reversed(store.list_runs()):
        try:
            said = store.read_about(run)
            if run.parent != store.SHIPPED and said.get("owner") == owner and "sweep" not in said:
                names.append(run.name)
        except RunError:
            continue
    return names


def _in_words(name, mine):
    try:
        run = store.find_run(name)
        words = describe_config(store.read_run_config(run))
        number = f"Run {mine.index(name) + 1}" if name in mine else "This run"
        return plain(f"{number}, {runner().status(run).state}: {words}; {name}")
    except RunError:
        return f"Run {name}: deleted"
