"""One update: its stages against the bound, autograd, the fused engine and training; and each control of the page."""

import math
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import distributions

from dmm import elbo, figures, fused, one_update, optimisers, training, update_study
from dmm.batches import NOISE, make_generator, to_tensors
from dmm.config import make_config
from dmm.data import load_dataset
from dmm.deep_markov_model import build_dmm
from dmm.music import note_name
from dmm.palette import PHI, THETA, VERMILLION
from dmm.ui.one_update import beyond, numbers, questions, tasks
from dmm.ui.one_update.loop import BACK, FORWARD, draw_loop
from dmm.ui.one_update.numbers import RATES, UPDATES, noise_of, rates_of, update_of
from dmm.ui.one_update.stages import STAGES, in_numbers
from dmm.ui.one_update.views import THETAS, sums_of
from tests.test_pages import assert_alive, assert_one_sentence, open_page, sentences, turn_to, views
from tests.test_pages import figures as shown_figures
from tests.test_structured import decoded, text

PAGE = "one_update"
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def spec():
    return training.make_spec(make_config("classroom"), load_dataset("chorales"))


@pytest.fixture(scope="module")
def weights(spec):
    return training.make_state(spec, torch.float64).weights


@pytest.fixture(scope="module")
def step(spec, weights):
    return one_update.slow_motion(spec, weights)


@pytest.fixture(scope="module")
def around(spec, weights, step):
    """Model, batch and noise of the step, made anew."""
    dmm = training.load_dmm(spec.config, weights).requires_grad_(True)
    batch = to_tensors([spec.train[i] for i in step.pieces], torch.float64)
    return dmm, batch, dmm.sample_noise(batch.x, make_generator(0, NOISE, 0))


def gradient_of(loss, dmm):
    parts = torch.autograd.grad(loss, list(dmm.parameters()), materialize_grads=True)
    return torch.cat([part.reshape(-1) for part in parts]).numpy()


# --- the stages -----------------------------------------------------------------------------------------------------


def test_stages_add_up_to_the_readable_bound(step, around):
    bound, tensors = elbo.bound(*around, step.kl_weight), step.tensors
    np.testing.assert_allclose(tensors["reconstruction"].sum(), bound.reconstruction.detach(), rtol=1e-12)
    np.testing.assert_allclose(tensors["kl"].sum(), bound.kl.detach(), rtol=1e-12)
    np.testing.assert_allclose(tensors["elbo"], tensors["reconstruction"] - tensors["kl"])


@pytest.mark.parametrize("engine", [elbo.bound, fused.bound])
def test_gradient_is_that_of_both_engines(engine, step, around):
    loss = -engine(*around, step.kl_weight).elbo / step.scale
    np.testing.assert_allclose(step.tensors["gradient"], gradient_of(loss, around[0]), atol=1e-12)


def test_gradient_is_the_slope_of_the_loss(spec, weights, step):
    def loss(flat):
        reconstruction, kl = update_study.bound_after(spec, weights, flat)
        return (reconstruction + step.kl_weight * kl) * step.tensors["lengths"].sum() / step.scale

    flat, rng = one_update.flatten(weights), np.random.default_rng(0)
    for _ in range(3):
        way = torch.from_numpy(rng.normal(size=len(flat)))
        slope = (loss(flat + 1e-7 * way) - loss(flat - 1e-7 * way)) / 2e-7
        assert slope == pytest.approx(step.tensors["gradient"] @ way.numpy(), rel=1e-4)


def test_update_is_the_first_one_of_training(spec, weights, step):
    for name in ("fused", "readable"):
        same = spec._replace(config=spec.config.model_copy(update={"engine": name}))
        state, report = training.advance(training.make_state(same, torch.float64), same, training.Budget(steps=1))
        np.testing.assert_allclose(one_update.flatten(state.weights), step.tensors["new_weights"], atol=1e-9)
    record = report.records[0]
    assert record["kl_weight"] == step.kl_weight
    assert record["gradient_norm"] == pytest.approx(np.linalg.norm(step.tensors["gradient"]))


@pytest.mark.parametrize("model", ["fresh", "trained"])
def test_what_the_page_shows_is_what_training_does(model):
    spec, weights = numbers._setting(model)
    zeros = torch.zeros(len(one_update.flatten(weights)))
    spec = spec._replace(config=spec.config.model_copy(update={"engine": "readable"}))
    state, report = training.advance(
        training.State(weights, optimisers.Moments(zeros, zeros.clone())), spec, training.Budget(steps=1)
    )
    shown = update_of(model)
    np.testing.assert_allclose(one_update.flatten(state.weights), shown.tensors["new_weights"], atol=1e-6)
    record = report.records[0]
    assert sum(shown.before) == pytest.approx(record["bound"], rel=1e-6)
    assert shown.rate == pytest.approx(record["learning_rate"])
    assert shown.frames == record["frames"]
    after = elbo.bound(training.load_dmm(spec.config, state.weights), *_batch_and_noise(spec, weights))
    assert shown.after[0] == pytest.approx(-float(after.reconstruction) / shown.frames, rel=1e-4)
    assert shown.after[1] == pytest.approx(float(after.kl) / shown.frames, rel=1e-4)


def _batch_and_noise(spec, weights):
    dmm = training.load_dmm(spec.config, weights)
    batch = to_tensors([spec.train[i] for i in training.epoch_batches(spec, 0)[0]])
    return batch, dmm.sample_noise(batch.x, make_generator(spec.config.seed, NOISE, 0), training=True)


def test_every_stage_computes_what_its_formula_says(step, around):
    dmm, batch, noise = around
    found = {name: torch.from_numpy(values) for name, values in step.tensors.items()}
    torch.testing.assert_close(found["eps"], noise.eps)
    torch.testing.assert_close(found["z"], found["q_loc"] + found["q_scale"] * found["eps"])
    z_prev = torch.cat([dmm.z_0.expand(len(batch.x), 1, -1), found["z"][:, :-1]], 1)
    loc, scale = dmm.transition(z_prev)
    torch.testing.assert_close((found["p_loc"], found["p_scale"]), (loc.detach(), scale.detach()))
    torch.testing.assert_close(found["gate"], torch.sigmoid(dmm.transition.gate(z_prev)).detach())
    h, (q_loc, q_scale) = found["h_right"], dmm.inference.combiner(found["z"][:, 4], found["h_right"][:, 5])
    torch.testing.assert_close((found["q_loc"][:, 5], found["q_scale"][:, 5]), (q_loc.detach(), q_scale.detach()))
    cell = dmm.inference.rnns["right"].layers[0]
    before = torch.relu(
        batch.x[:, 3] @ cell.weight_ih_l0.T + cell.bias_ih_l0 + h[:, 4] @ cell.weight_hh_l0.T + cell.bias_hh_l0
    )
    torch.testing.assert_close(h[:, 3], before.detach())
    torch.testing.assert_close(found["logits"], dmm.emitter(found["z"]).detach())
    coins = distributions.Bernoulli(logits=found["logits"])
    torch.testing.assert_close(found["probabilities"], coins.probs)
    torch.testing.assert_close(found["reconstruction"], coins.log_prob(batch.x).sum(-1) * batch.mask)
    q, p = (distributions.Normal(found[f"{one}_loc"], found[f"{one}_scale"]) for one in "qp")
    torch.testing.assert_close(found["kl"], distributions.kl_divergence(q, p).sum(-1) * batch.mask)


def test_both_models_take_the_same_pieces():
    assert update_of("fresh").pieces == update_of("trained").pieces


def test_mask_and_padding(spec, step):
    tensors = step.tensors
    assert tensors["lengths"].tolist() == [len(spec.train[i]) for i in step.pieces]
    for row, (i, length) in enumerate(zip(step.pieces, tensors["lengths"], strict=True)):
        np.testing.assert_array_equal(tensors["x"][row, :length], spec.train[i])
        assert tensors["mask"][row].sum() == length
        for name in ("x", "reconstruction", "kl", "elbo"):
            assert not tensors[name][row, length:].any()


def test_kl_teaches_no_emitter_and_reconstruction_no_transition(weights, step):
    module, names = update_study.module_of_each(weights), list(update_study.MODULES)
    notes, kl = (step.tensors[f"gradient_{term}"] for term in ("reconstruction", "kl"))
    np.testing.assert_allclose(notes + kl, step.tensors["gradient"], atol=1e-12)
    silent = {"emitter": kl, "transition": notes, "z_0": notes}
    for place, name in enumerate(names):
        for part in (notes, kl):
            assert part[module == place].any() == (silent.get(name) is not part), name


@pytest.mark.parametrize("clip_norm", [0.01, 1.0])
def test_change_is_pytorchs_adam_with_a_clipped_norm(clip_norm, spec, step):
    weight = torch.nn.Parameter(torch.from_numpy(step.tensors["weights"]).clone())
    weight.grad = torch.from_numpy(step.tensors["gradient"]).clone()
    torch.nn.utils.clip_grad_norm_([weight], clip_norm)
    torch.optim.Adam([weight], lr=optimisers.learning_rate(1, spec.config)).step()
    config = spec.config.model_copy(update={"clip_norm": clip_norm})
    arrays = (torch.from_numpy(step.tensors[name]) for name in ("weights", "gradient"))
    np.testing.assert_allclose(one_update.change(*arrays, config), weight.detach(), atol=1e-7)


def test_other_kinds_of_model_are_refused(spec, weights):
    for name, value in {"inference": "mf-lr", "missing": 0.1, "emission": "gaussian"}.items():
        other = spec._replace(config=spec.config.model_copy(update={name: value}))
        with pytest.raises(ValueError, match=f"got {name} = {value}, expected"):
            one_update.slow_motion(other, weights)


# --- around the update ----------------------------------------------------------------------------------------------


def test_flat_vector_goes_back_into_its_names(weights):
    again = update_study.unflatten(one_update.flatten(weights), weights)
    assert list(again) == list(weights)
    assert all(torch.equal(again[name], weights[name]) for name in weights)


def test_modules_are_those_of_the_model(weights):
    dmm, module = build_dmm(make_config("classroom")), update_study.module_of_each(weights)
    rnn = dmm.inference.rnns["right"]
    parts = {
        "emitter": dmm.emitter.parameters(),
        "transition": dmm.transition.parameters(),
        "z_0": [dmm.z_0],
        "h_0": [rnn.h_0],
        "rnn": rnn.layers.parameters(),
        "z_q_0": [dmm.inference.z_q_0],
        "combiner": dmm.inference.combiner.parameters(),
    }
    sizes = [sum(one.numel() for one in parts[name]) for name in update_study.MODULES]
    assert np.bincount(module).tolist() == sizes
    shown = update_of("fresh")
    assert [len(places) for places in shown.modules.values()] == sizes


def test_step_at_the_rate_in_use_leads_where_the_update_led(spec, weights, step):
    (tried,) = update_study.rates_tried(spec, weights, step.tensors["gradient"], [spec.config.learning_rate])
    np.testing.assert_allclose(
        tried, update_study.bound_after(spec, weights, torch.from_numpy(step.tensors["new_weights"])), rtol=1e-12
    )


def test_noise_is_that_of_the_readable_gradient(spec, weights, step):
    pieces, draws = step.pieces[:2], 3
    found = update_study.gradient_noise(spec, weights, pieces, draws)
    dmm = training.load_dmm(spec.config, weights).requires_grad_(True)
    batch, generator = to_tensors([spec.train[i] for i in pieces], torch.float64), torch.Generator().manual_seed(0)
    noises = [dmm.sample_noise(batch.x, generator) for _ in range(draws)]
    module = update_study.module_of_each(weights)
    for kl in ("analytic", "sampled"):
        every = np.stack(
            [gradient_of(-elbo.bound(dmm, batch, n, kl=kl).elbo / batch.lengths.sum(), dmm) for n in noises]
        )
        for place, name in enumerate(update_study.MODULES):
            mine, noise = every[:, module == place], found[kl][name]
            assert noise.mean == pytest.approx(np.linalg.norm(mine.mean(0)))
            assert noise.sd**2 == pytest.approx(mine.var(0, ddof=1).sum(), abs=1e-12)
            assert min(np.abs(mine - noise.entry[:, None]).max(0)) < 1e-12, "one of its entries"


def test_both_kls_have_the_same_mean_gradient_and_the_analytic_less_noise():
    for model in ("fresh", "trained"):
        sampled, analytic = (noise_of(model)[kl] for kl in ("sampled", "analytic"))
        for name in ("combiner", "rnn", "transition"):
            difference = sampled[name][0] - analytic[name][0]
            assert abs(difference.mean()) < 4 * difference.std(ddof=1) / math.sqrt(len(difference))
            assert sampled[name][1] > analytic[name][1]
        np.testing.assert_allclose(sampled["emitter"][0], analytic["emitter"][0], rtol=1e-5)


def test_schedule_is_a_straight_line_to_one():
    config = make_config("classroom", min_kl_weight=0.2, annealing_updates=10)
    np.testing.assert_allclose(update_study.schedule(config, [0, 5, 10, 99]), [0.2, 0.6, 1, 1])


def test_clip_by_entry_tells_share_and_angle():
    share, angle = update_study.clip_by_entry(np.array([3.0, 1.0, 0.0, 0.0]), 1.0)
    assert share == 0.25
    assert angle == pytest.approx(45 - math.degrees(math.atan(1 / 3)))
    assert update_study.clip_by_entry(np.array([3.0, 4.0]), 5.0) == (0.0, pytest.approx(0, abs=1e-5))


# --- figures --------------------------------------------------------------------------------------------------------


def test_tensor_map_shows_the_slice_and_its_padding():
    values = np.array([[1.0, -2.0, 0.0], [0.5, 0.25, 0.0]])
    figure = figures.tensor_map(values, "z", "dimension", real=2)
    np.testing.assert_array_equal(figure.data[0].z, values.astype(np.float32))
    assert figure.data[0].zmax == -figure.data[0].zmin == 2
    assert [(one.x0, one.x1) for one in figure.layout.shapes] == [(2.5, 3.5)]
    assert not figures.tensor_map(np.abs(values), "q_scale", "dimension", real=3).layout.shapes
    assert figures.tensor_map(np.abs(values), "kl", "piece", framed=2).layout.shapes[0].y0 == 1.5


def test_module_bars_are_as_long_as_their_numbers_and_none_is_told_as_0():
    figure = figures.module_bars({"a": (VERMILLION, [2.0, 0.0])}, ["emitter", "rnn"], "length")
    (bars,) = figure.data
    assert bars.x[0] == 2
    assert list(bars.text) == ["2", "0"]
    assert math.log10(bars.x[1]) == pytest.approx(figure.layout.xaxis.range[0]), "at the left edge"
    with pytest.raises(ValueError, match="got 1 numbers for 2 modules"):
        figures.module_bars({"a": (VERMILLION, [2.0])}, ["emitter", "rnn"], "length")


def test_rate_curve_leaves_out_what_is_no_number():
    figure = figures.rate_curve([0.01, 0.1, 1], [[2, 1], [1.5, 1], [np.nan, 1]], (2, 1.25), 0.1)
    (total, *_) = figure.data
    np.testing.assert_array_equal(total.y, [3, 2.5])
    assert "At 1 it is no number." in figure.layout.meta["description"]


def test_printed_loss_and_what_it_leaves_out_make_the_bound():
    printed, bound = np.array([trace.x for trace in figures.printed_loss(11.5, 3.0, 0.25).data]).sum(0)
    assert printed == bound == 14.5


# --- the loop -------------------------------------------------------------------------------------------------------


def reached(whose, seen="bound"):
    """The boxes to which the dashed arrows of one colour lead from the bound."""
    found, ahead = set(), [seen]
    while ahead:
        here = ahead.pop()
        for start, end, one, _ in BACK:
            if start == here and one == whose and end not in found:
                found.add(end)
                ahead.append(end)
    return found


def test_dashed_arrows_lead_to_the_modules_that_get_a_gradient():
    """Theta's to its two networks; phi's through both of them and straight from the KL to the draw, and on."""
    assert reached("theta") == {"emitter", "transition"}
    assert reached("phi") == {"emitter", "transition", "draw z", "RNN"}
    computed = {(start, end) for start, end, *_ in FORWARD}
    assert all((end, start) in computed for start, end, *_ in BACK), "each goes back along a full arrow"


def test_loop_marks_the_stage_and_pales_what_is_not_asked_for():
    for stage in range(1, 9):
        shapes, arrows, words = draw_loop(stage)
        assert [name for name, shape in shapes.items() if shape.strong] == [STAGES[stage - 1].name]
        assert not any(arrow.pale for arrow in arrows)
    for choice, colour in {"theta": THETA, "phi": PHI}.items():
        _, arrows, _ = draw_loop(1, choice)
        assert {arrow.colour for arrow in arrows if not arrow.pale} == {colour}
    assert all(not arrow.dashed for arrow in draw_loop(1, "forward")[1] if not arrow.pale)
    assert all(one.name in words for one in STAGES)


# --- the page -------------------------------------------------------------------------------------------------------


def test_modules_of_the_page_import_no_torch():
    names = "beyond, numbers, questions, slow_motion, tasks"
    code = f"import sys; from dmm.ui.one_update import {names}; print(sorted({{'torch', 'pyro'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def loop(model):
    from dmm.ui.one_update import slow_motion

    slow_motion.show_loop(model)


def terms(model):
    from dmm.ui.one_update import beyond

    beyond.ask_terms(model)


def rates(model):
    from dmm.ui.one_update import beyond

    beyond.show_rates(model)


def noise(model):
    from dmm.ui.one_update import beyond

    beyond.show_noise(model)


def asked(model):
    from dmm.ui.one_update import questions

    questions.show_annealing(model)
    questions.show_nan(model)


def parameters(model):
    from dmm.ui.one_update import tasks

    tasks.show_parameters(model)
    tasks.show_code()
    tasks._about_adam()


def at_the_end(model):
    from dmm.ui.one_update import tasks

    tasks.show_tasks(model)


def show(part, model="fresh"):
    at = AppTest.from_function(part, default_timeout=30, args=(model,)).run()
    assert not at.exception
    return at


def control(at, name):
    kinds = ("slider", "button_group", "toggle", "radio", "number_input")
    (found,) = (one for kind in kinds for one in at.get(kind) if one.key.split()[-1] == name)
    return found


def press(at, label):
    next(one for one in at.button if one.label == label).click().run()
    assert not at.exception


@pytest.mark.parametrize("model", ["fresh", "trained"])
def test_each_stage_shows_shapes_ranges_code_and_a_picture(model):
    at, one = show(loop, model), update_of(model)
    real = one.tensors["mask"] > 0
    for number, stage in enumerate(STAGES, 1):
        words = text(at)
        assert f"**Stage {number} of 8: {stage.name}.**" in words
        for tensor in stage.tensors:
            values = one.tensors[tensor.name]
            assert f"{' × '.join(f'{size:,}' for size in values.shape)} ({tensor.axes})" in words
            kept = values[real] if tensor.axes.startswith("B, T") and tensor.name != "mask" else values
            assert f"| {kept.min():.3g} / {kept.mean():.3g} / {kept.max():.3g} |" in words
            assert values.ndim == len(tensor.axes.split(", "))
        assert at.code[-1].value.startswith(f"def {stage.code.split('.')[1]}(")
        assert len(shown_figures(at)) == 1
        (packet,) = views(at).values()
        assert [name for name, shape in packet["shapes"].items() if shape["strong"]] == [stage.name]
        assert ("Summed up" in words) == (number == 6)
        press(at, "Next stage" if number < 8 else "From the start")
    assert control(at, "stage").value == 1
    control(at, "stage").set_value(3).run()
    press(at, "Back")
    assert control(at, "stage").value == 2


def test_picture_shows_the_chosen_tensor_of_the_chosen_piece():
    at, one = show(loop), update_of("fresh")
    control(at, "stage").set_value(3).run()
    control(at, "look3").set_value("z").run()
    control(at, "piece").set_value(7).run()
    picture = decoded(shown_figures(at)["slice 3"]["data"][0]["z"])
    np.testing.assert_allclose(picture, one.tensors["z"][6].T, atol=1e-4)
    assert f"Piece 7 of 20: {one.pieces[6]}" in text(at)
    assert in_numbers(3, one.tensors, 6) in text(at)
    control(at, "stage").set_value(6).run()
    control(at, "look6").set_value("kl").run()
    np.testing.assert_allclose(decoded(shown_figures(at)["slice 6"]["data"][0]["z"]), one.tensors["kl"], atol=1e-4)
    control(at, "arrows").set_value("phi").run()
    (packet,) = views(at).values()
    assert {arrow["dashed"] for arrow in packet["arrows"] if not arrow["pale"]} == {True}


def test_sums_of_one_frame_come_out():
    for model in ("fresh", "trained"):
        tensors = update_of(model).tensors
        for piece in (0, 19):
            words = in_numbers(3, tensors, piece)
            q_loc, rest = words.split("$")[1].split(" + ", 1)
            q_scale, eps = rest.split(" = ")[0].split(" \\times ")
            z = float(rest.split(" = ")[1])
            assert float(q_loc) + float(q_scale) * float(eps.strip("()")) == pytest.approx(z, abs=3e-3)
            shown = [float(part) for part in in_numbers(6, tensors, piece).replace(" nats", "").split("$")[1::2]]
            assert shown[0] - shown[1] == pytest.approx(shown[2], abs=0.011)
            assert shown == pytest.approx(
                [tensors[name][piece, 0] for name in ("reconstruction", "kl", "elbo")], abs=0.01
            )


@pytest.mark.parametrize("model", ["fresh", "trained"])
def test_sums_of_a_batch_are_the_loss_that_training_lowers(model):
    (spec, _), one = numbers._setting(model), update_of(model)
    frames, w = one.tensors["lengths"].sum(), one.kl_weight
    average = sum(map(len, spec.train)) / len(training.epoch_batches(spec, 0))
    notes, kl = -one.before[0] * frames, one.before[1] * frames
    words = sums_of(one)
    assert f":green[{notes:,.1f}] and :orange[{kl:,.1f}] nats, over {frames:,} real frames" in words
    assert f"$N$ = {average:,.1f}, the frames of an average batch" in words
    assert f" = {(w * kl - notes) / average:.3f}$" in words
    assert f"−ELBO = {(kl - notes) / frames:.3f} nats per frame" in words


@pytest.mark.parametrize("model", ["fresh", "trained"])
def test_words_of_a_stage_tell_what_its_own_network_says(model):
    """By the modules themselves: the second frame's state is expected from the first one's."""
    spec, weights = numbers._setting(model)
    dmm, tensors = training.load_dmm(spec.config, weights), update_of(model).tensors
    for piece in (0, 7):
        z = torch.from_numpy(tensors["z"][piece])
        (loc, scale), gate = dmm.transition(z[0]), dmm.transition.openness(z[0])
        told = in_numbers(4, tensors, piece)
        assert f"Frame 2, dimension 1: the gate is {gate[0]:.0%} open." in told
        assert f"expects ${loc[0]:.2f} \\pm {scale[0]:.2f}$; drawn was ${z[1, 0]:.2f}$" in told
        roll = spec.train[training.epoch_batches(spec, 0)[0][piece]]
        chances = torch.sigmoid(dmm.emitter(z[0]))
        heard = [f"{note_name(21 + key)} {chances[key]:.1%}" for key in np.flatnonzero(roll[0])]
        assert in_numbers(5, tensors, piece).endswith(f"frame 1: {', '.join(heard)}.")
        keys = ", ".join(one.split()[0] for one in heard)
        assert f"sound {keys}; {len(roll)} frames are real" in in_numbers(1, tensors, piece)
        assert f"all {len(roll)} frames in {spec.config.rnn_dim} numbers" in in_numbers(2, tensors, piece)


@pytest.mark.parametrize("model", ["fresh", "trained"])
def test_numbers_of_gradient_and_update_are_those_of_the_step(model):
    at, one = show(loop, model), update_of(model)
    control(at, "stage").set_value(7).run()
    norm = np.linalg.norm(one.tensors["gradient"])
    assert f"have length {norm:.4f}" in text(at)
    assert (f"multiplied by {1 / norm:.3f}" in text(at)) == (norm > one.config.clip_norm)
    bars = shown_figures(at)["gradient lengths"]["data"][0]
    np.testing.assert_allclose(decoded(bars["customdata"]) ** 2 @ np.ones(7), norm**2, rtol=1e-5)
    control(at, "stage").set_value(8).run()
    notes, kl = (one.tensors[name].sum() / one.tensors["mask"].sum() for name in ("reconstruction", "kl"))
    parts = np.array([(-notes, kl), one.after]).T  # what they are after the step is tested above
    for name, weight in {"reconstruction": [1, 0], "KL": [0, 1], "ELBO": [1, 1], "lowered": [1, one.kl_weight]}.items():
        before, after = weight @ parts
        assert f"{name} | {before:.3f} | {after:.3f} | {after - before:+.3f} |" in text(at)
    moved = np.sqrt(np.mean((one.tensors["new_weights"] - one.tensors["weights"])[one.modules["combiner"]] ** 2))
    assert decoded(shown_figures(at)["moves"]["data"][0]["customdata"])[-1] == pytest.approx(moved)


def predict(at, question, place):
    radio = control(at, question)
    radio.set_value(radio.options[place]).run()
    assert not at.exception
    return "**Right.**" in text(at)


def test_prediction_about_the_terms_is_judged_by_the_gradients():
    at = show(terms)
    assert not shown_figures(at)
    assert [predict(at, "terms", place) for place in range(3)] == [False, True, False]
    notes, kl = (decoded(trace["customdata"]) for trace in shown_figures(at)["terms"]["data"])
    names = list(update_of("fresh").modules)
    assert kl[names.index("emitter")] == notes[names.index("transition")] == notes[names.index("z_0")] == 0


def test_prediction_about_the_step_is_judged_by_the_weights():
    at = show(rates, "trained")
    assert not shown_figures(at)
    assert [predict(at, "moved", place) for place in range(3)] == [False, True, False]
    one = update_of("trained")
    assert f"from {sum(one.before):.3f} to {sum(one.after):.3f} nats" in text(at)
    assert "*every* weight moves" in text(at)
    size, moved = abs(one.tensors["gradient"]), abs(one.tensors["new_weights"] - one.tensors["weights"])
    both = re.findall(r"near (\S+?) (?:moved )?by (\d\.\d+)[ ,.]", text(at))
    assert float(both[0][0]) == pytest.approx(100 * float(both[1][0])), "as the question says"
    for at_size, told in both:
        near = (size > 0.89 * float(at_size)) & (size < 1.11 * float(at_size))  # it is printed with two digits
        assert moved[near].mean() == pytest.approx(float(told), rel=0.02)
    total = shown_figures(at)["rates"]["data"][0]
    rate, value = decoded(total["x"]), decoded(total["y"])
    assert value[list(rate).index(one.rate)] == pytest.approx(sum(one.after))
    assert f"one step is {rate[value.argmin()]:.2g}" in text(at)


def test_step_that_ends_in_nan_is_told():
    at = show(rates)
    predict(at, "moved", 1)
    lost = ~np.isfinite(rates_of("fresh")).all(1)
    assert lost.any()
    assert f"from {np.array(RATES)[lost][0]:.2g} on it lands where the loss is no longer a number" in text(at)


def test_noise_follows_the_group():
    at = show(noise)
    for group in beyond.GROUPS:
        control(at, "group").set_value(group).run()
        sampled, analytic = (noise_of("fresh")[kl][group] for kl in ("sampled", "analytic"))
        assert f"by {sampled[1]:.3f} with the sampled KL, by {analytic[1]:.3f} with the analytic one" in text(at)
        assert f"the mean gradient has length {analytic[2]:.3f};" in text(at)
        factor, squared = f"a factor of {sampled[1] / analytic[1]:.1f},", sampled[1] ** 2 / analytic[1] ** 2
        assert (f"{factor} and {squared:.1f} in variance" in text(at)) == (group != "emitter")
        assert ("They are the same" in text(at)) == (group == "emitter")
        np.testing.assert_allclose(decoded(shown_figures(at)["noise"]["data"][0]["x"]), sampled[0], rtol=1e-6)


def test_annealing_follows_its_weight():
    at, one = show(asked), update_of("fresh")
    for w in (0.2, 0.5, 1.0):
        control(at, "w").set_value(w).run()
        printed, bound = one.before[0] + w * one.before[1], sum(one.before)
        assert f"**{printed:.3f}** nats per frame" in text(at)
        assert f"is :blue[{bound:.3f}]: {bound - printed:.3f} more" in text(at)
        assert shown_figures(at)["schedule"]["layout"]["shapes"][0]["y0"] == w
    lines = {trace["name"]: decoded(trace["y"]) for trace in shown_figures(at)["schedule"]["data"]}
    paper = np.minimum(0.01 + 0.99 * UPDATES / 5000, 1)
    np.testing.assert_allclose(lines["the paper, Table 3"], paper)
    np.testing.assert_allclose(lines["Pyro's example"], np.minimum(0.2 + 0.8 * UPDATES / 12_000, 1))


def test_schedules_of_this_lab_are_those_of_its_settings():
    for name, config in {"classroom preset": make_config("classroom"), "the stored run": stored_config()}.items():
        assert questions.SCHEDULES[name][1:] == (config.min_kl_weight, config.annealing_updates)
    assert training.BAD_STEPS == 3, "the answer about NaN says three"


def stored_config():
    from dmm.runs import store

    return store.read_run_config(store.find_run(numbers.RUN))


def test_clipping_follows_its_limit():
    at, one = show(asked), update_of("fresh")
    summed = one.tensors["gradient"] * one.scale
    for limit in (10, 2):
        control(at, "limit").set_value(limit).run()
        assert f"touches {(np.abs(summed) > limit).mean():.2%} of them" in text(at)
        share = decoded(shown_figures(at)["clipped"]["data"][0]["customdata"])[0]
        assert share == pytest.approx(100 * (np.abs(summed[one.modules["emitter"]]) > limit).mean())
    spec, weights = numbers._setting("fresh")
    dmm = training.load_dmm(spec.config, weights).requires_grad_(True)
    whole = gradient_of(-elbo.bound(dmm, *_batch_and_noise(spec, weights), one.kl_weight).elbo, dmm)  # of a sum
    clipped, length = np.clip(whole, -2, 2), np.linalg.norm(whole)
    angle = np.degrees(np.arccos(clipped @ whole / np.linalg.norm(clipped) / length))
    assert f"its gradient has length {length:,.0f}. " in text(at)
    assert f"turns the gradient by {angle:.0f}°" in text(at)
    size = np.linalg.norm(one.tensors["weights"])
    assert f"of length {2 * size:,.0f}, {2 * size / length:.0%} of that" in text(at)
    per_frame = (
        2 * size / length * np.linalg.norm(one.tensors["gradient"]) / size
    )  # the same share of a mean's gradient
    assert f"would be a weight decay of {per_frame:.4f}." in text(at)
    bias = training.load_dmm(one.config, numbers._setting("fresh").weights).emitter.bias.numpy()
    assert f"({bias @ bias / (one.tensors['weights'] @ one.tensors['weights']):.0%} of its square" in text(at)


def test_parameters_are_told_apart():
    words, one = text(show(parameters)), update_of("fresh")
    for name, places in one.modules.items():
        letter = ":blue[$\\theta$]" if name in THETAS else ":red[$\\phi$]"
        assert f"| `{name}` | {letter} | {len(places):,} |" in words
    assert f"{sum(weight.numel() for weight in numbers._setting('fresh').weights.values()):,} weights in all" in words
    left = math.exp(60_000 * math.log1p(-4e-5))  # of a rate that loses 4 in 100,000 at each of Pyro's 60,000 steps
    assert f"takes the rate from 0.0003 to {3e-4 * left:.1e}: {left:.1%} of it" in words


def test_tasks_take_the_right_answers_and_no_others():
    for model in ("fresh", "trained"):
        at, one = show(at_the_end, model), update_of(model)
        B, T, R = 20, max(one.tensors["lengths"]), one.config.rnn_dim
        (piece,) = np.flatnonzero(one.tensors["lengths"] == T)[:1]
        parts = [one.tensors[name][piece, :T].mean() for name in ("reconstruction", "kl")]
        for name, right, wrong in (
            ("shape", B * T * R, T * R),
            ("loss", parts[1] - parts[0], sum(one.before)),
        ):
            control(at, name).set_value(float(wrong)).run()
            assert "**Not yet.**" in text(at)
            control(at, name).set_value(round(float(right), 3)).run()
            assert "**Not yet.**" not in text(at)
        lengths = {name: np.sum(one.tensors["gradient"][places] ** 2) for name, places in one.modules.items()}
        control(at, "largest").set_value("z_0").run()
        assert "**Not yet.**" in text(at)
        control(at, "largest").set_value(max(lengths, key=lengths.get)).run()
        assert not at.exception
        assert text(at).count("**Right.**") == 3
        assert f"is {tasks.PRINTED_AT * parts[1] - parts[0]:.4f} nats per frame" in text(at)
        assert "which is 20 times what was printed of it" in text(at)


@pytest.mark.parametrize("model", ["fresh", "trained"])
def test_answer_of_the_loss_task_is_printed_nowhere_above_it(model):
    at = open_page(PAGE, model=model, w=str(tasks.PRINTED_AT), stage="6")
    assert_alive(at, PAGE)
    answer = f"{sum(tasks.longest_piece(update_of(model))):.3f}"
    shown = text(at) + str([figure["layout"]["meta"] for figure in shown_figures(at).values()])
    assert f"of which reconstruction is {tasks.longest_piece(update_of(model))[0]:.4f}" in shown
    assert answer not in shown


def test_page_opens_and_takes_its_values_from_a_link():
    at = open_page(PAGE, stage="8", model="trained", w="0.5", group="rnn")
    assert_alive(at, PAGE)
    assert sentences(at) == []
    assert control(at, "stage").value == 8
    assert "minus the ELBO" in text(at)
    assert all(chart.proto.alt for chart in at.get("plotly_chart"))
    assert control(at, "w").value == 0.5
    control(at, "model").set_value("fresh").run()
    assert_alive(at, PAGE)
    assert f"{sum(update_of('fresh').before):.3f}" in text(at)
    turn_to(at, "home")
    turn_to(at, PAGE)
    assert control(at, "stage").value == 8


def test_wrong_link_is_refused_in_sentences():
    at = open_page(PAGE, stage="9", model="none")
    assert_alive(at, PAGE)
    assert len(at.warning) == 2
    for one in at.warning:
        assert_one_sentence(one.value)
    assert control(at, "stage").value == 1


def test_longest_and_size_are_told_with_their_numbers():
    one = update_of("fresh")
    name, why = tasks.longest(one)
    length = {other: np.linalg.norm(one.tensors["gradient"][places]) for other, places in one.modules.items()}
    second = max(set(length) - {name}, key=length.get)
    assert why == f"Its length is {length[name]:.3f}; the next is that of `{second}`, {length[second]:.3f}."
    assert tasks.size_of(one) == one.tensors["h_right"].size
