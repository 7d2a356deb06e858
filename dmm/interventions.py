"""What may be done to the hidden state of a piece: hold a dimension, drag it, swap two, or hold a gate."""

from typing import NamedTuple

KINDS = ("hold", "drag", "swap", "gate")


class Act(NamedTuple):
    """Something that is done to the hidden state.

    kind: "hold" the dimension at `value`, "drag" it by `value` from its path if nothing is done (both in its standard
    deviations over the piece, "hold" from its mean), "swap" it with `other`, or hold its "gate" at `value`, 0..1.
    dimension, other: from 0; for a gate, None is all of them. start, end: frames from 0, the last not included.
    """

    kind: str
    dimension: int | None
    start: int
    end: int
    value: float = 0.0
    other: int | None = None


def check(act: Act, steps: int, size: int) -> None:
    """Refuse what cannot be done to a piece of so many frames and latent dimensions.

    Raises:
        ValueError: there is no such kind, dimension or stretch.
    """
    if act.kind not in KINDS:
        raise ValueError(f"got act {act.kind!r}, expected one of {', '.join(KINDS)}")
    if not 0 <= act.start < act.end <= steps:
        raise ValueError(f"got frames {act.start} to {act.end}, expected a stretch within 0 to {steps}")
    named = {"swap": (act.dimension, act.other), "gate": (act.dimension,) if act.dimension is not None else ()}
    for dimension in named.get(act.kind, (act.dimension,)):
        if dimension is None or not 0 <= dimension < size:
            raise ValueError(f"got dimension {dimension}, expected 0 to {size - 1}")
