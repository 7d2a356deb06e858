r"""Which parts of a graph still tell of each other once some are known: d-separation, path by path.

A path between two nodes goes along arrows in either direction and meets no node twice. What happens at a node $v$
inside it depends on how its two arrows lie:

| at $v$    | the arrows                      | open                                             |
|-----------|---------------------------------|--------------------------------------------------|
| chain     | $\to v \to$ or $\gets v \gets$  | unless $v$ is known                              |
| fork      | $\gets v \to$                   | unless $v$ is known                              |
| collider  | $\to v \gets$                   | only if $v$, or what descends from it, is known  |

A path is open if it is so at each node inside. Where no path is open the two ends are *separated*: given what is
known they are independent, whatever the probabilities are. A graph is a mapping from each node to its parents.

Source: Pearl (1988), Probabilistic Reasoning in Intelligent Systems, section 3.3.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

Graph = Mapping[str, Collection[str]]

CHAIN, FORK, COLLIDER = "chain", "fork", "collider"
EDGES = ("markov", "augmented")


class Path(NamedTuple):
    """One path, from end to end; `kinds` and `lets_through` tell of the nodes inside."""

    nodes: tuple[str, ...]
    forward: tuple[bool, ...]  # of each step: does the arrow point along it?
    kinds: tuple[str, ...]  # chain, fork or collider
    lets_through: tuple[bool, ...]

    @property
    def is_open(self) -> bool:
        """Whether each node inside lets it through."""
        return all(self.lets_through)


def paths(graph: Graph, start: str, end: str, known: Collection[str] = ()) -> list[Path]:
    """Every path between two nodes, shorter ones first; their number explodes with the graph's size.

    >>> [one.is_open for one in paths({"a": (), "b": ("a",), "c": ("b",)}, "a", "c", known={"b"})]
    [False]

    Args:
        graph: from each node to its parents; without cycles.
        start, end: its ends, two nodes that are not known.
        known: what is observed.

    Raises:
        KeyError: a node is not in the graph.
        ValueError: the ends are one, or known; or there is a cycle.
    """
    missing = {start, end, *known, *(parent for parents in graph.values() for parent in parents)} - set(graph)
    if missing:
        raise KeyError(f"there is no {', '.join(sorted(missing))} in the graph")
    if start == end or {start, end} & set(known):
        raise ValueError(f"got the ends {start} and {end}, expected two nodes that are not known")
    telling = set(known).union(*(ancestors(graph, node) for node in known))  # known, or with something known below
    found = [_judged(graph, nodes, set(known), telling) for nodes in _walk(graph, (start,), end)]
    return sorted(found, key=lambda one: len(one.nodes))


def separated(graph: Graph, start: str, end: str, known: Collection[str] = ()) -> bool:
    """Whether no path between two nodes is open; arguments as `paths`."""
    return not any(one.is_open for one in paths(graph, start, end, known))


def ancestors(graph: Graph, node: str) -> set[str]:
    """All from which arrows lead to a node, over others or not.

    Raises:
        ValueError: the node is among them.
    """
    found, fresh = set(), set(graph[node])
    while fresh:
        found |= fresh
        fresh = {parent for one in fresh for parent in graph[one]} - found
    if node in found:
        raise ValueError(f"got a cycle through {node}, expected a graph without one")
    return found


def dmm_graph(frames: int, edges: str = "markov") -> dict[str, tuple[str, ...]]:
    """The deep Markov model as a graph: z1 to zT, each from the one before, and x1 to xT, each from its latent.

    Args:
        frames: T.
        edges: "markov", or "augmented", in which x_{t-1} also reaches z_t and x_t (DMM-Aug).

    Source: Krishnan, Shalit & Sontag (2017), section 6.5, for DMM-Aug.
    """
    if edges not in EDGES:
        raise ValueError(f"got edges {edges!r}, expected one of {', '.join(EDGES)}")
    graph = {}
    for t in range(1, frames + 1):
        latent, frame = ((f"z{t - 1}",), (f"x{t - 1}",)) if t > 1 else ((), ())
        extra = frame if edges == "augmented" else ()
        graph[f"z{t}"] = (*latent, *extra)
        graph[f"x{t}"] = (f"z{t}", *extra)
    return graph


def covariance(graph: Graph, weight, variance) -> np.ndarray:
    r"""The covariance if each node is a weighted sum of its parents plus noise: (N, N), in the graph's order.

    $$
    v = W v + \varepsilon, \qquad \operatorname{Cov}(v) = (I - W)^{-1} D \, (I - W)^{-\top}
    $$

    Args:
        weight: (parent, node) -> the weight of an arrow.
        variance: node -> the variance of its noise, on the diagonal of D.
    """
    place = {node: i for i, node in enumerate(graph)}
    W = np.zeros((len(graph), len(graph)))
    for node, parents in graph.items():
        for parent in parents:
            W[place[node], place[parent]] = weight(parent, node)
    root = np.linalg.solve(np.eye(len(graph)) - W, np.diag([variance(node) ** 0.5 for node in graph]))
    return root @ root.T


def correlation_given(cov, first: int, second: int, known: Collection[int]) -> float:
    """The correlation of two of several joint Gaussians, by their places, given some others."""
    ends, known = [first, second], list(known)
    cross = cov[np.ix_(ends, known)]
    left = cov[np.ix_(ends, ends)] - cross @ np.linalg.solve(cov[np.ix_(known, known)], cross.T)
    return float(left[0, 1] / np.sqrt(left[0, 0] * left[1, 1]))


def _walk(graph, nodes, end) -> Iterator[tuple[str, ...]]:
    """All ways on from the nodes walked so far."""
    here = nodes[-1]
    if here == end:
        yield nodes
        return
    for node in graph:
        if node not in nodes and (here in graph[node] or node in graph[here]):
            yield from _walk(graph, (*nodes, node), end)


def _judged(graph, nodes, known, telling):
    """What happens at each node inside a path."""
    forward = tuple(first in graph[second] for first, second in pairwise(nodes))
    kinds = tuple(
        COLLIDER if into and not onward else FORK if onward and not into else CHAIN
        for into, onward in pairwise(forward)
    )
    lets_through = tuple(
        node in telling if kind == COLLIDER else node not in known
        for node, kind in zip(nodes[1:-1], kinds, strict=True)
    )
    return Path(nodes, forward, kinds, lets_through)
