"""Compare: the pinned runs on pieces that none of them has seen, with standard errors. Torch is loaded when asked."""

import numpy as np
import streamlit as st

from dmm import conventions
from dmm.data import DataError
from dmm.data.load import SHIPPED, judged_on
from dmm.runs import store
from dmm.runs.store import RunError
from dmm.ui.compare.outcome import places
from dmm.ui.compare.pinned import labels, of_keys, table_of
from dmm.ui.compare.published import show_published
from dmm.ui.datasets import dataset_of
from dmm.ui.looking import model_of, version_of
from dmm.ui.words import plain

DRAWS = 50
KEPT = (
    "judged runs"  # in the session: from a run's name to the version of its weights, what it costs, and what is wrong
)
HELP = f"Runs each model over all test pieces, {DRAWS} draws of the latents each: some seconds for each run."


@st.fragment
def show_judging(pinned) -> None:
    """On request: the bound and a on the test pieces, and the differences piece by piece; published numbers beside."""
    own, elsewhere = places(pinned, [3, 2])
    with own:
        if st.button("Judge all on the test pieces", icon=":material/balance:", key="judge all", help=HELP):
            _judge(pinned)
        _show_table(pinned)
    with elsewhere:
        show_published(best_of(pinned, kept(pinned)))


def kept(pinned) -> list[tuple | None]:
    """What each of these runs was found to cost when this visitor asked; None for one that was not, or could not be."""
    known = st.session_state.get(KEPT, {})
    return [known[one.run.name][1] if one.run.name in known else None for one in pinned]


def best_of(pinned, found) -> tuple[str, str, str] | None:
    """The best of these runs for the table of published numbers: its name, (b) and a; None if none has a bound yet.

    Those whose nats are of a density are left out.
    """
    right = [place for place, one in enumerate(pinned) if of_keys(one)]
    tested = [place for place in right if found[place]]
    if tested:
        place = min(tested, key=lambda place: found[place][0].sum() / found[place][2].sum())
        bound, a, lengths = found[place]
        return f"**{labels(pinned)[place]}**, {_what(pinned[place])}, test", _told(bound, lengths), _told(a, lengths)
    best = {place: pinned[place].best() for place in right}
    reached = [(pinned[place].points["bound"][at], place) for place, at in best.items() if at is not None]
    if not reached:
        return None
    bound, place = min(reached)
    return f"**{labels(pinned)[place]}**, {_what(pinned[place])}, validation", f"{bound:.3f}", "–"


def _what(one):
    """What kind of pieces a run is judged on."""
    return "these chorales" if judged_on(one.config.data) in SHIPPED else "music of its own"


def _judge(pinned):
    """Judge each run, and keep what comes of it while the visit lasts: another part of the page may run it again."""
    known, bar = st.session_state.setdefault(KEPT, {}), st.progress(0.0, "Judging…")
    for place, one in enumerate(pinned):
        version = version_of(one.run)
        try:
            known[one.run.name] = version, judged(one.run.name, version), ""
        except (RunError, DataError) as error:
            known[one.run.name] = version, None, str(error)
        bar.progress((place + 1) / len(pinned), f"Judging… {place + 1} of {len(pinned)}")
    bar.empty()


def _show_table(pinned):
    """What is known of the pinned runs, if anything is, and what is not."""
    known = st.session_state.get(KEPT, {})
    names = labels(pinned)
    there = [one.run.name in known for one in pinned]
    if not any(there):
        return
    for name, one in zip(names, pinned, strict=True):
        _, _, trouble = known.get(one.run.name, (None, None, ""))
        if trouble:
            st.warning(plain(f"Run {name} cannot be judged. {trouble}"))
    st.markdown(table(pinned, kept(pinned)))
    missing = [name for name, is_there in zip(names, there, strict=True) if not is_there]
    older = [
        name
        for name, one in zip(names, pinned, strict=True)
        if one.run.name in known and known[one.run.name][0] != version_of(one.run)
    ]
    if missing:
        st.caption(f"Pinned since then, and not judged yet: {', '.join(missing)}. Press again for the whole table.")
    if older:
        st.caption(f"With newer weights since then: {', '.join(older)}. Press again to judge these.")
    st.caption(
        f"Nats per frame on each run's test pieces, lower is better; ± two standard errors over pieces. *(b)* is the "
        f"bound, *a* importance sampling with $S = {DRAWS}$. Against A, piece by piece: the same piece is dear for "
        "both, so their difference is known far better than either number."
    )


@st.cache_data(show_spinner=False, max_entries=60)
def judged(run_name: str, version: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each test piece costs by the bound and by importance sampling, in nats, and its frames; each (N,).

    Raises:
        RunError, DataError: there are no weights yet, or something cannot be read.
    """
    from dmm.evaluation import draws_of

    run = store.find_run(run_name)
    rolls = [piece.roll for piece in dataset_of(store.read_run_config(run).data).test]
    draws = draws_of(model_of(run)[0], rolls, DRAWS)
    bounds = np.array([-float(bound.mean()) for _, bound in draws])
    a = np.array([conventions.minus_log_mean(weights) for weights, _ in draws])
    return bounds, a, np.array([len(roll) for roll in rolls])


def table(pinned, found) -> str:
    """Markdown; a run that could not be judged has dashes, and so has a difference on other pieces."""
    rows = {"*(b)*": [], f"*a*, $S = {DRAWS}$": [], "*(b)* against A": []}
    for place, one in enumerate(found):
        bound, a, apart = rows.values()
        bound.append(_told(one[0], one[2]) if one else "–")
        a.append(_told(one[1], one[2]) if one else "–")
        same = place and one and found[0] and judged_on(pinned[place].config.data) == judged_on(pinned[0].config.data)
        apart.append(_told(one[0] - found[0][0], one[2], "+") if same else "–")
    return table_of(pinned, list(rows.items()))


def _told(costs, lengths, sign=""):
    """Nats per frame, and two standard errors over pieces."""
    per_frame = conventions.numbers(costs, lengths).per_frame
    return f"{per_frame:{sign}.3f}\u00a0±\u00a0{2 * conventions.standard_error(costs, lengths):.3f}"
