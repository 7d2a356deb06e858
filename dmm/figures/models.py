"""State-space models as graphs: what moves the state and shows it, and which frames an observer looks at."""

from dmm.figures.bands import FILTER, PREDICTION, SMOOTHER
from dmm.figures.graphs import Arrow, Node, graph
from dmm.palette import GREY, LATENT


def model_graph(by, colour=GREY, frames=3, ink=None):
    """A chain of hidden states, each seen through one frame; squares stand for what moves and shows them.

    Args:
        by: what the squares are, such as "table" or "network".
        colour: of the squares.
        frames: how many.
        ink: the colour of the labels.
    """
    nodes, arrows = {}, []
    for t in range(1, frames + 1):
        nodes[f"z{t}"] = Node(2 * t, 2, f"z<sub>{t}</sub>", hover=f"z{t} is hidden")
        nodes[f"x{t}"] = Node(2 * t, 0, f"x<sub>{t}</sub>", seen=True, colour=GREY, hover=f"x{t} is seen")
        nodes[f"look{t}"] = Node(2 * t, 1, square=True, colour=colour, hover=f"a {by}: how z{t} is seen")
        arrows += [Arrow(f"z{t}", f"look{t}"), Arrow(f"look{t}", f"x{t}")]
        if t > 1:
            nodes[f"move{t}"] = Node(
                2 * t - 1, 2, by if frames <= 3 else "", square=True, colour=colour, hover=f"a {by}: how z moves"
            )
            arrows += [Arrow(f"z{t - 1}", f"move{t}"), Arrow(f"move{t}", f"z{t}")]
    description = (
        f"A chain of {frames} hidden states z, an arrow from each to the next and from each to what is seen of it, x. "
        f"On each arrow a square, a {by}."
    )
    return graph(nodes, arrows, description, height=230, ink=ink)


def who_sees_what(frames=6, t=4, ahead=2, ink=None):
    """Three rows of frames: which of them the filter, the smoother and the prediction look at, and for which state.

    Args:
        frames: T. t: the frame that is now. ahead: k, how far the prediction looks. ink: the colour of the labels.
    """
    nodes, arrows = {}, []
    rows = (
        ("filter", FILTER, t, t),
        ("smoother", SMOOTHER, frames, t),
        ("prediction", PREDICTION, t, t + ahead),
    )
    for place, (name, colour, last, asked) in enumerate(rows):
        y, words = -2.4 * place, f"{name}: " + (f"frames up to {last}" if last < frames else "all frames")
        nodes[name] = Node(0.7, y + 1.1, f"<b>{words}</b>", text=True)
        nodes[f"{name} z"] = Node(asked, y + 1, f"z<sub>{asked}</sub>", colour=LATENT, hover=f"asked about: z{asked}")
        for s in range(1, frames + 1):
            x, seen = f"{name} x{s}", s <= last
            hover = f"x{s}: {'looked at' if seen else 'not looked at'}"
            nodes[x] = Node(s, y, f"x<sub>{s}</sub>", seen, colour=colour if seen else GREY, pale=not seen, hover=hover)
            arrows += [Arrow(x, f"{name} z", colour)] if seen else []
    words = "; ".join(f"the {name} of z_{asked} looks at frames 1 to {last}" for name, _, last, asked in rows)
    return graph(nodes, arrows, f"Three rows of {frames} frames: {words}.", height=430, ink=ink)
