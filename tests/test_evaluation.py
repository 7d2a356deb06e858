"""What a model's score is: the three numbers against definitions by hand, and what looking at a piece gives."""

import math

import numpy as np
import pytest
import torch

from dmm import elbo, evaluation, inspection
from dmm.config import make_config
from dmm.deep_markov_model import make_dmm
from dmm.evaluation import evaluate
from dmm.inspection import inspect_piece

pytestmark = pytest.mark.usefixtures("one_thread")

LENGTHS = [6, 1, 4, 9]
FRAMES = sum(LENGTHS)


def make_rolls(lengths=LENGTHS):
    rng = np.random.default_rng(0)
    return [(rng.random((length, 88)) < 0.1).astype(np.uint8) for length in lengths]


def make_model(spread=0.4):
    """A float64 model with random weights everywhere, so that q is far from the exact posterior."""
    dmm = make_dmm(make_config(z_dim=3, emission_dim=4, transition_dim=5, rnn_dim=6)).double()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in dmm.parameters():
            parameter.copy_(spread * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
        dmm.emitter.hidden_to_logits.bias.sub_(2.0)
    return dmm


def evaluate_stub(monkeypatch, log_weights, bounds, lengths, samples):
    """An evaluation in which log w and L of each draw are what the table of a piece says.

    Both tables map the length of a piece to a function from standard normal noise (S,) to values (S,).
    """

    def draws(dmm, roll, samples, generator):
        eps = torch.randn(samples, dtype=torch.float64, generator=generator)
        return log_weights[len(roll)](eps), bounds[len(roll)](eps)

    monkeypatch.setattr(evaluation, "_draws", draws)
    return evaluate(None, make_rolls(lengths), samples)


def constant(value):
    return lambda eps: torch.full_like(eps, value)


# --- the three numbers, by hand ---


def test_bound_per_frame_and_mean_of_sequences_weigh_pieces_differently(monkeypatch):
    bounds = {2: constant(-10.0), 8: constant(-24.0)}  # 5 and 3 nats per frame
    result = evaluate_stub(monkeypatch, bounds, bounds, [2, 8], samples=4)
    assert result.nll_bound == pytest.approx(34 / 10)
    assert result.nll_bound_per_sequence == pytest.approx((5 + 3) / 2)
    assert result.nll_is == pytest.approx(34 / 10)
    assert result.nll_bound_se == pytest.approx(0, abs=1e-12)


def test_importance_weights_are_averaged_before_the_logarithm_and_not_after(monkeypatch):
    # Half of the draws have weight 1, the others e^-200: log of the mean is about -log 2, mean of the logs -100.
    log_weights = {3: lambda eps: torch.where(eps > 0, 0.0, -200.0)}
    result = evaluate_stub(monkeypatch, log_weights, log_weights, [3], samples=4_000)
    assert result.nll_is == pytest.approx(math.log(2) / 3, abs=0.03)
    assert result.nll_bound == pytest.approx(100 / 3, abs=2)


def test_importance_weights_are_averaged_within_a_piece_and_not_over_pieces(monkeypatch):
    log_weights = {2: constant(-4.0), 3: constant(-60.0)}
    result = evaluate_stub(monkeypatch, log_weights, log_weights, [2, 3], samples=5)
    assert result.nll_is == pytest.approx(64 / 5)


def test_weights_too_small_for_any_number_keep_their_logarithm(monkeypatch):
    log_weights = {4: lambda eps: -5_000.0 + eps}
    result = evaluate_stub(monkeypatch, log_weights, log_weights, [4], samples=200)
    assert result.nll_is == pytest.approx((5_000 - 0.5) / 4, abs=0.1)


def test_bound_comes_from_the_closed_form_and_a_from_the_density_ratio(monkeypatch):
    result = evaluate_stub(monkeypatch, {2: constant(-6.0)}, {2: constant(-8.0)}, [2], samples=3)
    assert (result.nll_is, result.nll_bound) == (pytest.approx(3.0), pytest.approx(4.0))


def test_standard_error_is_that_of_the_mean_over_draws(monkeypatch):
    bounds = {2: lambda eps: -10 + 3 * eps, 8: lambda eps: -20 + 4 * eps}
    result = evaluate_stub(monkeypatch, bounds, bounds, [2, 8], samples=4_000)
    assert result.nll_bound_se == pytest.approx(0.5 / 4_000**0.5, rel=0.1)  # sqrt(3² + 4²) / 10 for one draw
    assert abs(result.nll_bound - 3.0) < 4 * result.nll_bound_se


# --- on a model ---


def test_all_frames_and_pieces_are_counted():
    result = evaluate(make_model(), make_rolls(), samples=3)
    assert (result.frames, result.sequences, result.samples) == (FRAMES, len(LENGTHS), 3)


def test_numbers_equal_their_definitions_on_the_same_draws():
    dmm, rolls, samples = make_model(), make_rolls(), 16
    generator = evaluation.make_generator(3, evaluation.EVALUATION)
    log_p, bounds = [], []
    for roll in rolls:  # the same noise, in the same order: one piece after the other
        batch = evaluation.to_tensors([roll] * samples, torch.float64)
        noise = dmm.sample_noise(batch.x, generator)
        log_w = [float(v) for v in elbo.elbo(dmm, batch, noise, kl="sampled").elbo.detach()]
        log_p.append(max(log_w) + math.log(sum(math.exp(v - max(log_w)) for v in log_w) / samples))
        bounds.append(float(elbo.elbo(dmm, batch, noise).elbo.detach().mean()))
    result = evaluate(dmm, rolls, samples, seed=3)
    assert result.nll_is == pytest.approx(-sum(log_p) / FRAMES, rel=1e-12)
    assert result.nll_bound == pytest.approx(-sum(bounds) / FRAMES, rel=1e-12)
    per_piece = [-bound / length for bound, length in zip(bounds, LENGTHS, strict=True)]
    assert result.nll_bound_per_sequence == pytest.approx(sum(per_piece) / len(LENGTHS), rel=1e-12)


def test_importance_sampling_tightens_the_bound_and_more_draws_tighten_it_more():
    dmm, rolls = make_model(), make_rolls()
    one, ten, many = (
        [evaluate(dmm, rolls, samples, seed) for seed in range(runs)]
        for samples, runs in ((1, 100), (10, 30), (300, 3))
    )
    bound = evaluate(dmm, rolls, samples=2_000, seed=77)

    def mean_and_error(results):
        values = np.array([result.nll_is for result in results])
        return values.mean(), values.std(ddof=1) / len(values) ** 0.5

    (a_1, e_1), (a_10, e_10), (a_300, e_300) = map(mean_and_error, (one, ten, many))
    assert abs(a_1 - bound.nll_bound) < 4 * math.hypot(e_1, bound.nll_bound_se)  # a(S = 1) is (b) in expectation
    assert a_10 < a_1 - 3 * math.hypot(e_1, e_10)
    assert a_300 < a_10 - 3 * math.hypot(e_10, e_300)
    for result in many:
        assert result.nll_is <= result.nll_bound + 3 * result.nll_bound_se


@torch.no_grad()
def test_importance_sampling_finds_the_likelihood_of_one_frame_that_a_grid_gives():
    dmm, roll = make_dmm(make_config(z_dim=1, emission_dim=4, transition_dim=5, rnn_dim=6)).double(), make_rolls([1])[0]
    loc, scale = dmm.transition(dmm.z_0)
    for parameter in dmm.inference.parameters():  # a q that is wider than p(z_1): no draw gets a great weight
        parameter.zero_()
    dmm.inference.combiner.hidden_to_loc.bias.copy_(loc)
    dmm.inference.combiner.hidden_to_scale.bias.copy_(torch.log(torch.expm1(1.3 * scale)))
    z = (loc + scale * torch.linspace(-9, 9, 4_001, dtype=torch.float64)).unsqueeze(1)
    log_p_z = torch.distributions.Normal(loc, scale).log_prob(z).sum(1)
    p_key = torch.sigmoid(dmm.emitter(z))
    log_p_x = torch.where(torch.from_numpy(roll) == 1, p_key, 1 - p_key).log().sum(1)
    exact = -float(torch.logsumexp(log_p_z + log_p_x, 0) + torch.log(z[1, 0] - z[0, 0]))
    result = evaluate(dmm, [roll], samples=20_000)
    assert result.nll_is == pytest.approx(exact, abs=0.02)
    assert result.nll_bound > exact + 0.02


def test_same_seed_gives_the_same_numbers_and_the_global_generator_is_left_alone():
    dmm, rolls, before = make_model(), make_rolls(), torch.get_rng_state()
    assert evaluate(dmm, rolls, 5, seed=1) == evaluate(dmm, rolls, 5, seed=1)
    assert evaluate(dmm, rolls, 5, seed=1) != evaluate(dmm, rolls, 5, seed=2)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("chunk", [1, 30, 137])
def test_chunks_change_the_draws_but_neither_their_number_nor_what_they_estimate(monkeypatch, chunk):
    dmm, rolls, samples = make_model(), make_rolls(), 100
    whole = evaluate(dmm, rolls, samples)
    monkeypatch.setattr(evaluation, "CHUNK", chunk)
    drawn, original = [], elbo.judge

    def counting(dmm, batch, posterior):
        drawn.append(len(batch.x))
        assert batch.x.shape[:2].numel() <= max(chunk, batch.x.shape[1])
        return original(dmm, batch, posterior)

    monkeypatch.setattr(evaluation.elbo, "judge", counting)
    pieces = evaluate(dmm, rolls, samples)
    assert sum(drawn) == samples * len(rolls)  # the model runs once for each draw: log w and the bound share it
    assert (pieces.frames, pieces.sequences, pieces.samples) == (whole.frames, whole.sequences, whole.samples)
    error = math.hypot(whole.nll_bound_se, pieces.nll_bound_se)
    assert abs(whole.nll_bound - pieces.nll_bound) < 4 * error
    assert whole.nll_bound_se == pytest.approx(pieces.nll_bound_se, rel=0.4)


def test_chunks_of_whole_blocks_of_random_numbers_change_nothing(monkeypatch):
    dmm, rolls = make_model(), make_rolls([4, 4])  # PyTorch draws in blocks of 16: 16 sequences are whole blocks
    whole = evaluate(dmm, rolls, 48)
    monkeypatch.setattr(evaluation, "CHUNK", 64)
    assert evaluate(dmm, rolls, 48) == pytest.approx(whole, rel=1e-12)


def test_one_draw_is_enough_for_everything_but_a_standard_error():
    result = evaluate(make_model(), make_rolls(), samples=1)
    errors = {name for name in result._fields if name.endswith("_se")}
    assert {getattr(result, name) for name in errors} == {None}
    assert all(math.isfinite(value) for name, value in result._asdict().items() if name not in errors)


# --- the standard errors ---


def test_standard_errors_over_draws_are_how_far_other_seeds_lead():
    dmm, rolls = make_model(0.2), make_rolls()
    results = [evaluate(dmm, rolls, 200, seed) for seed in range(60)]
    for name in ("nll_is", "nll_bound", "nll_bound_per_sequence"):
        spread = np.std([getattr(result, name) for result in results], ddof=1)
        stated = np.mean([getattr(result, f"{name}_se") for result in results])
        assert stated == pytest.approx(spread, rel=0.35), name


def test_standard_error_of_a_is_right_where_a_few_draws_carry_the_weight(monkeypatch):
    heavy = {3: lambda eps: 2.5 * eps}  # log-normal weights with a long tail
    results = []
    for seed in range(300):
        monkeypatch.setattr(evaluation, "EVALUATION", 1000 + seed)
        results.append(evaluate_stub(monkeypatch, heavy, heavy, [3], samples=30))
    spread = np.std([result.nll_is for result in results], ddof=1)
    stated = np.mean([result.nll_is_se for result in results])
    assert stated == pytest.approx(spread, rel=0.3)
    assert 1 < np.mean([result.effective_samples for result in results]) < 10


def test_equal_weights_count_all_and_have_no_error(monkeypatch):
    tables = {2: constant(-4.0), 3: constant(-60.0)}
    result = evaluate_stub(monkeypatch, tables, tables, [2, 3], samples=5)
    assert result.effective_samples == pytest.approx(5)
    assert result.nll_is_se == pytest.approx(0, abs=1e-9)


def test_standard_error_over_pieces_equals_that_of_a_ratio_by_the_jackknife(monkeypatch):
    lengths = list(range(2, 42))
    values = {length: -length * (3 + math.sin(length)) for length in lengths}
    tables = {length: constant(value) for length, value in values.items()}
    result = evaluate_stub(monkeypatch, tables, tables, lengths, samples=2)
    nll, frames = np.array([-values[length] for length in lengths]), np.array(lengths)
    without = (nll.sum() - nll) / (frames.sum() - frames)
    jackknife = math.sqrt((len(frames) - 1) * without.var())
    assert result.nll_bound_se_pieces == pytest.approx(jackknife, rel=0.05)
    assert result.nll_is_se_pieces == pytest.approx(result.nll_bound_se_pieces)


def test_one_piece_has_no_standard_error_over_pieces():
    result = evaluate(make_model(), make_rolls([4]), samples=3)
    assert result.nll_is_se_pieces is None
    assert result.nll_bound_se_pieces is None


# --- the family ---


@pytest.mark.parametrize("name", ["mf-l", "mf-r", "mf-lr", "st-l", "st-r", "st-lr"])
def test_every_network_is_judged_alike_and_its_rnns_run_once_for_each_piece(name, monkeypatch):
    sizes = {"z_dim": 2, "emission_dim": 4, "transition_dim": 4, "rnn_dim": 5}
    dmm = make_dmm(make_config(inference=name, **sizes)).double()
    original, calls = dmm.inference.summarise, []
    monkeypatch.setattr(dmm.inference, "summarise", lambda *args: calls.append(len(args[0])) or original(*args))
    result = evaluate(dmm, make_rolls(), samples=200)
    assert calls == [1] * len(LENGTHS)
    assert result.nll_is <= result.nll_bound + 3 * result.nll_bound_se


def test_with_a_flow_the_bound_is_the_mean_log_weight():
    sizes = {"z_dim": 2, "emission_dim": 4, "transition_dim": 4, "rnn_dim": 5}
    dmm = make_dmm(make_config(num_iafs=2, kl="sampled", **sizes)).double()
    log_weights, bounds = evaluation._draws(dmm, make_rolls([7])[0], 9, evaluation.make_generator(0, 1))
    assert torch.equal(log_weights, bounds)


def test_dropout_is_switched_off_in_evaluation_and_inspection():
    plain, roll = make_model(), make_rolls([5])[0]
    noisy = make_model()
    noisy.rnn_dropout = 0.9
    assert evaluate(plain, [roll], 4) == evaluate(noisy, [roll], 4)
    assert np.array_equal(inspect_piece(plain, roll).z_loc, inspect_piece(noisy, roll).z_loc)


# --- looking at a piece ---


def test_inspection_has_the_promised_shapes_and_ranges():
    roll = make_rolls([7])[0]
    seen = inspect_piece(make_model(), roll, draws=20, keep=6)
    shapes = {"z_loc": (7, 3), "z_scale": (7, 3), "draws": (6, 7, 3), "gates": (7, 3), "probabilities": (7, 88)}
    shapes |= {"kl": (7, 3), "reconstruction": (7,)}
    assert {name: value.shape for name, value in seen._asdict().items()} == shapes
    for name, value in seen._asdict().items():
        assert isinstance(value, np.ndarray), name
        assert np.isfinite(value).all(), name
    for name in ("gates", "probabilities"):
        assert getattr(seen, name).min() >= 0
        assert getattr(seen, name).max() <= 1
    for name in ("z_scale", "kl", "reconstruction"):
        assert getattr(seen, name).min() >= 0, name


def test_inspection_is_the_mean_over_the_draws_it_returns():
    dmm, roll = make_model(), make_rolls([5])[0]
    seen = inspect_piece(dmm, roll, draws=12, keep=12, seed=4)
    z = torch.from_numpy(seen.draws)
    np.testing.assert_allclose(seen.z_loc, seen.draws.mean(0))
    np.testing.assert_allclose(seen.z_scale, seen.draws.std(0, ddof=1))
    with torch.no_grad():
        probabilities = torch.sigmoid(dmm.emitter(z))
        gates = dmm.transition.openness(dmm.previous(z))
    np.testing.assert_allclose(seen.probabilities, probabilities.mean(0).numpy())
    np.testing.assert_allclose(seen.gates, gates.mean(0).numpy())
    p_of_what_sounded = torch.where(torch.from_numpy(roll) == 1, probabilities, 1 - probabilities)
    np.testing.assert_allclose(seen.reconstruction, -p_of_what_sounded.log().sum(-1).mean(0).numpy())


def test_inspection_adds_up_to_the_bound_of_the_piece():
    dmm, roll = make_model(), make_rolls([6])[0]
    seen = inspect_piece(dmm, roll, draws=4_000)
    result = evaluate(dmm, [roll], samples=4_000)
    total = (seen.reconstruction.sum() + seen.kl.sum()) / 6
    assert abs(total - result.nll_bound) < 6 * result.nll_bound_se


def test_inspection_follows_its_seed():
    dmm, roll = make_model(), make_rolls([5])[0]
    assert np.array_equal(inspect_piece(dmm, roll, seed=1).draws, inspect_piece(dmm, roll, seed=1).draws)
    assert not np.array_equal(inspect_piece(dmm, roll, seed=1).draws, inspect_piece(dmm, roll, seed=2).draws)
    assert inspection.INSPECTION != evaluation.EVALUATION


def test_inspection_of_one_draw_has_no_spread_to_speak_of_and_does_not_fail():
    seen = inspect_piece(make_model(), make_rolls([5])[0], draws=1, keep=1)
    np.testing.assert_array_equal(seen.z_loc, seen.draws[0])
