"""What follows from a piece with holes: particles against Kalman, and against a grid on which all is summed up."""

import itertools
import math
import threading

import numpy as np
import pytest
import torch

from dmm import evaluation, guided, kalman
from dmm.config import make_config
from dmm.data import load_dataset
from dmm.deep_markov_model import build_dmm
from dmm.imputing import continue_piece, fill_in
from dmm.linear_gaussian import make_linear_gaussian, sample
from dmm.runs import store
from dmm.runs.snapshots import load_run
from dmm.smoothing import smooth

pytestmark = pytest.mark.usefixtures("one_thread", "seeded_float64")

SMALL = {"emission_dim": 5, "transition_dim": 6, "rnn_dim": 5, "iaf_dim": 7}
SEEDS = 16


def make_model(spread=0.7, **values):
    """Random weights everywhere, so that the network's guess has nothing to do with the posterior."""
    dmm = build_dmm(make_config(**(SMALL | values))).double().eval().requires_grad_(False)
    for parameter in dmm.parameters():
        torch.nn.init.normal_(parameter, std=spread)
    return dmm


def assert_means(values, exact, slack=2e-3, within=0.06):
    """The mean over seeds, (seeds, ...), is the exact number within its own error; and particles are biased a bit."""
    values = np.stack([np.asarray(value, dtype=float) for value in values])
    error = values.std(0, ddof=1) / math.sqrt(len(values))
    assert error.max() < within, error.max()
    assert (np.abs(values.mean(0) - exact) < 4.5 * error + slack).all(), (values.mean(0) - exact, error)


# --- against Kalman, where all is linear and Gaussian ---


def make_linear(seed=2, **values):
    """A linear Gaussian DMM with 2 latent and 3 observed dimensions, the same as a Kalman model, and x with holes."""
    torch.manual_seed(seed)
    dmm = make_model(
        0.4,
        x_dim=3,
        z_dim=2,
        transition="linear",
        emitter="linear",
        emission="gaussian",
        first="given",
        first_loc=0.3,
        first_scale=1.2,
        **values,
    )
    scale, noise = (dmm.transition(torch.zeros(2))[1], dmm.emitter(torch.zeros(2))[1])
    linear, look = dmm.transition.linear, dmm.emitter.mean.z_to_logits
    model = make_linear_gaussian(
        F=linear.weight.numpy(),
        Q=np.diag(scale.numpy() ** 2),
        H=look.weight.numpy(),
        R=np.diag(noise.numpy() ** 2),
        mean_1=[0.3, 0.3],
        cov_1=1.44 * np.eye(2),
        drift=linear.bias.numpy(),
        offset=look.bias.numpy(),
    )
    x = torch.from_numpy(sample(model, 1, 6, np.random.default_rng(seed))[1][0])
    observed = (torch.rand(6, 3) < 0.6).double()
    observed[2:4] = 0  # two whole frames
    return dmm, model, x, observed


KINDS = {
    "st-r": {"inference": "st-r"},
    "mf-lr": {"inference": "mf-lr"},
    "told of the holes": {"inference": "st-lr", "missing": 0.1},
    "flow": {"inference": "st-r", "num_iafs": 2, "kl": "sampled"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_moments_and_likelihood_are_those_of_kalman_whatever_the_network_says(kind):
    dmm, model, x, observed = make_linear(**KINDS[kind])
    filtered = kalman.kalman_filter(model, x[None].numpy(), observed[None].numpy())
    exact = kalman.smoother(model, filtered)
    runs = [smooth(dmm, x, observed, particles=800, draws=200, seed=seed) for seed in range(SEEDS)]
    away = [run.z.numpy() - exact.mean[0] for run in runs]
    assert_means([part.mean(0) for part in away], 0, slack=5e-3)
    assert_means([np.einsum("sti,stj->tij", part, part) / 200 for part in away], exact.cov[0], slack=1e-2, within=0.15)
    lagged = [np.einsum("sti,stj->tij", part[:, 1:], part[:, :-1]) / 200 for part in away]
    assert_means(lagged, exact.lag_one[0], slack=1e-2, within=0.15)
    assert_means([math.exp(run.log_likelihood - filtered.log_likelihood[0]) for run in runs], 1)
    holes = observed.numpy() == 0
    away = [(run.x.numpy() - exact.mean[0] @ model.H.T - model.offset)[:, holes] for run in runs]
    spread = (np.einsum("ki,tij,kj->tk", model.H, exact.cov[0], model.H) + np.diag(model.R))[holes]
    assert_means([(part**2).mean(0) for part in away], spread, slack=2e-2, within=0.3)
    assert all(1 <= effective <= 800.001 for run in runs for effective in run.effective)


def test_particles_are_promised_what_the_guess_of_the_next_state_makes_of_them():
    numbers = torch.rand(4, 6, 2).unbind()
    p, q = (torch.distributions.Normal(loc, 0.3 + scale) for loc, scale in (numbers[:2], numbers[2:]))
    kl = torch.distributions.kl_divergence(q, p).sum(-1)
    found = guided.promise(guided.Ahead(p.mean, p.stddev, q.mean, q.stddev))
    torch.testing.assert_close(found, (kl.min() - kl).clamp(min=-guided.FARTHEST))


def test_likelihood_is_unbiased_even_with_three_particles():
    dmm, model, x, observed = make_linear()
    x, observed = x[:2], observed[:2]
    exact = kalman.kalman_filter(model, x[None].numpy(), observed[None].numpy()).log_likelihood[0]
    runs = [smooth(dmm, x, observed, particles=3, draws=1, seed=seed) for seed in range(300)]
    assert_means([math.exp(run.log_likelihood - exact) for run in runs], 1, slack=0, within=0.06)


# --- against a grid, on which every completion of the missing keys is tried ---


def on_grid(dmm, x, observed, low=-16, high=16, points=801):
    """Log-likelihood of what is known, mean of z_t (T,), and each completion of x with its probability, exactly."""
    grid = torch.linspace(low, high, points).unsqueeze(1)
    missing = (observed == 0).nonzero().tolist()
    logs, means, pieces = [], [], []
    for bits in itertools.product((0.0, 1.0), repeat=len(missing)):
        piece = x.clone()
        for (t, k), bit in zip(missing, bits, strict=True):
            piece[t, k] = bit
        log_p, mean = _along(dmm, piece, grid)
        logs.append(log_p), means.append(mean), pieces.append(piece)
    chance = torch.softmax(torch.stack(logs), 0)
    return float(torch.logsumexp(torch.stack(logs), 0)), torch.stack(means, -1) @ chance, torch.stack(pieces), chance


def _along(dmm, x, grid):
    """log p(x) of a whole piece and the mean of each z, from matrices over the grid, (G, G) and (G,)."""
    step, size = grid[1, 0] - grid[0, 0], len(grid)
    before = torch.cat([torch.zeros_like(x[:1]), x[:-1]])
    kernels, looks = [], []
    for x_t, x_prev in zip(x, before, strict=True):
        frame = (x_prev.expand(size, -1),) if dmm.augmented else ()
        p_z = torch.distributions.Normal(*dmm.transition(grid, *frame))
        kernels.append(p_z.log_prob(grid[:, 0]).exp() * step)  # from row to column
        looks.append(torch.distributions.Bernoulli(logits=dmm.emitter(grid, *frame)).log_prob(x_t).sum(-1).exp())
    frame = (before[:1],) if dmm.augmented else ()
    first = torch.distributions.Normal(*dmm.transition(dmm.z_0[None], *frame)).log_prob(grid[:, 0]).exp() * step
    alphas = [first[0] * looks[0]]
    for kernel, look in zip(kernels[1:], looks[1:], strict=True):
        alphas.append(alphas[-1] @ kernel * look)
    betas = [torch.ones(size)]
    for kernel, look in zip(kernels[:0:-1], looks[:0:-1], strict=True):
        betas.append(kernel @ (look * betas[-1]))
    assert max(float(alpha[[0, -1]].max() / alpha.max()) for alpha in alphas) < 1e-9  # nothing leaves the grid
    density = torch.stack(alphas) * torch.stack(betas[::-1])
    total = density.sum(1)
    torch.testing.assert_close(total, total[:1].expand_as(total))
    return total[0].log(), density @ grid[:, 0] / total


def make_nonlinear(edges, frames, x_dim, seed=0, spread=0.7):
    torch.manual_seed(seed)
    dmm = make_model(spread, x_dim=x_dim, z_dim=1, edges=edges)
    dmm.transition.linear.weight.fill_(0.6)  # so that nothing leaves the grid
    dmm.transition.proposal[2].weight.mul_(0.5)
    dmm.transition.proposal[2].bias.fill_(0.5)
    dmm.transition.to_scale.weight.fill_(1.5)  # the noise differs from state to state
    dmm.emitter.hidden_to_logits.weight.mul_(3)  # keys say much
    if dmm.augmented:
        dmm.emitter.z_to_hidden.weight[:, 1:] *= 2  # and so does the frame before
    x = dmm.sample(frames, torch.Generator().manual_seed(seed))[3][0]
    return dmm, x, torch.ones_like(x)


@pytest.mark.parametrize(("edges", "seed"), [("markov", 3), ("markov", 5), ("augmented", 4), ("augmented", 5)])
def test_states_and_missing_keys_are_those_of_the_grid(edges, seed):
    dmm, x, observed = make_nonlinear(edges, frames=4, x_dim=3, seed=seed)
    holes = ((0, 1), (2, 0), (2, 1)) if edges == "markov" else ((0, 0), (1, 0), (2, 0))
    for t, k in holes:
        observed[t, k] = 0
    log_p, mean, pieces, chance = on_grid(dmm, x, observed)
    keys = torch.einsum("ctk,c->tk", pieces, chance)
    runs = [smooth(dmm, x, observed, particles=300, draws=200, seed=seed) for seed in range(SEEDS)]
    assert_means([math.exp(run.log_likelihood - log_p) for run in runs], 1)
    assert_means([run.z[..., 0].mean(0) for run in runs], mean.numpy(), slack=5e-3, within=0.15)
    assert_means([run.x.mean(0) for run in runs], keys.numpy())
    both = [(run.x[:, holes[0][0], holes[0][1]] * run.x[:, holes[1][0], holes[1][1]]).mean() for run in runs]
    pair = (pieces[:, holes[0][0], holes[0][1]] * pieces[:, holes[1][0], holes[1][1]]) @ chance
    assert_means(both, float(pair))
    if edges == "markov":
        chances = [run.probabilities.mean(0)[observed == 0] for run in runs]
        assert_means(chances, keys[observed == 0].numpy())


def test_particles_that_go_on_take_their_missing_keys_with_them():
    """Key 0 of frame 1 is missing and hangs on z as the known key 1 does; frame 2 tells what it was."""
    dmm = make_model(x_dim=3, z_dim=1, edges="augmented", transition="linear", emitter="linear", first="given")
    for parameter in dmm.parameters():
        parameter.zero_()
    look, sharp, tells = dmm.emitter.z_to_logits, 8.0, 3.0
    look.weight[:2, 0], look.bias[:2] = sharp, -sharp  # where z is beyond 1, which is one in six
    look.weight[2, 1], look.bias[2] = 2 * tells, -tells
    x = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    observed = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    z = torch.linspace(-8, 8, 4001)
    weight = torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    on = torch.sigmoid(sharp * z - sharp)
    exact = float((weight * on * (on * sigmoid(tells) + (1 - on) * sigmoid(-tells))).sum())
    was_on = float((weight * on * on).sum()) * sigmoid(tells) / exact
    runs = [smooth(dmm, x, observed, particles=300, draws=20, seed=seed) for seed in range(SEEDS)]
    assert_means([math.exp(run.log_likelihood) / exact for run in runs], 1)
    assert_means([run.x[:, 0, 0].mean() for run in runs], was_on)
    for run in runs[:2]:
        np.testing.assert_allclose(run.probabilities[:, 1, 2], [sigmoid(2 * tells * x - tells) for x in run.x[:, 0, 0]])


def sigmoid(logit):
    return 1 / (1 + math.exp(-logit))


@pytest.mark.parametrize("edges", ["markov", "augmented"])
def test_first_frame_of_a_continuation_is_what_the_grid_predicts(edges):
    dmm, x, _ = make_nonlinear(edges, frames=4, x_dim=2, seed=7 if edges == "markov" else 10)
    hidden = torch.ones_like(x)
    hidden[3] = 0
    _, _, pieces, chance = on_grid(dmm, x, hidden)
    rolls = [
        continue_piece(dmm, x.numpy(), 3, 1, draws=400, seed=seed, particles=300).rolls[:, 3] for seed in range(SEEDS)
    ]
    for piece, p in zip(pieces[:, 3].numpy(), chance, strict=True):  # the four chords
        assert_means([(roll == piece).all(1).mean() for roll in rolls], float(p))


# --- on the model that ships ---


@pytest.fixture(scope="module")
def shipped():
    dmm, _ = load_run(store.SHIPPED / "0000000000000001")
    return dmm.eval().requires_grad_(False), load_dataset("chorales").test[1]


def log_mean(log_w):
    return float(torch.logsumexp(log_w, 0)) - math.log(len(log_w))


def test_likelihood_of_a_few_frames_is_that_of_importance_sampling_and_of_a_piece_is_no_lower(shipped):
    dmm, piece = shipped
    short = piece.roll[:2]
    by_importance = log_mean(evaluation.draws_of(dmm, [short], 20_000)[0][0])
    assert smooth(dmm, short, particles=4000).log_likelihood == pytest.approx(by_importance, abs=0.2)
    whole = log_mean(evaluation.draws_of(dmm, [piece.roll], 200)[0][0])
    assert smooth(dmm, piece.roll, particles=256).log_likelihood > whole


def test_what_is_known_stays_and_what_is_added_is_a_chord(shipped):
    dmm, piece = shipped
    observed = np.ones_like(piece.roll)
    observed[8:12] = 0
    filled = fill_in(dmm, piece.roll, observed, draws=3, particles=64)
    assert filled.rolls.shape == (3, *piece.roll.shape)
    assert (filled.rolls[:, observed == 1] == piece.roll[observed == 1]).all()
    assert 1 < filled.rolls[:, 8:12].sum(2).mean() < 8
    longer = continue_piece(dmm, piece.roll, 10, 6, draws=3, particles=64)
    assert (longer.rolls[:, :10] == piece.roll[:10]).all()
    assert longer.z.shape == (3, 16, 32)
    assert longer.probabilities.shape == longer.rolls.shape == (3, 16, 88)
    assert len(longer.effective) == 10
    assert 1 < longer.rolls[:, 10:].sum(2).mean() < 8


# --- what must not matter, and what is refused ---


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("edges", ["markov", "augmented"])
@pytest.mark.parametrize("garbage", [1.0, 7.0, math.nan, -math.inf])
def test_what_missing_entries_hold_changes_nothing(garbage, edges):
    dmm, x, observed = make_nonlinear(edges, frames=5, x_dim=3)
    observed[1:3, :2] = 0
    spoilt = torch.where(observed > 0, x, garbage)
    assert same(smooth(dmm, x, observed, 32), smooth(dmm, spoilt, observed, 32))


def test_same_seed_gives_the_same_draws_in_any_thread_and_the_global_generator_is_left_alone():
    dmm, x, observed = make_nonlinear("markov", frames=5, x_dim=3)
    observed[2:] = 0
    before, found = torch.get_rng_state(), []
    threads = [threading.Thread(target=lambda: found.append(smooth(dmm, x, observed, 32, seed=4))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(found[0], other) for other in found[1:])
    assert same(found[0], smooth(dmm, x, observed, 32, seed=4))
    assert not torch.equal(found[0].z, smooth(dmm, x, observed, 32, seed=5).z)
    assert torch.equal(torch.get_rng_state(), before)


def test_continuations_know_nothing_of_what_came_after_and_temperatures_leave_the_prefix_alone():
    dmm, x, _ = make_nonlinear("markov", frames=6, x_dim=3)
    other = torch.cat([x[:3], 1 - x[3:]])
    assert same(continue_piece(dmm, x, 3, 4, particles=32), continue_piece(dmm, other, 3, 4, particles=32))
    still = [continue_piece(dmm, x, 3, 4, particles=32, z_temperature=0, note_temperature=0) for _ in range(2)]
    warm = continue_piece(dmm, x, 3, 4, particles=32)
    assert np.array_equal(still[0].z[:, :3], warm.z[:, :3])
    loc = dmm.transition(torch.from_numpy(warm.z[:, 2]))[0]
    np.testing.assert_allclose(still[0].z[:, 3], loc.numpy())
    assert np.isin(still[0].probabilities[:, 3:], (0, 1)).all()
    cold = continue_piece(dmm, x, 3, 4, particles=32, z_temperature=0)
    np.testing.assert_allclose(cold.z[:, 3], loc.numpy())
    assert not np.isin(cold.probabilities[:, 3:], (0, 1)).any(), "the notes keep theirs"
    assert continue_piece(dmm, x, 6, 1, particles=32).rolls.shape == (8, 7, 3)  # after the end


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda dmm, x, o: smooth(dmm, x[:, :2], o), r"x has the shape \(4, 2\), expected \(T, 3\)"),
        (lambda dmm, x, o: smooth(dmm, x[:0], o[:0]), "at least one frame"),
        (lambda dmm, x, o: smooth(dmm, x, o[:2]), r"observed has the shape \(2, 3\), expected that of x, \(4, 3\)"),
        (lambda dmm, x, o: smooth(dmm, x + 0.5, o), "x must be 0 or 1: got"),
        (lambda dmm, x, o: smooth(dmm, x, o / 2), "observed must be 0 or 1: got 0.5"),
        (lambda dmm, x, o: smooth(dmm, x * math.nan, o), "x must be 0 or 1: got nan"),
        (lambda dmm, x, o: smooth(dmm, x, o, particles=0), "particles must be at least 1: got 0"),
        (lambda dmm, x, o: smooth(dmm, x, o, draws=0), "draws must be at least 1: got 0"),
        (lambda dmm, x, o: continue_piece(dmm, x, 0, 4), "start must be 1 to 4, the frames of the piece: got 0"),
        (lambda dmm, x, o: continue_piece(dmm, x, 5, 4), "start must be 1 to 4"),
        (lambda dmm, x, o: continue_piece(dmm, x, 2, 0), "beats must be at least 1: got 0"),
        (lambda dmm, x, o: continue_piece(dmm, x, 2, 1, z_temperature=-1), "got temperature -1, expected 0 to 10"),
        (lambda dmm, x, o: smooth(diverged(dmm), x, o), "frame 1 have no weight"),
    ],
)
def test_what_cannot_be_is_refused_with_both_numbers(spoil, message):
    dmm, x, observed = make_nonlinear("markov", frames=4, x_dim=3)
    with pytest.raises(ValueError, match=message):
        spoil(dmm, x, observed)


def diverged(dmm):
    dmm.emitter.bias.fill_(math.nan)
    return dmm
