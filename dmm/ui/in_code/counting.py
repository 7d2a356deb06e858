"""In code: mask, scale, plate and to_event on a batch of three padded sequences, and what Pyro then adds up."""

import numpy as np
import streamlit as st

from dmm import figures, sites
from dmm.ui.asking import predict
from dmm.ui.dials import Dial, dials, pick, switch
from dmm.ui.in_code.programs import LESSON
from dmm.ui.plot import plot

LENGTHS = (4, 2, 3)
LATENTS = 2
SEED = 3
COLOURS = ("#A9DAF6", "#D9DCE1", "#F3B48A")  # counted once, not at all, wrongly
COUNTED, LEFT_OUT, WRONG = range(3)
MASK = "On: `.mask(…)` with 1 for a frame and 0 for padding. Off: padded frames count too."
PLATE = "On: `with pyro.plate(…)` around the sites. Off: nothing says that the sequences are independent."
EVENT = "How many axes of (B, Z), from the right, make up one draw. 0, 1 or 2."
SCALE = Dial("scale", "`poutine.scale`, $s$", 0.0, 1.0, 1.0, 0.1, "The weight of these sites: that of the KL.")
SHAPES = (
    f"Given: `z`, of shape {(len(LENGTHS), max(LENGTHS), LATENTS)}; `loc`, zeros, and `scale`, ones, of shape "
    f"{(len(LENGTHS), LATENTS)}; `mask`, of shape {(len(LENGTHS), max(LENGTHS))}."
)
OUTCOMES = [
    "It refuses, with an error about shapes",
    "It adds up the same number as with `to_event(1)`",
    "It counts every log-probability three times, and says nothing",
]


def batch() -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities (B, T, Z) of latents drawn from N(0, 1), under N(0, 1), and the mask (B, T)."""
    z = np.random.default_rng(SEED).normal(size=(len(LENGTHS), max(LENGTHS), LATENTS))
    mask = (np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, None]).astype(float)
    return -(z**2 + np.log(2 * np.pi)) / 2, mask


def counted(masked: bool, scale: float, event_dims: int, in_plate: bool) -> sites.Counted:
    """What Pyro makes of the batch."""
    log_p, mask = batch()
    return sites.count(log_p, mask if masked else None, scale, event_dims, in_plate)


def program(masked: bool, scale: float, event_dims: int, in_plate: bool) -> str:
    """The lines of a program that asks for it, with the values given."""
    q = "dist.Normal(loc, scale)" + ".mask(mask[:, t - 1 : t])" * masked
    q += f".to_event({event_dims})" if event_dims else ""
    lines, indent = [], ""
    if in_plate:
        lines.append(f'with pyro.plate("sequences", {len(LENGTHS)}):')
        indent = "    "
    lines.append(f"{indent}for t in range(1, {max(LENGTHS)} + 1):")
    lines.append(f"{indent}    with poutine.scale(scale={scale:g}):")
    lines.append(f'{indent}        pyro.sample(f"z_{{t}}", {q}, obs=z[:, t - 1])')
    return "\n".join(lines)


def ask() -> bool:
    """A prediction before the explorer."""

    def right():
        found = counted(True, 1.0, 2, True)
        answer = OUTCOMES[0] if found.refused else OUTCOMES[1] if found.times == 1 else OUTCOMES[2]
        once = counted(True, 1.0, 1, True).total
        because = (
            f"With `to_event(2)` a site has no axis left for the plate, so Pyro repeats it for each of the "
            f"{len(LENGTHS)} sequences: {found.total:.2f} nats instead of {once:.2f}. Shapes that fit are no proof."
        )
        return answer, because

    question = (
        "The values of $z$ are given, by `obs=`. Inside the plate somebody writes `to_event(2)` instead of "
        "`to_event(1)`. What does Pyro do?"
    )
    return predict("twice", question, OUTCOMES, right)


@st.fragment
def show_counting() -> None:
    """The explorer: four controls, the program they make, and the grid of what counts."""
    knobs, view = st.columns([2, 3], gap="large")
    with knobs:
        ask()
        event_dims = int(pick(LESSON, "event", "`to_event`", {n: n for n in "012"}, EVENT, start="1"))
        left, right = st.columns(2)
        with left:
            masked = switch(LESSON, "mask", "`mask`", MASK, start=True)
        with right:
            in_plate = switch(LESSON, "plate", "`plate`", PLATE, start=True)
        scale = dials(LESSON, [SCALE])["scale"]
    how = {"masked": masked, "scale": scale, "event_dims": event_dims, "in_plate": in_plate}
    with view:
        found = counted(**how)
        st.code(program(**how), language="python", wrap_lines=True)
        st.caption(SHAPES)
        plot(draw(found, masked), "counted", tools=False)
        st.markdown(in_words(found))


def draw(found: sites.Counted, masked: bool):
    """The grid: what each sequence adds at each site."""
    real = batch()[1] > 0
    shades = np.where(real, COUNTED if found.times == 1 else WRONG, LEFT_OUT if masked else WRONG)
    rows = [f"sequence {b}" for b in range(1, len(LENGTHS) + 1)]
    columns = [f"z<sub>{t}</sub>" for t in range(1, max(LENGTHS) + 1)]
    words = "What each sequence adds at each site, in nats; padded frames are grey if they are masked, orange if not."
    return figures.number_grid(found.by_frame + 0.0, shades, COLOURS, rows, words, columns, digits=2)


def in_words(found: sites.Counted) -> str:
    """The shapes, the sum, and what Pyro says."""
    if found.refused:
        verdict = f":red[:material/block: **Pyro refuses.**] {found.refused}"
    elif found.times > 1:
        verdict = f":orange[:material/warning: **Pyro accepts**], and counts each number {found.times} times."
    else:
        verdict = ":green[:material/check: **Pyro accepts.**]"
    shapes = (found.batch_shape, found.event_shape, found.log_prob_shape)
    batch_shape, event_shape, log_prob_shape = (f"`{shape}`" for shape in shapes)
    total = "none" if found.refused else f"**{found.total:.2f}** nats"
    return (
        f"| batch_shape | event_shape | log_prob of a site | sum over all sites |\n|:--|:--|:--|:--|\n"
        f"| {batch_shape} | {event_shape} | {log_prob_shape} | {total} |\n\n{verdict}"
    )
