"""A derivation, line by line: each line comes on request, with its reason, and numbers on both sides where they can be.

What is checked is computed once the button was pressed, on the numbers of the page as they are now.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import streamlit as st

from dmm.ui.dials import Dial, dials, turn

NEXT = "One more line; after the last one it begins again."
ROUNDING = 1e-9
CHECK = "Computes both sides of this line, each in its own way."


class Check(NamedTuple):
    """Both sides of a line in numbers: what each is, in words, and its value; `noise` is one standard error, or 0."""

    left: str
    left_value: float
    right: str
    right_value: float
    noise: float = 0.0


class Step(NamedTuple):
    """One line: LaTeX, why it follows (Markdown), and what computes its two sides."""

    formula: str
    reason: str
    check: Callable[[], Check] | None = None


def derive(lesson: str, name: str, steps: Sequence[Step]) -> None:
    """The lines up to the one that was asked for. Call it inside a fragment.

    Args:
        lesson: its file, as in `dials`.
        name: of the derivation, its own in links.
        steps: its lines.
    """
    dial = Dial(name, "Lines shown", 1, len(steps), 1, 1, "How many lines of the derivation are shown.")
    button, slider = st.columns([1, 3], vertical_alignment="bottom")
    with slider:
        shown = dials(lesson, [dial])[name]
    label = "Next line" if shown < len(steps) else "From the start"
    icon = ":material/add:" if shown < len(steps) else ":material/replay:"
    how = {"on_click": turn, "args": (lesson, dial), "help": NEXT, "icon": icon, "width": "stretch"}
    button.button(label, key=f"next {lesson} {name}", **how)
    for place, step in enumerate(steps[:shown]):
        formula, words = st.columns([3, 2], gap="large", vertical_alignment="top")
        formula.latex(step.formula)
        with words:
            st.markdown(step.reason)
            if step.check:
                _check(f"check {lesson} {name} {place}", step.check)


def _check(key, check):
    """The button, and from its press on both sides, anew whenever the page's numbers change."""
    pressed = st.button("Check it", icon=":material/balance:", key=key, help=CHECK, type="tertiary")
    if pressed or st.session_state.get(f"{key} on"):
        st.session_state[f"{key} on"] = True
        st.markdown(in_words(check()))


def in_words(found: Check) -> str:
    """Both sides as a small table, and how far they are apart."""
    apart = abs(found.left_value - found.right_value)
    verdict = f"They differ by {f'{apart:.2g}' if apart else 'nothing'}"
    noisy = found.noise > ROUNDING * max(1.0, abs(found.left_value))  # less is what rounding leaves of no noise
    verdict += f": {apart / found.noise:.1f} standard errors of {found.noise:.2g}." if noisy else "."
    rows = ((found.left, found.left_value), (found.right, found.right_value))
    table = "\n".join(f"| {words} | {value:.10g} |" for words, value in rows)
    return f"| both sides | now |\n|:---|---:|\n{table}\n\n{verdict}"
