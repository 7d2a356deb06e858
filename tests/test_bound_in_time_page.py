"""The bound in time: its numbers against dense Gaussians, torch and the model itself, and each control of the page."""

import json
import re
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from dmm import d_separation, elbo, figures, floors, gaussian_chain, kalman, systems
from dmm.batches import make_generator, to_tensors
from dmm.history import load_history
from dmm.inspection import load_inspection
from dmm.palette import BLUE, KL, RECONSTRUCTION
from dmm.runs import store
from dmm.runs.snapshots import load_run
from dmm.systems import FRAMES
from dmm.ui.bound_in_time import (
    amortised,
    bars,
    beat,
    drawing,
    factors,
    gaussians,
    mimic,
    nll,
    paths,
    split,
    system,
    trajectories,
)
from dmm.ui.bound_in_time.numbers import AT, FAMILY
from dmm.ui.current import shipped_run
from dmm.ui.datasets import dataset_of
from dmm.ui.looking import version_of
from tests.browser import wait_until
from tests.shots import DONE
from tests.test_pages import ROOT, assert_alive, open_page, sentences, views
from tests.test_pages import figures as shown_figures
from tests.test_structured import decoded

PAGE = "bound_in_time"
S9 = systems.linear()
RUN, VERSION = shipped_run(), version_of(shipped_run())
STORED = load_inspection(RUN / "inspection.npz")
pytestmark = pytest.mark.usefixtures("one_thread")


# --- trajectories ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 15])
def test_posterior_trajectories_move_as_the_smoother_says_and_independent_ones_too_far(number):
    x = trajectories.world(number).x[None, :, None]
    smooth = kalman.smoother(S9, kalman.kalman_filter(S9, x))
    var, lag = smooth.cov[0, :, 0, 0], smooth.lag_one[0, :, 0, 0]
    exact, product = trajectories.drawn(number, "posterior"), trajectories.drawn(number, "marginals")
    assert exact.move == pytest.approx((var[1:] + var[:-1] - 2 * lag).mean(), rel=0.03)
    assert product.move == pytest.approx((var[1:] + var[:-1]).mean(), rel=0.03)
    np.testing.assert_allclose(exact.band[0], smooth.mean[0, :, 0], atol=1e-9)
    np.testing.assert_allclose(product.band[1], exact.band[1], atol=1e-9)
    assert exact.inside == pytest.approx(0.9545, abs=0.01)
    assert trajectories._what_is_wrong(number)[0] == trajectories.WRONG[2]


def test_guess_from_its_own_frame_is_that_of_the_dense_gaussian():
    x = trajectories.world(2).x
    law, (mean, cov) = trajectories.by_frames(x), gaussian_chain.joint(S9, FRAMES)
    for t in (0, 1, 12, 24):
        own = [t, FRAMES + t]
        small = cov[np.ix_(own, own)]
        assert law.b[t] == pytest.approx(mean[t] + small[0, 1] / small[1, 1] * (x[t] - mean[FRAMES + t]))
        assert law.C[t] == pytest.approx(small[0, 0] - small[0, 1] ** 2 / small[1, 1])


def test_numbers_of_both_ways_are_counted_right():
    frames, own, weights = amortised.sizes(RUN.name, VERSION)
    dmm, _ = load_run(RUN)
    assert weights == sum(weight.numel() for weight in dmm.inference.parameters())
    records, _ = store.read_lines(RUN / "metrics.jsonl")
    assert frames == records[0]["frames"]
    assert own == 2 * dmm.z_dim * frames


def trajectories_page():
    from dmm.ui.bound_in_time.trajectories import show_trajectories

    show_trajectories()


def test_answer_shows_the_second_panel_and_its_numbers():
    at = AppTest.from_function(trajectories_page, default_timeout=30).run()
    assert {trace["name"] for trace in shown_figures(at)["trajectories"]["data"]} >= {"the posterior"}
    assert not at.get("button_group"), "before the answer nothing is given away"
    at.radio[0].set_value(trajectories.WRONG[0]).run()
    assert f"Not this time: **{trajectories.WRONG[2]}**" in text(at)
    smooth = kalman.smoother(S9, kalman.kalman_filter(S9, trajectories.world(2).x[None, :, None]))
    var, lag = smooth.cov[0, :, 0, 0], smooth.lag_one[0, :, 0, 0]
    for name, law, apart in (("posterior", "posterior", 2 * lag), ("each by itself", "marginals", 0 * lag)):
        exact = (var[1:] + var[:-1] - apart).mean()
        assert f"| {name} | {trajectories.drawn(2, law).move:.2f} | {exact:.2f} |" in text(at)
    assert f"A step of the model itself has variance {S9.Q[0, 0]:.0f}." in text(at), "F is 1: z moves by its noise"
    assert {trace["name"] for trace in shown_figures(at)["trajectories"]["data"]} >= {"each latent by itself"}
    at.get("button_group")[0].set_value("frames").run()
    assert f"| {trajectories.drawn(2, 'frames').move:.2f} |" in text(at)
    at.slider[0].set_value(7).run()
    assert f"| {trajectories.drawn(7, 'frames').move:.2f} |" in text(at)
    drawn = decoded(shown_figures(at)["trajectories"]["data"][1]["y"])
    np.testing.assert_allclose(drawn, trajectories.drawn(7, "posterior").trajectories[0])


# --- the graph -------------------------------------------------------------------------------------------------------


def graph_page():
    from dmm.ui.bound_in_time.paths import show_open_paths

    show_open_paths()


def graph(answered=True, **query):
    at = AppTest.from_function(graph_page, default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    if answered:
        at.radio[0].set_value(paths.PAST[1]).run()
    assert [one.message for one in at.exception] == []
    return at


def packet(at):
    (found,) = (one for key, one in views(at).items() if "graph" in key)
    return found


def text(at):
    return "\n".join(one.value for kind in (at.markdown, at.caption, at.latex) for one in kind)


def test_graph_gives_nothing_away_before_the_answer():
    at = graph(answered=False)
    assert not any(one["pale"] or one["colour"] == BLUE for one in packet(at)["arrows"])
    assert not any(one["clickable"] for one in packet(at)["shapes"].values())
    assert "open" not in text(at)


def test_graph_stands_as_the_question_says():
    _, source, target, known = paths.state()
    assert (source, target) == ("x1", "z4")
    assert known == {"z3", "x4", "x5"}, "the latent before, and the frames from t on"


def test_question_is_about_the_dmm_whatever_graph_a_link_asks_for():
    at = graph(answered=False, graph="augmented", target="3")
    chain, _ = drawing.drawing(d_separation.dmm_graph(drawing.LENGTH), "x1", "z4", {"z3", "x4", "x5"}, None)
    assert packet(at)["shapes"].keys() == chain.keys()
    assert len(packet(at)["arrows"]) == 2 * drawing.LENGTH - 1, "the DMM's"
    assert {name for name, one in packet(at)["shapes"].items() if one["strong"]} == {"x1", "z4"}
    at.radio[0].set_value(paths.PAST[1]).run()
    assert "**Right.**" in text(at)
    assert len(packet(at)["arrows"]) > 2 * drawing.LENGTH, "now the link's"
    assert paths.ELSEWHERE[True] in text(at)


@pytest.mark.parametrize(("edges", "count"), [("markov", 0), ("augmented", 10)])
def test_who_still_tells_of_a_latent_is_what_the_covariance_says(edges, count):
    """By numbers: the correlation of x_s and z_t, given z_{t-1} and x_{t:T}, in a linear Gaussian twin."""
    graph = d_separation.dmm_graph(drawing.LENGTH, edges)
    cov, place = drawing.twin(graph), list(graph).index
    found = []
    for t in range(2, drawing.LENGTH + 1):
        known = [place(f"z{t - 1}"), *(place(f"x{u}") for u in range(t, drawing.LENGTH + 1))]
        for s in range(1, t):
            rho = d_separation.correlation_given(cov, place(f"x{s}"), place(f"z{t}"), known)
            found += [(s, t)] * (abs(rho) > 1e-9)
    assert found == paths.telling(edges)
    assert len(found) == count


def test_answer_is_right_and_the_graph_can_be_clicked():
    at = graph()
    assert "**Right.**" in text(at)
    clickable = {name for name, one in packet(at)["shapes"].items() if one["clickable"]}
    assert clickable == set(paths.NODES) - {"x1", "z4"}
    assert "**x₁ tells nothing about z₄:** 0 of 1 path open" in text(at), "as the answer says"
    assert "is **0.0000**" in text(at)
    assert "is blocked by z₃ (known, in a chain)" in text(at)
    assert packet(at)["shapes"]["z3"]["seen"]
    assert all(one["pale"] for one in packet(at)["arrows"])
    at.session_state["dial bound_in_time known"] = "x4.x5"
    at.run()
    assert "**x₁ tells something about z₄:** 1 of 1 path open" in text(at)
    assert not packet(at)["shapes"]["z3"]["seen"]


@pytest.mark.parametrize("known", ["", "x2.x3", "z3", "x3.z3", "x2.z2", "x4.z3"])
@pytest.mark.parametrize("edges", d_separation.EDGES)
def test_verdict_and_arrows_are_those_of_the_paths(edges, known):
    nodes = set(filter(None, known.split(".")))
    graph = d_separation.dmm_graph(drawing.LENGTH, edges)
    paths = d_separation.paths(graph, "x1", "z4", nodes)
    told = drawing.verdict(graph, "x1", "z4", nodes, paths)
    is_open = any(one.is_open for one in paths)
    assert told.startswith("**x₁ tells something about" if is_open else "**x₁ tells nothing about")
    assert ("is **0.0000**" in told) == (not is_open)
    places = [list(graph).index(node) for node in ("x1", "z4", *nodes)]
    pull = np.linalg.inv(drawing.twin(graph)[np.ix_(places, places)])  # its entries tell the partial correlations
    assert f"is **{0.0 - pull[0, 1] / np.sqrt(pull[0, 0] * pull[1, 1]):.4f}**".replace("-0.0000", "0.0000") in told
    _, arrows = drawing.drawing(graph, "x1", "z4", nodes, paths)
    lit = {frozenset((one.start, one.end)) for one in arrows if one.colour == BLUE}
    steps = {frozenset(pair) for one in paths if one.is_open for pair in zip(one.nodes, one.nodes[1:], strict=False)}
    assert lit == steps


def test_twin_of_the_chain_has_the_numbers_of_s9():
    graph = d_separation.dmm_graph(drawing.LENGTH)
    cov = gaussian_chain.joint(S9, drawing.LENGTH)[1]
    place = {name: i for i, name in enumerate([f"z{t}" for t in range(1, 6)] + [f"x{t}" for t in range(1, 6)])}
    order = [place[name] for name in graph]
    np.testing.assert_allclose(drawing.twin(graph), cov[np.ix_(order, order)], atol=1e-9)


def test_paths_are_told_with_their_reasons():
    graph = d_separation.dmm_graph(3, "augmented")
    words = {one.nodes: drawing.in_words(one) for one in d_separation.paths(graph, "x1", "z3", {"x2"})}
    assert words["x1", "x2", "z3"] == ":gray[x₁ → x₂ → z₃] is blocked by x₂ (known, in a chain)"
    assert "is open: something at or below the collider x₂ is known" in words["x1", "x2", "z2", "z3"]
    assert words["x1", "z2", "x2", "z3"] == ":gray[x₁ → z₂ → x₂ → z₃] is blocked by x₂ (known, in a chain)"
    (fork,) = (one for one in d_separation.paths(graph, "x1", "z3", {"z1"}) if one.nodes == ("x1", "z1", "z2", "z3"))
    assert drawing.in_words(fork) == ":gray[x₁ ← z₁ → z₂ → z₃] is blocked by z₁ (known, a fork)"
    below = {one.nodes: drawing.in_words(one) for one in d_separation.paths(graph, "x1", "z3", set())}
    assert "a collider: two arrows meet there" in below["x1", "x2", "z2", "z3"]


def test_link_sets_ends_graph_and_what_is_known():
    at = graph(graph="augmented", target="3", kind="z", source="1", known="x1.z2")
    assert "**z₁ tells nothing about z₃:** 0 of 27 paths open" in text(at), "both ways into later frames are known"
    assert {name for name, one in packet(at)["shapes"].items() if one["seen"]} == {"x1", "z2"}
    assert {name for name, one in packet(at)["shapes"].items() if one["strong"]} == {"z1", "z3"}


def test_asking_a_node_about_itself_gives_a_sentence():
    at = graph(target="3", kind="z", source="3")
    assert "choose another one" in sentences(at)[0]


# --- the mimic -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("t", range(1, 6))
def test_factor_and_mimic_see_what_d_separation_leaves(t):
    graph = d_separation.dmm_graph(mimic.LENGTH)
    for draw in (mimic.exact_factor, mimic.mimic):
        shapes, _ = draw(t)
        for s in range(1, mimic.LENGTH + 1):
            known = {f"z{t - 1}"} if t > 1 else set()
            known |= {f"x{u}" for u in range(t, mimic.LENGTH + 1)} - {f"x{s}"}
            needed = not d_separation.separated(graph, f"x{s}", f"z{t}", known)
            assert shapes[f"x{s}"].pale == (not needed)
        assert [name for name, one in shapes.items() if one.strong] == [f"z{t}"]


def test_rnn_of_the_mimic_runs_backwards():
    _, arrows = mimic.mimic(3)
    pairs = {(one.start, one.end) for one in arrows}
    assert {("h5", "h4"), ("h4", "h3"), ("h3", "net"), ("z2", "net"), ("net", "z3")} <= pairs
    assert ("h3", "h4") not in pairs
    assert ("z0", "net") in {(one.start, one.end) for one in mimic.mimic(1)[1]}


# --- the derivations -------------------------------------------------------------------------------------------------

PROOFS = {"factors": factors.FACTORS, "split": split.BOUND, "gaussians": gaussians.LINES}
LINES = [(name, i) for name, steps in PROOFS.items() for i in range(len(steps))]
UNLIKE = ("factors", 4)  # the line that says so


@cache
def dense():
    """The left side of each line, by torch's own Gaussians: sequence 2, and of the chorale beat 9 in draw 1."""
    normal, kl = torch.distributions.MultivariateNormal, torch.distributions.kl_divergence

    def gaussian(chain, places=slice(None)):
        mean, cov = (torch.from_numpy(part) for part in gaussian_chain.moments(chain))
        return normal(mean[places], cov[places, places])

    one, guess, t = trajectories.world(2), system.guess(2, FAMILY), AT - 1
    values = torch.from_numpy(np.concatenate([one.z, one.x]))
    mean, cov = map(torch.from_numpy, gaussian_chain.joint(S9, FRAMES))
    log_p_x = normal(mean[FRAMES:], cov[FRAMES:, FRAMES:]).log_prob(values[FRAMES:])
    q, noise = gaussian(guess.q), torch.distributions.Normal(0.0, S9.R[0, 0] ** 0.5)
    H = S9.H[0, 0]
    off = values[FRAMES:] - H * q.mean - S9.offset[0]
    reconstruction = (noise.log_prob(off) - H**2 * q.variance / (2 * S9.R[0, 0])).sum()
    whole, pair = kl(q, gaussian(guess.prior)), gaussian(guess.q, slice(t - 1, t + 1))
    (m, v), (a, b, c) = (pair.mean[0], pair.variance[0]), (part[t] for part in guess.prior)
    moved = torch.stack([torch.stack([v, a * v]), torch.stack([a * v, a * a * v + c])])
    step = kl(pair, normal(torch.stack([m, a * m + b]), moved))  # the first latent is q's in both, the second moves
    beat_9 = [torch.from_numpy(part[8]).double() for part in beat.one_draw(RUN.name, VERSION, 1)[:4]]
    diagonal = kl(*(torch.distributions.Normal(*beat_9[k : k + 2]) for k in (0, 2))).sum()
    found = {
        "factors": [normal(mean, cov).log_prob(values) - log_p_x] * len(factors.FACTORS),
        "split": [log_p_x, reconstruction, whole, step, whole, reconstruction - whole],
        "gaussians": [kl(pair, gaussian(guess.prior, slice(t - 1, t + 1))), diagonal, 0.0, step],
    }
    return {name: [float(value) for value in values] for name, values in found.items()}


@pytest.mark.parametrize(("name", "i"), LINES)
def test_both_sides_of_each_line_agree(name, i):
    found = PROOFS[name][i].check()
    apart = abs(found.left_value - found.right_value)
    if (name, i) == UNLIKE:
        assert apart > 1
    else:
        assert apart <= (4 * found.noise or 1e-5)
    known = dense()[name][i]
    assert abs(found.left_value - known) <= max(4 * found.noise, 1e-6 * abs(known), 1e-6), "what the line is about"
    assert np.isfinite([found.left_value, found.right_value]).all()


def test_quadrature_is_torchs_kl():
    rng = np.random.default_rng(0)
    (q_loc, p_loc), (q_scale, p_scale) = rng.normal(size=(2, 5)), rng.uniform(0.3, 3, size=(2, 5))
    q, p = (torch.distributions.Normal(*map(torch.tensor, pair)) for pair in ((q_loc, q_scale), (p_loc, p_scale)))
    judged = float(torch.distributions.kl_divergence(q, p).sum())
    assert gaussians.quadrature_kl(q_loc, q_scale, p_loc, p_scale) == pytest.approx(judged, abs=1e-9)


# --- the bars --------------------------------------------------------------------------------------------------------


def test_bars_are_the_stored_parts_stacked_under_the_roll():
    costs = beat.stored()
    np.testing.assert_array_equal(costs.kl, STORED.kl)
    figure = figures.chorale_costs(costs.piece.roll, costs.reconstruction, costs.kl.sum(1))
    green, first, orange = (trace for trace in figure.data if trace.yaxis == "y2")
    np.testing.assert_allclose(green.y, STORED.reconstruction)
    np.testing.assert_allclose(np.concatenate([first.y, orange.y]), STORED.kl.sum(1), rtol=1e-6)
    np.testing.assert_array_equal([*first.base, *orange.base], 0, "the KL stands on the axis, to be compared")
    np.testing.assert_allclose([*green.base], STORED.kl.sum(1), rtol=1e-6)
    assert (green.marker.color, first.marker.color, orange.marker.color) == (RECONSTRUCTION, KL, KL)
    assert (list(first.x), orange.x[0]) == ([1], 2)
    for bar in (green, first, orange):
        np.testing.assert_array_equal([row[0] for row in bar.customdata], bar.x)
        np.testing.assert_allclose([row[2] for row in bar.customdata], bar.y)
    assert f"{STORED.kl.sum() + STORED.reconstruction.sum():.2f} nats in all" in figure.layout.meta["description"]


@pytest.mark.parametrize(
    ("carried", "t"), [([25, 14.6, 3.1], 25), (["C4", 18, 2], 18), ({"0": 7, "1": 1.5}, 7), (None, None), ([], None)]
)
def test_click_tells_the_beat_of_a_bar_or_a_note(carried, t):
    assert bars.clicked({"selection": {"points": [{"x": 1, "customdata": carried}]}}) == t


def test_click_on_nothing_tells_nothing():
    assert bars.clicked({"selection": {"points": []}}) is None
    assert bars.clicked(None) is None


def test_one_draw_is_a_pass_of_the_model():
    step = beat.one_draw(RUN.name, VERSION, 3)
    dmm, _ = load_run(RUN)
    batch = to_tensors([beat.stored().piece.roll])
    noise = dmm.sample_noise(batch.x, make_generator(3, beat.STREAM))
    with torch.no_grad():
        kl = elbo.terms(dmm, batch, noise).kl[0]
        q, p = (torch.distributions.Normal(*map(torch.tensor, pair)) for pair in (step[:2], step[2:4]))
        p_loc, p_scale = dmm.p_z(torch.tensor(step.z)[None], batch.x)
    np.testing.assert_allclose(step.kl, kl, atol=1e-6)
    np.testing.assert_allclose(torch.distributions.kl_divergence(q, p), step.kl, atol=1e-5)
    np.testing.assert_allclose(step.p_loc, p_loc[0], atol=1e-6)
    np.testing.assert_allclose(step.p_scale, p_scale[0], atol=1e-6)


def test_draws_have_the_stored_kl_on_average():
    kl = np.stack([beat.one_draw(RUN.name, VERSION, noise).kl.sum(1) for noise in range(1, 11)])
    whole = kl.sum(1)
    error = whole.std(ddof=1) * np.sqrt(1 / 10 + 1 / 50)  # the stored ones are means of 50
    assert abs(whole.mean() - STORED.kl.sum()) < 5 * error
    np.testing.assert_allclose(kl[:, 0], STORED.kl[0].sum(), rtol=1e-5)  # nothing was drawn before the first


def costs_page():
    from dmm.ui.bound_in_time.system import show_costs

    show_costs()


def costs(**query):
    at = AppTest.from_function(costs_page, default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert [one.message for one in at.exception] == []
    return at


def slider(at, name):
    (found,) = (one for one in at.slider if one.key.split()[-1] == name)
    return found


def test_beat_opens_on_request_and_follows_its_sliders():
    at = costs()
    np.testing.assert_allclose(decoded(shown_figures(at)["ranked"]["data"][0]["y"]), np.sort(STORED.kl[8])[::-1])
    at.button[0].click().run()
    before = bars_of(at)
    for number, rank, noise in ((9, 1, 1), (25, 3, 1), (25, 3, 4)):
        for name, value in (("beat", number), ("rank", rank), ("noise", noise)):
            slider(at, name).set_value(value)
        at.run()
        step, t = beat.one_draw(RUN.name, VERSION, noise), number - 1
        i = int(np.argsort(-step.kl[t], kind="stable")[rank - 1])
        assert f"Dimension {i + 1}: :orange[KL {step.kl[t, i]:.3f}]" in text(at)
        (words,) = (one.proto.alt for one in at.get("plotly_chart") if one.proto.alt.startswith("2 bells"))
        assert f"mean {step.q_loc[t, i]:.2f}, standard deviation {step.q_scale[t, i]:.2f}" in words
        assert f"mean {step.p_loc[t, i]:.2f}, standard deviation {step.p_scale[t, i]:.2f}" in words
        assert f"= {STORED.kl[t].sum():.2f}]" in text(at)
        assert f"together {sum(step.kl[t]):.2f}, the bar" in text(at)
        total = STORED.reconstruction.sum() + STORED.kl.sum()
        assert f"**{total:.1f} nats**, or {total / 56:.2f} per beat" in text(at)
    assert bars_of(at) == before, "the bars depend on nothing that moves"


def bars_of(at):
    """The figure of the bars, as it is sent."""
    (found,) = (one.proto.spec for one in at.get("plotly_chart") if "Under it stacked bars" in one.proto.alt)
    return found


@pytest.mark.parametrize("family", system.FAMILIES)
def test_system_shows_q_p_and_the_exact_factor(family):
    at = costs(case="system", family=family, frame="14")
    one, exact = system.guess(2, family), trajectories.world(2)
    missing = gaussian_chain.kl_by_step(one.q, exact.posterior).sum()
    assert exact.log_p - one.bound == pytest.approx(missing, abs=1e-8)
    assert f"loses {abs(missing):.2f} nats" in text(at)
    assert f"**{-one.bound:.1f} nats**, or {-one.bound / 25:.2f} per frame" in text(at)
    assert f"{-exact.log_p:.1f}" in text(at)
    (words,) = (one.proto.alt for one in at.get("plotly_chart") if one.proto.alt.startswith("3 bells"))
    laws = (one.q, one.prior, exact.posterior)
    z = gaussian_chain.draw(one.q, np.random.default_rng(1).standard_normal((1, FRAMES)))[0]
    for law in laws:
        assert f"mean {law.A[13] * z[12] + law.b[13]:.2f}, standard deviation {law.C[13] ** 0.5:.2f}" in words
    assert f"{one.kl[13]:.3f}, the orange bar" in text(at)
    q, p, factor = (
        torch.distributions.Normal(*map(torch.tensor, (law.A[13] * z[12] + law.b[13], law.C[13] ** 0.5)))
        for law in laws
    )
    kl = [float(torch.distributions.kl_divergence(q, other)) for other in (p, factor)]
    assert re.findall(r"\*\*(\d+\.\d{3})\*\*", text(at)) == [f"{abs(one):.3f}" for one in kl]
    assert (kl[1] < 1e-9) == (family == "st-r"), "which is the posterior itself"


def test_gaps_of_the_system_are_the_floors_on_average():
    gaps = {family: floors.floor(S9, FRAMES, family) for family in system.FAMILIES}
    for family, known in gaps.items():
        mean = np.mean([trajectories.world(n).log_p - system.guess(n, family).bound for n in range(1, 21)])
        assert mean / FRAMES == pytest.approx(known.bound - known.exact, abs=0.05)


# --- which number, and the tasks -------------------------------------------------------------------------------------


def nll_page():
    from dmm.ui.bound_in_time.nll import which_nll

    which_nll()


def test_numbers_of_the_answer_are_those_of_the_run():
    at = AppTest.from_function(nll_page, default_timeout=60).run()
    total = float(STORED.reconstruction.sum() + STORED.kl.sum())
    words = text(at)
    assert f"| {total:.1f} nats |" in words
    assert f"| {total / 56:.2f} nats |" in words
    assert f"| {total / 56 / np.log(2):.2f} bits |" in words
    assert f"| {json.loads((RUN / 'status.json').read_text())['best']:.2f} nats |" in words
    rows = [row.split("|")[1].strip() for row in words.splitlines() if row.startswith("| *")]
    assert rows == ["*a*", "*(b)*", "*{c}*"], "in the order in which the paper prints them"
    first = json.loads((RUN / "metrics.jsonl").read_text().splitlines()[0])
    assert f"the bound was {first['bound']:.2f} nats per frame on average" in words
    assert f"the same means make {first['reconstruction'] + first['kl_weight'] * first['kl']:.2f}" in words
    at.button[0].click().run()
    a, b, c, noise, frames = nll.judged(RUN.name, VERSION)
    assert f"*a* = **{a:.3f}** (± {2 * noise:.3f}), *(b)* = **{b:.3f}**, *{{c}}* = **{c:.3f}** nats" in text(at)
    assert a <= b + 3 * noise
    dmm, _ = load_run(RUN)
    batch = to_tensors([piece.roll for piece in dataset_of(store.read_run_config(RUN).data).test[: nll.PIECES]])
    assert frames == batch.mask.sum()
    with torch.no_grad():
        draws = [elbo.elbo(dmm, batch, dmm.sample_noise(batch.x, make_generator(9, k))).elbo for k in range(20)]
    of_all, of_each = -torch.stack(draws).sum(1) / frames, -(torch.stack(draws) / batch.lengths).mean(1)
    for told, each in ((b, of_all), (c, of_each), (b - c, of_all - of_each)):
        assert told == pytest.approx(float(each.mean()), abs=4 * float(each.std()) * np.sqrt(1 / 20 + 1 / nll.DRAWS))


def test_bounds_of_the_history_are_those_that_training_wrote_down():
    history, (records, _) = load_history(RUN / "history.npz"), store.read_lines(RUN / "metrics.jsonl")
    judged = {one["epoch"]: one["bound"] for one in records if one["kind"] == "valid"}
    np.testing.assert_allclose(history.bounds, [judged[epoch] for epoch in history.epochs], rtol=1e-6)
    assert history.moment(-1).bound == pytest.approx(store.read_status(RUN).best, rel=1e-6)


def tasks_page():
    from dmm.ui.bound_in_time.paths import show_open_paths
    from dmm.ui.bound_in_time.tasks import show_tasks

    show_open_paths()
    show_tasks()


def tasks(**query):
    at = AppTest.from_function(tasks_page, default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    return at.radio(key="predict past").set_value(paths.PAST[0]).run()  # wrong, so that "Right" is a task's


@pytest.mark.parametrize(
    ("query", "reached"),
    [
        ({"graph": "augmented", "known": "x3.z3"}, True),
        ({"graph": "augmented", "known": "x2.z2"}, True),
        ({"graph": "augmented", "known": "z3"}, False),
        ({"graph": "augmented", "known": "x3.x4.z3"}, False),  # blocked, but a late frame is known
        ({"graph": "markov", "known": "z3"}, False),
        ({"graph": "augmented", "known": "x3.z3", "source": "2"}, False),
        ({}, False),
    ],
)
def test_first_task_is_reached_only_by_what_blocks_every_path(query, reached):
    at = tasks(**query)
    next(one for one in at.button if one.key == "task bound_in_time blocked").click().run()
    assert [one.message for one in at.exception] == []
    assert ("**Right.**" in text(at)) == reached
    assert ("**Not there yet.**" in text(at)) == (not reached)


@pytest.mark.parametrize(
    ("name", "answer", "right"),
    [("equal", 0.0, True), ("equal", 16.0, False), ("dearest", 6.0, True), ("dearest", 1.0, False)],
)
def test_numbers_of_the_other_tasks(name, answer, right):
    if name == "dearest" and right:
        assert answer == 2 + np.argmax(STORED.kl[1:].sum(1))
    at = tasks()
    (box,) = (one for one in at.number_input if one.key == f"task bound_in_time {name}")
    box.set_value(answer).run()
    kl = STORED.kl.sum(1)
    if name == "dearest" and right:
        assert f"It costs {max(kl[1:]):.2f} nats; the first beat {kl[0]:.2f}," in text(at)
    assert ("**Right.**" in text(at)) == right


# --- the page --------------------------------------------------------------------------------------------------------

ALONE = """
import sys
from streamlit.testing.v1 import AppTest
at = AppTest.from_file(sys.argv[1], default_timeout=60).run()
at.switch_page("pages/bound_in_time.py").run()
print([one.message for one in at.exception], "torch" in sys.modules)
"""


def test_page_opens_without_torch():
    command = [sys.executable, "-c", ALONE, str(ROOT / "app.py")]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=120).stdout
    assert out.splitlines()[-1] == "[] False"


def test_page_opens_with_everything_in_words_and_no_answer():
    at = open_page(PAGE)
    assert_alive(at, PAGE)
    assert sentences(at) == []
    assert all(chart.proto.alt for chart in at.get("plotly_chart"))
    assert {"own", "shared", "graph", "exact_factor", "mimic"} <= {key.split("-")[-1] for key in views(at)}
    assert all(one["description"] for one in views(at).values() if "shapes" in one)
    assert all(one.value is None for one in at.radio)
    for latex in at.latex:
        assert "textcolor" not in latex.value.replace(r"\textcolor{#", ""), latex.value


APP = "from dmm.ui.bound_in_time.system import show_costs\n\nshow_costs()"


@pytest.mark.browser
def test_click_on_a_bar_opens_its_beat(app, page):
    page.goto(app)
    bars = page.locator("[class*=st-key-costs-beat] .barlayer .trace").nth(1).locator(".point")  # above them the notes
    beat = page.locator("strong").filter(has_text=re.compile(r"^Beat \d+$"))
    bars.last.wait_for()
    page.wait_for_function(DONE)
    assert beat.inner_text() == "Beat 9"
    x, y = middle(at_rest(page, bars.nth(24)))
    page.mouse.move(x, y)  # a chart looks first what the pointer is on
    page.mouse.click(x, y)
    wait_until(lambda: beat.inner_text() == "Beat 25", "the beat of the bar opens", 20, page)


def middle(box):
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def at_rest(page, shape):
    """Where something is, once it has stopped moving: above it a page may still be growing."""
    boxes = [None]

    def rests():
        boxes.append(shape.bounding_box())
        return boxes[-1] == boxes[-2]

    wait_until(rests, "the bars come to rest", 20, page)
    return boxes[-1]
