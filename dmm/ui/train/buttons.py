"""The buttons of the Train page: start, play and pause, a step, again from the start, stop."""

import sys

import streamlit as st

from dmm.runs import store
from dmm.runs.retention import is_pinned, pin
from dmm.runs.store import RunError
from dmm.ui import acts, keys
from dmm.ui.current import runner
from dmm.ui.learner import may_steer

START = "Trains a new model with the settings on this page. Training goes on when you leave the page."
AT_ODDS = "Some settings do not go together; the red sentence above them says which."
PAUSE = "Training rests; Resume goes on from the same point (key Space)."
RESUME = "Goes on from the last snapshot (key Space)."
STOP = "Ends the run; what it has learned is kept."
HALVE = "From the last good weights, with half the learning rate."
STEP = "One update, then it pauses (key →)."
FIRST_STEP = "The first update of a new run, then it pauses (key →)."
RESET = "A run with the same settings, seed and first weights, before its first update. This one is kept."
RESEED = "The same settings with another seed: other first weights, order of the pieces and noise. This one is kept."
PIN = "The server keeps so many runs; when space gets short the oldest go first, but none that is pinned."
WATCHED = "You watch this run; only the browser that started it can pause, stop or change it."
NO_CAP = "On this system a run's memory is not limited, and training does not make way for the pages."
SHORTCUTS = {"Space": ["pause", "resume", "start"], "ArrowRight": ["step"]}


def run_buttons(run, state, config) -> None:
    """What can be done now with the run that is shown and whose state is given; `config` is that of the next run."""
    own, live = run.parent != store.SHIPPED, state in store.LIVE
    mine = own and may_steer(run)
    if not live:
        acts.has_ended(run)
    with st.container(horizontal=True, key="run_buttons"):
        if mine:
            _play(run, state)
        begun = _begin(own, mine, config)
        if mine:
            again = store.read_run_config(run)
            _button("Reset", "replay", RESET, "reset", lambda: acts.start_over(again))
            _button("Reseed", "casino", RESEED, "reseed", lambda: acts.start_over(again, acts.new_seed()))
            _keep(run)
    if begun:
        st.rerun()
    keys.listen(SHORTCUTS)
    if own and not mine:
        st.caption(WATCHED)
    if sys.platform != "linux":
        st.caption(NO_CAP)
    trouble = st.session_state.pop(acts.TROUBLE, None)
    if trouble:
        st.warning(trouble)


def _play(run, state):
    """Pause and stop while it trains or waits; go on, or a step, while it rests.

    Step and Stop keep their places while they cannot be pressed: a hand that presses the same spot again and again
    must not come upon another button.
    """
    held = state in store.LIVE and runner().holds(run)
    if not held and state not in acts.RESUMABLE:
        return
    given = held and acts.is_ending(run)
    if held:
        _button("Pause", "pause", PAUSE, "pause", lambda: acts.order(run, "pause"), disabled=given, kind="primary")
    else:
        _button("Resume", "play_arrow", RESUME, "resume", lambda: acts.resume(run), kind="primary")
    _button("Step", "skip_next", STEP, "step", lambda: acts.resume(run, steps=1), disabled=held)
    _button("Stop", "stop", STOP, "stop", lambda: acts.order(run, "cancel"), disabled=given or not held)
    if state == "diverged":
        _button("Halve the rate, resume", "trending_down", HALVE, "halve", lambda: acts.halve_rate(run))


def _begin(own, mine, config):
    """Start, and where no run is the visitor's, the first step of one; whether a run was made.

    Not by a callback: that would know only the settings before those that came along with the click.
    """
    words = START if config else AT_ODDS
    label, icon = ("Start a new run" if own else "Start"), ("rocket_launch" if mine else "play_arrow")
    words, kind = (words, "secondary") if mine else (f"{words} (key Space)", "primary")
    start = _button(label, icon, words, "start", disabled=not config, kind=kind)
    step = not mine and _button("Step", "skip_next", FIRST_STEP, "step", disabled=not config)
    if start or step:
        acts.start(config, steps=1 if step else None)
    return start or step


def _keep(run):
    """A run that stays whatever comes."""
    pinned = is_pinned(run)
    label, icon = ("Unpin", "keep_off") if pinned else ("Pin", "keep")
    _button(label, icon, PIN, "pin", lambda: _pin(run, not pinned), kind="tertiary")


def _pin(run, kept):
    try:
        pin(run, kept)
    except RunError as error:
        st.session_state[acts.TROUBLE] = str(error)


def _button(label, icon, words, key, act=None, disabled=False, kind="secondary"):
    return st.button(label, key=key, icon=f":material/{icon}:", help=words, disabled=disabled, type=kind, on_click=act)
