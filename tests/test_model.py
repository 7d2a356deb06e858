"""Each module against a plain implementation written from its formula, in float64 and at small sizes."""

import numpy as np
import pytest
import torch

from dmm import rnn
from dmm.combiner import Combiner
from dmm.config import make_config
from dmm.deep_markov_model import build_dmm, make_dmm
from dmm.inference import Noise, make_network
from dmm.model import SCALE_FLOOR, Emitter, GatedTransition
from dmm.rnn import RIGHT, reverse

B, T, X, Z, WIDTH, RNN = 4, 7, 6, 3, 5, 8
LENGTHS = torch.tensor([7, 1, 4, 6])


pytestmark = pytest.mark.usefixtures("seeded_float64")


def small(**changes):
    sizes = {"x_dim": X, "z_dim": Z, "emission_dim": WIDTH, "transition_dim": WIDTH + 1, "rnn_dim": RNN}
    return make_config(**(sizes | {"seed": 5} | changes))


def backward_rnn(layers=1):
    return rnn.RNN(X, RNN, RIGHT, layers=layers)


def randomise(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.6)
    return module


def arrays(linear):
    return linear.weight.detach().numpy(), linear.bias.detach().numpy()


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def softplus(a):
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def plain_mlp(sequential, v):
    (w1, b1), (w2, b2) = arrays(sequential[0]), arrays(sequential[2])
    return w2 @ np.maximum(w1 @ v + b1, 0) + b2


def close(ours, theirs):
    np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=1e-12, atol=1e-12)


# --- against the formulas ---


def test_emitter_equals_its_formula():
    emitter, z = randomise(Emitter(X, Z, WIDTH)), torch.randn(B, Z)
    (w1, b1), (w2, b2), (w3, b3) = map(
        arrays, (emitter.z_to_hidden, emitter.hidden_to_hidden, emitter.hidden_to_logits)
    )
    by_hand = []
    for z_t in z.numpy():
        a = np.maximum(w1 @ z_t + b1, 0)
        c = np.maximum(w2 @ a + b2, 0)
        by_hand.append(w3 @ c + b3)
    close(emitter(z), np.stack(by_hand))


def test_gated_transition_equals_its_formula():
    transition, z_prev = randomise(GatedTransition(Z, WIDTH)), torch.randn(B, Z)
    w, b = arrays(transition.linear)
    w_scale, b_scale = arrays(transition.to_scale)
    loc, scale = [], []
    for z in z_prev.numpy():
        g, h = sigmoid(plain_mlp(transition.gate, z)), plain_mlp(transition.proposal, z)
        loc.append((1 - g) * (w @ z + b) + g * h)
        scale.append(softplus(w_scale @ np.maximum(h, 0) + b_scale) + 1e-4)
    ours = transition(z_prev)
    close(ours[0], np.stack(loc))
    close(ours[1], np.stack(scale))


def test_combiner_equals_its_formula():
    combiner = randomise(Combiner(Z, RNN))
    z_prev, h_right = torch.randn(B, Z), torch.randn(B, RNN)
    (w, b), (w_loc, b_loc), (w_scale, b_scale) = map(
        arrays, (combiner.z_to_hidden, combiner.hidden_to_loc, combiner.hidden_to_scale)
    )
    loc, scale = [], []
    for z, h in zip(z_prev.numpy(), h_right.numpy(), strict=True):
        combined = (np.tanh(w @ z + b) + h) / 2
        loc.append(w_loc @ combined + b_loc)
        scale.append(softplus(w_scale @ combined + b_scale) + 1e-4)
    ours = combiner(z_prev, h_right)
    close(ours[0], np.stack(loc))
    close(ours[1], np.stack(scale))


@pytest.mark.parametrize("layers", [1, 2])
def test_backward_rnn_equals_a_loop_over_time_from_the_last_frame(layers):
    backward, x = randomise(backward_rnn(layers)), torch.randn(B, T, X)
    ours = backward(x, LENGTHS)
    assert ours.shape == (B, T, RNN)
    for i, length in enumerate(LENGTHS.tolist()):
        future = list(x[i, :length].numpy())
        for layer in range(layers):
            w_x, w_h, b_x, b_h = (parameter.detach().numpy() for parameter in backward.layers[layer].parameters())
            h, states = backward.h_0[layer].detach().numpy(), [None] * length
            for t in reversed(range(length)):
                h = np.maximum(w_x @ future[t] + b_x + w_h @ h + b_h, 0)
                states[t] = h
            future = states
        close(ours[i, :length], np.stack(future))


@pytest.mark.parametrize("layers", [1, 2])
def test_backward_rnn_equals_torch_rnn_on_packed_reversed_sequences(layers):
    ours, x = randomise(backward_rnn(layers)), torch.randn(B, T, X)
    theirs = torch.nn.RNN(X, RNN, num_layers=layers, nonlinearity="relu", batch_first=True)
    for layer, one in enumerate(ours.layers):
        for name, parameter in one.named_parameters():
            getattr(theirs, name.replace("_l0", f"_l{layer}")).data.copy_(parameter.data)
    flipped = torch.zeros_like(x)
    for i, length in enumerate(LENGTHS.tolist()):
        flipped[i, :length] = x[i, :length].flip(0)
    packed = torch.nn.utils.rnn.pack_padded_sequence(flipped, LENGTHS, batch_first=True, enforce_sorted=False)
    h_0 = ours.h_0.unsqueeze(1).expand(layers, B, RNN).contiguous()
    out, _ = torch.nn.utils.rnn.pad_packed_sequence(theirs(packed, h_0)[0], batch_first=True)
    h_right = ours(x, LENGTHS)
    for i, length in enumerate(LENGTHS.tolist()):
        torch.testing.assert_close(h_right[i, :length], out[i, :length].flip(0), rtol=1e-12, atol=1e-12)


def test_posterior_draw_equals_the_recursion_by_hand():
    q = randomise(make_network("st-r", lambda direction: rnn.RNN(X, RNN, direction), Z, RNN))
    x, eps = torch.randn(B, T, X), torch.randn(B, T, Z)
    posterior, h_right = q(x, LENGTHS, Noise(eps)), q.rnns["right"](x, LENGTHS)
    z = q.z_q_0.repeat(B, 1)
    for t in range(T):
        loc, scale = q.combiner(z, h_right[:, t])
        z = loc + scale * eps[:, t]
        torch.testing.assert_close(posterior.q_loc[:, t], loc)
        torch.testing.assert_close(posterior.q_scale[:, t], scale)
        torch.testing.assert_close(posterior.z[:, t], z)
    assert torch.equal(posterior.u, posterior.z)
    assert posterior.log_det is None


# --- shapes and ranges ---


@pytest.mark.parametrize("lead", [(), (B,), (B, T)])
def test_generative_modules_take_any_leading_shape(lead):
    z = torch.randn(*lead, Z)
    assert Emitter(X, Z, WIDTH)(z).shape == (*lead, X)
    transition = GatedTransition(Z, WIDTH)
    loc, scale = transition(z)
    assert loc.shape == scale.shape == transition.openness(z).shape == (*lead, Z)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("batch", [1, B])
@pytest.mark.parametrize("frames", [1, T])
def test_shapes_of_the_whole(layers, batch, frames):
    dmm = make_dmm(small(rnn_layers=layers, rnn_dropout=0.4)).double()
    x, lengths = torch.ones(batch, frames, X), LENGTHS[:batch].clamp(max=frames)
    noise = dmm.sample_noise(x, torch.Generator().manual_seed(0), training=True)
    assert noise.eps.shape == (batch, frames, Z)
    assert [[keep.shape for keep in of_rnn] for of_rnn in noise.keep] == [[(batch, frames, RNN)] * layers]
    posterior = dmm.inference(x, lengths, noise)
    assert [part.shape for part in posterior[:4]] == [(batch, frames, Z)] * 4
    assert bool((posterior.q_scale > 0).all())
    assert dmm.previous(posterior.z).shape == (batch, frames, Z)


def test_previous_puts_z_0_first_and_shifts_the_rest_by_one():
    dmm, z = randomise(build_dmm(small())), torch.randn(B, T, Z)
    previous = dmm.previous(z)
    assert torch.equal(previous[:, 0], dmm.z_0.expand(B, Z))
    assert torch.equal(previous[:, 1:], z[:, :-1])


@torch.no_grad()
def test_music_from_the_model_alone_has_the_promised_shapes_ranges_and_seed():
    dmm = randomise(build_dmm(small()))
    z, gates, probabilities, x = dmm.sample(T, torch.Generator().manual_seed(1), sequences=B)
    assert (z.shape, gates.shape, probabilities.shape, x.shape) == ((B, T, Z), (B, T, Z), (B, T, X), (B, T, X))
    assert set(x.unique().tolist()) == {0.0, 1.0}
    for part in (gates, probabilities):
        assert float(part.min()) >= 0
        assert float(part.max()) <= 1
    torch.testing.assert_close(probabilities, torch.sigmoid(dmm.emitter(z)))
    torch.testing.assert_close(gates, dmm.transition.openness(dmm.previous(z)), check_stride=False)
    assert torch.equal(z, dmm.sample(T, torch.Generator().manual_seed(1), sequences=B)[0])
    assert not torch.equal(z, dmm.sample(T, torch.Generator().manual_seed(2), sequences=B)[0])


@torch.no_grad()
def test_latents_of_sampled_music_follow_the_transition():
    dmm = randomise(build_dmm(small()))
    z = dmm.sample(2, torch.Generator().manual_seed(1), sequences=5_000)[0]
    loc, scale = dmm.transition(dmm.previous(z))
    standard = (z - loc) / scale
    assert float(standard.mean(0).abs().max()) < 4.5 / 5_000**0.5
    assert float((standard.var(0) - 1).abs().max()) < 4.5 * (2 / 5_000) ** 0.5


# --- the gate ---


def test_linear_part_of_the_transition_starts_as_the_identity():
    transition = GatedTransition(Z, WIDTH)
    assert torch.equal(transition.linear.weight, torch.eye(Z))
    assert torch.equal(transition.linear.bias, torch.zeros(Z))


def test_openness_is_the_gate_of_the_formula():
    transition, z = randomise(GatedTransition(Z, WIDTH)), torch.randn(B, Z)
    close(transition.openness(z), np.stack([sigmoid(plain_mlp(transition.gate, v)) for v in z.numpy()]))


@pytest.mark.parametrize(("bias", "openness"), [(1e9, 1.0), (-1e9, 0.0)])
def test_open_gate_gives_the_proposal_and_closed_gate_the_straight_line(bias, openness):
    transition, z = randomise(GatedTransition(Z, WIDTH)), torch.randn(B, Z)
    torch.nn.init.constant_(transition.gate[2].bias, bias)
    assert torch.equal(transition.openness(z), torch.full((B, Z), openness))
    expected = transition.proposal(z) if openness else transition.linear(z)
    torch.testing.assert_close(transition(z)[0], expected)


def test_closed_gate_at_the_start_keeps_the_state():
    transition, z = GatedTransition(Z, WIDTH), torch.randn(B, Z)
    torch.nn.init.constant_(transition.gate[2].bias, -1e9)
    torch.testing.assert_close(transition(z)[0], z)


def test_no_standard_deviation_falls_under_the_floor():
    transition, combiner = GatedTransition(Z, WIDTH), Combiner(Z, RNN)
    torch.nn.init.constant_(transition.to_scale.bias, -1e9)
    torch.nn.init.constant_(combiner.hidden_to_scale.bias, -1e9)
    for scale in (transition(torch.randn(B, Z))[1], combiner(torch.randn(B, Z), torch.randn(B, RNN))[1]):
        torch.testing.assert_close(scale, torch.full((B, Z), SCALE_FLOOR))
    assert SCALE_FLOOR == 1e-4


def test_key_probabilities_go_under_a_hundredth_and_over_ninety_nine():
    log_odds = torch.tensor([-9.0, -6.0, 0.0, 6.0, 9.0, -5.5])
    dmm = make_dmm(small(), log_odds)
    probabilities = dmm.sample(50, torch.Generator().manual_seed(0))[2].mean((0, 1))
    assert bool((probabilities[[0, 1, 5]] < 0.01).all())
    assert bool((probabilities[[3, 4]] > 0.99).all())


# --- reversal ---


@pytest.mark.parametrize("shape", [(B, T), (B, T, X), (B, T, 2, 3)])
def test_reversal_turns_each_sequence_round_and_leaves_its_padding(shape):
    x = torch.randn(*shape)
    turned = reverse(x, LENGTHS)
    for i, length in enumerate(LENGTHS.tolist()):
        assert torch.equal(turned[i, :length], x[i, :length].flip(0))
        assert torch.equal(turned[i, length:], x[i, length:])
    assert torch.equal(reverse(turned, LENGTHS), x)


# --- the whole ---


def count(parameters):
    return sum(parameter.numel() for parameter in parameters)


def test_parameters_at_the_sizes_of_the_paper_are_those_of_pyros_example():
    dmm = build_dmm(make_config("paper"))
    inference = count(dmm.inference.parameters())
    assert count(dmm.parameters()) == 725_488
    assert inference == 595_500
    assert count(dmm.parameters()) - inference == 129_988


def test_three_learned_starts_are_parameters_and_start_at_zero():
    starts = {"z_0": (Z,), "inference.z_q_0": (Z,), "inference.rnns.right.h_0": (2, RNN)}
    parameters = dict(build_dmm(small(rnn_layers=2)).named_parameters())
    assert {name: tuple(parameters[name].shape) for name in starts} == starts
    assert not any(parameters[name].any() for name in starts)


def test_same_seed_gives_the_same_weights_and_leaves_the_global_generator_alone():
    torch.manual_seed(11)
    before = torch.get_rng_state()
    first, again, other = make_dmm(small()), make_dmm(small()), make_dmm(small(seed=6))
    assert torch.equal(torch.get_rng_state(), before)
    pairs = list(zip(first.parameters(), again.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(one, two) for one, two, _ in pairs)
    assert any(not torch.equal(one, three) for one, _, three in pairs)


def test_weights_do_not_depend_on_the_state_of_the_global_generator():
    torch.manual_seed(1)
    first = make_dmm(small())
    torch.manual_seed(2)
    again = make_dmm(small())
    assert all(torch.equal(one, two) for one, two in zip(first.parameters(), again.parameters(), strict=True))


def test_log_odds_become_the_emission_biases_and_change_nothing_else():
    log_odds = torch.linspace(-3, 3, X)
    plain, given = make_dmm(small()).state_dict(), make_dmm(small(), log_odds).state_dict()
    assert torch.equal(given.pop("emitter.hidden_to_logits.bias"), log_odds)
    assert all(torch.equal(weight, plain[name]) for name, weight in given.items())
