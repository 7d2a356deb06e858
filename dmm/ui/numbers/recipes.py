"""Numbers: the stored model's costs on the test pieces, by every recipe."""

import math
from functools import cache

import numpy as np
import streamlit as st

from dmm import conventions
from dmm.runs.judged import load_judged
from dmm.ui.asking import predict
from dmm.ui.bound_in_time.nll import annealed_record

LESSON = "numbers"
WHICH = ["*{c}* is larger", "*(b)* is larger", "They are the same"]
MISSING = "The stored numbers are missing or damaged; `python -m dmm.runs.build_numbers` makes them anew."


@cache
def of_bounds() -> conventions.Numbers | None:
    """What the bounds of the test pieces come to; None where nothing is stored."""
    judged = load_judged()
    return judged and conventions.numbers(judged.bounds, judged.lengths)


def halves(judged) -> tuple[float, float]:
    """Nats per frame of the shorter half of the pieces, and of the longer."""
    order = np.argsort(judged.lengths, kind="stable")
    parts = order[: len(order) // 2], order[len(order) // 2 :]
    return tuple(float(judged.bounds[part].sum() / judged.lengths[part].sum()) for part in parts)


def larger() -> tuple[str, str]:
    """Which of {c} and (b) is larger, and why."""
    judged, found = load_judged(), of_bounds()
    short, long = halves(judged)
    apart = found.mean_of_means - found.per_frame
    right = WHICH[2] if abs(apart) < 5e-4 else WHICH[int(apart < 0)]
    return right, (
        f"{found.mean_of_means:.3f} against {found.per_frame:.3f}. In *{{c}}* each piece counts as much as any other, "
        f"in *(b)* each frame. The shorter half of these pieces costs {short:.2f} nats per frame, the longer half "
        f"{long:.2f}: *{{c}}* leans to the short ones."
    )


@st.fragment
def show_recipes() -> None:
    """A question, then the table."""
    judged = load_judged()
    if judged is None:
        st.warning(MISSING)
        return
    question = (
        "*(b)* divides the summed bounds by all frames; *{c}* is the mean of each piece's own nats per frame. Which is "
        "larger for this model?"
    )
    if predict("c or b", question, WHICH, larger):
        st.markdown(table())
        st.caption(
            f"Stored with run {judged.run}: {len(judged.lengths)} test chorales, {judged.lengths.sum():,} frames, none "
            f"of which the model has seen; {2 * judged.counts[-1]:,} draws for each piece. The last row is from its "
            "training."
        )


def table() -> str:
    """Every number with its recipe, Markdown."""
    judged, found = load_judged(), of_bounds()
    a = judged.per_frame()[0][-1]
    first = annealed_record()
    printed = first["reconstruction"] + first["kl_weight"] * first["kl"]
    rows = (
        ("sum", r"$\sum_i c_i$", f"{found.total:,.0f} nats", "the whole test set; grows with it"),
        ("per sequence", r"$\frac1N \sum_i c_i$", f"{found.per_sequence:.1f} nats", "grows with the pieces' length"),
        ("*(b)*", r"$\sum_i c_i / \sum_i T_i$", f"**{found.per_frame:.3f}** nats", "the usual one"),
        ("*{c}*", r"$\frac1N \sum_i c_i / T_i$", f"**{found.mean_of_means:.3f}** nats", "each piece counts the same"),
        (
            f"*a*, $S = {judged.counts[-1]:,}$",
            "as *(b)*, with $c_i$ by importance sampling",
            f"**{a:.3f}** nats",
            "below",
        ),
        ("in bits", r"*(b)* $/ \log 2$", f"{found.per_frame / math.log(2):.3f} bits", "other logarithm"),
        (
            "printed in epoch 1",
            f"reconstruction + {first['kl_weight']:.2f} KL",
            f"{printed:.2f} nats",
            f"annealed, so no bound: that was {first['reconstruction'] + first['kl']:.2f}",
        ),
    )
    lines = "\n".join(f"| {name} | {recipe} | {value} | {what} |" for name, recipe, value, what in rows)
    return f"| number | recipe | here | |\n|:---|:---|---:|:---|\n{lines}"
