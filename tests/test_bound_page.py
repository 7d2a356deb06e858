"""The page of the bound: its figures against numbers, its derivations on both sides, each control and each task."""

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from dmm import figures, one_draw, one_latent
from dmm.one_latent import NOISE, WORLDS
from dmm.ui.bound import exactly, gradient, guess, jensen, kl, learning, noise, tasks
from tests.test_pages import ROOT, assert_alive, assert_one_sentence, open_page
from tests.test_pages import figures as shown_figures
from tests.test_structured import decoded, dial, text

PARTS = one_latent.parts(WORLDS["curved"], 1.5, 0.5, 0.5)


# --- what the figures show -------------------------------------------------------------------------------------------


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def ends(bar):
    """Where a bar begins and where it ends."""
    return bar.base, bar.base + bar.x[0]


def test_both_cuts_of_the_bar_end_at_the_bound():
    bars = traces(figures.bound_bar(PARTS, -20))
    assert ends(bars["log p(x)"]) == (0, pytest.approx(PARTS.log_p_x))
    assert ends(bars["gap"]) == (pytest.approx(PARTS.log_p_x), pytest.approx(PARTS.elbo))
    assert ends(bars["reconstruction"]) == (0, pytest.approx(PARTS.reconstruction))
    assert ends(bars["KL"]) == (pytest.approx(PARTS.reconstruction), pytest.approx(PARTS.elbo))
    told = "".join(note.text for note in figures.bound_bar(PARTS, -20).layout.annotations)
    assert f"ELBO = <b>{PARTS.elbo:.2f}</b>" in told
    assert f"log p(x) = <b>{PARTS.log_p_x:.2f}</b>" in told


def test_bound_beyond_the_axis_is_said_to_be_so_and_the_numbers_stay_true():
    parts = (-1.5, -40.0, 2.0, 40.5)
    figure = figures.bound_bar(parts, -6)
    assert traces(figure)["reconstruction"].customdata[0] == -40
    assert min(ends(bar)[1] for bar in figure.data) >= -7, "nothing is drawn far beyond the axis"
    told = "".join(note.text for note in figure.layout.annotations)
    assert "ELBO = <b>-42.00</b>, beyond the axis" in told


@pytest.mark.parametrize(
    ("parts", "low"),
    [
        ((0.5, -1, 0.1, 1.6), -5),
        ((-1, -1, -0.1, 0), -5),
        ((-1, np.nan, 0, 0), -5),
        ((-6, -6, 0, 0), -5),
    ],
)
def test_bar_refuses_what_it_cannot_draw(parts, low):
    with pytest.raises(ValueError, match="expected"):
        figures.bound_bar(parts, low)


def test_chord_shows_the_log_of_the_mean_above_the_mean_of_the_logs():
    marks = traces(figures.jensen_chord(0.3, 1.7))
    assert marks["log of the mean"].y[0] == pytest.approx(0)
    assert marks["mean of the logs"].y[0] == pytest.approx(np.log(0.3 * 1.7) / 2)
    same = traces(figures.jensen_chord(1.0, 1.0))
    assert same["log of the mean"].y[0] == same["mean of the logs"].y[0] == 0
    with pytest.raises(ValueError, match="above 0"):
        figures.jensen_chord(0.0, 1.0)


def test_curves_are_densities_and_the_likelihood_is_as_high_as_the_posterior():
    curves = guess.curves("folded", 2.0, -0.5, 0.25)
    for density in (curves.prior, curves.posterior, curves.guess):
        assert density.sum() * (curves.z[1] - curves.z[0]) == pytest.approx(1, abs=2e-3)
    lines = traces(figures.latent_curves(curves, 2.0, NOISE))
    assert lines["likelihood, scaled"].y.max() == pytest.approx(curves.posterior.max())
    np.testing.assert_array_equal(lines["guess q"].y, curves.guess)
    np.testing.assert_array_equal(lines["f(z)"].y, WORLDS["folded"].look(curves.z))
    assert "peaks of the posterior: 2." in figures.latent_curves(curves, 2.0, NOISE).layout.meta["description"]
    with pytest.raises(ValueError, match="one length"):
        figures.belief_curves(curves._replace(guess=curves.guess[1:]), 2.0)


def test_hills_stand_on_one_axis_and_a_constant_is_one_bin_around_the_exact_value():
    draws = np.random.default_rng(0).normal(-2, 1, size=500)
    constant = np.full(500, -2.0) + 1e-15 * np.arange(500)
    both = [figures.Estimate("wide", "#0072B2", draws, 1.0), figures.Estimate("none", "#E69F00", constant, 0.0)]
    hills = traces(figures.estimate_hills(both, -2.0, "bound"))
    x, y = np.asarray(hills["none"].x), np.asarray(hills["none"].y)
    top = x[y == y.max()]
    assert top.min() < -2 < top.max()
    assert len(top) == 2, "one bin"
    np.testing.assert_array_equal(hills["wide"].x, hills["none"].x)
    with pytest.raises(ValueError, match="not finite"):
        figures.estimate_hills([figures.Estimate("bad", "#E69F00", np.array([np.nan]), 0.0)], 0.0, "bound")
    with pytest.raises(ValueError, match="0 estimates"):
        figures.estimate_hills([], 0.0, "bound")


def test_walk_and_its_bounds_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="shape"):
        figures.guess_walk(np.arange(3.0), np.arange(1.0, 3), np.zeros((3, 2)), [(0, 1)], [(0, 1)])
    with pytest.raises(ValueError, match="none above"):
        figures.bound_by_step([-1.0], -2.0, -2.5)


# --- the derivations -------------------------------------------------------------------------------------------------

DERIVATIONS = {
    "jensen": jensen.JENSEN,
    "exactly": exactly.EXACTLY,
    "inside": gradient.INSIDE,
    "gaussians": kl.GAUSSIANS,
}
LINES = [(name, place) for name, steps in DERIVATIONS.items() for place, step in enumerate(steps) if step.check]


NOWS = [("straight", 1.5, 0.5, 0.5), ("curved", 0.5, -0.5, 1.0), ("folded", 2.0, 0.25, 1.2)]
PAIRS = {"straight": (1.0, 0.5, 0.0, 1.5), "curved": (-0.3, 1.2, 0.4, 0.6), "folded": (0.0, 1.0, 0.0, 1.0)}


def check(monkeypatch, now, name, place):
    """Both sides of a line, for a world, a frame and a q, or two bells."""
    for module in (jensen, exactly, gradient):
        monkeypatch.setattr(module, "now", lambda: now)
    monkeypatch.setattr(kl, "two", lambda: PAIRS[now[0]])
    return DERIVATIONS[name][place].check()


@cache
def sides(now):
    """What the left side of each line is, by torch alone."""
    (kind, x, loc, scale), normal = now, torch.distributions.Normal
    softplus = torch.nn.functional.softplus
    look = {
        "straight": lambda z: 0.8 * z,
        "curved": lambda z: softplus(3 * z),
        "folded": lambda z: softplus(3 * z) + softplus(-3 * z) - 2 * np.log(2),
    }[kind]
    loc, scale = (torch.tensor(one, dtype=torch.float64, requires_grad=True) for one in (loc, scale))
    eps, prior, q = torch.linspace(-12, 12, 4001, dtype=torch.float64), normal(0.0, 1.0), normal(loc, scale)
    seen, weight = (lambda z: normal(look(z), 0.6).log_prob(torch.tensor(x))), torch.softmax(prior.log_prob(eps), 0)
    evidence = torch.logsumexp(seen(eps) + weight.log(), 0)
    reconstruction, to_prior = weight @ seen(loc + scale * eps), torch.distributions.kl_divergence(q, prior)
    slopes = torch.autograd.grad(reconstruction, (loc, scale))
    q_loc, q_scale, p_loc, p_scale = torch.tensor(PAIRS[kind], dtype=torch.float64)
    two = normal(q_loc, q_scale), normal(p_loc, p_scale)
    apart, at = torch.distributions.kl_divergence(*two), q_loc + q_scale
    squares = q_scale**2, q_scale**2 + q_loc**2 - 2 * q_loc * p_loc + p_loc**2
    found = {
        "jensen": [evidence, evidence, evidence, reconstruction - to_prior, -to_prior],
        "exactly": [evidence, None, evidence, evidence],
        "inside": [None, reconstruction, *slopes, slopes[0]],
        "gaussians": [apart, two[0].log_prob(at) - two[1].log_prob(at), *squares, apart],
    }
    found |= {"bound": [reconstruction - to_prior]}
    return {name: [one if one is None else one.item() for one in values] for name, values in found.items()}


@pytest.mark.parametrize("now", NOWS)
@pytest.mark.parametrize(("name", "place"), LINES)
def test_both_sides_of_each_line_agree_and_are_what_the_line_is_about(monkeypatch, now, name, place):
    found, known = check(monkeypatch, now, name, place), sides(now)
    close, left = 1e-6 if name == "inside" else 1e-9, known[name][place]
    right = known["bound"][0] if (name, place) == ("jensen", 2) else left  # the line with the inequality
    assert abs(found.left_value - left) <= (4.5 * found.noise if (name, place) == ("jensen", 3) else close)
    assert abs(found.right_value - right) <= (4.5 * found.noise or close)
    assert found.noise < 0.1


ALONE = {  # what makes one side of a line and has no part in the other
    ("jensen", 0): (jensen, "integral", "left"),
    ("jensen", 1): (jensen, "average", "right"),
    ("jensen", 2): (one_latent, "log_evidence", "left"),
    ("jensen", 3): (jensen, "average", "left"),
    ("jensen", 4): (jensen, "kl_normal", "right"),
    ("exactly", 0): (one_latent, "log_evidence", "left"),
    ("exactly", 2): (exactly, "integral", "left"),
    ("exactly", 3): (one_latent, "log_evidence", "left"),
    ("inside", 1): (gradient, "integral", "left"),
    ("inside", 2): (gradient, "average", "right"),
    ("inside", 3): (gradient, "average", "right"),
    ("inside", 4): (gradient, "average", "right"),
    ("gaussians", 0): (kl, "integral", "left"),
    ("gaussians", 1): (kl, "_pairs", "left"),
    ("gaussians", 2): (kl, "integral", "left"),
    ("gaussians", 3): (kl, "integral", "left"),
    ("gaussians", 4): (kl, "kl_normal", "right"),
}


@pytest.mark.parametrize("now", NOWS[:2])
@pytest.mark.parametrize(("name", "place"), LINES)
def test_sides_of_a_line_are_not_one_computation(monkeypatch, now, name, place):
    """Where the part that makes one side is put wrong by a hundredth, that side moves and the other stays."""
    right = check(monkeypatch, now, name, place)
    module, part, side = ALONE[name, place]
    whole = getattr(module, part)
    monkeypatch.setattr(module, part, lambda *given: np.multiply(1.01, whole(*given)))
    wrong = check(monkeypatch, now, name, place)
    moved = {one for one in ("left", "right") if getattr(wrong, f"{one}_value") != getattr(right, f"{one}_value")}
    assert moved == {side}


def test_score_function_has_the_larger_standard_error(monkeypatch):
    monkeypatch.setattr(gradient, "now", lambda: ("straight", 1.5, 0.5, 0.5))
    inside, score = (gradient.INSIDE[place].check() for place in (2, 4))
    assert score.noise > 2 * inside.noise
    assert score.left_value == inside.left_value


@pytest.mark.parametrize("name", DERIVATIONS)
def test_derivation_shows_line_by_line(name):
    call = {"jensen": "jensen.show_jensen", "exactly": "exactly.show_exactly"}
    call |= {"inside": "gradient.show_inside", "gaussians": "kl.show_kl"}
    at = AppTest.from_string(
        f"from dmm.ui.bound import {call[name].split('.')[0]}\n{call[name]}()", default_timeout=30
    ).run()
    assert len(at.latex) == 1
    dial(at, name).set_value(len(DERIVATIONS[name])).run()
    assert not at.exception
    assert len(at.latex) == len(DERIVATIONS[name])
    pressed = next(one for one in at.button if one.label == "Check it")
    pressed.click().run()
    assert "They differ by" in text(at)


def test_kl_is_told_both_ways():
    at = AppTest.from_string("from dmm.ui.bound import kl\nkl.show_kl()", default_timeout=30).run()
    for name, value in (("q_mean", -1.0), ("q_sd", 0.7), ("p_mean", 0.5), ("p_sd", 1.2)):
        dial(at, name).set_value(value).run()
    there, back = one_latent.kl_normal(-1.0, 0.7, 0.5, 1.2), one_latent.kl_normal(0.5, 1.2, -1.0, 0.7)
    assert f"**{there:.3f}** nats" in text(at)
    assert f"**{back:.3f}**" in text(at)


# --- the bar ---------------------------------------------------------------------------------------------------------


def world(at, name):
    (found,) = (one for one in at.get("button_group") if one.key.split()[-1] == name)
    return found


def choose(at, key, place):
    (radio,) = (one for one in at.radio if one.key == key)
    return radio.set_value(radio.options[place]).run()


@pytest.fixture
def bar():
    return AppTest.from_string("from dmm.ui.bound import guess\nguess.show_bar()", default_timeout=30).run()


def shown_parts(at):
    """log p(x), gap, reconstruction and KL, as the bar has them."""
    return [decoded(one["customdata"])[0] for one in shown_figures(at)["bar"]["data"]]


def test_bar_shows_once_somebody_has_predicted_and_only_one_answer_is_right(bar):
    assert set(shown_figures(bar)) == {"curves"}
    for place in range(3):
        choose(bar, "predict stays", place)
        assert ("**Right.**" in text(bar)) == (place == 0)
    assert set(shown_figures(bar)) == {"curves", "bar"}


def test_bar_and_words_are_the_parts_and_q_does_not_move_the_evidence(bar):
    choose(bar, "predict stays", 0)
    seen = []
    for name, value in (("mean", 0.75), ("sd", 1.0), ("mean", -0.5)):
        dial(bar, name).set_value(value).run()
        loc, scale = dial(bar, "mean").value, dial(bar, "sd").value
        found = one_latent.parts(WORLDS["straight"], 1.5, loc, scale)
        wanted = (found.log_p_x, found.gap, found.reconstruction, found.kl)
        np.testing.assert_allclose(np.abs(shown_parts(bar)), np.abs(wanted), atol=1e-9)
        assert f"is {-found.elbo:.2f}, which is {found.gap:.2f} above it" in text(bar)
        assert f"= {found.elbo:.2f}" in bar.latex[0].value
        seen.append(shown_parts(bar))
    assert len({one[0] for one in seen}) == 1
    assert len({one[1] for one in seen}) == 3


def test_world_and_frame_move_the_evidence(bar):
    choose(bar, "predict stays", 0)
    seen = [shown_parts(bar)[0]]
    for kind in ("curved", "folded"):
        world(bar, "world").set_value(kind).run()
        seen.append(shown_parts(bar)[0])
        assert guess.BELOW[kind] in text(bar)
    dial(bar, "x").set_value(2.5).run()
    seen.append(shown_parts(bar)[0])
    wanted = [one_latent.log_evidence(WORLDS[kind], 1.5) for kind in WORLDS]
    np.testing.assert_allclose(seen, [*wanted, one_latent.log_evidence(WORLDS["folded"], 2.5)], atol=1e-9)


# --- learning --------------------------------------------------------------------------------------------------------


@pytest.fixture
def lab():
    return AppTest.from_string("from dmm.ui.bound import learning\nlearning.show_learning()", default_timeout=30).run()


def press(at, label):
    next(one for one in at.button if one.label == label).click().run()
    assert not at.exception


def way(at):
    return at.session_state["bound walk"]["way"]


def test_steps_are_those_of_the_rule_with_seeded_draws(lab):
    press(lab, "One step")
    press(lab, "Twenty steps")
    q = (-1.5, 1.0)
    for step in range(1, 22):
        q = one_draw.ascend(WORLDS["straight"], 1.5, *q, np.random.default_rng([0, step]).normal(size=1), 0.02)
        assert way(lab)[step] == pytest.approx(q)
    gap = one_latent.parts(WORLDS["straight"], 1.5, *q).gap
    assert "After **21** steps" in text(lab)
    assert f"$N({q[0]:.2f}, {q[1]:.2f}^2)$, and the gap is **{gap:.3f}** nats. The best Gaussian leaves 0" in text(lab)
    drawn = shown_figures(lab)
    (land,) = (decoded(one["z"]).reshape(41, 61) for one in drawn["walk"]["data"] if one["name"] == "gap")
    for i, j in ((0, 0), (20, 30), (40, 60)):
        corner = one_latent.parts(WORLDS["straight"], 1.5, learning.AXES[0][j], learning.AXES[1][i])
        assert land[i, j] == pytest.approx(np.log10(corner.gap), abs=1e-3)
    line = next(one for one in drawn["steps"]["data"] if one["name"] == "ELBO")
    wanted = [one_latent.parts(WORLDS["straight"], 1.5, *one).elbo for one in way(lab)]
    np.testing.assert_allclose(decoded(line["y"]), wanted, atol=1e-9)
    star = next(one for one in drawn["walk"]["data"] if one["name"] == "peaks of the bound")
    np.testing.assert_allclose(decoded(star["x"]), [1.2], atol=1e-6)


def test_back_brings_the_same_way_again_and_other_draws_another(lab):
    press(lab, "Twenty steps")
    first = list(way(lab))
    press(lab, "Back")
    assert way(lab) == [(-1.5, 1.0)]
    press(lab, "Twenty steps")
    assert way(lab) == first
    press(lab, "Other draws")
    press(lab, "Twenty steps")
    assert way(lab)[0] == first[0]
    assert way(lab)[1:] != first[1:]


def test_rate_draws_start_and_world_have_their_effect(lab):
    press(lab, "One step")
    small = way(lab)[-1]
    dial(lab, "rate").set_value(0.04).run()
    assert len(way(lab)) == 2, "the way goes on"
    press(lab, "Back")
    press(lab, "One step")
    assert way(lab)[-1][0] + 1.5 == pytest.approx(2 * (small[0] + 1.5))
    dial(lab, "draws").set_value(8).run()
    press(lab, "Back")
    press(lab, "One step")
    eps = np.random.default_rng([0, 1]).normal(size=8)
    assert way(lab)[-1] == pytest.approx(one_draw.ascend(WORLDS["straight"], 1.5, -1.5, 1.0, eps, 0.04))
    dial(lab, "start").set_value(1.0).run()
    assert way(lab) == [(1.0, 1.0)]
    press(lab, "One step")
    world(lab, "learn").set_value("folded").run()
    assert way(lab) == [(1.0, 1.0)]
    gaps = [one_latent.parts(WORLDS["folded"], 1.5, *q).gap for q in one_latent.best(WORLDS["folded"], 1.5)]
    assert f"The best Gaussian leaves {min(gaps):.3f}." in text(lab)
    stars = next(one for one in shown_figures(lab)["walk"]["data"] if one["name"] == "peaks of the bound")
    assert len(decoded(stars["x"])) == 3


def test_walk_ends_at_its_limit():
    walk = {"seed": 0, "of": ("straight", -1.5), "way": [(-1.5, 1.0)] * (learning.MOST + 1)}
    script = "from dmm.ui.bound import learning\nlearning.show_learning()"
    at = AppTest.from_string(script, default_timeout=30)
    at.session_state["bound walk"] = walk
    at.run()
    assert not at.exception
    assert all(one.disabled for one in at.button if "step" in one.label)


# --- noise -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def noisy():
    return AppTest.from_string("from dmm.ui.bound import noise\nnoise.show_noise()", default_timeout=30).run()


def notes(at, key):
    return " ".join(one["text"] for one in shown_figures(at)[key]["layout"]["annotations"])


def test_standard_deviations_are_the_exact_ones_and_follow_q(noisy):
    choose(noisy, "predict scatter", 0)
    for kind, loc, scale in (("straight", 0.5, 0.5), ("straight", 1.2, 0.6), ("curved", 0.3, 0.3)):
        world(noisy, "noisy").set_value(kind)
        dial(noisy, "noisy_mean").set_value(loc)
        dial(noisy, "noisy_sd").set_value(scale).run()
        for form, key in ((one_draw.bound_sampled, "sampled KL"), (one_draw.bound_analytic, "analytic KL")):
            draws = form(WORLDS[kind], 1.5, loc, scale, np.random.default_rng(1).normal(size=100_000))
            told = float(notes(noisy, "values").split(f"{key}: <b>sd ")[1].split("<")[0])
            assert told == pytest.approx(draws.std(), rel=0.02, abs=0.006)
    assert "score function: <b>sd " in notes(noisy, "slopes")


def test_sampled_form_is_silent_where_q_is_the_posterior(noisy):
    dial(noisy, "noisy_mean").set_value(1.2).run()
    dial(noisy, "noisy_sd").set_value(0.6).run()
    assert "sampled KL: <b>sd 0.00</b>" in notes(noisy, "values")
    assert "analytic KL: <b>sd 0.85</b>" in notes(noisy, "values")
    assert "**0.000** nats" in text(noisy)


def test_score_function_scatters_more_and_its_price_is_told(noisy):
    for place in range(3):
        choose(noisy, "predict scatter", place)
        assert ("**Right.**" in text(noisy)) == (place == 0)
    setting = WORLDS["straight"], 1.5, 0.5, 0.5
    score = one_draw.spread(one_draw.gradient_score, *setting)[0]
    inside = one_draw.spread(one_draw.gradient_inside, *setting)[0]
    assert f"{score:.2f} for the score function and {inside:.2f} reparameterised" in text(noisy)
    assert f"needs {(score / inside) ** 2:.0f} times" in text(noisy)


@pytest.mark.parametrize("way_of", [noise.by_score, noise.by_sampled, noise.by_analytic])
def test_each_slope_is_that_of_the_exact_bound_on_average(way_of):
    for kind, loc, scale in (("straight", 0.5, 0.5), ("curved", -0.5, 1.0), ("folded", 0.2, 0.8)):
        h, one = 1e-5, WORLDS[kind]
        exact = (one_latent.elbo(one, 1.5, loc + h, scale) - one_latent.elbo(one, 1.5, loc - h, scale)) / (2 * h)
        mean = way_of(one, 1.5, loc, scale, one_latent.EPS) @ one_latent.WEIGHTS
        assert mean == pytest.approx(exact, abs=1e-6)


# --- the whole page, its tasks and its links -------------------------------------------------------------------------


BAR_AND_TASKS = """
from dmm.ui.bound import guess, noise, tasks
guess.show_bar()
noise.show_noise()
noise.show_answer()
tasks.show_tasks()
"""


@pytest.fixture(scope="module")
def page():
    return AppTest.from_string(BAR_AND_TASKS, default_timeout=30).run()


def task(at, name):
    (found,) = (one for one in (*at.button, *at.radio, *at.number_input) if one.key == f"task bound {name}")
    return found


def test_tasks_refuse_what_is_wrong_and_accept_what_is_right(page):
    task(page, "tight").click().run()
    assert "Not there yet" in text(page)
    dial(page, "mean").set_value(1.2)
    dial(page, "sd").set_value(0.6)
    task(page, "tight").click().run()
    assert "the gap 0.000 nats" in text(page)
    assert "Here the posterior is a Gaussian" in text(page)
    sliders = [(loc, scale) for loc in np.arange(-2, 2.01, 0.05) for scale in np.arange(0.1, 1.01, 0.05)]
    locs, scales = np.array(sliders).T
    gaps = one_latent.log_evidence(WORLDS["folded"], 2.5) - one_latent.elbo(WORLDS["folded"], 2.5, locs, scales)
    task(page, "peaks").set_value(2.0).run()
    assert "**Not yet.**" in text(page)
    task(page, "peaks").set_value(round(float(gaps.min()), 2)).run()
    assert "**Right.**] The best Gaussian sits on one of two equal peaks" in text(page)
    for kind, loc, scale, right in (
        ("straight", 1.2, 0.6, False),
        ("curved", -1.0, 0.6, False),
        ("curved", 0.25, 0.4, False),  # less, but not less than half as much
        ("curved", 0.3, 0.3, True),
    ):
        world(page, "noisy").set_value(kind)
        dial(page, "noisy_mean").set_value(loc)
        dial(page, "noisy_sd").set_value(scale)
        task(page, "noise").click().run()
        assert ("But near it" in text(page)) == right
        spread = [
            form(WORLDS[kind], 1.5, loc, scale, np.random.default_rng(2).normal(size=100_000)).std()
            for form in (one_draw.bound_sampled, one_draw.bound_analytic)
        ]
        assert (kind == "curved" and 2 * spread[0] < spread[1]) == right
    assert page.session_state["tasks done"] == {("bound", "tight"), ("bound", "peaks"), ("bound", "noise")}


def test_answer_about_the_kl_tells_the_spreads(page):
    spread = noise.at_posterior()
    setting = WORLDS["straight"], 1.5, 1.2, 0.6
    assert spread["analytic KL"] == pytest.approx(float(one_draw.spread(one_draw.bound_analytic, *setting)))
    assert spread["reparameterised, sampled KL"] == pytest.approx(1 / 0.6), "log p(z | x) has the slope -eps / 0.6"
    assert f"{spread['reparameterised, analytic KL']:.2f} against" in text(page)
    assert "standard deviation of 0.00" in text(page)


@pytest.mark.parametrize("part", tasks.CODE)
def test_code_of_each_part_is_there(part):
    at = AppTest.from_string("from dmm.ui.bound import tasks\ntasks._code()", default_timeout=30).run()
    world(at, "code").set_value(part).run()
    assert not at.exception
    assert at.code[0].value.startswith("def ")


def test_link_sets_the_controls_and_a_wrong_one_is_refused_in_a_sentence():
    at = open_page("bound", world="folded", x="2.5", mean="-1.25", sd="9", noisy="curved")
    assert_alive(at, "bound")
    assert (world(at, "world").value, world(at, "noisy").value) == ("folded", "curved")
    assert (dial(at, "x").value, dial(at, "mean").value, dial(at, "sd").value) == (2.5, -1.25, 0.5)
    (refused,) = [one.value for one in at.warning]
    assert_one_sentence(refused)


LIGHT = """
import sys
from streamlit.testing.v1 import AppTest
at = AppTest.from_file("app.py", default_timeout=60).run()
at.switch_page("pages/bound.py").run()
for radio in at.radio:
    radio.set_value(radio.options[0])
for button in at.button:
    if button.key not in ("copy_link button", "glossary"):  # which open a window each
        button.click()
at.run()
assert not at.exception
print(sorted({"torch", "pyro"} & set(sys.modules)))
"""


def test_page_and_its_checks_need_no_torch():
    run = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.splitlines()[-1] == "[]"
