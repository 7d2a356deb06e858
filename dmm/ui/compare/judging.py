"""Compare: the pinned runs on pieces that none of them has seen, with standard errors. Torch is loaded when asked."""

import numpy as np
import streamlit as st

from dmm import conventions
from dmm.data import DataError
from dmm.runs import store
from dmm.runs.store import RunError
from dmm.ui.compare.pinned import labels, table_of
from dmm.ui.datasets import dataset_of
from dmm.ui.looking import model_of, version_of
from dmm.ui.words import plain

DRAWS = 50
HELP = f"Runs each model over all test pieces, {DRAWS} draws of the latents each: some seconds for each run."


@st.fragment
def show_judging(pinned) -> None:
    """On request: the bound and a on the test pieces, and the differences piece by piece."""
    if not st.button("Judge all on the test pieces", icon=":material/balance:", key="judge all", help=HELP):
        return
    found, bar = [], st.progress(0.0, "Judging…")
    for place, one in enumerate(pinned):
        try:
            found.append(judged(one.run.name, version_of(one.run)))
        except (RunError, DataError) as error:
            st.warning(plain(f"Run {labels(pinned)[place]} cannot be judged. {error}"))
            found.append(None)
        bar.progress((place + 1) / len(pinned), f"Judging… {place + 1} of {len(pinned)}")
    bar.empty()
    st.markdown(table(pinned, found))
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
        same = place and one and found[0] and pinned[place].config.data == pinned[0].config.data
        apart.append(_told(one[0] - found[0][0], one[2], "+") if same else "–")
    return table_of(pinned, list(rows.items()))


def _told(costs, lengths, sign=""):
    """Nats per frame, and two standard errors over pieces."""
    per_frame = conventions.numbers(costs, lengths).per_frame
    return f"{per_frame:{sign}.3f} ± {2 * conventions.standard_error(costs, lengths):.3f}"
