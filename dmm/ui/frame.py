"""What every page has: its place in the menu, its question at the top, and the way on at the bottom."""

import streamlit as st

from dmm.ui import copy_link, first_figure, glossary, hiding, learner, links, progress, sharing
from dmm.ui.course import LESSONS, lesson_of
from dmm.ui.source import read_style

NARROW = f"<style>{read_style('narrow')}</style>"
EMBEDDED = NARROW + "<style>[data-testid=stSidebar], [data-testid=stHeader] { display: none; }</style>"


def lessons() -> list:
    """The pages for `st.navigation`, the first one at the address of the app itself; a tick for what was done.

    They have no icons here: a browser would fetch a page's icon from the internet, as the icon of its tab.
    """
    progress.read_link()
    hiding.read_link()
    return [st.Page(f"pages/{one.file}.py", title=_title(one), default=one is LESSONS[0]) for one in LESSONS]


def lesson(file: str) -> None:
    """Begin a page: its title and the question it asks.

    A page that is opened by its link on a fresh server runs without app.py, with Streamlit's own menu of the folder;
    then this hands over to the frame and starts again.
    """
    if "framed" not in st.session_state:
        st.session_state["framed"] = True
        st.navigation(lessons())
        st.rerun()
    first_figure.begin_page(file)
    progress.complain()
    st.html(EMBEDDED if st.context.is_embedded else NARROW)
    this = lesson_of(file)
    with st.container(horizontal=True, vertical_alignment="center", key="header"):
        st.title("Deep Markov Lab" if file == "home" else this.title, anchor=False, width="content")
        with st.container(width="content"):
            copy_link.button(file)
        with st.container(width="content"):
            glossary.button()
        links.follow_links()
        learner.remember()
    st.markdown(f"##### {this.asks}")
    sharing.complain(file)


def onward(file: str) -> None:
    """End a page: links to the one before and the one after."""
    first_figure.end_page()
    place = [one.file for one in LESSONS].index(file)
    st.divider()
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        if place > 0:
            _link(LESSONS[place - 1], f"Back to **{LESSONS[place - 1].title}**")
        if place + 1 < len(LESSONS):
            _link(LESSONS[place + 1], f"On to **{LESSONS[place + 1].title}**")


def lesson_map(first: tuple[str, ...]) -> None:
    """Links to all the other pages with their questions and what is done of their tasks; those in `first` stand out."""
    others = [one for one in LESSONS if one is not LESSONS[0] and one.file not in first]
    for column, file in zip(st.columns(len(first)), first, strict=True):
        with column.container(border=True, gap=None):
            _show_in_map(lesson_of(file))
    half = -(-len(others) // 2)
    for column, part in zip(st.columns(2), (others[:half], others[half:]), strict=True):
        for one in part:
            with column.container(gap=None):
                _show_in_map(one)


def _show_in_map(one):
    """A page in the map: its title, what is done of it, and the question it asks."""
    done = progress.count(one.file)
    _link(one, f"**{one.title}** :green[✓ {done} of {len(one.tasks)}]" if done else f"**{one.title}**")
    st.caption(one.asks)


def _link(one, label):
    st.page_link(f"pages/{one.file}.py", label=label, icon=one.icon, width="content")


def _title(one):
    """Its place in the menu."""
    return f"✓ {one.title}" if progress.is_complete(one.file) else one.title
