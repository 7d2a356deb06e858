"""The gate's page: its figures against numbers, its numbers against the trained module, its controls, its tasks."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from dmm import fields, figures, gated
from dmm.figures.base import rgba
from dmm.figures.fields import ARROW, fitting_part
from dmm.palette import GATE, GREY
from dmm.ui.current import shipped_run
from dmm.ui.gate import chorale, flow, lanes, nearby, planes, rest, tasks, trained
from dmm.ui.gate import fields as plane_fields
from dmm.ui.looking import model_of
from tests.test_pages import assert_alive, open_page, sentences, views
from tests.test_pages import figures as shown_figures

pytestmark = pytest.mark.usefixtures("one_thread")
LOW, HIGH = np.full(2, -3.5), np.full(2, 3.5)


def fragment(name):
    """One part of the page alone, as a script."""

    def script(name):
        import importlib

        module, part = name.split(".")
        getattr(importlib.import_module(f"dmm.ui.gate.{module}"), part)()

    return AppTest.from_function(script, kwargs={"name": name}, default_timeout=30).run()


def dial(at, name):
    (found,) = (one for one in (*at.slider, *at.toggle, *at.get("button_group")) if one.key == f"dial gate {name}")
    return found


def words(at):
    return "\n".join(one.value for kind in (at.markdown, at.caption, at.latex) for one in kind)


def trace(figure, name):
    return next(one for one in figure.data if one.name == name)


@pytest.fixture(scope="module")
def transition():
    return model_of(shipped_run())[0].transition


@pytest.fixture(scope="module")
def view():
    return fields.view(fields.whole(gated.example(80)), LOW, HIGH, 4)


# --- figures ---------------------------------------------------------------------------------------------------------


def test_arrows_point_along_their_steps_and_show_a_part_of_them(view):
    figure, part = figures.vector_field(view), fitting_part(view)
    heads, shafts = trace(figure, "step of the mean"), trace(figure, "shafts")
    steps = view.after - view.places
    np.testing.assert_array_equal(np.stack([shafts.x[::3], shafts.y[::3]], 1), view.places)
    drawn = np.stack([heads.x, heads.y], 1) - view.places
    longest = 1.6 * ARROW * 7 / 14
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), np.minimum(part * np.linalg.norm(steps, axis=1), longest))
    direction = np.radians(np.array(heads.marker.angle))
    along = np.stack([np.sin(direction), np.cos(direction)], 1)
    np.testing.assert_allclose((along * steps).sum(1), np.linalg.norm(steps, axis=1), rtol=1e-9)
    np.testing.assert_array_equal(heads.customdata, steps)
    assert (figure.layout.yaxis.scaleanchor, figure.layout.xaxis.range) == ("x", (-3.5, 3.5)), "or angles would lie"


def test_rings_lie_one_standard_deviation_from_where_the_state_is_expected(view):
    ring = trace(figures.vector_field(view), "next state, ±1 sd")
    outline = np.stack([ring.x, ring.y], 1).reshape(9, 34, 2)
    assert np.isnan(outline[:, 33]).all()
    for points, mean, cov in zip(outline[:, :33], view.landed, view.noise, strict=True):
        apart = points - mean
        np.testing.assert_allclose(np.einsum("ni,ij,nj->n", apart, np.linalg.inv(cov), apart), 1)


def test_stable_fixed_points_are_filled_and_the_others_open(view):
    figure = figures.vector_field(view)
    for stable in (True, False):
        mark = trace(figure, f"{'' if stable else 'un'}stable fixed point")
        places = [one.place.tolist() for one in view.fixed if one.stable == stable]
        assert [list(place) for place in zip(mark.x, mark.y, strict=True)] == places
        assert (mark.marker.symbol == "circle") == stable
    np.testing.assert_allclose(trace(figure, "gates").z.ravel(), view.openness)


def test_arrows_around_a_fixed_point_are_the_same_part_of_their_steps(view):
    figure = figures.near_fixed_point(view)
    heads, shafts = trace(figure, "step of the mean"), trace(figure, "shafts")
    starts = np.stack([shafts.x[::3], shafts.y[::3]], 1)
    assert len(starts) == 49
    field = fields.whole(gated.example(80))
    tips, part = np.stack([heads.x, heads.y], 1), fitting_part(view)
    np.testing.assert_allclose(tips - starts, part * (field.step(starts) - starts))
    assert f"each {part:.2f} of its step" in figure.layout.meta["description"]


def test_path_and_states_pass_through(view):
    figure = figures.vector_field(view, states=view.dots)
    np.testing.assert_array_equal(trace(figure, "path").x, view.path[:, 0])
    np.testing.assert_array_equal(trace(figure, "beats of the chorale").y, view.dots[:, 1])


def test_curve_of_the_mean_lies_on_its_lanes_where_the_gate_is_shut_or_open():
    weights = gated.in_one_dimension(28)
    for held, lane in ((0.0, "linear"), (1.0, "proposed")):
        figure = figures.gated_map(lambda z, held=held: gated.lanes(weights, z, held), 1.0)
        np.testing.assert_allclose(trace(figure, "mean").y, trace(figure, lane).y)
    figure = figures.gated_map(lambda z: gated.lanes(weights, z), 4.4)
    point = gated.lanes(weights, np.array([4.4]))
    assert trace(figure, "loc here").y[0] == pytest.approx(point.loc.item())
    assert f"gate at {point.g.item():.2f}" in figure.layout.meta["description"]
    line, linear = trace(figure, "mean").y, np.array(trace(figure, "linear").y)
    np.testing.assert_array_equal(linear, np.linspace(-7, 7, 281), "W = 1 and b = 0")
    assert len(line) == 281


def test_bars_are_means_and_their_lines_reach_from_lowest_to_highest():
    gates = np.array([[0.1, 0.5, 0.9], [0.3, 0.5, 0.6]])
    used, rest = figures.gate_bars(gates, [True, False, True], 2).data
    assert (list(used.x), list(used.y), used.name) == ([1, 3], pytest.approx([0.2, 0.75]), "used by the music")
    np.testing.assert_allclose(np.array(used.y) + used.error_y.array, [0.3, 0.9])
    np.testing.assert_allclose(np.array(used.y) - used.error_y.arrayminus, [0.1, 0.6])
    assert (list(rest.x), list(rest.y)) == ([2], [0.5])


def test_history_has_a_line_per_dimension_in_its_colour():
    gates = np.array([[0.1, 0.5], [0.2, 0.4]])
    rest, used = figures.gate_history([1, 10], gates, [True, False], 1).data
    assert (list(used.y), list(rest.y)) == ([0.1, 0.2], [0.5, 0.4])
    assert (used.line.color, rest.line.color) == (rgba(GATE, 0.85), rgba(GREY, 0.45))


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: figures.gate_bars([[0.5, 0.5]], [True], 0), r"got active of shape \(1,\), expected \(2,\)"),
        (lambda: figures.gate_bars([[0.5, 1.5]], [True, True], 0), "from 0.5 to 1.5, expected 0 to 1"),
        (lambda: figures.gate_bars([[0.5, 0.5]], [True, True], 2), "expected indices from 0 to 1"),
        (lambda: figures.gate_history([1, 2], [[0.5]], [True], 0), r"got epochs of shape \(2,\), expected \(1,\)"),
        (lambda: figures.step_matrix([[np.nan]]), "not finite"),
    ],
)
def test_what_does_not_fit_a_figure_is_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


# --- the trained transition ------------------------------------------------------------------------------------------


def test_model_is_read_once_to_be_looked_at_and_not_to_be_trained(transition):
    dmm, step = model_of(shipped_run())
    assert model_of(shipped_run())[0] is dmm
    assert not dmm.training
    assert not any(parameter.requires_grad for parameter in dmm.parameters())
    assert step == 5200


@pytest.mark.parametrize("t", [1, 2, 20, 56])
def test_lanes_on_the_page_are_those_of_the_trained_module(transition, t):
    before = model_of(shipped_run())[0].start if t == 1 else torch.tensor(trained.states()[t - 2], dtype=torch.float32)
    np.testing.assert_allclose(lanes.before(t), before.numpy(), rtol=1e-6)
    now, (loc, scale) = lanes.lanes_of(lanes.before(t)), transition(before)
    np.testing.assert_allclose(now.loc, loc.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(now.scale, scale.numpy(), rtol=1e-6)
    np.testing.assert_allclose((1 - now.g) * now.linear + now.g * now.h, now.loc, atol=1e-5)
    for ours, twin in zip(now, gated.lanes(trained.weights(), lanes.before(t)), strict=True):
        np.testing.assert_allclose(ours, twin, atol=1e-5)
    held = lanes.lanes_of(lanes.before(t), 0.25)
    np.testing.assert_allclose(held.loc, 0.75 * now.linear + 0.25 * now.h, atol=1e-5)
    np.testing.assert_array_equal(held.scale, now.scale)


def test_boxes_of_the_flow_hold_the_numbers_of_their_dimension():
    z_prev, i = lanes.before(20), 11
    now = lanes.lanes_of(z_prev)
    shapes, arrows = flow.flow(z_prev, now, i, 20, 100)
    for box, number in (
        ("z", z_prev),
        ("linear", now.linear),
        ("gate", now.g),
        ("proposal", now.h),
        ("mean", now.loc),
        ("scale", now.scale),
    ):
        assert f"{number[i]:.2f}</b>" in shapes[box].label, box
    ways = {(one.start, one.end) for one in arrows}
    assert ("proposal", "scale") in ways
    assert ("gate", "scale") not in ways, "the noise does not pass the gate"
    assert not any(one.pale for one in arrows)
    shut = lanes.lanes_of(z_prev, 0.0)
    pale = {(one.start, one.end) for one in flow.flow(z_prev, shut, i, 20, 100, 0.0)[1] if one.pale}
    assert pale == {("proposal", "mean"), ("z", "gate_mlp"), ("gate_mlp", "gate")}
    assert f"{now.loc[i]:.2f}" in flow.in_words(z_prev, now, i, 20)


def test_gru_of_the_table_is_pytorchs():
    """The formulas that stand in the table, computed as they stand there; the update gate is PyTorch's turned round."""
    table = [row.split("|") for row in words(fragment("meaning.show_gru")).splitlines() if row.startswith("| ")]
    formula = {row[1].strip(): re.search(r"\$(.*?)\$", row[3])[1] for row in table if "$" in row[3]}
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        cell, x, s = torch.nn.GRUCell(3, 2, bias=False), torch.randn(3), torch.randn(2)
        (U_r, keep, U_n), (V_r, kept, V_n) = cell.weight_ih.split(2), cell.weight_hh.split(2)
        known = {"U": -keep, "V": -kept, "U_r": U_r, "V_r": V_r, "U_n": U_n, "V_n": V_n, "x": x, "s": s}
        known |= {"sigmoid": torch.sigmoid, "tanh": torch.tanh}

        def value(name):
            text = (
                formula[name].split(" = ")[-1].replace(r"\operatorname{sigmoid}", "sigmoid").replace(r"\tanh", "tanh")
            )
            text = text.replace("s_{t-1}", "s").replace("x_t", "x").replace(r"\odot", "*")
            return eval(re.sub(r"([UV]\w*) ([xs])", r"(\1 @ \2)", text), known)

        known["r"] = value("another gate")
        u = value("gate")
        torch.testing.assert_close((1 - u) * value("shut") + u * value("open"), cell(x[None], s[None])[0])


def test_distance_from_the_identity_is_that_of_the_module(transition):
    at = fragment("meaning.show_matrix")
    W = transition.linear.weight
    assert rf"\rVert = {float((W - torch.eye(32)).norm()):.2f}$" in words(at)
    assert f"$I$ itself has {32**0.5:.2f})" in words(at)
    inspection = trained.stored()[0]
    used = inspection.kl.mean(0) > 0.01
    own = W.diagonal().numpy()
    told = [f"{one:.2f}" for part in (own[used], own[~used]) for one in (min(part), max(part))]
    assert re.findall(r"(-?\d\.\d\d) to (-?\d\.\d\d)", words(at)) == [tuple(told[:2]), tuple(told[2:])]
    assert f"open less than {min(inspection.gates[:, used].mean(0)):.2f} on average" in words(at)
    assert f"**{float(torch.linalg.eigvals(W).abs().max()):.2f}**, more than 1: by this lane" in words(at)
    assert f"has length {float(transition.linear.bias.norm()):.2f}" in words(at)
    first = trained.stored()[1].moment(0)
    assert f"after epoch {first.epoch}, where the history below begins" in words(at)
    assert f"are already open {first.inspection.gates.mean():.2f} on average" in words(at)


def test_fresh_gate_starts_about_half_open():
    from dmm.model import GatedTransition

    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        g = GatedTransition(32, 100).openness(torch.randn(200, 32))
    assert 0.45 < float(g.mean()) < 0.55
    assert 0.2 < float(g.min()) < float(g.max()) < 0.8


def test_linear_lane_of_a_plane_has_one_fixed_point_on_every_plane_that_can_be_chosen():
    """The question about the shut gate rests on it."""
    rng = np.random.default_rng(0)
    pairs = [tuple(rng.choice(32, 2, replace=False).tolist()) for _ in range(60)]
    choices = [("components",), *(("dimensions", *pair) for pair in pairs), *(("example", seed) for seed in range(100))]
    for plane in choices:
        assert plane_fields._what_shut_does(planes.make_plane(*plane))[0] == plane_fields.SHAPES[1]


def test_twice_as_far_from_its_fixed_point_the_arrow_of_a_shut_gate_is_twice_as_long():
    field = planes.make_plane("dimensions", 29, 24).field(0.0)
    (rest,) = fields.fixed_points(field, np.zeros((1, 2)))
    steps = [field.step(rest.place + far) - (rest.place + far) for far in (np.array([0.3, -1]), np.array([0.6, -2]))]
    np.testing.assert_allclose(2 * steps[0], steps[1], atol=1e-9)


def test_planes_hold_all_other_directions_at_the_mean():
    z = trained.states()
    plane = planes.make_plane("dimensions", 3, 8)
    state = plane.field(None).state(np.array([0.7, -1.2]))
    assert (state[3], state[8]) == (0.7, -1.2)
    others = np.delete(np.arange(32), [3, 8])
    np.testing.assert_allclose(state[others], z.mean(0)[others])
    np.testing.assert_allclose(plane.states, z[:, [3, 8]])
    plane = planes.make_plane("components")
    np.testing.assert_allclose(plane.field(None).state(np.zeros(2)), z.mean(0))
    np.testing.assert_allclose(plane.states, (z - z.mean(0)) @ plane.axes.T)


def test_trained_model_rests_where_the_page_says(transition):
    """By the module itself: the points stay, and the path of the table ends in one of the stable ones."""
    learned = rest.resting(None)
    assert learned.stable
    for one in learned.points:
        z = torch.tensor(one.place, dtype=torch.float32)
        np.testing.assert_allclose(transition(z)[0].numpy(), z.numpy(), atol=1e-4)
    z = torch.tensor(trained.states()[0], dtype=torch.float32)
    for _ in range(100):
        z = transition(z)[0]
    assert min(np.linalg.norm(z.numpy() - one.place) for one in learned.stable) < 1e-3
    assert float(z.norm()) == pytest.approx(learned.length, rel=1e-3)


# --- the page --------------------------------------------------------------------------------------------------------


def test_page_opens_alive_with_figures_in_words_and_no_answer():
    at = open_page("gate")
    assert_alive(at, "gate")
    assert sentences(at) == []
    assert set(shown_figures(at)) == {"mix", "bars", "matrix", "history", "field", "near"}
    assert {"lanes", "cells", "gates"} <= set(views(at))
    assert all(chart.proto.alt for chart in at.get("plotly_chart"))
    assert "Variance or standard deviation?" in [one.value for one in at.subheader]
    assert plane_fields.SHAPES[1] not in words(at)
    _check_scale(words(at))


def _check_scale(text):
    """The numbers of the answer, by torch's own normal distribution."""
    z_prev, z = (torch.tensor(trained.states()[t - 1], dtype=torch.float32) for t in (19, 20))
    loc, scale = model_of(shipped_run())[0].transition(z_prev)
    right, wrong = (float(torch.distributions.Normal(loc, one).log_prob(z).sum()) for one in (scale, scale.sqrt()))
    assert f"has scale **{float(scale[11]):.3f}**" in text
    assert f"a band of {2 * float(scale[11].sqrt()):.2f} to each side: too wide" in text
    assert f"would read {wrong:.2f} nats, where it is {right:.2f}." in text


def test_first_figure_needs_no_torch():
    code = (
        "import sys; from dmm.ui import frame; from dmm.ui.gate import chorale, fields, lanes, meaning, tasks, trained;"
        "trained.draw_map(None, 4.4); fields.draw(None, 5, 'example', 80);"
        "print('torch' in sys.modules, 'pyro' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False False"


def test_mix_follows_the_state_and_the_held_gate():
    at = fragment("trained.show_mix")
    weights = gated.in_one_dimension(trained.ONE)
    dial(at, "here").set_value(-2.0).run()
    now = gated.lanes(weights, np.array([-2.0]))
    assert trained.mixture(now.g.item(), now.linear.item(), now.h.item(), now.loc.item()) in at.latex[0].value
    dial(at, "hold1").set_value(True).run()
    dial(at, "g1").set_value(0.5).run()
    now = gated.lanes(weights, np.array([-2.0]), 0.5)
    assert f"{now.loc.item():.3f}" in at.latex[0].value
    spec = shown_figures(at)["mix"]
    mean = next(one for one in spec["data"] if one["name"] == "loc here")
    assert mean["y"][0] == pytest.approx(now.loc.item())


def test_lanes_follow_beat_dimension_and_held_gate():
    at = fragment("lanes.show_lanes")
    for name, value in (("t", 33), ("i", 30), ("hold", True), ("g", 0.8)):
        dial(at, name).set_value(value).run()
    now = lanes.lanes_of(lanes.before(33), 0.8)
    shapes = views(at)["lanes"]["shapes"]
    assert f"<b>{now.loc[29]:.2f}</b>" in shapes["mean"]["label"]
    assert "<b>g = 0.80</b>" in shapes["gate"]["label"]
    assert "the 30th" in shapes["z"]["label"]
    assert shapes["gate"]["strong"]
    far = (trained.states()[32, 29] - now.loc[29]) / now.scale[29]
    assert f"**{trained.states()[32, 29]:.2f}** in dimension 30, {abs(far):.1f} standard deviations" in words(at)
    assert f"standard deviations {'above' if far > 0 else 'below'} this mean" in words(at)
    dial(at, "t").set_value(1).run()
    assert "the learned start" in words(at)


def test_bars_tell_of_the_dimension_that_is_chosen():
    at = fragment("meaning.show_dimensions")
    gates = trained.stored()[0].gates
    dial(at, "which").set_value(6).run()
    assert f"**Dimension 6**: its gate is open {gates[:, 5].mean():.2f} on average" in words(at)
    assert "hardly uses it" in words(at)
    assert f"from {min(gates[:, 5]):.2f} to {max(gates[:, 5]):.2f}. The chorale tells" in words(at)
    kl = trained.stored()[0].kl.mean(0)
    assert f"tells {kl[5]:.3f} nats per beat" in words(at)
    means = sorted(gates[:, i].mean() for i in range(32) if kl[i] > 0.01)
    told = (
        f"In the {len(means)} dimensions that the music uses, the mean gate runs from {means[0]:.2f} to {means[-1]:.2f}"
    )
    assert told in words(at)
    shown = json.loads(figures.gate_bars(gates, trained.stored()[0].kl.mean(0) > 0.01, 5).to_json())
    assert shown_figures(at)["bars"]["data"] == shown["data"]


@pytest.mark.parametrize(("place", "told"), [(0, "1 epoch"), (8, "15 epochs")])
def test_gates_over_the_chorale_are_those_of_the_moment(place, told):
    at = fragment("chorale.show_chorale")
    history = trained.stored()[1]
    last = views(at)["gates"]["gates"]["data"]
    (slider,) = at.select_slider
    assert slider.value == f"{history.epochs[-1]}"
    slider.set_value(f"{history.epochs[place]}").run()
    assert views(at)["gates"]["gates"]["data"] != last
    mean = history.moment(place).inspection.gates.mean()
    assert f"After **{told}**: gates open {mean:.2f} on average" in words(at)
    np.testing.assert_allclose(chorale.gates_over_training()[place].mean(), mean, rtol=1e-6)


@pytest.mark.parametrize(
    ("asked", "used", "refused"), [("30", "30", 0), ("400", "400", 0), ("31", "400", 1), ("x*", "400", 1)]
)
def test_moment_of_a_link_is_taken_or_refused_in_a_sentence(asked, used, refused):
    def script(asked):
        import streamlit as st

        from dmm.ui.gate import chorale

        st.query_params["epochs"] = asked
        chorale.show_chorale()

    at = AppTest.from_function(script, kwargs={"asked": asked}, default_timeout=30).run()
    assert not at.exception
    assert at.select_slider[0].value == used
    assert len(at.warning) == refused
    assert all("400 is used" in one.value for one in at.warning)


def test_field_follows_its_controls_and_shows_the_shut_gate_only_after_the_question():
    at = fragment("fields.show_field")
    _same(at, "field", None, 5, "example", 80)
    assert "**The gate as it is**" in words(at)
    assert set(shown_figures(at)) == {"field"}
    dial(at, "seed").set_value(43).run()
    dial(at, "dot").set_value(9).run()
    _same(at, "field", None, 9, "example", 43)
    dial(at, "clamp").set_value(True).run()
    dial(at, "at").set_value(0.4).run()
    _same(at, "field", 0.4, 9, "example", 43)
    assert "**The gate held at 0.4**" in words(at)
    assert "one may have been missed" in words(at)
    (radio,) = at.radio
    radio.set_value(plane_fields.SHAPES[2]).run()
    assert "Not this time" in words(at)
    _same(at, "shut", 0.0, 9, "example", 43)
    at.radio[0].set_value(plane_fields.SHAPES[1]).run()
    assert "**Right.**" in words(at)
    line = gated.example(43)
    x, y = np.linalg.solve(np.eye(2) - line.W, line.b)
    sizes = sorted(abs(np.linalg.eigvals(line.W)), reverse=True)
    assert f"({x:.2f}, {y:.2f}); the eigenvalues of its matrix have sizes {sizes[0]:.2f} and {sizes[1]:.2f}" in words(
        at
    )
    dial(at, "plane").set_value("components").run()
    _same(at, "field", 0.4, 9, "components")
    assert f"{100 * _share_in_the_plane(0.4):.0f} % lies in the plane" in words(at)
    dial(at, "plane").set_value("dimensions").run()
    _same(at, "field", 0.4, 9, "dimensions", 29, 24)
    dial(at, "up").set_value(30).run()
    assert [one.value for one in at.info] == ["A plane needs two different dimensions."]
    assert not at.exception


def _share_in_the_plane(held):
    """Of the squared length of the steps that the figure shows, by the module itself and the states' covariance."""
    z, transition = trained.states(), model_of(shipped_run())[0].transition
    plane, values = planes.make_plane("components"), np.linalg.eigh(np.cov(z.T))
    across = values[1][:, np.argsort(-values[0])[:2]]  # the two directions of the largest variance
    places = fields.grid(plane.low, plane.high, fields.ARROWS) @ plane.axes + z.mean(0)
    start = torch.tensor(places, dtype=torch.float32)
    step = ((1 - held) * transition.linear(start) + held * transition.proposal(start) - start).numpy()
    return np.sum((step @ across) ** 2) / np.sum(step**2)


def _same(at, key, *arguments):
    """The figure on the page is the one that the view of these arguments gives."""
    held, dot, *plane = arguments
    there = planes.make_plane(*plane)
    seen = fields.view(fields.Field(there.weights, there.origin, there.axes, held), there.low, there.high, dot - 1)
    drawn = json.loads(figures.vector_field(seen, there.titles, there.states).to_json())
    shown = shown_figures(at)[key]["data"]
    for name in ("path", "gates", "next state, ±1 sd", "stable fixed point"):
        assert _named(shown, name) == _named(drawn["data"], name), name


def _named(traces, name):
    return next(one for one in traces if one["name"] == name)


def test_table_of_resting_places_follows_its_slider(transition):
    at = fragment("rest.show_rest")
    assert "| **held at $g = 0.50$** | 1 | 0 |" in words(at)
    dial(at, "rest").set_value(0.7).run()
    now = rest.resting(0.7)
    assert f"| **held at $g = 0.70$** | {len(now.points)} | {len(now.stable)} |" in words(at)
    assert "it has run away" in words(at)
    lengths = [np.sqrt(np.sum(z**2)) for z in trained.states()]
    assert f"{sum(lengths) / 56:.1f} on average" in words(at)
    learned = rest.resting(None)
    slopes = [torch.func.jacrev(lambda z: transition(z)[0])(torch.tensor(one.place).float()) for one in learned.points]
    sizes = ", ".join(f"{float(torch.linalg.eigvals(one).abs().max()):.2f}" for one in slopes)
    told = f"| as learned | {len(slopes)} | {len(learned.stable)} | {sizes} | {learned.length:.1f} |"
    assert told in words(at), "both tested above by the module itself"
    assert "**F4 A#4 D5**" in words(at)


def test_every_line_about_stability_holds_in_numbers():
    """By hand: a path of the example itself, its slope by differences, its eigenvalue by a quadratic equation."""
    step, star = planes.make_plane("example", 80).field(None).step, nearby._rest()[1].place
    y, left = star + 1e-4, []
    for _ in range(3):
        y = step(y)
        left.append(y - star)
    J = np.stack([(step(star + h) - step(star - h)) / 2e-6 for h in 1e-6 * np.eye(2)], axis=1)
    largest = max(abs(np.roots([1, -J[0, 0] - J[1, 1], J[0, 0] * J[1, 1] - J[0, 1] * J[1, 0]])))
    d = np.full(2, 1e-4)
    both = [(step(star), star), (left[0], J @ d), (left[2], J @ J @ J @ d), ([largest**3], [largest**3])]
    for line, (one, other) in zip(nearby.nearby_steps(), both, strict=True):
        found = line.check()
        assert found.left_value == pytest.approx(np.linalg.norm(one), rel=1e-6)
        assert found.right_value == pytest.approx(np.linalg.norm(other), rel=1e-6)
        told = float(re.search(r"differ by at most (\S+)$", found.right)[1])
        assert told < 1e-3 * found.right_value, "whole vectors, not their lengths alone"
        if line.formula.count("approx"):
            assert told == pytest.approx(max(abs(np.subtract(one, other))), rel=0.1)
        assert "|" not in found.left + found.right, "they stand in a table"


def test_figure_beside_the_derivation_shows_its_point_and_a_path_that_comes_closer():
    at = fragment("nearby.show_why_stable")
    figure, part, _ = nearby.draw_near()
    assert shown_figures(at)["near"]["data"] == json.loads(figure.to_json())["data"]
    field = planes.make_plane("example", 80).field(None)
    mark, path = (trace(figure, name) for name in ("stable fixed point", "path"))
    (x,), (y,) = mark["x"], mark["y"]
    np.testing.assert_allclose(field.step(np.array([x, y])), [x, y], atol=1e-8)
    assert f"$z^\\star$ = ({x:.2f}, {y:.2f})" in words(at)
    assert [note.text for note in figure.layout.annotations] == ["z*"]
    assert (figure.layout.annotations[0].x, figure.layout.annotations[0].y) == (x, y)
    assert f"An arrow shows {100 * part:.0f} % of its step" in words(at)
    states = np.stack([path["x"], path["y"]], 1)
    np.testing.assert_allclose(field.step(states[:-1]), states[1:])
    far = np.linalg.norm(states - [x, y], axis=1)
    assert (np.diff(far) < 0).all()
    assert f"starts {far[0]:.2f} away" in words(at)
    assert f"{far[1]:.2f}, {far[2]:.2f} and {far[3]:.2f} away" in words(at)


# --- tasks -----------------------------------------------------------------------------------------------------------


def test_smallest_gate_that_holds_the_model_together_is_where_its_states_stop_running_away(transition):
    """By following every state of the chorale with the module itself."""
    least = tasks.least_open()

    def lengths(held):
        z = torch.tensor(trained.states(), dtype=torch.float32)
        for _ in range(150):
            z = ((1 - held) * transition.linear(z) + held * transition.proposal(z)).clamp(-1e6, 1e6)
        return z.norm(dim=1)

    assert float(lengths(least).min()) < 10
    assert float(lengths(least - rest.FINEST).min()) > 1e4
    assert least == 0.7


def test_fates_are_what_becomes_of_states_beside_the_point():
    one = tasks.least_stable()
    field = planes.make_plane("example", 80).field(None)
    vectors = np.linalg.eig(field.slope(one.place))[1]
    kept = []
    for direction in vectors.T.real:
        y = one.place + 1e-6 * direction
        for _ in range(3):
            y = field.step(y)
        kept.append(np.linalg.norm(y - one.place) < 1e-6)
    assert sorted(kept) == [False, True]
    assert tasks.fate(one) == tasks.FATES[1]
    pull, push = one._replace(eigenvalues=np.array([0.5, 0.1])), one._replace(eigenvalues=np.array([1.5, 1.1]))
    assert (tasks.fate(pull), tasks.fate(push)) == (tasks.FATES[0], tasks.FATES[2])


def answer(at, name, value):
    (found,) = (one for one in (*at.number_input, *at.radio) if one.key == f"task gate {name}")
    return found.set_value(value).run()


def test_tasks_accept_what_is_right_and_refuse_the_rest():
    at = fragment("tasks.show_tasks")
    told = re.search(r"gives (\S+), the proposal (\S+), and the gate is open (\S+)\. What", words(at))
    linear, h, g = map(float, told.groups())
    right = {"shut": 0.7, "mean": round((1 - g) * linear + g * h, 2), "fixed": tasks.FATES[1]}
    wrong = {"shut": 0.65, "mean": round(linear, 2), "fixed": tasks.FATES[0]}
    for done, (name, value) in enumerate(right.items(), 1):
        answer(at, name, wrong[name])
        assert words(at).count("**Right.**") == done - 1, name
        assert "**Not yet.**" in words(at)
        answer(at, name, value)
        assert words(at).count("**Right.**") == done, name
    assert not at.exception


def test_task_about_the_mean_asks_for_a_used_dimension_that_is_not_shown():
    t, j, now = tasks.wide_apart()
    assert (t, 12) == (20, lanes.state_dials()[1].start)
    assert j != 11
    assert trained.active()[j]
    assert abs(now.linear[j] - now.h[j]) > 0.5, "or any answer would do"
