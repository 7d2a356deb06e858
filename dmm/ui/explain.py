"""A formula beside the very code that runs: both come from one place, the source."""

import contextlib
import re
from collections.abc import Mapping

import streamlit as st

from dmm import reading
from dmm.ui.hiding import is_hidden
from dmm.ui.theme import legible


def coloured(formula: str, colours: Mapping[str, str]) -> str:
    r"""A formula with its terms in the hues of their traces; longer terms first, none inside another.

    Args:
        formula: LaTeX.
        colours: from a term, as it stands in the formula, to its colour.
    """
    if not colours:
        return formula
    terms = "|".join(re.escape(term) for term in sorted(colours, key=len, reverse=True))
    return re.sub(terms, lambda found: rf"\textcolor{{{legible(colours[found[0]])}}}{{{found[0]}}}", formula)


def formula_and_code(name: str, formula: str = "", colours: Mapping[str, str] | None = None) -> None:
    """The formula of a class or function of `dmm`, and its source, unless a link hides code.

    Args:
        name: such as "model.GatedTransition".
        formula: where the formula stands, if not in the docstring of `name`. One without a formula of its own shows
            its code alone.
        colours: of terms in the formula, as for `coloured`.
    """
    with contextlib.suppress(KeyError):
        st.latex(coloured(reading.formula(formula or name), colours or {}))
    if is_hidden("", "code"):
        return
    st.code(reading.code(name), language="python")
    st.caption(f"From dmm/{name.split('.')[0]}.py, as it runs.")
