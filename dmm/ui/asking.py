"""Predict, then see: a question that is answered before the answer shows, and checked against live values."""

from collections.abc import Callable, Sequence

import streamlit as st

HELP = "Choose what you expect before you look: the answer and its numbers show then."


def predict(
    key: str, question: str, choices: Sequence[str], right: str | Callable[[], tuple[str, str]], because: str = ""
) -> bool:
    """A question with a few answers; the page goes on once one of them is chosen.

    What was chosen is kept while another page is on the screen.

    Args:
        key: names the question on its page.
        question: one or two sentences, Markdown.
        choices: the answers, in the order in which they show.
        right: the one that is right, as the live values say; or a function that tells it and why, called once somebody
            has chosen.
        because: why, shown after the choice, Markdown.

    Returns:
        Whether the learner has chosen, so that the page may show what it asked about.

    Raises:
        ValueError: the right answer is not among the choices.
    """
    if not callable(right):
        _refuse_unless_among(right, choices)
    name = f"predict {key}"
    with st.container(border=True, key=f"question_{key}"):
        st.markdown(f"**Predict.** {question}")
        chosen = st.radio(
            question, choices, index=None, key=name, help=HELP, label_visibility="collapsed", persist_state="session"
        )
        if chosen is None:
            st.caption("Choose one, and the answer shows.")
            return False
        if callable(right):
            right, because = right()
            _refuse_unless_among(right, choices)
        verdict = ":green[:material/check: **Right.**]" if chosen == right else f"Not this time: **{right}**."
        st.markdown(f"{verdict} {because}")
    return True


def _refuse_unless_among(right, choices):
    if right not in choices:
        raise ValueError(f"got {right!r} as the right answer, expected one of {list(choices)}")
