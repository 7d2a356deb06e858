"""Compare: the section on sweeps: what to try, how far it is, and what came of it."""

from collections import Counter

import streamlit as st

from dmm.config import about
from dmm.runs import pace, store, sweep_records
from dmm.ui import acts
from dmm.ui.compare import sweep_acts, sweep_form, sweep_view
from dmm.ui.compare.pinned import LESSON
from dmm.ui.current import runner
from dmm.ui.hiding import is_hidden
from dmm.ui.learner import may_steer
from dmm.ui.words import plain

TICK, SLOW_TICK = 2.0, 6.0  # seconds, while it trains and while it rests: another tab may let it go on
RESTING = ("paused", "interrupted")
START = "Queues all runs of this sweep. They train on when you leave the page, and rest after ten minutes unseen."
PAUSE = "All its runs rest; Resume all goes on from the same point."
STOP = "Ends all its runs; what they have learned is kept."
RESUME = "Queues again all runs that are not done, from their last snapshots."
WATCHED = "You watch this sweep; only the browser that started it can pause or stop it."
WHICH = "The sweeps that you have started from this browser, and the one of the link."


def show_sweep(pinned):
    """Controls for a new sweep and the one that is shown; that one and its runs, or None."""
    if is_hidden(LESSON, sweep_acts.PARAMETER):
        return None
    shown = sweep_acts.chosen_sweep()
    with st.expander("Set up a sweep", expanded=shown is None):
        _offer(pinned)
    trouble = st.session_state.pop(sweep_acts.TROUBLE, None)
    if trouble:
        st.warning(plain(trouble))
    said = st.session_state.pop(sweep_acts.SAID, None)
    if said:
        st.toast(said)
    if shown is None:
        return None
    shown = _choose_among(shown)
    how = _how_it_is(sweep_records.read_results(*shown, runner().status))
    st.fragment(_show, run_every={"live": TICK, "resting": SLOW_TICK, "over": None}[how])(*shown, how)
    return shown


@st.fragment
def _offer(pinned):
    """The controls, and the button that starts."""
    sweep = sweep_form.show_form(pinned)
    pressed = st.button(
        "Start sweep", icon=":material/play_arrow:", type="primary", help=START, disabled=sweep is None, key="go sweep"
    )
    if pressed and sweep:
        with st.spinner("Making the runs…"):
            sweep_acts.start(sweep)
        st.rerun()


def _choose_among(shown):
    """Another of the visitor's sweeps, if there are several."""
    names = dict.fromkeys([*sweep_acts.my_sweeps(), shown[0].id])
    known = {name: found for name in names if (found := sweep_acts.read(name))}
    if len(known) < 2:
        return shown
    order = [*known]
    words = {name: f"{name}: {_in_words(*found)}" for name, found in known.items()}
    at = order.index(shown[0].id)
    key = f"sweep among {len(order)} {shown[0].id}"
    chosen = st.selectbox("Sweeps", order, index=at, format_func=words.get, help=WHICH, key=key)
    if chosen != shown[0].id:
        st.session_state[sweep_acts.SHOWN] = chosen
        st.rerun()
    return shown


def _show(sweep, runs, how):
    """The sweep as it is now; when it goes on, rests or is over, the whole page runs again, for buttons and ticks."""
    results = sweep_records.read_results(sweep, runs, runner().status)
    if _how_it_is(results) != how:
        st.rerun()
    if how == "live":
        for run in runs:
            runner().watch(run)
    st.markdown(f"**Sweep `{sweep.id}`**: {_in_words(sweep, runs)}, {sweep.base.epochs:,} epochs each.")
    if how != "over":
        _show_progress(sweep, results)
    _show_buttons(runs, results, how)
    sweep_view.show_view(sweep, results)


def _how_it_is(results):
    """Whether any of it trains or waits, or rests, or all is over."""
    states = {one.status.state for one in results}
    return "live" if states & {*store.LIVE} else "resting" if states & {*RESTING} else "over"


def _show_progress(sweep, results):
    """How far it is: runs that are done, that wait, that rest; and how long it still takes."""
    states = Counter(one.status.state for one in results)
    over = len(results) - states["queued"] - states["running"] - sum(states[state] for state in RESTING)
    parts = [f"{over} of {len(results)} done"]
    parts += [f"{states[state]} {word}" for state, word in WORDS.items() if states[state]]
    epochs = sum(min(one.status.epoch, sweep.base.epochs) for one in results)
    left = [max(0, sweep.base.epochs - one.status.epoch) for one in results if one.status.state in store.LIVE]
    seconds = sum(one.status.seconds for one in results)
    if epochs and any(left):
        parts.append(f"{pace.in_words(sum(left) * seconds / epochs)} of training left")
    st.progress(min(1.0, epochs / max(1, len(results) * sweep.base.epochs)), " · ".join(parts))
    resting = next((one.status.sentence for one in results if one.status.state in RESTING), "")
    if resting and not states["running"] + states["queued"]:
        st.caption(plain(resting))
    first = next((one.run for one in results if one.status.state == "queued"), None)
    if first and not states["running"]:
        wait = runner().wait(first)
        st.caption(f"In the lowest class of the line: single runs go first{_before(wait)}.")


WORDS = {"running": "training", "queued": "waiting", "paused": "paused", "interrupted": "interrupted"}


def _before(wait):
    if wait is None or not wait.before:
        return ""
    return f"; {wait.before} turn{'s' if wait.before > 1 else ''} before it"


def _show_buttons(runs, results, how):
    """What its owner can do now."""
    if not may_steer(runs[0]):
        st.caption(WATCHED)
        return
    can_resume = any(one.status.state in acts.RESUMABLE for one in results)
    with st.container(horizontal=True, key="sweep_buttons"):
        if how == "live":
            _button("Pause all", "pause", PAUSE, lambda: sweep_acts.order_all(runs, "pause"))
        elif can_resume:
            _button("Resume all", "play_arrow", RESUME, lambda: sweep_acts.resume_all(runs))
        if how == "live":
            _button("Stop all", "stop", STOP, lambda: sweep_acts.order_all(runs, "cancel"))


def _button(label, icon, words, act):
    st.button(label, icon=f":material/{icon}:", help=words, on_click=act, key=f"sweep {label}")


def _in_words(sweep, runs):
    """What was tried.

    >>> from dmm.config import make_config
    >>> from dmm.runs.sweeps import make_sweep
    >>> _in_words(make_sweep(make_config(), {"z_dim": [8, 16], "kl": ["analytic", "sampled"]}), range(4))
    'Latent size × KL, 4 runs'
    """
    return f"{' × '.join(about(name)['label'] for name in sweep.fields)}, {len(runs)} runs"
