"""The three lanes of a gated transition as a diagram, with the numbers of one dimension in its boxes."""

import numpy as np

from dmm.gated import Lanes
from dmm.palette import GATE, GREY
from dmm.ui.diagram import Arrow, Shape
from dmm.ui.gate.trained import LINEAR, MEAN, PROPOSAL

BOXES = {  # where the middle of each is, how wide and high it is, its colour
    "z": (0, 1.5, 1.9, 1.25, GREY),
    "linear": (4.15, 0, 1.7, 0.9, LINEAR),
    "gate_mlp": (2.35, 1.5, 1.0, 0.6, GATE),
    "gate": (4.15, 1.5, 1.7, 0.9, GATE),
    "proposal_mlp": (2.35, 3, 1.0, 0.6, PROPOSAL),
    "proposal": (4.15, 3, 1.7, 0.9, PROPOSAL),
    "mean": (7.1, 0.9, 2.9, 1.25, MEAN),
    "scale": (7.1, 3, 2.9, 1.25, MEAN),
    "next": (10.2, 1.95, 1.7, 1.25, MEAN),
}
WAYS = (  # each in the colour of where it starts
    ("z", "linear"),
    ("z", "gate_mlp"),
    ("z", "proposal_mlp"),
    ("gate_mlp", "gate"),
    ("proposal_mlp", "proposal"),
    ("linear", "mean"),
    ("gate", "mean"),
    ("proposal", "mean"),
    ("proposal", "scale"),
    ("mean", "next"),
    ("scale", "next"),
)
LITTLE = 0.05  # of the mean: a lane that adds no more is pale


def flow(z_prev: np.ndarray, now: Lanes, i: int, t: int, hidden: int, held: float | None = None) -> tuple[dict, list]:
    """The shapes and arrows of the three lanes, with the numbers of dimension i; `hidden` units in each network."""
    words = _words(z_prev, now, i, t, hidden, held)
    shapes = {
        key: Shape(x, y, words[key][0], "box", colour, hover=words[key][1], width=width, height=height)
        for key, (x, y, width, height, colour) in BOXES.items()
    }
    shapes["gate"] = shapes["gate"]._replace(seen=True, strong=held is not None)
    pale = {("linear", "mean"): now.g[i] > 1 - LITTLE, ("proposal", "mean"): now.g[i] < LITTLE}
    pale |= {("z", "gate_mlp"): held is not None, ("gate_mlp", "gate"): held is not None}
    arrows = [Arrow(*way, _colour(way), pale=bool(pale.get(way))) for way in WAYS]
    return shapes, arrows


def _colour(way):
    """Arrows out of the state have the colour of the lane that they lead into."""
    start, end = way
    return BOXES[end if start == "z" else start][-1]


def _words(z_prev, now, i, t, hidden, held):
    """What stands in each box, and what it says when asked."""
    Z, entry, gate = len(z_prev), f"the {nth(i + 1)}:", "held" if held is not None else "sigmoid"
    network = f"one hidden layer of {hidden} relu units, {Z} numbers in and {Z} out"
    soft = "softplus(W<sub>σ</sub> relu(h) + b<sub>σ</sub>)"
    return {
        "z": (f"z<sub>{t - 1}</sub>\n{Z} numbers\n{entry} <b>{z_prev[i]:.2f}</b>", "the state before"),
        "linear": (f"W z + b\n<b>{now.linear[i]:.2f}</b>", "the linear lane: a matrix and a bias"),
        "gate_mlp": ("MLP", network),
        "gate": (f"{gate}\n<b>g = {now.g[i]:.2f}</b>", "the gate lane: from 0 to 1"),
        "proposal_mlp": ("MLP", network),
        "proposal": (f"proposal\n<b>h = {now.h[i]:.2f}</b>", "the proposal lane: any number"),
        "mean": (f"mean\n(1 − g) · (W z + b) + g · h\n<b>{now.loc[i]:.2f}</b>", "where the next state is expected"),
        "scale": (f"standard deviation\n{soft}\n<b>{now.scale[i]:.2f}</b>", "from all of h, and not from the gate"),
        "next": (
            f"z<sub>{t}</sub>\n{entry}\n<b>{now.loc[i]:.2f} ± {now.scale[i]:.2f}</b>",
            "a Gaussian in each dimension",
        ),
    }


def in_words(z_prev: np.ndarray, now: Lanes, i: int, t: int) -> str:
    """The flow for those who do not see it."""
    return (
        f"Three lanes from z_{t - 1} to z_{t}. Dimension {i + 1} was {z_prev[i]:.2f}. The linear lane, W z + b, gives "
        f"{now.linear[i]:.2f}; the proposal h is {now.h[i]:.2f}; the gate g is {now.g[i]:.2f}. They join in the mean, "
        f"{now.loc[i]:.2f}. The standard deviation comes from h and is {now.scale[i]:.2f}."
    )


def nth(number: int) -> str:
    """1st, 2nd, 3rd, 4th.

    >>> [nth(number) for number in (1, 2, 3, 4, 11, 12, 21, 32)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '21st', '32nd']
    """
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 // 10 != 1 else "th"
    return f"{number}{ending}"
