"""One update, second half: which term teaches which weights, how far to go, and the noise in the gradient."""

import numpy as np
import streamlit as st

from dmm import figures
from dmm.palette import GREY, KL, RECONSTRUCTION
from dmm.ui.asking import predict
from dmm.ui.dials import pick
from dmm.ui.explain import formula_and_code
from dmm.ui.one_update.numbers import BEATS, DRAWS, PIECES, RATES, noise_of, rates_of, update_of
from dmm.ui.one_update.views import LESSON
from dmm.ui.plot import plot

TERMS = ["Reconstruction alone", "The KL alone", "Both"]
GROUPS = {"combiner": "combiner", "rnn": "RNN", "transition": "transition", "emitter": "emitter"}
GROUP = "Whose part of the gradient is looked at."
NOTHING = 1e-12  # a gradient this short is none
SAME, SAME_AS = ["Much farther", "About as far", "Much less far"], 3.0  # up to this factor it is about as far


@st.fragment
def ask_terms(model: str) -> None:
    """Which term of the bound teaches the transition; then the gradients of both, module by module."""
    asked, shown = st.columns([2, 3], gap="large")
    with asked:
        question = "The transition says how the state moves. Which term of the bound teaches it?"
        answered = predict("terms", question, TERMS, lambda: taught(update_of(model)))
    if answered:
        one = update_of(model)
        with shown:
            bars = {
                "from reconstruction": (RECONSTRUCTION, one.lengths_of(one.tensors["gradient_reconstruction"])),
                f"from the KL, w = {one.kl_weight:g}": (KL, one.lengths_of(one.tensors["gradient_kl"])),
            }
            plot(figures.module_bars(bars, list(one.modules), "length of the gradient"), "terms", tools=False)
            st.caption("Two more ways back through the same pass: one from each term. Their sum is the gradient.")


def taught(one) -> tuple[str, str]:
    """Which term's gradient reaches the transition, and why."""
    place = list(one.modules).index("transition")
    lengths = [one.lengths_of(one.tensors[f"gradient_{term}"]) for term in ("reconstruction", "kl")]
    notes, kl = (length[place] > NOTHING for length in lengths)
    because = (
        f"From reconstruction it gets a gradient of length {lengths[0][place]:.2g}. The emitter looks at the $z_t$ "
        "that the *guess* has drawn; the transition is asked only where it would have expected it. The KL in "
        "turn does not depend on the emitter. Both terms depend on the guess, :red[$\\phi$], and both teach it."
    )
    return TERMS[2 if notes and kl else 1 if kl else 0], because


@st.fragment
def show_rates(model: str) -> None:
    """How far each module moved, and where steps of other lengths would have led."""
    asked, shown = st.columns([2, 3], gap="large")
    with asked:
        answered = predict("moved", _asks_move(), SAME, lambda: moved(update_of(model)))
    if not answered:
        return
    one = update_of(model)
    rates, after = with_own(one, rates_of(model))
    total = after.sum(1)
    with shown:
        plot(figures.rate_curve(rates, after, one.before, one.rate), "rates", tools=False)
    with asked:
        best = rates[np.where(np.isfinite(total), total, np.inf).argmin()]
        worse = ": up, for with an Adam that starts anew *every* weight moves by the whole rate"
        st.markdown(
            f"The rate in use, {one.rate:.2g}, takes this batch from {sum(one.before):.3f} to {sum(one.after):.3f} "
            f"nats per frame{worse if sum(one.after) > sum(one.before) else ''}. Of the rates drawn the best for this "
            f"one step is {best:.2g}. Far to the right the step jumps past the lowest point{_lost(rates, total)}. Late "
            "in training the best step is shorter: hence rates that fall."
        )


def with_own(one, after):
    """The rates that were tried, with the one in use among them, and what came after: (R,), (R, 2)."""
    place = int(np.searchsorted(RATES, one.rate))
    return np.insert(RATES, place, one.rate), np.insert(after, place, one.after, axis=0)


def _lost(rates, total):
    """From which rate on the step ends in NaN, if any does."""
    lost = rates[~np.isfinite(total)]
    return f", and from {lost[0]:.2g} on it lands where the loss is no longer a number" if lost.size else ""


def _asks_move():
    return (
        "In the same step, two weights: one has a gradient a hundred times as large as the other. How far does Adam's "
        "first step move it, compared with the other?"
    )


def moved(one) -> tuple[str, str]:
    """What the step did with large and with small gradients: weights one in ten from the top and from the bottom."""
    size, change = np.abs(one.tensors["gradient"]), np.abs(one.tensors["new_weights"] - one.tensors["weights"])
    high = np.quantile(size, 0.95)
    low = high / 100
    small, large = (change[np.abs(size / at - 1) < 0.1].mean() for at in (low, high))
    answer = SAME[1] if 1 / SAME_AS < large / small < SAME_AS else SAME[0 if large > small else 2]
    because = (
        f"Of all weights here, those with a gradient near {high:.1e} moved by {large:.5f}, those near {low:.1e} by "
        f"{small:.5f}. Adam divides each gradient by its own size, averaged over the steps; in the first step that "
        f"leaves the sign, and the rate: {one.rate:.5g}."
    )
    return answer, because


@st.fragment
def show_noise(model: str) -> None:
    """One entry of the gradient over many draws, with the sampled and with the analytic KL."""
    words, shown = st.columns([2, 3], gap="large")
    with words:
        group = pick(LESSON, "group", "Gradient of", GROUPS, GROUP)
        found = noise_of(model)
        sampled, analytic = (found[kl][group] for kl in ("sampled", "analytic"))
        st.markdown(_how_noisy(group, sampled[1], analytic[1], analytic[2]))
    with shown:
        entries = {"sampled KL": (GREY, sampled[0]), "analytic KL": (KL, analytic[0])}
        title = f"one entry of the gradient: {GROUPS[group]}"
        plot(figures.gradient_strips(entries, title), "noise", tools=False)
        st.caption(
            f"{DRAWS} draws of the noise, the same for both, on the first {BEATS} frames of {PIECES} pieces of the "
            "batch. The entry is the one with the largest mean. Diamond and bar: mean and one standard deviation."
        )
    codes = st.expander("Both forms of the KL: formulas and code", key="kl code", on_change="rerun")
    if codes.open:
        with codes:
            formula_and_code("elbo.kl_normal", colours={r"\mathrm{KL}": KL})
            formula_and_code("elbo.kl_sampled")


def _how_noisy(group, sampled, analytic, mean):
    """The noise of a whole module in numbers."""
    if abs(sampled - analytic) < 1e-6 * analytic:
        verdict = "They are the same: the KL does not depend on the emitter, in whichever form."
    else:
        verdict = f"That is a factor of {sampled / analytic:.1f}, and {(sampled / analytic) ** 2:.1f} in variance."
    return (
        f"All entries of the {GROUPS[group]} together: the mean gradient has length {mean:.3f}; one draw strays from "
        f"it by {sampled:.3f} with the sampled KL, by {analytic:.3f} with the analytic one. {verdict} To halve the "
        "noise by averaging takes four times as many draws."
    )
