"""In code: its diagrams against the real programs, its toys against torch and Pyro, its quotations in the source."""

import re
from pathlib import Path

import numpy as np
import pyro
import pyro.distributions as dist
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pyro import poutine
from pyro.infer import SVI, Trace_ELBO
from streamlit.testing.v1 import AppTest

from dmm import combiner, figures, padded, reading, rnn, sites
from dmm.deep_markov_model import build_dmm
from dmm.packing import make_packing
from dmm.pyro_program import PyroProgram
from dmm.runs import store
from dmm.ui.course import LESSONS, lesson_of
from dmm.ui.current import shipped_run
from dmm.ui.in_code import counting, graphs, idioms, owners, padding, parts, places, programs
from dmm.ui.in_code.graphs import FRAMES, SITES
from dmm.ui.structured_inference.combiner import average
from tests.family import make_batch, make_model
from tests.test_pages import assert_alive, open_page, pick, sentences, views

pytestmark = pytest.mark.usefixtures("one_thread")
PAGE = "in_code"
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _empty_store():
    pyro.clear_param_store()
    yield
    pyro.clear_param_store()


# --- the two diagrams ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def case():
    """A small ST-R model, three frames of two sequences, latents that are given, and all of it with gradients."""
    torch.manual_seed(3)
    dmm = make_model(inference="st-r", transition="gated")
    for name, parameter in dmm.named_parameters():
        if "bias" in name:
            parameter.data.abs_().add_(0.5)  # so that no relu is shut
    batch = make_batch((FRAMES, FRAMES))
    batch.x.requires_grad_()
    z = torch.randn(2, FRAMES, dmm.z_dim, dtype=torch.float64, requires_grad=True)
    return dmm, batch, z


def parents_of_latent(case, t):
    """The sites and starts that the guide's mean of z_t hangs on, for given latents, by autograd."""
    dmm, batch, z = case
    (messages,) = dmm.inference.summarise(dmm.inputs(batch), batch.lengths)
    z_prev = dmm.inference.z_q_0.expand(2, -1) if t == 1 else z[:, t - 2]
    loc, _ = dmm.inference.combiner(z_prev, messages[:, t - 1])
    start, rnn_start = dmm.inference.z_q_0, dmm.inference.rnns["right"].h_0
    x, own, z_q_0, h_0 = torch.autograd.grad(loc.sum(), (batch.x, z, start, rnn_start), materialize_grads=True)
    found = {f"x{s}" for s in range(1, FRAMES + 1) if x[:, s - 1].any()}
    found |= {f"z{s}" for s in range(1, FRAMES + 1) if own[:, s - 1].any()}
    return found | ({"zq0"} if z_q_0.any() else set()) | ({"h0"} if h_0.any() else set())


def lit_sites(pairs, site):
    """The sites and starts on the strong arrows of a diagram, but for the chosen one."""
    return {end for pair in graphs.bright(pairs, site) for end in pair if end in SITES} - {site}


@pytest.mark.parametrize("t", range(1, FRAMES + 1))
def test_strong_arrows_into_a_latent_come_from_what_the_guide_hangs_on(case, t):
    assert lit_sites(graphs.guide_arrows(), f"z{t}") == parents_of_latent(case, t)


@pytest.mark.parametrize("site", ["x1", "x2", "x3", "h0", "zq0"])
def test_strong_arrows_from_a_frame_or_a_start_go_to_the_latents_that_hang_on_it(case, site):
    reached = {f"z{t}" for t in range(1, FRAMES + 1) if site in parents_of_latent(case, t)}
    assert {one for one in lit_sites(graphs.guide_arrows(), site) if one[0] == "z" and one != "zq0"} == reached


@pytest.mark.parametrize("t", range(1, FRAMES + 1))
def test_model_diagram_has_the_parents_of_the_pyro_model(case, t):
    """Whose gradient the mean of z_t and the logits of x_t have, in a trace of the program itself."""
    dmm, batch, z = case
    given = {f"z_{s}": z[:, s - 1] for s in range(1, FRAMES + 1)}
    trace = poutine.trace(poutine.condition(PyroProgram(dmm).model, given)).get_trace(*batch)

    def hangs_on(value):
        own, z_0 = torch.autograd.grad(value.sum(), (z, dmm.z_0), materialize_grads=True, retain_graph=True)
        return {f"z{s}" for s in range(1, FRAMES + 1) if own[:, s - 1].any()} | ({"z0"} if z_0.any() else set())

    pairs = graphs.model_arrows()
    latent, frame = trace.nodes[f"z_{t}"]["fn"], trace.nodes[f"x_{t}"]["fn"]
    assert lit_sites(pairs, f"z{t}") == hangs_on(latent.base_dist.base_dist.loc) == {f"z{t - 1}"}
    assert lit_sites(pairs, f"x{t}") == {f"z{t}"}
    assert [s for s in range(1, FRAMES + 1) if (f"z{s}", f"e{t}") in pairs] == [t]
    assert hangs_on(frame.base_dist.base_dist.logits) == {f"z{t}"}


@pytest.mark.parametrize("side", ["model", "guide"])
def test_diagram_strengthens_the_chosen_circle_and_pales_what_does_not_matter(side):
    for site in SITES:
        shapes, arrows, words = graphs.unrolled(side, site)
        assert [name for name, shape in shapes.items() if shape.strong] == [site] * (site in shapes)
        lit = graphs.bright([(one.start, one.end) for one in arrows], site)
        assert {(one.start, one.end) for one in arrows if one.pale} == (
            {(one.start, one.end) for one in arrows} - lit if lit else set()
        )
        assert site in words


def test_sites_of_the_diagrams_are_those_of_the_programs(case):
    dmm, batch, _ = case
    program = PyroProgram(dmm)
    for side, run in (("model", program.model), ("guide", program.guide)):
        trace = poutine.trace(run).get_trace(*batch)
        ours = {name for name, node in trace.nodes.items() if node["type"] == "sample" and name[0] in "xz"}
        wanted = {f"{name[0]}_{name[1:]}" for name in SITES if name[0] in ("z" if side == "guide" else "zx")}
        assert ours == wanted - {"z_0", "z_q0"}


def test_lines_at_a_site_stand_in_the_programs():
    files = [(ROOT / "dmm" / f"{name}.py").read_text() for name in ("pyro_program", "rnn")]
    source = "\n".join(files)
    for site in SITES:
        told = programs.at_site(site)
        assert set(told) == {"model", "guide"}
        for formula, words, lines in told.values():
            assert words
            assert all(line.strip() in source for line in lines.splitlines())
            assert formula.count("{") == formula.count("}")
    assert r"q(z_1 \mid z_{q,0}, x_{1:3})" in programs.at_site("z1")["guide"][0]
    assert r"q(z_3 \mid z_2, x_3)" in programs.at_site("z3")["guide"][0]
    assert r"p(z_1 \mid z_0)" in programs.at_site("z1")["model"][0]


# --- whose the weights are -------------------------------------------------------------------------------------------


def test_each_program_reads_the_weights_that_the_page_gives_it_and_no_other(case):
    """Gradients of log p and of log q for latents that are given."""
    dmm, batch, z = case
    program, names = PyroProgram(dmm), dict(dmm.named_parameters())
    given = {f"z_{s}": z[:, s - 1].detach() for s in range(1, FRAMES + 1)}
    for side, run in (("model", program.model), ("guide", program.guide)):
        log_prob = poutine.trace(poutine.condition(run, given)).get_trace(*batch).log_prob_sum()
        slopes = torch.autograd.grad(log_prob, list(names.values()), materialize_grads=True)
        read = {name for name, slope in zip(names, slopes, strict=True) if slope.any()}
        assert read == {name for name in names if name.startswith(owners.OWNS[side])}


def test_stored_names_and_shapes_are_those_of_the_model_of_the_run():
    dmm = build_dmm(store.read_run_config(shipped_run()))
    own = {name: tuple(parameter.shape) for name, parameter in dmm.named_parameters()}
    assert owners.shapes() == own
    theta, phi = owners.owned("model"), owners.owned("guide")
    assert theta | phi == own
    assert not theta.keys() & phi.keys()
    total = sum(parameter.numel() for parameter in dmm.parameters())
    assert owners.numbers_in(theta) + owners.numbers_in(phi) == total
    assert theta["z_0"] == phi["inference.z_q_0"] == (dmm.z_dim,)


# --- mask, scale, plate, to_event ------------------------------------------------------------------------------------


def run_shown(in_plate, **how):
    """The program that the page shows, run by Pyro on the page's batch, as one model."""
    z = torch.from_numpy(np.random.default_rng(counting.SEED).normal(size=(3, 4, 2)))
    mask = torch.from_numpy(counting.batch()[1])
    loc, scale = torch.zeros(3, 2, dtype=torch.float64), torch.ones(3, 2, dtype=torch.float64)
    text = counting.program(in_plate=in_plate, **how)

    def model():
        exec(text, {"pyro": pyro, "dist": dist, "poutine": poutine, "z": z, "mask": mask, "loc": loc, "scale": scale})

    return model


@pytest.mark.parametrize("event_dims", [0, 1, 2])
@pytest.mark.parametrize("in_plate", [True, False])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_what_counts_is_what_pyro_counts_in_the_program_that_is_shown(event_dims, in_plate, masked, scale):
    how = {"masked": masked, "scale": scale, "event_dims": event_dims, "in_plate": in_plate}
    found, model = counting.counted(**how), run_shown(**how)
    if found.refused:
        with pytest.raises(ValueError, match=r"Shape mismatch inside plate|invalid log_prob shape"):
            Trace_ELBO().loss(model, lambda: None)
        assert "Pyro refuses" in counting.in_words(found)
        return
    trace = poutine.trace(model).get_trace()
    trace.compute_log_prob()
    assert Trace_ELBO().loss(model, lambda: None) == pytest.approx(-found.total)
    assert float(trace.log_prob_sum()) == pytest.approx(found.total)
    for t in range(1, 5):
        site = trace.nodes[f"z_{t}"]
        assert site["log_prob"].shape == found.log_prob_shape
        assert float(site["log_prob_sum"]) == pytest.approx(found.by_frame[:, t - 1].sum())
        assert site["fn"].event_shape == found.event_shape
    assert f"**{found.total:.2f}** nats" in counting.in_words(found)


def test_to_event_2_inside_the_plate_counts_every_number_three_times():
    once, thrice = (counting.counted(True, 1.0, dims, True) for dims in (1, 2))
    assert (once.times, thrice.times, thrice.refused) == (1, 3, "")
    assert thrice.total == pytest.approx(3 * once.total)


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("mask_shape", [(3,), (3, 1), (3, 2), (2,), (1, 2)])
def test_mask_fits_where_pyro_masks_and_keeps_the_shape(after, mask_shape):
    normal, ones = dist.Normal(torch.zeros(3, 2), 1.0), torch.ones(mask_shape, dtype=torch.bool)
    unmasked = normal.to_event(1) if after else normal
    try:
        fits = unmasked.mask(ones).batch_shape == unmasked.batch_shape
    except ValueError:
        fits = False
    assert sites.mask_fits(mask_shape, tuple(unmasked.batch_shape)) == fits


# --- padding, reversal, packing --------------------------------------------------------------------------------------

SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=4)


def unit(h_0):
    """The toy's unit as the RNN of the app."""
    one = rnn.RNN(1, 1, rnn.RIGHT).double()
    cell = one.layers[0]
    with torch.no_grad():
        for weight, value in (
            (cell.weight_ih_l0, 1.0),
            (cell.weight_hh_l0, padded.KEEP),
            (cell.bias_ih_l0, 0.0),
            (cell.bias_hh_l0, 0.0),
            (one.h_0, h_0),
        ):
            weight.fill_(value)
    return one


@given(SHAPES, st.integers(0, 3), st.floats(0, 4), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_toy_turns_reads_and_packs_as_torch_does(lengths, extra, h_0, seed):
    rng = np.random.default_rng(seed)
    x, sizes = padded.pad([rng.normal(size=length) for length in lengths], extra)
    tensor, lengths_tensor = torch.from_numpy(x), torch.from_numpy(sizes)
    np.testing.assert_array_equal(padded.reverse(x, sizes), rnn.reverse(tensor, lengths_tensor).numpy())
    np.testing.assert_array_equal(padded.flip(x, sizes), tensor.flip(1).numpy())
    with torch.no_grad():
        states = unit(h_0)(tensor.unsqueeze(-1), lengths_tensor).squeeze(-1).numpy()
    real = np.arange(x.shape[1]) < sizes[:, None]
    np.testing.assert_allclose(padded.look_right(x, sizes, h_0)[real], states[real], atol=1e-12)
    packing = make_packing(lengths_tensor, x.shape[1])
    sequence, t = padded.packed(sizes)
    assert (sequence * x.shape[1] + t).tolist() == packing.rows.tolist()
    assert np.bincount(t).tolist() == packing.sizes


@given(SHAPES, st.floats(0, 4), st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_a_state_sums_up_its_own_frame_and_the_later_ones_whatever_the_padding(lengths, h_0, seed):
    rng = np.random.default_rng(seed)
    pieces = [rng.normal(size=length) for length in lengths]
    x, sizes = padded.pad(pieces)
    states = padded.look_right(x, sizes, h_0)
    for piece, row in zip(pieces, states, strict=True):
        h = h_0
        for t in reversed(range(len(piece))):
            h = max(piece[t] + h / 2, 0)
            assert row[t] == pytest.approx(h)
    wide, _ = padded.pad(pieces, extra=10)
    wider = padded.look_right(wide, sizes, h_0)[:, : x.shape[1]]
    real = np.arange(x.shape[1]) < sizes[:, None]
    np.testing.assert_array_equal(wider[real], states[real])


@pytest.mark.parametrize("extra", [0, 3])
@pytest.mark.parametrize("h_0", [0.0, 0.5, 2.0, 4.0])
def test_numbers_of_the_stepper_are_those_of_torch(h_0, extra):
    toy = padding.toy(extra)
    x, lengths = torch.from_numpy(toy.x), torch.from_numpy(toy.lengths)
    one, real = unit(h_0), toy.x > 0
    with torch.no_grad():
        right = one(x.unsqueeze(-1), lengths).squeeze(-1)
        whole = torch.full_like(lengths, x.shape[1])  # a plain flip takes the padding for frames
        flipped = one(x.unsqueeze(-1), whole).squeeze(-1)
    apart = float((right - flipped)[torch.from_numpy(real)].abs().max())
    assert padded.apart(toy.x, toy.lengths, h_0) == pytest.approx(apart, abs=1e-12)
    assert (apart == 0) == (h_0 == 0)
    assert padding.changed_by_padding(toy, h_0) == 0
    told = padding.words(6, toy, h_0)
    assert f"**{apart:.3g}**" in told
    assert "by **0** at most" in told
    assert f"{toy.x.size - 10} of {toy.x.size} cells" in padding.words(2, toy, h_0)
    assert f"10 rows instead of {toy.x.size}" in padding.words(7, toy, h_0)


def test_grid_draws_its_numbers_and_leaves_out_what_is_not_there():
    figure = figures.number_grid([[1, 2], [3, np.nan]], [[0, 1], [1, -1]], ["#111111", "#222222"], ["a", "b"], "Words.")
    (heat,) = figure.data
    assert [list(row) for row in heat.text] == [["1", "2"], ["3", ""]]
    assert np.isnan(heat.z[1][1])
    assert figure.layout.meta["description"] == "Words. a: 1, 2; b: 3."


@pytest.mark.parametrize(("rows", "columns"), [(["a"], ()), (["a", "b"], ["c"])])
def test_grid_with_names_that_do_not_fit_is_refused(rows, columns):
    with pytest.raises(ValueError, match="expected"):
        figures.number_grid(np.ones((2, 2)), np.zeros((2, 2), int), ["#111111"], rows, "Words.", columns)


# --- the combiner, in one unit ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("messages", [(0.7,), (-0.4, 2.5)])
def test_one_unit_is_what_the_combiner_makes_of_it(messages):
    one = combiner.Combiner(1, 1).double()
    with torch.no_grad():
        for layer, weight, bias in ((one.z_to_hidden, 1.0, 0.25), (one.hidden_to_loc, 1.0, 0.0)):
            layer.weight.fill_(weight)
            layer.bias.fill_(bias)
        z = torch.tensor([[0.5]], dtype=torch.float64)
        loc, _ = one(z, *(torch.full((1, 1), h, dtype=torch.float64) for h in messages))
    assert average(0.75, *messages) == pytest.approx(float(loc))


def test_combiner_section_follows_its_controls():
    at = alone("combiner.show_combiner()", "structured_inference")
    assert r"\tfrac12 (\textcolor{#0072B2}{0.76} + \textcolor{#008460}{0.80}) = 0.78" in at.latex[1].value
    dial(at, "before").set_value(0.0).run()
    dial(at, "unit_right").set_value(-0.5).run()
    assert "{0.00} + " in at.latex[1].value
    assert "(-0.50)}) = -0.25" in at.latex[1].value
    pick(at, "Network").set_value("st-lr").run()
    assert [one.key.split()[-1] for one in at.slider] == ["before", "unit_left", "unit_right"]
    dial(at, "unit_left").set_value(2.0).run()
    assert r"\tfrac13" in at.latex[1].value
    assert "= 0.50" in at.latex[1].value
    assert "h<sub>combined</sub> = 0.50" in str(views(at)["combiner"])
    pick(at, "Network").set_value("st-l").run()
    assert r"\textcolor{#BB4D8A}{2.00}" in at.latex[1].value


# --- what is quoted stands there -------------------------------------------------------------------------------------


def test_every_part_has_its_formula_and_its_code():
    for part in parts.PARTS.values():
        assert reading.formula(part.formula or part.codes[0])
        assert all(reading.code(name) for name in part.codes)
        assert parts.differs(part), part.title


def test_tutorial_s_parts_lead_to_pages_and_code_that_exist():
    assert len(places.TUTORIAL) == 14
    for _, page, code in places.TUTORIAL:
        assert lesson_of(page) in LESSONS
        assert reading.code(code)


def test_tests_that_the_page_names_exist():
    for _, test in places.TESTS:
        file, name = test.split(".")
        assert f"def {name}(" in (ROOT / "tests" / f"{file}.py").read_text(), test


def test_today_s_lines_stand_in_the_source():
    assert len(idioms.IDIOMS) == 9
    for idiom in idioms.IDIOMS:
        files = {name.split(".")[0] for name, *_ in idiom.now}
        source = "\n".join((ROOT / "dmm" / f"{file}.py").read_text() for file in files)
        assert all(line.strip() in source for line in idioms.today(idiom).splitlines()), idiom.title
        assert idiom.old not in source


def test_old_idioms_are_gone_from_pyro():
    assert not hasattr(pyro, "observe")
    assert not hasattr(dist, "bernoulli")
    with pytest.raises(TypeError):
        pyro.sample("z", dist.Normal, torch.zeros(2), torch.ones(2), log_pdf_mask=torch.ones(2))
    with pytest.raises((TypeError, AssertionError, ValueError, AttributeError)):
        SVI(lambda: None, lambda: None, pyro.optim.Adam({}), "ELBO", trace_graph=False)


def test_lines_of_code_keep_their_order_and_lose_their_common_indent():
    lines = reading.lines("pyro_program.PyroProgram.model", 'pyro.sample(f"z_{t}"', "poutine.scale").splitlines()
    assert lines[0].startswith("with poutine.scale(")
    assert lines[1].startswith("    z_t = pyro.sample(")
    with pytest.raises(KeyError, match="no line with 'observe"):
        reading.lines("pyro_program.PyroProgram.model", "observe(")


def test_remark_of_a_docstring_is_one_line_or_nothing():
    assert reading.remark("rnn.RNN", "Source").endswith("as in Pyro's example.")
    assert reading.remark("elbo.terms", "Differs") == ""


# --- the page --------------------------------------------------------------------------------------------------------


def alone(call, place="in_code"):
    """One part of the page by itself."""
    module = call.split(".")[0]
    at = AppTest.from_string(f"from dmm.ui.{place} import {module}\n{call}", default_timeout=30).run()
    assert not at.exception
    return at


def dial(at, name):
    (found,) = (one for one in (*at.slider, *at.toggle) if one.key.split()[-1] == name)
    return found


def text(at):
    return "\n".join(one.value for kind in (at.markdown, at.caption, at.latex, at.code) for one in kind)


@pytest.fixture(scope="module")
def page():
    return open_page(PAGE)


def test_page_opens_with_everything_and_gives_no_answer_away(page):
    assert_alive(page, PAGE)
    assert sentences(page) == []
    assert set(views(page)) >= {"unrolled model", "unrolled guide"}
    assert all(chart.proto.alt for chart in page.get("plotly_chart"))
    assert all(one.value is None for one in page.radio)
    words = text(page)
    assert "0 tensors in both, 0 in neither" in words
    dmm = build_dmm(store.read_run_config(shipped_run()))
    guide = [one.numel() for one in dmm.inference.parameters()]
    model = [one.numel() for one in (*dmm.emitter.parameters(), *dmm.transition.parameters(), dmm.z_0)]
    for whose, sizes in (("`z_0`", model), ("`h_0`", guide)):
        assert f"{whose} | {len(sizes)} | {sum(sizes):,} |" in words
    assert "Shapes that fit are no proof" not in words
    assert {one.anchor for one in page.subheader} >= {
        "shared-parameters",
        "three-starts",
        "mask-scale-plate",
        "packing",
    }


def test_chosen_site_changes_both_diagrams_and_the_lines_below():
    at = alone("programs.show_programs()")
    for site, words in {
        "x2": "Bernoulli",
        "h0": "the model has no RNN",
        "zq0": "z_q_0.expand",
        "z1": "z_{q,0}",
    }.items():
        pick(at, "What happens at").set_value(site).run()
        assert not at.exception
        assert words in text(at)
        shown = [view["shapes"][site]["strong"] for view in views(at).values() if site in view["shapes"]]
        assert shown
        assert all(shown)


def test_pressed_circle_is_chosen(monkeypatch):
    kept = {}
    monkeypatch.setattr(programs, "put", lambda *what: kept.update({what[:2]: what[2]}))
    programs._choose("x3")
    assert kept == {(PAGE, "site"): "x3"}


def test_every_part_shows_its_code():
    at = alone("parts.show_parts()")
    for name, part in parts.PARTS.items():
        pick(at, "Part").set_value(name).run()
        assert not at.exception
        assert [block.value for block in at.code] == [reading.code(code) for code in part.codes]
        assert len(at.latex) == 1
        assert part.words in text(at)


def test_explorer_follows_each_of_its_controls():
    at = alone("counting.show_counting()")
    for turn, how in (
        ((lambda: dial(at, "scale").set_value(0.5)), (True, 0.5, 1, True)),
        ((lambda: dial(at, "mask").set_value(False)), (False, 0.5, 1, True)),
        ((lambda: dial(at, "plate").set_value(False)), (False, 0.5, 1, False)),
        ((lambda: pick(at, "`to_event`").set_value("2")), (False, 0.5, 2, False)),
    ):
        turn().run()
        assert not at.exception
        assert counting.program(*how) in text(at)
        assert counting.in_words(counting.counted(*how)) in text(at)
    assert "-16.07" not in text(at)


def test_prediction_is_right_for_the_silent_error_alone():
    at = alone("counting.show_counting()")
    z = np.random.default_rng(counting.SEED).normal(size=(3, 4, 2))
    real = [z[b, :frames] for b, frames in enumerate((4, 2, 3))]
    (radio,) = at.radio
    for place, option in enumerate(radio.options):
        at.radio[0].set_value(option).run()
        assert ("**Right.**" in text(at)) == (place == 2)
        log_p = [torch.distributions.Normal(0.0, 1.0).log_prob(torch.from_numpy(z)).sum() for z in real]
        assert f"{3 * float(sum(log_p)):.2f} nats instead of {float(sum(log_p)):.2f}." in text(at)


def test_stepper_goes_through_all_steps_and_begins_again():
    at = alone("padding.show_padding()")
    for step in range(2, 9):
        at.button[0].click().run()
        assert not at.exception
        assert dial(at, "step").value == (step if step < 8 else 1)
        assert padding.words(dial(at, "step").value, padding.toy(0), 2.0) in text(at)
    dial(at, "step").set_value(6).run()
    dial(at, "h0").set_value(0.0).run()
    assert "the largest error is **0**" in text(at)
    dial(at, "extra").set_value(3).run()
    assert len(at.get("plotly_chart")) == 2
    dial(at, "step").set_value(2).run()
    assert "(3, 8)" in text(at)


def done(at):
    return len(re.findall(r"\*\*Right\.\*\*", text(at)))


def test_tasks_take_the_right_answer_and_no_other():
    at = alone("tasks.show_tasks()")
    for task, right in (("mask", "`(3,)`"), ("frozen", "`inference.combiner.z_to_hidden.weight`")):
        key = f"task {PAGE} {task}"
        (radio,) = (one for one in at.radio if one.key == key)
        for option in radio.options:
            next(one for one in at.radio if one.key == key).set_value(option).run()
            assert not at.exception
            assert done(at) == (option == right)
        next(one for one in at.radio if one.key == key).set_value(None).run()


def test_task_about_the_flip_looks_at_the_stepper():
    both = "padding.show_padding()\nfrom dmm.ui.in_code import tasks\ntasks.show_tasks()"
    at = alone(both)

    def check():
        next(one for one in at.button if one.key == f"task {PAGE} harmless").click().run()
        return text(at)

    assert "Not there yet" in check()
    dial(at, "h0").set_value(0.0).run()
    assert "error is 0." in check()
    assert done(at) == 1


def test_link_sets_the_controls_and_a_wrong_one_is_refused():
    at = open_page(PAGE, site="x1", part="svi", event="2", mask="0", scale="0.5", step="5", h0="99")
    assert_alive(at, PAGE)
    assert pick(at, "What happens at").value == "x1"
    assert pick(at, "Part").value == "svi"
    assert dial(at, "mask").value is False
    assert dial(at, "step").value == 5
    (refused,) = sentences(at)
    assert "h0 = 99" in refused
    assert dial(at, "h0").value == 2.0


def test_reading_the_page_needs_neither_torch_nor_pyro():
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from dmm.ui.in_code import counting, idioms, owners, padding, places, programs\n"
        "from dmm.ui.in_code import parts, tasks\n"
        "programs.at_site('z2'), owners.shapes(), tasks.right_mask(), tasks.flip_harm\n"
        "counting.draw(counting.counted(True, 1.0, 1, True), True)\n"
        "print(sorted({'torch', 'pyro'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert ran.stdout.strip() == "[]"
