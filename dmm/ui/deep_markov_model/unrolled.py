"""The deep Markov model, first part: the model unrolled, its factorisation, and how many weights it has."""

import streamlit as st

from dmm import reading, sizes
from dmm.palette import GREY, LATENT, RECONSTRUCTION
from dmm.ui.deep_markov_model.inside import show_inside
from dmm.ui.diagram import Arrow, Shape, diagram
from dmm.ui.dials import Dial, dials, pick, put
from dmm.ui.explain import coloured

LESSON = "deep_markov_model"
LENGTH = Dial("T", "$T$: frames", 2, 7, 4, 1, "How many frames are drawn. The networks stay the same.")
SIZES = (
    Dial("Z", "$Z$: latent size", 1, 128, 32, 1, "How many dimensions a hidden state $z_t$ has."),
    Dial("X", "$X$: keys", 1, 128, 88, 1, "How many keys a frame $x_t$ has."),
    Dial("E", "$E$: emitter's width", 1, 256, 100, 1, "Units in each of the two hidden layers of the emitter."),
    Dial("H", "$H$: transition's width", 1, 256, 100, 1, "Hidden units of the gate, and of the proposed mean."),
)
INSIDE = {"transition": "Transition", "emission": "Emission"}
OPEN = "Which network is shown below. A press on a square of the graph does the same."
COLOURS = {r"p(z_t \mid z_{t-1})": LATENT, r"p(x_t \mid z_t)": RECONSTRUCTION}
GENERAL = r"\begin{aligned} z_t &\sim N(G(z_{t-1}), \, S(z_{t-1})) \\ x_t &\sim \Pi(F(z_t)) \end{aligned}"
GENERAL_COLOURS = {"G(z_{t-1})": LATENT, "S(z_{t-1})": LATENT, r"\Pi": RECONSTRUCTION, "F(z_t)": RECONSTRUCTION}
STEP = 1.28  # columns from one hidden state to the next


@st.fragment
def show_model() -> None:
    """The graph, the factorisation beside it, what is in a square, and the weights."""
    graph, words = st.columns([3, 2], gap="large")
    frames, sized = choose()  # below the graph, which a phone then shows first
    with graph:
        name = pick_and_draw(frames)
    with words:
        st.latex(coloured(reading.formula("model"), COLOURS))
        st.latex(in_full(frames))
    inside, weights = st.columns([3, 2], gap="large")
    with inside:
        show_inside(name, sized)
    with weights:
        st.markdown(weights_table(frames, **sized))


def choose():
    """The sliders side by side: the length, and the sizes by name."""
    values = {}
    for column, dial in zip(st.columns(1 + len(SIZES)), (LENGTH, *SIZES), strict=True):
        with column:
            values |= dials(LESSON, [dial])
    return values.pop("T"), values


def show_general_form() -> None:
    """Eq. 1 of the paper, in the colours of the graph."""
    st.latex(coloured(GENERAL, GENERAL_COLOURS))


def pick_and_draw(frames):
    """The graph; which of its two networks is open."""
    place = st.container()
    name = pick(LESSON, "inside", "Look inside", INSIDE, OPEN)
    with place:
        words = (
            f"A chain of {frames} hidden states z, after a start z_0. On each arrow between two of them is a square, "
            f"the transition network; on each arrow down to a frame x, which is seen, another, the emission network. "
            f"Open: the {name}."
        )
        shapes, arrows = unrolled(frames, name)
        squares = [one for one, shape in shapes.items() if shape.kind == "square"]
        diagram(shapes, arrows, words, key="unrolled", clickable=squares, on_click=_open, row=66)
    return name


def unrolled(frames, opened):
    """The shapes and arrows of the model; the squares of the network that is open have a thick border."""
    shapes = {"z0": Shape(0, 0, "z<sub>0</sub>", colour=GREY, hover="z_0 is learned: where every chain begins")}
    arrows = []
    for t in range(1, frames + 1):
        x, move, look = STEP * t, f"transition {t}", f"emission {t}"
        shapes[f"z{t}"] = Shape(x, 0, f"z<sub>{t}</sub>", hover=f"z_{t} is hidden")
        shapes[f"x{t}"] = Shape(x, 2, f"x<sub>{t}</sub>", colour=GREY, seen=True, hover=f"x_{t} is seen")
        hover = f"from z_{t - 1} to mean and scale of z_{t}: the same network at each t"
        label = "transition" if t == 1 else ""
        strong = opened == "transition"
        shapes[move] = Shape(x - STEP / 2, 0, label, "square", LATENT, strong=strong, hover=hover)
        hover, strong = f"from z_{t} to the keys of x_{t}: the same network at each t", opened == "emission"
        shapes[look] = Shape(x, 1, "", "square", RECONSTRUCTION, strong=strong, hover=hover)
        arrows += [Arrow(f"z{t - 1}", move, LATENT), Arrow(move, f"z{t}", LATENT)]
        arrows += [Arrow(f"z{t}", look, RECONSTRUCTION), Arrow(look, f"x{t}", RECONSTRUCTION)]
    shapes["words"] = Shape(STEP + 0.2, 1, "emission", "text", width=1)
    return shapes, arrows


def _open(square):
    put(LESSON, "inside", square.split()[0])


def in_full(frames) -> str:
    """The factorisation with all its factors, in the colours of the arrows.

    >>> in_full(2).count("\\\\mid")
    4
    """
    lines = []
    for t in range(1, frames + 1):
        move = coloured(rf"p(z_{t} \mid z_{t - 1})", {rf"p(z_{t} \mid z_{t - 1})": LATENT})
        look = coloured(rf"p(x_{t} \mid z_{t})", {rf"p(x_{t} \mid z_{t})": RECONSTRUCTION})
        lines.append(("=" if t == 1 else r"\cdot") + rf" \; & {move} \, {look}")
    return r"\begin{aligned}" + r" \\ ".join(lines) + r"\end{aligned}"


def weights_table(frames, Z, X, E, H) -> str:
    """What each part has to learn, as networks and as the matrices of a linear model."""
    move, look = sum(sizes.gated_transition(Z, H).values()), sum(sizes.emitter(X, Z, E))
    move_linear, look_linear = sizes.linear_transition(Z), sizes.layer(Z, X)
    rows = (
        ("start $z_0$", Z, Z),
        (":blue[transition]", move, move_linear),
        (":green[emission]", look, look_linear),
        ("**together**", Z + move + look, Z + move_linear + look_linear),
    )
    table = "\n".join(f"| {name} | {net:,} | {matrix:,} |" for name, net, matrix in rows)
    return (
        f"| weights to learn | as networks | as matrices |\n|:--|--:|--:|\n{table}\n\n"
        f"In {frames} frames there are {frames} × {Z} = {frames * Z:,} hidden numbers "
        f"and {frames} × {X} = {frames * X:,} seen ones."
    )
