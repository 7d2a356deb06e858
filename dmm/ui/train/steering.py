"""Changing a run while it trains: the learning rate and the weight of the KL."""

import streamlit as st

from dmm.config import about
from dmm.runs import store
from dmm.runs.changes import read_changes
from dmm.steering import MOST_KL_WEIGHT, in_force
from dmm.ui import acts
from dmm.ui.learner import may_steer
from dmm.ui.train.knobs import RATES, is_shown

STEERABLE = (*store.LIVE, *acts.RESUMABLE)
ALWAYS = 10**9  # an update that no run comes to: what holds in the end
RATE = "Holds from the next update on. A schedule goes on from it: rate decay and cosine are factors."
HOLD = "Off: the weight of the KL is as annealed, and so rises to 1 by itself."
WEIGHT = (
    "How much of the KL the optimiser counts. At 0 the model is an autoencoder, above 1 a beta-VAE; the chart always "
    "shows the whole bound."
)


@st.fragment
def steer(run, state) -> None:
    """The controls, for whoever may; nothing where there is nothing to steer."""
    if run.parent == store.SHIPPED or state not in STEERABLE or not may_steer(run) or not is_shown("learning_rate"):
        return
    keys = {name: f"steer {name} {run.name}" for name in ("rate", "hold", "weight")}
    _follow(run, keys)
    how = {"on_change": _steer, "args": (run, keys)}
    with st.container(border=True, key="steering"):
        left, middle, right = st.columns([3, 2, 3], vertical_alignment="bottom")
        rates = sorted({*RATES, st.session_state[keys["rate"]]})
        with left:
            label = f"{about('learning_rate')['label']}, from now on"
            st.select_slider(label, rates, key=keys["rate"], format_func=lambda one: f"{one:.3g}", help=RATE, **how)
        with middle:
            hold = st.toggle("Hold the KL weight", key=keys["hold"], help=HOLD, **how)
        with right:
            name = "KL weight, from now on"
            st.slider(name, 0.0, MOST_KL_WEIGHT, step=0.05, key=keys["weight"], disabled=not hold, help=WEIGHT, **how)


def _follow(run, keys):
    """The controls start as what is in force, and follow if that was changed from elsewhere."""
    now = in_force(read_changes(run), ALWAYS, store.read_run_config(run))
    now = (now.learning_rate, now.kl_weight)
    known = st.session_state.setdefault(f"steered {run.name}", [])
    if now in known and all(key in st.session_state for key in keys.values()):
        return
    known.append(now)
    rate, weight = now
    values = {"rate": rate, "hold": weight is not None, "weight": 1.0 if weight is None else weight}
    st.session_state.update({keys[name]: value for name, value in values.items()})


def _steer(run, keys):
    """A control has moved."""
    rate, hold, weight = (st.session_state[keys[name]] for name in ("rate", "hold", "weight"))
    wanted = (rate, weight if hold else None)
    st.session_state[f"steered {run.name}"].append(wanted)
    acts.steer(run, *wanted)
