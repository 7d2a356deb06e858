"""Which tasks a learner has done: kept in the session, and in the address of the page, so that a bookmark keeps it.

The address says `done=gate.12-bound.3`: for each lesson the numbers of its tasks, counted from 1.
"""

import re

import streamlit as st

from dmm.ui.course import LESSONS, lesson_of

PARAMETER, KEY, TROUBLE = "done", "tasks done", "link of tasks"
LONGEST = 500  # characters; all tasks take half of that
PAGE = re.compile(r"([a-z_]+)\.([1-9]+)")
UNREADABLE = "The link's list of tasks that are done cannot be read, so it is left out."


def encode(done: set[tuple[str, str]]) -> str:
    """Tasks, each (lesson, name), as they stand in a link.

    >>> encode({("gate", "shut"), ("gate", "fixed"), ("bound", "noise")})
    'gate.13-bound.3'
    """
    pages = []
    for lesson in LESSONS:
        numbers = [str(number) for number, name in enumerate(lesson.tasks, 1) if (lesson.file, name) in done]
        if numbers:
            pages.append(f"{lesson.file}.{''.join(numbers)}")
    return "-".join(pages)


def decode(text: str) -> set[tuple[str, str]]:
    """The tasks that a link names.

    Raises:
        ValueError: it names a lesson or a task that does not exist.

    >>> sorted(decode("gate.13"))
    [('gate', 'fixed'), ('gate', 'shut')]
    """
    if len(text) > LONGEST:
        raise ValueError(f"no tasks of this course: {len(text):,} characters")
    tasks = {one.file: one.tasks for one in LESSONS}
    done = set()
    for part in text.split("-"):
        found = PAGE.fullmatch(part)
        if not found or found[1] not in tasks or any(int(one) > len(tasks[found[1]]) for one in found[2]):
            raise ValueError(f"no tasks of this course: {part[:20]!r}")
        done |= {(found[1], tasks[found[1]][int(one) - 1]) for one in found[2]}
    return done


def read_link() -> None:
    """Before the menu is drawn: take up what the address says, and write there what is done."""
    text = st.query_params.get(PARAMETER)
    if text:
        try:
            _done().update(decode(text))
        except ValueError:
            st.session_state[TROUBLE] = UNREADABLE
            del st.query_params[PARAMETER]
    _write()


def complain() -> None:
    """On the page: say once if the address could not be read."""
    if trouble := st.session_state.pop(TROUBLE, None):
        st.warning(trouble)


def is_done(lesson: str, name: str) -> bool:
    """Whether a task was done, in this visit or before."""
    return (lesson, name) in _done()


def mark(lesson: str, name: str) -> None:
    """A task is done. If it was the last one of its lesson, the page runs again: the menu gets a tick."""
    if is_done(lesson, name):
        return
    _done().add((lesson, name))
    _write()
    if is_complete(lesson):
        st.rerun()


def is_complete(lesson: str) -> bool:
    """Whether a lesson has tasks and all are done."""
    tasks = lesson_of(lesson).tasks
    return bool(tasks) and all(is_done(lesson, name) for name in tasks)


def count(lesson: str) -> int:
    """How many tasks of a lesson are done."""
    return sum(is_done(lesson, name) for name in lesson_of(lesson).tasks)


def _done():
    return st.session_state.setdefault(KEY, set())


def _write():
    """The address says what is done."""
    text = encode(_done())
    if text and st.query_params.get(PARAMETER) != text:
        st.query_params[PARAMETER] = text
