"""JSON from someone else's file: strict, and with errors that a person can act on."""

import json
import math
import re
from collections import Counter

from dmm.data.piece import DataError

DIGITS = 20  # of the longest whole number that is read
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|NaN|-?Infinity|-?\d[\d.eE+-]*')  # a string, or a number


class _BadNumber(Exception):
    """A number as it stands in the text, and what is wrong with it."""


def parse(raw: bytes) -> object:
    """Reads JSON that is UTF-8 (with or without a byte order mark), has no key twice and only finite numbers.

    Raises:
        DataError: what is wrong, and where that is known, at which line and column or byte.

    >>> parse(b'{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    """
    if not raw.strip():
        raise DataError("This file is empty.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError("This file is UTF-16 text; save it as UTF-8.")
    try:
        text = raw.decode("utf-8-sig")
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_int,
            parse_float=_float,
            parse_constant=_float,
        )
    except _BadNumber as bad:
        digits, reason = bad.args
        raise DataError(f"Line {_line(text, digits)}: {reason}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"Byte {error.start + 1} is not UTF-8 text; save the file as UTF-8 JSON.") from None
    except json.JSONDecodeError as error:
        hint = "something follows the end" if error.msg == "Extra data" else _hint(text, error)
        raise DataError(f"Line {error.lineno}, column {error.colno}: not valid JSON, {hint}.") from None
    except RecursionError:
        raise DataError("Nested more than 20 levels; sequences of frames need 4.") from None


def quote(value: object) -> str:
    """A JSON value in a few plain ASCII characters, for a message.

    >>> quote("\\ud800" * 2), quote([1, 2]), quote(None)
    ('"\\\\ud800\\\\ud800"', 'a list of 2', 'null')
    """
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object with {len(value)} keys"
    text = json.dumps(value[:40] if isinstance(value, str) else value)
    return text if len(text) <= 60 else text[:57] + "..."


def _line(text: str, digits: str) -> int:
    """The line on which a number first stands, outside strings."""
    at = next((token.start() for token in TOKEN.finditer(text) if token.group() == digits), 0)
    return text.count("\n", 0, at) + 1


def _hint(text: str, error: json.JSONDecodeError) -> str:
    """What most often is wrong at such a place."""
    if error.pos >= len(text.rstrip()):
        return "the text ends too early (is it cut off?)"
    if text[: error.pos].rstrip().endswith(",") or "trailing comma" in error.msg:
        return "a value is missing after the comma (is there one comma too many?)"
    return f"{quote(text[error.pos])} is not expected here"


def _object(pairs: list[tuple[str, object]]) -> dict:
    """A JSON object, if it names no key twice."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise DataError(f"Key {quote(twice)} appears twice.")
    return fields


def _int(digits: str) -> int:
    """A whole number, if it is not absurdly long (Python itself would take quadratic time over it)."""
    if len(digits) > DIGITS:
        raise _BadNumber(digits, f"number too large, it has {len(digits)} digits ({digits[:12]}...).")
    return int(digits)


def _float(digits: str) -> float:
    """A finite number."""
    value = float(digits)
    if not math.isfinite(value):
        raise _BadNumber(digits, f"{digits[:20]} is not a finite number.")
    return value
