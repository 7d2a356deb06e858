"""Compare: what was told otherwise, and what came of it."""

import streamlit as st

from dmm.config import about
from dmm.data.load import judged_on
from dmm.runs.comparison import differences
from dmm.ui.choices import in_words as choice_in_words
from dmm.ui.compare.pinned import of_keys, table_of
from dmm.ui.data_names import in_words as data_in_words
from dmm.ui.words import plain

BESIDE = 3  # so many runs, and there is room for two tables side by side


def places(pinned, widths=(1, 1)):
    """Where two tables go: side by side, or one below the other."""
    return st.columns(widths, gap="large") if len(pinned) <= BESIDE else (st.container(), st.container())


def show_differences(pinned) -> None:
    """The settings that are not the same in all runs, then what came of them."""
    told = differences([one.config for one in pinned])
    rows = [(about(field)["label"], _marked(field, values)) for field, values in told.items()]
    st.markdown(table_of(pinned, rows) if rows else "These runs have the same settings, seed and all.")
    st.caption(f"Settings that differ: {len(told)}; bold where they are not as in A. All others are the same.")


def show_outcome(pinned) -> None:
    """Best validation, when it was reached, and for how much work."""
    places = [one.best() for one in pinned]
    reached = list(zip(pinned, places, strict=True))
    lowest = min((one.points["bound"][place] for one, place in reached if place is not None), default=None)

    def at_best(column, form):
        return ["–" if place is None else form.format(one.points[column][place]) for one, place in reached]

    bounds = at_best("bound", "{:.3f}")
    if lowest is not None and len({(of_keys(one), judged_on(one.config.data)) for one in pinned}) == 1:
        bounds = [f"**{bound}**" if bound == f"{lowest:.3f}" else bound for bound in bounds]
    rows = [
        ("best bound, nats per frame", bounds),
        ("of it reconstruction", at_best("reconstruction", "{:.3f}")),
        ("of it KL", at_best("kl", "{:.3f}")),
        ("reached after updates", at_best("step", "{:,.0f}")),
        ("and seconds", at_best("seconds", "{:.0f}")),
        ("state", [one.status.state for one in pinned]),
    ]
    st.markdown(table_of(pinned, rows))
    st.caption(
        "On each run's own validation pieces, by which its best weights were chosen, so it flatters all of them a "
        "little. Seconds are of training alone, on whatever machine it was."
    )


def _marked(field, values):
    """The values of a setting, bold where they are not the first run's."""
    said = [_said(field, value) for value in values]
    return [one if value == values[0] else f"**{one}**" for one, value in zip(said, values, strict=True)]


def _said(field, value):
    """A setting as its control says it, in short."""
    if field == "data":
        return plain(data_in_words(value))
    if about(field)["choices"]:
        return choice_in_words(field, value).split(":")[0]
    return plain(f"{value:g}" if isinstance(value, float) else str(value))
