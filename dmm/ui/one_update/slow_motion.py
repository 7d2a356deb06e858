"""One update, first half: the loop of Algorithm 1, and one step through it in slow motion."""

import streamlit as st

from dmm import reading
from dmm.ui.diagram import diagram
from dmm.ui.dials import Dial, dials, pick, put, turn
from dmm.ui.explain import formula_and_code
from dmm.ui.one_update.loop import draw_loop
from dmm.ui.one_update.numbers import MODELS, update_of
from dmm.ui.one_update.stages import STAGES
from dmm.ui.one_update.views import LESSON, show_gradient, show_move, show_slice, sums_of, table_of

LAST = len(STAGES)
STAGE = Dial("stage", "Stage", 1, LAST, 1, 1, "Which of the eight stages of the update is looked at.")
MODEL = (
    "The model that makes the step: as it is before training, or with the weights of the run that came with the app."
)
AXES = (
    "Axes: B pieces, T frames, X keys, Z latent dimensions, P weights. Smallest, mean and largest number of the real "
    "frames (of the mask: of all)."
)
ARROWS = "All arrows; those of the computation; or those on which the gradients of θ or of φ come back."
WAYS = {"all": "all", "forward": "forward", "theta": "θ", "phi": "φ"}
FRESH = (
    "The first update of a run of the *classroom* preset, seed 0, as the Train page would make it: the KL has the "
    "weight {w:g} (its weight starts small and rises to 1: [below](one_update#annealing))."
)
TRAINED = (
    "The same pieces, and the weights of the stored run at its best, with its settings: {dropout:.0%} of what the RNN "
    "says is silenced at random (dropout). The KL has the weight {w:g}, and Adam starts anew, since its averages are "
    "not kept with a run's best weights."
)


def choose_model() -> str:
    """The model whose update is looked at, on the whole page."""
    return pick(LESSON, "model", "Model", MODELS, MODEL)


@st.fragment
def show_loop(model: str) -> None:
    """The loop, and below it the stage that was chosen in it."""
    seen, panel = st.container(), st.container()
    with panel:
        stage = _steer()
    with seen:
        _draw_loop(stage)
    with panel:
        one = update_of(model)
        st.caption((FRESH if model == "fresh" else TRAINED).format(w=one.kl_weight, dropout=one.config.rnn_dropout))
        _show_stage(stage, one)


def _steer():
    """Back, slider, next: the stage."""
    st.subheader("In slow motion", anchor="slow-motion")
    back, slider, ahead = st.columns([2, 6, 2], vertical_alignment="bottom")
    with slider:
        stage = dials(LESSON, [STAGE])["stage"]
    how = {"on_click": turn, "width": "stretch"}
    words = "One stage back.", "One stage on; after the last one it begins again."
    place = {"args": (LESSON, STAGE, -1), "disabled": stage == 1, "icon": ":material/arrow_back:"}
    back.button("Back", key="stage back", help=words[0], **how, **place)
    icon = ":material/arrow_forward:" if stage < LAST else ":material/replay:"
    label = "Next stage" if stage < LAST else "From the start"
    ahead.button(label, key="stage next", help=words[1], args=(LESSON, STAGE), icon=icon, **how)
    return stage


def _draw_loop(stage):
    """Figure and legend; a click on a box goes to its stage."""
    names = [one.name for one in STAGES]

    def go(name):
        put(LESSON, STAGE.name, names.index(name) + 1)

    chosen, words = st.columns([1, 3], gap="large")
    with chosen:
        arrows = pick(LESSON, "arrows", "Arrows", WAYS, ARROWS)
    words.markdown(
        "Full arrows: what is computed, from left to right. Dashed: the gradient on its way back, to "
        ":blue[$\\theta$, the weights of the model $p$], and to :red[$\\phi$, those of the guess $q$]. To "
        ":red[$\\phi$] it gets **through the draw**: $z = \\mu + \\sigma \\epsilon$ has a slope in $\\mu$ and in "
        "$\\sigma$, the *reparameterisation*. Press a stage to look into it."
    )
    shapes, ways, description = draw_loop(stage, arrows)
    diagram(shapes, ways, description, key="loop", clickable=names, on_click=go, row=60)


def _show_stage(stage, one):
    """Words, formula and code on the left, a picture on the right, the tensors below."""
    this = STAGES[stage - 1]
    words, picture = st.columns(2, gap="large")
    with words:
        st.markdown(f"**Stage {stage} of {LAST}: {this.name}.** {this.words}")
        formula_and_code(this.code)
    with picture:
        if stage < 7:
            show_slice(stage, one)
        else:
            (show_gradient if stage == 7 else show_move)(one)
    st.markdown(table_of(this, one.tensors))
    st.caption(AXES)
    if stage == 6:
        st.markdown(sums_of(one))
    if this.calls:
        inside = st.expander("What this calls", key=f"calls {stage}", on_change="rerun")
        if inside.open:
            with inside:
                for name in this.calls:
                    st.code(reading.code(name), language="python")
                    st.caption(f"`{name}`, as it runs.")
