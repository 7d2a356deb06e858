"""One update: annealing, NaN, what belongs to theta and to phi, and the tasks."""

import numpy as np
import streamlit as st

from dmm import figures
from dmm.palette import BLUE, GREEN, PURPLE, VERMILLION
from dmm.ui.dials import Dial, dials
from dmm.ui.one_update.numbers import UPDATES, schedule_of, update_of
from dmm.ui.one_update.views import LESSON
from dmm.ui.plot import plot
from dmm.ui.questions import answer

WEIGHT = Dial("w", "Weight of the KL, $w$", 0.01, 1.0, 0.2, 0.01, "How much of the KL the printed loss counts.")
LIMIT = Dial(
    "limit", "Clip each entry at", 1, 50, 10, 1, "The largest entry of the gradient that ClippedAdam lets pass."
)
SCHEDULES = {  # from a name to a colour, the first weight, and the updates until it is 1
    "classroom preset": (BLUE, 0.01, 100),
    "the stored run": (GREEN, 0.01, 500),
    "the paper, Table 3": (VERMILLION, 0.01, 5000),
    "Pyro's example": (PURPLE, 0.2, 12_000),
}
PYRO_WEIGHT_DECAY = 2.0  # of Pyro's example
WHY_ANNEALED = (
    "At the start nothing that the latents say is of use to the emitter yet, while the KL can be made 0 at once: the "
    "guess only has to say what the model expects. That is a way into *posterior collapse*, from which training comes "
    "back slowly, if at all. So the KL is **annealed**: its weight $w$ begins small and rises to 1, and the latents "
    "have time to become useful.\n\n"
    "**The printed loss is annealed too.** With $w < 1$ it leaves out a part of the KL, so it is *lower* than minus "
    "the ELBO, and is no bound on anything: it may rise while the model gets better, since $w$ rises. Validation "
    "counts the whole KL. Compare the two lines only once $w = 1$. (The curves of this lab show the whole "
    "bound, in training too.)"
)
WHY_NAN = (
    "**Pyro** is a library for such models ([In code](in_code)); its example trains this one. Who runs it has met NaN "
    "after one to four epochs (Pyro issues #711, #788, #1969). What was done: a lower rate and more weight decay, a "
    "pull of every weight towards 0 (#968: 4e-4 to 3e-4, 0.6 to 2.0) and more careful settings (#1971); no cause was "
    "found.\n\nThree things are known to be odd there. Its loss is a **sum** over the batch, so the gradient is as "
    "long as the batch is large. Its `clip_norm` is no norm: it bounds **each entry** of the gradient by itself, which "
    "turns it to another direction. And its **weight decay of 2.0** sounds enormous, but is added to the gradient of "
    "that sum.\n\nA logarithm of 0 is one way to NaN. So this lab computes the loss from logits, never from "
    "probabilities that may round to 0 or 1, and gives each standard deviation a floor. It divides the loss by the "
    "frames, clips the whole gradient by its length, and looks at loss and gradient *before* each step: what is no "
    "number is not taken, and three such steps in a row end the run, with the state from before them."
)


@st.fragment
def show_annealing(model: str) -> None:
    """Why the KL is annealed, the schedules, and the loss of this batch at any weight."""
    answer("annealing", WHY_ANNEALED)
    left, right = st.columns(2, gap="large")
    with left:
        w = dials(LESSON, [WEIGHT])["w"]
        lines = {name: (colour, schedule_of(*how)) for name, (colour, *how) in SCHEDULES.items()}
        plot(figures.annealing_schedule(lines, UPDATES, w), "schedule", tools=False)
        st.caption(
            "The paper: 5000 updates (Table 3), from 0.01 as in the authors' code. Pyro's example: from 0.2, over 1000 "
            "epochs of 12 updates."
        )
    one = update_of(model)
    reconstruction, kl = one.before
    with right:
        st.markdown(
            f"The same batch, the same model. At $w = {w:g}$ one would print :green[{reconstruction:.3f}] + {w:g} × "
            f":orange[{kl:.3f}] = **{reconstruction + w * kl:.3f}** nats per frame. The bound itself is "
            f":blue[{reconstruction + kl:.3f}]: {(1 - w) * kl:.3f} more."
        )
        plot(figures.printed_loss(reconstruction, kl, w), "printed", tools=False)


@st.fragment
def show_nan(model: str) -> None:
    """Why others meet NaN; and what clipping by entry and weight decay do to the gradient of this batch."""
    answer("nan", WHY_NAN)
    from dmm.update_study import clip_by_entry

    one = update_of(model)
    summed = one.tensors["gradient"] * one.scale  # of a loss that is not divided
    left, right = st.columns([2, 3], gap="large")
    with left:
        limit = dials(LESSON, [LIMIT])["limit"]
        touched, turned = clip_by_entry(summed, limit)
        weights = one.tensors["weights"]
        length, decay = np.linalg.norm(summed), PYRO_WEIGHT_DECAY * np.linalg.norm(weights)
        bias = weights[one.modules["emitter"][-one.config.x_dim :]]  # the emitter's last parameters
        st.markdown(
            f"This batch, with the loss as a sum: its gradient has length {length:,.0f}. A limit of {limit} on each "
            f"entry touches {touched:.2%} of them and turns the gradient by {turned:.0f}°. A limit on the *length* "
            "shortens it and turns it by nothing.\n\n"
            f"A weight decay of {PYRO_WEIGHT_DECAY} adds a vector of length {decay:,.0f}, {decay / length:.0%} of "
            f"that. ({(bias @ bias) / (weights @ weights):.0%} of its square belongs to the emitter's last bias, which "
            "starts at the data's log-odds, far from 0.) On the loss per frame the same pull would be a weight decay "
            f"of {PYRO_WEIGHT_DECAY / one.scale:.4f}."
        )
    with right:
        shares = [100 * float((np.abs(summed[places]) > limit).mean()) for places in one.modules.values()]
        title = f"entries beyond {limit}, %"
        plot(figures.module_bars({title: (VERMILLION, shares)}, list(one.modules), title), "clipped", tools=False)
