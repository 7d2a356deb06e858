"""In code: the tasks at the end, checked against the controls, the shapes and the stored weights."""

import streamlit as st

from dmm import padded, sites
from dmm.ui import tasks
from dmm.ui.dials import value
from dmm.ui.in_code.counting import LATENTS, LENGTHS
from dmm.ui.in_code.owners import owned
from dmm.ui.in_code.padding import EXTRA, START, toy
from dmm.ui.in_code.programs import LESSON

SHAPES = ((len(LENGTHS),), (len(LENGTHS), 1), (len(LENGTHS), LATENTS))
CANDIDATES = (
    "emitter.hidden_to_logits.weight",
    "inference.combiner.z_to_hidden.weight",
    "transition.linear.weight",
    "z_0",
)


def flip_harm() -> tuple[bool, str]:
    """Whether a plain flip changes nothing now, and how things stand."""
    h_0 = value(LESSON, START)
    batch = toy(int(value(LESSON, EXTRA)))
    apart = padded.apart(batch.x, batch.lengths, h_0)
    return apart == 0, f"With $h_0 = {h_0:g}$ the flip's largest error is {apart:.3g}."


def right_mask() -> tuple[str, str]:
    """Which of the shapes a mask after `to_event(1)` must have, and what the others would do."""
    batch_shape = (len(LENGTHS),)  # what to_event(1) leaves of (B, Z)
    (right,) = (shape for shape in SHAPES if sites.mask_fits(shape, batch_shape))
    before = next(shape for shape in SHAPES[:2] if sites.mask_fits(shape, (len(LENGTHS), LATENTS)))
    because = (
        f"After `to_event(1)` a site has batch_shape `{batch_shape}`. Before it, the shape is "
        f"`{(len(LENGTHS), LATENTS)}`, and the mask is `{before}`, to broadcast over Z. That one, used after, would "
        f"make `{(len(LENGTHS), len(LENGTHS))}` of `{batch_shape}`: every sequence masked by every other's padding."
    )
    return f"`{right}`", because


def unmoved() -> tuple[str, str]:
    """Which of the weights is the guide's, by the names in the stored run."""
    (right,) = (name for name in CANDIDATES if name in owned("guide"))
    return f"`{right}`", "Its name begins with `inference`: the guide reads it, and the model never does."


@st.fragment
def show_tasks() -> None:
    """The three tasks."""
    tasks.heading(LESSON)
    tasks.reach(
        LESSON,
        "harmless",
        "Step 6 of the padding stepper. Find a start $h_0$ at which a plain flip does **no harm** at all.",
        flip_harm,
        "Silence in, nothing kept: padding leaves a state of 0 at 0. In this unit, which has no bias, $h_0 = 0$ hides "
        "the bug. A real RNN has biases, and padding moves its state from the first update on.",
        "What does the unit remember of its start, after it has read two zeros?",
    )
    tasks.choose(
        LESSON,
        "mask",
        f"A batch of {len(LENGTHS)} sequences, {LATENTS} latent dimensions. Somebody writes `.to_event(1).mask(m)` "
        "instead of `.mask(m).to_event(1)`. Which shape must `m` have then?",
        [f"`{shape}`" for shape in SHAPES],
        right_mask,
        hint="`to_event(1)` takes the last axis out of the batch shape. A mask picks among what is left.",
    )
    tasks.choose(
        LESSON,
        "frozen",
        "You fix :red[$\\phi$] and go on training :blue[$\\theta$] alone. Which of these weights of the stored run "
        "stays as it is?",
        [f"`{name}`" for name in CANDIDATES],
        unmoved,
        hint="Which of the two programs reads it? The table above says how the names begin.",
    )
