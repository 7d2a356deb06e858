"""Compare: everything as one file, made when it is asked for."""

import streamlit as st

from dmm.runs import sweep_records
from dmm.runs.comparison import archive
from dmm.runs.store import RunError
from dmm.ui.compare.pinned import labels
from dmm.ui.words import plain

MAKE = (
    "One zip: each run's configuration, its validations (CSV), its best weights (safetensors) and a picture of what it "
    "plays (SVG); a table and a picture of all; and the table of the sweep, if one is shown."
)
SAVE = "To your downloads."
MADE = "zip that was made"  # in the session: of what, and its bytes


@st.fragment
def show_export(pinned, sweep=None) -> None:
    """A button that makes the file, and then one that saves it.

    In two steps, since a button that makes its file while it is pressed has no way to say on the page what went wrong.

    Args:
        sweep: a sweep and its runs whose table goes with them.
    """
    of = [(one.run.name, one.status.step, one.status.state) for one in pinned], sweep and sweep[0].id
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Make a zip of all", icon=":material/folder_zip:", key="make zip", help=MAKE):
            st.session_state[MADE] = of, _make(pinned, sweep)
        made_of, data = st.session_state.get(MADE, (None, b""))
        if data and made_of == of:
            label = f"Save all ({len(data) / 1e6:.1f} MB)"
            how = {"icon": ":material/download:", "help": SAVE, "on_click": "ignore", "type": "primary"}
            st.download_button(label, data, "comparison.zip", "application/zip", **how)
            st.caption(f"{', '.join(labels(pinned))}: configurations, curves, weights, pictures.")


def _make(pinned, sweep):
    """The file; nothing, and a sentence, if a run cannot be read."""
    rows = sweep_records.table(sweep[0], sweep_records.read_results(*sweep)) if sweep else ()
    try:
        return archive(pinned, rows)
    except RunError as error:
        st.warning(plain(str(error)))
        return b""
