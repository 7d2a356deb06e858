"""Controls of a lesson that a link can carry: read from it once and checked, and written into a new one.

`dials` are sliders, `stops` a slider over named stops, `pick` is one of a few words, `switch` is on or off, `marks` are
made by clicks elsewhere. Each keeps its value while another page is on the screen. What a link says and a control
cannot be is refused in a sentence, and the control starts as usual.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

import streamlit as st
from streamlit.errors import StreamlitAPIException

from dmm.ui.words import plain


class Dial(NamedTuple):
    """One slider: its name in links, its words, its range and where it starts. Whole numbers if `step` is one."""

    name: str
    label: str
    low: float
    high: float
    start: float
    step: float
    help: str


def dials(lesson: str, group: Sequence[Dial], parts: Sequence[str] = ()) -> dict[str, float]:
    """The sliders of a lesson, one below another, and their values by name.

    A slider runs again the fragment that it is in, or the page. If several parts of a page show what depends on it,
    `parts` are their keys, as in `st.fragment(key=...)`, in the order in which they run; the rest of the page stays.

    A value in the link that is no number, or out of range, is refused in a sentence; the slider then starts as usual.
    What a browser sends and no slider offers is turned away by Streamlit.
    """
    _read_link(lesson, {dial.name: (lambda text, dial=dial: _read(dial, text)) for dial in group})
    return {dial.name: _draw(lesson, dial, parts) for dial in group}


def pick(lesson: str, name: str, label: str, choices: Mapping[str, str], help: str, start: str = "") -> str:
    """One of a few words, side by side.

    Args:
        choices: from what stands in a link to what stands on the page.
        start: the one where it starts, if that is not the first.
    """
    _read_link(lesson, {name: lambda text: _read_word(name, choices, start, text)})
    how = _common(lesson, name, help)
    return st.segmented_control(label, list(choices), format_func=choices.get, required=True, **how)


def stops(lesson: str, name: str, label: str, choices: Mapping[str, str], help: str, start: str = "") -> str:
    """One of several that have an order, on a slider; arguments as `pick`."""
    _read_link(lesson, {name: lambda text: _read_word(name, choices, start, text)})
    return st.select_slider(label, list(choices), format_func=choices.get, **_common(lesson, name, help))


def switch(lesson: str, name: str, label: str, help: str, start: bool = False, parts: Sequence[str] = ()) -> bool:
    """On or off; 1 or 0 in a link. `parts` as for `dials`."""
    _read_link(lesson, {name: lambda text: _read_switch(name, start, text)})
    return st.toggle(label, **_common(lesson, name, help, parts))


def marks(lesson: str, name: str, choices: Collection[str], start: Collection[str] = ()) -> set[str]:
    """Which of some names are marked, where something other than a control marks them, such as a click in a diagram.

    A link carries them with dots in between; `mark` turns one on or off.
    """
    first = ".".join(sorted(start))
    _read_link(lesson, {name: lambda text: _read_marks(name, choices, first, text)})
    return set(filter(None, st.session_state[_key(lesson, name)].split(".")))


def mark(lesson: str, name: str, one: str) -> None:
    """Mark a name, or unmark it; for a callback."""
    key = _key(lesson, name)
    st.session_state[key] = ".".join(sorted(set(filter(None, st.session_state[key].split("."))) ^ {one}))
    _forget(lesson)


def link(lesson: str, values: Mapping[str, float | str]) -> None:
    """A button behind which lies the link to this page as it is now."""
    with st.popover("Link to this", icon=":material/link:", help="A link that opens this page with these values."):
        st.code(_link(lesson, values), None)


@st.fragment
def link_to_all(lesson: str) -> None:
    """The same with every control of the lesson that has been shown, as it stands when the button is pressed."""
    words = "A link that opens this page with every control as it is now."
    if st.button("Link to this", icon=":material/link:", help=words, key=f"link {lesson}"):
        _show_link(lesson)


@st.dialog("A link to this page as it is now")  # why no popover: see `glossary.button`
def _show_link(lesson):
    start = _key(lesson, "")
    shown = sorted(key for key in map(str, st.session_state) if key.startswith(start))
    st.code(_link(lesson, {key.removeprefix(start): st.session_state[key] for key in shown}), None, wrap_lines=True)


def turn(lesson: str, dial: Dial, steps: int = 1, parts: Sequence[str] = ()) -> None:
    """Move a dial by some steps, from the last value on to the first; for `on_click` of a button. `parts` as there."""
    count = round((dial.high - dial.low) / dial.step) + 1
    place = round((st.session_state.get(_key(lesson, dial.name), dial.start) - dial.low) / dial.step)
    value = dial.low + (place + steps) % count * dial.step
    st.session_state[_key(lesson, dial.name)] = value if isinstance(dial.step, int) else float(value)
    _run_again(parts)


def put(lesson: str, name: str, value: float | str) -> None:
    """Set a control from elsewhere, such as by a press in a diagram; for an `on_click`."""
    st.session_state[_key(lesson, name)] = value
    _forget(lesson)


def value(lesson: str, dial: Dial) -> float:
    """Where a dial stands now, wherever on the page it is; where it starts, if it has not been shown yet."""
    return st.session_state.get(_key(lesson, dial.name), _start(dial))


def picked(lesson: str, name: str, start: str) -> str:
    """The same for a `pick` that starts with the word `start`."""
    return st.session_state.get(_key(lesson, name), start)


def _draw(lesson, dial, parts):
    """The widget of a dial, and what it says."""
    kind = int if isinstance(dial.step, int) else float
    low, high, step = (kind(number) for number in (dial.low, dial.high, dial.step))
    how = _common(lesson, dial.name, f"{dial.help} From {low:g} to {high:g}.", parts)
    return st.slider(dial.label, low, high, step=step, **how)


def _common(lesson, name, help, parts=()):
    """What all controls have."""
    key = _key(lesson, name)
    return {"key": key, "help": help, "on_change": _forget, "args": (lesson, parts), "persist_state": "session"}


def _read_link(lesson, readers):
    """Put what the link says into the controls, at the first sight of them; and say what was refused, until one moves.

    Args:
        readers: from a control's name to what makes its value, and a sentence if it is wrong, from the link's text.
    """
    refused = st.session_state.setdefault(f"refused {lesson}", {})
    for name, read in readers.items():
        key = _key(lesson, name)
        if key in st.session_state:
            continue
        st.session_state[key], trouble = read(st.query_params.get(name))
        if trouble:
            refused[name] = trouble
    troubles = [refused[name] for name in readers if name in refused]
    if troubles:
        st.warning(" ".join(troubles))


def _forget(lesson, parts=()):
    """A control has moved: what the link said wrongly is over."""
    st.session_state.pop(f"refused {lesson}", None)
    _run_again(parts)


def _run_again(parts):
    """In a callback: what runs next is these parts alone, or all if one of them has not been drawn yet."""
    if parts:
        try:
            st.rerun(parts)
        except StreamlitAPIException:
            st.rerun()


def _read(dial, text):
    """The value that a link gives a dial, and what is wrong with it."""
    start = _start(dial)
    if text is None:
        return start, ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if isinstance(dial.step, int) and value.is_integer():
        value = int(value)
    right = dial.low <= value <= dial.high and not (isinstance(dial.step, int) and isinstance(value, float))
    if right:
        return value, ""
    whole = "a whole number" if isinstance(dial.step, int) else "a number"
    return start, _refusal(dial.name, text, f"{whole} from {dial.low:g} to {dial.high:g}", f"{start:g}")


def _read_word(name, choices, start, text):
    """The same for one of a few words."""
    first = start or next(iter(choices))
    if text is None or text in choices:
        return text or first, ""
    *others, last = choices
    return first, _refusal(name, text, f"{', '.join(others)} or {last}", first)


def _read_switch(name, start, text):
    """The same for on and off."""
    if text in (None, "0", "1"):
        return start if text is None else text == "1", ""
    return start, _refusal(name, text, "0 or 1", f"{start:d}")


def _read_marks(name, choices, first, text):
    """The same for names with dots in between; nothing may be marked."""
    if text is None or set(filter(None, text.split("."))) <= set(choices):
        return first if text is None else text, ""
    return first, _refusal(name, text, f"some of {', '.join(choices)}", first or "none")


def _refusal(name, text, right, used):
    shown = plain(" ".join(text[:20].split())) + ("…" if len(text) > 20 else "")
    return f"The link says {name} = {shown or 'nothing'}, but it must be {right}; {used} is used."


def _start(dial):
    return int(dial.start) if isinstance(dial.step, int) else float(dial.start)


def _link(lesson, values):
    words = {name: value if isinstance(value, str) else f"{value:.10g}" for name, value in values.items()}
    return f"{_address()}{lesson}?{urlencode(words)}"


def _key(lesson, name):
    return f"dial {lesson} {name}"


def _address():
    """Where the app is, up to the last slash."""
    url = (st.context.url or "").split("?")[0]
    return url.rsplit("/", 1)[0] + "/" if url else ""
