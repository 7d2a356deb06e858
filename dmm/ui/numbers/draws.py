"""Numbers: how importance sampling gets below the bound, and how far it still is from the truth."""

import streamlit as st

from dmm import figures
from dmm.runs.judged import load_judged
from dmm.ui.explain import formula_and_code
from dmm.ui.numbers.recipes import of_bounds
from dmm.ui.plot import plot


def show_draws() -> None:
    """The estimate over the number of draws, and what it says."""
    judged, found = load_judged(), of_bounds()
    if judged is None:
        return
    a, se = judged.per_frame()
    shown, words = st.columns([3, 2], gap="large", vertical_alignment="center")
    with shown:
        plot(figures.estimate_by_draws(judged.counts, a, se, found.per_frame), "draws", tools=False)
    with words:
        st.markdown(in_words(judged, found))
    with st.expander("Importance sampling: formula and code"):
        formula_and_code("conventions.nll_by_draws")


def in_words(judged, found) -> str:
    """What the curve shows, in numbers."""
    a, _ = judged.per_frame()
    return (
        f"With one draw *a* is the bound itself, but for noise: {a[0]:.3f}, where *(b)* is {found.per_frame:.3f}. From "
        f"one draw to {judged.counts[-1]:,} it falls by **{a[0] - a[-1]:.3f}** nats per frame, and still by "
        f"{a[-2] - a[-1]:.3f} from {judged.counts[-2]:,} on. It has not arrived: of {judged.counts[-1]:,} draws for a "
        f"piece only about **{judged.effective:.1f}** carry the weight. A paper's *a* without its $S$ is half a number."
    )
