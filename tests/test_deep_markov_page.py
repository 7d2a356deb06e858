"""The deep Markov model: counts, densities and coins against something independent, and each control of the page."""

import math
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from dmm import coins, figures, marginals, sizes
from dmm.config import make_config
from dmm.conventions import ACTIVE
from dmm.deep_markov_model import build_dmm
from dmm.figures.keys import layout
from dmm.model import Emitter, GatedTransition
from dmm.music import KEYS, note_name
from dmm.palette import LATENT, RECONSTRUCTION
from dmm.ui.deep_markov_model import dynamics, inside, keys, music, tasks, unrolled, why
from dmm.ui.theme import legible
from dmm.variants import LinearEmitter, LinearTransition, MLPTransition
from tests.test_pages import assert_alive, click, open_page, sentences, views
from tests.test_pages import figures as shown_figures

PAGE = "deep_markov_model"


def count(module):
    return sum(weight.numel() for weight in module.parameters())


# --- how many weights ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("X", "Z", "E", "H"), [(88, 100, 100, 200), (3, 1, 2, 5), (1, 7, 1, 1)])
def test_weights_are_those_of_the_modules(X, Z, E, H):
    emitter, transition = Emitter(X, Z, E), GatedTransition(Z, H)
    layers = [emitter.z_to_hidden, emitter.hidden_to_hidden, emitter.hidden_to_logits]
    assert sizes.emitter(X, Z, E) == tuple(count(layer) for layer in layers)
    parts = sizes.gated_transition(Z, H)
    assert parts == {name: count(getattr(transition, name)) for name in parts}
    assert sum(parts.values()) == count(transition)
    assert sizes.linear_transition(Z) == count(LinearTransition(Z))
    assert sizes.layer(Z, X) == count(LinearEmitter(X, Z))


def test_papers_model_has_its_129_988_weights():
    config = make_config(z_dim=100, emission_dim=100, transition_dim=200)
    dmm = build_dmm(config)
    whole = count(dmm.emitter) + count(dmm.transition) + dmm.z_0.numel()
    assert tasks.weights(T=1, Z=100, X=88, E=100, H=200) == whole == 129_988  # Pyro's example has as many


def test_table_shows_the_counts_and_their_sum():
    rows = re.findall(r"\| ([\d,]+) \| ([\d,]+) \|", unrolled.weights_table(5, Z=4, X=6, E=7, H=8))
    networks, matrices = ([int(row[place].replace(",", "")) for row in rows] for place in (0, 1))
    assert networks[:3] == [4, count(GatedTransition(4, 8)), count(Emitter(6, 4, 7))]
    assert matrices[:3] == [4, count(LinearTransition(4)), count(LinearEmitter(6, 4))]
    assert (networks[3], matrices[3]) == (sum(networks[:3]), sum(matrices[:3]))


# --- the graph -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [2, 8])
def test_graph_has_a_transition_and_an_emission_for_each_frame_and_nothing_else(frames):
    shapes, arrows = unrolled.unrolled(frames, "emission")
    into = {}
    for arrow in arrows:
        into.setdefault(arrow.end, []).append(arrow)
    for t in range(1, frames + 1):
        (move,), (look,) = into[f"z{t}"], into[f"x{t}"]
        assert (move.start, look.start) == (f"transition {t}", f"emission {t}")
        assert [a.start for a in into[move.start]] == [f"z{t - 1}"]
        assert [a.start for a in into[look.start]] == [f"z{t}"]
        assert (move.colour, look.colour) == (LATENT, RECONSTRUCTION)
        assert shapes[look.start].strong
        assert not shapes[move.start].strong
    assert [name for name, shape in shapes.items() if shape.seen] == [f"x{t}" for t in range(1, frames + 1)]
    assert len(arrows) == 4 * frames


@pytest.mark.parametrize("frames", [2, 8])
def test_factorisation_in_full_has_two_factors_a_frame_in_the_arrows_colours(frames):
    text = unrolled.in_full(frames)
    for t in range(1, frames + 1):
        assert rf"\textcolor{{{legible(LATENT)}}}{{p(z_{t} \mid z_{t - 1})}}" in text
        assert rf"\textcolor{{{legible(RECONSTRUCTION)}}}{{p(x_{t} \mid z_{t})}}" in text
    assert text.count(r"\mid") == 2 * frames


def test_flows_tell_the_layers_sizes():
    shapes, arrows = inside.emitter_flow(4, 7, 6)
    layers = list(Emitter(6, 4, 7).children())
    assert [arrow.label for arrow in arrows[:3]] == [str(count(layer)) for layer in layers]
    assert [shapes[name].label.split()[0] for name in ("a", "c", "logits")] == ["7", "7", "6"]
    shapes, arrows = inside.transition_flow(4, 8)
    assert "4 → 8 → 4" in shapes["gate"].label
    assert {a.end for a in arrows if a.start == "proposal"} == {"mean", "scale"}


# --- many steps ------------------------------------------------------------------------------------------------------


def set_weights(linear, weight, bias):
    with torch.no_grad():
        linear.weight.copy_(torch.as_tensor(weight, dtype=torch.float64))
        linear.bias.copy_(torch.as_tensor(bias, dtype=torch.float64))


def module_of(kind, scale):
    """The real module with the weights that `marginals` tells."""
    rho = math.log(math.expm1(scale - 1e-4))
    first, bias, last, end = (np.atleast_1d(part) for part in marginals.NETWORK)
    if kind == "linear":
        module = LinearTransition(1).double()
        set_weights(module.linear, [[marginals.A]], [0])
        torch.nn.init.constant_(module.rho, rho)
    elif kind == "mlp":
        module = MLPTransition(1, 2).double()
        set_weights(module.z_to_hidden, first[:, None], bias)
        set_weights(module.hidden_to_loc, last[None], end)
        set_weights(module.hidden_to_scale, [[0, 0]], [rho])
    else:
        module = GatedTransition(1, 2).double()
        for part, weights in ((module.gate, marginals.GATE), (module.proposal, marginals.NETWORK)):
            first, bias, last, end = (np.atleast_1d(one) for one in weights)
            set_weights(part[0], first[:, None], bias)
            set_weights(part[2], last[None], end)
        set_weights(module.to_scale, [[0]], [rho])
    return module


@pytest.mark.parametrize("kind", marginals.STEPS)
def test_steps_are_those_of_the_real_modules(kind):
    z = np.linspace(-5, 5, 41)
    with torch.no_grad():
        loc, scale = module_of(kind, 0.6)(torch.from_numpy(z)[:, None])
    mean, noise = marginals.STEPS[kind](0.6)(z)
    np.testing.assert_allclose(mean, loc[:, 0].numpy(), atol=1e-12)
    np.testing.assert_allclose(noise, scale[:, 0].numpy(), rtol=1e-12)


@pytest.mark.parametrize("z_1", [-4.0, 0.3])
def test_linear_densities_are_the_closed_form(z_1):
    density = marginals.densities(marginals.linear(0.6), z_1, 12)
    for t in range(2, 13):
        powers = marginals.A ** np.arange(t - 1)
        loc, scale = marginals.A ** (t - 1) * z_1, 0.6 * np.sqrt((powers**2).sum())
        np.testing.assert_allclose(density[t - 2], marginals.bell(marginals.GRID, loc, scale), atol=1e-9)
        assert marginals.away_from_bell(density[t - 2]) < 1e-6
        assert marginals.humps(density[t - 2]) == 1


@pytest.mark.parametrize("kind", ["mlp", "gated"])
def test_densities_are_those_of_drawn_paths(kind):
    """Shares of 100,000 paths in bins of width 1, each within 5 standard errors."""
    step, count, t = marginals.STEPS[kind](0.6), 100_000, 8
    noise = np.random.default_rng(3).standard_normal((count, t - 1))
    drawn = marginals.draw_paths(step, 0.4, noise)
    np.testing.assert_array_equal(drawn[:, 0], 0.4)
    edges = np.arange(-6.025, 7, 1)  # between grid points, so that each point belongs to one bin
    shares = np.histogram(drawn[:, -1], edges)[0] / count
    bins = np.digitize(marginals.GRID, edges)
    density = marginals.densities(step, 0.4, t)[-1] * (marginals.GRID[1] - marginals.GRID[0])
    exact = np.array([density[bins == i].sum() for i in range(1, len(edges))])
    error = np.sqrt(exact * (1 - exact) / count)
    assert (np.abs(shares - exact) < 5 * error + 1e-5).all()


@pytest.mark.parametrize("kind", marginals.STEPS)
@pytest.mark.parametrize("scale", [0.2, 1.2])
@pytest.mark.parametrize("z_1", [-4.0, 4.0])
def test_grid_holds_all_mass_at_every_end_of_the_sliders(kind, scale, z_1):
    density = marginals.densities(marginals.STEPS[kind](scale), z_1, dynamics.FRAMES)
    np.testing.assert_allclose(density.sum(1) * (marginals.GRID[1] - marginals.GRID[0]), 1, atol=1e-6)


def test_too_small_a_grid_is_refused():
    with pytest.raises(ValueError, match="of the mass is lost"):
        marginals.densities(marginals.linear(2.0), 0.0, 4, np.linspace(-2, 2, 101))


def test_mixture_of_two_far_bells_is_no_bell():
    two = (marginals.bell(marginals.GRID, -3, 0.5) + marginals.bell(marginals.GRID, 3, 0.5)) / 2
    mean, width = marginals.moments(two)
    assert mean == pytest.approx(0, abs=1e-9)
    assert width == pytest.approx(math.sqrt(9.25), rel=1e-9)
    assert marginals.humps(two) == 2
    edges = torch.linspace(-12.0125, 12.0125, 962, dtype=torch.float64)  # the shares of both laws, cell by cell
    shares = [
        sum(part * torch.distributions.Normal(loc, sd).cdf(edges).diff() for part, loc, sd in mixed)
        for mixed in ([(0.5, -3, 0.5), (0.5, 3, 0.5)], [(1.0, 0, float(9.25**0.5))])
    ]
    more = (shares[0] - shares[1]).clamp(min=0).sum()  # what one has too much is what the other lacks
    assert marginals.away_from_bell(two) == pytest.approx(float(more), abs=1e-3)
    assert marginals.away_from_bell(marginals.bell(marginals.GRID, 1, 0.5)) < 1e-9


def test_figures_show_densities_paths_and_the_bell_of_one_step():
    density = marginals.densities(marginals.mlp(0.6), 0, 12)
    paths = np.zeros((2, 12))
    normal = marginals.bell(marginals.GRID, *marginals.moments(density[6]))
    figure = figures.spreading(marginals.GRID, density, paths, "MLP", 8, normal)
    heat = next(trace for trace in figure.data if trace.type == "heatmap")
    place = {round(z, 9): i for i, z in enumerate(marginals.GRID)}
    rows = [place[round(z, 9)] for z in heat.y]
    np.testing.assert_allclose(heat.customdata, density[:, rows].T, atol=1e-4)
    lines = next(trace for trace in figure.data if trace.name == "paths")
    np.testing.assert_array_equal(lines.y, [*[0.0] * 12, np.nan] * 2)
    np.testing.assert_array_equal(lines.x, [*range(1, 13), np.nan] * 2)
    curve = next(trace for trace in figure.data if trace.name == "density")
    assert max(curve.x) == pytest.approx(density[6].max())
    bell = next(t for t in figures.one_step(marginals.mlp(0.6), "MLP", 1.0).data if t.name == "bell")
    assert bell.y[np.argmax(bell.x)] == pytest.approx(2.0, abs=1e-9), "the mean from 1: 2 * 1"


@pytest.mark.parametrize("t", [1, 13])
def test_figure_of_a_time_that_is_not_there_is_refused(t):
    density = marginals.densities(marginals.mlp(0.6), 0, 12)
    with pytest.raises(ValueError, match="expected 2 to 12"):
        figures.spreading(marginals.GRID, density, np.zeros((2, 12)), "MLP", t, density[0])


@pytest.mark.parametrize("settings", [{}, {"z_1": 1.3, "sigma": 0.35}])
@pytest.mark.parametrize("check", [why.check_mixture, why.check_linear, why.check_variance])
def test_both_sides_of_each_line_agree(check, settings, monkeypatch):
    monkeypatch.setattr(why, "value", lambda lesson, dial: settings.get(dial.name, dial.start))
    found = check()
    apart = abs(found.left_value - found.right_value)
    assert apart < (4 * found.noise if found.noise else 1e-4 * found.right_value)
    assert found.left_value > 0


# --- coins and keys --------------------------------------------------------------------------------------------------


def test_entropy_of_coins_is_that_of_torch():
    p = np.random.default_rng(0).random((5, KEYS))
    p[0, :2] = 0, 1
    wanted = torch.distributions.Bernoulli(torch.from_numpy(p)).entropy().sum(-1).numpy()
    np.testing.assert_allclose(coins.entropy(p), wanted, rtol=1e-6)
    assert coins.entropy([0.0, 1.0]) == 0


def test_differing_and_variance_are_those_of_many_tosses():
    p = np.random.default_rng(0).random(KEYS)
    many = np.repeat(p[None], 20_000, 0)
    first, second = coins.toss(many, 1), coins.toss(many, 2)
    assert (first != second).sum(1).mean() == pytest.approx(coins.differing(p), rel=0.01)
    assert first.sum(1).var() == pytest.approx(coins.variance(p), rel=0.03)
    assert first.sum(1).mean() == pytest.approx(p.sum(), rel=0.005)
    np.testing.assert_array_equal(first, coins.toss(many, 1))


def test_keyboard_is_a_pianos():
    place, black = layout()
    assert (black.sum(), (~black).sum()) == (36, 52)
    names = [note_name(key + 21) for key in range(KEYS)]
    np.testing.assert_array_equal(black, ["#" in name for name in names])
    np.testing.assert_array_equal(place[~black], np.arange(52))
    assert place[names.index("C#4")] == place[names.index("C4")] + 0.5
    assert (np.diff(place) > 0).all()


def test_keys_are_greener_the_likelier_and_dots_mark_what_is_played():
    p, played = np.zeros(KEYS), np.zeros(KEYS)
    p[[39, 40]], played[40] = (1, 0.5), 1
    figure = figures.keyboard(p, played)
    traces = {trace.name: trace for trace in figure.data}
    colour = {}
    for name in ("white keys", "black keys"):
        trace = traces[name]
        colour |= {row[0]: shade for row, shade in zip(trace.customdata, trace.marker.color, strict=True)}
    assert colour["C4"] == "rgb(0,158,115)"
    assert colour["D4"] == "rgb(252,252,250)"
    assert colour["C#4"] == "rgb(19,100,80)"
    assert list(traces["played"].customdata) == ["C#4"]
    assert {note.text for note in figure.layout.annotations} == {"C4", "C#4"}
    assert "C4 1.00, C#4 0.50. Played: C#4." in figure.layout.meta["description"]


@pytest.mark.parametrize("p", [np.zeros(87), np.full(KEYS, 1.5), np.full(KEYS, np.nan)])
def test_what_is_no_keyboard_is_refused(p):
    with pytest.raises(ValueError, match=r"expected|not finite"):
        figures.keyboard(p)


def test_chord_is_the_stored_emitters_by_hand():
    """The emitter's three layers in NumPy, from the weights in the file."""
    from safetensors.numpy import load_file

    run, inspection, piece = keys.choral()
    weights = {name.split("emitter.")[-1]: w for name, w in load_file(run / "snapshots" / "best.safetensors").items()}
    now = keys.chord(beat=9, number=25, shift=-3.0)
    for z, got in ((inspection.z_loc[8], now.before), (inspection.z_loc[8] - 3 * np.eye(32)[24], now.after)):
        for layer in ("z_to_hidden", "hidden_to_hidden"):
            z = np.maximum(weights[f"{layer}.weight"] @ z + weights[f"{layer}.bias"], 0)
        logits = weights["hidden_to_logits.weight"] @ z + weights["hidden_to_logits.bias"]
        np.testing.assert_allclose(got, 1 / (1 + np.exp(-logits)), atol=1e-5)
    np.testing.assert_array_equal(now.played, piece.roll[8])
    np.testing.assert_array_equal(now.moved, np.flatnonzero(abs(now.after - now.before) > 0.1))


def test_roughness_is_that_of_the_piece():
    piece, again = music.drawn(3)
    rough = music.roughness(piece, again)
    p = torch.from_numpy(piece.probabilities)
    assert rough.entropy == pytest.approx(float(torch.distributions.Bernoulli(p).entropy().sum(1).mean()), rel=1e-4)
    assert rough.expected == pytest.approx(float((2 * p * (1 - p)).sum(1).mean()), rel=1e-4)
    assert rough.differ == np.mean([sum(a != b) for a, b in zip(piece.roll, again, strict=True)])
    assert (rough.fewest, rough.most) == (piece.roll.sum(1).min(), piece.roll.sum(1).max())
    words = music.why_rough(piece, again)
    for number in (rough.entropy, rough.expected, rough.differ, rough.keys, rough.likely, 88 * math.log(2)):
        assert f"{number:.2f}" in words


def test_second_toss_differs_as_often_as_the_chances_say():
    apart, error = [], []
    for seed in range(12):
        piece, again = music.drawn(seed)
        q = 2 * piece.probabilities * (1 - piece.probabilities)
        apart.append((piece.roll != again).sum() - q.sum())
        error.append((q * (1 - q)).sum())
    assert abs(sum(apart)) < 4 * math.sqrt(sum(error))


# --- the page --------------------------------------------------------------------------------------------------------


def part(name):
    """One fragment of the page by itself."""

    def script(name):
        from dmm.ui.deep_markov_model import dynamics, keys, music, tasks, unrolled, why

        {
            "model": unrolled.show_model,
            "dynamics": lambda: dynamics.show_dynamics(why.show_derivation),
            "keys": keys.show_emitter,
            "music": music.show_music,
            "tasks": tasks.show_tasks,
        }[name]()

    at = AppTest.from_function(script, default_timeout=30, args=(name,))
    at.session_state["framed"] = True
    return at.run()


def dial(at, name):
    (found,) = (one for one in (*at.slider, *at.get("button_group")) if one.key == f"dial {PAGE} {name}")
    return found


def text(at):
    return "\n".join(one.value for kind in (at.markdown, at.caption, at.latex) for one in kind)


def test_page_opens_with_all_its_parts_and_no_answer():
    at = open_page(PAGE)
    assert_alive(at, PAGE)
    assert sentences(at) == []
    assert set(shown_figures(at)) == {"step linear", "step mlp", "step gated", "keyboard"}
    assert all(chart.proto.alt for chart in at.get("plotly_chart"))
    assert {"Why do samples sound rough?", "Try this"} <= {one.value for one in at.subheader}
    assert "linger" not in text(at)
    assert all(one.help for kind in (at.slider, at.radio, at.button, at.get("button_group")) for one in kind)


def test_first_part_needs_no_torch():
    code = (
        "import sys; from dmm.ui.deep_markov_model import dynamics, keys, music, tasks, unrolled, why;"
        "unrolled.weights_table(4, 3, 2, 5, 7);"
        "dynamics.draw_spread('mlp', 0.6, 0.0, 8); print('torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip().endswith("False")


def test_sizes_and_length_change_graph_formula_and_counts():
    at = part("model")
    for name, value in {"T": 7, "Z": 5, "X": 9, "E": 6, "H": 8}.items():
        dial(at, name).set_value(value)
    at.run()
    assert f"{count(GatedTransition(5, 8)):,} |" in text(at)
    assert f"{count(Emitter(9, 5, 6)):,} |" in text(at)
    assert "7 × 5 = 35 hidden numbers and 7 × 9 = 63 seen" in text(at)
    assert r"p(x_7 \mid z_7)" in text(at)
    graphs = packets(at)
    assert {"x7", "emission 7"} <= graphs["unrolled"]["shapes"].keys()
    assert "5 → 8 → 5" in graphs["inside transition"]["shapes"]["gate"]["label"]


def packets(at):
    """What our components were sent, by key."""
    return {key.rsplit("-", 1)[-1]: packet for key, packet in views(at).items()}


def test_looking_inside_shows_the_other_network_and_a_press_on_a_square_does_the_same(monkeypatch):
    at = part("model")
    dial(at, "inside").set_value("emission").run()
    assert not at.exception
    assert "logit" in text(at)
    assert r"\operatorname{Bernoulli}" in text(at)
    assert r"\odot" not in text(at)
    pressed = {}
    monkeypatch.setattr(unrolled, "put", lambda *where: pressed.update([where[1:]]))
    unrolled._open("transition 3")
    assert pressed == {"inside": "transition"}


def test_only_the_right_answer_is_called_right_and_then_the_spreads_show():
    at = part("dynamics")
    (radio,) = at.radio
    assert len(shown_figures(at)) == 3
    for place in range(3):
        radio.set_value(radio.options[place]).run()
        (radio,) = at.radio
        assert ("**Right.**" in text(at)) == (place == 1)
    assert set(shown_figures(at)) == {f"{kind} {one}" for kind in ("step", "spread") for one in marginals.STEPS}
    assert "Humps: Linear 1, MLP 2, Gated 3." in text(at)


def test_each_slider_moves_the_spread_to_the_exact_one():
    at = part("dynamics")
    at.radio[0].set_value(at.radio[0].options[0]).run()
    for name, value in {"z_1": 1.5, "sigma": 0.9, "t": 5}.items():
        dial(at, name).set_value(value).run()
    for kind, step in marginals.STEPS.items():
        density = marginals.densities(step(0.9), 1.5, 5)[-1]
        mean, width = marginals.moments(density)
        assert f"$z_{{5}}$: mean {mean:.2f}, standard deviation {width:.2f}, {marginals.humps(density)} hump" in text(
            at
        )
        away = 50 * np.abs(density - marginals.bell(marginals.GRID, mean, width)).sum() * np.diff(marginals.GRID)[0]
        assert f"{away:.1f}\u00a0% of the probability would have to be moved" in text(at)
        assert "From z_t-1 = 1.5 " in shown_alt(at, f"step {kind}")
    at.button(key=f"next {PAGE} lines").click().run()
    assert not at.exception
    at.button(key=f"check {PAGE} lines 0").click().run()
    assert "standard errors" in text(at)


def shown_alt(at, key):
    (found,) = (one.proto.alt for one in at.get("plotly_chart") if one.proto.id.endswith(key))
    return found


def test_keyboard_follows_beat_number_and_shift():
    at = part("keys")
    dial(at, "beat").set_value(9)
    dial(at, "number").set_value(25)
    dial(at, "shift").set_value(-3.0)
    at.run()
    now = keys.chord(9, 25, -3.0)
    shown = shown_figures(at)["keyboard"]["data"]
    chances = {row[0]: row[1] for trace in shown[:2] for row in trace["customdata"]}
    assert chances == pytest.approx({keys.name(k): float(p) for k, p in enumerate(now.after)}, abs=1e-6)
    assert f"expects {now.after.sum():.2f} keys" in text(at)
    change = {keys.name(k): (a, b) for k, (a, b) in enumerate(zip(now.before, now.after, strict=True))}
    assert f"**{sum(abs(b - a) > 0.1 for a, b in change.values())} keys** by more than 0.1" in text(at)
    most = max(change, key=lambda one: abs(change[one][1] - change[one][0]))
    assert most != max(change, key=lambda one: change[one][1]), "the likeliest is not the one that moves most"
    assert f"most of all {most}, from {change[most][0]:.2f} to {change[most][1]:.2f}." in text(at)


def test_music_is_stored_at_first_and_drawn_when_asked():
    at = part("music")
    (stored,) = views(at).values()
    assert "stored" in stored["title"]
    click(at, "Draw")
    (drawn,) = views(at).values()
    assert "random numbers 1" in drawn["title"]
    assert drawn["roll"]["bits"]
    for view in ("again", "chances"):
        dial(at, "view").set_value(view).run()
        (other,) = views(at).values()
        assert other["roll"]["data"] != drawn["roll"]["data"]
        assert other["latents"]["data"] == drawn["latents"]["data"]
    assert not other["roll"]["bits"]
    rough = music.roughness(*music.drawn(1))
    assert f"**{rough.expected:.2f} keys a beat**" in text(at)


def test_same_seed_draws_the_same_piece_again():
    first, second = (music._draw.__wrapped__("0000000000000001", 0.0, 5) for _ in range(2))
    np.testing.assert_array_equal(first.roll, second.roll)
    assert (music.drawn(6)[0].roll != first.roll).any()


# --- the tasks -------------------------------------------------------------------------------------------------------


def at_settings(monkeypatch, module, **settings):
    monkeypatch.setattr(module, "value", lambda lesson, dial: settings.get(dial.name, dial.start))


@pytest.mark.parametrize(
    ("settings", "done"),
    [
        ({}, False),
        ({"z_1": 3.0}, True),
        ({"z_1": 3.0, "sigma": 0.45}, False),  # too little noise
        ({"z_1": 3.0, "t": 5}, False),  # too early
        ({"z_1": 3.0, "sigma": 1.2}, False),  # so loud that it crosses
    ],
)
def test_density_task_wants_one_hump_late_and_loud(settings, done, monkeypatch):
    at_settings(monkeypatch, tasks, **settings)
    reached, now = tasks.one_hump()
    assert reached == done
    scale, z_1, t = settings.get("sigma", 0.6), settings.get("z_1", 0.0), settings.get("t", 8)
    assert f"has {marginals.humps(marginals.densities(marginals.mlp(scale), z_1, t)[-1])} hump" in now


def test_only_the_length_is_free(monkeypatch):
    at_settings(monkeypatch, tasks, Z=3, X=4, E=5, H=6)
    answer, because = tasks.free()
    assert answer == tasks.DOUBLED["T"]

    def whole(Z=3, X=4, E=5, H=6):
        return Z + count(Emitter(X, Z, E)) + count(GatedTransition(Z, H))

    for name in "ZXH":
        assert f"${name}$ {whole(**{name: 2 * {'Z': 3, 'X': 4, 'H': 6}[name]}) - whole():,}" in because


def test_silent_task_looks_at_all_beats_and_at_both_sides(monkeypatch):
    """Beat by beat, with the keyboard's own chords, for one asleep and one that is not quite."""
    _, inspection, _ = keys.choral()
    nats = inspection.kl.mean(0)
    beats = range(1, len(inspection.kl) + 1)
    for number in (int(nats.argmin()) + 1, 2):
        moved = [[len(keys.chord(t, number, by).moved) for by in (4.0, -4.0)] for t in beats]
        quiet = sum(up == down == 0 for up, down in moved)
        at_settings(monkeypatch, keys, number=number)
        reached, now = tasks.unheard()
        assert reached == (quiet > len(beats) / 2)
        assert f"Dimension {number}: at {quiet} of {len(beats)} beats" in now


def test_silent_task_takes_no_dimension_that_the_music_uses(monkeypatch):
    """Its reason says that training let the dimension fall asleep."""
    _, inspection, _ = keys.choral()
    accepted = []
    for number in range(1, inspection.kl.shape[1] + 1):
        at_settings(monkeypatch, keys, number=number)
        accepted += [number] * tasks.unheard()[0]
    assert len(accepted) > 5
    assert inspection.kl.mean(0)[np.array(accepted) - 1].max() < ACTIVE


def test_tasks_are_marked_when_done_and_hint_when_not():
    at = part("tasks")
    at.button(key=f"task {PAGE} density").click().run()
    assert "**Not there yet.**" in text(at)
    assert not at.session_state["tasks done"]
    at.session_state[f"dial {PAGE} z_1"] = 3.0
    at.session_state[f"dial {PAGE} number"] = 6
    at.button(key=f"task {PAGE} density").click().run()
    at.button(key=f"task {PAGE} silent").click().run()
    (radio,) = at.radio
    radio.set_value(radio.options[1]).run()
    assert "**Not yet.**" in text(at)
    at.radio[0].set_value(at.radio[0].options[0]).run()
    assert at.session_state["tasks done"] == {(PAGE, name) for name in ("density", "weights", "silent")}
