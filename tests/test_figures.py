"""Figures show the numbers they are given, say them in words, and load nothing heavy."""

import re
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmm import fields, figures, gated, palette
from dmm.figures import Arrow, Band, Node, Way
from dmm.figures.projection import principal_components
from dmm.floors import Floor
from dmm.music import KEYS, LOWEST_KEY
from dmm.palette import BLUE, GREY, KL, VOICES

rng = np.random.default_rng(0)
Z_PATH = np.cumsum(rng.normal(size=(12, 5)), axis=0)
SCALE = rng.random((12, 5))
ROLL = (rng.random((12, KEYS)) < 0.05).astype(float)
SQUARE = rng.normal(size=(12, 12))
GRID = np.linspace(-0.3, 0.9, 13)
POINTS = np.linspace(-8, 8, 161)
BELLS = figures.Curves(
    POINTS,
    np.tanh(POINTS),
    *(np.exp(-(((POINTS - loc) / scale) ** 2) / 2) / scale for loc, scale in ((0, 1), (1, 1), (-0.25, 0.5), (0.5, 1))),
)
VALLEY = np.add.outer((GRID - 0.5) ** 2, (GRID + 0.1) ** 2)  # (13, 13)
BAND = Band("filter", BLUE, 1, Z_PATH[:, 0], SCALE[:, 0], Z_PATH[:, 1], SCALE[:, 1])
WAY = Way("ST-R", BLUE, "solid", np.array([[0, 0.1, 0.1], [20, 0.3, 0.0], [40, 0.47, -0.08]]))
FLOORS = {"mf-l": Floor(3.25, 3.125, 0.0625, 0.0625, 1.0), "st-r": Floor(3.125, 3.125, 0.0, 0.0, 0.9)}

EVERY = {
    "trajectory_3d": lambda: figures.trajectory_3d(Z_PATH, samples=Z_PATH + rng.normal(size=(3, 12, 5)), highlight=3),
    "gate_bars": lambda: figures.gate_bars(SCALE, SCALE[0] > 0.3, 2),
    "gate_history": lambda: figures.gate_history(np.arange(1, 13), SCALE, SCALE[0] > 0.3, 4),
    "gated_map": lambda: figures.gated_map(partial(gated.lanes, gated.in_one_dimension(3)), 1.25),
    "vector_field": lambda: figures.vector_field(
        fields.view(fields.whole(gated.example(80)), [-3.5, -3.5], [3.5, 3.5], 0, steps=12), states=Z_PATH[:, :2]
    ),
    "near_fixed_point": lambda: figures.near_fixed_point(
        fields.view(fields.whole(gated.example(80)), [-0.25, -0.75], [1.75, 1.75], 2, steps=3)
    ),
    "step_matrix": lambda: figures.step_matrix(SQUARE),
    "engine_curves": lambda: figures.engine_curves({"Pyro": Z_PATH[:, 0], "fused": Z_PATH[:, 0] + 1e-6}),
    "compared_curves": lambda: figures.compared_curves(
        {"A": ([1, 2, 3], [12.0, 9.5, 8.25]), "B": ([1, 2], [12.5, 11.0])}, "updates", "bound, nats per frame"
    ),
    "sweep_map": lambda: figures.sweep_map(
        [[8.5, 8.25], [9.0, np.nan]], ["8", "16"], ["0.003", "0.01"], "size", "rate"
    ),
    "sweep_dots": lambda: figures.sweep_dots(["8", "16"], [[8.5, 8.75], [8.25]], "size"),
    "sweep_lines": lambda: figures.sweep_lines(
        [("rate", ["0.003", "0.01"]), ("size", ["8", "16"])], [(0, 1), (1, 0)], [8.5, 8.25]
    ),
    "taken_for": lambda: figures.taken_for([figures.Hearing("Bach", 0, (5, 3, 0))], ["Bach", "model", "coins"]),
    "cost_areas": lambda: figures.cost_areas([36.0, 70.5, 90.0], [4, 10, 24], {"(b)": 5.17, "{c}": 6.59}),
    "estimate_by_draws": lambda: figures.estimate_by_draws([1, 10, 100], [7.9, 7.7, 7.6], [0.01, 0.004, 0.002], 7.9),
    "ladder": lambda: figures.ladder(
        [("coins", 61.0, "baseline"), ("ours", 7.1, "ours"), ("theirs", 6.9, "published")]
    ),
    "engine_speeds": lambda: figures.engine_speeds({"Pyro": 1234.0, "fused": 23456.0}),
    "piano_roll": lambda: figures.piano_roll(ROLL),
    "graph": lambda: figures.graph(
        {"a": Node(0, 0, "z", hover="hidden"), "b": Node(2, 0, "x", seen=True)},
        [Arrow("a", "b")],
        "A graph of 2 nodes.",
    ),
    "model_graph": lambda: figures.model_graph("network", frames=12),
    "who_sees_what": lambda: figures.who_sees_what(12, 4, 2),
    "hidden_and_seen": lambda: figures.hidden_and_seen(Z_PATH[:, 0], Z_PATH[:, 1], [BAND], used=[1] * 9 + [0] * 3),
    "band_widths": lambda: figures.band_widths({"filter": (BLUE, SCALE[:, 0]), "smoother": (GREY, SCALE[:, 1])}),
    "likelihood_curve": lambda: figures.likelihood_curve(
        np.linspace(-1, 1, 9), -30 - np.linspace(-1, 1, 9) ** 2, 12, "a", (0.75, -30.5), (0.25, -30.1)
    ),
    "noisy_map": lambda: figures.noisy_map(lambda z: (0.9 * z, np.full_like(z, 0.7)), "straight", 1.25, 0.8),
    "transition_table": lambda: figures.transition_table([[0.85, 0.15], [0.4, 0.6]]),
    "open_paths": lambda: figures.open_paths(12, 4, known=True),
    "frame_weights": lambda: figures.frame_weights(Z_PATH[:, 0], 4),
    "wiring": lambda: figures.wiring(True, ["left", "right"], frames=12),
    "network_masks": lambda: figures.network_masks(3, frames=12),
    "two_bells": lambda: figures.two_bells((-2.25, 1.2), (1.5, 0.7)),
    "ellipses": lambda: figures.ellipses(0.35),
    "influence_maps": lambda: figures.influence_maps({"exact": SQUARE, "best ST-L": np.tril(SQUARE)}, t=4),
    "influence_lines": lambda: figures.influence_lines({"exact": SQUARE[3], "filter": SQUARE[4]}, 4, "filter"),
    "gap_bars": lambda: figures.gap_bars(FLOORS, {"st-r": (0.001, 0.0005)}),
    "coupled_step": lambda: figures.coupled_step(np.tanh, np.sin, noise=0.45),
    "likelihood_valley": lambda: figures.likelihood_valley(
        GRID, GRID, VALLEY, (0.5, -0.1), (0.007, 0.004), (0.55, -0.15), [WAY]
    ),
    "tensor_map": lambda: figures.tensor_map(SCALE.T, "z", "dimension", real=9),
    "module_bars": lambda: figures.module_bars({"from the KL": (KL, SCALE[:2, 0])}, ["emitter", "rnn"], "length"),
    "probe_scores": lambda: figures.probe_scores(
        [("always", 0.12, 0.01, "baseline"), ("z<sub>t</sub>", 0.5, np.nan, "latent")], "share read right, of 12"
    ),
    "class_reading": lambda: figures.class_reading(SCALE[:, :3], ["C", "D", "E"], np.arange(12) % 4 - 1),
    "number_reading": lambda: figures.number_reading(Z_PATH[:, 0], Z_PATH[:, 1], 0.5, "highest note"),
    "probe_reach": lambda: figures.probe_reach(
        np.arange(-6, 6), {"z": (SCALE[:, 0], SCALE[:, 1])}, 0.125, "share read right"
    ),
    "pitch_class_bars": lambda: figures.pitch_class_bars(SCALE[:, 0], SCALE[:, 1], list("CdDeEFgGaAbB"), [0, 4]),
    "rate_curve": lambda: figures.rate_curve([0.01, 0.1], [[2, 1], [1.5, 1]], (2, 1.25), 0.1),
    "annealing_schedule": lambda: figures.annealing_schedule(
        {"paper": (BLUE, np.arange(1, 13) / 12)}, range(1, 13), 0.5
    ),
    "printed_loss": lambda: figures.printed_loss(11.5, 3, 0.25),
    "gradient_strips": lambda: figures.gradient_strips({"sampled KL": (GREY, SCALE[:, 0])}, "one entry"),
    "bound_at_ends": lambda: figures.bound_at_ends(
        GRID, GRID, VALLEY, (0.5, -0.1), {"MF-L": (BLUE, 0.31, 0.004, 0.02)}
    ),
    "one_step": lambda: figures.one_step(lambda z: (0.8 * z, np.full_like(z, 0.6)), "Linear", 1.25),
    "spreading": lambda: figures.spreading(
        np.linspace(-8, 8, 161), np.full((11, 161), 0.0625), SQUARE, "Linear", 5, np.full(161, 0.125)
    ),
    "bound_bar": lambda: figures.bound_bar((-2.0, -2.25, 0.5, 0.75), -6),
    "jensen_chord": lambda: figures.jensen_chord(0.25, 1.75),
    "latent_curves": lambda: figures.latent_curves(BELLS, 1.25, 0.6),
    "belief_curves": lambda: figures.belief_curves(BELLS, 1.25),
    "estimate_hills": lambda: figures.estimate_hills(
        [figures.Estimate("sampled", BLUE, Z_PATH[:, 0], 1.375), figures.Estimate("analytic", GREY, SCALE[:, 0], 0.25)],
        0.125,
        "bound",
    ),
    "guess_walk": lambda: figures.guess_walk(
        GRID, np.geomspace(0.1, 2, 13), VALLEY, [(-0.25, 1.0), (0.5, 0.75)], [(0.55, 0.65)]
    ),
    "bound_by_step": lambda: figures.bound_by_step(-np.linspace(5, 2.125, 13), -2, -2.0625),
    "keyboard": lambda: figures.keyboard(0.9 * ROLL[0], ROLL[0]),
    "trajectory_draws": lambda: figures.trajectory_draws({"exact": Z_PATH.T}, {"exact": (Z_PATH[:, 0], SCALE[:, 0])}),
    "chorale_costs": lambda: figures.chorale_costs(ROLL, SCALE[:, 0], SCALE[:, 1]),
    "system_costs": lambda: figures.system_costs(Z_PATH[:, 0], Z_PATH[:, 1], SCALE[:, 0], SCALE[:, 1], SCALE[:, 2]),
    "ranked_kl": lambda: figures.ranked_kl(SCALE[:, 0], 2),
    "step_bells": lambda: figures.step_bells({"q": ("q", 0.25, 1.75), "p": ("p", -0.5, 3)}, mark=0.5),
    "number_grid": lambda: figures.number_grid(
        [[1, 2, 12], [3, np.nan, 5]], [[0, 1, 1], [0, 1, -1]], ["#A9DAF6", GREY], ["a", "b"], "A grid.", digits=0
    ),
    "twin_paths": lambda: figures.twin_paths(Z_PATH[:, 0], Z_PATH[:, 0] + 0.125, 3, 7, 2),
    "keys_apart": lambda: figures.keys_apart(np.full(12, 1.25), np.full(12, 5.5), 3, 7, 32),
    "cost_ahead": lambda: figures.cost_ahead([4.25, 6.75], [7.0, 8.0], [11.0, 12.0], 16),
}
NO_FIGURES = {"Projection", "principal_components", "Node", "Arrow", "Band", "Way", "Hearing"}
NO_FIGURES |= {"Curves", "Estimate"}
NO_FIGURES |= {"as_good", "best_place", "fitting_part"}
IN_WORDS = {  # numbers of the calls above that the description must hold; 12 in those of 12 frames
    "compared_curves": ("12.00", "8.25", "12.50", "11.00"),
    "sweep_map": ("8.500", "8.250", "9.000", "0.003", "0.01", "8", "16"),
    "sweep_dots": ("8.500", "8.750", "8.250", "16"),
    "sweep_lines": ("2", "8.250", "8.500", "0.01"),
    "cost_areas": ("36.0", "4", "70.5", "10", "90.0", "24", "5.17", "6.59"),
    "estimate_by_draws": ("7.900", "1", "7.600", "100"),
    "ladder": ("61.00", "7.10", "6.90"),
    "bound_bar": ("-2.750", "-2.000", "0.750", "-2.250", "0.500"),
    "jensen_chord": ("0.25", "1.75", "0.000", "-0.413", "0.413"),
    "latent_curves": ("1.25", "0.50", "1.00", "-0.25"),
    "belief_curves": ("1.25", "0.50", "1.00", "-0.25"),
    "estimate_hills": ("0.125", "1.375", "0.250"),
    "guess_walk": ("1", "-0.25", "1.00", "0.50", "0.75", "0.55", "0.65"),
    "bound_by_step": ("12", "-5.000", "-2.125", "-2.000", "-2.062"),
    "engine_speeds": ("1,234", "23,456"),
    "graph": ("2",),
    "likelihood_curve": ("12", "0.75", "0.25"),
    "gated_map": ("1.25",),
    "vector_field": ("12", "225", "0.15", "3", "2"),
    "near_fixed_point": ("0.90", "0.55", "1.02", "0.50"),
    "noisy_map": ("1.25", "0.8", "0.70"),
    "transition_table": ("0.85", "0.15", "0.4", "0.6"),
    "two_bells": ("-2.25", "1.20", "1.50", "0.70"),
    "ellipses": ("0.35",),
    "taken_for": ("5", "3", "0"),
    "gap_bars": ("3.1250", "3.2500", "0.0625", "3.1260", "0.0005"),
    "coupled_step": ("0.45",),
    "step_bells": ("0.25", "1.75", "-0.50", "3.00"),
    "likelihood_valley": ("0.55", "-0.15", "0.500", "-0.100", "0.0070", "0.0040", "0.470", "-0.080"),
    "bound_at_ends": ("0.310", "0.0040", "0.0200"),
    "one_step": ("1.25", "1.00", "0.60"),
    "spreading": ("12", "5", "0.062", "0.125"),
    "keyboard": ("88",),
    "module_bars": (f"{SCALE[0, 0]:.3g}", f"{SCALE[1, 0]:.3g}"),
    "rate_curve": ("3.250", "2.500", "0.1"),
    "annealing_schedule": ("0.5", "6", "12"),
    "twin_paths": ("12", "3", "4", "7", "0.12"),
    "keys_apart": ("32", "1.2", "5.5"),
    "cost_ahead": ("2", "16", "4.2", "7.0", "11.0", "5.5", "7.5", "11.5"),
    "printed_loss": ("0.25", "12.250", "11.500", "0.750", "14.500", "3.000"),
}


def python(code):
    """What a fresh Python prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_figures_loads_no_plotly():
    assert python("import sys, dmm.figures; print('plotly' in sys.modules)") == "False\n"


def test_no_figure_loads_torch_or_streamlit():
    code = (
        "import sys; from dmm import figures; [getattr(figures, name) for name in dir(figures)];"
        "print([m for m in ('torch', 'pyro', 'streamlit', 'pandas') if m in sys.modules])"
    )
    assert python(code) == "[]\n"


def test_every_figure_is_exported_and_tried_here():
    assert set(EVERY) | NO_FIGURES == set(dir(figures))
    assert not set(EVERY) & NO_FIGURES
    assert set(IN_WORDS) <= set(EVERY)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = figures.nonsense


@pytest.mark.parametrize("name", EVERY)
def test_every_figure_suits_light_and_dark_and_says_what_it_shows(name):
    figure = EVERY[name]()
    layout = figure.layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert layout.meta["description"].endswith(".")
    told = re.findall(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?", layout.meta["description"])
    assert set(IN_WORDS.get(name, ("12",))) <= set(told)
    assert layout.font.color is None
    assert all(a.font.color is None for a in layout.annotations)
    assert all(t.hovertemplate or t.hoverinfo == "skip" for t in figure.data)
    assert len(figure.to_json()) < 100_000


# Principal components


@given(st.integers(2, 9), st.integers(1, 6), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_components_equal_those_of_the_covariance(T, Z, seed):
    z = np.random.default_rng(seed).normal(size=(T, Z)) * 2.0 ** np.arange(Z)
    found = principal_components(z, Z)
    values = np.linalg.eigvalsh(np.atleast_2d(np.cov(z.T)))[::-1]
    np.testing.assert_allclose(found.explained, values / values.sum(), atol=1e-9)
    np.testing.assert_allclose(found.explained.sum(), 1)
    covariance = np.atleast_2d(np.cov(found.points.T))
    np.testing.assert_allclose(covariance, np.diag(values), atol=1e-9 * values[0])


def test_components_equal_numpy_eigenvectors():
    values, vectors = np.linalg.eigh(np.cov(Z_PATH.T))
    found = principal_components(Z_PATH, 2)
    for axis, vector in zip(found.axes, vectors.T[::-1], strict=False):
        np.testing.assert_allclose(abs(axis @ vector), 1)
    np.testing.assert_allclose(found.explained, values[::-1][:2] / values.sum())


def test_signs_do_not_depend_on_the_sign_of_the_data():
    a, b = principal_components(Z_PATH, 3), principal_components(-Z_PATH, 3)
    np.testing.assert_allclose(a.axes, b.axes, atol=1e-12)
    assert (a.axes[np.arange(3), np.abs(a.axes).argmax(axis=1)] > 0).all()


def test_all_components_give_the_points_back():
    found = principal_components(Z_PATH, 5)
    np.testing.assert_allclose(found.points @ found.axes + found.mean, Z_PATH)
    np.testing.assert_allclose(found.project(Z_PATH), found.points)


@pytest.mark.parametrize("z", [np.ones((1, 1)), np.full((6, 4), 0.1), np.ones((1, 5))])
def test_points_that_do_not_differ_have_no_components(z):
    found = principal_components(z, 2)
    assert found.points.shape == (len(z), 2)
    assert not found.points.any()
    assert not found.explained.any()


def test_components_beyond_the_rank_are_zero():
    found = principal_components(np.arange(4.0)[:, None] * [1, 2, 3], 3)
    np.testing.assert_allclose(found.explained, [1, 0, 0])
    assert not found.axes[1:].any()


# Trajectories


def test_trajectory_passes_principal_components_through():
    figure = figures.trajectory_3d(Z_PATH)
    path, found = figure.data[0], principal_components(Z_PATH, 3)
    np.testing.assert_allclose(np.stack([path.x, path.y, path.z], axis=1), found.points)
    assert figure.layout.scene.xaxis.title.text == f"PC 1 ({100 * found.explained[0]:.0f} %)"


def test_trajectory_passes_chosen_dimensions_through():
    figure = figures.trajectory_3d(Z_PATH, dims=(4, 0, 2))
    path = figure.data[0]
    np.testing.assert_array_equal(np.stack([path.x, path.y, path.z], axis=1), Z_PATH[:, [4, 0, 2]])
    assert figure.layout.scene.xaxis.title.text == "dimension 5 of z"


def test_trajectory_marks_start_end_and_highlight():
    figure = figures.trajectory_3d(Z_PATH, dims=(0, 1, 3), highlight=3)
    marks = {trace.name: (trace.x[0], trace.y[0], trace.z[0]) for trace in figure.data[2:]}
    seen = Z_PATH[:, [0, 1, 3]]
    assert marks == {"start": tuple(seen[0]), "end": tuple(seen[-1]), "beat 4": tuple(seen[3])}


def test_trajectory_hover_says_beat_and_notes():
    names = ["C4 E4"] + [""] * 11
    text = figures.trajectory_3d(Z_PATH, names=names).data[0].text
    assert text[:2] == ("beat 1<br>C4 E4", "beat 2<br>silence")
    labels = [f"bar {t}" for t in range(12)]
    assert figures.trajectory_3d(Z_PATH, labels).data[0].text[11] == "bar 11"


def test_posterior_draws_share_the_axes_of_the_path():
    samples = Z_PATH + rng.normal(size=(3, 12, 5))
    draws = figures.trajectory_3d(Z_PATH, samples=samples).data[0]
    expected = principal_components(Z_PATH, 3).project(samples)  # (S, T, 3)
    shown = np.stack([draws.x, draws.y, draws.z], axis=1).reshape(3, 13, 3)
    np.testing.assert_allclose(shown[:, :12], expected)
    assert np.isnan(shown[:, 12]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dims": (0,)}, "got 1 dimensions to show, expected 3"),
        ({"dims": (0, 1, 5)}, "expected indices from 0 to 4"),
        ({"samples": Z_PATH}, r"expected \(S, 12, 5\)"),
        ({"names": ["C4"]}, "1 names, expected 12"),
        ({"highlight": 12}, "expected a frame from 0 to 11"),
        ({"highlight": -1}, "expected a frame from 0 to 11"),
    ],
)
def test_what_does_not_fit_the_trajectory_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        figures.trajectory_3d(Z_PATH, **settings)


# Gates, lines, bars


@pytest.mark.parametrize("page", palette.GATES)
def test_gates_have_one_scale_whose_lightness_grows_evenly(page):
    def lightness(colour):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        return float(np.dot((0.2126, 0.7152, 0.0722), np.power(channels, 2.2)) ** (1 / 3))

    scale = palette.GATES[page]
    assert scale[1][1] == palette.GATE
    low, middle, high = (lightness(colour) for _, colour in scale)
    assert (middle - low) / (high - low) == pytest.approx(scale[1][0], abs=0.001)


# Piano rolls


def test_a_roll_of_0_and_1_is_drawn_as_held_notes():
    roll = np.zeros((4, KEYS))
    roll[1:3, 60 - LOWEST_KEY] = 1
    (bars,) = figures.piano_roll(roll).data
    assert (list(bars.y), list(map(list, bars.customdata))) == ([60], [["C4", 2, 2]])
    assert bars.base[0] == pytest.approx(1.5, abs=0.06)
    assert bars.x[0] == pytest.approx(2, abs=0.11)


def test_probabilities_pass_through():
    probabilities = rng.random((6, KEYS))
    (heat,) = figures.piano_roll(probabilities).data
    np.testing.assert_array_equal(heat.z, probabilities.T)
    assert (heat.y[0], heat.y[-1]) == (21, 108)


def test_only_the_range_that_sounds_is_shown():
    roll = np.zeros((4, KEYS))
    roll[:, [48 - LOWEST_KEY, 72 - LOWEST_KEY]] = 1
    axis = figures.piano_roll(roll).layout.yaxis
    assert axis.range == (46.5, 73.5)
    assert {"C3", "C4", "C5"} <= set(axis.ticktext)


def test_voices_colour_their_notes_and_others_stay_grey():
    voices = np.array([[72, 67, 64, 48], [72, 67, 0, 47]])
    roll = np.zeros((2, KEYS))
    for t, row in enumerate(voices):
        roll[t, row[row > 0] - LOWEST_KEY] = 1
    roll[0, 80 - LOWEST_KEY] = 1
    traces = figures.piano_roll(roll, voices).data
    assert [trace.name for trace in traces] == ["soprano", "alto", "tenor", "bass", "other"]
    assert [trace.marker.color for trace in traces] == [*VOICES, GREY]
    assert [list(trace.y) for trace in traces] == [[72], [67], [64], [48, 47], [80]]


@pytest.mark.parametrize(
    ("roll", "message"),
    [
        (np.zeros((3, 90)), "got a piano roll with 90 keys, expected 88"),
        (np.zeros(88), "expected"),
        (np.full((3, 88), 2.0), "from 2 to 2, expected 0 to 1"),
        (np.full((3, 88), np.nan), "not finite"),
    ],
)
def test_what_is_no_piano_roll_is_refused(roll, message):
    with pytest.raises(ValueError, match=message):
        figures.piano_roll(roll)


# Two engines


def test_curves_of_engines_lie_on_each_other_and_both_are_seen():
    bounds = np.linspace(12, 8, 12)
    wide, thin = figures.engine_curves({"Pyro": bounds, "fused": bounds * (1 + 2e-6)}).data
    np.testing.assert_array_equal(wide.y, bounds)
    np.testing.assert_array_equal(thin.y, bounds * (1 + 2e-6))
    assert list(thin.x) == list(range(1, 13))
    assert (wide.name, thin.name) == ("Pyro", "fused")
    assert wide.line.width >= 4 * thin.line.width
    assert wide.line.color.startswith("rgba(")  # pale
    assert thin.line.color.startswith("#")


def test_curves_of_engines_say_how_far_they_are_apart():
    figure = figures.engine_curves({"Pyro": [4.0, 2.0], "fused": [4.0, 2.001]})
    assert "at most 5.0e-04" in figure.layout.meta["description"]
    assert "from 4.00 to 2.00" in figure.layout.meta["description"]


def test_speeds_of_engines_are_bars_with_their_numbers():
    figure = figures.engine_speeds({"Pyro": 1234.0, "fused": 23456.0})
    (bars,) = figure.data
    assert (list(bars.y), list(bars.x)) == (["Pyro", "fused"], [1234, 23456])
    assert list(bars.text) == ["1,234", "23,456"]
    assert figure.layout.xaxis.range[1] > 23456
    assert "Pyro trains on 1,234 and fused trains on 23,456" in figure.layout.meta["description"]


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"Pyro": [1.0]}, "of 1 engines with lengths"),
        ({"Pyro": [1.0], "fused": [1.0, 2.0]}, r"lengths \[1, 2\], expected two of one length"),
        ({"Pyro": [1.0], "fused": [float("nan")]}, "not finite"),
        ({"Pyro": [], "fused": []}, "expected"),
    ],
)
def test_what_are_not_two_curves_is_refused(bounds, message):
    with pytest.raises(ValueError, match=message):
        figures.engine_curves(bounds)


def test_speed_of_nothing_is_refused():
    with pytest.raises(ValueError, match="got speeds from 0 to 5"):
        figures.engine_speeds({"Pyro": 0.0, "fused": 5.0})


# The smallest inputs


@pytest.mark.parametrize("z", [np.ones((1, 1)), np.ones((1, 3)), np.ones((4, 1)), np.zeros((4, 3))])
def test_one_frame_one_dimension_and_constant_input_work(z):
    made = [
        figures.trajectory_3d(z, samples=z[None], highlight=0),
        figures.piano_roll(np.zeros((len(z), KEYS))),
        figures.piano_roll(np.full((len(z), KEYS), 0.5)),
    ]
    for figure in made:
        assert figure.to_json()
        assert "nan" not in figure.layout.meta["description"]


# Twins and horizons


def test_twins_are_drawn_over_the_stretch_in_which_something_is_done():
    figure = figures.twin_paths(Z_PATH[:, 0], Z_PATH[:, 1], 3, 7, 0)
    assert [list(trace.y) for trace in figure.data] == [Z_PATH[:, 0].tolist(), Z_PATH[:, 1].tolist()]
    (stretch,) = figure.layout.shapes
    assert (stretch.x0, stretch.x1) == (3.5, 7.5)  # beats 4 to 7


def test_keys_apart_and_costs_ahead_are_told_and_drawn_in_order():
    figure = figures.keys_apart([0, 2, 4, 1], [0, 3, 5, 6], 1, 4, 9)
    assert "2.3 a beat while something is done, 1.0 at the last beat" in figure.layout.meta["description"]
    assert "4.7 and 6.0" in figure.layout.meta["description"]
    assert {trace.name: list(trace.y) for trace in figure.data} == {
        "other random numbers": [0, 3, 5, 6],
        "the same random numbers": [0, 2, 4, 1],
    }
    paths = figures.twin_paths([0.0, 1.0, 0.0], [0.0, 3.0, 0.5], 1, 2, 0)
    assert "by up to 2.00, and by 0.50 at the last beat" in paths.layout.meta["description"]
    costs = figures.cost_ahead([4, 5], [7, 8], [11, 12], 16)
    assert {trace.name: (list(trace.x), list(trace.y)) for trace in costs.data} == {
        "each key by its frequency": ([1, 2], [11, 12]),
        "this model without a beginning": ([1, 2], [7, 8]),
        "this model": ([1, 2], [4, 5]),
    }


def test_probes_tell_their_best_and_draw_what_they_say():
    figure = figures.probe_reach([-1, 0, 1], {"z": ([0.2, 0.9, np.nan], [0.1] * 3)}, 0.125, "share")
    assert "z: 0.90 at lag 0" in figure.layout.meta["description"]
    assert figure.layout.shapes[0].y0 == 0.125
    readings = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [1.1, 1.4, -1.5]])
    figure = figures.class_reading(readings, ["C", "D", "E"], np.array([0, 2, 1]))
    assert "The right one has the highest reading on 2." in figure.layout.meta["description"]
    np.testing.assert_allclose(figure.data[0].z, [[0.9, 0.2, 1], [0.1, 0.8, 1], [0, 0, 0]])
    figure = figures.number_reading([1.0, 2.0], [4.0, 6.0], 0.5, "keys")
    assert "3.54 apart" in figure.layout.meta["description"]
    figure = figures.pitch_class_bars(np.arange(12), [*range(10), 12, 12], list("CdDeEFgGaAbB"))
    assert "gained by b, B." in figure.layout.meta["description"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: figures.twin_paths(Z_PATH[:, 0], Z_PATH[:5, 0], 0, 2, 0), r"got shapes \(12,\) and \(5,\)"),
        (lambda: figures.keys_apart([1.0, np.nan], [1.0, 2.0], 0, 1, 3), "not finite"),
        (lambda: figures.keys_apart([1.0], [1.0], 0, 2, 3), "got frames 0 to 2, expected a stretch within 0 to 1"),
        (lambda: figures.cost_ahead([], [], [], 3), r"expected the same \(H,\)"),
        (lambda: figures.cost_ahead([np.inf], [1.0], [1.0], 3), "not finite"),
    ],
)
def test_what_does_not_fit_twins_and_horizons_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
