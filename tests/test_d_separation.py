"""d-separation: against networkx, on random graphs; and against Gaussians, whose covariances know nothing of paths."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmm import d_separation, kalman, systems
from dmm.d_separation import CHAIN, COLLIDER, EDGES, FORK, dmm_graph, paths, separated

S9 = systems.linear()
FRAMES = 4


@st.composite
def questions(draw):
    """A random graph without cycles, two of its nodes, and some others that are known."""
    size = draw(st.integers(2, 7))
    pairs = list(itertools.combinations(range(size), 2))
    arrows = [pair for pair in pairs if draw(st.booleans())]
    order = draw(st.permutations(range(size)))
    graph = {f"v{i}": tuple(f"v{order[a]}" for a, b in arrows if order[b] == i) for i in range(size)}
    start, end, *others = draw(st.permutations(list(graph)))
    return graph, start, end, {node for node in others if draw(st.booleans())}


@given(questions())
@settings(max_examples=300, deadline=None)
def test_separation_is_that_of_networkx(question):
    graph, start, end, known = question
    twin = nx.DiGraph([(parent, node) for node, parents in graph.items() for parent in parents])
    twin.add_nodes_from(graph)
    assert separated(graph, start, end, known) == nx.is_d_separator(twin, {start}, {end}, known)


@given(questions())
@settings(max_examples=150, deadline=None)
def test_paths_are_all_simple_paths_without_the_directions(question):
    graph, start, end, known = question
    twin = nx.Graph([(parent, node) for node, parents in graph.items() for parent in parents])
    twin.add_nodes_from(graph)
    found = paths(graph, start, end, known)
    assert {one.nodes for one in found} == {tuple(path) for path in nx.all_simple_paths(twin, start, end)}
    assert [len(one.nodes) for one in found] == sorted(len(one.nodes) for one in found)


@given(questions(), st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_gaussians_on_the_graph_are_uncorrelated_where_it_separates(question, seed):
    graph, start, end, known = question
    rng = np.random.default_rng(seed)
    cov = d_separation.covariance(graph, lambda parent, node: rng.normal(), lambda node: rng.uniform(0.5, 2))
    place = list(graph).index
    found = d_separation.correlation_given(cov, place(start), place(end), [place(node) for node in known])
    if separated(graph, start, end, known):
        assert abs(found) < 1e-9
    else:
        assert abs(found) > 1e-12


def s9_covariance(graph):
    def weight(parent, node):
        return S9.F[0, 0] if node[0] == "z" else S9.H[0, 0]

    def variance(node):
        return S9.R[0, 0] if node[0] == "x" else S9.cov_1[0, 0] if node == "z1" else S9.Q[0, 0]

    return d_separation.covariance(graph, weight, variance)


def test_covariance_of_the_chain_is_that_of_drawn_sequences():
    cov = s9_covariance(dmm_graph(FRAMES))
    z, x = systems.sample(systems.as_system(S9), 100_000, FRAMES, np.random.default_rng(0))
    interleaved = np.stack([z[..., 0], x[..., 0]], axis=2).reshape(len(z), -1)
    np.testing.assert_allclose(np.cov(interleaved.T), cov, atol=0.5)


def test_chain_separates_exactly_where_the_dense_gaussian_has_no_covariance():
    """Every pair and every set of known nodes of four frames."""
    graph = dmm_graph(FRAMES)
    cov, nodes = s9_covariance(graph), list(graph)
    for start, end in itertools.combinations(nodes, 2):
        others = [node for node in nodes if node not in (start, end)]
        for chosen in itertools.product([False, True], repeat=len(others)):
            known = [node for node, is_known in zip(others, chosen, strict=True) if is_known]
            places = [nodes.index(node) for node in (start, end, *known)]
            found = d_separation.correlation_given(cov, places[0], places[1], places[2:])
            assert (abs(found) < 1e-10) == separated(graph, start, end, known), (start, end, known)


@pytest.mark.parametrize("t", [2, 3, 4])
def test_latent_before_blocks_the_past_and_nothing_of_the_future(t):
    graph = dmm_graph(FRAMES)
    for s in range(1, FRAMES + 1):
        future = {f"x{u}" for u in range(t, FRAMES + 1)} - {f"x{s}"}
        assert separated(graph, f"x{s}", f"z{t}", {f"z{t - 1}"} | future) == (s < t)


def test_kalman_conditionals_do_not_see_what_is_separated():
    x = np.concatenate([np.zeros((1, FRAMES)), np.eye(FRAMES)])[..., None]
    b = kalman.conditionals(S9, x).b[..., 0]
    slopes = (b[1:] - b[:1]).T  # how the factor of z_t follows x_s
    for t in range(2, FRAMES + 1):
        for s in range(1, FRAMES + 1):
            known = {f"z{t - 1}", *(f"x{u}" for u in range(t, FRAMES + 1) if u != s)}
            assert (slopes[t - 1, s - 1] == 0) == separated(dmm_graph(FRAMES), f"x{s}", f"z{t}", known)


def test_three_ways_through_a_node():
    chain, fork = {"a": (), "b": ("a",), "c": ("b",)}, {"a": ("b",), "b": (), "c": ("b",)}
    collider = {"a": (), "c": (), "b": ("a", "c"), "d": ("b",)}
    for graph, kind in ((chain, CHAIN), (fork, FORK), (collider, COLLIDER)):
        (one,) = paths(graph, "a", "c")
        assert one.kinds == (kind,)
        assert one.is_open == (kind != COLLIDER)
        assert separated(graph, "a", "c", {"b"}) == (kind != COLLIDER)
    assert not separated(collider, "a", "c", {"d"}), "a descendant of the collider is known"


def test_arrows_of_a_path_point_as_in_the_graph():
    (one,) = paths(dmm_graph(3), "x1", "z3")
    assert one.nodes == ("x1", "z1", "z2", "z3")
    assert one.forward == (False, True, True)
    assert one.kinds == (FORK, CHAIN)


def test_augmented_graph_has_the_edges_of_the_paper_and_colliders():
    edges = {
        kind: {(parent, node) for node, parents in dmm_graph(3, kind).items() for parent in parents} for kind in EDGES
    }
    assert edges["markov"] == {("z1", "z2"), ("z2", "z3"), ("z1", "x1"), ("z2", "x2"), ("z3", "x3")}
    assert edges["augmented"] - edges["markov"] == {("x1", "z2"), ("x2", "z3"), ("x1", "x2"), ("x2", "x3")}
    for kind in EDGES:
        has = any(COLLIDER in one.kinds for one in paths(dmm_graph(4, kind), "x1", "z4"))
        assert has == (kind == "augmented")


def test_in_dmm_aug_the_latent_before_alone_blocks_nothing():
    graph = dmm_graph(4, "augmented")
    assert not separated(graph, "x1", "z4", {"z3"})
    assert separated(graph, "x1", "z4", {"z3", "x3"})


@pytest.mark.parametrize(
    ("start", "end", "known", "error"),
    [
        ("z1", "z9", (), KeyError),
        ("z1", "z2", ("x9",), KeyError),
        ("z1", "z1", (), ValueError),
        ("z1", "z2", ("z2",), ValueError),
    ],
)
def test_what_makes_no_question_is_refused(start, end, known, error):
    with pytest.raises(error):
        paths(dmm_graph(3), start, end, known)


def test_cycle_and_unknown_edges_are_refused():
    with pytest.raises(ValueError, match="cycle"):
        paths({"a": ("b",), "b": ("a",), "c": ("a",)}, "b", "c", {"a"})
    with pytest.raises(ValueError, match="edges"):
        dmm_graph(3, "sideways")
