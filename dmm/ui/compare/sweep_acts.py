"""Compare: which sweep is shown, and what its owner can do with it."""

from pathlib import Path

import streamlit as st

from dmm.data import DataError
from dmm.runs import store, sweep_records, sweeps
from dmm.runs.line import SWEEP
from dmm.runs.store import RunError
from dmm.runs.sweeps import ID, Sweep
from dmm.ui import acts
from dmm.ui.compare.pinned import KEY as PINNED
from dmm.ui.compare.pinned import LESSON, MOST
from dmm.ui.current import runner
from dmm.ui.dials import carry
from dmm.ui.learner import address, digest, learner

PARAMETER = "sweep"
SHOWN, MINE = "sweep that is shown", "sweeps of one's own"  # in the session
TROUBLE, SAID = "sweep trouble", "sweep said"  # what went wrong, and what was done: to be said once
AGAIN = 20.0  # seconds after which the runs of a sweep are looked for anew: it may have been starting
NONE_SUCH = "The link names no sweep that is kept here: it may have been deleted, or the link may be incomplete."


def my_sweeps() -> list[str]:
    """The ids of the visitor's sweeps, the newest first; those of earlier visits are found once."""
    if MINE not in st.session_state:
        st.session_state[MINE] = [*sweep_records.find_sweeps(owner=digest())]
    return st.session_state[MINE]


def chosen_sweep() -> tuple[Sweep, list[Path]] | None:
    """The sweep that the session or the link names, else the visitor's last one; and its runs."""
    name = st.session_state.get(SHOWN)
    asked = st.query_params.get(PARAMETER)
    if name is None and asked is not None:
        name = asked if ID.fullmatch(asked) and runs_of(asked) else None
        if name is None:
            st.session_state[TROUBLE] = NONE_SUCH
            del st.query_params[PARAMETER]
    name = name or next(iter(my_sweeps()), None)
    found = read(name) if name else None
    if not found:
        st.session_state.pop(SHOWN, None)
        return None
    st.session_state[SHOWN] = name
    carry(LESSON, PARAMETER, name)
    if st.query_params.get(PARAMETER) != name:
        st.query_params[PARAMETER] = name
    return found


def read(name: str) -> tuple[Sweep, list[Path]] | None:
    """A sweep by its id, with its runs; None if nothing is left of it."""
    runs = runs_of(name)
    sweep = sweep_records.read_sweep(runs)
    return (sweep, runs) if sweep else None


def runs_of(name: str) -> list[Path]:
    """The folders of a sweep's runs that are still there."""
    return [run for run in map(Path, _runs_of(name, str(store.runs_dir()))) if run.exists()]


@st.cache_data(show_spinner=False, ttl=AGAIN, max_entries=200)
def _runs_of(name, folder):
    return [str(run) for run in sweep_records.find_runs(name, Path(folder))]


def start(sweep: Sweep) -> None:
    """Make its runs and put them in line; or as many as may be, and a sentence."""
    todo, begun = sweeps.cells(sweep), 0
    try:
        for place, cell in enumerate(todo):
            acts.begin(cell.config, kind=SWEEP, about=sweeps.note_of(sweep, place))
            begun += 1
    except (RunError, DataError) as error:
        few = f"Only {begun} of its {len(todo)} runs were queued. " if begun else "The sweep could not be started. "
        st.session_state[TROUBLE] = few + str(error)
    _runs_of.clear()
    if begun:
        my_sweeps().insert(0, sweep.id)
        st.session_state[SHOWN] = sweep.id


def order_all(runs: list[Path], order: str) -> None:
    """Tell all its runs to "pause" or "cancel": those that wait first, so that none of them begins meanwhile."""
    for run in sorted(runs, key=runner().trains):
        if runner().holds(run):
            runner().order(run, order)


def resume_all(runs: list[Path]) -> None:
    """Put those that rest in line again, in their order."""
    for run in runs:
        if runner().status(run).state in acts.RESUMABLE:
            try:
                runner().submit(run, learner(), address(), kind=SWEEP)
            except RunError as error:
                st.session_state[TROUBLE] = str(error)
                return


def pin(run: Path) -> None:
    """Put a run among those side by side, before the page runs again; and say so then."""
    pinned = st.session_state.get(PINNED, [])
    if run.name in pinned:
        st.session_state[SAID] = "This run is pinned already."
    elif len(pinned) >= MOST:
        st.session_state[SAID] = f"{MOST} runs are pinned; take one off first."
    else:
        st.session_state[PINNED] = [*pinned, run.name]
        st.session_state[SAID] = f"Pinned above as run {chr(ord('A') + len(pinned))}."
