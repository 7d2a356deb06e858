r"""How a model came to see a piece: its `Inspection` at several moments of training, one byte a number.

$$
\text{byte} = \operatorname{round}\Big(255 \, \frac{v - \text{low}}{\text{high} - \text{low}}\Big)
$$

with the lowest and the highest value over all moments, so that what is shown differs from what was by at most 1/510
of the range. Where the transition was looked at too, its steps are kept in the same way, all on one plane. Needs numpy
only.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from dmm.inspection import Inspection
from dmm.plane import Plane, Seen

VIEWS = ("z_loc", "z_scale", "gates", "probabilities", "kl", "reconstruction")  # the draws are left out


class Moment(NamedTuple):
    """The model after so many updates and epochs; `bound` on the validation pieces, in nats per frame."""

    step: int
    epoch: int
    bound: float
    inspection: Inspection


class Fields(NamedTuple):
    """The transition at each of S moments on one plane: bytes `steps` (S, N, 2) and their range.

    fixed (M, 4): all fixed points, each with its moment, its place on the plane, and 1 if it is stable.
    """

    plane: Plane
    steps: np.ndarray
    limits: np.ndarray
    fixed: np.ndarray

    def seen(self, index: int) -> Seen:
        """At one moment, as numbers again."""
        fixed = self.fixed[self.fixed[:, 0] == index]
        return Seen(_numbers(self.steps[index], self.limits), fixed[:, 1:3], fixed[:, 3] == 1)


class History(NamedTuple):
    """Moments of training, S of them, in their order.

    steps, epochs, bounds (S,): when, and the bound then, not a number where none was taken. views, ranges: for each
    view its bytes and what they stand for. fields: None if the transition was not looked at.
    """

    steps: np.ndarray
    epochs: np.ndarray
    bounds: np.ndarray
    views: dict[str, np.ndarray]
    ranges: dict[str, np.ndarray]
    fields: Fields | None = None

    @property
    def best(self) -> int:
        """Which moment has the lowest bound; the last if none has one."""
        known = np.isfinite(self.bounds)
        return int(np.nanargmin(self.bounds)) if known.any() else len(self.bounds) - 1

    def moment(self, index: int) -> Moment:
        """One of them, as numbers again (to within a byte's precision); it has no draws."""
        values = {}
        for name, view in self.views.items():
            values[name] = _numbers(view[index], self.ranges[name]).astype(np.float32)
        empty = np.zeros((0, *values["z_loc"].shape), dtype=np.float32)
        when = int(self.steps[index]), int(self.epochs[index]), float(self.bounds[index])
        return Moment(*when, Inspection(draws=empty, **values))


def make_history(moments: list[Moment], plane: Plane | None = None, seen: list[Seen] | None = None) -> History:
    """The bytes of several moments of the same model and piece.

    Args:
        moments: in their order.
        plane, seen: of the transition at each moment, or None.

    Raises:
        ValueError: there are none, or a number that is not finite.
    """
    if not moments:
        raise ValueError("got 0 moments, expected at least 1")
    views, ranges = {}, {}
    for name in VIEWS:
        values = np.stack([getattr(moment.inspection, name) for moment in moments])
        views[name], ranges[name] = _bytes(name, values)
    steps, epochs, bounds, _ = zip(*moments, strict=True)
    fields = None if plane is None else _make_fields(plane, seen)
    return History(np.array(steps), np.array(epochs), np.array(bounds, dtype=float), views, ranges, fields)


def _make_fields(plane, seen):
    steps, limits = _bytes("steps", np.stack([one.steps for one in seen]))
    fixed = []
    for moment, one in enumerate(seen):
        fixed += [(moment, *place, stable) for place, stable in zip(one.fixed, one.stable, strict=True)]
    return Fields(plane, steps, limits, np.array(fixed, dtype=float).reshape(-1, 4))


def _bytes(name, values):
    """Numbers as bytes, and their range."""
    values = values.astype(np.float64)
    low, high = values.min(), values.max()
    if not np.isfinite([low, high]).all():
        raise ValueError(f"got {name} with numbers that are not finite")
    return np.rint((values - low) * (255 / (high - low or 1.0))).astype(np.uint8), np.array([low, high])


def _numbers(view, limits):
    """Bytes as the numbers that they stand for."""
    low, high = limits
    return low + (high - low) / 255 * view


def save_history(path: Path, history: History) -> None:
    """Write a history as an `.npz` file."""
    more = {f"range_{name}": limits for name, limits in history.ranges.items()}
    if history.fields:
        plane, *parts = history.fields
        more |= {f"plane_{name}": part for name, part in plane._asdict().items()}
        more |= {f"field_{name}": part for name, part in zip(Fields._fields[1:], parts, strict=True)}
    when = {"steps": history.steps, "epochs": history.epochs, "bounds": history.bounds}
    np.savez_compressed(path, **when, **history.views, **more)


def load_history(path: Path) -> History:
    """Read what `save_history` wrote.

    Raises:
        OSError, ValueError, KeyError: the file is missing or damaged.
    """
    with np.load(path, allow_pickle=False) as file:
        views = {name: file[name] for name in VIEWS}
        ranges = {name: file[f"range_{name}"] for name in VIEWS}
        fields = None
        if "field_steps" in file:
            plane = Plane(*(file[f"plane_{name}"] for name in Plane._fields))
            fields = Fields(plane, *(file[f"field_{name}"] for name in Fields._fields[1:]))
        return History(file["steps"], file["epochs"], file["bounds"], views, ranges, fields)
