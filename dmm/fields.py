r"""Where a gated transition sends each state: the field of its steps, and the states that it leaves in place.

$$
\begin{aligned}
z^\star &= \mu(z^\star)                                              && \text{fixed point} \\
J(z)    &= \frac{\partial \mu}{\partial z}                           && \text{slope} \\
z       &\leftarrow z - \big(J(z) - I\big)^{-1} \big(\mu(z) - z\big) && \text{Newton's step towards one}
\end{aligned}
$$

A fixed point is stable if all eigenvalues of $J(z^\star)$ are smaller than 1 in size: a state close by comes to rest
there in the end, as long as no noise is added; on the way a step may lead it away for a while.
`model.GatedTransition` has the formula of $\mu$, `gated.slope` that of $J$.
"""

from typing import NamedTuple

import numpy as np

from dmm.gated import Gated, lanes, slope

ROUNDS, HALVINGS = 25, 6  # of Newton's method, and of a step of it that goes too far
LOST = 1e6  # a step this long leads nowhere
ARROWS, STARTS = 15, 17  # of a view, to each side
SOLVED, SAME = 1e-9, 1e-5  # how small a residual is 0, and how near two points are one


class Field(NamedTuple):
    """The transition seen on a plane, or in a space of all Z dimensions.

    A place y (..., D) stands for the state `origin + y @ axes`; what of a step leaves the plane is not seen.
    origin (Z,), axes (D, Z) unit vectors at right angles.
    """

    weights: Gated
    origin: np.ndarray
    axes: np.ndarray
    held: float | None = None

    def state(self, y):
        """The state at a place: (..., D) to (..., Z)."""
        return self.origin + y @ self.axes

    def place(self, z):
        """The place under a state: (..., Z) to (..., D)."""
        return (z - self.origin) @ self.axes.T

    def step(self, y):
        """The place of the next mean: (..., D)."""
        return self.place(lanes(self.weights, self.state(y), self.held).loc)

    def noise(self, y):
        """Covariance of the next place: (..., D, D)."""
        scale = lanes(self.weights, self.state(y), self.held).scale
        return (self.axes * scale[..., None, :] ** 2) @ self.axes.T

    def slope(self, y):
        """How the next place changes with this one: (..., D, D)."""
        return self.axes @ slope(self.weights, self.state(y), self.held) @ self.axes.T

    def share(self, y):
        """How much of the steps from these places stays on the plane: 0..1, of the sum of their squares."""
        z = self.state(y)
        step = lanes(self.weights, z, self.held).loc - z
        return float(((step @ self.axes.T) ** 2).sum() / max((step**2).sum(), 1e-300))


class FixedPoint(NamedTuple):
    """A place (D,) that its step leaves where it is, and the eigenvalues (D,) of the slope there, largest first."""

    place: np.ndarray
    eigenvalues: np.ndarray

    @property
    def stable(self) -> bool:
        """Whether places close by come to rest here in the end."""
        return bool(abs(self.eigenvalues[0]) < 1)


def whole(weights: Gated, held: float | None = None) -> Field:
    """The field in all dimensions, where a place is the state itself."""
    return Field(weights, np.zeros(len(weights.b)), np.eye(len(weights.b)), held)


def fixed_points(field: Field, starts) -> list[FixedPoint]:
    """The fixed points to which Newton's method leads from some places (N, D); the nearest to the origin first.

    There may be more: nobody can say from finitely many starts. Steps that make things worse are halved.
    """
    y, found = np.array(starts, dtype=float), []
    for _ in range(ROUNDS):
        missed = field.step(y) - y
        far = _norm(missed)
        found.append(y[far < SOLVED])
        going = (far >= SOLVED) & (far < LOST)
        y, missed = y[going], missed[going]
        if not len(y):
            break
        y = _improve(field, y, missed)
    return [FixedPoint(one, _eigenvalues(field.slope(one))) for one in _apart(np.concatenate(found))]


def grid(low, high, count: int):
    """Places in rows and columns over a window: (count squared, 2), from `low` (2,) to `high` (2,)."""
    across, up = (np.linspace(*ends, count) for ends in zip(low, high, strict=True))
    return np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)


def inside(points, low, high):
    """Those of some fixed points that lie in a window."""
    return [one for one in points if (one.place >= low).all() and (one.place <= high).all()]


class View(NamedTuple):
    """A field on a plane over a window, in numbers to draw.

    low, high (2,): the window. places (N, 2) in rows and columns with the next means `after` (N, 2) and how open the
    gates are on average (N,). A few places `dots` (M, 2) with mean `landed` (M, 2) and covariance `noise` (M, 2, 2) of
    the next one. `fixed`: the fixed points in the window. path (S, 2): from one of the dots on, without noise.
    """

    low: np.ndarray
    high: np.ndarray
    places: np.ndarray
    after: np.ndarray
    openness: np.ndarray
    dots: np.ndarray
    landed: np.ndarray
    noise: np.ndarray
    fixed: list[FixedPoint]
    path: np.ndarray


def view(field: Field, low, high, dot: int, steps: int = 30) -> View:
    """What there is to see of a field on a plane; the path starts at one of the nine dots, counted from 0 by rows."""
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    places, margin = grid(low, high, ARROWS), (high - low) / 6
    dots = grid(low + margin, high - margin, 3)
    g = lanes(field.weights, field.state(places), field.held).g.mean(-1)
    fixed = inside(fixed_points(field, grid(low, high, STARTS)), low, high)
    moved = field.step(places), g, dots, field.step(dots), field.noise(dots)
    return View(low, high, places, *moved, fixed, follow(field, dots[dot], steps))


def follow(field: Field, y, steps: int):
    """The places that a state comes to without noise, the first one at `y`: (steps + 1, D).

    Between the steps the state is not put back on the plane; one that has run away stays where it was last.
    """
    path = [field.state(np.asarray(y, dtype=float))]
    for _ in range(steps):
        after = lanes(field.weights, path[-1], field.held).loc
        path.append(after if np.abs(after).max() < 1e6 else path[-1])
    return field.place(np.array(path))


def _improve(field, y, missed):
    """One step of Newton's method, halved where it makes things worse."""
    step = _solve(field.slope(y) - np.eye(y.shape[-1]), missed)
    part = np.ones((len(y), 1))
    for _ in range(HALVINGS):
        after = y - part * step
        worse = _norm(field.step(after) - after) > _norm(missed)
        if not worse.any():
            break
        part[worse] /= 2
    return y - part * step


def _apart(places):
    """Each place once, the nearest to the origin first."""
    kept = []
    for one in places[np.argsort(_norm(places), kind="stable")]:
        if not kept or _norm(np.array(kept) - one).min() > SAME:
            kept.append(one)
    return kept


def _solve(matrices, vectors):
    try:
        return np.linalg.solve(matrices, vectors[..., None])[..., 0]
    except np.linalg.LinAlgError:  # one of them sends some direction to 0
        return (np.linalg.pinv(matrices) @ vectors[..., None])[..., 0]


def _eigenvalues(matrix):
    values = np.linalg.eigvals(matrix)
    return values[np.argsort(-np.abs(values), kind="stable")]


def _norm(vectors):
    return np.linalg.norm(vectors, axis=-1)
