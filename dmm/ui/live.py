"""A run as it trains: its curve, its numbers and the last piece it drew, read from its folder."""

import random
import time

import streamlit as st

from dmm import palette
from dmm.conventions import ACTIVE
from dmm.data import DataError
from dmm.data.load import SHIPPED, judged_on
from dmm.runs import store
from dmm.runs.changes import read_changes
from dmm.runs.curves import Curves
from dmm.runs.events import read_events
from dmm.runs.retention import leaves_in
from dmm.runs.samples import read_samples
from dmm.runs.store import RunError
from dmm.ui.acts import is_ending
from dmm.ui.current import runner
from dmm.ui.datasets import baselines_of
from dmm.ui.learner import learner
from dmm.ui.live_chart import Line, Series, stream_chart
from dmm.ui.roll_view import roll_view
from dmm.ui.train import same_curve
from dmm.ui.words import describe_config, plain

TICK = 0.4  # seconds
SAMPLE_TICKS = 4.6  # so many of these until the drawn piece is looked for anew; no whole number, so they seldom meet
CROWD, CROWDED = 8, 1.0  # where more than so many look at runs, a tick lasts so long
SPREAD = 0.1  # a visitor's ticks are by up to this part longer or shorter, so that a class does not ask in chorus
SLOW_TICK = 2.0  # for a run that rests: another tab may wake it
SERIES = (
    Series("bound", "bound (−ELBO)", palette.BOUND),
    Series("reconstruction", "reconstruction", palette.RECONSTRUCTION),
    Series("kl", "KL", palette.KL),
    Series("validation", "bound, validation", palette.VALIDATION, dash=True),
)
PUBLISHED = Series("published", "published: Pyro's example", palette.GREY, width=1.5)
DESCRIPTION = (
    "Learning curve: the bound in nats per frame, lower is better, and the two parts it is the sum of, "
    "over the number of updates, on the pieces it trains on and, dashed, on the validation pieces; "
    "horizontal lines are baselines computed from the validation pieces{}."
)


def live_run(run, state) -> None:
    """Draw a run that was in `state` when the page began; while it trains, what is new at each tick.

    When the state changes, here or in another tab, the whole page runs again, for its buttons. The piece is a large
    message that seldom changes, so it comes more rarely: of two parts that are due at the same moment Streamlit may
    drop what one has drawn, which the chart then asks for.
    """
    crowded = is_crowded()
    tick = (CROWDED if crowded else TICK) if state in store.LIVE else SLOW_TICK
    if run.parent == store.SHIPPED:
        tick = None
    else:
        tick *= 1 + SPREAD * (2 * st.session_state.setdefault("live: spread", random.random()) - 1)
    st.fragment(_draw, run_every=tick)(run, state, crowded)
    st.fragment(_draw_sample, run_every=SAMPLE_TICKS * tick if tick and state in store.LIVE else None)(run)


def is_crowded() -> bool:
    """Whether so many look at runs that all together would keep the server busy."""
    return runner().watchers() > CROWD


def _draw(run, state, crowded):
    runner().watch(run, learner())
    status = runner().status(run)
    if _kind(status.state) != _kind(state) or (status.state in store.LIVE and is_crowded() != crowded):
        st.rerun()
    try:
        config = store.read_run_config(run)
    except RunError as error:
        st.error(plain(str(error)))
        return
    curves = curves_of(run)
    curves.update()
    if not curves.points["step"] and runner().trains(run):
        _await_first_point(curves)
    st.markdown(_headline(run, config, status, bool(curves.points["step"])))
    beside = has_published(config)
    _numbers(config, status, curves)
    stream_chart(
        key="curve",
        run=run.name,
        points=curves.points,
        series=(*SERIES, PUBLISHED) if beside else SERIES,
        lines=reference_lines(config),
        x="step",
        x_label="updates",
        y_label="nats per frame (lower is better)",
        description=DESCRIPTION.format("; grey, a published curve" if beside else ""),
    )
    st.caption(_legend(config, curves))
    same_curve.show(run, config, curves)
    _story(run)


def _await_first_point(curves):
    """A run that has just begun shows its first point in a moment: wait for it rather than for the next tick."""
    end = time.monotonic() + TICK
    while not curves.points["step"] and time.monotonic() < end:
        time.sleep(0.02)
        curves.update()


def _kind(state):
    """States between which the page's buttons differ: whether a run has its turn or waits for it is not one."""
    return "live" if state in store.LIVE else state


def _story(run):
    """What happened to a run besides training: what a hand has changed, and what went wrong."""
    lines = [(one.step, _change_in_words(one)) for one in read_changes(run)]
    lines += [(event.step, plain(event.sentence)) for event in read_events(run)]
    left = leaves_in(run)
    if left is not None:
        st.warning(f"Space is short: this run may be deleted in {left / 60:.0f} minutes. Pin it to keep it.")
    if lines:
        st.caption("  \n".join(f"After {step:,} updates: {words}" for step, words in sorted(lines)[-8:]))


def _change_in_words(change):
    weight = "as annealed" if change.kl_weight is None else f"held at {change.kl_weight:g}"
    return f"learning rate {change.learning_rate:.3g}, KL weight {weight}, by hand."


def _draw_sample(run):
    sample = _last_sample(run)
    if sample is not None:
        roll_view(
            key="sample",
            roll=sample.roll,
            latents=sample.z,
            gates=shown_gates(run, sample.gates),
            title=f"What the model plays after {sample.step:,} updates",
            description="A piece drawn from the model; the same random numbers each time, so only learning changes it.",
            live=True,
        )


def shown_gates(run, gates):
    """The gates of a run's model, or None if its transition has none: they would be all 0 or all 1."""
    try:
        return gates if store.read_run_config(run).transition == "gated" else None
    except RunError:
        return None


def reference_lines(config) -> tuple[Line, ...]:
    """Baselines on the validation pieces; none if the data cannot be read any more, or the nats are of a density."""
    if config.emission != "bernoulli":
        return ()
    try:
        return tuple(Line(label, value, palette.GREY) for label, value in baselines_of(config.data).items())
    except DataError:
        return ()


def has_published(config) -> bool:
    """Whether the published curve may stand beside a run: it is of chorales too, and of keys, not of a density."""
    return config.emission == "bernoulli" and judged_on(config.data) in SHIPPED


def curves_of(run):
    """This visitor's reader of the run's metrics; it reads only what is new."""
    curves = st.session_state.get("curves")
    if curves is None or curves.run != run:
        curves = st.session_state["curves"] = Curves(run)
    return curves


def _last_sample(run):
    memory = st.session_state.get("samples")
    if memory is None or memory["run"] != run:
        memory = st.session_state["samples"] = {"run": run, "offset": 0, "last": None}
    samples, memory["offset"] = read_samples(run, memory["offset"])
    memory["last"] = samples[-1] if samples else memory["last"]
    return memory["last"]


def _headline(run, config, status, begun):
    """How the run is doing, in a line."""
    about = f"Run `{run.name}`: {describe_config(config)}"
    if run.parent == store.SHIPPED:
        return f"**A stored run** that came with the app. Press Start to train your own. {about}"
    wait = runner().wait(run)
    if wait is not None and status.state in store.LIVE:
        return f"**Waiting.** {in_line(wait)} {about}"
    if status.state in store.LIVE and is_ending(run):
        return f"**Ending** after this update. {about}"
    if status.state in store.LIVE and not status.step and not begun:
        return f"**Starting**: PyTorch takes a second or two, the first update of a large model longer. {about}"
    state = "running" if status.state in store.LIVE else status.state
    sentence = "" if state == "running" else plain(status.sentence)
    sentence = sentence.removeprefix(f"{state.capitalize()}: ")  # said once
    return f"**{state.capitalize()}.** {sentence[:1].upper()}{sentence[1:]} {about}"


def in_line(wait) -> str:
    """Where a run is in the line, as a sentence."""
    if wait.behind is not None:
        return f"Your run `{wait.behind.name}` trains first: pause or stop that one, or let it end."
    turns = {0: "Its turn is next", 1: "One turn is before it"}.get(wait.before, f"{wait.before} turns are before it")
    return f"{turns}: about {max(1, round(wait.seconds))} s."


def _numbers(config, status, curves):
    """The numbers of the moment, from the run's own files."""
    validation = [value for value in curves.points["validation"] if value is not None]
    best = min([*validation, *([] if status.best is None else [status.best])], default=None)
    with st.container(horizontal=True, gap="medium"):
        _number("Validation", validation[-1] if validation else None, "{:.3f}", NATS)
        _number("Best", best, "{:.3f}", NATS)
        _number("Epoch", status.epoch, f"{{}} / {config.epochs}")
        _number("Active units", curves.active, f"{{}} / {config.z_dim}", ACTIVE_UNITS)
    st.caption(_last_update(curves), help=ANNEALING)


def _last_update(curves):
    """The numbers that change with every update, in one line."""
    if curves.kl_weight is None:
        return "No update yet."
    words = [f"KL weight {curves.kl_weight:.2f}"]
    words += [] if curves.learning_rate is None else [f"learning rate {curves.learning_rate:.2g}"]
    words += ["gradient no number" if curves.gradient_norm is None else f"gradient norm {curves.gradient_norm:.3g}"]
    words += [] if curves.frames_per_second is None else [f"{curves.frames_per_second:,.0f} frames a second"]
    return f"At the last update: {', '.join(words)}."


def _legend(config, curves):
    """What there is to know about the chart at this moment."""
    lines = "Dotted lines: baselines on the validation pieces, computed from the data."
    if has_published(config):
        lines = f"{lines} {GREY}"
    if config.emission != "bernoulli":
        lines = "A Gaussian emission's nats are those of a density: baselines and other runs cannot stand beside them."
    if curves.kl_weight is None or curves.kl_weight >= 1:
        return lines
    part = f"{curves.kl_weight:.0%}"
    return f"The optimiser counts {part} of the KL so far, so the whole bound, shown here, may rise at first. {lines}"


def _number(label, value, form, words=None):
    st.metric(label, "–" if value is None else form.format(value), help=words, width="content")


GREY = (
    "Grey: the test bound that Pyro's example reached on the JSB chorales, a similar set, by the picture in its "
    "tutorial."
)
NATS = "Nats per frame on pieces that the model does not train on, with the full weight on the KL; lower is better."
ACTIVE_UNITS = f"Latent dimensions that the validation pieces use: their KL is above {ACTIVE:g} nats per frame."
ANNEALING = (
    "The weight is how much of the KL the optimiser counts; as annealed it rises to 1, and the chart always shows the "
    "whole bound. The gradient norm is the length of the gradient before it is clipped. A frame is a beat of music."
)
