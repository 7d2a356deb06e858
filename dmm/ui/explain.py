"""A formula beside the very code that runs: both come from one place, the source."""

import contextlib

import streamlit as st

from dmm import reading


def formula_and_code(name: str, formula: str = "") -> None:
    """The formula of a class or function of `dmm`, and its source.

    Args:
        name: such as "model.GatedTransition".
        formula: where the formula stands, if not in the docstring of `name`. One without a formula of its own shows
            its code alone.
    """
    with contextlib.suppress(KeyError):
        st.latex(reading.formula(formula or name))
    st.code(reading.code(name), language="python")
    st.caption(f"From dmm/{name.split('.')[0]}.py, as it runs.")
