"""One control for one hyper-parameter: its kind, range and tooltip follow from the configuration."""

import streamlit as st

from dmm.config import about
from dmm.config_link import in_digits
from dmm.ui import choices, data_names
from dmm.ui.hiding import is_hidden
from dmm.ui.names import SETTINGS

RATES = [round(digit * 10.0**power, 7) for power in range(-5, 0) for digit in (1, 2, 3, 4, 5, 7, 8)] + [1.0]
CLIPS = [0.01, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1000.0]
MEMORIES = [0.0, 0.5, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99999]
SCALES = {"learning_rate": RATES, "clip_norm": CLIPS, "beta2": MEMORIES}  # offered on a scale that is not even
REFUSED = "refused train"  # what a link said wrongly, until a control moves
LISTED = ("data", "inference")  # whose choices are too long to stand side by side


def key_of(name: str) -> str:
    """The key of a field's control in the session."""
    return f"knob {name}"


def is_shown(name: str) -> bool:
    """Whether a control of the page is there to be moved; a link may hide it, or all of them."""
    return not (is_hidden("train", name) or is_hidden("train", SETTINGS))


def control(name: str, value, idle: str = ""):
    """The control of a field, and the value that it has now; a fixed field is only told, a hidden one just has it.

    Args:
        name: of the field.
        value: what it shows when it was not on the page before.
        idle: why it changes nothing at present; it is then disabled, with this sentence below.
    """
    if not is_shown(name):
        return value
    field = about(name)
    label = field["label"] + (f" ${field['symbol']}$" if field["symbol"] else "")
    if field["fixed"]:
        st.caption(f"{label}: {value}. {field['fixed']}")
        return value
    st.session_state.setdefault(key_of(name), value)
    common = {"key": key_of(name), "disabled": bool(idle), "on_change": _forget}
    chosen = _draw(name, field, label, common)
    if idle:
        st.caption(idle)
    return chosen


def _forget():
    """A control has moved: what a link said wrongly is over."""
    st.session_state.pop(REFUSED, None)


def _draw(name, field, label, common):
    """The widget that suits the field."""
    if name in LISTED or field["choices"]:
        return _choice(name, field, label, common)
    if name in SCALES:
        scale = SCALES[name]
        stops = sorted({*scale, st.session_state[common["key"]]})  # a link may say what lies between two of them
        return st.select_slider(label, stops, help=_help(field, scale), format_func=in_digits, **common)
    low, high, step = field["minimum"], field["maximum"], field["step"]
    common["help"] = _help(field)
    if field["type"] == "integer":
        return (st.slider if high <= 1024 else st.number_input)(label, int(low), int(high), **common)
    low, high, step = float(low), float(high), float(step)
    if high - low <= 1 and step >= 0.001:
        return st.slider(label, low, high, step=step, format="%.2f" if step >= 0.01 else "%.3f", **common)
    return st.number_input(label, low, high, step=step, format="%g", **common)


def _choice(name, field, label, common):
    """One of a few words."""
    if name == "data":
        offered = data_names.on_offer(st.session_state[common["key"]])
        return st.selectbox(label, list(offered), format_func=offered.get, help=field["meaning"], **common)
    common |= {"help": _help(field), "format_func": lambda one: choices.in_words(name, one)}
    if name in LISTED:
        return st.selectbox(label, field["choices"], **common)
    return st.segmented_control(label, field["choices"], required=True, **common)


def _help(field, scale=()):
    """The tooltip: meaning, range, source."""
    unit = f" {field['unit']}" if field["unit"] else ""
    limits = ""
    if "minimum" in field:
        low, high = (scale[0], scale[-1]) if scale else (field["minimum"], field["maximum"])
        limits = f" From {low:.10g} to {high:.10g}{unit}."
    source = f"\n\nElsewhere: {field['source']}." if field["source"] else ""
    return f"{field['meaning']}{limits}{source}"
