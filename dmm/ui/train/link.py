"""Train: the settings in a link, and what it says of a run. Read once, before the first control is drawn."""

from typing import Any, NamedTuple

import streamlit as st

from dmm.config import PRESETS, Config, make_config
from dmm.config_link import LinkError, decode, encode, in_digits
from dmm.runs import store
from dmm.runs.changes import read_changes
from dmm.runs.fingerprint import Fingerprint, fingerprint
from dmm.runs.fingerprint import decode as read_fingerprint
from dmm.runs.fingerprint import encode as write_fingerprint
from dmm.runs.store import RunError
from dmm.ui.names import NAMES
from dmm.ui.train.knobs import REFUSED, key_of
from dmm.ui.words import refusal

KEY = "link of a run"
STEERED = (
    "The run of this link was steered by hand while it trained, so its curve cannot be had again from settings alone."
)
NOT_HERE = "The run of this link is not on this server; the settings below are its own, and Start trains it anew."


class Told(NamedTuple):
    """What a link said: the settings, the curve of a run that had them, and whether a hand steered it."""

    values: dict[str, Any]
    was: Fingerprint | None
    steered: bool


# --- reading ---------------------------------------------------------------------------------------------------------


def read_link() -> None:
    """Put what the link says into the settings, at the first sight of the page; say what was refused, until one moves.

    A field that it does not name is as in a `config.json` without it, if the link tells its version, for then it had
    none; else as the page starts.
    """
    if "settings" not in st.session_state:
        _take_up()
    told = st.session_state.get(KEY)
    if st.session_state.get(REFUSED):
        st.warning(" ".join(st.session_state[REFUSED]))
    if told and told.steered and settings_now() == told.values:
        st.info(STEERED)


def _take_up():
    words = st.query_params.to_dict()
    values, wrong = decode(words)
    start = make_config().model_dump() | (Config().model_dump() if values and "v" in words else {})
    refused = [refusal(name, words[name], right, in_digits(start[name])) for name, right in wrong.items()]
    preset = words.get("preset", next(iter(PRESETS)))
    if preset in PRESETS:
        st.session_state["chosen_preset"] = preset
    else:
        refused.append(refusal("preset", preset, " or ".join(PRESETS), next(iter(PRESETS))))
    was = None
    if "was" in words:
        try:
            was = read_fingerprint(words["was"])
        except LinkError as error:
            refused.append(refusal("was", words["was"], str(error), "nothing"))
    st.session_state["settings"] = start | values
    st.session_state[REFUSED] = refused
    if values:
        st.session_state[KEY] = Told(start | values, was, words.get("steered") == "1")


def not_here(sentence: str) -> str:
    """What to say where there is no run of the link's name: if the link has its settings, that they are on the page."""
    others = {name for page, names in NAMES.items() if page != "train" for name in names}  # such as a seed
    return NOT_HERE if {*st.query_params} & ({*Config.model_fields} - others) else sentence


# --- writing ---------------------------------------------------------------------------------------------------------


def settings_now() -> dict[str, Any]:
    """Every field as the controls stand, also where they do not go together."""
    settings = st.session_state.get("settings") or make_config().model_dump()
    return {name: st.session_state.get(key_of(name), value) for name, value in settings.items()}


def words_of_settings() -> dict[str, str]:
    """What a link says of the controls."""
    return {"preset": st.session_state.get("chosen_preset", next(iter(PRESETS))), **encode(settings_now())}


def words_of_run(name: str) -> dict[str, str]:
    """What a link says of a run, by its id: its settings, and its curve; nothing if it cannot be read.

    Of one that was steered by hand there is no curve: nobody could have it again.
    """
    try:
        run = store.find_run(name)
        words = encode(store.read_run_config(run).model_dump())
    except RunError:
        return {}
    if read_changes(run):
        return words | {"steered": "1"}
    one = fingerprint(run)
    return words | ({"was": write_fingerprint(one)} if one else {})
