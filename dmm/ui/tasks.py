"""Tasks at the end of a lesson: a question to answer or something to bring about, checked against live values.

A wrong answer gives nothing away: one may try again, read the hint, or ask for the answer. A task that is done stays
done (`progress.py`). A link may hide them, or only the answers (`hiding.py`). Three kinds: `choose` one of a few
answers, find a `number`, or `reach` a state of the page.
"""

from collections.abc import Callable, Sequence

import streamlit as st

from dmm.ui import progress
from dmm.ui.course import lesson_of
from dmm.ui.hiding import is_hidden

DONE = ":green[:material/check: **Right.**]"
BEFORE = ":green[:material/check: Done before.]"
NOT_YET = "**Not yet.** Try again, read the hint, or see the answer."
CHOICE = "Choose an answer: it is checked against the numbers of this page."
NOT_THERE = "**Not there yet.**"
COUNT = "count of tasks"  # where in the session the place of the page's count is kept
CHECK = "Looks at the controls of this page as they are now."
NUMBER = "Type a number and press Enter: it is checked against the numbers of this page."


def heading(lesson: str) -> None:
    """Above the tasks: how many there are, and how many are done; a task below that gets done is counted at once."""
    if is_hidden(lesson, "tasks"):
        return
    st.subheader("Try this", anchor="try-this")
    st.session_state[COUNT] = st.empty()
    _show_count(lesson)


def choose(
    lesson: str,
    name: str,
    question: str,
    choices: Sequence[str],
    right: str | Callable[[], tuple[str, str]],
    because: str = "",
    hint: str = "",
) -> None:
    """One of a few answers.

    Args:
        lesson, name: the task, as `course.LESSONS` lists it.
        question: Markdown.
        choices: the answers, in the order in which they show.
        right: the right one, as the live values say; or a function that tells it and why, called once somebody chose.
        because: why, Markdown, shown with the answer.
        hint: Markdown, shown on request.

    Raises:
        ValueError: the right answer is not among the choices.
    """
    if is_hidden(lesson, "tasks"):
        return
    with _box(lesson, name, question):
        key = f"task {lesson} {name}"
        how = {"help": CHOICE, "label_visibility": "collapsed", "persist_state": "session"}
        chosen = st.radio(question, choices, index=None, key=key, **how)

        def judge():
            answer, why = right() if callable(right) else (right, because)
            if answer not in choices:
                raise ValueError(f"got {answer!r} as the right answer, expected one of {list(choices)}")
            return chosen == answer, f"**{answer}**. {why}", why

        _verdict(lesson, name, chosen is not None, judge, hint)


def number(
    lesson: str,
    name: str,
    question: str,
    right: float | Callable[[], float],
    because: str = "",
    hint: str = "",
    within: float = 0.01,
    digits: int = 2,
) -> None:
    """A number to find.

    Args:
        right: the number, as the live values say; or a function that tells it, called once somebody answered.
        within: how far an answer may be off.
        digits: after the point, in the answer that is shown.
        The others as for `choose`.
    """
    if is_hidden(lesson, "tasks"):
        return
    with _box(lesson, name, question):
        key = f"task {lesson} {name}"
        how = {"help": NUMBER, "placeholder": "your answer", "label_visibility": "collapsed"}
        given = st.number_input(question, value=None, format="%g", key=key, persist_state="session", **how)

        def judge():
            answer = right() if callable(right) else right
            # a hair more than `within`, so that rounding an answer to its digits is never what makes it wrong
            return abs(given - answer) <= within * (1 + 1e-9), f"**{answer:.{digits}f}**. {because}", because

        _verdict(lesson, name, given is not None, judge, hint)


def reach(
    lesson: str, name: str, question: str, check: Callable[[], tuple[bool, str]], because: str = "", hint: str = ""
) -> None:
    """Something to bring about with the controls of the page, looked at when "Check" is pressed.

    Args:
        check: tells whether it is so at present, and how things stand, Markdown; `dials.value` reads a control.
        because: what it shows, once it is reached, Markdown.
        The others as for `choose`.
    """
    if is_hidden(lesson, "tasks"):
        return
    with _box(lesson, name, question):
        pressed = st.button("Check", icon=":material/rule:", key=f"task {lesson} {name}", help=CHECK)
        if pressed:
            reached, now = check()
            st.markdown(f"{now} {DONE} {because}" if reached else f"{now} {NOT_THERE}")
            if reached:
                st.session_state[f"reached {lesson} {name}"] = f"{DONE} {because}"  # the last task's page runs again
                _mark(lesson, name)
                return
        elif progress.is_done(lesson, name):
            before = st.session_state.get(f"reached {lesson} {name}")
            st.markdown(before) if before else st.caption(BEFORE)
        _show_hint(hint)


def _box(lesson, name, question):
    """A frame with the question in it."""
    place = lesson_of(lesson).tasks.index(name) + 1
    box = st.container(border=True, key=f"task_{lesson}_{name}")
    box.markdown(f"**Task {place}.** {question}")
    return box


def _verdict(lesson, name, answered, judge, hint):
    """Whether the answer is right; if not, what helps."""
    if answered:
        is_right, answer, why = judge()
        if is_right:
            st.markdown(f"{DONE} {why}")
            _mark(lesson, name)
            return
        st.markdown(NOT_YET)
    elif progress.is_done(lesson, name):
        st.caption(BEFORE)
    with st.container(horizontal=True):
        _show_hint(hint)
        if answered and not is_hidden(lesson, "answers"):
            with st.popover("Answer", icon=":material/visibility:", help="What is right, and why.", type="tertiary"):
                st.markdown(answer)


def _mark(lesson, name):
    """A task is done, and the count above knows it."""
    progress.mark(lesson, name)
    _show_count(lesson)


def _show_count(lesson):
    total, done = len(lesson_of(lesson).tasks), progress.count(lesson)
    kept = "The address of this page keeps your ticks: as a bookmark it brings them back."
    if COUNT in st.session_state:
        st.session_state[COUNT].caption(f"{done} of {total} done. {kept}" if done else f"{total} tasks.")


def _show_hint(hint):
    if hint:
        with st.popover("Hint", icon=":material/lightbulb:", help="Where to look.", type="tertiary"):
            st.markdown(hint)
