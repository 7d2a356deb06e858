"""One update: what belongs to theta and to phi, the code of the step, and the tasks."""

import streamlit as st

from dmm.palette import KL, RECONSTRUCTION
from dmm.ui import tasks
from dmm.ui.explain import formula_and_code
from dmm.ui.one_update.numbers import update_of
from dmm.ui.one_update.views import LESSON, THETAS

DECAY, PYRO_RATE, PYRO_STEPS = 0.99996, 3e-4, 60_000  # Pyro's example: 5000 epochs of 12 updates
WHOSE = {True: ":blue[$\\theta$]", False: ":red[$\\phi$]"}
PRINTED_AT = 0.05  # the weight in a task


def show_parameters(model: str) -> None:
    """Which weights are of theta and which of phi, and how many."""
    one = update_of(model)
    is_part = {
        "emitter": "what a state sounds like",
        "transition": "how the state moves",
        "z_0": "stands before the first latent, in $p$",
        "h_0": "where the RNN starts",
        "rnn": "reads the frames",
        "z_q_0": "stands before the first latent, in $q$",
        "combiner": "makes a Gaussian of what it reads",
    }
    rows = [
        f"| `{name}` | {WHOSE[name in THETAS]} | {len(places):,} | {is_part[name]} |"
        for name, places in one.modules.items()
    ]
    total = sum(map(len, one.modules.values()))
    st.markdown("\n".join(["| part | whose | weights | what it does |", "|:---|:---|---:|:---|", *rows]))
    st.caption(f"{total:,} weights in all; one vector, one step.")


def show_code() -> None:
    """The step as training runs it, and Adam; drawn only while it is open."""
    section = st.expander("The step that training runs, Adam and ClippedAdam: code", key="code", on_change="rerun")
    if not section.open:
        return
    with section:
        st.markdown("**One update of `training.py`.** It differs in speed alone from the stages above.")
        formula_and_code("training._Learner.update")
        formula_and_code("elbo.bound", formula="elbo", colours=_TERMS)
        formula_and_code("optimisers.clip")
        formula_and_code("optimisers.learning_rate")
        _about_adam()
        formula_and_code("optimisers.update")


_TERMS = {r"\mathrm{KL}": KL, r"\log p(x_t \mid z_t)": RECONSTRUCTION}


def _about_adam():
    last = DECAY**PYRO_STEPS
    st.markdown(
        "**Adam** keeps two running averages for each weight, of the gradient and of its square, and steps by their "
        "ratio. **ClippedAdam**, of Pyro's example, differs in three ways: it bounds each entry of the gradient by "
        "itself, adds its $\\varepsilon$ before the correction of the averages, and multiplies the rate by a number at "
        f"*every step*. {DECAY} sounds like nothing; over the {PYRO_STEPS:,} steps of that example it takes the rate "
        f"from {PYRO_RATE:g} to {PYRO_RATE * last:.1e}: {last:.1%} of it."
    )


@st.fragment
def show_tasks(model: str) -> None:
    """The size of a tensor, the bound behind a printed loss, and the module with the longest gradient."""
    tasks.heading(LESSON)
    first, second, third = st.columns(3)
    with first:
        question = "How many numbers does the tensor `h_right` hold for this batch?"
        hint = "Stage 2 shows its shape: so many pieces, so many frames (padding too), so many units."
        because = "Pieces times frames of the longest piece times units: padding takes memory as well."
        tasks.number(LESSON, "shape", question, lambda: size_of(update_of(model)), because, hint, within=0.5, digits=0)
    with second:
        reconstruction, kl = longest_piece(update_of(model))
        question = (
            f"With $w = {PRINTED_AT}$ the printed loss of the longest piece of this batch, taken alone, is "
            f"{reconstruction + PRINTED_AT * kl:.4f} nats per frame, of which reconstruction is {reconstruction:.4f}. "
            "What is minus the ELBO of this piece, in nats per frame?"
        )
        hint = f"What is left of the printed loss without reconstruction is {PRINTED_AT} times the KL."
        because = f"Reconstruction plus the whole KL, which is {1 / PRINTED_AT:g} times what was printed of it."
        tasks.number(LESSON, "loss", question, reconstruction + kl, because, hint, within=0.02, digits=3)
    with third:
        question = "Which module has the longest gradient in this update?"
        names = list(update_of(model).modules)
        hint = "Stage 7 of the slow motion. Its axis is logarithmic: look at the numbers behind the bars."
        tasks.choose(LESSON, "largest", question, names, lambda: longest(update_of(model)), hint=hint)


def size_of(one) -> int:
    """How many numbers `h_right` holds."""
    return one.tensors["h_right"].size


def longest_piece(one) -> tuple[float, float]:
    """Reconstruction and KL of the longest piece, in nats per frame, both to be made small: printed nowhere above."""
    piece = one.tensors["lengths"].argmax()
    sums = (float(one.tensors[name][piece].sum()) for name in ("reconstruction", "kl"))
    reconstruction, kl = (total / int(one.tensors["lengths"][piece]) for total in sums)
    return -reconstruction, kl


def longest(one) -> tuple[str, str]:
    """The module with the longest gradient, and how long it is."""
    lengths = dict(zip(one.modules, one.lengths_of(one.tensors["gradient"]), strict=True))
    first, second = sorted(lengths, key=lengths.get)[-1:-3:-1]
    return first, f"Its length is {lengths[first]:.3f}; the next is that of `{second}`, {lengths[second]:.3f}."
