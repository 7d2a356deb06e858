"""The deep Markov model: what is in the squares of its graph, as flows of numbers, formulas and code."""

import streamlit as st

from dmm import sizes
from dmm.palette import GREY, LATENT, RECONSTRUCTION
from dmm.ui.diagram import Arrow, Shape, diagram
from dmm.ui.explain import formula_and_code


def show_inside(name, sized) -> None:
    """The network of a square: what flows through it, and its formula."""
    if name == "transition":
        shapes, arrows = transition_flow(sized["Z"], sized["H"])
        words = (
            "The **gate** $g_t$ chooses, dimension by dimension, between a linear step and what a network "
            "**proposes**; the proposal also sets the scale. The page after this one is about it."
        )
        described = "From z_t-1 to a gate, a proposed mean and a linear step, which are mixed into the mean of z_t."
    else:
        shapes, arrows = emitter_flow(sized["Z"], sized["E"], sized["X"])
        words = "Two hidden layers, then a **logit** $\\ell$ for each key; its chance to sound is $1/(1 + e^{-\\ell})$."
        described = "From z_t through two hidden layers to a logit for each key, and to the frame x_t."
    diagram(shapes, arrows, described, key=f"inside {name}", row=60, fit=False)
    st.markdown(words)
    with st.expander(f"The {name}: formula and code"):
        formula_and_code("model.GatedTransition" if name == "transition" else "model.Emitter")


def transition_flow(z_dim, transition_dim):
    """Three lanes from one hidden state to the next."""
    mlp = f"{z_dim} → {transition_dim} → {z_dim}"
    shapes = {
        "before": Shape(0, 1, "z<sub>t−1</sub>", hover=f"{z_dim} dimensions"),
        "linear": Shape(1.75, 0, f"linear\n{z_dim} → {z_dim}", "box", LATENT, width=1.65, height=0.76),
        "gate": Shape(1.75, 1, f"gate\n{mlp}", "box", LATENT, width=1.65, height=0.76),
        "proposal": Shape(1.75, 2, f"proposal\n{mlp}", "box", LATENT, width=1.65, height=0.76),
        "mean": Shape(3.75, 0.5, f"mean\n{z_dim}", "box", LATENT, width=1.0, height=0.76),
        "scale": Shape(3.75, 2, f"scale\n{z_dim} → {z_dim}", "box", LATENT, width=1.2, height=0.76),
        "after": Shape(5.15, 1, "z<sub>t</sub>", hover=f"{z_dim} dimensions, drawn"),
    }
    ends = ("before linear", "before gate", "before proposal", "linear mean", "gate mean", "proposal mean")
    ends += ("proposal scale", "mean after", "scale after")
    return shapes, [Arrow(*pair.split(), LATENT) for pair in ends]


def emitter_flow(z_dim, emission_dim, x_dim):
    """From a hidden state to the keys, layer by layer, with the weights of each on its arrow."""
    green = {"kind": "box", "colour": RECONSTRUCTION, "width": 0.9, "height": 0.8}
    counts = sizes.emitter(x_dim, z_dim, emission_dim)
    shapes = {
        "z": Shape(0, 0, "z<sub>t</sub>", hover=f"{z_dim} dimensions"),
        "a": Shape(1.45, 0, f"{emission_dim}\nrelu", **green),
        "c": Shape(2.95, 0, f"{emission_dim}\nrelu", **green),
        "logits": Shape(4.4, 0, f"{x_dim}\nlogits", **green),
        "x": Shape(5.6, 0, "x<sub>t</sub>", colour=GREY, seen=True, hover=f"{x_dim} keys, drawn"),
    }
    labels = [f"{count:,}" for count in counts]
    arrows = [
        Arrow("z", "a", RECONSTRUCTION, label=labels[0]),
        Arrow("a", "c", RECONSTRUCTION, label=labels[1]),
        Arrow("c", "logits", RECONSTRUCTION, label=labels[2]),
        Arrow("logits", "x", RECONSTRUCTION),
    ]
    return shapes, arrows
