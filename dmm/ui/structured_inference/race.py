"""The race: all six networks learn the same linear system, each towards a floor that is known."""

from functools import cache

import numpy as np
import streamlit as st

from dmm import floors, kalman, palette, systems
from dmm.combiner_floor import combiner_floor
from dmm.runs import store
from dmm.runs.experiment_results import NETWORKS
from dmm.runs.race_records import JUDGED, ROUNDS, STEPS, TRAINED, Race, load_race, read_race
from dmm.runs.store import RunError
from dmm.ui import acts, current
from dmm.ui.learner import may_steer
from dmm.ui.live_chart import Line, Series, stream_chart
from dmm.ui.words import plain

TICK = 0.5  # seconds
PARAMETER = "race"
FAR = 0.8  # nats per frame above the exact value; what lies higher is not drawn, or it would press all else together
COLOURS = {
    "mf-l": palette.VERMILLION,
    "mf-r": palette.ORANGE,
    "mf-lr": palette.PURPLE,
    "st-l": palette.GREEN,
    "st-r": palette.BLUE,
    "st-lr": palette.BLACK,
}
SERIES = tuple(Series(name, name.upper(), colour, dash=name.startswith("mf")) for name, colour in COLOURS.items())
RUN_IT = (
    f"Trains all six anew, from the same {TRAINED:,} sequences, in turn in one process: about a minute. Each time with "
    "other data and other first weights."
)
HEAD = "| network | above exact | its family's floor | RMSE |"
DESCRIPTION = (
    "Six learning curves: the bound of each inference network in nats per frame, lower is better, over the number of "
    "updates, and horizontal lines for the exact value and for the floor of each network."
)


def show_race() -> None:
    """The section of the page: the race that is on, the visitor's last one, or the one that came with the app."""
    run = _chosen()
    live = run is not None and current.runner().status(run).state in store.LIVE
    st.fragment(_section, run_every=TICK if live else None)(live)


def reached() -> dict[str, tuple[float, float]]:
    """Where the networks of a race that is over ended: the bound minus the exact NLL, and its standard error."""
    return {one.inference: (one.gap, one.gap_se) for one in _finished(*_race(_chosen()))[0]}


def learned() -> dict[str, list[list[float]]]:
    """How each frame moves each latent's mean in the networks of a race that is over."""
    return {one.inference: one.influence for one in _finished(*_race(_chosen()))[0] if one.influence}


def _section(live):
    run = _chosen()
    status = current.runner().status(run) if run else None
    if live and status.state not in store.LIVE:
        st.rerun()  # of the page: so that this fragment ticks no more, and what depends on the results is drawn anew
    if live:
        _progress(run, status)
    else:
        _offer(run)
    trouble = st.session_state.pop("network_race_trouble", None)
    if trouble:
        st.warning(plain(trouble))
    if status and status.state not in (*store.LIVE, "done"):
        st.warning(plain(f"The race was {status.state}. {status.sentence}"))
    race, stored = _race(run)
    if race.rounds:
        _chart(race, "stored" if stored else run.name)
        st.caption(_legend(race, stored, status))
    results, whence = _finished(race, stored)
    if results:
        _results(results, whence)


# --- which race ------------------------------------------------------------------------------------------------------


def _chosen():
    """The folder of the visitor's race, from the session or the link; None for the one that came with the app."""
    if st.session_state.pop("network_race_left", False) and PARAMETER in st.query_params:
        del st.query_params[PARAMETER]
    name = st.session_state.get("network_race") or st.query_params.get(PARAMETER)
    if name is None:
        return None
    try:
        run = store.find_run(name)
        store.read_about(run, store.RACE)
    except RunError:
        st.session_state.pop("network_race", None)
        if PARAMETER in st.query_params:
            del st.query_params[PARAMETER]
        st.session_state["network_race_trouble"] = "No such race: it may have been deleted; here is the stored one."
        return None
    st.session_state["network_race"] = name
    if st.query_params.get(PARAMETER) != name:
        st.query_params[PARAMETER] = name
    return run


def _begin():
    number = st.session_state.get("network_races", 0) + 1
    try:
        run = acts.begin_race(seed=number)
    except RunError as error:
        st.session_state["network_race_trouble"] = str(error)
    else:
        st.session_state.update(network_race=run.name, network_races=number)
    st.rerun()


def _offer(run):
    """A button for a new race; and one for the stored race, if another is on the page."""
    with st.container(horizontal=True):
        if st.button("Run it here", icon=":material/sports_score:", help=RUN_IT, key="run_network_race"):
            _begin()
        back = "Puts the race that came with the app in the place of this one."
        if run and st.button("Show the stored race", icon=":material/undo:", help=back, key="stored_network_race"):
            st.session_state.pop("network_race", None)
            st.session_state["network_race_left"] = True  # the link still names it: it can be cleared only now
            st.rerun()


def _finished(race, stored):
    """The results of this race if it is over, else of the stored one; and whose they are, in words."""
    if race.results and not stored:
        return race.results, "In this race"
    first = race if stored else load_race()
    return (first.results if first else ()), "In the stored race"


def _race(run) -> tuple[Race, bool]:
    """What to show, and whether it is the stored one: that stays until the new one has its first point."""
    found = read_race(run) if run else None
    if found and found.rounds:
        return found, False
    return load_race() or Race(None, ()), True


# --- what is shown ---------------------------------------------------------------------------------------------------


def _progress(run, status):
    before = current.runner().waiting_before(run)
    words = f"Round {min(status.epoch + 1, ROUNDS)} of {ROUNDS}: each network trains for {STEPS} updates."
    if before is not None:
        words = f"Waiting for a place to train; {before} before it."
    elif status.epoch == ROUNDS:
        words = "Judging all six with more draws."
    st.progress(status.epoch / ROUNDS, words)
    current.runner().watch(run)
    if may_steer(run) and st.button(
        "Cancel", key="cancel_network_race", help="Ends the race; what it has drawn so far stays."
    ):
        current.runner().order(run, "cancel")


def _chart(race, name):
    def column(network):
        return [race.exact + one.gaps[network] if one.gaps[network] < FAR else None for one in race.rounds]

    stream_chart(
        key="race",
        run=name,
        points={"step": [one.step for one in race.rounds]} | {network: column(network) for network in NETWORKS},
        series=SERIES,
        lines=_lines(race.exact),
        x="step",
        x_label="updates of each network",
        y_label="bound (nats per frame, lower is better)",
        description=DESCRIPTION,
        height=420,
    )


def _lines(exact):
    """The exact value and the floors above it."""
    above = {name: one.bound - one.exact for name, one in _floors().items()}
    lines = [Line(f"{name.upper()} floor", exact + gap, COLOURS[name]) for name, gap in above.items() if gap > 1e-9]
    return (*lines, Line("exact", exact, palette.GREY))


def _legend(race, stored, status):
    whence = "**A stored race** that came with the app." if stored else "**Measured here.**"
    last = race.rounds[-1]
    over = " It is not over yet." if status and status.state in store.LIVE and not race.results else ""
    return (
        f"{whence}{over} {last.step:,} updates of each network, {last.seconds:.0f} seconds for all six on one core. "
        f"Each point is the bound on {JUDGED} sequences that nobody trained on, with one draw of the latents for each; "
        "the exact value is Kalman's on the same sequences, and each floor is that plus its gap in closed form. "
        "That is an expectation: on these sequences a curve may lie a little below. "
        "Over all sequences the exact value is "
        f"{_floors()['st-r'].exact:.4f}; the gap meter below has the floors over all sequences. "
        f"Bounds more than {FAR:g} above it are not drawn."
    )


@cache
def _floors():
    """The floor of each network on this system."""
    return floors.floors(systems.linear(), systems.FRAMES)


@cache
def _combiner_gap(network):
    """What its combiner's form costs a structured network on this system, in nats per frame."""
    return combiner_floor(systems.linear(), systems.FRAMES, network).gap


def _results(results, whence):
    """Where each of them ended, in numbers; and why the two that see all stop just above the exact value."""
    known = _floors()
    right, both = (_combiner_gap(name) for name in ("st-r", "st-lr"))
    rows = [
        f"| **{one.inference.upper()}** | {one.gap:.4f} ± {2 * one.gap_se:.4f} "
        f"| {known[one.inference].bound - known[one.inference].exact:.4f} | {one.rmse:.2f} |"
        for one in results
    ]
    words, table = st.columns([2, 3], gap="large")
    table.markdown("\n".join([HEAD, "|---|---|---|---|", *rows]))
    weights = kalman.conditionals(systems.linear(), np.zeros((1, systems.FRAMES, 1))).A[:, 0, 0]
    words.markdown(
        f"{whence}: nats per frame above the exact value, ± two standard errors, judged with more draws; and the root "
        f"mean square error (RMSE) of each network's mean, where the exact posterior has {results[0].exact_rmse:.2f}."
    )
    words.markdown(
        "**What stops ST-R and ST-LR above 0?** Their *combiner*, which merges $z_{t-1}$ with what the RNNs say, "
        "*adds* the two. So in a linear world $z_{t-1}$ has the same weight at every $t$. The exact weight is "
        f"{weights[len(weights) // 2]:.2f} in the middle and {weights[-1]:.2f} at the last frame, where no future "
        f"speaks. The best guesses with such a combiner stop at {right:.4f} (ST-R) and {both:.4f} (ST-LR)."
    )
