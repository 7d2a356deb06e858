"""Ways to look at a world: filter, smoother and prediction, and how wide the band of each is."""

import numpy as np
import streamlit as st

from dmm import figures, kalman
from dmm.figures.bands import FILTER, NOBODY, PREDICTION, SMOOTHER
from dmm.ui.dials import Dial, dials, pick, switch
from dmm.ui.plot import plot
from dmm.ui.state_space.world import LESSON, choose_world, chosen_world, known, moments

VIEWS = {"filter": "Filter", "smoother": "Smoother", "prediction": "Prediction"}
LEGEND = (
    "*Misses by*: the root mean square of the errors in this run. *Expects*: the same, as the variances say that go "
    "with each guess. *Knows*: the share of $z$'s variance that is gone."
)


@st.fragment(key="run")
def show_run() -> None:
    """One run of the world beside the sliders that make it."""
    view, knobs = st.columns([7, 3], gap="large")
    with knobs:
        choose_world()
    with view:
        look()


@st.fragment
def look() -> None:
    """The world and one way to look at it; its own controls run this alone."""
    world = chosen_world()
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        view = pick(LESSON, "view", "Who estimates?", VIEWS, "What the estimate of $z_t$ may look at.")
    with right:
        truth = switch(
            LESSON, "truth", "Show $z$", "The hidden state that the world drew. In life, nobody sees it.", True
        )
    now = choose_now(world.T) if view == "prediction" else world.T
    used = world.observed * (np.arange(1, world.T + 1) <= now)
    shown = bands(world, view, now)
    plot(figures.hidden_and_seen(world.z, world.x, shown, used, truth), "world")
    st.markdown(_reading(world, view, now, shown))
    st.markdown(_table(world))
    st.caption(LEGEND)


def choose_now(frames):
    """After which frame the prediction begins."""
    if frames < 3:
        return 1
    words = "The prediction looks at the frames up to this one, and at no later one."
    key = f"dial {LESSON} now"
    if key in st.session_state:  # T may have become smaller
        st.session_state[key] = min(st.session_state[key], frames - 1)
    return dials(LESSON, [Dial("now", "The last frame it sees", 1, frames - 1, (frames + 1) // 2, 1, words)])["now"]


def band(name, colour, estimate, world):
    """The band of an estimate of all frames."""
    loc, scale = moments(estimate)
    return figures.Band(name, colour, 1, loc, scale, world.values["c"] * loc)


def bands(world, view, now):
    """The bands of one way to look; the prediction's begins after frame `now`."""
    if view == "smoother":
        return [band("smoother", SMOOTHER, world.smoothed, world)]
    filtered = band("filter", FILTER, world.filtered, world)
    if view == "filter":
        return [filtered]
    ahead = forecast(world, now)
    loc, variance, x_loc, x_variance = (part.reshape(-1) for part in ahead)
    later = figures.Band("prediction", PREDICTION, now + 1, loc, np.sqrt(variance), x_loc, np.sqrt(x_variance))
    start = {part: getattr(filtered, part)[:now] for part in ("z_loc", "z_scale", "x_loc")}
    return [filtered._replace(**start), later]


def forecast(world, now):
    """What the frames up to `now` say of all that follow."""
    before = kalman.kalman_filter(world.model, world.x[None, :now, None], world.observed[None, :now])
    return kalman.forecast(world.model, before, world.T - now)


def show_widths(world) -> None:
    """How wide the bands are: what each way to look leaves unknown."""
    ways = {
        "nobody looks": (NOBODY, world.blind.cov),
        "one step ahead": (PREDICTION, world.filtered.predicted_cov),
        "filter": (FILTER, world.filtered.cov),
        "smoother": (SMOOTHER, world.smoothed.cov),
    }
    if abs(world.values["a"]) > 1:
        del ways["nobody looks"]  # it would dwarf the rest
    scales = {name: (colour, np.sqrt(cov[0, :, 0, 0])) for name, (colour, cov) in ways.items()}
    plot(figures.band_widths(scales), "widths")


def _reading(world, view, now, shown):
    """What to read from the picture, with its numbers."""
    z, b = world.z, shown[-1]
    inside = int((abs(z[b.first - 1 :][: len(b.z_loc)] - b.z_loc) <= 2 * b.z_scale).sum())
    words = [
        f"The {b.name}'s band, two standard deviations to each side, holds the true $z$ in **{inside} of "
        f"{len(b.z_loc)}** frames; 95 % are expected."
    ]
    if view == "prediction":
        never = moments(world.blind)[1][-1]
        words.append(
            f"Its standard deviation goes from {b.z_scale[0]:.3g} one frame ahead to {b.z_scale[-1]:.3g}, "
            f"{len(b.z_loc)} ahead; one who never looked has {never:.3g} there."
        )
    lost = np.flatnonzero(world.observed == 0) + 1
    if len(lost):
        words.append(f"Lost: {_span(lost)}. There only the neighbours tell about $z$.")
    if abs(world.values["a"]) > 1:
        words.append("With $a$ beyond 1 in size the state runs away.")
    if not world.values["c"]:
        words.append("With $c = 0$ the frames say nothing of $z$.")
    return " ".join(words)


def _span(frames):
    return f"frame {frames[0]}" if len(frames) == 1 else f"frames {frames[0]} to {frames[-1]}"


def _table(world):
    """Who knows how much, as a table."""
    rows = {"nobody": world.blind, "filter": world.filtered, "smoother": world.smoothed}
    lines = ["| who looks | misses $z$ by | expects | knows |", "|:--|--:|--:|--:|"]
    for name, estimate in rows.items():
        one = known(world, estimate)
        lines.append(f"| {name} | {one.misses:.3g} | {one.expects:.3g} | {100 * one.share:.0f} % |")
    return "\n".join(lines)
