"""A configuration as a link carries it: each field by its name, written with all its digits, and checked when read.

A link comes from anybody. So each value is looked at by itself, a wrong one is left out with the reason, and no link
names a file: only data that come with the app, and music that was uploaded to this server and is still kept.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from dmm.config import Config, about
from dmm.data import uploads
from dmm.data.load import SHIPPED, split_name

VERSION = "1"  # of links: of the names of all controls, and of what they mean
LONGEST = 40  # characters of a number


class LinkError(ValueError):
    """A value of a link was refused; the message says what it must be."""


def encode(values: Mapping[str, Any]) -> dict[str, str]:
    """Values of fields as text, from which `decode` makes exactly the same; of a file of data the name alone.

    >>> encode({"z_dim": 16, "learning_rate": 0.1 + 0.2, "data": "/home/ada/songs.json"})
    {'z_dim': '16', 'learning_rate': '0.30000000000000004', 'data': 'songs.json'}
    """
    return {name: _file_name(value) if name == "data" else in_digits(value) for name, value in values.items()}


def decode(words: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of those fields that a link names, and what must be in the place of those that are refused.

    >>> decode({"z_dim": "8", "epochs": "many"})
    ({'z_dim': 8}, {'epochs': 'a whole number from 0 to 100000'})
    """
    values, refused = {}, {}
    for name in words.keys() & Config.model_fields.keys():
        try:
            values[name] = read_value(name, words[name])
        except LinkError as error:
            refused[name] = str(error)
    return values, refused


def read_value(name: str, text: str) -> Any:
    """The value of one field.

    Raises:
        LinkError: the text is no value of it, whatever the other fields are.
    """
    if name == "data":
        return _data(text)
    field = about(name)
    choices = [f"{field['default']}"] if field["fixed"] else field["choices"]
    if choices:
        if text not in choices:
            raise LinkError(_either(choices))
        return text if field["type"] == "string" else field["default"]
    whole = field["type"] == "integer"
    try:
        value = (int if whole else float)(text[:LONGEST])
        if _is_fit(name, value):
            return value
    except ValueError:
        pass
    kind = "a whole number" if whole else "a number"
    raise LinkError(f"{kind} from {field['minimum']:.10g} to {field['maximum']:.10g}")


def in_digits(value: float | str) -> str:
    """A number as it is usually written where that is exact, else with all its digits; a truth value as 1 or 0.

    >>> in_digits(1.0), in_digits(0.005), in_digits(True), in_digits("st-r")
    ('1', '0.005', '1', 'st-r')
    """
    if isinstance(value, str):
        return value
    short = f"{value:.10g}"
    return short if float(short) == value else repr(value)


def _data(text):
    """The name of a set that a link may choose."""
    own = split_name(text)[1]
    if text in SHIPPED or uploads.is_kept(own):
        return text
    is_upload = uploads.NAME.fullmatch(own)
    reason = "for that music is not kept on this server" if is_upload else "for a link opens no file"
    raise LinkError(f"{_either(SHIPPED)}, {reason}")


def _is_fit(name, value):
    """Whether the configuration takes this value, alone: the other fields may still exclude it."""
    try:
        Config(**{name: value})
    except ValidationError as error:
        return not any(one["loc"] for one in error.errors())
    return True


def _either(choices):
    """Words with an "or" before the last."""
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else last


def _file_name(path):
    return path.replace("\\", "/").rsplit("/", 1)[-1]
