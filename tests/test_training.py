"""Training in slices: exact resumption, purity, bookkeeping, what happens to a NaN, and that it learns."""

import json
import math

import numpy as np
import pytest
import torch

from dmm import elbo, training
from dmm.config import make_config
from dmm.data import baselines
from dmm.deep_markov_model import make_dmm
from dmm.training import Budget, Spec, advance, make_state

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = {"z_dim": 3, "emission_dim": 4, "transition_dim": 5, "rnn_dim": 6, "batch_size": 3}
LENGTHS = [9, 1, 5, 4, 7, 2, 8]
UPDATES = 3  # ceil(7 / 3) for each epoch


def make_rolls(lengths=LENGTHS):
    rng = np.random.default_rng(0)
    return tuple((rng.random((length, 88)) < 0.1).astype(np.uint8) for length in lengths)


def make_spec(**values):
    return Spec(make_config(**(SMALL | values)), make_rolls(), make_rolls([3, 1, 4]))


def train(state, spec, slices):
    """Go on until the run ends, with these slice sizes in turn; all records, and how the last slice ended."""
    records, count = [], 0
    while True:
        state, report = advance(state, spec, Budget(steps=slices[count % len(slices)]))
        records += report.records
        count += 1
        if report.ended in ("done", "diverged"):
            return state, records, report


def assert_identical(one, other):
    assert one.weights.keys() == other.weights.keys()
    for name in one.weights:
        assert torch.equal(one.weights[name], other.weights[name]), name
    assert all(map(torch.equal, one.moments, other.moments))
    assert (one.step, one.bad_steps, one.best) == (other.step, other.bad_steps, other.best)


def without_clock(records):
    return [{key: value for key, value in record.items() if key != "seconds"} for record in records]


def copy_of(state):
    weights = {name: weight.clone() for name, weight in state.weights.items()}
    return state._replace(weights=weights, moments=type(state.moments)(*(part.clone() for part in state.moments)))


def with_bound(monkeypatch, change):
    """Put `change(bound, dmm, call)` in place of every bound that training computes; calls count from 0."""
    calls = []

    def bound(dmm, batch, noise, kl_weight, kl, free_bits):
        calls.append(None)
        return change(elbo.bound(dmm, batch, noise, kl_weight, kl, free_bits), dmm, len(calls) - 1)

    monkeypatch.setattr(training, "load_engine", lambda name: bound)
    return calls


def not_a_number(bound):
    return bound._replace(elbo=bound.elbo * math.nan, reconstruction=bound.reconstruction * math.nan)


# --- slices ---


@pytest.mark.parametrize(("engine", "epochs"), [("fused", 4), ("readable", 4), ("pyro", 2)])
def test_run_in_slices_of_any_size_is_bit_identical_to_one_in_a_piece(engine, epochs):
    spec = make_spec(engine=engine, rnn_dropout=0.3, epochs=epochs, lr_decay=0.99, annealing_updates=5, kl="sampled")
    whole, records, _ = train(make_state(spec), spec, [None])
    assert whole.step == epochs * UPDATES
    for slices in ([1], [2, 1, 3]):
        pieces, again, _ = train(make_state(spec), spec, slices)
        assert_identical(whole, pieces)
        assert without_clock(records) == without_clock(again)


def test_run_stopped_by_the_clock_is_bit_identical_too():
    spec = make_spec(rnn_dropout=0.3, epochs=2)
    whole, _, _ = train(make_state(spec), spec, [None])
    state, ended = make_state(spec), ""
    while ended != "done":
        step = state.step
        state, report = advance(state, spec, Budget(seconds=0.0))
        ended = report.ended
        assert state.step == step + 1
    assert_identical(whole, state)


@pytest.mark.parametrize("engine", ["fused", "readable", "pyro"])
def test_advance_changes_neither_its_state_nor_the_global_generator(engine):
    spec = make_spec(engine=engine, rnn_dropout=0.3, optimiser="clipped-adam", weight_decay=0.1)
    state = make_state(spec)
    before, generator = copy_of(state), torch.get_rng_state()
    numpy_before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, _ = advance(state, spec, Budget(steps=3))
    assert_identical(state, before)
    assert torch.equal(torch.get_rng_state(), generator)
    assert np.array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
    second, _ = advance(state, spec, Budget(steps=3))
    assert_identical(first, second)
    assert any(not torch.equal(first.weights[name], state.weights[name]) for name in state.weights)
    assert_identical(copy_of(first), first)


def test_slice_ends_after_the_update_at_which_it_is_told_to():
    spec = make_spec(epochs=2)
    whole, records, _ = train(make_state(spec), spec, [None])
    state, seen, asked, report = make_state(spec), [], [], None
    while not report or report.ended != "done":
        before = len(asked)
        told = iter([False, True])
        state, report = advance(state, spec, Budget(until=lambda told=told: asked.append(next(told)) or asked[-1]))
        seen += report.records
        updates = sum(record["kind"] == "train" for record in report.records)
        assert updates <= 2
        assert len(asked) - before == updates - (report.ended != "budget")  # a milestone ends it unasked
    assert_identical(whole, state)
    assert without_clock(records) == without_clock(seen)


def test_two_states_share_no_memory():
    spec = make_spec()
    start = make_state(spec)
    first, _ = advance(start, spec, Budget(steps=1))
    kept = copy_of(first)
    advance(first, spec, Budget(steps=2))
    for weight in start.weights.values():
        weight.fill_(7.0)
    assert_identical(first, kept)


def test_budget_of_no_steps_does_nothing():
    spec = make_spec()
    state, report = advance(make_state(spec), spec, Budget(steps=0))
    assert (state.step, report.records, report.ended) == (0, (), "budget")


def test_run_of_no_epochs_is_done_at_once():
    spec = make_spec(epochs=0)
    state, report = advance(make_state(spec), spec, Budget())
    assert report == training.Report((), "done")
    assert_identical(state, make_state(spec))


def test_run_that_is_done_stays_done():
    spec = make_spec(epochs=1)
    state, _, report = train(make_state(spec), spec, [None])
    assert report.ended == "done"
    again, report = advance(state, spec, Budget())
    assert (report.records, report.ended) == ((), "done")
    assert_identical(state, again)


def test_slice_ends_at_a_milestone_with_one_validation():
    spec = make_spec(epochs=3)
    state, report = advance(make_state(spec), spec, Budget())
    assert (state.step, report.ended) == (UPDATES, "milestone")
    assert [record["kind"] for record in report.records] == ["train"] * UPDATES + ["valid"]


def milestones(epochs):
    return [epoch for epoch in range(1, epochs + 1) if training.is_milestone(epoch, epochs)]


def test_milestones_are_the_first_ten_epochs_every_fifth_and_the_last():
    assert milestones(123) == [*range(1, 11), *range(15, 121, 5), 123]
    assert milestones(110) == [*range(1, 11), *range(15, 111, 5)]


def test_short_runs_have_more_milestones_so_that_there_are_thirty():
    assert milestones(49) == [*range(1, 50)]
    assert milestones(51) == [*range(1, 11), *range(12, 51, 2), 51]
    assert all(len(milestones(epochs)) >= 30 for epochs in range(30, 200))


def test_seconds_of_a_run_add_up_over_its_slices():
    spec = make_spec(epochs=2)
    state, records, _ = train(make_state(spec), spec, [2])
    clock = [record["seconds"] for record in records]
    assert clock == sorted(clock)
    assert 0 <= clock[0] <= clock[-1] <= state.seconds + 1e-3
    assert state.seconds > 0


# --- pieces, noise, weights of the KL ---


@pytest.mark.parametrize(("pieces", "batch_size"), [(7, 3), (6, 3), (2, 20), (1, 1), (23, 5)])
def test_every_piece_is_visited_once_in_each_epoch_in_batches_of_the_size_asked_for(pieces, batch_size):
    lengths = list(range(1, pieces + 1))
    spec = Spec(make_config(**(SMALL | {"batch_size": batch_size})), make_rolls(lengths), make_rolls([1]))
    epochs = [training.epoch_batches(spec, epoch) for epoch in range(5)]
    for batches in epochs:
        assert sorted(np.concatenate(batches).tolist()) == list(range(pieces))
        assert len(batches) == spec.updates_per_epoch == math.ceil(pieces / batch_size)
        sizes = sorted(map(len, batches))
        assert sizes[1:] == [batch_size] * (len(batches) - 1)
        assert 1 <= sizes[0] <= batch_size
    if pieces > 6:
        assert len({str([batch.tolist() for batch in batches]) for batches in epochs}) > 1


def test_training_really_visits_the_pieces_of_the_epoch(monkeypatch):
    spec, seen = make_spec(epochs=2), []
    original = training.pad
    monkeypatch.setattr(training, "pad", lambda pieces: seen.append([len(one) for one in pieces]) or original(pieces))
    train(make_state(spec), spec, [1])
    assert len(seen) == 2 * UPDATES
    for epoch in (seen[:UPDATES], seen[UPDATES:]):
        assert sorted(length for batch in epoch for length in batch) == sorted(LENGTHS)


def test_pieces_of_similar_length_share_a_batch():
    spec = Spec(make_config(**SMALL), make_rolls([2, 40, 2, 40, 2, 40]), make_rolls([1]))
    for epoch in range(5):
        for batch in training.epoch_batches(spec, epoch):
            assert len({len(spec.train[i]) for i in batch}) == 1


def test_order_follows_from_the_seed_and_the_epoch():
    def order(seed, epoch):
        return [batch.tolist() for batch in training.epoch_batches(make_spec(seed=seed), epoch)]

    assert order(0, 3) == order(0, 3)
    assert len({str(order(0, epoch)) for epoch in range(12)}) > 2
    assert len({str(order(seed, 0)) for seed in range(12)}) > 2


def test_generators_of_different_seed_stream_or_counter_differ():
    keys = [(seed, stream, counter) for seed in (0, 1, 2**32 - 1) for stream in range(4) for counter in range(3)]
    draws = {tuple(torch.randn(3, generator=training.make_generator(*key)).tolist()) for key in keys}
    assert len(draws) == len(keys)


@pytest.mark.parametrize("loss", ["per-frame", "sum"])
def test_mean_gradient_over_an_epoch_is_that_of_the_bound_over_all_frames(monkeypatch, loss):
    spec = make_spec(loss=loss, annealing_updates=0)
    gradients = []

    def update_(weights, gradient, *others):
        gradients.append(gradient)

    monkeypatch.setattr(training.optimisers, "update_", update_)
    state = make_state(spec, torch.float64)
    advance(state, spec, Budget(steps=UPDATES))
    dmm, total = make_dmm(spec.config).double(), 0.0
    dmm.load_state_dict(state.weights)
    for step, chosen in enumerate(training.epoch_batches(spec, 0)):
        batch = training.to_tensors([spec.train[i] for i in chosen], torch.float64)
        noise = dmm.sample_noise(batch.x, training.make_generator(spec.config.seed, training.NOISE, step))
        total = total - elbo.elbo(dmm, batch, noise).elbo.sum()
    wanted = torch.cat([part.reshape(-1) for part in torch.autograd.grad(total, list(dmm.parameters()))])
    mean = torch.stack(gradients).mean(0)
    torch.testing.assert_close(mean, wanted / (sum(LENGTHS) if loss == "per-frame" else UPDATES))


def test_kl_weight_rises_in_a_straight_line_from_its_minimum_to_one():
    config = make_config(min_kl_weight=0.2, annealing_updates=8)
    weights = [training.kl_weight(step, config) for step in range(12)]
    assert weights == pytest.approx([0.2 + 0.1 * step for step in range(8)] + [1.0] * 4)
    assert weights[8] == 1.0
    assert training.kl_weight(0, make_config(annealing_updates=0)) == 1.0


def test_training_uses_the_annealed_weight_and_says_so():
    spec = make_spec(min_kl_weight=0.2, annealing_updates=4, epochs=2, lr_decay=0.99, learning_rate=0.01)
    records = [record for record in train(make_state(spec), spec, [4])[1] if record["kind"] == "train"]
    assert [record["kl_weight"] for record in records] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert [record["step"] for record in records] == [1, 2, 3, 4, 5, 6]
    assert [record["epoch"] for record in records] == [1, 1, 1, 2, 2, 2]
    assert [record["ends_epoch"] for record in records] == [False, False, True] * 2
    assert records[0]["learning_rate"] == pytest.approx(0.01 * 0.99)


def test_state_starts_with_the_log_odds_of_the_training_pieces():
    spec = make_spec()
    bias = make_state(spec, torch.float64).weights["emitter.hidden_to_logits.bias"].numpy()
    assert bias == pytest.approx(baselines.log_odds(spec.train), rel=1e-6)


def test_state_of_a_gaussian_emission_starts_with_the_mean_of_the_training_pieces():
    spec = make_spec(emission="gaussian")
    bias = make_state(spec, torch.float64).weights["emitter.mean.hidden_to_logits.bias"].numpy()
    assert bias == pytest.approx(np.concatenate(spec.train).mean(0), rel=1e-6)


# --- records ---


def test_records_are_finite_json_with_the_same_keys_every_time():
    spec = make_spec(epochs=2)
    _, records, _ = train(make_state(spec), spec, [2])
    assert json.loads(json.dumps(records, allow_nan=False)) == records
    keys = {"kind", "step", "epoch", "bound", "reconstruction", "kl", "frames", "seconds"}
    more = {"train": {"ends_epoch", "kl_weight", "learning_rate", "gradient_norm"}, "valid": {"improved", "active"}}
    for record in records:
        assert record.keys() == keys | more[record["kind"]]
        assert record["bound"] == pytest.approx(record["reconstruction"] + record["kl"], rel=1e-5)
    assert sum(record["frames"] for record in records if record["kind"] == "train") == 2 * sum(LENGTHS)


def test_training_record_is_the_bound_without_annealing_in_nats_per_frame():
    spec = make_spec(min_kl_weight=0.01)
    state = make_state(spec, torch.float64)
    record = advance(state, spec, Budget(steps=1))[1].records[0]
    dmm = training.load_dmm(spec.config, state.weights)
    batch = training.to_tensors([spec.train[i] for i in training.epoch_batches(spec, 0)[0]], torch.float64)
    noise = dmm.sample_noise(batch.x, training.make_generator(0, training.NOISE, 0))
    bound = elbo.elbo(dmm, batch, noise, kl_weight=1.0)
    assert record["bound"] == pytest.approx(-float(bound.elbo.sum()) / float(batch.mask.sum()), rel=1e-5)


def test_validation_uses_the_same_noise_every_time(monkeypatch):
    monkeypatch.setattr(training.optimisers, "update_", lambda *given: None)
    spec = make_spec(epochs=4, rnn_dropout=0.5)
    valid = [record for record in train(make_state(spec), spec, [None])[1] if record["kind"] == "valid"]
    assert [record["epoch"] for record in valid] == [1, 2, 3, 4]
    assert len({record["bound"] for record in valid}) == 1
    assert [record["improved"] for record in valid] == [True, False, False, False]


def test_best_is_the_lowest_validation_bound():
    spec = make_spec(epochs=6)
    state, records, _ = train(make_state(spec), spec, [None])
    bounds = [record["bound"] for record in records if record["kind"] == "valid"]
    assert state.best == pytest.approx(min(bounds), rel=1e-5)


# --- what is not a number ---


def test_nan_is_skipped_and_leaves_weights_and_moments_alone(monkeypatch):
    spec = make_spec()
    calls = with_bound(monkeypatch, lambda bound, dmm, call: not_a_number(bound) if call == 1 else bound)
    first, _ = advance(make_state(spec), spec, Budget(steps=1))
    second, report = advance(first, spec, Budget(steps=1))
    assert len(calls) == 2  # the engine of the second slice goes on counting
    assert_identical(second, first._replace(step=2, bad_steps=1))
    (record,) = report.records
    assert record["skipped"] == "The bound is no longer a number."
    assert record["bound"] is None
    json.dumps(report.records, allow_nan=False)
    third, _ = advance(second, spec, Budget(steps=1))
    assert third.bad_steps == 0
    assert any(not torch.equal(third.weights[name], second.weights[name]) for name in third.weights)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda bound, dmm, call: not_a_number(bound), "The bound is no longer a number."),
        (lambda bound, dmm, call: bound._replace(kl=bound.kl * math.inf), "The bound is no longer a number."),
        (
            lambda bound, dmm, call: bound._replace(elbo=bound.elbo + (dmm.z_0 * 0).sum().sqrt()),
            "The gradient is no longer a number.",
        ),
        (lambda bound, dmm, call: bound._replace(kl=bound.kl + 1e6), "ten times worse than tossing coins"),
    ],
)
def test_third_bad_step_in_a_row_is_divergence_with_a_cause_and_the_state_from_before_the_slice(
    monkeypatch, change, cause
):
    spec = make_spec(epochs=5, batch_size=1)
    with_bound(monkeypatch, lambda bound, dmm, call: change(bound, dmm, call) if call >= 4 else bound)
    before, _ = advance(make_state(spec), spec, Budget(steps=3))
    after, report = advance(before, spec, Budget())  # a good step, which is lost too, and three bad ones
    assert report.ended == "diverged"
    assert cause in report.cause
    assert ["skipped" in record for record in report.records] == [False, True, True, True]
    assert cause in report.records[-1]["skipped"]
    assert_identical(after, before)
    assert after.step == 3
    json.dumps(report.records, allow_nan=False)


def test_bad_steps_count_on_over_slices_of_one_step(monkeypatch):
    spec = make_spec(epochs=5)
    with_bound(monkeypatch, lambda bound, dmm, call: not_a_number(bound))
    state, ended = make_state(spec), []
    for _ in range(3):
        state, report = advance(state, spec, Budget(steps=1))
        ended.append(report.ended)
    assert ended == ["budget", "budget", "diverged"]


def test_bad_steps_that_are_not_in_a_row_are_forgiven(monkeypatch):
    spec = make_spec(epochs=3)
    with_bound(monkeypatch, lambda bound, dmm, call: not_a_number(bound) if call % 3 else bound)
    state, records, report = train(make_state(spec), spec, [None])
    assert report.ended == "done"
    assert sum("skipped" in record for record in records) == 6
    assert state.step == 9


@pytest.mark.parametrize("engine", ["fused", "readable", "pyro"])
def test_infinite_weight_ends_in_divergence_and_not_in_an_exception(engine):
    spec = make_spec(engine=engine)
    state = make_state(spec)
    state.weights["transition.proposal.2.bias"][0] = math.inf
    after, report = advance(state, spec, Budget())
    assert report.ended == "diverged"
    assert report.cause
    assert len(report.records) == 3
    assert after is state or after.step == 0


# --- learning ---


def test_training_learns_a_repeating_pattern_far_better_than_independent_keys_can():
    chords = np.zeros((4, 88), np.uint8)
    for chord, keys in enumerate([(40, 52), (45, 57), (47, 59), (38, 64)]):
        chords[chord, list(keys)] = 1
    rolls = tuple(chords[(np.arange(16) + start) % 4] for start in (0, 1, 2, 3) * 3)
    values = {"z_dim": 4, "emission_dim": 16, "transition_dim": 16, "rnn_dim": 16, "batch_size": 6, "epochs": 100}
    spec = Spec(make_config(**values, learning_rate=0.02, annealing_updates=40), rolls, rolls[:4])
    state, records, _ = train(make_state(spec), spec, [None])
    bounds = [record["bound"] for record in records if record["kind"] == "valid"]
    baseline = baselines.independent_keys(spec.train, spec.valid)
    assert bounds[0] > baseline / 2
    assert state.best < baseline / 3, (state.best, baseline)


def test_quick_padding_equals_the_padding_that_looks_at_every_roll():
    rolls = make_rolls([3, 1, 5])
    quick = training.pad([torch.from_numpy(roll).double() for roll in rolls])
    for ours, theirs in zip(quick[:3], training.to_tensors(rolls, torch.float64)[:3], strict=True):
        assert ours.dtype == theirs.dtype
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("kl", ["analytic", "sampled"])
@pytest.mark.parametrize("inference", ["st-r", "mf-lr"])
def test_engines_agree_over_twenty_updates(kl, inference):
    epochs = math.ceil(20 / UPDATES)
    runs = {}
    for engine in ("fused", "pyro", "readable"):
        spec = make_spec(engine=engine, kl=kl, inference=inference, epochs=epochs, learning_rate=0.02)
        state, records, _ = train(make_state(spec, torch.float64), spec, [100])
        runs[engine] = state, [record["bound"] for record in records if record["kind"] == "train"]
    weights, bounds = runs.pop("readable")
    assert len(bounds) >= 20
    for others, theirs in runs.values():
        assert theirs == pytest.approx(bounds, rel=1e-6)
        for name, weight in weights.weights.items():
            torch.testing.assert_close(others.weights[name], weight, rtol=1e-6, atol=1e-9)


def test_gaussian_run_far_from_its_data_goes_on_and_is_not_compared_with_coins():
    rolls = tuple(np.full((5, 1), 80.0, dtype=np.float32) for _ in range(3))
    config = make_config(**(SMALL | {"x_dim": 1, "emission": "gaussian", "epochs": 2, "seed": 1}))
    spec = Spec(config, rolls, rolls)
    state = make_state(spec)
    state = state._replace(weights=state.weights | {"emitter.mean.hidden_to_logits.bias": torch.zeros(1)})
    _, records, report = train(state, spec, [10])
    assert report.ended == "done"
    assert records[0]["bound"] > 1000
    assert not any("skipped" in record for record in records)


def test_batch_of_single_frames_trains_with_every_engine_when_the_first_latent_is_given():
    for engine in ("fused", "readable", "pyro"):
        spec = make_spec(engine=engine, first="given", epochs=1)._replace(train=make_rolls([1, 1]))
        assert train(make_state(spec), spec, [5])[2].ended == "done"
