"""Files that a visitor has just given: each is read in a process with limits, told of, and let go at once.

What one file does wrong is said of it, and the others are taken all the same. Files that are given together are one
upload, kept on the server's disk under a name made of their contents.
"""

import gc
import math
import time
from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from dmm.data import DataError, child, uploads
from dmm.data.report import Reading
from dmm.data.upload import file_name
from dmm.rates import Rates
from dmm.ui import own_pieces
from dmm.ui.learner import address, learner
from dmm.ui.words import plain

WHILE, MOST, MOST_OF_ADDRESS = 600.0, 50, 400  # seconds; files of a visitor in them, and of a class behind one address
NOT_TAKEN = "Not taken:\n"
ROUND, READ, TROUBLES = "uploader", "files that were read", "files that were refused"  # in the session
FRESH = "files were just read"


class Read(NamedTuple):
    """One file: what it is called, what was found in it or is wrong with it, and how long it would have to wait."""

    name: str
    reading: Reading | None = None
    trouble: str = ""
    wait: float = 0.0


def key() -> str:
    """The key of the uploader, another after each upload: so it is empty again, and the session holds no bytes."""
    return f"own files {st.session_state.setdefault(ROUND, 0)}"


def take(files: Sequence) -> None:
    """Read what the uploader holds, keep what is music, and run the page again; it then shows what came of it.

    A run of the page that is broken off loses nothing: what is read is in the session, and what is not is still there.
    """
    files = [file for file in files if isinstance(file, UploadedFile)]  # not those that were let go
    done = st.session_state.setdefault(READ, [])
    if not files and not done:
        if st.session_state.pop(FRESH, False):
            gc.collect()  # what the run before held of the bytes; the server is set not to do it by itself
        return
    st.session_state[TROUBLES], st.session_state[FRESH] = [], True
    bar = st.progress(0.0, "Reading…")
    for place, file in enumerate(files):
        bar.progress(place / len(files), f"Reading {plain(file_name(file.name))}…")
        done.append(_read(file))
        _let_go(file)
    st.session_state[ROUND] += 1
    _keep(st.session_state.pop(READ))
    st.rerun()


def show_troubles() -> None:
    """What was wrong with files of the last upload, until the next."""
    troubles = [plain(one) for one in st.session_state.get(TROUBLES, [])]
    if troubles:
        st.error(NOT_TAKEN + "\n".join(f"- {one}" for one in troubles))


def _read(file) -> Read:
    """One file, if the visitor may have another one read now."""
    name = file_name(file.name)
    wait = _rates().take((learner(), address()), time.monotonic())
    if wait:
        return Read(name, wait=wait)
    try:
        return Read(name, child.read_apart(file.getvalue(), file.name))
    except DataError as error:
        return Read(name, trouble=str(error))


def _keep(done: list[Read]) -> None:
    """Keep what was read as one upload, which the page then shows; and what is wrong, to be said."""
    troubles = [f"{one.name}: {one.trouble}" for one in done if one.trouble]
    waits = [one.wait for one in done if one.wait]
    if waits:
        troubles.append(_too_many(len(waits), min(waits)))
    readings = [one.reading for one in done if one.reading]
    try:
        if readings:
            name = uploads.save(readings)
            own_pieces.add(name)
            st.session_state[own_pieces.CHOSEN] = name
    except DataError as error:
        troubles.append(str(error))
    st.session_state[TROUBLES] = troubles


def _let_go(file) -> None:
    """Streamlit keeps the bytes of an upload until the visit ends; these are read, so they go now."""
    context = get_script_run_ctx()
    manager = context.uploaded_file_mgr if context else None
    if isinstance(manager, MemoryUploadedFileManager):
        manager.remove_file(session_id=context.session_id, file_id=file.file_id)


def _too_many(count, wait):
    files = "1 file was" if count == 1 else f"{count} files were"
    minutes = math.ceil(wait / 60)
    return (
        f"{files} not read: in {WHILE / 60:.0f} minutes a visitor may give {MOST} files, and a network "
        f"{MOST_OF_ADDRESS}. Try again in {minutes} minute{'' if minutes == 1 else 's'}."
    )


@st.cache_resource
def _rates() -> Rates:
    """The server's count of files that were read."""
    return Rates(WHILE, MOST, MOST_OF_ADDRESS)
