"""What z knows: a linear probe reads the key, the texture and the phrase from the latent state, beside what it must
beat."""

import numpy as np
import streamlit as st

from dmm import figures
from dmm.inspection import NotFinite
from dmm.probing import scores
from dmm.probing.study import LAGS
from dmm.probing.targets import TARGETS, missing
from dmm.runs import store
from dmm.runs.store import RunError
from dmm.ui import looking
from dmm.ui.datasets import dataset_of
from dmm.ui.dials import listing, stops
from dmm.ui.latents.showing import what_it_sees
from dmm.ui.listen import limits, nudge, probe_reading
from dmm.ui.listen.lesson import LESSON
from dmm.ui.listen.probe_results import MOST_BEATS, ask, first_pieces, knowing, latents_of, pieces_of, reach
from dmm.ui.plot import plot
from dmm.ui.words import plain

ONE_SIDED = "A probe is fitted to training pieces and judged on test pieces, and these data have not both."
ASK = "What the probe is to read. Each answer comes from the data, never from the model."
RIDGES = {text: text for text in ("0.0001", "0.001", "0.01", "0.1", "1", "10")}
RIDGE = "Lambda: what large weights cost. The larger, the more cautious the probe; 0.0001 is hardly any, 10 very much."
FAR = ("lowest", "highest", "sounding", "struck", "phrase")  # what another beat of the piece answers in its own way
ROWS = {  # of the figure of scores: name, kind
    "baseline": ("", "baseline"),
    "notes": ("x<sub>t</sub>", "notes"),
    "near": ("x<sub>t−1</sub> to x<sub>t+1</sub>", "notes"),
    "mean": ("z<sub>t</sub>, mean", "latent"),
    "draw": ("z<sub>t</sub>, one draw", "latent"),
    "filtered": ("z<sub>t</sub>, past alone", "latent"),
    "control": ("z<sub>t</sub>, shuffled", "control"),
}
ABOUT_ROWS = """
- **$x_t$**: the same kind of probe on the 88 keys of the beat; **$x_{t-1}$ to $x_{t+1}$**: and of its two neighbours.
- **mean**: of eight draws of $z_t$ from the guess; **one draw**: what emitter and transition work with.
- **past alone**: guessed beat by beat, each time as if the piece ended there, so that nothing later leaks in.
- **shuffled**: a control. The probe is fitted to the answers of other pieces, five times; it can learn
  no more from them than how common an answer is.
- Bars are one standard error over the test pieces. Beats of a piece are not independent, so they are not counted. A
  difference is called clear if it is more than two of its own standard errors.
"""


def show(run) -> None:
    """The whole part: probes, one piece, reach, nudge, and what such a model cannot do."""
    piece = looking.choose_piece(run, LESSON)
    data = store.read_run_config(run).data
    train, test = (first_pieces(getattr(dataset_of(data), part), MOST_BEATS[part]) for part in ("train", "test"))
    if not train or not test:
        st.info(ONE_SIDED)
        return
    pieces = pieces_of(data, train, test)
    if _is_sound(run, pieces):
        _probe(run, piece, pieces)
        limits.show(run, pieces)


def _is_sound(run, pieces) -> bool:
    """Whether the states of a run can be had; if not, a sentence says why."""
    try:
        latents_of(run, pieces.train + pieces.test)
    except RunError as error:
        st.error(plain(str(error)))
        return False
    except NotFinite:
        st.error(looking.RAN_AWAY)
        return False
    return True


@st.fragment
def _probe(run, piece, pieces):
    """Everything that depends on the question."""
    st.markdown(
        "Does the hidden state know the key, the texture, the phrase? A **linear probe** is a weighted sum of the "
        "numbers in $z_t$ that comes as near as it can to the answer (ridge regression, in closed form). It is fitted "
        "to the states that the network guesses for training pieces, and judged on test pieces, which it has never "
        "seen. What it reads is in $z_t$; what it misses may be there in a form that no weighted sum finds."
    )
    reasons = {name: missing(target, pieces.train, pieces.test) for name, target in TARGETS.items()}
    open_ones = {name: TARGETS[name].title for name, reason in reasons.items() if not reason}
    left, right = st.columns(2)
    with left:
        name = listing(LESSON, "ask", "What to read", open_ones, ASK, "one of the questions that these data answer")
    with right:
        ridge = float(stops(LESSON, "ridge", "Ridge λ", RIDGES, RIDGE, "0.01"))
    asked = knowing(pieces, name)
    st.caption(
        f"{TARGETS[name].title}: {TARGETS[name].definition}. Fitted to {_count(asked.train, 'training')}, judged on "
        f"{_count(asked.test, 'test')}."
    )
    left_out = [f"{TARGETS[one].title} ({reason})" for one, reason in reasons.items() if reason]
    if left_out:
        st.caption(f"Left out: {'; '.join(left_out)}.")
    found = ask(run, pieces, name, ridge)
    _scores(run, found, TARGETS[name])
    probe_reading.show(run, piece, pieces, found, TARGETS[name])
    if name in FAR:
        _reach(run, pieces, name, ridge, found)
    nudge.show(run, pieces, name, ridge)


def _scores(run, found, target):
    """The figure of scores, and what it says of z."""
    base = "always the commonest" if target.classes else "always the mean"
    rows = [(title or base, *scores.score(found.marks[row]), kind) for row, (title, kind) in ROWS.items()]
    plot(figures.probe_scores(rows, _unit(target)), "probe scores", tools=False)
    mean, low = found.marks["mean"], scores.score(found.marks["baseline"])
    st.markdown(
        f"Beside {base.replace('always', 'always saying')} ({low.value:.3f}), the mean "
        f"of $z_t$ reads {_compared(mean, found.marks['baseline'])}; beside the notes $x_t$ of the same beat, "
        f"{_compared(mean, found.marks['notes'])}."
    )
    with st.expander("What the rows are"):
        st.markdown(ABOUT_ROWS)
        st.markdown(
            f"The network of this run looks at {what_it_sees(run)}; a state that was guessed from later beats may "
            "know of them."
        )


def _compared(one, other):
    """One score against another on the same pieces, in words."""
    gap, error = scores.difference(one, other)
    if not np.isfinite(error):
        return f"{'more' if gap > 0 else 'less' if gap < 0 else 'as much'} ({gap:+.3f}, on one piece alone)"
    word = "more" if gap > 2 * error else "less" if gap < -2 * error else "neither clearly more nor clearly less"
    return f"{word} ({gap:+.3f} ± {error:.3f})"


def _reach(run, pieces, name, ridge, found):
    """How far back and ahead a state knows."""
    st.subheader("How far it knows", anchor=False)
    st.markdown(
        "The same question about another beat: from beat $t$, what was the answer some beats ago, and what will it be? "
        "Of a state that is told the past alone, whatever it reads to the right of 0 is expectation, not knowledge."
    )
    found_at = reach(run, pieces, name, ridge)
    words = {"notes": "x<sub>t</sub>", "mean": "z<sub>t</sub>, mean", "filtered": "z<sub>t</sub>, past alone"}
    lines = {words[part]: tuple(np.array(list(zip(*values, strict=True)))) for part, values in found_at.items()}
    base = scores.score(found.marks["baseline"]).value
    plot(figures.probe_reach(list(LAGS), lines, base, _unit(TARGETS[name])), "probe reach", tools=False)


def _unit(target):
    return "share of beats read right" if target.classes else "share of the variance explained"


def _count(pieces, kind):
    """How many pieces and beats, in words."""
    beats = sum(len(piece.roll) for piece in pieces)
    return f"{len(pieces)} {kind} piece{'' if len(pieces) == 1 else 's'} ({beats:,} beats)"
