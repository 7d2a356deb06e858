"""Structured inference: what each network sees, how it is wired, and two messages multiplied."""

from functools import lru_cache

import streamlit as st

from dmm import figures, reading
from dmm.figures.bells import multiply
from dmm.figures.chains import FUTURE, PAST
from dmm.ui.asking import predict
from dmm.ui.choices import networks
from dmm.ui.dials import Dial, dials, pick
from dmm.ui.explain import coloured, formula_and_code
from dmm.ui.plot import plot

LESSON = "structured_inference"
SHORT = 6  # frames of the chains and grids that are drawn
NOTHING = 1e-9  # what rounding leaves of 0

ROW = Dial("row", "Which row, $t$", 1, SHORT, 4, 1, "The latent $z_t$ whose row is framed in each grid.")
MESSAGES = {
    side: (
        Dial(f"{side}_mean", f"Mean {symbol}", -4.0, 4.0, mean, 0.1, f"Where the {side} message says that $z_t$ is."),
        Dial(f"{side}_sd", f"Standard deviation {scale}", 0.3, 3.0, 1.2, 0.1, f"How unsure the {side} message is."),
    )
    for side, symbol, scale, mean in (
        ("left", r"$\mu_l$", r"$\sigma_l$", -2.0),
        ("right", r"$\mu_r$", r"$\sigma_r$", 2.0),
    )
}
draw_masks = lru_cache(figures.network_masks)  # each drawn once: there are few
draw_wiring = lru_cache(figures.wiring)
NETWORK = "The inference network: mean field (MF) or structured (ST), with RNNs from the left, the right or both."


def choose_network(name: str, first: str) -> str:
    """One of the six networks; `name` is the choice's own in links."""
    names = {family: one.name for family, one in networks().items()}
    others = [family for family in names if family != first]
    others.sort(key=lambda family: family[:2] != first[:2])  # its relatives next
    return pick(LESSON, name, "Network", {family: names[family] for family in (first, *others)}, NETWORK)


# --- the six networks ----------------------------------------------------------------------------------------------


@st.fragment
def show_masks() -> None:
    """What each network sees, as six grids and as a table."""
    grids, words = st.columns([3, 2], gap="large")
    with words:
        t = dials(LESSON, [ROW])["row"]
        rows = [f"| **{one.name}** | ${one.formula}$ | {one.sees} |" for one in networks().values()]
        st.markdown("\n".join(["| network | the guess | looks at |", "|---|---|---|", *rows]))
    with grids:
        plot(draw_masks(t, SHORT), "masks", tools=False)


# --- RNNs and combiner ---------------------------------------------------------------------------------------------


@st.fragment
def show_wiring() -> None:
    """The chosen network as a graph, what is in its squares, and the code."""
    name = choose_network("network", "st-r")
    structured, sides = name.startswith("st"), tuple(one for one in ("left", "right") if one[0] in name.split("-")[1])
    square = "combiner.Combiner" if structured else "combiner.Message"
    inside = "a **combiner**, which the last latent enters" if structured else "a Gaussian **message**"
    if name == "mf-lr":
        square, inside = "combiner.product", "the **product** of two Gaussian messages"
    one = networks()[name]
    plot(draw_wiring(structured, sides), "wiring", tools=False)
    order = "drawn all at once"
    if structured:
        order = "drawn one after another, each from the one before; the first from a learned $z_{q,0}$"
    st.markdown(
        f"**{one.name}**, ${one.formula}$: looks at {one.sees}. Its RNN states: :violet[$h^{{\\text{{left}}}}_t$ sums "
        f"up $x_{{1:t}}$], :green[$h^{{\\text{{right}}}}_t$ sums up $x_{{t:T}}$]; pale ones it lacks. Each square is "
        f"{inside}. The :blue[latents] are {order}."
    )
    with st.expander(f"The square of {one.name}: formula and code"):
        formula_and_code(square)


# --- two messages, multiplied --------------------------------------------------------------------------------------

WIDTH = ["It is wider than either", "Its width lies between theirs", "It is narrower than either"]
ADDED = (
    r"*Precisions*, one over the variance each, add: $1/\sigma^2 = 1/\sigma_l^2 + 1/\sigma_r^2$. So the product is "
    "never wider than either message, **even when they contradict each other**: their means do not enter its width."
)
SIDES = {r"\mu_r": FUTURE, r"\sigma_r^2": FUTURE, r"\mu_l": PAST, r"\sigma_l^2": PAST}


@st.fragment
def show_product() -> None:
    """Two bells, and what their product will be."""
    messages = {}
    for column, side in zip(st.columns(2, gap="large"), MESSAGES, strict=True):
        with column:
            st.markdown(":violet[**Left message**]" if side == "left" else ":green[**Right message**]")
            messages[side] = tuple(dials(LESSON, MESSAGES[side]).values())
    left, right = messages["left"], messages["right"]
    loc, scale = multiply(left, right)
    asked, shown = st.columns([2, 3], gap="large")
    with asked:
        wider, narrower = scale > max(left[1], right[1]), scale < min(left[1], right[1])
        answer = WIDTH[0] if wider else WIDTH[2] if narrower else WIDTH[1]
        question = "The past and the future disagree about $z_t$. How wide is the product of what they say?"
        answered = predict("product", question, WIDTH, answer, ADDED)
    with shown:
        plot(figures.two_bells(left, right, answered), "bells", tools=False)
    if answered:
        st.latex(coloured(reading.formula("combiner.product"), SIDES))
        st.markdown(rf"Now $\mu = {loc:.2f}$ and $\sigma = {scale:.2f}$.")
        with st.expander("The code"):
            formula_and_code("combiner.product")
