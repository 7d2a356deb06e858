"""The page on state-space models: its numbers are Kalman's, each control does what it says, wrong links are refused."""

import re

import numpy as np
import pytest

from dmm import figures, kalman, linear_gaussian, one_dimension
from dmm.figures import maps
from dmm.ui.state_space import beyond
from dmm.ui.state_space.beliefs import profile
from dmm.ui.state_space.tasks import AGAIN, FAR, LOUDER, WHERE, own_weight
from dmm.ui.state_space.world import RANGES, WORLD, make_world, parameter
from dmm.ui.tasks import NOT_YET
from tests.test_pages import assert_alive, assert_one_sentence, open_page, sentences, turn_to, widgets
from tests.test_pages import figures as drawn

START = {dial.name: dial.start for dial in WORLD}


def open_it(**query):
    return open_page("state_space", **query)


def control(at, name):
    (found,) = (one for one in widgets(at) if one.key == f"dial state_space {name}")
    return found


def words(at):
    return " ".join(one.value for one in [*at.markdown, *at.caption])


def array(value):
    """Numbers of a trace, as plotly packs them."""
    if isinstance(value, dict):
        import base64

        return np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
    return np.array(value)


def trace(figure, name):
    (found,) = (one for one in figure["data"] if one["name"] == name)
    return array(found["x"]), array(found["y"])


# --- the model in one dimension, against what is independent of it -----------------------------------------------


@pytest.mark.parametrize(("a", "c", "Q", "R"), [(0.9, 1.0, 0.5, 1.0), (-1.1, 2.0, 0.05, 10.0), (1.0, 0.0, 4.0, 0.05)])
@pytest.mark.parametrize("holes", [False, True])
def test_log_likelihood_equals_kalman_and_the_dense_gaussian(a, c, Q, R, holes):
    model = one_dimension.make_model(a, c, Q, R)
    _, x = one_dimension.draw(model, 30, 3)
    observed = one_dimension.middle(30) if holes else None
    found = one_dimension.log_likelihood(a, c, np.array([Q, 2 * Q]), R, x, observed)[0]
    seen = np.ones((1, 30)) if observed is None else observed[None]
    assert found == pytest.approx(kalman.kalman_filter(model, x[None, :, None], seen).log_likelihood[0], rel=1e-10)
    step = np.tril(a ** np.maximum(np.subtract.outer(np.arange(30), np.arange(30)), 0.0))  # z = step @ noise
    cov = (c**2 * Q * step @ step.T + R * np.eye(30))[np.ix_(seen[0] == 1, seen[0] == 1)]
    kept = x[seen[0] == 1]
    dense = -(kept @ np.linalg.solve(cov, kept) + np.linalg.slogdet(2 * np.pi * cov)[1]) / 2
    assert found == pytest.approx(dense, rel=1e-8)


def test_draws_are_those_of_the_linear_gaussian_model_and_longer_runs_go_on():
    model = one_dimension.make_model(0.8, 1.5, 0.3, 2.0)
    z, x = one_dimension.draw(model, 200, 7)
    whole = linear_gaussian.sample(model, 1, 200, np.random.default_rng(7))
    np.testing.assert_array_equal([z, x], [part[0, :, 0] for part in whole])
    np.testing.assert_array_equal(one_dimension.draw(model, 20, 7), [z[:20], x[:20]])


def test_random_numbers_stay_while_a_parameter_moves():
    z, x = one_dimension.draw(one_dimension.make_model(0.8, 1.0, 0.5, 1.0), 50, 1)
    louder_z, louder_x = one_dimension.draw(one_dimension.make_model(0.8, 1.0, 0.5, 4.0), 50, 1)
    np.testing.assert_array_equal(z, louder_z)
    np.testing.assert_allclose(louder_x - z, 2 * (x - z))


@pytest.mark.parametrize(("name", "value"), [("Q", 0), ("Q", -1), ("R", 0), ("R", float("nan")), ("a", float("inf"))])
def test_variance_that_is_none_is_refused_in_a_sentence(name, value):
    values = {"a": 0.9, "c": 1.0, "Q": 0.5, "R": 1.0} | {name: value}
    with pytest.raises(ValueError, match="must be") as error:
        one_dimension.make_model(**values)
    assert_one_sentence(str(error.value))


@pytest.mark.parametrize("frames", [0, -1, 10**6])
def test_number_of_frames_out_of_range_is_refused(frames):
    with pytest.raises(ValueError, match=f"frames must be 1 to 200: got {frames:,}"):
        one_dimension.draw(one_dimension.make_model(0.9, 1, 0.5, 1), frames, 0)


def test_middle_loses_at_most_ten_frames_and_at_most_half():
    assert [int((1 - one_dimension.middle(T)).sum()) for T in (1, 2, 3, 9, 80, 200)] == [0, 1, 1, 4, 10, 10]
    assert one_dimension.middle(80)[[34, 35, 44, 45]].tolist() == [1, 0, 0, 1]


def test_gated_step_is_the_gated_transition_of_the_model():
    torch = pytest.importorskip("torch")
    from dmm.model import GatedTransition

    gate, proposal, (weight, bias) = one_dimension.gated_weights(beyond.EXAMPLE, 8)
    module = GatedTransition(1, 8).double()
    state = {"linear.weight": [[1.0]], "linear.bias": [0.0], "to_scale.weight": [[weight]], "to_scale.bias": [bias]}
    for name, (first, inner, last, end) in (("gate", gate), ("proposal", proposal)):
        state |= {f"{name}.0.weight": first[:, None], f"{name}.0.bias": inner, f"{name}.2.weight": last[None]}
        state[f"{name}.2.bias"] = [end]
    module.load_state_dict({name: torch.as_tensor(np.array(value)) for name, value in state.items()})
    z = np.linspace(-6, 6, 25)
    with torch.no_grad():
        wanted = [part[:, 0].numpy() for part in module(torch.as_tensor(z)[:, None])]
    np.testing.assert_allclose(one_dimension.gated(beyond.EXAMPLE)(z), wanted, rtol=1e-12)


# --- figures -------------------------------------------------------------------------------------------------------


def test_bell_through_a_straight_map_is_the_bell_that_kalman_predicts():
    z = np.linspace(-7, 7, 141)
    _, after, bell = maps.through(one_dimension.straight(0.9, 0.5), 1.0, 1.2, z)
    variance = 0.9**2 * 1.2**2 + 0.5
    wanted = np.exp(-((z - 0.9) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    np.testing.assert_allclose(after, wanted, atol=1e-6)
    np.testing.assert_allclose(bell, wanted, atol=1e-6)


def test_bell_through_a_curve_is_what_many_draws_become_and_no_bell():
    z = np.linspace(-7, 7, 57)
    step = one_dimension.curved(0.5)
    _, after, bell = maps.through(step, 0.0, 1.2, z)
    rng = np.random.default_rng(0)
    mean, noise = step(rng.normal(0.0, 1.2, 400_000))
    counts, edges = np.histogram(rng.normal(mean, noise), bins=56, range=(-7, 7), density=True)
    middles = (edges[1:] + edges[:-1]) / 2
    np.testing.assert_allclose(counts, maps.through(step, 0.0, 1.2, middles)[1], atol=0.006)
    assert abs(after - bell).max() > 0.03
    figure = figures.noisy_map(step, "curved", 0.0, 1.2)
    assert "2 humps" in figure.layout.meta["description"]


def test_likelihood_curve_marks_world_belief_and_best():
    values = np.linspace(-2, 2, 81)
    nats = -49 * (abs(values) - 1.2) ** 2 - 100
    figure = figures.likelihood_curve(values, nats, 10, "c", (1.0, -102.0), (0.5, -124.5))
    marks = {one.name: (one.x[0], one.y[0]) for one in figure.data[1:]}
    assert marks["the world's: 1"] == (1.0, -10.2)
    assert marks["the best: 1.2"] == pytest.approx((1.2, -10.0))
    assert marks["the model's: 0.5"] == (0.5, -12.45)
    (shade,) = figure.layout.shapes
    assert (shade.x0, shade.x1) == pytest.approx((1.0, 1.4))


def test_bands_are_two_standard_deviations_and_said_in_words():
    one = figures.Band("filter", "#000000", 2, np.array([1.0, 2.0]), np.array([0.5, 0.1]), np.array([3.0, 4.0]))
    figure = figures.hidden_and_seen([0.0, 1.5, 3.0], [0.0, 1.0, 2.0], [one], used=[1, 1, 0])
    area = next(trace for trace in figure.data if trace.fill == "toself")
    assert list(area.x) == [2, 3, 3, 2]
    assert list(area.y) == pytest.approx([2.0, 2.2, 1.8, 0.0])
    assert "holds 1 of 2 true states" in figure.layout.meta["description"]
    assert {trace.name for trace in figure.data} >= {"seen x", "x not looked at", "hidden z"}
    bare = figures.hidden_and_seen([0.0, 1.5, 3.0], [0.0, 1.0, 2.0], [one], show_truth=False, show_seen=False)
    assert not {trace.name for trace in bare.data} & {"seen x", "hidden z"}
    with pytest.raises(ValueError, match="expected 3"):
        figures.hidden_and_seen([0.0, 1.5, 3.0], [0.0, 1.0, 2.0], [one], used=[1])


def test_table_whose_rows_do_not_sum_to_one_is_refused():
    assert figures.transition_table(beyond.TABLE).data[0].z.shape == (3, 3)
    with pytest.raises(ValueError, match="expected 1 each"):
        figures.transition_table([[0.5, 0.4], [0.5, 0.5]])


def test_rows_show_what_each_looks_at():
    names = [
        one.name for one in figures.who_sees_what().data if one.hovertext and one.hovertext.endswith(": looked at")
    ]
    count = {name: sum(one.startswith(name) for one in names) for name in ("filter", "smoother", "prediction")}
    assert count == {"filter": 4, "smoother": 6, "prediction": 4}


# --- the page ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page():
    """As it opens; only for looking."""
    return open_it()


def test_page_shows_its_figures_with_words(page):
    assert_alive(page, "state_space")
    assert set(drawn(page)) == {
        *("graph", "world", "rows", "likelihood", "belief", "straight", "curved", "hmm", "table", "dmm", "network")
    }
    assert all(chart.proto.alt for chart in page.get("plotly_chart"))


def test_numbers_of_the_table_are_kalmans(page):
    model = one_dimension.make_model(*(START[letter] for letter in "acQR"))
    z, x = one_dimension.draw(model, START["T"], START["seed"])
    filtered = kalman.kalman_filter(model, x[None, :, None])
    smoothed = kalman.smoother(model, filtered)
    prior = [START["Q"]]
    for _ in range(1, START["T"]):
        prior.append(START["a"] ** 2 * prior[-1] + START["Q"])
    table = next(one.value for one in page.markdown if one.value.startswith("| who"))
    for name, mean, variance in (
        ("nobody", np.zeros_like(z), np.array(prior)),
        ("filter", filtered.mean[0, :, 0], filtered.cov[0, :, 0, 0]),
        ("smoother", smoothed.mean[0, :, 0], smoothed.cov[0, :, 0, 0]),
    ):
        misses, expects = np.sqrt(np.mean((z - mean) ** 2)), np.sqrt(variance.mean())
        share = 100 * (1 - variance.mean() / np.mean(prior))
        assert f"| {name} | {misses:.3g} | {expects:.3g} | {abs(share):.0f} % |" in table
    figure = drawn(page)["world"]
    np.testing.assert_allclose(trace(figure, "filter")[1], filtered.mean[0, :, 0])
    np.testing.assert_allclose(trace(figure, "hidden z")[1], z)
    np.testing.assert_allclose(trace(figure, "seen x")[1], x)
    assert f"holds the true $z$ in **{_held(z, filtered.mean[0], filtered.cov[0])} of 80** frames" in words(page)


def _held(z, mean, cov):
    """In how many frames z is no farther from the mean than two standard deviations."""
    return int(((z - mean[:, 0]) ** 2 <= 4 * cov[:, 0, 0]).sum())


@pytest.mark.parametrize(("name", "value"), [("a", -0.5), ("c", 2.0), ("Q", 2.0), ("R", 5.0), ("T", 40), ("seed", 9)])
def test_each_slider_of_the_world_changes_the_run(page, name, value):
    at = open_it()
    control(at, name).set_value(value).run()
    before, after = (trace(drawn(one)["world"], "seen x")[1] for one in (page, at))
    world = make_world(START | {name: value})
    np.testing.assert_allclose(after, world.x)
    assert len(before) != len(after) or not np.allclose(before, after)
    assert sentences(at) == []
    assert_alive(at.run(), "state_space")


ANSWERED = {"predict where": WHERE[0]} | {
    f"task state_space {name}": choices[0] for name, choices in (("louder", LOUDER), ("far", FAR), ("again", AGAIN))
}


@pytest.mark.parametrize(
    ("name", "value"), [("a", 0.0), ("c", 2.0), ("Q", 2.0), ("R", 5.0), ("T", 40), ("seed", 9), ("holes", True)]
)
def test_parts_that_run_again_are_all_that_changes(name, value):
    at = open_it(unknown=name if name in RANGES else "R")
    for key, choice in ANSWERED.items():
        next(one for one in at.radio if one.key == key).set_value(choice).run()
    before, texts = drawn(at.run()), words(at)
    control(at, name).set_value(value).run()
    parts, told = drawn(at), [one.value for one in [*at.markdown, *at.caption]]
    assert set(parts) == {"world", "widths", "likelihood", "belief", "straight", "curved"}
    assert_alive(at.run(), "state_space")
    assert drawn(at) == before | parts
    assert {one.value for one in [*at.markdown, *at.caption] if one.value not in texts} <= set(told)
    assert all(one in words(at) for one in told)


def _ahead(variance, steps):
    """The standard deviation some steps later: a geometric sum."""
    shrunk = START["a"] ** (2 * steps)
    return np.sqrt(shrunk * variance + START["Q"] * (1 - shrunk) / (1 - START["a"] ** 2))


def test_views_show_smoother_and_prediction():
    at = open_it(view="smoother")
    world = make_world(START)
    np.testing.assert_allclose(trace(drawn(at)["world"], "smoother")[1], world.smoothed.mean[0, :, 0])
    control(at, "view").set_value("prediction").run()
    control(at, "now").set_value(70).run()
    t, loc = trace(drawn(at)["world"], "prediction")
    assert t.tolist() == list(range(71, 81))
    np.testing.assert_allclose(loc, world.filtered.mean[0, 69, 0] * 0.9 ** np.arange(1, 11))
    assert trace(drawn(at)["world"], "x not looked at")[0].tolist() == t.tolist()
    scales = _ahead(world.filtered.cov[0, 69, 0, 0], np.arange(1, 11))
    assert f"in **{int((abs(world.z[70:] - loc) <= 2 * scales).sum())} of 10** frames" in words(at)
    told = f"from {scales[0]:.3g} one frame ahead to {scales[-1]:.3g}, 10 ahead; one who never looked has "
    assert f"{told}{_ahead(START['Q'], 79):.3g} there" in words(at)
    control(at, "T").set_value(30).run()
    assert control(at, "now").value == 29
    assert sentences(at) == []
    control(at, "truth").set_value(False).run()
    assert "hidden z" not in {one["name"] for one in drawn(at)["world"]["data"]}


def test_lost_frames_widen_the_band_and_are_told():
    at = open_it(holes="1")
    assert "Lost: frames 36 to 45" in words(at)
    world = make_world(START, holes=True)
    width = np.sqrt(world.smoothed.cov[0, :, 0, 0])
    assert width[40] > 1.5 * width[20]
    assert len(trace(drawn(at)["world"], "x not looked at")[0]) == 10


def test_draw_again_changes_the_random_numbers_alone():
    at = open_it()
    next(one for one in at.button if one.label == "Draw again").click().run()
    assert control(at, "seed").value == START["seed"] + 1
    np.testing.assert_allclose(trace(drawn(at)["world"], "seen x")[1], make_world(START | {"seed": 5}).x)


@pytest.mark.parametrize("letter", ["a", "c", "Q", "R"])
def test_belief_moves_the_models_number_and_not_the_data(letter):
    at = open_it(unknown=letter)
    value = {"a": 0.1, "c": -1.0, "Q": 4.0, "R": 0.1}[letter]
    before = drawn(at)["world"]
    control(at, f"model_{letter}").set_value(value).run()
    assert_alive(at, "state_space")
    assert drawn(at)["world"] == before
    world = make_world(START)
    model = one_dimension.make_model(*((START | {letter: value})[name] for name in "acQR"))
    filtered = kalman.kalman_filter(model, world.x[None, :, None])
    own = world.filtered.log_likelihood[0]
    gain = filtered.log_likelihood[0] - own
    assert f"**{abs(gain):.1f} nats {'more' if gain > 0 else 'less'}** likely" in words(at)
    assert f"({abs(gain):.1f} / 80 = {abs(gain / 80):.3g} a frame)" in words(at)
    figure = drawn(at)["likelihood"]
    assert trace(figure, f"the model's: {value:.3g}")[1][0] == pytest.approx(filtered.log_likelihood[0] / 80)
    assert trace(figure, f"the world's: {START[letter]:.3g}")[1][0] == pytest.approx(own / 80)
    smoothed = kalman.smoother(model, filtered)
    name = f"smoother that believes {letter} = {value:g}"
    np.testing.assert_allclose(trace(drawn(at)["belief"], name)[1], smoothed.mean[0, :, 0])
    inside = (abs(world.z - smoothed.mean[0, :, 0]) <= 2 * np.sqrt(smoothed.cov[0, :, 0, 0])).sum()
    own = (abs(world.z - world.smoothed.mean[0, :, 0]) <= 2 * np.sqrt(world.smoothed.cov[0, :, 0, 0])).sum()
    assert f"true $z$ in **{inside}** of 80 frames; with the world's own, in {own}." in words(at)
    values, nats = profile(world, letter)
    here = values * START[letter] > 0  # not the twin that c has
    close = values[here & (nats >= nats[here].max() - 2)]
    assert f"likely with ${letter} = {values[here][nats[here].argmax()]:.3g}$" in words(at)
    assert f"from {close.min():.3g} to {close.max():.3g} (shaded)" in words(at)


def test_true_belief_is_told_as_such():
    at = open_it(model_R="1")
    assert "believes what is true, $R = 1$" in words(at)


@pytest.mark.parametrize("letter", ["a", "c", "Q", "R"])
def test_curve_has_the_sliders_values_and_its_highest_is_near_the_worlds(letter):
    _, low, high, step, _ = RANGES[letter]
    world = make_world(START | {"T": 200})
    values, nats = profile(world, letter)
    assert len(values) >= 150
    assert np.isin(np.round(np.arange(low, high, step), 10), values).all()
    best = figures.best_place(values, nats, START[letter])
    low, high = figures.as_good(values, nats, best)
    assert low <= values[best] <= high
    assert nats[best] - nats[np.argmin(abs(values - START[letter]))] < 6


def answer(at, key, choice):
    """What the page says to it; `key` is a question's, or a task's."""
    next(one for one in at.radio if one.key.split()[-1] == key).set_value(choice).run()
    assert_alive(at, "state_space")
    verdicts = ("**Right.**", "Not this time", NOT_YET)
    (block,) = (one.value for one in at.markdown if any(verdict in one.value for verdict in verdicts))
    return block


def _numbers(key):
    """What a task's reason has to say, from the filter and the smoother."""
    world = make_world(START)
    if key == "far":
        scales = _ahead(world.filtered.cov[0, -1, 0, 0], np.array([1, 10, 100]))
        return [
            f"{scale:.3g} {when} ahead" for scale, when in zip(scales, ("one frame", "ten", "a hundred"), strict=True)
        ]
    if key == "again":
        other = make_world(START | {"seed": START["seed"] + 1}).smoothed
        return [f"moves by up to {abs(other.mean - world.smoothed.mean).max():.3g}, the width by 0."]
    found = []
    for R in (START["R"], 10 * START["R"]):
        model, moved = one_dimension.make_model(*((START | {"R": R})[letter] for letter in "acQR")), world.x + 0.0
        moved[40] += 1.0  # frame 41; the mean is linear in it
        both = [kalman.smoother(model, kalman.kalman_filter(model, x[None, :, None])) for x in (world.x, moved)]
        found.append((both[1].mean[0, 40, 0] - both[0].mean[0, 40, 0], np.sqrt(both[0].cov[0, 40, 0, 0])))
    (weight, scale), (other_weight, other_scale) = found
    return [
        "In frame 41,",
        f"goes from {weight:.3g} to {other_weight:.3g}, the standard deviation from {scale:.5g} to {other_scale:.5g}.",
    ]


@pytest.mark.parametrize(
    ("key", "query", "right"),
    [
        ("where", {}, WHERE[2]),
        ("where", {"a": "0"}, WHERE[3]),
        ("where", {"c": "0"}, WHERE[3]),
        ("where", {"T": "2"}, WHERE[2]),
        ("louder", {}, LOUDER[0]),
        ("louder", {"c": "0"}, LOUDER[3]),
        ("far", {}, FAR[1]),
        ("far", {"a": "1"}, FAR[0]),
        ("far", {"a": "-1.1"}, FAR[0]),
        ("again", {}, AGAIN[1]),
        ("again", {"c": "0"}, AGAIN[0]),
    ],
)
def test_right_answer_follows_the_world(key, query, right):
    at = open_it(**query)
    block = answer(at, key, right)
    assert "**Right.**" in block
    if not query and key != "where":
        assert all(number in block for number in _numbers(key))
    if key == "where":
        assert "widths" in drawn(at)


def test_wrong_answer_tells_the_right_one_with_numbers(page):
    world = make_world(START)
    filtered, smoothed = (np.sqrt(one.cov[0, :, 0, 0]) for one in (world.filtered, world.smoothed))
    block = answer(open_it(), "where", WHERE[0])
    assert f"**{WHERE[2]}**" in block
    assert all(f"{one:.5g}" in block for one in (filtered[-1], filtered[0], smoothed[0]))
    assert "widths" not in drawn(page)


@pytest.mark.parametrize("key", ["louder", "far", "again"])
def test_wrong_answer_to_a_task_gives_nothing_away(key):
    at = open_it()
    wrong = {"louder": LOUDER[1], "far": FAR[0], "again": AGAIN[2]}[key]
    assert answer(at, key, wrong) == NOT_YET
    assert "done" not in at.query_params


def test_weight_of_the_own_frame_is_the_slope_of_the_smoothed_mean():
    world = make_world(START)
    moved = world.x.copy()
    frame, weight, scale = own_weight(world, START["R"])
    moved[frame - 1] += 1e-3
    mean = kalman.smoother(world.model, kalman.kalman_filter(world.model, moved[None, :, None])).mean[0, frame - 1, 0]
    assert weight == pytest.approx((mean - world.smoothed.mean[0, frame - 1, 0]) / 1e-3, rel=1e-6)
    assert scale == pytest.approx(np.sqrt(world.smoothed.cov[0, frame - 1, 0, 0]))
    lost = make_world(START, holes=True)
    assert lost.observed[own_weight(lost, START["R"])[0] - 1] == 1


WRONG = [
    *[("Q", "-1"), ("Q", "0"), ("R", "0"), ("T", "0"), ("T", "1000000"), ("T", "3.5"), ("a", "nan"), ("c", "<script>")],
    *[("view", "<b>"), ("unknown", "Z"), ("holes", "2"), ("model_R", "-3"), ("before", "1e400"), ("seed", "")],
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_link_gives_one_clear_sentence_and_the_page_lives(page, name, value):
    at = open_it(**{name: value})
    assert_alive(at, "state_space")
    (sentence,) = sentences(at)
    assert_one_sentence(sentence.replace("\\<script\\>", ""))  # escaped, so that it is shown as it is
    assert f"The link says {name} =" in sentence
    assert drawn(at)["world"] == drawn(page)["world"]


@pytest.mark.parametrize(("name", "value"), [("T", 0), ("T", 10**6), ("Q", -1.0)])
def test_slider_that_sends_what_it_does_not_offer_changes_nothing_but_itself(name, value):
    at = open_it()
    control(at, name).set_value(value).run()
    assert_alive(at.run(), "state_space")
    dial = next(one for one in WORLD if one.name == name)
    assert dial.low <= control(at, name).value <= dial.high


@pytest.mark.parametrize(
    "query",
    [
        {"a": "1.1", "T": "200", "Q": "4", "view": "prediction"},
        {"a": "-1.1", "T": "200", "c": "-2", "R": "0.05"},
        {"T": "2", "holes": "1", "view": "prediction"},
        {"T": "3", "view": "prediction"},
        {"c": "0", "a": "0", "Q": "0.05", "R": "10", "unknown": "c"},
    ],
)
def test_page_lives_at_the_ends_of_every_slider(query):
    at = open_it(**query)
    assert_alive(at, "state_space")
    assert sentences(at) == []
    assert "nan" not in words(at)
    assert "inf" not in re.findall(r"\w+", words(at))


def test_link_reads_every_slider_and_all_is_kept_while_away():
    at = open_it(a="0.5", c="-1", Q="2", R="3", T="33", seed="7", unknown="a", model_a="0.2", view="smoother")
    given = {"a": 0.5, "c": -1.0, "Q": 2.0, "R": 3.0, "T": 33, "seed": 7, "model_a": 0.2}
    assert {name: control(at, name).value for name in given} == given
    control(at, "R").set_value(4.0).run()
    turn_to(at, "home")
    turn_to(at, "state_space")
    assert {name: control(at, name).value for name in given} == given | {"R": 4.0}
    assert control(at, "view").value == "smoother"


def test_formulas_and_code_show_when_opened():
    at = open_it()
    assert not any("def kalman_filter" in one.value for one in at.code)
    at.session_state["code"] = True
    at.run()
    for part, wanted in (("Filter", "def kalman_filter"), ("In one dimension", "def log_likelihood")):
        control(at, "code").set_value(part).run()
        assert any(wanted in one.value for one in at.code)
    assert_alive(at, "state_space")


def test_sliders_of_beliefs_have_the_worlds_ranges():
    for letter, (_, low, high, step, _) in RANGES.items():
        assert parameter(letter, 0.0)[2:4] == (low, high)
        assert abs(round((high - low) / step) - (high - low) / step) < 1e-9
