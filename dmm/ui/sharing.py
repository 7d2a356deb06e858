"""The link to a page as it is: written from everything that can be set there, and looked through when it is opened.

Each control reads its own part of a link (`dials`, `train/link.py`); here is what concerns the link as a whole.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from dmm.config_link import VERSION, in_digits
from dmm.ui import hiding, progress
from dmm.ui.course import LESSONS
from dmm.ui.current import shipped_run
from dmm.ui.dials import carried
from dmm.ui.names import NAMES
from dmm.ui.words import plain

OF_A_RUN = ("was", "steered")  # what a link says of the curve of a run
COMMON = {"v", "run", "race", "embed", "embed_options", hiding.PARAMETER, progress.PARAMETER, *OF_A_RUN}
WITH_RUN = ("train", "latents", "listen")  # pages that show a run
MOST = 5  # unknown names that are listed


def words_of(page: str) -> dict[str, float | str]:
    """What a link to a page says of it now: its controls, and those that the address sets and nobody has seen yet."""
    waiting = {name: st.query_params[name] for name in NAMES[page] if name in st.query_params}
    words = waiting | carried(page)
    if page in WITH_RUN:
        words = {"run": st.query_params.get("run") or shipped_run().name} | words
    return words


def address_of(page: str, words: Mapping[str, float | str], hide: frozenset[str] = frozenset(), embed=False) -> str:
    """The link that says `words`, with the version of links; what a visitor has done is not part of it."""
    order = ["run", *NAMES.get(page, ()), *words]  # the same page gives the same link
    all_words = {name: in_digits(words[name]) for name in order if name in words}
    all_words = all_words and {"v": VERSION} | all_words
    all_words |= {hiding.PARAMETER: ",".join(sorted(hide))} if hide else {}
    all_words |= {"embed": "true"} if embed else {}
    place = "" if page == LESSONS[0].file else page
    return f"{_root()}{place}" + (f"?{urlencode(all_words, safe='~,')}" if all_words else "")


def complain(page: str) -> None:
    """At the top of a page: what of its link cannot be read."""
    troubles = [*_of_version(), *_of_names(page), *_of_hidden()]
    if troubles:
        st.warning(" ".join(troubles))


def _of_version():
    asked = st.query_params.get("v", VERSION)
    if asked != VERSION:
        yield (
            f"This link was made by another version of the app (links of version {_shown(asked)}, here {VERSION}), so "
            "it is read as far as it can be."
        )


def _of_names(page):
    names = sorted({*st.query_params} - COMMON - {*NAMES[page]})
    if names:
        yield f"The link sets {_list(names)}, which this page does not have."


def _of_hidden():
    names = hiding.unknown()
    if names:
        yield f"The link hides {_list(names)}, which no page has."


def _list(names):
    """Names from outside in a row."""
    shown = [_shown(name) for name in names[:MOST]]
    rest = [f"{len(names) - MOST} more"] if len(names) > MOST else []
    *others, last = shown + rest
    return f"{', '.join(others)} and {last}" if others else last


def _shown(text):
    return plain(" ".join(text[:20].split())) + ("…" if len(text) > 20 else "") or "an empty name"


def _root():
    """Where the app is, up to the last slash."""
    url = (st.context.url or "").split("?")[0]
    return url.rsplit("/", 1)[0] + "/" if url else ""
