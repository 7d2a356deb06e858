"""What the inference network may look at, and where dropout acts; by autograd."""

import pytest
import torch

from dmm import rnn
from dmm.config import make_config
from dmm.deep_markov_model import build_dmm
from dmm.inference import Noise, make_network

B, T, X, Z, RNN = 4, 6, 5, 3, 8
LENGTHS = torch.tensor([6, 1, 4, 5])


pytestmark = pytest.mark.usefixtures("seeded_float64")


def randomise(module):
    """Weights that keep every relu unit of the RNN awake, so that no dependence hides behind a zero."""
    for name, parameter in module.named_parameters():
        torch.nn.init.normal_(parameter, mean=0.3 if "weight" in name and "rnn" in name else 0.1, std=0.1)
    return module


def make_q(layers=1):
    return randomise(make_network("st-r", lambda direction: rnn.RNN(X, RNN, direction, layers=layers), Z, RNN))


def make_dmm_with(dropout, layers=1):
    sizes = {"x_dim": X, "z_dim": Z, "emission_dim": 4, "transition_dim": 4, "rnn_dim": RNN}
    return build_dmm(make_config(**sizes, rnn_layers=layers, rnn_dropout=dropout))


def depends_on(value, source):
    """(B, T) whether any entry of `value` depends on `source` (B, T, ...)."""
    (slope,) = torch.autograd.grad(value.sum(), source, retain_graph=True, allow_unused=True)
    assert slope is not None
    return slope.flatten(2).abs().sum(-1) > 0


@pytest.mark.parametrize("layers", [1, 2])
def test_h_depends_on_the_present_and_all_of_the_future_but_on_nothing_of_the_past_or_the_padding(layers):
    backward, x = randomise(rnn.RNN(X, RNN, rnn.RIGHT, layers=layers)), torch.rand(B, T, X, requires_grad=True)
    for parameter in backward.parameters():
        parameter.data.abs_()  # with positive inputs every unit is awake
    h_right = backward(x, LENGTHS)
    frame = torch.arange(T)
    for t in range(T):
        seen = depends_on(h_right[:, t], x)
        for i, length in enumerate(LENGTHS.tolist()):
            if t < length:
                assert torch.equal(seen[i], (frame >= t) & (frame < length)), (i, t)


def test_no_sequence_looks_at_another():
    q, x = make_q(), torch.rand(B, T, X, requires_grad=True)
    z = q(x, LENGTHS, Noise(torch.randn(B, T, Z))).z
    for i in range(B):
        seen = depends_on(z[i], x).any(1)
        assert torch.equal(seen, torch.arange(B) == i)


def test_q_depends_on_the_noise_of_every_earlier_latent_and_on_no_later_one():
    q, eps = make_q(), torch.randn(B, T, Z, requires_grad=True)
    posterior = q(torch.rand(B, T, X), LENGTHS, Noise(eps))
    for part in (posterior.q_loc, posterior.q_scale):
        for t in range(T):
            if t == 0:
                (slope,) = torch.autograd.grad(part[:, 0].sum(), eps, retain_graph=True, allow_unused=True)
                assert slope is None or not slope.any()
                continue
            assert torch.equal(depends_on(part[:, t], eps), (torch.arange(T) < t).expand(B, T))


def test_q_given_the_last_latent_does_not_depend_on_the_frames_before():
    q, x = make_q(), torch.rand(B, T, X, requires_grad=True)
    h_right, z_prev = q.rnns["right"](x, LENGTHS), torch.randn(B, Z)
    for t in range(T):
        seen = depends_on(q.combiner(z_prev, h_right[:, t])[0], x)
        assert not seen[t < LENGTHS, :t].any()


def test_latents_of_real_frames_do_not_depend_on_padded_frames_or_padded_noise():
    q = make_q(layers=2)
    x, eps = torch.rand(B, T, X, requires_grad=True), torch.randn(B, T, Z, requires_grad=True)
    z = q(x, LENGTHS, Noise(eps)).z
    for i, length in enumerate(LENGTHS.tolist()):
        for source in (x, eps):
            seen = depends_on(z[i, :length], source)
            assert seen[i, :length].any()
            assert not seen[i, length:].any()


def test_first_latent_starts_from_z_q_0_and_the_rnn_from_h_0():
    q = make_q()
    posterior = q(torch.rand(B, T, X), LENGTHS, Noise(torch.randn(B, T, Z)))
    slopes = torch.autograd.grad(posterior.q_loc[:, 0].sum(), [q.z_q_0, q.rnns["right"].h_0])
    assert all(slope.abs().sum() > 0 for slope in slopes)


@pytest.mark.parametrize("layers", [1, 2])
def test_dropout_acts_on_the_output_of_every_layer_the_last_one_too(layers):
    backward, x = randomise(rnn.RNN(X, RNN, rnn.RIGHT, layers=layers)), torch.rand(B, T, X)
    plain = backward(x, LENGTHS)
    ones = [torch.ones(B, T, RNN) for _ in range(layers)]
    assert torch.equal(backward(x, LENGTHS, tuple(ones)), plain)
    for layer in range(layers):
        keep = [one.clone() for one in ones]
        keep[layer][..., : RNN // 2] = 0.0
        h_right = backward(x, LENGTHS, tuple(keep))
        assert not torch.allclose(h_right, plain)
        if layer == layers - 1:
            assert not h_right[..., : RNN // 2].any()
            assert torch.equal(h_right[..., RNN // 2 :], plain[..., RNN // 2 :])


@pytest.mark.parametrize("layers", [1, 2])
def test_dropout_is_drawn_in_training_and_never_in_evaluation(layers):
    dmm, x = make_dmm_with(0.4, layers), torch.zeros(B, T, X)
    assert [len(of_rnn) for of_rnn in dmm.sample_noise(x, torch.Generator().manual_seed(0), training=True).keep] == [
        layers
    ]
    assert dmm.sample_noise(x, torch.Generator().manual_seed(0)).keep == ()
    assert make_dmm_with(0.0).sample_noise(x, torch.Generator().manual_seed(0), training=True).keep == ()


def test_dropout_silences_at_its_rate_and_makes_up_for_it():
    dmm, x = make_dmm_with(0.4), torch.zeros(100, 50, X)
    ((keep,),) = dmm.sample_noise(x, torch.Generator().manual_seed(0), training=True).keep
    silent = (keep == 0).double().mean()
    assert abs(float(silent) - 0.4) < 4.5 * (0.24 / keep.numel()) ** 0.5
    assert abs(float(keep.mean()) - 1) < 4.5 * (0.24 / keep.numel()) ** 0.5 / 0.6


def test_noise_has_the_precision_of_the_model_whatever_the_default_is():
    dmm = make_dmm_with(0.1)
    torch.set_default_dtype(torch.float32)
    noise = dmm.sample_noise(torch.zeros(B, T, X), torch.Generator().manual_seed(0), training=True)
    assert noise.eps.dtype == torch.float64
    kept = noise.keep[0][0][noise.keep[0][0] > 0].double()
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / 0.9), rtol=1e-12, atol=0)


def test_noise_is_standard_normal_and_follows_its_generator():
    dmm, x = make_dmm_with(0.0), torch.zeros(50, 100, X)
    eps = dmm.sample_noise(x, torch.Generator().manual_seed(1)).eps
    assert abs(float(eps.mean())) < 4.5 / eps.numel() ** 0.5
    assert abs(float(eps.var()) - 1) < 4.5 * (2 / eps.numel()) ** 0.5
    assert torch.equal(eps, dmm.sample_noise(x, torch.Generator().manual_seed(1)).eps)
    assert not torch.equal(eps, dmm.sample_noise(x, torch.Generator().manual_seed(2)).eps)
