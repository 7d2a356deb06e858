"""The visitor's own music: which uploads are theirs, what these are called, and their pieces for every chooser.

An upload is theirs if they made it from this browser, or opened a link that names it (`own=upload-...`). The server
remembers whose is whose for as long as it runs.
"""

import hashlib

import streamlit as st

from dmm.data import DataError, Piece, uploads
from dmm.data.own_music import cut_piece, name_of
from dmm.data.report import Reading
from dmm.ui.dials import carry, drop, picked
from dmm.ui.learner import digest

PARAMETER, CHOSEN = "own", "own music"  # in links; in the session, the upload that is looked at
MOST, MOST_LEARNERS = 20, 2000  # uploads of a visitor that are remembered, and visitors
YOURS = "your music"
NOT_KEPT = "The music of this link is not kept on this server: ask for its files, and upload them here."
HOUR = 3600  # seconds after which what was read is read again, which tells the disk that it is in use


def mine() -> list[str]:
    """The names of the visitor's uploads that are still kept, the last one first."""
    return [name for name in _of_learners().get(digest(), ()) if uploads.is_kept(name)]


def add(name: str) -> None:
    """An upload is the visitor's, and the last one."""
    known = _of_learners()
    known[digest()] = [name, *(other for other in known.pop(digest(), ()) if other != name)][:MOST]
    for other in list(known)[:-MOST_LEARNERS]:  # those who came first
        known.pop(other, None)


def read_link(lesson: str) -> None:
    """At the top of a page: what the link names is the visitor's as well; what is not kept is told in a sentence."""
    asked = st.query_params.get(PARAMETER)
    if asked is not None:
        del st.query_params[PARAMETER]  # or it would be in every link to this page
        if uploads.is_kept(asked):
            add(asked)
            st.session_state[CHOSEN] = asked
        else:
            st.warning(NOT_KEPT)
    tell_link(lesson)


def tell_link(lesson: str) -> None:
    """A link to this page names the upload of the piece that is chosen there; else it names none."""
    name = upload_of(picked(lesson, "piece", ""))
    if name:
        carry(lesson, PARAMETER, name)
    else:
        drop(lesson, PARAMETER)


def called(names: list[str]) -> dict[str, str]:
    """What those of these uploads that can be read are called: their files; where two would be called the same, with
    the beginning of their names."""
    words = {name: title for name in names if (title := title_of(name))}
    said = list(words.values())
    return {
        name: f"{title} ({name.removeprefix('upload-')[:8]})" if said.count(title) > 1 else title
        for name, title in words.items()
    }


def title_of(name: str) -> str:
    """What one upload is called; "" if it cannot be read. Safe with any text."""
    try:
        return _title(name) if uploads.is_kept(name) else ""
    except DataError:
        return ""


@st.cache_data(show_spinner=False, max_entries=500)
def _title(name):
    return name_of(uploads.load(name))


def own_pieces() -> tuple[Piece, ...]:
    """The pieces of the visitor's uploads, those of the last one first, of at most as many beats as a model takes.

    To each name is added what tells pieces with other notes apart: what pages compute of a piece, they keep under its
    name for all visitors.
    """
    found = {piece.name: piece for name in mine() for piece in pieces_of(name)}
    return tuple(found.values())


def upload_of(piece_name: str) -> str:
    """The upload of the visitor's that has a piece of this name; "" if none has."""
    theirs = (name for name in mine() if piece_name and any(piece.name == piece_name for piece in pieces_of(name)))
    return next(theirs, "")


def pieces_of(name: str) -> tuple[Piece, ...]:
    """The same of one upload; nothing if it cannot be read."""
    try:
        return _pieces(name)
    except DataError:
        return ()


@st.cache_resource(show_spinner=False, max_entries=12, ttl=HOUR)
def readings_of(name: str) -> list[Reading]:
    """The files of an upload.

    Raises:
        DataError: it is not kept any more, or damaged.
    """
    return uploads.load(name)


@st.cache_resource(show_spinner=False, max_entries=12, ttl=HOUR)
def _pieces(name):
    whole = [piece for reading in readings_of(name) for piece in reading.pieces]
    return tuple(part._replace(name=_told_apart(part)) for piece in whole for part in cut_piece(piece))


def _told_apart(piece):
    return f"{piece.name} ({hashlib.sha256(piece.roll.tobytes()).hexdigest()[:8]})"


@st.cache_resource
def _of_learners() -> dict[str, list[str]]:
    """From a visitor's digest to the names of their uploads, whoever added one last at the end."""
    return {}
