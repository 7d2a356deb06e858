"""The button "Copy link" at the top of every page, and what opens with it: the address, and what it hides."""

import re

import streamlit as st

from dmm.config import Config, about
from dmm.ui import sharing
from dmm.ui.course import lesson_of
from dmm.ui.dials import labels
from dmm.ui.hiding import hidden
from dmm.ui.names import BLOCKS, SETTINGS
from dmm.ui.source import read_code, read_style
from dmm.ui.train import link as of_train

KEY, PRESSES = "copy_link", "presses of copy link"
HELP = "Copies a link that opens this page with everything as it is set now."
WHAT = {"settings": "The settings as they are", "run": "The run that is shown"}
WHAT_HELP = (
    "The run was started with other settings than those that are on the page now: a link carries one of the two."
)
HIDE = "What those who open the link do not see; it keeps its value and its effect."
EMBED = "Without menu and header, to stand in a frame of another page, such as a course's."
HTML = """
<div class="copy">
  <textarea readonly aria-label="Address of this page as it is now" spellcheck="false"></textarea>
  <div class="row"><button type="button">Copy</button><span role="status"></span></div>
</div>
"""

_COPY = st.components.v2.component("dmm_copy_link", html=HTML, css=read_style(KEY), js=read_code(KEY))


@st.fragment
def button(page: str) -> None:
    """The button. A dialog opens, and no popover: see `glossary.button`."""
    if st.button("Copy link", icon=":material/link:", help=HELP, key=f"{KEY} button", type="tertiary"):
        st.session_state[PRESSES] = st.session_state.get(PRESSES, 0) + 1
        _open(page)


@st.dialog("A link to this page as it is now", icon=":material/link:")
def _open(page):
    address = st.container()  # above what changes it, made last
    words = _choose_words() if page == "train" else sharing.words_of(page)
    hide = hidden() or _choose_hidden(page)  # students, for whom something is hidden, pass that on, and see no more
    embed = st.toggle("For a frame in another page", help=EMBED, key=f"{KEY} embed", persist_state="session")
    with address:
        data = {"address": sharing.address_of(page, words, hide, embed), "press": st.session_state.get(PRESSES, 0)}
        _COPY(key=KEY, data=data)


def _choose_words():
    """What the link to Train says: of the settings; or, if the run that is shown was told otherwise, of that."""
    words = sharing.words_of("train")
    run, settings = of_train.words_of_run(words["run"]), of_train.words_of_settings()
    if all(settings[name] == run.get(name) for name in Config.model_fields):
        return words | settings | run
    how = {"default": "settings", "required": True, "help": WHAT_HELP}
    what = st.segmented_control("Which settings?", list(WHAT), format_func=WHAT.get, **how)
    return words | (settings if what == "settings" else run)


def _choose_hidden(page):
    """The names that the link hides."""
    options = _what_can_be_hidden(page)
    how = {"placeholder": "Nothing", "help": HIDE, "key": f"{KEY} hide {page}", "persist_state": "session"}
    return frozenset(st.multiselect("Hide from students", list(options), format_func=options.get, **how))


def _what_can_be_hidden(page):
    """From a name as it stands in a link to what the page calls it."""
    named = labels(page)
    if page == "train":
        named = {SETTINGS: "All settings", "preset": "Preset"} | {
            name: about(name)["label"] for name in Config.model_fields
        }
    tasks = lesson_of(page).tasks
    blocks = {name: words for name, words in BLOCKS.items() if tasks}
    return blocks | {f"{page}.{name}": f"{_plain(label)} ({name})" for name, label in named.items()}


def _plain(label):
    r"""A label without the marks of its formulas.

    >>> _plain(r"Noise, $\sigma$")
    'Noise, sigma'
    """
    return re.sub(r"[$\\{}]", "", label)
