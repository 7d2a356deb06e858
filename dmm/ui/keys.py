"""Keys that press buttons; see `keys.js`."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dmm.ui.source import read_code

_KEYS = st.components.v2.component("dmm_keys", html="<span></span>", js=read_code("keys"))


def listen(keys: Mapping[str, Sequence[str]]) -> None:
    """Takes no room.

    Args:
        keys: from the code of a key, such as "Space", to the keys of buttons; it presses the first that is there.
    """
    _KEYS(
        key="keys",
        data={"keys": {code: list(names) for code, names in keys.items()}},
        width="content",
        height="content",
    )
