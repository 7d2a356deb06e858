"""What a model of this kind and size cannot do: each claim true by construction, or with its number computed here."""

import numpy as np
import streamlit as st

from dmm.probing import statistics
from dmm.ui.listen.probe_results import latents_of
from dmm.ui.looking import beside_z, is_augmented, model_of, version_of

AHEAD = (1, 4, 16)  # beats
STARTS = 75  # states from which the model goes on
LIMITS = (
    "**Each key is decided alone.** Given $z_t${seen}, the emitter tosses a coin for each key, and no coin sees "
    "another: two neighbours can sound at once, and a chord of six. That holds for any weights.",
    "**The only memory is the last beat.** What comes next depends on $z_t${kept}, and on nothing else; what is "
    "to be remembered for sixteen beats has to be handed on sixteen times, and each time noise is added.{fade}",
    "**Nobody tells it the form.** No part of the model is told of bars, phrases, sections or how long the piece is to "
    "be. A theme that comes back, a cadence at its proper place: all that these take has to be in $z_t$ as well. How "
    "much of it is there is what the probes ask.",
    "**The grid is coarse.** A frame is a beat. A key that is held and one that is struck again are the same to the "
    "model, and what happens between beats does not exist for it.",
)
FADE = (
    " From the state in the middle of each of {states} test pieces the model went on {futures} times: of the variance "
    "of the keys' chances, that state settles {settled}."
)
TABLE = (
    "Means over pieces, ± one standard error. Kinship is the cosine of two beats' sets of pitch classes: 1 "
    "if they are the same, 0 if they have none in common. The draws come from the model alone, as many and as long as "
    "the {test}, up to {longest} beats each."
)


def show(run, pieces) -> None:
    """The claims, and a table of test pieces beside draws from the model alone; `pieces` are those of the probes."""
    st.subheader("What it cannot do", anchor=False)
    fades, rows = _measured(run.name, version_of(run), pieces.name, run, pieces)
    words = {"seen": beside_z(run), "kept": " and $x_t$" if is_augmented(run) else ""}
    st.markdown("\n".join(f"- {claim.format(**words, fade=_in_words(fades))}" for claim in LIMITS))
    st.markdown("| Counted | test pieces | drawn |\n|---|---:|---:|\n" + "\n".join(map(_row, rows)))
    count = len(pieces.test)
    plural = f"{count} test pieces" if count > 1 else "test piece"
    st.caption(TABLE.format(test=plural, longest=statistics.LONGEST))


@st.cache_data(show_spinner="Drawing pieces to count in…", max_entries=50)
def _measured(run_name, version, name, _run, _pieces):
    """What fades, (states, shares); and rows of the table: what, counted in the test pieces, counted in draws."""
    dmm, rolls = model_of(_run)[0], [piece.roll for piece in _pieces.test]
    drawn = statistics.draw_like(dmm, rolls)
    counts = dict(statistics.COUNTS) | {
        f"kinship of beats {lag} apart": lambda roll, lag=lag: statistics.kinship(roll, lag) for lag in statistics.LAGS
    }
    rows = [(what, statistics.count(rolls, find), statistics.count(drawn, find)) for what, find in counts.items()]
    draws = [one.draw for one in latents_of(_run, _pieces.train + _pieces.test)[len(_pieces.train) :]]
    return _fades(dmm, draws[:STARTS], rolls[:STARTS]), rows


def _fades(dmm, draws, rolls):
    """How many states there were, and what each settles after the beats in `AHEAD`; None if there is one state only."""
    from dmm.probing.memory import fade

    if len(rolls) < 2:
        return None
    middles = [len(roll) // 2 for roll in rolls]
    states = np.array([draw[t] for draw, t in zip(draws, middles, strict=True)])
    notes = np.array([roll[t] for roll, t in zip(rolls, middles, strict=True)], dtype=float)
    settled = fade(dmm, states, notes, max(AHEAD))[list(AHEAD)]
    return (len(rolls), settled) if np.isfinite(settled).all() else None


def _in_words(fades):
    """The numbers of what fades."""
    if fades is None:
        return ""
    from dmm.probing.memory import FUTURES

    shares = [
        f"{max(0, share):.0%} after {n} beat{'s' if n > 1 else ''}" for n, share in zip(AHEAD, fades[1], strict=True)
    ]
    return FADE.format(states=fades[0], futures=FUTURES, settled=", ".join(shares))


def _row(row):
    """One line of the table."""
    name, *counts = row
    percent = name in statistics.COUNTS

    def cell(count):
        if not np.isfinite(count.mean):
            return "too short"
        value = f"{count.mean:.1%}" if percent else f"{count.mean:.2f}"
        if not np.isfinite(count.error):
            return value
        return f"{value} ± {count.error:.1%}" if percent else f"{value} ± {count.error:.2f}"

    return f"| {name} | {' | '.join(map(cell, counts))} |"
