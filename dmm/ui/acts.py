"""What a visitor can do with runs: begin one, let it go on, a step at a time, pause it, stop it, change it."""

import secrets
import shutil

import streamlit as st

from dmm.config import Config
from dmm.data import DataError
from dmm.runs import store
from dmm.runs.changes import read_changes
from dmm.runs.describe import describe
from dmm.runs.line import RACE, RUN
from dmm.runs.race_records import new_race
from dmm.runs.store import RunError
from dmm.steering import in_force
from dmm.ui.current import my_runs, runner, show
from dmm.ui.datasets import dataset_of
from dmm.ui.learner import address, digest, learner

RESUMABLE = ("paused", "interrupted", "cancelled", "failed", "diverged")
TROUBLE = "trouble"  # in the session: what went wrong, to be said once
READY = "Its first weights are ready: press Resume, or Step for a single update."


def begin(config: Config, *, steps: int | None = None, kind: str = RUN, about: dict | None = None):
    """The folder of a new run, in the line of those that train.

    Args:
        config: of the run.
        steps: so many updates, then it pauses.
        kind: as for `Runner.submit`.
        about: what else its folder says.

    Raises:
        RunError, DataError: it cannot be made, or may not begin; then it leaves nothing behind.
    """
    return _queue(_new_run(config, about), steps, kind)


def begin_race(seed: int):
    """The folder of a new race of the six networks, in the same line.

    Raises:
        RunError: as `begin`.
    """
    return _queue(new_race(seed, about={"owner": digest()}), None, RACE)


def start(config: Config, steps: int | None = None) -> None:
    """Make a new run and train it; the page then shows it."""
    _show_new(lambda: begin(config, steps=steps))


def start_over(config: Config, seed: int | None = None) -> None:
    """A run with the same settings and first weights, or with another seed's, before its first update."""

    def make():
        run = _new_run(config if seed is None else config.model_copy(update={"seed": seed}))
        store.write_status(run, store.Status("paused", READY))
        return run

    _show_new(make)


def new_seed() -> int:
    """A seed that nobody has chosen."""
    return secrets.randbelow(10**6)


def resume(run, steps: int | None = None) -> None:
    """Queue a run again, from its last snapshot; for so many updates, or until it is over."""
    st.session_state.pop("ordered", None)
    try:
        runner().submit(run, learner(), address(), steps=steps)
    except RunError as error:
        st.session_state[TROUBLE] = str(error)


def order(run, what: str) -> None:
    """Tell a run to "pause" or "cancel"."""
    runner().order(run, what)
    st.session_state["ordered"] = run.name


def is_ending(run) -> bool:
    """Whether this visitor has told the run to end and it has not yet."""
    return st.session_state.get("ordered") == run.name


def has_ended(run) -> None:
    """It has."""
    if is_ending(run):
        del st.session_state["ordered"]


def steer(run, learning_rate: float, kl_weight: float | None) -> None:
    """Change what holds from the next update on."""
    try:
        runner().steer(run, learning_rate, kl_weight)
    except RunError as error:
        st.session_state[TROUBLE] = str(error)


def halve_rate(run) -> None:
    """Half the learning rate that holds, and on."""
    now = in_force(read_changes(run), store.read_status(run).step, store.read_run_config(run))
    steer(run, now.learning_rate / 2, now.kl_weight)
    resume(run)


def _new_run(config, about=None):
    return store.new_run(config, describe(dataset_of(config.data)) | {"owner": digest()} | (about or {}))


def _queue(run, steps, kind):
    try:
        runner().submit(run, learner(), address(), steps=steps, kind=kind)
    except RunError:
        shutil.rmtree(run, ignore_errors=True)  # it never began
        raise
    return run


def _show_new(make):
    """Make a run that the page shows next; or say why not."""
    try:
        run = make()
    except (RunError, DataError) as error:
        st.session_state[TROUBLE] = str(error)
        return
    my_runs().append(run.name)
    show(run)
