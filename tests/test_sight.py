"""What each inference network may look at, and that it looks at all of it; by autograd."""

import itertools

import pytest
import torch

from dmm import elbo
from dmm.data import Batch
from dmm.deep_markov_model import shift
from dmm.inference import Noise
from dmm.rnn import RNN
from tests.family import NETWORKS, assert_same, gradient, make_batch, make_case, make_model

pytestmark = pytest.mark.usefixtures("one_thread", "seeded_float64")

B, T, X, Z, H = 4, 6, 4, 3, 5
LENGTHS = torch.tensor([6, 1, 4, 5])
CELLS = list(itertools.product(["relu", "gru", "lstm"], [1, 2], [0, 3]))  # cell, layers, embedding
FRAME = torch.arange(T)
REAL = LENGTHS.unsqueeze(1) > FRAME  # (B, T)

GIVEN_Z_PREV = {  # Table 1: which frames q(z_t | z_prev, x) hangs on
    "mf-l": lambda t: t >= FRAME,
    "mf-r": lambda t: t <= FRAME,
    "mf-lr": lambda t: FRAME >= 0,
    "st-l": lambda t: t >= FRAME,
    "st-r": lambda t: t <= FRAME,
    "st-lr": lambda t: FRAME >= 0,
}
DRAWN_Z_PREV = GIVEN_Z_PREV | {"st-r": lambda t: FRAME >= 0}  # the last latent brings with it what it has seen


def awake(module):
    """Weights and biases over 0: with inputs over 0, no relu unit sleeps and hides what hangs on it."""
    for parameter in module.parameters():
        torch.nn.init.uniform_(parameter, 0.02, 0.3)
    return module


def make_q(inference, cell="relu", layers=1, embedding=0, **values):
    settings = {"rnn_cell": cell, "rnn_layers": layers, "rnn_embedding": embedding}
    return awake(make_model(inference=inference, **settings, **values)).inference


def inputs():
    """Frames and noise, padded with what looks like either."""
    return torch.rand(B, T, X, requires_grad=True), torch.rand(B, T, Z, requires_grad=True)


def depends_on(value, source):
    """(B, T) whether any entry of `value`, of whatever sequence, depends on `source` (B, T, ...)."""
    (slope,) = torch.autograd.grad(value.sum(), source, retain_graph=True, materialize_grads=True)
    return slope.flatten(2).abs().sum(-1) > 0


def assert_sees(value_at, source, wanted):
    """At each real frame t of each sequence, `value_at(t)` (B, ...) hangs on `wanted(t)` (T,) of its own frames."""
    for t in range(T):
        for i, length in enumerate(LENGTHS.tolist()):
            if t < length:
                seen = depends_on(value_at(t)[i], source)
                assert torch.equal(seen[i], wanted(t) & REAL[i]), (i, t, seen[i])
                assert not seen[torch.arange(B) != i].any(), "it looks at another sequence"


@pytest.mark.parametrize(("cell", "layers", "embedding"), CELLS)
@pytest.mark.parametrize(("direction", "wanted"), [("right", GIVEN_Z_PREV["st-r"]), ("left", GIVEN_Z_PREV["st-l"])])
def test_rnn_hangs_on_every_frame_of_its_side_and_the_present_and_on_nothing_else(
    direction, wanted, cell, layers, embedding
):
    rnn = awake(RNN(X, H, direction, cell, layers, embedding))
    x, _ = inputs()
    h = rnn(x, LENGTHS)
    assert h.shape == (B, T, H)
    assert_sees(lambda t: h[:, t], x, wanted)


@pytest.mark.parametrize(("cell", "layers", "embedding"), [("relu", 1, 0), ("gru", 1, 3), ("lstm", 2, 0)])
@pytest.mark.parametrize("inference", NETWORKS)
@pytest.mark.parametrize("part", [0, 1], ids=["loc", "scale"])
def test_guess_given_the_last_latent_hangs_on_the_frames_of_table_1(part, inference, cell, layers, embedding):
    q = make_q(inference, cell, layers, embedding)
    x, _ = inputs()
    messages, z_prev = q.summarise(x, LENGTHS), torch.rand(B, Z)

    def guess(t):
        at_t = [h[:, t] for h in messages]
        return (q.combiner(z_prev, *at_t) if q.structured else q.gaussian(*at_t))[part]

    assert_sees(guess, x, GIVEN_Z_PREV[inference])


@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("inference", NETWORKS)
def test_drawn_latent_hangs_on_what_it_and_its_forebears_have_seen(inference, steps):
    q = make_q(inference, num_iafs=steps, kl="sampled")
    x, eps = inputs()
    posterior = q(x, LENGTHS, Noise(eps))
    for part in (posterior.z, posterior.q_loc, posterior.q_scale):
        assert_sees(lambda t, part=part: part[:, t], x, DRAWN_Z_PREV[inference])


@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("inference", NETWORKS)
def test_structured_guess_hangs_on_every_earlier_latent_and_mean_field_on_none(inference, steps):
    q = make_q(inference, num_iafs=steps, kl="sampled")
    x, eps = inputs()
    posterior = q(x, LENGTHS, Noise(eps))
    nothing = FRAME < 0
    for part in (posterior.q_loc, posterior.q_scale):
        assert_sees(lambda t, part=part: part[:, t], eps, lambda t: t > FRAME if q.structured else nothing)
    assert_sees(lambda t: posterior.z[:, t], eps, lambda t: t >= FRAME if q.structured else t == FRAME)


@pytest.mark.parametrize("inference", ["st-l", "st-r", "st-lr"])
def test_structured_guess_hangs_on_the_last_latent_alone_once_that_is_known(inference):
    q = make_q(inference)
    z_prev, messages = torch.rand(B, Z, requires_grad=True), [torch.rand(B, H) for _ in q.rnns]
    for part in q.combiner(z_prev, *messages):
        assert bool((torch.autograd.grad(part.sum(), z_prev, retain_graph=True)[0] != 0).all())


@pytest.mark.parametrize("inference", NETWORKS)
def test_networks_are_as_small_as_their_line_of_table_1(inference):
    q = make_q(inference)
    directions = {"l": ["left"], "r": ["right"], "lr": ["left", "right"]}[inference.split("-")[1]]
    assert [(name, rnn.direction) for name, rnn in q.rnns.items()] == [(name, name) for name in directions]
    assert {name.split(".")[0] for name, _ in q.named_parameters()} == (
        {"rnns", "combiner", "z_q_0"} if inference.startswith("st") else {"rnns", "messages"}
    )


@pytest.mark.parametrize("inference", NETWORKS)
def test_every_learned_start_and_weight_of_a_network_matters(inference):
    q = make_q(inference, "lstm", 2, 3)
    x, eps = inputs()
    z = q(x, LENGTHS, Noise(eps)).z[REAL]
    for name, slope in zip(dict(q.named_parameters()), torch.autograd.grad(z.sum(), q.parameters()), strict=True):
        assert slope.abs().sum() > 0, name


@pytest.mark.parametrize("inference", NETWORKS)
@pytest.mark.parametrize("values", [{"rnn_cell": "lstm"}, {"edges": "augmented"}, {"missing": 0.3}])
def test_what_is_in_the_padding_changes_neither_the_bound_nor_its_gradient(inference, values):
    dmm, batch, noise = make_case(inference=inference, rnn_layers=2, rnn_dropout=0.3, **values)
    padded = batch.mask.unsqueeze(-1) == 0
    ours = elbo.elbo(dmm, batch, noise, 0.6)

    def fill(part, value):
        return torch.where(padded, torch.as_tensor(value), part)

    keep = tuple(tuple(fill(factor, 5.0) for factor in layers) for layers in noise.keep)
    observed = batch.observed if batch.observed is None else fill(batch.observed, 1.0)
    other = Batch(fill(batch.x, 7.0), batch.mask, batch.lengths, observed)
    full = elbo.elbo(dmm, other, Noise(fill(noise.eps, -9.0), keep), 0.6)
    for one, two in zip(ours, full, strict=True):
        assert_same(one, two)
    assert_same(gradient(ours.elbo.sum(), dmm), gradient(full.elbo.sum(), dmm))


@pytest.mark.parametrize("direction", ["left", "right"])
@pytest.mark.parametrize("cell", ["relu", "gru", "lstm"])
def test_dropout_factor_of_a_frame_acts_on_the_output_of_that_frame(cell, direction):
    rnn, (x, _) = awake(RNN(X, H, direction, cell, layers=2)), inputs()
    plain, ones = rnn(x, LENGTHS), torch.ones(B, T, H)
    for t in range(T):
        silent = torch.where(FRAME.view(1, T, 1) == t, 0.0, ones)
        last = rnn(x, LENGTHS, (ones, silent))
        assert not last[:, t].any()
        assert torch.equal(last[:, t != FRAME], plain[:, t != FRAME])
        changed = (rnn(x, LENGTHS, (silent, ones)) != plain).any(-1)  # every state that has looked at frame t
        after = t <= FRAME if direction == "left" else t >= FRAME
        assert torch.equal(changed & REAL, after & REAL & REAL[:, t : t + 1])


@pytest.mark.parametrize("inference", NETWORKS)
def test_dropout_has_factors_for_each_rnn_and_layer(inference):
    dmm = make_model(inference=inference, rnn_dropout=0.5, rnn_layers=2)
    x = make_batch().x
    keep = dmm.sample_noise(x, torch.Generator().manual_seed(0), training=True).keep
    shapes = [[tuple(factor.shape) for factor in layers] for layers in keep]
    assert shapes == [[(*x.shape[:2], H)] * 2] * len(dmm.inference.rnns)
    flat = [factor for layers in keep for factor in layers]
    assert all(not torch.equal(one, other) for one, other in itertools.combinations(flat, 2))
    assert dmm.sample_noise(x, torch.Generator().manual_seed(0)).keep == ()


@pytest.mark.parametrize("transition", ["gated", "mlp", "linear"])
@pytest.mark.parametrize("edges", ["markov", "augmented"])
def test_generative_model_looks_one_step_back_and_no_further(transition, edges):
    dmm = awake(make_model(transition=transition, edges=edges))
    x, z = inputs()
    p_loc, p_scale = dmm.p_z(z, x)
    log_p_x = dmm.log_p_x(x.detach() if edges == "markov" else x, z)
    before = (lambda t: t - 1 == FRAME) if edges == "augmented" else (lambda t: FRAME < 0)
    for t in range(T):
        assert torch.equal(depends_on(p_loc[:, t], z), (t - 1 == FRAME).expand(B, T))
        assert torch.equal(depends_on(log_p_x[:, t], z), (t == FRAME).expand(B, T))
        assert torch.equal(depends_on(p_loc[:, t], x), before(t).expand(B, T))
        if edges == "augmented":
            assert torch.equal(depends_on(dmm.emitter(z, shift(x))[:, t], x), before(t).expand(B, T))
    noisy = transition != "linear"  # a linear rule has the same noise everywhere
    assert bool(depends_on(p_scale, z).any()) == noisy
