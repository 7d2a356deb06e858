"""Controls of a lesson that a link can carry: read from it once and checked; `sharing` writes them into a new one.

`dials` are sliders, `stops` a slider over named stops, `pick` is one of a few words, `listing` one of many, `switch` is
on or off, `marks` are made by clicks elsewhere. Each keeps its value while another page is on the screen. What a link
says and a control cannot be is refused in a sentence, and the control starts as usual. One that the link hides has its
value all the same.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import streamlit as st
from streamlit.errors import StreamlitAPIException

from dmm.ui.hiding import is_hidden
from dmm.ui.words import refusal


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
    how = {"format_func": choices.get, "required": True, "help": help}
    return _show(lesson, name, st.segmented_control, label, list(choices), **how)


def stops(lesson: str, name: str, label: str, choices: Mapping[str, str], help: str, start: str = "") -> str:
    """One of several that have an order, on a slider; arguments as `pick`."""
    _read_link(lesson, {name: lambda text: _read_word(name, choices, start, text)})
    return _show(lesson, name, st.select_slider, label, list(choices), format_func=choices.get, help=help)


def listing(lesson: str, name: str, label: str, choices: Mapping[str, str], help: str, what: str) -> str:
    """One of many, from a list that may change; arguments as `pick`, and what they are, for a link that names none."""

    def read(text):
        first = next(iter(choices))
        return (text or first, "") if text is None or text in choices else (first, refusal(name, text, what, first))

    _read_link(lesson, {name: read})
    if st.session_state[_key(lesson, name)] not in choices:
        st.session_state[_key(lesson, name)] = next(iter(choices))
    return _show(lesson, name, st.selectbox, label, list(choices), format_func=choices.get, help=help)


def switch(lesson: str, name: str, label: str, help: str, start: bool = False, parts: Sequence[str] = ()) -> bool:
    """On or off; 1 or 0 in a link. `parts` as for `dials`."""
    _read_link(lesson, {name: lambda text: _read_switch(name, start, text)})
    return _show(lesson, name, st.toggle, label, parts=parts, help=help)


def marks(lesson: str, name: str, choices: Collection[str], start: Collection[str] = ()) -> set[str]:
    """Which of some names are marked, where something other than a control marks them, such as a click in a diagram.

    A link carries them with dots in between; `mark` turns one on or off.
    """
    first = ".".join(sorted(start))
    _read_link(lesson, {name: lambda text: _read_marks(name, choices, first, text)})
    return set(filter(None, st.session_state[_key(lesson, name)].split(".")))


def mark(lesson: str, name: str, one: str) -> None:
    """Mark a name, or unmark it; for a callback. Not if the link hides these marks: then they stay."""
    if is_hidden(lesson, name):
        return
    key = _key(lesson, name)
    st.session_state[key] = ".".join(sorted(set(filter(None, st.session_state[key].split("."))) ^ {one}))
    _forget(lesson)


def carry(lesson: str, name: str, value: str) -> None:
    """What else a link to this page says, where something other than these controls reads it."""
    st.session_state.setdefault(f"carried {lesson}", {})[name] = value


def drop(lesson: str, name: str) -> None:
    """A link to this page no longer says it."""
    st.session_state.get(f"carried {lesson}", {}).pop(name, None)


def carried(lesson: str) -> dict[str, float | str]:
    """Everything that a link to this page has to say: each control that was shown as it stands, by its name."""
    start = _key(lesson, "")
    shown = sorted(key for key in map(str, st.session_state) if key.startswith(start))
    controls = {key.removeprefix(start): st.session_state[key] for key in shown}
    return controls | st.session_state.get(f"carried {lesson}", {})


def labels(lesson: str) -> dict[str, str]:
    """The controls that this page has shown or would have, if nothing was hidden: what each is called."""
    return st.session_state.get(f"labels {lesson}", {})


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
    how = {"step": step, "help": f"{dial.help} From {low:g} to {high:g}.", "parts": parts}
    return _show(lesson, dial.name, st.slider, dial.label, low, high, **how)


def _show(lesson, name, widget, label, *args, parts=(), **how):
    """A widget whose value is in the session already, with what all have; or, if it is hidden, its value alone."""
    st.session_state.setdefault(f"labels {lesson}", {})[name] = label
    key = _key(lesson, name)
    if is_hidden(lesson, name):
        return st.session_state[key]
    how |= {"key": key, "on_change": _forget, "args": (lesson, parts), "persist_state": "session"}
    return widget(label, *args, **how)


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
    return start, refusal(dial.name, text, f"{whole} from {dial.low:g} to {dial.high:g}", f"{start:g}")


def _read_word(name, choices, start, text):
    """The same for one of a few words."""
    first = start or next(iter(choices))
    if text is None or text in choices:
        return text or first, ""
    *others, last = choices
    return first, refusal(name, text, f"{', '.join(others)} or {last}", first)


def _read_switch(name, start, text):
    """The same for on and off."""
    if text in (None, "0", "1"):
        return start if text is None else text == "1", ""
    return start, refusal(name, text, "0 or 1", f"{start:d}")


def _read_marks(name, choices, first, text):
    """The same for names with dots in between; nothing may be marked."""
    if text is None or set(filter(None, text.split("."))) <= set(choices):
        return first if text is None else text, ""
    return first, refusal(name, text, f"some of {', '.join(choices)}", first or "none")


def _start(dial):
    return int(dial.start) if isinstance(dial.step, int) else float(dial.start)


def _key(lesson, name):
    return f"dial {lesson} {name}"
