"""What a latent depends on, as graphs: the open paths of the model, and how an inference network is wired."""

import numpy as np

from dmm.figures.base import blank
from dmm.figures.graphs import Arrow, Node, graph
from dmm.palette import GREEN, GREY, LATENT, PURPLE

PAST, FUTURE = PURPLE, GREEN
EDGE = 0.6  # of the axes beyond the first and the last frame, as in `graph`


def telling_frames(frames: int, t: int, known: bool) -> tuple[int, ...]:
    """The frames with an open path to $z_t$: all, or those from t on once $z_{t-1}$ is known.

    >>> telling_frames(6, 4, known=True), telling_frames(3, 2, known=False)
    ((4, 5, 6), (1, 2, 3))

    Raises:
        ValueError: t lies outside 2 to the number of frames.
    """
    if not 2 <= t <= frames:
        raise ValueError(f"t must be 2 to {frames}, so that there is a z before it: got {t}.")
    return tuple(range(t if known else 1, frames + 1))


def open_paths(frames: int, t: int, known: bool):
    """The model as a chain: what still tells about $z_t$ in colour, what is blocked pale.

    Args:
        frames: T.
        t: whose latent is asked about, 2..T.
        known: whether $z_{t-1}$ is known; it then blocks the past.
    """
    telling = telling_frames(frames, t, known)
    every = range(1, frames + 1)

    def look(s):
        """Colour of frame s, and whether it is pale."""
        return (FUTURE if s >= t else PAST), s not in telling

    nodes, arrows = {}, []
    for s in every:
        colour, pale = look(s)
        asked, given = s == t, known and s == t - 1
        nodes[f"z{s}"] = Node(
            s,
            1,
            f"<b>z<sub>{s}</sub></b>" if asked else f"z<sub>{s}</sub>",
            seen=given,
            colour=LATENT if asked or given else colour,
            pale=pale and not given,
            hover="asked about" if asked else "known" if given else "",
        )
        nodes[f"x{s}"] = Node(s, 0, f"x<sub>{s}</sub>", seen=True, colour=colour, pale=pale, hover=_verdict(s, look))
        arrows.append(Arrow(f"z{s}", f"x{s}", colour, pale=pale))
        if s > 1:
            step = look(s if s > t else s - 1)
            colour, pale = (LATENT, False) if known and s == t else step
            arrows.append(Arrow(f"z{s - 1}", f"z{s}", colour, pale=pale))
    words = f"z_{t - 1} is known. " if known else ""
    told = f"Frames with an open path to z_{t}: {', '.join(f'x_{s}' for s in telling)}; the rest is pale."
    description = f"A chain of {frames} latents, each showing one frame; z_{t} is asked about. {words}"
    return _readable(graph(nodes, arrows, description + told, height=190))


def _readable(figure):
    """Labels that a lecture hall can read, those of pale nodes too."""
    for trace in figure.data:
        trace.update(textfont={"size": 15}, opacity=max(trace.opacity, 0.75))
    return figure


def _verdict(s, look):
    return f"x{s}: {'blocked' if look(s)[1] else 'open'}"


def frame_weights(weights, t: int):
    """How far each frame moves the mean of $z_t$, as bars that stand below the frames of `open_paths`.

    Args:
        weights: `(T,)`, of frames 1..T.
        t: 1..T.
    """
    import plotly.graph_objects as go

    weights = np.asarray(weights, dtype=float)
    s = np.arange(1, len(weights) + 1)
    listed = ", ".join(f"{weight:.3f}" for weight in weights)
    figure = blank(f"Bars: how far each of {len(s)} frames moves the mean of z_{t}: {listed}.", height=150)
    figure.add_trace(
        go.Bar(
            x=s,
            y=weights,
            width=0.5,
            marker={"color": [FUTURE if one >= t else PAST for one in s]},
            text=[f"{weight:.2f}" if abs(weight) > 1e-9 else "0" for weight in weights],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="x<sub>%{x}</sub> moves the mean by %{y:.4f}<extra></extra>",
        )
    )
    figure.update_xaxes(visible=False, range=[1 - EDGE, len(s) + EDGE], fixedrange=True)
    figure.update_yaxes(visible=False, range=[min(0, 1.3 * weights.min()), 1.35 * weights.max()], fixedrange=True)
    figure.update_layout(showlegend=False)
    return figure


SIDE = 0.24  # how far the RNNs' states stand beside their frame, so that no arrow runs through a node


def wiring(structured: bool, directions, frames: int = 4):
    """An inference network as a graph: frames, RNNs, combiner, latents. RNNs that it lacks are pale.

    Args:
        structured: whether the last latent enters the combiner.
        directions: "left", "right" or both: what the RNNs sum up.
        frames: T.
    """
    every, nodes, arrows = range(1, frames + 1), {}, []
    if structured:
        nodes["z0"] = Node(0, 4, "z<sub>q,0</sub>", colour=LATENT, hover="learned, in the place of a latent before")
    for t in every:
        nodes[f"x{t}"] = Node(t, 0, f"x<sub>{t}</sub>", seen=True, colour=GREY)
        nodes[f"c{t}"] = Node(t, 3, square=True, hover="combiner" if structured else "message, or product of two")
        nodes[f"z{t}"] = Node(t, 4, f"z<sub>{t}</sub>", colour=LATENT)
        arrows.append(Arrow(f"c{t}", f"z{t}", LATENT))
        for side, place, height, colour in (("left", -SIDE, 2, PAST), ("right", SIDE, 1, FUTURE)):
            pale, name = side not in directions, f"{side}{t}"
            first, last = (1, t) if side == "left" else (t, frames)
            hover = "not there" if pale else f"h {side}: sums up x<sub>{first}</sub> to x<sub>{last}</sub>"
            nodes[name] = Node(
                t + place, height, f"h<sup>{side[0]}</sup><sub>{t}</sub>", colour=colour, pale=pale, hover=hover
            )
            arrows += [Arrow(f"x{t}", name, colour, pale=pale), Arrow(name, f"c{t}", colour, pale=pale)]
            before = t - 1 if side == "left" else t + 1
            if 1 <= before <= frames:
                arrows.append(Arrow(f"{side}{before}", name, colour, pale=pale))
        if structured:
            arrows.append(Arrow(f"z{t - 1}", f"c{t}", LATENT))
    sides = {"left": "from the first frame on", "right": "from the last frame back"}
    runs = " and one ".join(sides[side] for side in directions)
    last = "and each latent enters the next combiner" if structured else "and no latent enters the next one"
    figure = graph(nodes, arrows, f"{frames} frames; an RNN runs {runs}; a combiner makes each latent, {last}.", 360)
    return _readable(figure)
