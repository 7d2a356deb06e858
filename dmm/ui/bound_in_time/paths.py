"""The bound in time: which nodes of the graph still tell of a latent, once some are known. Click, and see the paths."""

import streamlit as st

from dmm import d_separation
from dmm.ui.asking import predict
from dmm.ui.bound_in_time.drawing import LENGTH, by_openness, description, drawing, in_words, verdict
from dmm.ui.bound_in_time.trajectories import LESSON
from dmm.ui.diagram import diagram
from dmm.ui.dials import Dial, dials, mark, marks, pick, picked, value

NODES = tuple(f"{letter}{t}" for t in range(1, LENGTH + 1) for letter in "zx")
FEW = 4  # paths that are listed without a frame to scroll in
START = ("x4", "x5", "z3")  # known at first: what the question says, for t = 4

GRAPHS = {"markov": "DMM", "augmented": "DMM-Aug"}
GRAPH = "The deep Markov model; or the paper's DMM-Aug, in which each frame also reaches the next latent and frame."
AUGMENTED = "In **DMM-Aug** each frame also has an arrow to the next latent and to the next frame."
TARGET = Dial("target", "Asked about: $z_t$, $t$ =", 1, LENGTH, 4, 1, "The latent that somebody wants to guess.")
KINDS = {"x": "frame $x_s$", "z": "latent $z_s$"}
KIND = "Whether one asks what a frame tells, or what another latent does."
SOURCE = Dial("source", "What does it tell? $s$ =", 1, LENGTH, 1, 1, "Which frame, or which latent.")

PAST = ["Yes: the past always tells", "No, none of them", "Only the last one, $x_{t-1}$"]
WHY = (
    "In the DMM each way from the past to $z_t$ leads through $z_{t-1}$. Where that is known, the way is blocked. So "
    "one factor of the posterior needs the latent before and the frames from $t$ on, and no more. (Try it on the graph "
    "**DMM** at $t = 4$: a click on $z_3$ hides it, and the way is open.) "
)
ELSEWHERE = {
    True: "In **DMM-Aug** the past does still tell, by arrows of its own: choose that graph, and see.",
    False: "In **DMM-Aug** it is the same.",
}


@st.fragment
def show_open_paths() -> None:
    """The question, the graph to click, and each path in words."""
    words, shown = st.columns([2, 3], gap="large")
    with words:
        question = (
            "In the deep Markov model (DMM) the frames $x_{t:T}$ are known, and somebody also tells you $z_{t-1}$. Do "
            "$x_{1:t-1}$ still tell anything about $z_t$?"
        )
        answered = predict("past", question, PAST, _past)
        if answered:
            choose()
        graph, source, target, known = state()  # before the answer, the DMM as the question says
    with shown:
        paths = [] if source == target else d_separation.paths(graph, source, target, known)
        shapes, arrows = drawing(graph, source, target, known, paths if answered else None)
        clickable = set(shapes) - {source, target} if answered else set()
        told = description(source, target, known, paths) if answered else f"A graph of {len(shapes)} nodes."
        diagram(
            shapes, arrows, told, key="graph", clickable=clickable, on_click=lambda node: mark(LESSON, "known", node)
        )
        if not answered:
            st.caption("Filled nodes are known. Answer the question, and you can click them.")
        elif source == target:
            st.info("A node tells all of itself: choose another one.")
        else:
            st.caption("A click makes a node known, or hides it again. The two thick nodes are the ends.")
            st.markdown(verdict(graph, source, target, known, paths))
            with st.container(height=215 if len(paths) > FEW else "content", key="listed_paths"):
                st.markdown("\n".join(f"- {in_words(one)}" for one in by_openness(paths)))


def _past():
    """The right answer, by the DMM's graph itself, and why; and how it is in the other graph."""
    return PAST[0] if telling("markov") else PAST[1], WHY + ELSEWHERE[bool(telling("augmented"))]


def telling(edges: str) -> list[tuple[int, int]]:
    """The (s, t) of which x_s, s < t, still tells of z_t in a graph, once z_{t-1} and x_{t:T} are known."""
    graph = d_separation.dmm_graph(LENGTH, edges)
    return [
        (s, t)
        for t in range(2, LENGTH + 1)
        for s in range(1, t)
        if not d_separation.separated(graph, f"x{s}", f"z{t}", {f"z{t - 1}", *(f"x{u}" for u in range(t, LENGTH + 1))})
    ]


def choose() -> None:
    """The controls: the graph, and the two ends; what is known comes from the clicks."""
    pick(LESSON, "graph", "The graph", GRAPHS, GRAPH)
    st.caption(AUGMENTED)
    dials(LESSON, [TARGET])
    pick(LESSON, "kind", "What may tell about it", KINDS, KIND)
    dials(LESSON, [SOURCE])
    marks(LESSON, "known", NODES, START)


def state():
    """The graph, its two ends, and what is known, as the controls stand; an end counts as not known."""
    letter = picked(LESSON, "kind", next(iter(KINDS)))
    source, target = f"{letter}{value(LESSON, SOURCE)}", f"z{value(LESSON, TARGET)}"
    known = set(filter(None, picked(LESSON, "known", ".".join(START)).split("."))) - {source, target}
    return d_separation.dmm_graph(LENGTH, picked(LESSON, "graph", next(iter(GRAPHS)))), source, target, known
