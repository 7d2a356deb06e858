"""Parameter recovery: what two numbers do, how flat their likelihood is, and where six learners end, and why there."""

import numpy as np
import streamlit as st

from dmm import figures, palette, reading, systems
from dmm.runs.experiment_results import NETWORKS
from dmm.systems import FRAMES
from dmm.ui import tasks
from dmm.ui.asking import predict
from dmm.ui.choices import networks
from dmm.ui.dials import Dial, dials, pick, switch
from dmm.ui.explain import coloured
from dmm.ui.plot import plot
from dmm.ui.recovery.study import ALPHA, BETA, read_study, twin_gap
from dmm.ui.structured_inference.race import COLOURS
from dmm.ui.theme import legible, visible

LESSON = "recovery"
LAW = (
    Dial("alpha", rf"$\alpha$ (truth: ${ALPHA:g}$)", -0.2, 0.8, 0.0, 0.01, r"How $z^1$ pulls $z^0$."),
    Dial("beta", rf"$\beta$ (truth: ${BETA:g}$)", -0.4, 0.3, 0.0, 0.01, r"How $z^0$ pulls $z^1$."),
)
UNKNOWN = {r"\alpha": palette.VERMILLION, r"\beta": palette.GREEN}  # the two numbers to be found
WRONG, UNNOTICED = 0.1, 0.05  # the task: alpha off by so much, at a cost of so many nats per sequence
SURE = 2.0  # standard errors
NOTHING = "The stored results of this experiment are missing or damaged, so there is no valley and no way to show."
NEXT = (
    "**More follows once you have answered** the question above this figure: the six learners' ways into the valley, "
    "where they end, and why."
)
NO_WAYS = "The learners' ways are not among the stored results yet, so only the valley is shown."


def _name(network):
    return networks()[network].name


# --- two numbers to find ---------------------------------------------------------------------------------------------


@st.fragment
def show_law() -> None:
    """The system, what the two numbers do, and what a wrong one costs."""
    st.latex(coloured(reading.formula("systems.two_dimensional"), UNKNOWN))
    asked, shown = st.columns([2, 3], gap="large")
    with asked:
        law = dials(LESSON, LAW)
        st.markdown(_pull(**law))
        found = read_study()
        if found:
            st.markdown(_cost(found, **law))
    with shown:
        step, truth = (systems.two_dimensional(*pair).step for pair in (law.values(), (ALPHA, BETA)))
        plot(figures.coupled_step(step, truth, noise=1.0), "law", tools=False)


def _pull(alpha, beta):
    """What the two numbers do to one state each."""
    return (
        rf"A state with $z^1 = 2$ has its $z^0$ pulled by $\tanh(2\alpha) = {np.tanh(2 * alpha):.2f}$; one with "
        rf"$z^0 = 2$ has its $z^1$ pulled by $\sin(2\beta) = {np.sin(2 * beta):.2f}$. The noise of each step, the "
        "disc, is wider than either."
    )


def _cost(found, alpha, beta):
    """What the chosen law costs, and whether the task is done."""
    cost = max(0.0, found.cost(alpha, beta))
    done = abs(alpha - ALPHA) >= WRONG - 1e-9 and cost * FRAMES < UNNOTICED
    verdict = ":green[:material/check: **Done.**] Who has a few sequences cannot tell." if done else ""
    return (
        f"Under this law the frames are less likely than under the best one by {cost:.5f} nats each: "
        f"**{cost * FRAMES:.3f} nats** for a whole sequence, {cost * found.frames:,.0f} for all "
        f"{found.ground.sequences:,} sequences.\n\n**Also:** find an $\\alpha$ that is wrong by {WRONG:g} or more, "
        f"yet costs less than {UNNOTICED:g} nats per sequence. {verdict}"
    )


# --- the valley and the ways into it ---------------------------------------------------------------------------------

FAMILIES = {
    "Those blind to one side of time (MF-L, MF-R, ST-L)": ("mf-l", "mf-r", "st-l"),
    "The mean-field one that sees both sides (MF-LR)": ("mf-lr",),
    "The structured ones that see both sides (ST-R, ST-LR)": ("st-r", "st-lr"),
}
SAME = "All about equally far"
WHO = {"all": "All six", "mf": "Mean field", "st": "Structured"}


def ask() -> bool:
    """Who ends farthest? Says in a sentence what is missing; True once the learner has chosen."""
    found = read_study()
    if not found or len(found.ends) < len(NETWORKS):
        st.info(NO_WAYS if found else NOTHING)
        return False
    seeds = max(len(results) for results in found.results.values())
    order = sorted(found.ends, key=lambda name: found.ends[name].far)
    listed = ", ".join(f"{_name(name)} {found.ends[name].far:.1f}" for name in order)
    return predict(
        "ends",
        f"Six learners, one for each inference network, begin near 0 and learn $\\alpha$ and $\\beta$ together with "
        f"their guess, from {found.ground.sequences:,} sequences. Which end farthest from the truth?",
        [*FAMILIES, SAME],
        farthest(found.ends),
        f"The distance of their ends from the truth, in standard errors of the exact estimate, mean of {seeds} seeds: "
        f"{listed}.",
    )


def farthest(ends) -> str:
    """The family whose ends lie farthest from the truth on average, if it is twice as far as the nearest."""
    far = {family: np.mean([ends[name].far for name in names]) for family, names in FAMILIES.items()}
    family = max(far, key=far.get)
    return family if far[family] > 2 * min(far.values()) else SAME


@st.fragment
def show_valley(answered: bool) -> None:
    """The landscape; once answered, the ways of the networks over their updates."""
    found = read_study()
    if not found:
        return
    ways = []
    if answered:
        choices = WHO | {name: _name(name) for name in found.ends}
        who = pick(LESSON, "who", "Whose ways", choices, "The inference networks whose ways are drawn.")
        seeds = sorted({one.seed for results in found.results.values() for one in results})
        names = {str(seed): str(seed) for seed in seeds} | {"every": "every"}
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            seed = pick(LESSON, "seed", "Seed", names, "Of first weights, first numbers, and the sequences themselves.")
            close = switch(LESSON, "close", "Look closer", "Only the part around the truth and the ends.")
        ways = _ways(found, who, seed)
    ground = found.ground
    plot(
        figures.likelihood_valley(
            ground.alphas,
            ground.betas,
            ground.nll,
            (ground.alpha, ground.beta),
            (ground.alpha_se, ground.beta_se),
            (ALPHA, BETA),
            ways,
            close=bool(ways) and close,
        ),
        "valley",
        tools=False,
    )
    st.caption(_whence(found, answered))
    if not answered and len(found.ends) == len(NETWORKS):
        st.markdown(NEXT)


def _ways(found, who, seed):
    """The chosen networks' ways with the chosen seed."""
    return [
        figures.Way(_name(name), visible(COLOURS[name]), "dot" if name.startswith("mf") else "solid", one.path)
        for name, results in found.results.items()
        for one in results
        if who in ("all", name, name[:2]) and seed in ("every", str(one.seed))
    ]


def _whence(found, answered):
    """Where the numbers come from."""
    ground = found.ground
    words = (
        f"Stored results. Lines: the exact NLL of {ground.sequences:,} sequences of {FRAMES} frames, so many nats per "
        "frame above its lowest; from one line to the next it grows by a factor of $\\sqrt{10}$. Computed by the "
        "unscented filter, a Kalman filter for curved steps, "
        f"which is all but exact here. Exact estimate: $\\alpha = {ground.alpha:.3f} \\pm {ground.alpha_se:.3f}$, "
        f"$\\beta = {ground.beta:.3f} \\pm {ground.beta_se:.3f}$ (standard errors; the bars show two)."
    )
    if not answered:
        return words
    every = [one for results in found.results.values() for one in results]
    updates, seconds = max(one.updates for one in every), np.mean([one.seconds for one in every])
    first = min(one.seed for one in every)
    return (
        f"Drag the slider below the figure, or press Play. {words} Each network: {updates:,} updates, {seconds:.0f} "
        f"seconds of training on average. The valley is that of seed {first}'s sequences; each other seed drew its "
        "own, whose valley has the same shape but lies a standard error or two elsewhere."
    )


# --- where they end, and why -----------------------------------------------------------------------------------------


def show_ends() -> None:
    """A row for each network, in two tables that fit beside each other, or one below the other on a telephone."""
    found = read_study()
    ground = found.ground
    found_numbers, costs = st.columns([3, 2], gap="large")
    with found_numbers:
        rows = [
            (f"**{_name(name)}**", _within(one.alpha, one.alpha_se), _within(one.beta, one.beta_se), _off(one.away))
            for name, one in found.ends.items()
        ]
        exact = ("exact", _within(ground.alpha, ground.alpha_se), _within(ground.beta, ground.beta_se), "")
        _table(
            ("", "$\\alpha$", "$\\beta$", "off by, s.e."), (*rows, exact, ("truth", _minus(ALPHA), _minus(BETA), ""))
        )
    with costs:
        rows = [
            (f"**{_name(name)}**", f"{one.law:.5f}", _within(one.gap, one.gap_se, 5))
            for name, one in found.ends.items()
        ]
        _table(("", "law costs", "guess loses"), rows)
    seeds = sorted({one.seed for results in found.results.values() for one in results})
    judged = f", judged on {found.about['tested']:,} new sequences" if "tested" in found.about else ""
    st.caption(
        f"Stored results. $\\alpha$, $\\beta$: mean over seeds {', '.join(map(str, seeds))}, ± its standard error from "
        "their scatter; the exact estimate is that of one seed, and its ± what these data leave uncertain. "
        f"Off by: $\\alpha$ and $\\beta$ minus the exact estimate on the same sequences (seed {seeds[0]}), in that "
        "estimate's standard errors. The other table, in nats per frame: what the learned law costs beyond the best "
        f"one, read off the valley; and what the guess loses under that law, the rest of the bound{judged}."
    )


def _table(head, rows):
    """A table in which no number is torn from its error."""
    lines = [head, ("---",) * len(head), *(tuple(cell.replace(" ± ", "\u00a0±\u00a0") for cell in row) for row in rows)]
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def _within(number, error, digits=3):
    return f"{_minus(number, digits)} ± {error:.{digits}f}"


def _off(away):
    return f"{_signed(away[0])}, {_signed(away[1])}"


def _signed(number):
    return f"{number:+.1f}".replace("-", "−")


def _minus(number, digits=3):
    return f"{number:.{digits}f}".replace("-", "−")


def show_why() -> None:
    """The bound as NLL plus gap, and what that does to alpha."""
    found = read_study()
    worst = max(found.ends, key=lambda name: found.ends[name].far)
    end, colour = found.ends[worst], legible(COLOURS[worst])
    st.latex(
        rf"\underbrace{{-\mathrm{{ELBO}}(\theta, \phi)}}_{{\text{{what training lowers}}}} = "
        rf"\underbrace{{\textcolor{{{palette.GREY}}}{{-\log p_\theta(x)}}}}_{{\text{{NLL}}}} + "
        rf"\underbrace{{\textcolor{{{colour}}}{{\operatorname{{gap}}(\theta, \phi)}}}}"
        rf"_{{\mathrm{{KL}}(q(z) \,\|\, p(z \mid x))}}"
    )
    words, shown = st.columns([2, 3], gap="large")
    with words:
        st.markdown(_flat_valley(found) + "\n\n" + _pushed(found, worst, end))
    with shown:
        ground = found.ground
        ends = {_name(name): (visible(COLOURS[name]), one.alpha, one.law, one.gap) for name, one in found.ends.items()}
        plot(
            figures.bound_at_ends(ground.alphas, ground.betas, ground.nll, (ground.alpha, ground.beta), ends),
            "bound",
            tools=False,
        )
        st.caption("Bars: what each guess loses, standing on what its law costs. Their tops are the bounds.")


def _flat_valley(found):
    """How little alpha costs."""
    ground = found.ground
    cost = found.cost(ground.alpha - WRONG, ground.beta)
    return (
        f"The valley is flat. An $\\alpha$ that is {WRONG:g} too low costs {cost:.5f} nats per frame. Over all "
        f"{found.frames:,} frames that is {cost * found.frames:,.0f} nats, so the exact estimate is precise. "
        "But a gap that changes with $\\alpha$ by as little, per frame, outweighs it, **however many sequences there "
        "are**: it grows with them just as the likelihood does."
    )


def _pushed(found, worst, end):
    """What the place where a network ended says of its gap."""
    return (
        f"{_name(worst)} ended at $\\alpha = {end.alpha:.2f}$, where training came to rest. From there to the "
        f"exact estimate the NLL falls by {end.law:.4f}; if the sum is lowest where training stopped, the gap rises by "
        "at least that. A strongly coupled state is harder to mimic for such a guess, and training prefers **a law "
        f"that its guess can follow** to the true one.{_twin(worst, end)}"
    )


def _twin(worst, end):
    """How the gap rises in the linear twin; nothing for a structured network, whose gap has no closed form there."""
    if worst.startswith("st"):
        return ""
    there, here = twin_gap(worst, end.alpha, end.beta), twin_gap(worst, ALPHA, BETA)
    return (
        f"\n\nOne can watch it rise: with straight lines in the place of $\\tanh$ and $\\sin$ the gap of the best "
        f"{_name(worst)} has a closed form. It is {there:.4f} at the $\\alpha$ and $\\beta$ where {_name(worst)} "
        f"ended, and {here:.4f} at the true ones."
    )


# --- questions -------------------------------------------------------------------------------------------------------

WITHIN = ["Yes, within two", "No, farther off"]
MORE = ["It goes away", "It stays"]
ENOUGH = (10, 100, 1000, 10_000)
TARGET = 0.05


def off(end) -> bool:
    """Whether a network's alpha lies farther from the exact estimate than chance explains."""
    return bool(abs(end.away[0]) > SURE)


@st.fragment
def show_tasks() -> None:
    """Three questions that the stored results answer."""
    found = read_study()
    tight = min(found.ends, key=lambda name: found.ends[name].gap)
    worst = max(found.ends, key=lambda name: found.ends[name].far)
    one, other, ground = found.ends[tight], found.ends[worst], found.ground
    tasks.heading(LESSON)
    first, second, third = st.columns(3)
    with first:
        tasks.choose(
            LESSON,
            "within",
            f"{_name(tight)} has the smallest gap, {one.gap:.5f} nats per frame. Is its $\\alpha$ within two standard "
            "errors of the exact estimate?",
            WITHIN,
            WITHIN[off(one)],
            f"It is {_signed(one.away[0])} of them off. What looks like nothing per frame, "
            f"{one.gap * found.frames:,.0f} nats over all, is much beside a valley in which one standard error costs "
            "half a nat over all.",
            "The first table above tells how far each network is off, in standard errors: first of $\\alpha$, then of "
            "$\\beta$.",
        )
    with second:
        sharper = abs(other.away[0]) * 10
        tasks.choose(
            LESSON,
            "more",
            f"{_name(worst)} is trained on 100 times as many sequences. What happens to the error of its $\\alpha$?",
            MORE,
            MORE[off(other)],
            "Valley and gap grow alike, so the lowest point of their sum stays where it is. Only the standard error "
            f"shrinks, tenfold: {_name(worst)} would then be {sharper:,.0f} of them off, and more certain of it."
            if off(other)
            else f"It is {_signed(other.away[0])} standard errors off: perhaps chance, which shrinks with the data.",
            "NLL and gap are sums over sequences. Take each 100 times: where is the lowest point of both together?",
        )
    with third:
        needed = ground.sequences * (ground.alpha_se / TARGET) ** 2
        right = next((n for n in ENOUGH if n >= needed), ENOUGH[-1])
        tasks.choose(
            LESSON,
            "enough",
            f"How many sequences would be enough to know $\\alpha$ to ± {TARGET:g}, one standard error, with exact "
            "inference?",
            [f"{n:,}" for n in ENOUGH],
            f"{right:,}",
            f"Standard errors shrink with the root of the number of sequences: {ground.alpha_se:.4f} with "
            f"{ground.sequences:,}, so {TARGET:g} with {needed:,.0f}.",
            f"Below the valley stands the standard error of the exact estimate from {ground.sequences:,} sequences. A "
            "quarter of the sequences would double it.",
        )
