"""Graphical models: circles for latents, filled ones for what is seen, squares for networks, arrows between them."""

from typing import NamedTuple

from dmm.figures.base import blank, rgba
from dmm.palette import GREY, LATENT

RADIUS = 19  # pixels; circles stay round and of this size however wide the page is
SQUARE = 7


class Node(NamedTuple):
    """A circle at (x, y) in units of the graph; `label` may hold <sub>; a square has it above."""

    x: float
    y: float
    label: str = ""
    seen: bool = False
    square: bool = False
    colour: str = LATENT
    pale: bool = False  # what is not looked at
    hover: str = ""
    text: bool = False  # words alone, from (x, y) to the right


class Arrow(NamedTuple):
    """From one node to another, by their names."""

    start: str
    end: str
    colour: str = GREY
    dashed: bool = False
    pale: bool = False


def graph(nodes, arrows, description, height=260, ink=None):
    """A figure of a graphical model.

    Args:
        nodes: from a name to its `Node`.
        arrows: `Arrow`s between them.
        description: what it shows, in words.
        height: in pixels.
        ink: the colour of the labels, if they are not to be as pale as those of axes.

    Raises:
        KeyError: an arrow leads from or to a node that is not there.
    """
    import plotly.graph_objects as go

    heads, lines, circles = [], [], []
    for start, end, colour, dashed, pale in arrows:
        first, second = nodes[start], nodes[end]
        shade = rgba(colour, 0.25 if pale else 1)
        if dashed:  # an arrow cannot be dashed: a dashed line, and the head alone
            line = {"color": shade, "width": 2, "dash": "dot"}
            ends = {"x0": first.x, "y0": first.y, "x1": second.x, "y1": second.y}
            lines.append({"type": "line", "line": line, "layer": "below"} | ends)
        heads.append(
            {
                "x": second.x,
                "y": second.y,
                "ax": first.x + (0.7 * (second.x - first.x) if dashed else 0),
                "ay": first.y + (0.7 * (second.y - first.y) if dashed else 0),
                "xref": "x",
                "yref": "y",
                "axref": "x",
                "ayref": "y",
                "text": "",
                "showarrow": True,
                "arrowhead": 2,
                "arrowsize": 1.1,
                "arrowwidth": 2,
                "arrowcolor": shade,
                "standoff": (SQUARE if second.square else RADIUS) + 1,
                "startstandoff": 0 if dashed else (SQUARE if first.square else RADIUS),
            }
        )
    for name, node in nodes.items():
        shade = rgba(node.colour, 0.3 if node.pale else 1)
        circles.append(
            go.Scatter(
                x=[node.x],
                y=[node.y],
                mode="text" if node.text else "markers+text",
                text=[node.label],
                textfont={"size": 14, "color": ink},
                textposition="middle right" if node.text else "top center" if node.square else "middle center",
                name=name,
                marker={
                    "symbol": "square" if node.square else "circle",
                    "size": 2 * (SQUARE if node.square else RADIUS),
                    "color": shade if node.square else rgba(node.colour, 0.45 if node.seen else 0.0),
                    "line": {"color": shade, "width": 2},
                },
                opacity=0.45 if node.pale else 1,
                hovertext=node.hover or None,
                hovertemplate="%{hovertext}<extra></extra>" if node.hover else None,
                hoverinfo=None if node.hover else "skip",
                showlegend=False,
            )
        )
    axes = {
        f"{name}axis": {"visible": False, "range": [min(values) - 0.6, max(values) + 0.6], "fixedrange": True}
        for name, values in (("x", [n.x for n in nodes.values()]), ("y", [n.y for n in nodes.values()]))
    }
    figure = blank(description, height, annotations=heads, shapes=lines, **axes)
    figure.add_traces(circles)
    return figure
