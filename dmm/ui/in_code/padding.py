"""In code: padding, reversal, an RNN and packing on three short sequences, one step at a time."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm import figures, padded
from dmm.ui.dials import Dial, dials, turn
from dmm.ui.in_code.programs import LESSON
from dmm.ui.plot import plot

PIECES = tuple(tuple(range(1, length + 1)) for length in (5, 2, 3))
COLOURS = ("#D9DCE1", "#E3F2FB", "#C2E3F7", "#9DD2F2", "#74BEEB", "#4AA8E0")  # padding, then frame 1, 2, ...
NAMES = [f"piece {number}" for number in range(1, len(PIECES) + 1)]
NEXT = "One step further; after the last one it begins again."
STEP = Dial("step", "Step", 1, 7, 1, 1, "Which step is shown.")
START = Dial("h0", "Where the RNN starts, $h_0$", 0.0, 4.0, 2.0, 0.5, "The state before the first frame that is read.")
EXTRA = Dial(
    "extra", "Padded frames more than needed", 0, 3, 0, 1, "How many columns of padding stand behind all pieces."
)


class Toy(NamedTuple):
    """The padded batch: x (B, T), lengths (B,), and which shade each cell has, (B, T)."""

    x: np.ndarray
    lengths: np.ndarray
    shades: np.ndarray


def toy(extra: int) -> Toy:
    """The three pieces, padded; each number is the frame's own."""
    x, lengths = padded.pad(PIECES, extra)
    return Toy(x, lengths, x.astype(int))


def _block(values, shades, name, words, columns="t", digits=0):
    """A grid below its name."""
    st.markdown(name)
    titles = [f"{t}" for t in range(1, values.shape[1] + 1)] if columns else ()
    figure = figures.number_grid(values, shades, COLOURS, NAMES[: len(values)], words, titles, digits)
    plot(figure, f"grid {name}", tools=False)


# --- the steps: each draws its grids and says what is seen ---


def _three(toy, h_0):
    """The pieces as they come."""
    shades = np.where(toy.shades > 0, toy.shades, -1)
    _block(toy.x, shades, "Three pieces", "Three pieces of different length.")


def _padded(toy, h_0):
    """One block."""
    _block(toy.x, toy.shades, f"`x`, shape {toy.x.shape}; `lengths` = {toy.lengths.tolist()}", "The padded batch.")


def _flipped(toy, h_0):
    """What one should not do."""
    shades = padded.flip(toy.shades, toy.lengths)
    _block(padded.flip(toy.x, toy.lengths), shades, "`x.flip(1)`", "The whole block back to front.")


def _reversed(toy, h_0):
    """What one should do."""
    shades = padded.reverse(toy.shades, toy.lengths)
    _block(padded.reverse(toy.x, toy.lengths), shades, "`reverse(x, lengths)`", "Each piece back to front.")


def _read(toy, h_0):
    """What the RNN says, in the order in which it reads."""
    turned, shades = (padded.reverse(part, toy.lengths) for part in (toy.x, toy.shades))
    _block(turned, shades, "`reverse(x, lengths)`", "Each piece back to front.")
    states = np.where(shades > 0, padded.run(turned, h_0), np.nan)
    _block(states, shades, "what the RNN says, frame after frame", "The states as they are read.", digits=2)


def _turned_back(toy, h_0):
    """The states at their frames, after both ways to turn."""
    for way, call in ((padded.reverse, "`reverse`"), (padded.flip, "`flip`")):
        states = np.where(toy.shades > 0, padded.look_right(toy.x, toy.lengths, h_0, way), np.nan)
        _block(
            states,
            toy.shades,
            f"$h^{{\\text{{right}}}}_t$ after {call}, turned back",
            "The states at the real frames.",
            digits=2,
        )


def _packed(toy, h_0):
    """No padding at all."""
    sequence, t = padded.packed(toy.lengths)
    sizes = ", ".join(map(str, np.bincount(t)))
    st.markdown(f"`pack(x, rows)`: {len(t)} rows; pieces that sound at each frame: {sizes}")
    values, shades = np.stack([sequence + 1, t + 1]), np.stack([t + 1, t + 1])
    figure = figures.number_grid(values, shades, COLOURS, ["piece", "frame"], "The packed rows.")
    plot(figure, "grid packed", tools=False)


def changed_by_padding(toy: Toy, h_0: float, more: int = 10) -> float:
    """The largest difference that more padded frames make to the states of real frames."""
    wide = padded.look_right(np.pad(toy.x, ((0, 0), (0, more))), toy.lengths, h_0)
    narrow = padded.look_right(toy.x, toy.lengths, h_0)
    return float(np.abs(wide[:, : narrow.shape[1]] - narrow)[toy.x > 0].max())


def words(step: int, toy: Toy, h_0: float) -> str:
    """What is seen at a step."""
    cells, frames = toy.x.size, int(toy.lengths.sum())
    apart = padded.apart(toy.x, toy.lengths, h_0)
    same = changed_by_padding(toy, h_0)
    return (
        f"Three pieces of {', '.join(map(str, toy.lengths))} frames. The number in a cell says which frame it is, and "
        "so does its colour. But a tensor is a rectangle.",
        f"Grey is **padding**: zeros, {cells - frames} of {cells} cells. `lengths` remembers what is real; the mask is "
        "1 there and 0 elsewhere. Padded frames go through every network, and count nothing.",
        "The RNN has to begin at the last frame. **Flipping the block** looks right and is not: the padding comes "
        "first, and the RNN of a short piece starts with frames that nobody wrote.",
        "`rnn.reverse` turns each piece inside its own length and leaves the padding behind it. Doing it twice changes "
        "nothing, so the same function turns the states back.",
        f"The RNN reads from left to right, here one unit without biases: its state is "
        f"$h^{{\\text{{right}}}}_t = \\operatorname{{relu}}(x_t + \\frac12 h^{{\\text{{right}}}}_{{t+1}})$, and before "
        f"the first frame that it reads, $h_0 = {h_0:g}$. What it says over padding, a "
        "dash here, is thrown away.",
        f"Turned back, $h^{{\\text{{right}}}}_t$ stands at its own frame and sums up $x_t, \\dots, x_T$ alone. After a "
        f"plain flip the largest error is **{apart:.3g}**. With 10 more padded frames, `reverse` changes the states by "
        f"**{same:g}** at most.",
        f"**Packing** drops the padding instead: frame after frame, the longest piece first, {frames} rows instead of "
        f"{cells}. At frame $t$ only the pieces that still sound take part. The quick engine (`fused.py`, "
        "`packing.py`) works like this; PyTorch's `PackedSequence` has the same layout.",
    )[step - 1]


SHOW = (_three, _padded, _flipped, _reversed, _read, _turned_back, _packed)


@st.fragment
def show_padding() -> None:
    """The stepper."""
    knobs, view = st.columns([2, 3], gap="large")
    with knobs:
        step = dials(LESSON, [STEP])["step"]
        how = {"on_click": turn, "args": (LESSON, STEP), "help": NEXT, "icon": ":material/arrow_forward:"}
        st.button("Next step" if step < STEP.high else "From the start", key="next step", **how)
        told = st.container()
        values = dials(LESSON, [START, EXTRA])
        one = toy(values["extra"])
        told.markdown(words(step, one, values["h0"]))
    with view:
        SHOW[step - 1](one, values["h0"])
