"""A curve in a few words: its last validation and what made it, to tell whether it came out the same. No torch.

A run's configuration, trained again on the same kind of processor with the same versions and data, gives the same curve
to the last digit; elsewhere sums are rounded otherwise, and training makes the difference grow.
"""

import contextlib
import math
import re
from pathlib import Path
from typing import NamedTuple

from dmm.config_link import LinkError, in_digits
from dmm.runs import store
from dmm.runs.comparison import validations
from dmm.runs.store import RunError

PATTERN = re.compile(r"(\d{1,9})~(-?\d[\d.e+-]{0,24})~([\w.+-]{1,30})~([\w.-]{1,20})~([0-9a-f]{8})", re.ASCII)
PARTS = ("PyTorch", "kind of processor", "data")


class Fingerprint(NamedTuple):
    """The last validation of a run, and what its digits depend on."""

    step: int  # updates
    bound: float  # nats per frame, on the validation pieces
    torch: str
    machine: str
    data: str  # the first eight digits of their digest


def fingerprint(run: Path) -> Fingerprint | None:
    """The fingerprint of a run; None before its first validation, or if it does not say what it was trained with."""
    points = validations(run)
    return made_with(run, points["step"][-1], points["bound"][-1]) if points["step"] else None


def made_with(run: Path, step: int, bound: float) -> Fingerprint | None:
    """A point of a run's curve with what its folder says of versions and data; None if it says nothing."""
    with contextlib.suppress(RunError, KeyError, TypeError):
        about = store.read_about(run)
        versions = about["versions"]
        return Fingerprint(step, bound, versions["torch"], versions["machine"], about["data"]["digest"][:8])
    return None


def encode(one: Fingerprint) -> str:
    """As it stands in a link.

    >>> encode(Fingerprint(5200, 7.103985, "2.13.0+cpu", "x86_64", "360bb441"))
    '5200~7.103985~2.13.0+cpu~x86_64~360bb441'
    """
    return "~".join((f"{one.step}", in_digits(one.bound), *one[2:]))


def decode(text: str) -> Fingerprint:
    """What `encode` wrote.

    Raises:
        LinkError: it is no fingerprint.
    """
    found = PATTERN.fullmatch(text)
    try:
        one = Fingerprint(int(found[1]), float(found[2]), *found.groups()[2:])
        if math.isfinite(one.bound):
            return one
    except (TypeError, ValueError):
        pass
    raise LinkError("an update, its bound, PyTorch's version, a processor and the data, with ~ in between")


def compare(there: Fingerprint, here: Fingerprint) -> str:
    """How the same update came out here, in a sentence or two."""
    where = f"after update {there.step:,}"
    if here.bound == there.bound:
        return f"Same as in the link, to the last digit: {in_digits(here.bound)} nats per frame on validation {where}."
    apart = here.bound - there.bound
    side = "higher" if apart > 0 else "lower"
    sentence = f"{abs(apart):.2g} nats per frame {side} than in the link on validation {where}."
    pairs = zip(PARTS, there[2:], here[2:], strict=True)
    other = [f"{words} ({a} there, {b} here)" for words, a, b in pairs if a != b]
    if other:
        return f"{sentence} Not the same: {', '.join(other)}."
    return f"{sentence} PyTorch, kind of processor and data are the same; models of one kind may still round otherwise."
