"""Planes on which the page about the gate shows a transition, and what there is to see on them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dmm import fields, figures, gated
from dmm.figures.projection import principal_components
from dmm.ui.gate.trained import states, weights

WINDOW = 3.5  # of the example, to each side of 0


class Plane(NamedTuple):
    """Where one looks at a transition: its numbers, a plane, a window on it, and words for the axes."""

    weights: gated.Gated
    origin: np.ndarray
    axes: np.ndarray
    low: np.ndarray
    high: np.ndarray
    titles: tuple[str, str]
    states: np.ndarray | None  # (T, 2), where a chorale has been

    def field(self, held) -> fields.Field:
        """With the gate as it is (None) or held."""
        return fields.Field(self.weights, self.origin, self.axes, held)


@lru_cache(128)
def make_plane(kind: str, *numbers: int) -> Plane:
    """A plane by its kind: example (seed), components (), or dimensions (two, from 0)."""
    if kind == "example":
        end, titles = np.full(2, WINDOW), ("z<sub>1</sub>", "z<sub>2</sub>")
        return Plane(gated.example(*numbers), np.zeros(2), np.eye(2), -end, end, titles, None)
    z = states()
    if kind == "components":
        found = principal_components(z, 2)
        origin, axes = found.mean, found.axes
        titles = tuple(f"PC {k + 1} ({100 * share:.0f} % of variance)" for k, share in enumerate(found.explained))
    else:
        origin, axes = z.mean(0), np.eye(z.shape[1])[list(numbers)]
        origin[list(numbers)] = 0
        titles = tuple(f"dimension {i + 1} of z" for i in numbers)
    places = (z - origin) @ axes.T
    return Plane(weights(), origin, axes, places.min(0) - 1, places.max(0) + 1, titles, places)


@lru_cache(128)
def _survey(held: float | None, kind: str, *numbers: int) -> fields.View:
    """What a plane shows, with the path from its first dot; the search for fixed points takes most of the time."""
    plane = make_plane(kind, *numbers)
    return fields.view(plane.field(held), plane.low, plane.high, 0)


def look(held: float | None, dot: int, kind: str, *numbers: int) -> fields.View:
    """The same with the path from a dot, counted from 1."""
    seen = _survey(held, kind, *numbers)
    path = fields.follow(make_plane(kind, *numbers).field(held), seen.dots[dot - 1], len(seen.path) - 1)
    return seen._replace(path=path)


@lru_cache(64)
def draw(held, dot, kind, *numbers):
    """The figure, and the words under it; all of one plane show the same part of a step, so that they compare."""
    plane, seen = make_plane(kind, *numbers), look(held, dot, kind, *numbers)
    part = figures.fitting_part(look(None, dot, kind, *numbers))
    figure = figures.vector_field(seen, plane.titles, plane.states, part)
    return figure, _in_words(plane, held, seen, part)


def _in_words(plane, held, seen, part):
    """What the figure shows, in numbers."""
    count, stable = len(seen.fixed), sum(one.stable for one in seen.fixed)
    points = f"{count} fixed point{'' if count == 1 else 's'}, {stable} of them stable," if count else "No fixed point"
    words = (
        f"{points} found in this window; one may have been missed. An arrow shows {100 * part:.0f} % of its step, a "
        "very long one less."
    )
    if plane.states is None:
        return words
    share = plane.field(held).share(seen.places)
    return (
        f"{words} All other directions are held at the mean over the chorale. Of these steps' squared length "
        f"{100 * share:.0f} % lies in the plane; the rest is not seen, and a fixed point here rests only *on the "
        "plane*. The path is that of the whole state, seen from above."
    )
