"""The bound in time: a graph with its open and blocked paths, as a drawing and in words."""

from dmm import d_separation, systems
from dmm.d_separation import COLLIDER, FORK, Path
from dmm.palette import BLUE, GREY, LATENT
from dmm.ui.diagram import Arrow, Shape

LENGTH = 5  # frames of the graph
EXTRA = 0.5  # the weight of an arrow from a frame, in the linear twin of DMM-Aug
NAMES = str.maketrans("12345", "₁₂₃₄₅")


def kind_of(graph) -> str:
    """Which of the two it is."""
    return "augmented" if len(graph["z2"]) > 1 else "markov"


def drawing(graph, source, target, known, paths):
    """The graph, with the arrows of open paths in colour and all others pale; plain before `paths` are told."""
    lit = {
        frozenset(pair) for one in paths or () if one.is_open for pair in zip(one.nodes, one.nodes[1:], strict=False)
    }
    shapes = {}
    for node in graph:
        letter, t = node[0], int(node[1:])
        ends = {source: "the node that may tell", target: "the latent that is asked about"}
        hover = ends.get(node) or ("known" if node in known else "not known")
        shapes[node] = Shape(
            1.3 * t,
            0 if letter == "z" else 1.5,
            f"{letter}<sub>{t}</sub>",
            colour=LATENT if letter == "z" else GREY,
            seen=node in known,
            strong=node in ends,
            hover=hover,
        )
    arrows = []
    for node, parents in graph.items():
        for parent in parents:
            bright = frozenset((parent, node)) in lit
            look = {"colour": BLUE if bright else GREY, "pale": paths is not None and not bright}
            arrows.append(Arrow(parent, node, **look))
    return shapes, arrows


def description(source, target, known, paths) -> str:
    """The drawing in words."""
    told = ", ".join(sorted(known)) or "nothing"
    count = sum(one.is_open for one in paths)
    return (
        f"A graph of {2 * LENGTH} nodes. Known: {told}. From {source} to {target}: {count} of {len(paths)} paths open."
    )


def verdict(graph, source, target, known, paths) -> str:
    """Whether they are separated; and the correlation of the two in a linear Gaussian model with the same arrows."""
    count = sum(one.is_open for one in paths)
    places = [list(graph).index(node) for node in (source, target, *sorted(known))]
    rho = d_separation.correlation_given(twin(graph), places[0], places[1], places[2:])
    tells = "something" if count else "nothing"
    what = f"**{named(source)} tells {tells} about {named(target)}:**"
    arrows = f", and weight {EXTRA:g} on each arrow from a frame" if kind_of(graph) == "augmented" else ""
    return (
        f"{what} {count} of {len(paths)} path{'s' if len(paths) > 1 else ''} open. With S9's numbers on the arrows"
        f"{arrows}, their correlation given what is known is **{rho + 0.0:.4f}**."
    )


def twin(graph):
    """The covariance of the graph's nodes with the numbers of S9."""
    model = systems.linear()

    def weight(parent, node):
        if parent[0] == "x":
            return EXTRA
        return model.F[0, 0] if node[0] == "z" else model.H[0, 0]

    def variance(node):
        return (model.R if node[0] == "x" else model.cov_1 if node == "z1" else model.Q)[0, 0]

    return d_separation.covariance(graph, weight, variance)


def by_openness(paths):
    """Open ones first."""
    return sorted(paths, key=lambda one: not one.is_open)


def in_words(path: Path) -> str:
    """One path with its arrows, and which nodes block it, or let it through though they are colliders."""
    arrows = ["→" if forward else "←" for forward in path.forward]
    steps = zip(arrows, path.nodes[1:], strict=True)
    way = named(path.nodes[0]) + "".join(f" {arrow} {named(node)}" for arrow, node in steps)
    inside = list(zip(path.nodes[1:-1], path.kinds, path.lets_through, strict=True))
    if path.is_open:
        colliders = [named(node) for node, kind, _ in inside if kind == COLLIDER]
        why = f": something at or below the collider {' and '.join(colliders)} is known" if colliders else ""
        return f":blue[**{way}**] is open{why}"
    blocks = [f"{named(node)} ({_why(kind)})" for node, kind, through in inside if not through]
    return f":gray[{way}] is blocked by {' and by '.join(blocks)}"


def _why(kind):
    if kind == COLLIDER:
        return "a collider: two arrows meet there, and nothing at or below it is known"
    return "known, a fork" if kind == FORK else "known, in a chain"


def named(node: str) -> str:
    """z₃ for z3."""
    return node[0] + node[1:].translate(NAMES)
