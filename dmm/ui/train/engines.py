"""Two engines, one answer: the same model trained by both, as stored or as measured here and now."""

import streamlit as st

from dmm import figures
from dmm.data import DataError
from dmm.runs import engine_race, store
from dmm.runs.line import RACE
from dmm.runs.store import RunError
from dmm.ui import acts, current
from dmm.ui.plot import plot
from dmm.ui.words import plain

TICK = 0.4  # seconds
NAMES = {"fused": "Fused engine", "pyro": "Pyro program"}
RUN_IT = (
    "Trains the same small model twice, first with the fused engine, then with Pyro: some 15 seconds, more where "
    "others train."
)
SAME = (
    "The *fused engine* computes the bound and its gradient by hand-written loops; the *Pyro program* is the model as "
    "one would write it in Pyro, a latent at a time, with Pyro's own ELBO. Both train the same small model, with the "
    "same first weights, order of pieces, noise, form of the KL and optimiser. So they must learn the same."
)
TIMED = (
    "Each engine has one thread, one after the other. The first update, which warms up, and the first after each "
    "validation are not timed."
)
APART = (
    "Of the two bounds of one update, relative to their size; the largest over all updates. Training computes "
    "with about seven digits (float32), so that many agree, and later updates amplify the last of them."
)


def compare_engines() -> None:
    """The section of the Train page; drawn only while it is open, for its figures take a moment to load."""
    section = st.expander("Two engines, one answer", key="engines", on_change="rerun")
    if section.open:
        with section:
            st.markdown(SAME)
            st.fragment(_section, run_every=TICK if _runs() else None)()


def _section():
    """The race that is on; or the result of the last one, and a button for the next."""
    if _runs():
        _go_on()
        _progress()
        return
    if st.button("Run it here", icon=":material/timer:", help=RUN_IT, key="run_race"):
        _submit(0)
        st.rerun()  # of the page: only so does this fragment begin to tick
    trouble = st.session_state.pop("race_trouble", None)
    if trouble:
        st.warning(plain(trouble))
    _result()


# --- the race: a run for each engine, the second when the first is done -------------------------------------------


def _runs():
    """The folders of the race that is on, as far as they have been made."""
    return st.session_state.get("race", [])


def _submit(place):
    """Put the engine of this place into the line; if it may not be, the race is over."""
    try:
        run = acts.begin(engine_race.race_config(engine_race.ENGINES[place]), kind=RACE)
    except (RunError, DataError) as error:
        _end(str(error))
    else:
        st.session_state["race"] = [*_runs(), run]


def _go_on():
    """See how the last engine is doing: the next one's turn, or the end of the race."""
    runs = _runs()
    status = current.runner().status(runs[-1])
    if status.state in store.LIVE:
        return
    if status.state != "done":
        _end(f"The comparison was {status.state}. {status.sentence}")
    elif len(runs) < len(engine_race.ENGINES):
        _submit(len(runs))
    else:
        _end(_measure(runs))
    if not _runs():
        st.rerun()  # of the page: so that this fragment ticks no more


def _measure(runs):
    """Keep what the runs have measured; what went wrong, or nothing."""
    try:
        laps = [engine_race.read_lap(run) for run in runs]
        if engine_race.are_comparable(laps):
            st.session_state["race_result"] = laps
            return ""
    except (RunError, KeyError, TypeError):
        pass  # damaged records
    return "The records of the two runs cannot be compared; try again."


def _end(trouble=""):
    """No race is on; what went wrong is said once."""
    st.session_state.pop("race", None)
    if trouble:
        st.session_state["race_trouble"] = trouble


def _progress():
    """How far the race is."""
    runs, engines = _runs(), len(engine_race.ENGINES)
    status, epochs = current.runner().status(runs[-1]), engine_race.race_config("fused").epochs
    current.runner().watch(runs[-1])
    before = current.runner().waiting_before(runs[-1])
    name = NAMES[engine_race.ENGINES[len(runs) - 1]]
    words = f"{name}: epoch {min(status.epoch + 1, epochs)} of {epochs}."
    if before is not None:
        ahead = {0: "its turn is next", 1: "one turn is before it"}.get(before, f"{before} turns are before it")
        words = f"{name}: waiting for a place to train; {ahead}."
    st.progress((len(runs) - 1 + status.epoch / epochs) / engines, words)
    if st.button("Cancel", key="cancel_race", help="Stops the comparison; what was shown before comes back."):
        current.runner().order(runs[-1], "cancel")
        _end()
        st.rerun()


# --- what was measured ---------------------------------------------------------------------------------------------


def _result():
    """What was measured here, else what came with the app."""
    measured = st.session_state.get("race_result")
    laps = measured or engine_race.load_laps()
    if not laps:
        st.info("There is no stored comparison; run it here.")
        return
    fused, pyro = laps
    _numbers(fused, pyro)
    plot(figures.engine_curves({NAMES[lap.engine]: lap.bounds for lap in (pyro, fused)}), "engine_curves")
    plot(figures.engine_speeds({NAMES[lap.engine]: lap.frames_per_second for lap in (pyro, fused)}), "engine_speeds")
    stored = f"**A stored run** that came with the app, the quickest of {engine_race.STORED_RACES} for each engine."
    whence = "**Measured here.**" if measured else stored
    config = engine_race.race_config("fused")
    st.caption(
        f"{whence} {len(fused.bounds)} updates; latent {config.z_dim}, RNN {config.rnn_dim}, "
        f"{config.batch_size} pieces a batch. {TIMED}"
    )


def _numbers(fused, pyro):
    """Speeds, their ratio, and how far the two curves are apart."""
    with st.container(horizontal=True, gap="medium", key="race_numbers"):
        for lap in (fused, pyro):
            words = f"{lap.updates} updates in {lap.seconds:.2f} seconds."
            st.metric(f"{NAMES[lap.engine]}, frames / s", f"{lap.frames_per_second:,.0f}", help=words, width="content")
        ratio = fused.frames_per_second / pyro.frames_per_second
        st.metric("Ratio", f"{ratio:.1f} ×", help="How many times as fast the fused engine is.", width="content")
        apart = engine_race.largest_difference(fused, pyro)
        st.metric("Largest difference", in_powers(apart), help=APART, width="content")


def in_powers(number: float) -> str:
    """A small number as people write it.

    >>> in_powers(3.14e-06), in_powers(0.0)
    ('3.1 × 10⁻⁶', '0')
    """
    if not number:
        return "0"
    digits, power = f"{number:.1e}".split("e")
    return f"{digits} × 10{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
