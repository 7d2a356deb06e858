"""How the learning rate falls over a run, and what is refused before a run begins."""

import math

import numpy as np
import pytest
import torch

from dmm import optimisers, training
from dmm.config import ConfigError, make_config
from dmm.data import Dataset, Piece
from dmm.training import Budget, Spec, advance, make_spec, make_state
from tests.family import SMALL, X

pytestmark = pytest.mark.usefixtures("one_thread")

COSINE = {"schedule": "cosine", "learning_rate": 0.02, "epochs": 4, "batch_size": 2, "engine": "readable"}
STEPS = 12  # three updates in each of four epochs


def make_cosine(**values):
    rng = np.random.default_rng(0)
    rolls = tuple((rng.random((length, X)) < 0.4).astype(np.uint8) for length in (9, 1, 5, 4, 7))
    return Spec(make_config(**(SMALL | COSINE | values)), rolls, rolls[:1])


def rates(spec):
    """The learning rate of every update of a whole run."""
    state, records = make_state(spec), []
    while state.step < STEPS:
        state, report = advance(state, spec, Budget(steps=5))
        records += [record["learning_rate"] for record in report.records if record["kind"] == "train"]
    return records


def test_cosine_rate_is_whole_at_the_start_half_in_the_middle_and_nothing_at_the_end():
    config = make_config(schedule="cosine", learning_rate=0.02, lr_decay=1.0)
    parts = [optimisers.learning_rate(1, config, progress) for progress in (0.0, 1 / 3, 0.5, 1.0, 7.0)]
    assert parts == pytest.approx([0.02, 0.015, 0.01, 0.0, 0.0], abs=1e-15)


def test_cosine_goes_with_the_decay_of_every_update():
    config = make_config(schedule="cosine", learning_rate=0.02, lr_decay=0.99)
    assert optimisers.learning_rate(10, config, 0.5) == pytest.approx(0.01 * 0.99**10)
    exponential = config.model_copy(update={"schedule": "exponential"})
    assert optimisers.learning_rate(10, exponential, 0.5) == pytest.approx(0.02 * 0.99**10)


def test_training_follows_half_a_cosine_over_its_epochs():
    wanted = [0.02 * 0.5 * (1 + math.cos(math.pi * step / STEPS)) * 0.99 ** (step + 1) for step in range(STEPS)]
    assert rates(make_cosine(lr_decay=0.99)) == pytest.approx(wanted, rel=1e-5)


def test_exponential_training_does_not_look_at_the_progress():
    wanted = [0.02 * 0.99 ** (step + 1) for step in range(STEPS)]
    assert rates(make_cosine(lr_decay=0.99, schedule="exponential")) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(("horizon", "seconds", "step", "progress"), [
    (0.0, 1e9, 3, 0.25),  # no horizon: epochs alone count
    (60.0, 0.0, 0, 0.0),
    (60.0, 15.0, 0, 0.25),
    (60.0, 30.0, 0, 0.5),
    (60.0, 15.0, 9, 0.75),  # whichever is further
    (60.0, 60.0, 1, 1.0),
    (60.0, 600.0, 1, 1.0),
])  # fmt: skip
def test_progress_is_of_the_epochs_or_of_the_horizon_in_seconds_whichever_is_further(horizon, seconds, step, progress):
    spec = make_cosine(seconds=horizon)
    learner = training._Learner(make_state(spec)._replace(step=step), spec)
    assert learner.progress(seconds) == pytest.approx(progress)


def test_seconds_of_the_slices_before_count_towards_the_horizon():
    spec = make_cosine(seconds=100.0)
    record = advance(make_state(spec)._replace(seconds=50.0), spec, Budget(steps=1))[1].records[0]
    assert record["learning_rate"] == pytest.approx(0.01, rel=0.02)  # and the first slice took far less than a second
    state, report = advance(make_state(spec)._replace(seconds=100.0), spec, Budget(steps=1))
    assert (report.records, report.ended) == ((), "done")  # the rate is 0: no update would change anything
    assert all(torch.equal(state.weights[name], weight) for name, weight in make_state(spec).weights.items())


def test_run_whose_cosine_comes_to_its_end_is_validated_and_done():
    spec = make_cosine(seconds=0.05)._replace(
        config=make_cosine(seconds=0.05).config.model_copy(update={"epochs": 9999})
    )
    state, records = make_state(spec), []
    for _ in range(10_000):
        state, report = advance(state, spec, Budget(steps=7))
        records += report.records
        if report.ended == "done":
            break
    assert report.ended == "done"
    assert records[-1]["kind"] == "valid"
    assert records[-1]["step"] == state.step < 9999
    assert state.seconds >= 0.05
    assert advance(state, spec, Budget(steps=7))[1].records == ()  # resumed, it is still done


# --- before a run begins ---


def make_dataset(keys):
    pieces = tuple(Piece(str(number), "", np.ones((3, keys), np.uint8)) for number in range(2))
    return Dataset("made up", "Made up.", pieces, pieces, pieces)


@pytest.mark.parametrize(("keys", "x_dim"), [(88, 4), (4, 88), (5, 4)])
def test_pieces_with_another_number_of_keys_are_refused_with_both_numbers(keys, x_dim):
    config = make_config(**(SMALL | {"x_dim": x_dim}))
    sentence = f"The pieces have {keys} keys, but x_dim is {x_dim}; set x_dim={keys}."
    with pytest.raises(ConfigError) as caught:
        make_spec(config, make_dataset(keys))
    assert str(caught.value) == sentence
    spec = make_spec(config.model_copy(update={"x_dim": keys}), make_dataset(keys))
    assert [roll.shape for roll in (*spec.train, *spec.valid)] == [(3, keys)] * 4


def test_graphics_card_that_is_not_there_is_refused_with_a_sentence(monkeypatch):
    config, dataset = make_config(**SMALL, device="cuda"), make_dataset(X)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError) as caught:
        make_spec(config, dataset)
    sentence = "This machine has no graphics card that PyTorch can use (device cuda); choose device cpu."
    assert str(caught.value) == sentence
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert make_spec(config, dataset).config.device == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert make_spec(make_config(**SMALL), dataset).config.device == "cpu"


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_training_happens_on_the_device_of_the_configuration(device):
    """ "meta" stands for a graphics card: it is a device that every machine has, but it cannot do sums."""
    spec = make_cosine()
    spec = spec._replace(config=spec.config.model_copy(update={"device": device}))
    learner = training._Learner(make_state(spec), spec)
    batch = learner.next_batch()
    tensors = [learner.weights, *learner.moments, *learner.dmm.parameters(), batch.x, batch.mask]
    assert {one.device.type for one in tensors} == {device}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a graphics card")
def test_graphics_card_trains_the_same_weights_as_the_processor():
    states = {}
    for device in ("cpu", "cuda"):
        spec = make_cosine(device=device, rnn_dropout=0.2, missing=0.2)
        states[device], _ = advance(make_state(spec, torch.float64), spec, Budget(steps=3))
    for name, weight in states["cpu"].weights.items():
        torch.testing.assert_close(states["cuda"].weights[name].cpu(), weight, rtol=1e-8, atol=1e-9)
