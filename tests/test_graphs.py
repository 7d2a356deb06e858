"""Graphs show their nodes and arrows where they were put."""

import pytest

from dmm import figures
from dmm.figures import Arrow, Node

NODES = {
    "a": Node(0, 0, "z<sub>1</sub>", hover="hidden"),
    "b": Node(2, 1, "x", seen=True),
    "s": Node(1, 0.5, "net", square=True),
    "t": Node(0, 2, "words", text=True),
}


def test_nodes_stand_where_they_were_put_and_arrows_join_them():
    figure = figures.graph(NODES, [Arrow("a", "s"), Arrow("s", "b", dashed=True)], "Four.")
    assert {trace.name: (trace.x[0], trace.y[0]) for trace in figure.data} == {
        name: (node.x, node.y) for name, node in NODES.items()
    }
    first, second = figure.layout.annotations
    assert (first.ax, first.ay, first.x, first.y) == (0, 0, 1, 0.5)
    assert (second.x, second.y) == (2, 1)
    assert len(figure.layout.shapes) == 1


def test_circles_hold_their_label_squares_have_it_above_and_words_stand_alone():
    traces = {trace.name: trace for trace in figures.graph(NODES, [], "Four.").data}
    assert [traces[name].textposition for name in "abst"] == ["middle center"] * 2 + ["top center", "middle right"]
    assert [traces[name].mode for name in "at"] == ["markers+text", "text"]
    assert traces["a"].hovertext == "hidden"
    assert traces["b"].hoverinfo == "skip"


def test_arrow_to_nowhere_is_an_error():
    with pytest.raises(KeyError):
        figures.graph(NODES, [Arrow("a", "nowhere")], "Four.")
