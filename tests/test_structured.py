"""Structured inference: its figures against numbers, its numbers against the floors, and each control of the page."""

import json
import math

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from dmm import combiner, figures, floors, kalman, linear_gaussian, rnn, systems
from dmm.figures.bells import factorised_scale, multiply
from dmm.figures.chains import FUTURE, PAST, telling_frames
from dmm.figures.masks import sight
from dmm.floors import FAMILIES
from dmm.palette import LATENT
from dmm.runs.race_records import load_race
from dmm.ui.structured_inference import frames, gaps
from tests.test_pages import (
    assert_alive,
    assert_one_sentence,
    open_page,
    sentences,
    turn_to,
    views,
)
from tests.test_pages import figures as shown_figures
from tests.test_sight import DRAWN_Z_PREV, GIVEN_Z_PREV, T

PAGE = "structured_inference"
S9 = systems.linear()
QUESTIONS = ("summaries", "product", "means", "stuck", "tight", "side")


# --- what the figures show -------------------------------------------------------------------------------------------


def traces(figure):
    return {trace.name: trace for trace in figure.data}


@pytest.mark.parametrize("family", FAMILIES)
def test_sight_is_what_the_networks_see(family):
    """By the table that `test_sight` holds against the networks themselves."""
    direct = np.stack([GIVEN_Z_PREV[family](t).numpy() for t in range(T)])
    drawn = np.stack([DRAWN_Z_PREV[family](t).numpy() for t in range(T)])
    np.testing.assert_array_equal(sight(family, T) == 2, direct)
    np.testing.assert_array_equal(sight(family, T) > 0, drawn)


@pytest.mark.parametrize("family", FAMILIES)
def test_best_guess_hangs_on_what_is_seen_and_on_nothing_else(family):
    np.testing.assert_array_equal(sight(family, 6) > 0, floors.influence(S9, 6, family) != 0)


def test_masks_show_every_network_and_frame_the_row():
    figure = figures.network_masks(3, 5)
    grids = [trace for trace in figure.data if trace.type == "heatmap"]
    for grid, family in zip(grids, FAMILIES, strict=True):
        np.testing.assert_array_equal(grid.z, sight(family, 5))
    assert {(shape.y0, shape.y1) for shape in figure.layout.shapes} == {(2.5, 3.5)}
    arrows = [note for note in figure.layout.annotations if note.showarrow]
    assert len(arrows) == 3, "one into each structured network"
    assert (
        "ST-R sees directly x_3, x_4, x_5 and through the latent before x_1, x_2." in figure.layout.meta["description"]
    )


def test_first_latent_has_none_before_it():
    assert not any(note.showarrow for note in figures.network_masks(1, 5).layout.annotations)


@pytest.mark.parametrize("t", range(2, 7))
@pytest.mark.parametrize("known", [True, False])
def test_weights_are_zero_exactly_where_the_path_is_blocked(t, known):
    weights = frames.weights(t, known)
    open_frames = [s + 1 for s in np.flatnonzero(np.abs(weights) > 1e-9)]
    assert tuple(open_frames) == telling_frames(6, t, known)


def test_weights_are_slopes_of_the_exact_conditional_and_of_the_smoother():
    unit = np.concatenate([np.zeros((1, 6)), np.eye(6)])[..., None]
    b = kalman.conditionals(S9, unit).b[..., 0]
    smooth = kalman.smoother(S9, kalman.kalman_filter(S9, unit)).mean[..., 0]
    for t in range(2, 7):
        np.testing.assert_allclose(frames.weights(t, known=True), (b[1:] - b[0])[:, t - 1], atol=1e-12)
        np.testing.assert_allclose(frames.weights(t, known=False), (smooth[1:] - smooth[0])[:, t - 1], atol=1e-12)


def test_open_paths_are_coloured_and_blocked_ones_pale():
    nodes = traces(figures.open_paths(6, 4, known=True))
    full = {name: f"rgba({int(c[1:3], 16)},{int(c[3:5], 16)},{int(c[5:7], 16)},1)" for name, c in COLOURS.items()}
    for s in range(1, 7):
        assert (nodes[f"x{s}"].marker.line.color == full["future"]) == (s >= 4)
    assert nodes["z4"].marker.line.color == nodes["z3"].marker.line.color == full["latent"]
    nodes = traces(figures.open_paths(6, 4, known=False))
    assert [nodes[f"x{s}"].marker.line.color for s in (1, 2, 3)] == [full["past"]] * 3


COLOURS = {"past": PAST, "future": FUTURE, "latent": LATENT}


@pytest.mark.parametrize(("side", "direction"), [("left", rnn.LEFT), ("right", rnn.RIGHT)])
def test_what_a_state_has_heard_is_what_moves_a_real_rnn(side, direction):
    """By autograd, in an RNN of which no unit is shut."""
    one = rnn.RNN(1, 3, direction)
    for parameter in one.parameters():
        parameter.data.abs_()
    x = torch.ones(1, 6, 1, requires_grad=True)
    states = one(x, torch.tensor([6]))[0]
    slopes = (torch.autograd.grad(state.sum(), x, retain_graph=True)[0][0, :, 0] for state in states)
    assert frames.heard(side) == [set((np.flatnonzero(slope) + 1).tolist()) for slope in slopes]


def test_one_reading_from_the_last_frame_back_makes_all_summaries():
    answer, because = frames.steps_needed()
    assert answer == "6 steps", "one for each frame"
    assert "has then heard $x_4, x_5, x_6$" in because
    assert "has heard $x_1, x_2, x_3, x_4$" in because
    assert f"{6 + 5 + 4 + 3 + 2 + 1} steps in all" in because


@pytest.mark.parametrize("family", FAMILIES)
def test_wiring_has_the_arrows_of_the_network(family):
    structured_one, sides = FAMILIES[family][0], [side for side in ("left", "right") if side[0] in family[3:]]
    figure = figures.wiring(structured_one, sides, frames=3)
    nodes = traces(figure)
    assert ("z0" in nodes) == structured_one
    arrows = {(note.ax, note.ay, note.x, note.y): note.arrowcolor for note in figure.layout.annotations}
    at = {name: (node.x[0], node.y[0]) for name, node in nodes.items()}

    def full(start, end):
        return arrows.get((*at[start], *at[end]), "").endswith(",1)")

    assert full("left1", "left2") == full("x2", "left2") == full("left2", "c2") == ("left" in sides)
    assert full("right2", "right1") == full("x2", "right2") == full("right2", "c2") == ("right" in sides)
    assert full("z1", "c2") == structured_one
    assert full("c2", "z2")
    assert (*at["right1"], *at["right2"]) not in arrows, "the right RNN runs backwards"


@pytest.mark.parametrize(("left", "right"), [((-2.0, 1.2), (2.0, 1.2)), ((0.5, 0.3), (-4.0, 3.0)), ((1.0, 2.0),) * 2])
def test_product_of_two_bells_is_the_combiners(left, right):
    wanted = combiner.product(*(torch.tensor(number, dtype=torch.float64) for number in (*left, *right)))
    np.testing.assert_allclose(multiply(left, right), [float(part) for part in wanted], rtol=1e-12)
    bell = traces(figures.two_bells(left, right))["their product"]
    z, height = np.asarray(bell.x), np.asarray(bell.y)
    loc, scale = multiply(left, right)
    by_hand = math.exp(-(((z[100] - loc) / scale) ** 2) / 2) / (scale * math.sqrt(2 * math.pi))
    assert height[100] == pytest.approx(by_hand)
    both = np.prod([np.exp(-(((z - m) / s) ** 2) / 2) for m, s in (left, right)], axis=0)
    near = both > 1e-6 * both.max()
    ratio = height[near] / both[near]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)
    assert "their product" not in traces(figures.two_bells(left, right, answered=False))


@pytest.mark.parametrize("rho", [-0.95, 0.0, 0.5, 0.8])
def test_factorised_ellipse_is_the_best_of_all(rho):
    """KL(q || p) of factorised Gaussians of any mean and widths, by search."""
    precision = np.linalg.inv([[1, rho], [rho, 1]])

    def kl(mean, scale):
        mean, var = np.asarray(mean), np.asarray(scale) ** 2
        inside = (precision.diagonal() * var).sum() + mean @ precision @ mean - 2
        return (inside - np.log(var).sum() - np.linalg.slogdet(precision)[1]) / 2

    best = kl([0, 0], [factorised_scale(rho)] * 2)
    assert best == pytest.approx(-math.log(factorised_scale(rho)))
    rng = np.random.default_rng(0)
    for _ in range(200):
        assert kl(0.1 * rng.normal(size=2), factorised_scale(rho) * np.exp(0.1 * rng.normal(size=2))) >= best
    outline = traces(figures.ellipses(rho))
    x, y = (np.asarray(outline["posterior"][axis]) for axis in "xy")
    np.testing.assert_allclose(np.einsum("in,ij,jn->n", [x, y], precision, [x, y]), 4)
    assert max(outline["best factorised q"].x) == pytest.approx(2 * factorised_scale(rho))
    assert "best factorised q" not in traces(figures.ellipses(rho, answered=False))


def test_maps_share_one_scale_that_is_the_same_on_both_sides_of_zero():
    maps = {"exact": floors.influence(S9, 12), "best": floors.influence(S9, 12, "st-l"), "learned": -np.eye(12)}
    figure = figures.influence_maps(maps, t=4)
    for trace, (name, values) in zip(figure.data, maps.items(), strict=True):
        assert trace.name == name
        assert trace.coloraxis == "coloraxis"
        np.testing.assert_array_equal(trace.z, values)
    assert figure.layout.coloraxis.cmax == -figure.layout.coloraxis.cmin == maps["exact"].max()
    assert "cut off" in figure.layout.coloraxis.colorbar.title.text
    assert {(shape.y0, shape.y1) for shape in figure.layout.shapes} == {(3.5, 4.5)}
    assert "best: " in figure.layout.meta["description"]
    assert "0.00 from the future" in figure.layout.meta["description"]


@pytest.mark.parametrize("maps", [{}, {"a": np.eye(3), "b": np.eye(4)}, {"a": np.ones((2, 3))}])
def test_maps_that_do_not_fit_are_refused(maps):
    with pytest.raises(ValueError, match="expected 1 to 4 of one shape"):
        figures.influence_maps(maps)


def test_row_of_a_map_is_drawn_as_lines():
    rows = {"exact": floors.influence(S9, 25)[12], "Kalman filter": np.zeros(25)}
    lines = traces(figures.influence_lines(rows, 13, "Kalman filter"))
    np.testing.assert_array_equal(lines["exact"].y, rows["exact"])
    assert lines["Kalman filter"].line.dash == "dot"


def bars(figure):
    """From the part to where it begins and ends, for each network."""
    return {
        trace.name: (np.broadcast_to(trace.base, len(trace.x)), np.broadcast_to(trace.base, len(trace.x)) + trace.x)
        for trace in figure.data
        if trace.type == "bar"
    }


def test_gap_bars_end_at_the_floors():
    by_family = floors.floors(S9, 25)
    parts = bars(figures.gap_bars(by_family))
    bound = [one.bound for one in by_family.values()]
    np.testing.assert_allclose(parts["exact NLL"][1], by_family["st-r"].exact)
    np.testing.assert_allclose(parts["mean field"][0], by_family["st-r"].exact)
    np.testing.assert_allclose(parts["blind"][0], parts["mean field"][1])
    np.testing.assert_allclose(parts["blind"][1], bound, atol=1e-12)
    assert set(parts) == {"exact NLL", "mean field", "blind"}


def test_gap_bars_add_what_optimisation_leaves_with_its_error():
    by_family = floors.floors(S9, 25)
    figure = figures.gap_bars(by_family, {"mf-l": (0.40, 0.01), "st-r": (-0.002, 0.003)})
    exact, parts = by_family["st-r"].exact, bars(figure)
    ends = dict(zip(by_family, parts["optimisation"][1], strict=True))
    assert ends["mf-l"] == pytest.approx(exact + 0.40)
    assert ends["st-r"] == pytest.approx(exact), "Monte Carlo may put a bound below its floor"
    assert ends["st-l"] == pytest.approx(by_family["st-l"].bound), "which was not trained"
    whiskers = traces(figure)["reached ± 2 s.e."]
    assert list(whiskers.y) == ["MF-L", "ST-R"]
    np.testing.assert_allclose(whiskers.x, [exact + 0.40, exact - 0.002])
    np.testing.assert_allclose(whiskers.error_x.array, [0.02, 0.006])
    labels = traces(figure)["bound"]
    written = {name: words.replace("\u00a0", "") for name, words in zip(labels.y, labels.text, strict=True)}
    assert written["MF-L"] == f"{exact + 0.4:.4f} reached<br>{by_family['mf-l'].bound:.4f} floor"
    assert written["ST-L"] == f"{by_family['st-l'].bound:.4f} floor"
    starts = dict(zip(labels.y, labels.x, strict=True))
    assert starts["MF-L"] == pytest.approx(exact + 0.42), "right of the whisker"
    assert starts["ST-R"] == pytest.approx(exact + 0.004)
    assert starts["ST-L"] == pytest.approx(by_family["st-l"].bound)
    assert f"training reached {exact + 0.4:.4f}, standard error 0.0100" in figure.layout.meta["description"]


@pytest.mark.parametrize("reached", [{"dks": (0.1, 0.1)}, {"st-r": (math.nan, 0.1)}])
def test_gap_bars_refuse_what_they_cannot_draw(reached):
    with pytest.raises(ValueError, match="expected"):
        figures.gap_bars(floors.floors(S9, 25), reached)


@pytest.mark.parametrize("family", FAMILIES)
def test_blind_gap_of_any_means_is_that_of_the_floors(family):
    gap = gaps.blind_gap(S9, floors.influence(S9, 25, family))
    assert gap == pytest.approx(floors.floor(S9, 25, family).blind_gap, abs=1e-12)


def test_kalman_filter_is_a_causal_guess_but_not_the_best():
    causal = gaps.kalman_as_guess(S9, 25)
    x = linear_gaussian.sample(S9, 2, 25, np.random.default_rng(0))[1]
    mean = kalman.kalman_filter(S9, x).mean[..., 0]
    np.testing.assert_allclose(mean[1] - mean[0], causal.influence @ (x[1] - x[0])[:, 0], atol=1e-9)
    best = floors.floor(S9, 25, "st-l")
    assert causal.blind_gap > best.blind_gap
    assert causal.rmse < best.rmse
    assert round(causal.rmse, 4) == 4.6465


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.fixture
def page():
    return open_page(PAGE)


PARTS = {  # which function of the page asks
    "summaries": "frames.show_mimic()",
    "product": "wiring.show_product()",
    "means": "gaps.show_mean_field()",
    **dict.fromkeys(("stuck", "tight", "side"), "gaps.show_tasks()"),
}


def part(call):
    """One part of the page by itself: quicker than the whole."""
    script = f"from dmm.ui.structured_inference import frames, gaps, race, wiring\n{call}"
    return assert_sound(AppTest.from_string(script, default_timeout=30).run())


def assert_sound(at):
    assert [one.message for one in at.exception] == []
    return at


def choose(at, question, place):
    radio = asked(at, question)
    return radio.set_value(radio.options[place]).run()


def asked(at, question):
    """The radio buttons of a question in the middle of the page, or of a task at its end."""
    (radio,) = (one for one in at.radio if one.key.split()[-1] == question)
    return radio


def answer_all(at):
    for question in QUESTIONS:
        radio = asked(at, question)
        radio.set_value(radio.options[0])
    return at.run()


def dial(at, name):
    (found,) = (one for one in (*at.slider, *at.toggle) if one.key.split()[-1] == name)
    return found


def network(at, name):
    (found,) = (one for one in at.get("button_group") if one.key.split()[-1] == name)
    return found


def text(at):
    return "\n".join(one.value for kind in (at.markdown, at.caption, at.latex) for one in kind)


def grid(at, key):
    """What a heat map's row is framed by."""
    return shown_figures(at)[key]["layout"]["shapes"][0]["y0"]


def test_page_opens_with_figures_in_words_and_no_answer(page):
    assert_alive(page, PAGE)
    assert sentences(page) == []
    shown = {"chain", "weights", "masks", "wiring", "bells", "influence", "influence_row", "gaps", "ellipses"}
    assert set(shown_figures(page)) == shown
    assert all(chart.proto.alt for chart in page.get("plotly_chart"))
    assert {one.key.split()[-1] for one in page.radio} == set(QUESTIONS)
    assert all(one.value is None for one in page.radio)
    assert "narrower" not in text(page)
    assert "runs backwards" not in text(page)


@pytest.mark.parametrize(
    ("question", "place"), [("summaries", 0), ("product", 2), ("means", 1), ("stuck", 3), ("tight", 2), ("side", 1)]
)
def test_right_answer_is_called_right_and_the_others_are_not(question, place):
    at = part(PARTS[question])
    radio = asked(at, question)
    for other in range(len(radio.options)):
        assert_sound(choose(at, question, other))
        assert ("**Right.**" in text(at)) == (other == place)


def test_numbers_in_the_words_are_the_floors(page):
    by_family = floors.floors(S9, 25)
    filtered = kalman.kalman_filter(S9, np.zeros((1, 25, 1)))
    smooth, blind = kalman.smoother(S9, filtered), gaps.filter_on_s9().blind_gap  # the second is tested above
    assert blind > by_family["st-l"].blind_gap + 1e-3
    words = text(answer_all(page))
    for number in (
        f"**{by_family['st-r'].exact:.4f}**",
        f"MF-LR {by_family['mf-lr'].mean_field_gap:.4f}",
        f"ST-L {by_family['st-l'].blind_gap:.4f}",
        f"= {by_family['mf-l'].bound:.4f}",
        f"One is {by_family['st-l'].bound:.4f} nats per frame",
        f"exact {by_family['st-lr'].exact:.4f}",
        f"{by_family['mf-l'].bound:.4f} from the left, {by_family['mf-r'].bound:.4f} from the right",
        f"share it: {by_family['mf-lr'].rmse:.3f} and {by_family['st-r'].rmse:.3f}",
        f"(RMSE {np.sqrt(filtered.cov.mean()):.2f}; the best ST-L has {by_family['st-l'].rmse:.2f})",
        f"lose {blind:.4f} nats per frame for being blind, the best one loses {by_family['st-l'].blind_gap:.4f}",
        f"$\\rho = {smooth.lag_one[0, 11, 0, 0] / np.sqrt(np.prod(smooth.cov[0, 11:13])):.2f}$",
        "Here that is 0.60,",  # of a correlation of 0.8: sqrt(1 - 0.64)
        "= 0.5108$ nats",  # -log(0.6)
    ):
        assert number in words, number
    assert r"\mu = 0.00" in words
    out = f"h<sub>combined</sub> = {(math.tanh(1) + 0.8) / 2:.2f}"
    assert views(page)["combiner"]["shapes"]["out"]["label"] == out


def test_paths_and_weights_follow_the_latent_and_what_is_known():
    at = part("frames.show_chain()")
    np.testing.assert_allclose(y_of(at, "weights"), frames.weights(4, known=True), atol=1e-12)
    dial(at, "t").set_value(3).run()
    np.testing.assert_allclose(y_of(at, "weights"), frames.weights(3, known=True), atol=1e-12)
    dial(at, "known").set_value(False).run()
    np.testing.assert_allclose(y_of(at, "weights"), frames.weights(3, known=False), atol=1e-12)
    assert_sound(at)


def y_of(at, key):
    return decoded(shown_figures(at)[key]["data"][0]["y"])


def decoded(values):
    """Numbers as plotly sends them."""
    if not isinstance(values, dict):
        return np.asarray(values, dtype=float)
    import base64

    flat = np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
    return flat.reshape([int(n) for n in values.get("shape", str(len(flat))).split(",")])


def test_mimic_and_recursion_show_once_the_steps_were_counted():
    at = part("frames.show_mimic()")
    assert not at.latex
    choose(at, "summaries", 1)
    assert [line in text(at) for line, _ in frames.MIMIC] == [True, True]
    assert "runs backwards" in text(at)


def test_row_is_framed_in_the_grids():
    at = part("wiring.show_masks()")
    assert grid(at, "masks") == 3.5
    dial(at, "row").set_value(2).run()
    assert grid(at, "masks") == 1.5


@pytest.mark.parametrize(
    ("name", "words", "code"),
    [
        ("mf-l", "a Gaussian **message**", "class Message"),
        ("mf-lr", "the **product**", "def product"),
        ("st-lr", "a **combiner**", "class Combiner"),
    ],
)
def test_wiring_follows_the_network(name, words, code):
    at = part("wiring.show_wiring()")
    network(at, "network").set_value(name).run()
    assert_sound(at)
    assert f"**{name.upper()}**" in text(at)
    assert words in text(at)
    assert any(block.value.startswith(code) for block in at.code)


def test_product_follows_its_sliders():
    at = part("wiring.show_product()")
    choose(at, "product", 2)
    for name, value in {"left_mean": 1.5, "left_sd": 0.5, "right_mean": -1.0, "right_sd": 2.0}.items():
        dial(at, name).set_value(value).run()
    loc, scale = multiply((1.5, 0.5), (-1.0, 2.0))
    assert rf"\mu = {loc:.2f}$ and $\sigma = {scale:.2f}$" in text(at)
    assert len(shown_figures(at)["bells"]["data"]) == 3


def test_influence_follows_network_and_row():
    at = part("gaps.show_influence(race.learned())")
    stored = {one.inference: one.influence for one in load_race().results}
    for name in FAMILIES:
        network(at, "guess").set_value(name).run()
        assert_sound(at)
        exact, best, learned = (decoded(trace["z"]) for trace in shown_figures(at)["influence"]["data"])
        np.testing.assert_array_equal(learned, stored[name])
        np.testing.assert_allclose(exact, floors.influence(S9, 25), atol=1e-12)
        np.testing.assert_allclose(best, floors.influence(S9, 25, name), atol=1e-12)
        assert ("not the Kalman filter" in text(at)) == name.endswith("-l")
    dial(at, "latent").set_value(20).run()
    assert grid(at, "influence") == 19.5
    np.testing.assert_allclose(y_of(at, "influence_row"), floors.influence(S9, 25)[19], atol=1e-12)


def test_gap_meter_follows_the_noise_and_sees_when_its_task_is_done():
    at = part("gaps.show_gaps(race.reached())")
    by_family = floors.floors(S9, 25)
    assert f"pays {by_family['mf-l'].blind_gap:.4f} for being blind and {by_family['mf-l'].mean_field_gap:.4f}" in text(
        at
    )
    assert "Yes, here." not in text(at)
    dial(at, "noise").set_value(2).run()
    by_family = floors.floors(S9._replace(R=np.array([[2.0]])), 25)
    assert by_family["mf-l"].blind_gap > by_family["mf-l"].mean_field_gap
    assert f"= {by_family['mf-l'].bound:.4f}" in text(at)
    assert "**Yes, here.**" in text(at)


def test_ellipse_follows_the_correlation():
    at = part("gaps.show_mean_field()")
    choose(at, "means", 1)
    dial(at, "rho").set_value(0.5).run()
    assert f"{-math.log(math.sqrt(0.75)):.4f}$ nats" in text(at)
    assert "correlation 0.50" in next(c.proto.alt for c in at.get("plotly_chart") if "llipse" in c.proto.alt)


def test_values_and_answers_are_kept_while_another_page_is_on_the_screen(page):
    dial(page, "rho").set_value(0.5)
    dial(page, "left_mean").set_value(3.0)
    network(page, "guess").set_value("mf-r")
    choose(page, "product", 1)
    turn_to(page, "home")
    turn_to(page, PAGE)
    assert_alive(page, PAGE)
    assert dial(page, "rho").value == 0.5
    assert dial(page, "left_mean").value == 3.0
    assert network(page, "guess").value == "mf-r"
    assert next(one for one in page.radio if one.key == "predict product").index == 1


def test_link_sets_the_controls():
    at = open_page(PAGE, t="2", left_sd="0.5", noise="7", rho="-0.5", guess="mf-r", network="mf-lr", latent="3")
    assert_alive(at, PAGE)
    assert sentences(at) == []
    values = {"t": 2, "left_sd": 0.5, "noise": 7, "rho": -0.5, "latent": 3}
    assert {name: dial(at, name).value for name in values} == values
    assert [network(at, name).value for name in ("guess", "network")] == ["mf-r", "mf-lr"]


def test_wrong_link_is_refused_in_a_sentence():
    at = open_page(PAGE, noise="1000", guess="dks")
    assert_alive(at, PAGE)
    refused = [one.value for one in at.warning]
    assert len(refused) == 2
    for sentence in refused:
        assert_one_sentence(sentence)
    assert dial(at, "noise").value == 20


LEARNED = """
import json
import numpy as np
from dmm.ui.structured_inference import gaps
gaps.show_influence({"st-l": np.full((25, 25), 0.25)})
gaps.show_gaps({"st-l": (0.16, 0.002)})
"""


def test_learned_matrix_and_reached_bound_are_shown_when_given():
    at = AppTest.from_string(LEARNED, default_timeout=30).run()
    assert not at.exception
    maps = shown_figures(at)["influence"]["data"]
    assert [one["name"] for one in maps] == ["exact", "best ST-L", "learned ST-L"]
    assert (decoded(maps[2]["z"]) == 0.25).all()
    names = [one["name"] for one in shown_figures(at)["gaps"]["data"]]
    assert "optimisation" in names
    assert "Monte-Carlo" in text(at)
    dial(at, "noise").set_value(19).run()
    assert "optimisation" not in json.dumps(shown_figures(at)["gaps"]), "it was measured at another noise"
