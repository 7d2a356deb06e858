"""What may be done to the hidden state of a piece: hold a dimension, drag it, draw its path, swap two, hold a gate."""

from typing import NamedTuple

KINDS = ("hold", "drag", "draw", "swap", "gate")


class Act(NamedTuple):
    """Something that is done to the hidden state.

    kind: "hold" the dimension at `value`, "drag" it by `value` from its path if nothing is done (both in its standard
    deviations over the piece, "hold" from its mean), "draw" it along `path`, a number for each frame, "swap" it with
    `other`, or hold its "gate" at `value`, 0..1.
    dimension, other: from 0; for a gate, None is all of them. start, end: frames from 0, the last not included.
    """

    kind: str
    dimension: int | None
    start: int
    end: int
    value: float = 0.0
    other: int | None = None
    path: tuple[float, ...] = ()


def check(act: Act, steps: int, size: int) -> None:
    """Refuse what cannot be done to a piece of so many frames and latent dimensions.

    Raises:
        ValueError: there is no such kind, dimension or stretch, or a path is not as long as it.
    """
    if act.kind not in KINDS:
        raise ValueError(f"got act {act.kind!r}, expected one of {', '.join(KINDS)}")
    if not 0 <= act.start < act.end <= steps:
        raise ValueError(f"got frames {act.start} to {act.end}, expected a stretch within 0 to {steps}")
    if act.kind == "draw" and len(act.path) != act.end - act.start:
        raise ValueError(f"got a path of {len(act.path)} frames, expected {act.end - act.start}")
    named = {"swap": (act.dimension, act.other), "gate": (act.dimension,) if act.dimension is not None else ()}
    for dimension in named.get(act.kind, (act.dimension,)):
        if dimension is None or not 0 <= dimension < size:
            raise ValueError(f"got dimension {dimension}, expected 0 to {size - 1}")
