"""The bound in time: which number is "the NLL"."""

import math

import streamlit as st

from dmm.runs import store
from dmm.ui.bound_in_time.beat import stored
from dmm.ui.current import shipped_run
from dmm.ui.datasets import dataset_of
from dmm.ui.looking import model_of, version_of
from dmm.ui.questions import answer

PIECES, DRAWS = 5, 100  # that are judged when somebody asks
JUDGE = f"Runs the stored network over {PIECES} chorales, {DRAWS} draws of the latents each: a second or two."


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
        "$-\\mathrm{ELBO}$, the bars of this page, or an estimate. Lower is better. The paper prints a result as "
        "*a (b) {c}*: the last three rows. ([Numbers](numbers) has them side by side.)\n\n"
        "| number | what it is | here |\n|:---|:---|---:|\n"
        f"| sum | the bound of one sequence, over all frames | {total:.1f} nats |\n"
        f"| per frame | the same, divided by its {frames} frames | {total / frames:.2f} nats |\n"
        f"| in bits | divided by $\\log 2$ | {total / frames / math.log(2):.2f} bits |\n"
        "| *a* | like *(b)*, with $\\log p(x)$ estimated by *importance sampling*, from draws of $q$ weighted by "
        "$p / q$ | see below |\n"
        f"| *(b)* | bounds of *many* sequences, summed, divided by all their frames: validation pieces, stored "
        f"| {store.read_status(run).best:.2f} nats |\n"
        "| *{c}* | each sequence's bound per frame, then their mean: short pieces count more | see below |\n\n"
        "The loss that is printed while the KL is [*annealed*](one_update#annealing) is none of them. In the "
        f"first epoch of the stored run the bound was {whole:.2f} nats per frame on average; with the weight that the "
        f"KL had at its end, {annealed['kl_weight']:.2f}, the same means make {seen:.2f}, which is no bound.",
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
        f"The first {PIECES} test chorales, {frames} frames, now: *a* = **{a:.3f}** (± {2 * noise:.3f}), *(b)* = "
        f"**{b:.3f}**, *{{c}}* = **{c:.3f}** nats per frame. Importance sampling with {DRAWS} draws; more would "
        "bring *a* down a little further."
    )


@st.cache_data(show_spinner="Judging…", max_entries=4)
def judged(run_name: str, version: float) -> tuple[float, float, float, float, int]:
    """a, (b), {c}, the standard error of a over draws, and the frames of those pieces."""
    from dmm.evaluation import evaluate

    run = store.find_run(run_name)
    rolls = [piece.roll for piece in dataset_of(store.read_run_config(run).data).test[:PIECES]]
    found = evaluate(model_of(run)[0], rolls, DRAWS)
    return found.nll_is, found.nll_bound, found.nll_bound_per_sequence, found.nll_is_se, found.frames
