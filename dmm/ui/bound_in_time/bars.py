"""The bound in time: what each beat of a chorale costs, as bars that can be clicked, their formula and their code."""

import math

import streamlit as st

from dmm import figures, reading
from dmm.palette import KL, RECONSTRUCTION
from dmm.ui.bound_in_time.beat import open_up, show_beat, stored, stored_of
from dmm.ui.bound_in_time.trajectories import LESSON
from dmm.ui.current import shipped_run
from dmm.ui.dials import Dial, dials, put
from dmm.ui.explain import coloured, formula_and_code
from dmm.ui.looking import version_of

TERMS = {
    r"\log p(x_t \mid z_t)": RECONSTRUCTION,
    r"\mathrm{KL}(q(z_t \mid z_{t-1}, x) \,\|\, p(z_t \mid z_{t-1}))": KL,
}
CHART = "costs"


@st.cache_resource(show_spinner=False, max_entries=4)
def _figure(run_name, version):
    """The roll and the bars; they depend on nothing that moves, so the browser never draws them anew."""
    piece, reconstruction, kl = stored_of(run_name, version)
    return figures.chorale_costs(piece.roll, reconstruction, kl.sum(1))


def show_chorale() -> None:
    """The roll with its bars on the left, the chosen beat on the right."""
    costs = stored()
    left, right = st.columns([3, 2], gap="large")
    with left:
        run = shipped_run()
        beat = clickable(_figure(run.name, version_of(run)), beat_dial(len(costs.kl)))
        st.caption(
            f"{costs.piece.name}, {costs.piece.title}: a chorale that the stored run {run.name} was not trained on. "
            "Stored: means over many draws of the latents. " + in_all(costs.reconstruction, costs.kl.sum(1), "beat")
        )
    with right:
        show_beat(costs, beat)


def beat_dial(frames: int) -> Dial:
    """Which beat is open."""
    return Dial("beat", "Beat $t$", 1, frames, 9, 1, "Which beat is opened; a click on a bar or a note does the same.")


def clickable(figure, dial: Dial) -> int:
    """A figure of bars over time and a slider below it; a click on a bar moves the slider. Returns t."""
    key = f"{CHART} {dial.name}"

    def chosen():
        t = clicked(st.session_state[key])
        if t is not None:
            put(LESSON, dial.name, int(min(max(t, dial.low), dial.high)))
            open_up()

    options = {"displayModeBar": False}
    alt = figure.layout.meta["description"]
    st.plotly_chart(figure, key=key, alt=alt, config=options, on_select=chosen, selection_mode="points")
    return dials(LESSON, [dial])[dial.name]


def clicked(state) -> int | None:
    """The t of what was clicked: a bar says it first, a note second, of what it carries; None for anything else."""
    try:
        carried = [point.get("customdata") for point in (state or {}).get("selection", {}).get("points", [])]
    except (AttributeError, TypeError):  # a browser may send anything
        return None
    for one in carried:
        values = one.values() if isinstance(one, dict) else one if isinstance(one, list | tuple) else ()
        numbers = [value for value in values if isinstance(value, int | float) and math.isfinite(value)]
        if numbers:
            return round(numbers[0])
    return None


def in_all(reconstruction, kl, unit) -> str:
    """The sums under the bars, in their colours."""
    total, frames = (reconstruction + kl).sum(), len(kl)
    return (
        f"In all :green[{reconstruction.sum():.1f}] + :orange[{kl.sum():.1f}] = **{total:.1f} nats**, or "
        f"{total / frames:.2f} per {unit}; :orange[$\\mathrm{{KL}}_1$ = {kl[0]:.2f}] (hatched) is the part against "
        "$p(z_1)$."
    )


def show_formula() -> None:
    """The bound as `elbo.py` has it, its parts in the colours of the bars."""
    st.latex(coloured(reading.formula("elbo"), TERMS))


def show_code() -> None:
    """The code of the two parts, and the KL of two Gaussians."""
    with st.expander("The code that computes the bars"):
        formula_and_code("elbo.terms")
        formula_and_code("elbo.kl_normal")
