r"""How a model came to see a piece: its `Inspection` at several moments of training, one byte a number.

$$
\text{byte} = \operatorname{round}\Big(255 \, \frac{v - \text{low}}{\text{high} - \text{low}}\Big)
$$

with the lowest and the highest value over all moments, so that what is shown differs from what was by at most 1/510
of the range. Needs numpy only.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from dmm.inspection import Inspection

VIEWS = ("z_loc", "z_scale", "gates", "probabilities", "kl", "reconstruction")  # the draws are left out


class Moment(NamedTuple):
    """The model after so many updates and epochs; `bound` on the validation pieces, in nats per frame."""

    step: int
    epoch: int
    bound: float
    inspection: Inspection


class History(NamedTuple):
    """Moments of training, S of them: `steps`, `epochs` and `bounds` (S,), and for each view its bytes and range."""

    steps: np.ndarray
    epochs: np.ndarray
    bounds: np.ndarray
    views: dict[str, np.ndarray]
    ranges: dict[str, np.ndarray]

    def moment(self, index: int) -> Moment:
        """One of them, as numbers again (to within a byte's precision); it has no draws."""
        values = {}
        for name, view in self.views.items():
            low, high = self.ranges[name]
            values[name] = (low + (high - low) / 255 * view[index]).astype(np.float32)
        empty = np.zeros((0, *values["z_loc"].shape), dtype=np.float32)
        when = int(self.steps[index]), int(self.epochs[index]), float(self.bounds[index])
        return Moment(*when, Inspection(draws=empty, **values))


def make_history(moments: list[Moment]) -> History:
    """The bytes of several moments of the same model and piece.

    Raises:
        ValueError: there are none, or a number that is not finite.
    """
    if not moments:
        raise ValueError("got 0 moments, expected at least 1")
    views, ranges = {}, {}
    for name in VIEWS:
        values = np.stack([getattr(moment.inspection, name) for moment in moments]).astype(np.float64)
        low, high = values.min(), values.max()
        if not np.isfinite([low, high]).all():
            raise ValueError(f"got {name} with numbers that are not finite")
        views[name] = np.rint((values - low) * (255 / (high - low or 1.0))).astype(np.uint8)
        ranges[name] = np.array([low, high])
    steps, epochs, bounds, _ = zip(*moments, strict=True)
    return History(np.array(steps), np.array(epochs), np.array(bounds), views, ranges)


def save_history(path: Path, history: History) -> None:
    """Write a history as an `.npz` file."""
    ranges = {f"range_{name}": limits for name, limits in history.ranges.items()}
    np.savez_compressed(
        path, steps=history.steps, epochs=history.epochs, bounds=history.bounds, **history.views, **ranges
    )


def load_history(path: Path) -> History:
    """Read what `save_history` wrote.

    Raises:
        OSError, ValueError, KeyError: the file is missing or damaged.
    """
    with np.load(path, allow_pickle=False) as file:
        views = {name: file[name] for name in VIEWS}
        ranges = {name: file[f"range_{name}"] for name in VIEWS}
        return History(file["steps"], file["epochs"], file["bounds"], views, ranges)
