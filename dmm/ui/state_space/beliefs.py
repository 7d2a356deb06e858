"""A model that believes in another value of one parameter than the world has, and what the frames say of that."""

import numpy as np
import streamlit as st

from dmm import figures, one_dimension
from dmm.figures.bands import SMOOTHER
from dmm.ui.dials import dials, pick
from dmm.ui.plot import plot
from dmm.ui.state_space.looks import band
from dmm.ui.state_space.world import LESSON, RANGES, chosen_world, infer, moments, parameter

BELIEFS = {
    letter: parameter(letter, start, f"model_{letter}", f"What the model believes: ${letter}$")
    for letter, start in (("R", 4.0), ("a", 0.5), ("Q", 2.0), ("c", 0.5))
}
FINE = 150  # values along a curve, at least


@st.fragment(key="beliefs")
def believe() -> None:
    """One parameter that the model does not know: the likelihood along it, and the band of a wrong belief."""
    world = chosen_world()
    names = {letter: f"${letter}$" for letter in BELIEFS}
    left, right = st.columns(2, gap="large")
    with left:
        letter = pick(LESSON, "unknown", "What does the model not know?", names, "It knows the other three.")
    with right:
        value = dials(LESSON, [BELIEFS[letter]])[f"model_{letter}"]
    values, nats = profile(world, letter)
    here, there = (float(log_likelihood(world, letter, one)) for one in (world.values[letter], value))
    smoothed = smooth_with(world, letter, value)
    seen = int(world.observed.sum())
    with left:
        points = (world.values[letter], here), (value, there)
        plot(figures.likelihood_curve(values, nats, seen, letter, *points), "likelihood")
    with right:
        believed = band(f"smoother that believes {letter} = {value:g}", SMOOTHER, smoothed, world)
        plot(figures.hidden_and_seen(world.z, world.x, [believed], show_seen=False), "belief")
    st.markdown(_verdict(world, letter, value, there - here, smoothed))
    st.markdown(_uncertainty(world, letter, values, nats))


def profile(world, letter):
    """Values of a parameter over its range, and the log-likelihood of the world's frames with each: (V,), (V,)."""
    _, low, high, step, _ = RANGES[letter]
    steps = round((high - low) / step)
    values = np.round(np.linspace(low, high, steps * -(-FINE // steps) + 1), 10)
    return values, log_likelihood(world, letter, values)


def log_likelihood(world, letter, values):
    """How likely the world's frames are, in nats, to one who has another value of one parameter."""
    parameters = {name: world.values[name] for name in RANGES} | {letter: values}
    return one_dimension.log_likelihood(**parameters, x=world.x, observed=world.observed)


def smooth_with(world, letter, value):
    """The smoother of a model that believes in another value."""
    values = world.values | {letter: value}
    model = one_dimension.make_model(*(values[name] for name in RANGES))
    return infer(model, world.x, world.observed)[1]


def holds(world, estimate):
    """In how many frames the band holds the true z."""
    loc, scale = moments(estimate)
    return int((abs(world.z - loc) <= 2 * scale).sum())


def _verdict(world, letter, value, gain, smoothed):
    """The belief against the world, in words."""
    own, inside, seen = world.values[letter], holds(world, smoothed), int(world.observed.sum())
    if value == own:
        return (
            f"The model believes what is true, ${letter} = {own:g}$. Its band holds $z$ in **{inside}** of {world.T}."
        )
    return (
        f"To a model that believes ${letter} = {value:g}$ all frames together are **{_nats(abs(gain))} nats "
        f"{'more' if gain > 0 else 'less'}** likely ({_nats(abs(gain))} / {seen} = {abs(gain) / seen:.3g} a frame) "
        f"than with the world's own ${letter} = {own:g}$. Its band holds the true $z$ in **{inside}** of {world.T} "
        f"frames; with the world's own, in {holds(world, world.smoothed)}."
    )


def _nats(number):
    """One digit after the point; in few digits where the model is far off."""
    return f"{number:.1f}" if number < 10_000 else f"{number:.3g}"


def _uncertainty(world, letter, values, nats):
    """What the curve says of the parameter, in words."""
    best = figures.best_place(values, nats, world.values[letter])
    low, high = figures.as_good(values, nats, best)
    words = (
        f"The frames are most likely with ${letter} = {values[best]:.3g}$. Values from {low:.3g} to {high:.3g} "
        "(shaded) are within 2 nats of that, too close to tell apart; more frames make that range narrower."
    )
    if best in (0, len(values) - 1):
        words = (
            f"Among the slider's values the frames are most likely with its last one, ${letter} = {values[best]:.3g}$: "
            "the best value of all may lie beyond."
        )
    elif low == values[0] or high == values[-1]:
        words += " The range may go on beyond the slider."
    if letter == "c":
        words += " And the curve has a twin: turn $z$ and $c$ over together, and no frame changes."
    return words
