"""The benchmark: what it counts and reports. How long things take is nobody's test."""

from collections import Counter

import pytest
import torch

from dmm import bench, limit, training
from dmm.config import make_config
from dmm.data import load_dataset
from tests.tiny_runs import TINY, write_tiny_data

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def dataset(tmp_path):
    return load_dataset(write_tiny_data(tmp_path))


@pytest.fixture
def quick(monkeypatch):
    """No shape of product is watched for longer than it takes three times."""
    monkeypatch.setattr(limit, "LOOK", 0.0)


def test_engines_take_turns_and_the_first_turn_is_not_counted():
    calls = []
    seconds = bench.in_turns({name: lambda name=name: calls.append(name) for name in "ab"}, rounds=2)
    assert calls == list("ababab")
    assert {name: len(each) for name, each in seconds.items()} == {"a": 2, "b": 2}


def test_products_of_two_short_pieces_counted_by_hand():
    config = make_config(x_dim=5, z_dim=1, rnn_dim=2, emission_dim=3, transition_dim=4)
    expected = Counter()
    for rows in (2, 1):  # both pieces sound in the first frame, one in the second
        expected.update([(rows, 2, 2), (rows, 2, 2)])  # RNN, forward and backward
        expected.update([(rows, 1, 2), (rows, 2, 1)])  # the last latent into the combiner
        expected.update([(rows, 2, 2), (rows, 2, 2)])  # mean and scale out of it
    expected.update([(3, 5, 2)])  # the RNN's input
    expected.update([(5, 3, 2), (2, 3, 2), (1, 3, 2), (2, 3, 2)])  # gradients: input, RNN, into and out of the combiner
    for k, n in ((1, 4), (4, 1), (1, 4), (4, 1), (1, 1), (1, 1), (1, 3), (3, 3), (3, 5)):
        expected.update([(3, k, n), (3, n, k), (k, 3, n)])
    assert limit.products(config, [1, 2]) == expected


def test_multiply_adds_of_two_short_pieces_by_hand():
    config = make_config(x_dim=5, z_dim=1, rnn_dim=2, emission_dim=3, transition_dim=4)
    total = sum(m * k * n * times for (m, k, n), times in limit.products(config, [1, 2]).items())
    weights = {"input": 10, "rnn": 4, "into": 2, "out": 4, "gate": 8, "proposal": 8, "linear": 1, "scale": 1}
    emitter = 3 + 9 + 15
    assert total == 3 * (3 * (sum(weights.values()) + emitter) - weights["input"])  # keys need no gradient


def test_report_has_every_number(dataset, quick):
    result = bench.run(make_config(**TINY), dataset, threads=1, rounds=2)
    seconds = {f"{name}_s" for name in ("fused", "readable", "pyro", "pyro_shuffled", "limit")}
    numbers = {
        "ratio",
        "ratio_shuffled",
        "frames",
        "frames_per_second",
        "limit_share",
        "multiply_adds",
        "bytes_per_frame",
    }
    assert result.keys() == seconds | numbers | {"quickest_s", "spread", "data", "threads", "rounds", "torch"}
    assert all(result[name] > 0 for name in seconds | numbers)
    assert result["ratio"] == result["pyro_s"] / result["fused_s"]
    assert result["limit_share"] == result["limit_s"] / result["fused_s"]
    assert result["frames"] == sum(len(piece.roll) for piece in dataset.train)
    assert torch.get_num_threads() == 1
    assert f"{result['ratio']:.1f} times as quick" in bench.in_words(result)


def test_limit_is_left_out_where_products_are_not_counted(dataset):
    result = bench.run(make_config(**TINY, inference="mf-lr", rnn_cell="gru", rnn_dropout=0.1), dataset, 1, 1)
    assert result["limit_s"] is result["multiply_adds"] is result["limit_share"] is None
    assert "multiply-adds" not in bench.in_words(result)


def test_pyro_trains_on_the_same_batches(dataset, monkeypatch):
    spec = training.make_spec(make_config(**TINY), dataset)
    seen = []
    epoch = bench.PyroEpoch(spec)
    before = {name: weight.detach().clone() for name, weight in epoch.learner.dmm.named_parameters()}
    step = epoch.svi.step
    monkeypatch.setattr(epoch.svi, "step", lambda *batch: seen.append(batch[2].tolist()) or step(*batch))
    epoch()
    epoch()
    expected = [[len(spec.train[i]) for i in pieces] for k in (0, 1) for pieces in training.epoch_batches(spec, k)]
    assert seen == expected
    assert all((before[name] != weight).any() for name, weight in epoch.learner.dmm.named_parameters())


def test_shuffled_batches_hold_every_piece_once(dataset):
    spec = training.make_spec(make_config(**TINY), dataset)
    batches = bench.shuffled_batches(spec, 0)
    assert sorted(i for pieces in batches for i in pieces) == list(range(len(spec.train)))
    assert len(batches) == spec.updates_per_epoch


def test_bytes_per_frame_of_the_readable_engine_grow_with_the_model(dataset):
    small, large = (
        bench.bytes_per_frame(training.make_spec(make_config(**(TINY | {"rnn_dim": width})), dataset), "readable")
        for width in (4, 8)
    )
    assert 4 * TINY["rnn_dim"] < small < large
