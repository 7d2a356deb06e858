"""The bound in time: which number is "the NLL", and the tasks."""

import math

import numpy as np
import streamlit as st

from dmm import d_separation, gaussian_chain, systems
from dmm.runs import store
from dmm.systems import FRAMES
from dmm.ui import tasks
from dmm.ui.current import shipped_run
from dmm.ui.datasets import dataset_of
from dmm.ui.in_time import LESSON
from dmm.ui.in_time_beat import stored
from dmm.ui.in_time_drawing import kind_of, named
from dmm.ui.in_time_open import GRAPHS, state
from dmm.ui.looking import model_of, version_of
from dmm.ui.questions import answer

PIECES, DRAWS = 5, 100  # that are judged when somebody asks
JUDGE = f"Runs the stored network over {PIECES} chorales, {DRAWS} draws of the latents each: a second or two."


# --- which number is "the NLL" ---------------------------------------------------------------------------------------


def which_nll() -> None:
    """The answer, with numbers of the stored run."""
    costs, run = stored(), shipped_run()
    total, frames = float((costs.reconstruction + costs.kl.sum(1)).sum()), len(costs.kl)
    annealed = annealed_record()
    whole = annealed["reconstruction"] + annealed["kl"]
    seen = annealed["reconstruction"] + annealed["kl_weight"] * annealed["kl"]
    answer(
        "which-nll",
        "None is *the* one; a number needs its recipe. The **negative log-likelihood** (NLL), $-\\log p(x_{1:T})$, is "
        "summed over keys and frames. It cannot be computed for a deep Markov model, so one reports an upper bound, "
        "the bars of this page, or an estimate. Lower is better.\n\n"
        "| number | what it is | here |\n|:---|:---|---:|\n"
        f"| sum | the bound of one sequence, over all frames | {total:.1f} nats |\n"
        f"| per frame | the same, divided by its {frames} frames | {total / frames:.2f} nats |\n"
        f"| in bits | divided by $\\log 2$ | {total / frames / math.log(2):.2f} bits |\n"
        f"| (b) | bounds of *many* sequences, summed, divided by all their frames: validation pieces, stored "
        f"| {store.read_status(run).best:.2f} nats |\n"
        f"| $\\{{c\\}}$ | each sequence's bound per frame, then their mean: short pieces count more | see below |\n"
        f"| a | as (b), with $\\log p(x)$ estimated by *importance sampling*, from draws of $q$ weighted by $p / q$ | "
        f"see below |\n\nThe loss that is printed while the KL is *annealed* is none of them. After update "
        f"{annealed['step']} of the stored run the KL had the weight {annealed['kl_weight']:.2f}: the loss was "
        f"{seen:.2f} nats per frame, the bound {whole:.2f}.",
    )
    _judge_some()


def annealed_record() -> dict:
    """The end of the stored run's first epoch, when the KL had little weight."""
    records, _ = store.read_lines(shipped_run() / "metrics.jsonl")
    return next(record for record in records if record["kind"] == "train")


@st.fragment
def _judge_some():
    """a, (b) and {c} of a few pieces, on request."""
    if not st.button("Work out a, (b) and {c}", icon=":material/calculate:", key="judge_some", help=JUDGE):
        return
    a, b, c, noise, frames = judged(shipped_run().name, version_of(shipped_run()))
    st.markdown(
        f"The first {PIECES} test chorales, {frames} frames, now: a = **{a:.3f}** (± {2 * noise:.3f}), (b) = "
        f"**{b:.3f}**, $\\{{c\\}}$ = **{c:.3f}** nats per frame. Importance sampling with {DRAWS} draws; more would "
        "bring a down a "
        "little further."
    )


@st.cache_data(show_spinner="Judging…", max_entries=4)
def judged(run_name: str, version: float) -> tuple[float, float, float, float, int]:
    """a, (b), {c}, the standard error of a over draws, and the frames of those pieces."""
    from dmm.evaluation import evaluate

    run = store.find_run(run_name)
    rolls = [piece.roll for piece in dataset_of(store.read_run_config(run).data).test[:PIECES]]
    found = evaluate(model_of(run)[0], rolls, DRAWS)
    return found.nll_is, found.nll_bound, found.nll_bound_per_sequence, found.nll_is_se, found.frames


# --- tasks -----------------------------------------------------------------------------------------------------------


@st.fragment
def show_tasks() -> None:
    """Three tasks."""
    tasks.heading(LESSON)
    first, second, third = st.columns(3)
    with first:
        tasks.reach(
            LESSON,
            "blocked",
            f"Above, choose {GRAPHS['augmented']}, and ask what $x_1$ tells of $z_4$. Click nodes until it tells "
            "**nothing**, without knowing any frame from $x_4$ on.",
            is_blocked,
            "Where frames reach the next latent, the latent before is not enough: the frame beside it must be known as "
            "well. The exact factor of $z_t$ in DMM-Aug sees $z_{t-1}$, $x_{t-1}$ and $x_{t:T}$.",
            "List the open paths. Each needs one known node in its middle, and not at a collider. Find two nodes that "
            "stand side by side.",
        )
    with second:
        tasks.number(
            LESSON,
            "equal",
            "A network makes its guess equal to the prior: $q(z_t \\mid z_{t-1}, x) = p(z_t \\mid z_{t-1})$. What is "
            "$\\mathrm{KL}_t$, in nats?",
            kl_of_equals,
            "Then $q$ has learned nothing from the frames, and the whole bound is the reconstruction.",
            "Put $\\sigma_q = \\sigma_p$ and $\\mu_q = \\mu_p$ into the closed form, and mind its last term.",
        )
    with third:
        tasks.number(
            LESSON,
            "dearest",
            "In the chorale above: which beat **after the first** has the largest $\\mathrm{KL}_t$?",
            dearest,
            dearest_because(),
            "Look for the tallest orange part. The pointer on a bar tells its height.",
            digits=0,
        )


def is_blocked() -> tuple[bool, str]:
    """Whether the graph as it stands solves the first task; and how it stands, in words."""
    graph, source, target, known = state()
    kind = kind_of(graph)
    if (kind, source, target) != ("augmented", "x1", "z4"):
        return False, f"Now: {GRAPHS[kind]}, from {named(source)} to {named(target)}."
    told = ", ".join(named(node) for node in sorted(known)) or "nothing"
    late = [node for node in known if node[0] == "x" and int(node[1:]) >= 4]
    count = sum(one.is_open for one in d_separation.paths(graph, source, target, known))
    return not late and not count, f"Known: {told}; open paths: {count}."


def kl_of_equals() -> float:
    """The KL of S9's prior to itself, over all steps."""
    prior = gaussian_chain.prior(systems.linear(), FRAMES)
    return float(gaussian_chain.kl_by_step(prior, prior).sum())


def dearest() -> int:
    """The beat after the first with the largest KL."""
    return int(np.argmax(stored().kl.sum(1)[1:])) + 2


def dearest_because() -> str:
    """Its KL, and that of the first."""
    kl, beat = stored().kl.sum(1), dearest()
    return (
        f"It costs {kl[beat - 1]:.2f} nats; the first beat {kl[0]:.2f}, since $p(z_1)$ must do for every chorale. A "
        "large "
        "KL says that the frames moved the guess far from what the step before led to expect."
    )
