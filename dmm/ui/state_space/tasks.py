"""Questions on state-space models, whose answers are computed from the world as it is."""

import numpy as np
import streamlit as st

from dmm import kalman, one_dimension
from dmm.ui import tasks
from dmm.ui.asking import predict
from dmm.ui.state_space.looks import show_widths
from dmm.ui.state_space.world import LESSON, RANGES, chosen_world, infer, moments

WHERE = ("At the first frame", "In the middle", "At the last frame", "At every frame")
LOUDER = (
    "The line follows the points less, and the band gets wider",
    "The line follows the points more, and the band gets narrower",
    "The line stays, and the band gets wider",
    "Nothing changes",
)
FAR = ("It grows without end", "It grows towards a limit", "It gets narrower again")
AGAIN = ("Line and width", "The width, not the line", "The line, not the width", "Neither")


@st.fragment(key="where")
def ask_where() -> None:
    """Where the smoother knows no more than the filter; then the widths of all bands."""
    world = chosen_world()
    if predict("where", "Where is the smoother no more certain than the filter?", WHERE, lambda: where(world)):
        show_widths(world)


@st.fragment(key="tasks")
def show_tasks() -> None:
    """What a larger R does to the smoother, how wide a far prediction gets, what stays when the world is drawn anew."""
    world = chosen_world()
    tasks.heading(LESSON)
    first, second, third = st.columns(3)
    with first:
        question = "$R$ is made ten times as large, in the world and in the model. What does the smoother do?"
        hint = (
            "$R$ is the variance of a look. Which would you trust more: a rough reading, or what the frames around it "
            "say of the state? Try it with the slider $R$, and watch band and line of the smoother."
        )
        tasks.choose(LESSON, "louder", question, LOUDER, lambda: louder(world), hint=hint)
    with second:
        question = "With the sliders as they stand: predict further and further ahead. What becomes of the band?"
        hint = (
            "A step multiplies what is known by $a$ and adds noise of variance $Q$. So the variance goes from $P$ to "
            "$a^2 P + Q$: do this again and again, with the $a$ of the slider."
        )
        tasks.choose(LESSON, "far", question, FAR, lambda: far(world), hint=hint)
    with third:
        question = "You draw again: other data, same sliders. Which parts of the smoother stay?"
        hint = "Choose Smoother above the first figure, press **Draw again** a few times, and watch line and band."
        tasks.choose(LESSON, "again", question, AGAIN, lambda: again(world), hint=hint)


def where(world):
    """The right answer, and why."""
    (_, filtered), (_, smoothed) = moments(world.filtered), moments(world.smoothed)
    because = (
        f"At $t = {world.T}$ no frame follows, and both have a standard deviation of {filtered[-1]:.5g}. "
        f"At $t = 1$ the filter has {filtered[0]:.5g}, the smoother {smoothed[0]:.5g}."
    )
    if not np.allclose(filtered, smoothed, rtol=1e-9):
        return WHERE[2], because
    why = "with $a = 0$ each state is drawn anew" if not world.values["a"] else "with $c = 0$ nothing is seen"
    return WHERE[3], f"{because} Here later frames tell nothing about earlier states: {why}."


def louder(world):
    """The right answer, and why."""
    R = world.values["R"]
    t, *before = own_weight(world, R)
    _, *after = own_weight(world, 10 * R)
    because = (
        f"In frame {t}, with $R = {R:g}$ and with ${10 * R:g}$: the weight of its own $x_t$ in the mean goes from "
        f"{before[0]:.3g} to {after[0]:.3g}, the standard deviation from {before[1]:.5g} to {after[1]:.5g}."
    )
    return LOUDER[0] if after[1] > before[1] * (1 + 1e-9) else LOUDER[3], because


def own_weight(world, R):
    """A seen frame near the middle, from 1; how far its own x moves its mean, and its standard deviation."""
    values, smoothed = world.values | {"R": R}, world.smoothed
    if values != world.values:
        model = one_dimension.make_model(*(values[letter] for letter in RANGES))
        _, smoothed = infer(model, world.x, world.observed)
    seen = np.flatnonzero(world.observed)
    t = int(seen[len(seen) // 2])
    variance = smoothed.cov[0, t, 0, 0]
    return t + 1, variance * values["c"] / R, np.sqrt(variance)


def far(world):
    """The right answer, and why."""
    a = world.values["a"]
    scales = np.sqrt(kalman.forecast(world.model, world.filtered, 100).cov[0, :, 0, 0])
    why = "each step forgets a part of the last state" if abs(a) < 1 else "no noise is ever forgotten"
    why = why if a else "each step forgets the last state, so the band has its full width at once"
    because = (
        f"With $a = {a:g}$ {why}: after the last frame the standard deviation is {scales[0]:.3g} one frame ahead, "
        f"{scales[9]:.3g} ten ahead, {scales[99]:.3g} a hundred ahead. Move $a$ across 1 and see."
    )
    return FAR[1] if abs(a) < 1 else FAR[0], because


def again(world):
    """The right answer, and why."""
    _, x = one_dimension.draw(world.model, world.T, (world.values["seed"] + 1) % 100)
    _, other = infer(world.model, x, world.observed)
    (line, width), (other_line, other_width) = moments(world.smoothed), moments(other)
    stays = np.allclose(line, other_line), np.allclose(width, other_width)
    because = (
        f"With the next random numbers the line moves by up to {abs(line - other_line).max():.3g}, the width by "
        f"{2 * abs(width - other_width).max():.2g}. In a linear Gaussian model how much can be known is settled by "
        "$a$, $c$, $Q$, $R$ and which frames are seen, before one number is seen. In a deep Markov model it is not."
    )
    return {(True, True): AGAIN[0], (False, True): AGAIN[1], (True, False): AGAIN[2]}.get(stays, AGAIN[3]), because
