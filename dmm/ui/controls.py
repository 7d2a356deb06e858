"""Controls for every hyper-parameter, made from the configuration itself."""

import streamlit as st

from dmm.config import GROUPS, PRESETS, SIZES, Config, ConfigError, about, knobs, make_config, read_config

FIRST = ("z_dim", "emission_dim", "transition_dim", "rnn_dim", "learning_rate", "epochs", "seed")
DATA = {"chorales": "Bach chorales, original keys", "chorales-in-c": "Bach chorales, moved to C"}
RATES = [round(digit * 10.0**power, 7) for power in range(-5, 0) for digit in (1, 2, 3, 4, 5, 7, 8)] + [1.0]
CLIPS = [0.01, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1000.0]
MEMORIES = [0.0, 0.5, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99999]
SCALES = {"learning_rate": RATES, "clip_norm": CLIPS, "beta2": MEMORIES}  # offered on a scale that is not even


def settings() -> Config | None:
    """The controls of the Train page, and the configuration they make; None, and a sentence, if it is refused."""
    values = st.session_state.setdefault("settings", make_config().model_dump())
    names = list(PRESETS)
    chosen = st.segmented_control(
        "Preset",
        names,
        key="preset",
        default=st.session_state.setdefault("chosen_preset", names[0]),
        format_func=str.capitalize,
        required=True,
        help="Sizes and settings that go well together. " + " ".join(map(_sizes, names)),
    )
    if chosen != st.session_state["chosen_preset"]:
        st.session_state["chosen_preset"] = chosen
        _put_back()
    values["data"] = _data(values["data"])
    for name in FIRST:
        values[name] = _control(name, values[name])
    changed = any(values[name] != value for name, value in _preset_values().items())
    words = "Every control as the preset has it; data and seed stay."
    st.button("Back to the preset", on_click=_put_back, disabled=not changed, help=words)
    with st.expander("All settings"):
        for group, title in GROUPS.items():
            st.markdown(f"**{title}**")
            for name in (name for name in knobs(group) if name not in (*FIRST, "data")):
                values[name] = _control(name, values[name])
    try:
        return read_config(values)
    except ConfigError as error:
        st.error(str(error))
        return None


def _preset_values():
    """What the chosen preset says of every field but data and seed."""
    values = make_config(st.session_state["chosen_preset"]).model_dump()
    return {name: value for name, value in values.items() if name not in ("data", "seed")}


def _put_back():
    """Every control as the chosen preset has it."""
    st.session_state["settings"].update(_preset_values())
    for name in _preset_values():
        st.session_state.pop(f"knob {name}", None)


def _sizes(name):
    """One preset in words."""
    size = SIZES[name]
    return f"{name.capitalize()}: latent {size['z_dim']}, RNN {size['rnn_dim']}."


def _data(value):
    """Which pieces to learn from."""
    key = "knob data"
    st.session_state.setdefault(key, value)
    return st.selectbox("Data", list(DATA), key=key, format_func=DATA.get, help=about("data")["meaning"])


def _control(name, value):
    """One control for one field; it remembers its value when another page was shown in between."""
    field, key = about(name), f"knob {name}"
    label = field["label"] + (f" ${field['symbol']}$" if field["symbol"] else "")
    if field["fixed"]:
        st.text_input(label, str(value), disabled=True, help=_help(field), key=key)
        st.caption(field["fixed"])
        return value
    st.session_state.setdefault(key, value)
    if field["choices"]:
        return st.segmented_control(label, field["choices"], key=key, help=_help(field), required=True)
    if name in SCALES:
        scale = SCALES[name]
        return st.select_slider(label, scale, key=key, help=_help(field, scale), format_func=lambda one: f"{one:g}")
    low, high, step = field["minimum"], field["maximum"], field["step"]
    if field["type"] == "integer":
        draw = st.slider if high <= 1024 else st.number_input
        return draw(label, int(low), int(high), key=key, help=_help(field))
    if high - low <= 1 and step >= 0.001:
        return st.slider(label, float(low), float(high), step=float(step), key=key, help=_help(field), format="%.3f")
    return st.number_input(label, float(low), float(high), step=float(step), key=key, help=_help(field), format="%.5f")


def _help(field, scale=()):
    """The tooltip: meaning, range, source."""
    unit = f" {field['unit']}" if field["unit"] else ""
    limits = ""
    if "minimum" in field:
        low, high = (scale[0], scale[-1]) if scale else (field["minimum"], field["maximum"])
        limits = f" From {low:.10g} to {high:.10g}{unit}."
    source = f"\n\nElsewhere: {field['source']}." if field["source"] else ""
    return f"{field['meaning']}{limits}{source}"
