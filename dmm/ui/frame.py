"""What every page has: its place in the menu, its question at the top, and the way on at the bottom."""

from typing import NamedTuple

import streamlit as st


class Lesson(NamedTuple):
    """A page of the app; its address is the name of its file."""

    file: str
    title: str
    icon: str
    asks: str


LESSONS = (
    Lesson("home", "Home", ":material/home:", "What does a deep Markov model hear in Bach?"),
    Lesson(
        "state_space",
        "State-space models",
        ":material/timeline:",
        "What is hidden, what is seen, and how much of the hidden can be known?",
    ),
    Lesson("structured_inference", "Structured inference", ":material/schema:", "Why does the RNN run backwards?"),
    Lesson(
        "recovery",
        "Parameter recovery",
        ":material/my_location:",
        "Does a better guess of the hidden states learn truer laws?",
    ),
    Lesson("train", "Train", ":material/play_circle:", "Can you train one?"),
    Lesson("latents", "Latents", ":material/scatter_plot:", "What did it learn?"),
)


def lessons() -> list:
    """The pages for `st.navigation`, the first one at the address of the app itself.

    They have no icons here: a browser would fetch a page's icon from the internet, as the icon of its tab.
    """
    return [st.Page(f"pages/{one.file}.py", title=one.title, default=one is LESSONS[0]) for one in LESSONS]


def lesson(file: str) -> None:
    """Begin a page: its title and the question it asks.

    A page that is opened by its link on a fresh server runs without app.py, with Streamlit's own menu of the folder;
    then this hands over to the frame and starts again.
    """
    if "framed" not in st.session_state:
        st.session_state["framed"] = True
        st.navigation(lessons())
        st.rerun()
    this = next(one for one in LESSONS if one.file == file)
    st.title("Deep Markov Lab" if file == "home" else this.title, anchor=False)
    st.markdown(f"##### {this.asks}")


def onward(file: str) -> None:
    """End a page: links to the one before and the one after."""
    place = [one.file for one in LESSONS].index(file)
    st.divider()
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        if place > 0:
            _link(LESSONS[place - 1], f"Back to **{LESSONS[place - 1].title}**")
        if place + 1 < len(LESSONS):
            _link(LESSONS[place + 1], f"On to **{LESSONS[place + 1].title}**")


def link(file: str) -> None:
    """A link to another page, with the question that it asks."""
    one = next(one for one in LESSONS if one.file == file)
    _link(one, f"**{one.title}**: {one.asks}")


def _link(one, label):
    st.page_link(f"pages/{one.file}.py", label=label, icon=one.icon, width="content")
