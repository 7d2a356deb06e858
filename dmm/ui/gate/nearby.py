"""The gate, fifth part: why a state near a fixed point comes closer, or does not."""

from functools import lru_cache

import numpy as np
import streamlit as st

from dmm import fields, figures
from dmm.ui.deriving import Check, Step, derive
from dmm.ui.gate.fields import SEED
from dmm.ui.gate.planes import look, make_plane
from dmm.ui.gate.trained import LESSON
from dmm.ui.plot import plot

NUDGE, STEPS = 1e-4, 3  # of the check of each line
AROUND, CORNER = 1.2, 2  # of the figure: how far it reaches to each side, and the dot where its path starts


@st.fragment
def show_why_stable() -> None:
    """Why eigenvalues smaller than 1 pull a state in; each line with both sides in numbers."""
    rest = _rest()[1]
    sizes = " and ".join(f"{abs(one):.2f}" for one in rest.eigenvalues)
    figure, part, far = draw_near()
    picture, words = st.columns([2, 3], gap="large", vertical_alignment="center")
    with picture:
        plot(figure, "near", tools=False)
    with words:
        st.markdown(
            f"This is a part of the plane of the drawn example with seed {SEED.start}, around its fixed point "
            f"$z^\\star$ = ({rest.place[0]:.2f}, {rest.place[1]:.2f}). The eigenvalues $\\lambda$ of its slope have "
            f"sizes {sizes}. An arrow shows {100 * part:.0f} % of its step. The orange path starts {far[0]:.2f} away "
            f"from $z^\\star$; after one, two and three steps it is {far[1]:.2f}, {far[2]:.2f} and {far[3]:.2f} away. "
            "Why it comes closer:"
        )
    derive(LESSON, "nearby", nearby_steps())


@lru_cache(1)
def draw_near():
    """The plane around the fixed point, what part of a step its arrows show, and how far from it the path is."""
    field, rest = _rest()
    seen = fields.view(field, rest.place - AROUND, rest.place + AROUND, CORNER, STEPS)
    figure = figures.near_fixed_point(seen, make_plane("example", SEED.start).titles)
    return figure, figures.fitting_part(seen), np.linalg.norm(seen.path - rest.place, axis=1)


def nearby_steps() -> list[Step]:
    """The lines, on the fixed point of the example that is nearest to its middle."""
    return [
        Step(
            r"\mu(z^\star) = z^\star",
            "A fixed point: the mean of the next state is where the state is now. Computers look for it with Newton's "
            "method, from many starts.",
            lambda: _compare("$\\mu(z^\\star)$", _after(_rest()[1]), "$z^\\star$", _rest()[1].place),
        ),
        Step(
            r"z_{t-1} = z^\star + d \;\Rightarrow\; \mu(z_{t-1}) \approx z^\star + J d",
            "A state beside it, at a small distance $d$. Close by, the curved map is as good as its slope $J = "
            "\\partial \\mu / \\partial z$.",
            lambda: _compare("$\\mu(z^\\star + d) - z^\\star$", _drift(1), "$J d$", _powers(1)),
        ),
        Step(
            r"\mu(\mu(\cdots)) \approx z^\star + J^k d",
            "Each further step multiplies by $J$ once more; without noise, and as long as the state stays close.",
            lambda: _compare(
                f"what is left of $d$ after {STEPS} steps", _drift(STEPS), f"$J^{STEPS} d$", _powers(STEPS)
            ),
        ),
        Step(
            r"J v = \lambda v \;\Rightarrow\; J^k v = \lambda^k v",
            "Along an eigenvector a step multiplies by its eigenvalue. If all $|\\lambda| < 1$, everything shrinks in "
            "the end: the point is **stable**. If one is larger than 1, almost every state close by is driven away.",
            _check_eigenvector,
        ),
    ]


def _rest():
    """The field of the usual example, and of its fixed points the one nearest to the middle."""
    return make_plane("example", SEED.start).field(None), look(None, 1, "example", SEED.start).fixed[0]


def _after(rest):
    return _rest()[0].step(rest.place)


def _slope():
    field, rest = _rest()
    return field.slope(rest.place)


def _compare(left, one, right, other):
    """Two vectors: how long each is, and how far apart their entries are at most."""
    apart = f"of {right}; their entries differ by at most {abs(one - other).max():.1e}"
    return Check(f"length of {left}", float(np.linalg.norm(one)), apart, float(np.linalg.norm(other)))


def _check_eigenvector():
    """Along the eigenvector of the largest eigenvalue: products with J against powers of the eigenvalue."""
    values, vectors = np.linalg.eig(_slope())
    largest = abs(values).argmax()
    v, after = vectors[:, largest], np.linalg.matrix_power(_slope(), STEPS) @ vectors[:, largest]
    words = f"$J^{STEPS} v$, $v$ for the largest $\\lvert \\lambda \\rvert$"
    return _compare(words, after, f"$\\lambda^{STEPS} v$", values[largest] ** STEPS * v)


def _drift(steps):
    """How a state beside the fixed point differs from it after some steps."""
    field, rest = _rest()
    y = rest.place + NUDGE
    for _ in range(steps):
        y = field.step(y)
    return y - rest.place


def _powers(steps):
    """The same by powers of the slope."""
    return np.linalg.matrix_power(_slope(), steps) @ np.full(2, NUDGE)
