"""The tasks of the Train page: one to be reached by training, one to be read off the chart."""

import math

import streamlit as st

from dmm.data import DataError
from dmm.runs import store
from dmm.runs.store import RunError
from dmm.ui import tasks
from dmm.ui.current import my_runs
from dmm.ui.datasets import baselines_of
from dmm.ui.live import curves_of

LESSON = "train"
BASELINE = "each key by its last state"
BEAT_IT = (
    f"Train a run whose bound on the validation pieces lies below the baseline “{BASELINE}”. The baseline is a coin "
    "for each key that knows one thing: whether that key sounded a beat before."
)
BEATEN = (
    "All keys depend on the same state $z_t$: it ties those that belong to one chord, and it may remember more than "
    "a beat."
)
HOW_TO_BEAT = (
    "Press **Start** with the settings as they are. **Best**, above the chart, is the lowest validation bound so far; "
    "the baselines are the dotted lines, or lie above the picture once the curve has left them behind."
)
SHARE = "At the end of the curves that are shown now: what share of the bound is KL, in per cent?"
HOW_TO_SHARE = (
    "The numbers beside the names above the chart are those of the last point; bound = reconstruction + KL. A whole "
    "number of per cent is near enough."
)
NONE_YET = "There is nothing to compare yet: no run of yours has a validation bound and baselines."
NO_SHARES = (
    "The second task asks for a share of the bound, and this run has none to show yet, or its nats are of a density. "
    "Look at another run, or at this one later."
)


@st.fragment
def show_tasks(run) -> None:
    """Both tasks; `run` is the one on the screen."""
    tasks.heading(LESSON)
    first, second = st.columns(2)
    with first:
        tasks.reach(LESSON, "markov", BEAT_IT, lambda: beats_baseline(own_runs(run)), BEATEN, HOW_TO_BEAT)
    with second:
        _ask_for_share(run)


def own_runs(run) -> list:
    """The folders of the visitor's runs, and the one on the screen if it did not come with the app.

    A browser that keeps no cookies knows a run after a reload by the page's address alone, so that one counts as well.
    """
    names = {*my_runs(), *([run.name] if run.parent != store.SHIPPED else [])}
    found = []
    for name in sorted(names):
        try:
            found.append(store.find_run(name))
        except RunError:  # deleted meanwhile
            continue
    return found


def beats_baseline(runs) -> tuple[bool, str]:
    """Whether one of these runs lies below its own data's baseline, and how far the best of them is, in words."""
    margins = {run.name: margin for run in runs if (margin := _margin(run)) is not None}
    if not margins:
        return False, NONE_YET
    name = min(margins, key=lambda one: margins[one][0] - margins[one][1])
    best, baseline = margins[name]
    return best < baseline, f"The best of run {name} is {best:.2f} nats per frame; its baseline is {baseline:.2f}."


def _margin(run):
    """The best validation bound of a run and its baseline; None where one of them is missing."""
    try:
        config, best = store.read_run_config(run), store.read_status(run).best
        if config.emission != "bernoulli" or best is None:
            return None
        return best, baselines_of(config.data)[BASELINE]
    except (RunError, DataError):
        return None


def _ask_for_share(run):
    last = last_point(run)
    if last is None:
        st.caption(NO_SHARES)
        return
    bound, reconstruction, kl = last
    because = f"{kl:.2f} of {bound:.2f} nats; the other {reconstruction:.2f} are the reconstruction."
    tasks.number(LESSON, "parts", SHARE, 100 * kl / bound, because, HOW_TO_SHARE, within=2.0, digits=0)


def last_point(run):
    """Bound, reconstruction and KL at the end of the curves, nats per frame; None if they have no share in each other.

    In most runs each is above 0; a Gaussian emission's are logarithms of a density, and may be anything.
    """
    curves = curves_of(run)
    curves.update()
    last = [(curves.points[name] or [math.nan])[-1] for name in ("bound", "reconstruction", "kl")]
    return last if all(one > 0 for one in last) else None
