"""The gate, sixth part: where the whole state comes to rest, and what that sounds like."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm import fields, music
from dmm.ui.current import shipped_run
from dmm.ui.dials import dials
from dmm.ui.gate.trained import LESSON, held_dial, states, weights
from dmm.ui.looking import model_of

FINEST = 0.05  # between two values at which a gate can be held


STEPS = 100  # that the state is followed


class Rest(NamedTuple):
    """What becomes of the whole state with the gate held somewhere: its fixed points, and how far it gets."""

    points: list[fields.FixedPoint]
    length: float  # of the state in the end, 1e6 or more if it has run away

    @property
    def stable(self) -> list[fields.FixedPoint]:
        """Those that draw states in."""
        return [one for one in self.points if one.stable]


@lru_cache(64)
def resting(held: float | None) -> Rest:
    """Fixed points in all dimensions, from every state of the chorale; the length of the state long after beat 1."""
    field, z = fields.whole(weights(), held), states()
    end = fields.follow(field, z[0], STEPS)[-1]
    return Rest(fields.fixed_points(field, z), float(np.linalg.norm(end)))


@st.fragment
def show_rest() -> None:
    """A table: the gate as learned, shut, open, and held anywhere, in all dimensions."""
    left, right = st.columns([1, 3], gap="large")
    with left:
        at = dials(LESSON, [held_dial("rest", 0.5)])["rest"]
    named = {
        "as learned": None,
        "held shut, $g = 0$": 0.0,
        "held open, $g = 1$": 1.0,
        f"**held at $g = {at:.2f}$**": at,
    }
    rows = [_row(name, resting(held)) for name, held in named.items()]
    head = (
        "| gate | fixed points found | stable | size of the largest eigenvalue at each | "
        f"the state {STEPS} steps after beat 1 |"
    )
    z = states()
    with right:
        st.markdown("\n".join([head, "|---|---|---|---|---|", *rows]))
        st.caption(
            f"Run {shipped_run().name}, all {z.shape[1]} dimensions, no noise. Newton's method started from the "
            f"{len(z)} states of the chorale: there may be more. Last column: from the state of the chorale's first "
            f"beat, {STEPS} steps on: how far from 0 it is then. The chorale's own states are "
            f"{np.linalg.norm(z, axis=1).mean():.1f} on average."
        )
        st.markdown(_what_sounds())


@lru_cache(1)
def _what_sounds():
    """The keys that are more likely to sound than not where the trained model rests."""
    import torch

    emitter = model_of(shipped_run())[0].emitter
    chords = []
    for point in resting(None).stable:
        likely = emitter.probabilities(torch.from_numpy(point.place.astype(np.float32))).numpy() > 0.5
        names = [music.note_name(key + music.LOWEST_KEY) for key in np.flatnonzero(likely)]
        chords.append(f"**{' '.join(names)}**" if names else "nothing")
    if not chords:
        return "As learned, no stable fixed point was found."
    return (
        "A stable fixed point has a sound: the emission network says which keys are more likely to be heard there "
        f"than not. As learned, nearest to 0 first: {'; '.join(chords)}."
    )


def _row(name, rest):
    sizes = ", ".join(f"{abs(one.eigenvalues[0]):.2f}" for one in rest.points) or "none"
    far = f"{rest.length:.1f}" if rest.length < 1e4 else "it has run away"
    return f"| {name} | {len(rest.points)} | {len(rest.stable)} | {sizes} | {far} |"
