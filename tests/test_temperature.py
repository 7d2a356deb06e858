"""Temperatures of drawn music: 1 is the model to the last bit, and the random numbers are the same at all of them."""

import numpy as np
import pytest
import torch

from dmm.config import make_config
from dmm.deep_markov_model import make_dmm
from dmm.inspection import draw_piece
from dmm.rollout import at_temperature

SIZES = {"z_dim": 3, "emission_dim": 4, "transition_dim": 4, "rnn_dim": 5}
MEMBERS = [
    {},
    {"edges": "augmented", "first": "given", "first_loc": 1.0},
    {"emission": "gaussian", "transition": "mlp"},
]


def dmm_of(**values):
    return make_dmm(make_config(**(SIZES | values)))


@torch.no_grad()
def plainly_drawn(dmm, steps, seed):
    """The draw without temperatures, word by word."""
    generator = torch.Generator().manual_seed(seed)
    z_t, x_t, drawn = dmm.start.expand(1, -1), torch.zeros(1, 88), []
    for t in range(steps):
        parents = (z_t, x_t) if dmm.augmented else (z_t,)
        loc, scale = dmm.transition(*parents)
        if t == 0 and dmm.z_0 is None:
            loc, scale = dmm.first_loc, dmm.first_scale
        z_t = loc + scale * torch.randn(z_t.shape, generator=generator)
        p = dmm.emitter.probabilities(z_t, *parents[1:])
        x_t = (torch.rand(p.shape, generator=generator) < p).to(p)
        drawn.append((z_t, p, x_t))
    return [torch.stack(part, dim=1) for part in zip(*drawn, strict=True)]


@pytest.mark.parametrize("values", MEMBERS, ids=str)
def test_a_temperature_of_1_is_the_model_to_the_last_bit(values):
    dmm = dmm_of(**values)
    z, _, p, x = dmm.sample(7, torch.Generator().manual_seed(4), z_temperature=1.0, note_temperature=1.0)
    for one, other in zip(plainly_drawn(dmm, 7, 4), (z, p, x), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("values", MEMBERS, ids=str)
def test_the_random_numbers_are_the_same_at_every_temperature(values):
    dmm = dmm_of(**values)
    cold, hot = torch.Generator().manual_seed(1), torch.Generator().manual_seed(1)
    z, _, _, x = dmm.sample(5, cold, z_temperature=0.25, note_temperature=0.5)
    dmm.sample(5, hot, z_temperature=4.0, note_temperature=2.0)
    assert torch.equal(cold.get_state(), hot.get_state())
    loc, scale = (part.detach() for part in dmm.p_z(z, x))
    eps = torch.randn(1, 3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close((z[:, 0] - loc[:, 0]) / scale[:, 0] / 0.5, eps)


def test_the_temperature_of_the_notes_leaves_the_latents_alone():
    dmm = dmm_of()
    one, other = (draw_piece(dmm, 30, 2, note_temperature=temperature) for temperature in (1.0, 0.3))
    assert np.array_equal(one.z, other.z)
    odds = [np.log(piece.probabilities) - np.log1p(-piece.probabilities) for piece in (one, other)]
    assert odds[1] == pytest.approx(odds[0] / 0.3, rel=1e-3, abs=1e-3)


def test_a_warmer_key_that_is_unlikely_sounds_wherever_it_did():
    dmm = dmm_of()
    cool, warm = (draw_piece(dmm, 60, 2, note_temperature=temperature) for temperature in (1.0, 1.5))
    unlikely = cool.probabilities < 0.5
    assert (warm.roll >= cool.roll)[unlikely].all()


def test_at_0_the_likeliest_is_taken():
    dmm = dmm_of()
    pieces = [draw_piece(dmm, 6, seed, z_temperature=0, note_temperature=0) for seed in (1, 2)]
    assert np.array_equal(pieces[0].z, pieces[1].z)
    assert np.array_equal(pieces[0].roll, pieces[1].roll)
    loc, _ = dmm.p_z(torch.tensor(pieces[0].z)[None], torch.zeros(1, 6, 88))
    torch.testing.assert_close(torch.tensor(pieces[0].z), loc[0].detach())
    assert at_temperature(torch.tensor([0.0, 0.2, 0.9, 1.0]), 0).tolist() == [0, 0, 1, 1]


def test_certain_keys_stay_certain():
    assert at_temperature(torch.tensor([0.0, 1.0]), 3.0).tolist() == [0, 1]


@pytest.mark.parametrize("temperature", [-0.1, 11, float("nan")])
def test_other_temperatures_are_refused(temperature):
    with pytest.raises(ValueError, match="expected 0 to 10"):
        draw_piece(dmm_of(), 2, 1, z_temperature=temperature)
    with pytest.raises(ValueError, match="expected 0 to 10"):
        draw_piece(dmm_of(), 2, 1, note_temperature=temperature)
