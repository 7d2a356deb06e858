r"""Where a transition sends the states on a plane through its latents, whatever kind of transition it is.

The plane goes through the middle of a path along its first two principal components, as `Plane` says. A transition is
given as a function from states (N, Z) to the means of the next ones (N, Z); its slope on the plane is taken as

$$
\frac{\partial f}{\partial y_k} \approx \frac{f(y + h e_k) - f(y - h e_k)}{2 h}.
$$

`fields.py` does the same for gated transitions, with the slope in closed form.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dmm import fields
from dmm.figures.projection import principal_components

ARROWS, STARTS = 13, 9  # to each side of the window
MARGIN = 0.15  # of the path's width, around it
STEP = 1e-4  # h


class Plane(NamedTuple):
    """origin (Z,), axes (2, Z) unit vectors at right angles, and a window on them: low and high (2,)."""

    origin: np.ndarray
    axes: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def places(self):
        """Where the arrows begin, in rows from below: (N, 2)."""
        return fields.grid(self.low, self.high, ARROWS)


class Flow(NamedTuple):
    """A transition on a plane, as `fields.fixed_points` wants it."""

    mean: Callable[[np.ndarray], np.ndarray]
    plane: Plane

    def step(self, y):
        """The place of the next mean: (N, 2)."""
        return (self.mean(self.plane.origin + y @ self.plane.axes) - self.plane.origin) @ self.plane.axes.T

    def slope(self, y):
        """How the next place changes with this one: (..., 2, 2)."""
        flat = np.reshape(y, (-1, 2))
        moved = [(self.step(flat + h) - self.step(flat - h)) / (2 * STEP) for h in STEP * np.eye(2)]
        return np.stack(moved, axis=-1).reshape(*np.shape(y)[:-1], 2, 2)


class Seen(NamedTuple):
    """What there is to see: steps (N, 2) from `Plane.places`, fixed points (M, 2), and which are stable (M,)."""

    steps: np.ndarray
    fixed: np.ndarray
    stable: np.ndarray


def plane_through(path) -> Plane | None:
    """The plane along which a path (T, Z) varies most, with a window around it; None if it has not two directions."""
    found = principal_components(path, 2)
    if not found.explained.all():
        return None
    low, high = found.points.min(0), found.points.max(0)
    margin = MARGIN * (high - low).max()
    return Plane(found.mean, found.axes, low - margin, high + margin)


def look(mean: Callable[[np.ndarray], np.ndarray], plane: Plane) -> Seen:
    """The steps on a plane, and the fixed points on it that Newton's method finds in its window."""
    flow, places = Flow(mean, plane), plane.places()
    found = fields.fixed_points(flow, fields.grid(plane.low, plane.high, STARTS))
    found = fields.inside(found, plane.low, plane.high)
    fixed = np.array([one.place for one in found]).reshape(-1, 2)
    return Seen(flow.step(places) - places, fixed, np.array([one.stable for one in found], dtype=bool))


def mean_of(dmm) -> Callable[[np.ndarray], np.ndarray] | None:
    """The mean of p(z_t | z_{t-1}) of a `DMM`, in 64 bits; None if it hangs on the frame before as well."""
    if dmm.augmented:
        return None
    import copy

    import torch  # here, so that what was stored is shown without it

    transition = copy.deepcopy(dmm.transition).double()

    def mean(z):
        with torch.no_grad():
            return transition(torch.from_numpy(np.ascontiguousarray(z)))[0].numpy()

    return mean
