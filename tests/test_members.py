"""Every member of the family through the whole app: trained in slices, kept, read back, looked at, heard, judged."""

import numpy as np
import pytest
import torch

from dmm import elbo, training
from dmm.config import make_config
from dmm.evaluation import evaluate
from dmm.inspection import INSPECTION, draw_piece, inspect_piece
from dmm.runs import snapshots, store
from dmm.training import Budget, Spec, advance, make_state
from tests.family import SMALL, X, Z

pytestmark = pytest.mark.usefixtures("one_thread")

MEMBERS = [
    {"inference": "mf-l", "rnn_cell": "gru", "transition": "mlp"},
    {"inference": "mf-r", "emitter": "linear", "schedule": "cosine", "free_bits": 0.1},
    {"inference": "mf-lr", "missing": 0.3, "rnn_dropout": 0.2, "optimiser": "clipped-adam"},
    {"inference": "st-l", "rnn_cell": "lstm", "rnn_layers": 2, "rnn_embedding": 4, "rnn_dropout": 0.2},
    {"inference": "st-r", "edges": "augmented", "first": "given", "transition": "linear"},
    {"inference": "st-lr", "num_iafs": 2, "kl": "sampled", "edges": "augmented"},
    {"inference": "st-lr", "emission": "gaussian", "num_iafs": 1, "kl": "sampled", "missing": 0.3, "first": "given"},
    {"inference": "mf-lr", "num_iafs": 1, "kl": "sampled", "emission": "gaussian", "emitter": "linear"},
]
ENGINES = ["fused", "readable", "pyro"]


def make_spec(values, engine="readable"):
    rng = np.random.default_rng(0)
    rolls = tuple((rng.random((length, X)) < 0.4).astype(np.uint8) for length in (9, 1, 5, 4, 7))
    settings = SMALL | {"batch_size": 2, "epochs": 2, "annealing_updates": 4} | values
    return Spec(make_config(**settings, engine=engine), rolls, rolls[:2])


def train(state, spec, steps=6, at_once=6):
    records = []
    while state.step < steps:
        state, report = advance(state, spec, Budget(steps=min(at_once, steps - state.step)))
        assert report.ended != "diverged", report.cause
        records += report.records
    return state, records


def engines(values):
    return ENGINES[:2] if "free_bits" in values else ENGINES


@pytest.mark.parametrize("values", MEMBERS, ids=str)
def test_all_engines_train_the_same_weights_and_write_the_same_records(values):
    results = [
        train(make_state(spec, torch.float64), spec) for spec in (make_spec(values, one) for one in engines(values))
    ]
    (state, records), *others = results
    start = make_state(make_spec(values), torch.float64)
    assert all(not torch.equal(state.weights[name], start.weights[name]) for name in state.weights)
    for other, their_records in others:
        for name in state.weights:
            torch.testing.assert_close(state.weights[name], other.weights[name], rtol=1e-8, atol=1e-9)
        for one, two in zip(records, their_records, strict=True):
            for key in one.keys() - {"kind", "seconds"}:
                assert one[key] == pytest.approx(two[key], rel=2e-6), key


@pytest.mark.parametrize("values", MEMBERS, ids=str)
def test_run_in_slices_through_snapshots_is_bit_identical_to_one_in_a_piece(values, tmp_path):
    spec = make_spec(values, "fused")
    whole, _ = train(make_state(spec), spec)
    run = store.new_run(spec.config, folder=tmp_path)
    snapshots.save_last(run, train(make_state(spec), spec, 4, 1)[0])
    back, _ = train(snapshots.load_last(run, make_state(spec)), spec, at_once=1)
    assert list(back.weights) == list(whole.weights)
    assert all(torch.equal(back.weights[name], whole.weights[name]) for name in whole.weights)
    assert all(map(torch.equal, back.moments, whole.moments))
    assert back.best == whole.best


@pytest.mark.parametrize("values", MEMBERS, ids=str)
def test_model_read_back_from_its_run_folder_computes_the_same(values, tmp_path):
    spec = make_spec(values)
    state, _ = train(make_state(spec), spec, 2)
    run = store.new_run(spec.config, folder=tmp_path)
    snapshots.save_best(run, state)
    dmm, step = snapshots.load_run(run)
    assert step == 2
    batch = training.to_tensors(spec.train)
    noise = dmm.sample_noise(batch.x, torch.Generator().manual_seed(0))
    same = training.load_dmm(spec.config, state.weights)
    one, other = (elbo.bound(model, batch, noise, kl=spec.config.kl) for model in (dmm, same))
    assert all(torch.equal(*pair) for pair in zip(one, other, strict=True))
    assert not any(weight.is_meta for weight in (*dmm.parameters(), *dmm.buffers()))


@pytest.mark.parametrize("values", MEMBERS, ids=str)
def test_inspection_of_a_piece_adds_up_to_its_bound(values):
    spec = make_spec(values)
    dmm = training.load_dmm(spec.config, make_state(spec, torch.float64).weights)
    roll, draws = spec.train[0], 6
    seen = inspect_piece(dmm, roll, draws, seed=3)
    shapes = {name: part.shape for name, part in seen._asdict().items()}
    frames = len(roll)
    assert shapes == dict.fromkeys(("z_loc", "z_scale", "gates", "kl"), (frames, Z)) | {
        "draws": (draws, frames, Z),
        "probabilities": (frames, X),
        "reconstruction": (frames,),
    }
    for part in (seen.gates, seen.probabilities):
        assert part.min() >= 0
        assert part.max() <= 1
    batch = training.to_tensors([roll] * draws, torch.float64)
    noise = dmm.sample_noise(batch.x, training.make_generator(3, INSPECTION))
    kl = "sampled" if "num_iafs" in values else "analytic"
    bound = elbo.elbo(dmm, batch, noise, kl=kl).elbo.mean()
    assert -seen.reconstruction.sum() - seen.kl.sum() == pytest.approx(float(bound), rel=1e-9)
    assert seen.z_loc == pytest.approx(dmm.inference(dmm.inputs(batch), batch.lengths, noise).z.mean(0).numpy())


@pytest.mark.parametrize("values", MEMBERS, ids=str)
def test_piece_from_the_model_alone_is_its_sample(values):
    dmm = training.load_dmm(make_spec(values).config, make_state(make_spec(values)).weights)
    piece = draw_piece(dmm, 12, seed=5)
    assert (piece.roll.shape, piece.z.shape, piece.gates.shape) == ((12, X), (12, Z), (12, Z))
    assert set(np.unique(piece.roll)) <= {0, 1}
    again, other = draw_piece(dmm, 12, seed=5), draw_piece(dmm, 12, seed=6)
    assert all(np.array_equal(*pair) for pair in zip(piece, again, strict=True))
    assert not np.array_equal(piece.z, other.z)


@pytest.mark.parametrize("values", MEMBERS, ids=str)
def test_evaluation_judges_every_piece_and_finds_the_likelihood_at_or_over_its_bound(values):
    spec = make_spec(values)
    dmm = training.load_dmm(spec.config, make_state(spec, torch.float64).weights)
    result = evaluate(dmm, spec.train, samples=40)
    assert (result.sequences, result.frames) == (5, 26)
    assert result.nll_is <= result.nll_bound + 3 * result.nll_bound_se + 1e-9
    assert np.isfinite(result.nll_is)
