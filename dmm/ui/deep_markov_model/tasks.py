"""The tasks of the page on the deep Markov model, each checked against what the page computes."""

import streamlit as st

from dmm import marginals, sizes
from dmm.ui import tasks
from dmm.ui.deep_markov_model.dynamics import NOISE, START, TIME, spread
from dmm.ui.deep_markov_model.keys import MUCH, choral, chosen, deaf
from dmm.ui.deep_markov_model.unrolled import LENGTH, LESSON, SIZES
from dmm.ui.dials import value

LOUD, LATE = 0.5, 8  # the least noise, and the earliest time, of the first task
FAR = 4  # the shift of the third, up and down
DOUBLED = {
    "T": "the number of frames, $T$",
    "Z": "the latent size, $Z$",
    "X": "the number of keys, $X$",
    "H": "the width of the transition, $H$",
}


@st.fragment
def show_tasks() -> None:
    """Three tasks."""
    tasks.heading(LESSON)
    first, second, third = st.columns(3)
    with first:
        tasks.reach(
            LESSON,
            "density",
            f"Among the three kinds of step: with noise of {LOUD:g} or more and $t$ at {LATE} or later, make the "
            "density of the **MLP**'s $z_t$ have one hump.",
            one_hump,
            "Far from its bend the network is flat: whatever noise came before, it forgets. What a network does to a "
            "bell depends on *where* the bell is; a matrix does the same everywhere.",
            "The two humps are paths that went either way. Where would all go the same way?",
        )
    with second:
        tasks.choose(
            LESSON,
            "weights",
            "Double one of these. Which leaves the number of weights of the whole model as it is?",
            list(DOUBLED.values()),
            free,
            hint="Move the sliders above the graph, and watch the table.",
        )
    with third:
        tasks.reach(
            LESSON,
            "silent",
            f"Find a dimension of $z_t$ that the emitter hardly listens to: at most of the chorale's beats, moved by "
            f"{FAR} up or down it changes no key's chance by more than {MUCH:g}.",
            unheard,
            "The model has more dimensions than it uses: training let this one fall asleep. [Latents](latents) shows "
            "which ones, and why.",
            f"Beside the keyboard: choose a dimension, move it by {FAR} and by −{FAR}, and read the sentence below. "
            "Then try another beat.",
        )


def one_hump() -> tuple[bool, str]:
    """The first task, as the sliders stand."""
    z_1, scale, t = (value(LESSON, dial) for dial in (START, NOISE, TIME))
    humps = marginals.humps(spread("mlp", scale, z_1)[t - 2])
    now = f"From $z_1 = {z_1:g}$ with noise {scale:g} the MLP's $z_{{{t}}}$ has {humps} hump{'s' * (humps != 1)}."
    return humps == 1 and scale >= LOUD and t >= LATE, now


def free() -> tuple[str, str]:
    """What may be doubled, by counting, and why."""
    frames, *now = (value(LESSON, dial) for dial in (LENGTH, *SIZES))
    now = dict(zip("ZXEH", now, strict=True)) | {"T": frames}
    before = weights(**now)
    growth = {name: weights(**now | {name: 2 * now[name]}) - before for name in DOUBLED}
    (same,) = (name for name, more in growth.items() if not more)
    grown = ", ".join(f"${name}$ {more:,}" for name, more in growth.items() if more)
    because = (
        "One transition and one emitter serve each frame: the squares are all the same two. A long piece and a "
        f"short one share their weights. With the sizes above, doubling another one adds: {grown}."
    )
    return DOUBLED[same], because


def weights(T, Z, X, E, H) -> int:
    """Of the whole generative model: T is in no part of it."""
    return Z + sum(sizes.gated_transition(Z, H).values()) + sum(sizes.emitter(X, Z, E))


def unheard() -> tuple[bool, str]:
    """The third task, as the slider of the dimension stands."""
    _, number, _ = chosen()
    beats, quiet = len(choral()[1].z_loc), deaf(number, FAR)
    words = (
        f"Dimension {number}: at {quiet} of {beats} beats no key's chance changes by more than {MUCH:g} when it is "
        f"moved by {FAR} up or down."
    )
    return quiet > beats / 2, words
