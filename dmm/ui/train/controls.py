"""The controls of the Train page, in order, and the configuration that they make."""

import streamlit as st

from dmm.config import GROUPS, PRESETS, SIZES, Config, ConfigError, about, knobs, make_config, read_config
from dmm.ui import choices
from dmm.ui.train import link
from dmm.ui.train.knobs import control, is_shown, key_of

FIRST = (
    "data",
    "inference",
    "transition",
    "engine",
    "z_dim",
    "rnn_dim",
    "transition_dim",
    "emission_dim",
    "learning_rate",
    "epochs",
    "seed",
)
REST = {
    title: [name for name in knobs(group) if name not in FIRST] for group, title in GROUPS.items()
}  # below "All settings"
AT_ODDS = ":red[:material/error: Does not go with {others}; a way out is at the top, below the presets.]"


def settings() -> Config | None:
    """The controls of the Train page, and the configuration they make; None, and a sentence, if it is refused."""
    link.read_link()
    _choose_preset()
    values = st.session_state["settings"]
    values |= {name: st.session_state[key_of(name)] for name in values if key_of(name) in st.session_state}
    with st.container():  # there also when empty, so that what follows keeps its place, and stays open
        config, exits = _judge(values)
    at_odds = {name for _, change in exits for name in change}
    for name in FIRST:
        _show(name, values, at_odds)
    if is_shown("preset"):
        changed = any(values[name] != value for name, value in _preset_values().items())
        words = "Every control as the preset has it; data and seed stay."
        st.button("Back to the preset", on_click=_put_back, disabled=not changed, help=words)
    groups = {title: [name for name in names if is_shown(name)] for title, names in REST.items()}
    if any(groups.values()):
        with st.expander("All settings"):
            for title, names in groups.items():
                st.markdown(f"**{title}**" if names else "")
                for name in names:
                    _show(name, values, at_odds)
    return config


def choose_data(name: str) -> None:
    """From another page: the data of the next run; all other settings stay."""
    st.session_state.setdefault("settings", make_config().model_dump())
    _change({"data": name})


def _choose_preset():
    """Sizes and settings to start from."""
    names = list(PRESETS)
    st.session_state.setdefault("chosen_preset", names[0])
    if not is_shown("preset"):
        return
    chosen = st.segmented_control(
        "Preset",
        names,
        key="preset",
        default=st.session_state["chosen_preset"],
        format_func=str.capitalize,
        required=True,
        help="Sizes and settings that go well together. " + " ".join(map(_sizes, names)),
    )
    if chosen != st.session_state["chosen_preset"]:
        st.session_state["chosen_preset"] = chosen
        _put_back()


def _judge(values):
    """The configuration; or None and what may be changed, with the reason and a button for each on the page."""
    try:
        return read_config(values), []
    except ConfigError as error:
        st.error(str(error))
    exits = choices.ways_out(values)
    with st.container(horizontal=True, key="ways_out"):
        for label, change in exits:
            st.button(label, on_click=_change, args=(change,), help="Changes this one setting, and keeps all others.")
    return None, exits


def _show(name, values, at_odds):
    """One control, and what there is to say about it."""
    values[name] = control(name, values[name], choices.why_idle(name, values))
    if name == "inference" and is_shown(name):
        network = choices.networks()[values[name]]
        st.markdown(f"${network.formula}$  \nlooks at {network.sees}.")
    if name in at_odds:
        others = " and ".join(about(other)["label"] for other in sorted(at_odds - {name}))
        st.caption(AT_ODDS.format(others=others))


def _preset_values():
    """What the chosen preset says of every field but data and seed."""
    values = make_config(st.session_state["chosen_preset"]).model_dump()
    return {name: value for name, value in values.items() if name not in ("data", "seed")}


def _put_back():
    """Every control as the chosen preset has it."""
    _change(_preset_values())


def _change(values):
    """Put values into the settings, and into the controls when they are drawn next."""
    st.session_state["settings"].update(values)
    for name in values:
        st.session_state.pop(key_of(name), None)


def _sizes(name):
    """One preset in words."""
    size = SIZES[name]
    return f"{name.capitalize()}: latent {size['z_dim']}, RNN {size['rnn_dim']}."
