"""In code: every part of the model, formula beside code."""

from typing import NamedTuple

import streamlit as st

from dmm import reading
from dmm.ui.dials import pick
from dmm.ui.explain import formula_and_code
from dmm.ui.in_code.programs import GUIDE, LESSON, MODEL

PART = "Which part of the whole to read: its formula comes from the docstring of the code below it."


class Part(NamedTuple):
    """A part of the whole: its title, where its code and its formula stand, what it is, and what differs elsewhere.

    `formula` is empty where the first of the `codes` has it, `differs` where its docstring says it.
    """

    title: str
    codes: tuple[str, ...]
    words: str
    formula: str = ""
    differs: str = ""


PARTS = {  # by name in links, in the order in which one builds the model
    "emitter": Part("Emitter", ("model.Emitter",), "What a hidden state sounds like: two hidden layers, 88 logits."),
    "transition": Part(
        "Transition", ("model.GatedTransition",), "How the hidden state moves: a gate between a line and a network."
    ),
    "dmm": Part(
        "DMM",
        ("deep_markov_model.DMM.__init__", "deep_markov_model.DMM.p_z", "deep_markov_model.DMM.previous"),
        "The packaged module: emitter, transition and inference network in one `nn.Module`, so that one optimiser and "
        "one file hold all weights. `previous` puts $z_0$ before the first latent, `p_z` then takes all steps at once.",
        "model",
        reading.remark("deep_markov_model.DMM", "Differs"),
    ),
    "rnn": Part(
        "RNN", ("rnn.RNN", "rnn.reverse"), "Sums up the frames from $t$ on. Looking right means: turn, read, turn back."
    ),
    "combiner": Part(
        "Combiner", ("combiner.Combiner",), "Merges the last latent with what the RNN says, and makes a Gaussian of it."
    ),
    "network": Part(
        "Inference network",
        ("inference.Structured",),
        "The structured guess: RNNs first, then one latent after the other, each from the one before.",
        differs="Pyro's example has this loop inside its guide. Here it also runs without Pyro, and draws from noise "
        "that it is given.",
    ),
    "bound": Part(
        "Bound",
        ("elbo.terms", "elbo.divergence"),
        "What learning raises, before any sum: a reconstruction per frame and a KL per latent dimension.",
        "elbo",
        "the paper writes the first latent's KL by itself; with $z_0$ before it, one sum holds all.",
    ),
    "masking": Part(
        "Masking",
        ("elbo.judge", "batches.pad"),
        "Padded frames go through all networks, and then count 0: every term is multiplied by its mask. The formula "
        "is what Pyro adds up at the latents' sites: $m$ is the mask, $s$ the weight of the KL.",
        "sites",
        "Pyro masks each site instead, in its distribution; the sums are the same.",
    ),
    "model": Part(
        "Pyro model",
        (MODEL,),
        "The model as a program: each `pyro.sample` is a site, a random variable with a name.",
        "model",
        "Pyro's example has a Bernoulli with probabilities, this one with logits; and here notes may be missing.",
    ),
    "guide": Part(
        "Pyro guide",
        (GUIDE,),
        "The guess as a program: the same names `z_1`, `z_2`, …, and no frame is a site.",
        "inference.Structured",
        "Pyro's example is handed the frames a second time, reversed; here the RNN reverses them itself. Without "
        "$z_{t-1}$ the same loop is a mean-field guide.",
    ),
    "svi": Part(
        "SVI",
        ("pyro_program.make_svi", "optimisers.clip"),
        "Stochastic variational inference: each step draws latents in the guide, scores them in both programs, and "
        "moves all weights by **ClippedAdam**: Adam (the formula), the gradient clamped entry by entry before, and "
        "the rate falling by a factor `lrd` each step.",
        "optimisers.update",
        "Pyro's example samples the KL; here it is in closed form unless a run asks otherwise. `clip_norm` is, in "
        "both, no norm: it bounds each entry.",
    ),
    "iaf": Part(
        "IAF",
        ("flows.IAFStep",),
        "An optional extra, not needed for the course. A step of an *inverse autoregressive flow*: bends the Gaussian "
        "guess into another shape, and knows by how much it stretches.",
        differs="Pyro's flow shuffles the dimensions at random; here each step meets them in the opposite order.",
    ),
}


def differs(part: Part) -> str:
    """What is otherwise in the paper or in Pyro's example."""
    return part.differs or reading.remark(part.codes[0], "Differs")


@st.fragment
def show_parts() -> None:
    """One part at a time: what it is, its formula and its code."""
    part = PARTS[pick(LESSON, "part", "Part", {name: one.title for name, one in PARTS.items()}, PART)]
    st.markdown(part.words)
    if differs(part):
        st.markdown(f"**Differs** from the paper or Pyro's example: {differs(part)}")
    first, *others = part.codes
    formula_and_code(first, part.formula)
    for name in others:
        st.code(reading.code(name), language="python")
        st.caption(f"From dmm/{name.split('.')[0]}.py.")
