r"""The strongest test of the core: a guess that *is* the posterior has one importance weight, the likelihood itself.

If $q(z_{1:T} \mid x) = p(z_{1:T} \mid x)$, then $\log p(x, z) - \log q(z \mid x) = \log p(x)$ for every x and every z.
In a linear Gaussian model Kalman's filter knows the right side, and `kalman.conditionals` the factors of q.

The bound with the analytic KL has the same mean and no such luck. With the sampled KL each frame's terms differ from
it by $\log \frac{q(z_t \mid z_{t-1})}{p(z_t \mid z_{t-1})} - \mathrm{KL}_t$, which is 0 on average given $z_{t-1}$; so
its variance is the sum of theirs. With $r = \sigma_q / \sigma_p$ and $d = \mu_q - \mu_p$ of each dimension that is

$$
\operatorname{Var} = \sum_t \Big( \tfrac12 (r_t^2 - 1)^2 + \frac{r_t^2}{\sigma_p^2} E[d_t^2] \Big).
$$
"""

import numpy as np
import pyro
import pytest
import torch
from pyro import poutine
from pyro.infer import RenyiELBO, Trace_ELBO
from torch import nn

from dmm import elbo, kalman, pyro_program, systems
from dmm.data import Batch
from dmm.deep_markov_model import DMM
from dmm.evaluation import evaluate
from dmm.inference import MeanField, Structured
from dmm.linear_gaussian import make_linear_gaussian
from dmm.model import SCALE_FLOOR
from dmm.pyro_program import FixedNoise, PyroProgram
from dmm.rnn import RIGHT
from dmm.variants import GaussianEmitter, LinearEmitter, LinearTransition, hold
from tests.family import assert_same

pytestmark = pytest.mark.usefixtures("one_thread", "seeded_float64")


@pytest.fixture(autouse=True)
def _empty_store():
    pyro.clear_param_store()
    yield
    pyro.clear_param_store()


# --- models whose posterior has diagonal Gaussians for its factors ---


def one_dimensional(seed, x_dim=1):
    """A random model of one latent dimension."""
    rng = np.random.default_rng(seed)
    F, H, drift = rng.uniform(-1.1, 1.1), rng.normal(size=(x_dim, 1)), rng.normal(size=1)
    Q, R, cov_1 = rng.uniform(0.1, 4), np.diag(rng.uniform(0.1, 4, x_dim)), rng.uniform(0.1, 4)
    return make_linear_gaussian(F, Q, H, R, rng.normal(size=1), cov_1, drift, rng.normal(size=x_dim))


def two_chains():
    """Two latent dimensions that have nothing to do with each other."""
    return make_linear_gaussian(
        F=np.diag([0.9, -0.6]),
        Q=np.diag([0.5, 2.0]),
        H=np.diag([1.3, -0.7]),
        R=np.diag([0.8, 3.0]),
        mean_1=[1.0, -2.0],
        cov_1=np.diag([0.3, 1.5]),
        drift=[0.2, -0.4],
        offset=[-1.0, 0.5],
    )


def turning():
    """Two that mix at each step: a turn, seen through another. Equal variances stay equal, and A is no diagonal."""

    def turn(angle):
        return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    eye = np.eye(2)
    return make_linear_gaussian(
        0.95 * turn(0.7), 0.5 * eye, 1.4 * turn(-0.3), 0.9 * eye, [2.0, 1.0], 0.6 * eye, [0.1, -0.2], [0.3, 0.7]
    )


CASES = {
    "S9": (systems.linear(), 25),
    "one frame": (one_dimensional(0), 1),
    "two frames": (one_dimensional(1), 2),
    "7 frames": (one_dimensional(2), 7),
    "40 frames": (one_dimensional(3), 40),
    "three observations": (one_dimensional(4, x_dim=3), 6),
    "two chains": (two_chains(), 8),
    "turning": (turning(), 8),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


# --- the network ---


class ExactMessages(nn.Module):
    """In the place of an RNN: A_t, b_t and the scales of p(z_t | z_{t-1}, x), side by side, (B, T, Z Z + 2 Z).

    `off` names one of the three that is to be 1 % wrong. A model that tells its network the holes has x (B, T, 2 X).
    """

    def __init__(self, model, off=None):
        super().__init__()
        self.model = model
        self.factor = {name: 1.01 if name == off else 1.0 for name in ("A", "b", "scale")}

    def forward(self, x, lengths, keep=()):
        z_dim = len(self.model.F)
        says = torch.ones(*x.shape[:2], z_dim * z_dim + 2 * z_dim)  # padding has a scale as well
        for says_i, x_i, length in zip(says, x, lengths, strict=True):
            A, b, C = self.conditionals(x_i[None, :length].numpy())
            scale = np.sqrt(np.diagonal(C, axis1=1, axis2=2))
            assert np.allclose(C, scale[..., None] ** 2 * np.eye(z_dim), atol=1e-12), "no diagonal Gaussian is exact"
            parts = {"A": A.reshape(length, -1), "b": b[0], "scale": scale}
            says_i[:length] = torch.from_numpy(np.hstack([self.factor[name] * part for name, part in parts.items()]))
        return says

    def conditionals(self, x):
        """`Conditionals` of one sequence (1, T, X or 2 X); where there are holes, from the smoother's moments."""
        x, told = np.split(x, [len(self.model.R)], axis=2)
        if not told.size:
            return kalman.conditionals(self.model, x)
        mean, cov, lag_one = kalman.smoother(self.model, kalman.kalman_filter(self.model, x, told))
        A = np.concatenate([np.zeros_like(cov[0, :1]), lag_one[0] @ np.linalg.inv(cov[0, :-1])])
        before, cov_before = np.roll(mean, 1, axis=1), np.roll(cov[0], 1, axis=0)  # A_1 is 0
        return kalman.Conditionals(A, mean - (A @ before[..., None])[..., 0], cov[0] - A @ cov_before @ A.mT)


class Affine(nn.Module):
    """In the place of the combiner: mean A z_{t-1} + b, and the scale."""

    def forward(self, z_prev, says):
        z_dim = z_prev.shape[-1]
        A, b, scale = says.split([z_dim * z_dim, z_dim, z_dim], dim=-1)
        return (A.unflatten(-1, (z_dim, z_dim)) @ z_prev.unsqueeze(-1)).squeeze(-1) + b, scale


class ExactLinear(Structured):
    """A structured network, all its own but for what the RNN says and how it is combined."""

    def __init__(self, model, off=None):
        super().__init__({RIGHT: ExactMessages(model, off)}, z_dim=len(model.F), rnn_dim=1)
        self.combiner = Affine()
        nn.init.normal_(self.z_q_0)  # A_1 is 0: where the chain of guesses starts must not matter


class WithoutPast(nn.Module):
    """In the place of a mean-field network's `Message`: b and the scale, for a model whose A is 0 throughout."""

    def forward(self, says):
        return says[..., 1:2], says[..., 2:3]


def make_exact(model, off=None, inference=None, learned_start=None, sees_holes=False):
    """The `DMM` of a linear Gaussian model, and q its posterior; `learned_start` is a z_0 in the place of p(z_1)."""

    def scale(cov):
        assert (cov == np.diag(np.diag(cov))).all(), "the modules have diagonal covariances"
        return torch.from_numpy(np.sqrt(np.diag(cov)))

    def rho(cov):  # softplus(rho) + SCALE_FLOOR is the scale
        return torch.log(torch.expm1(scale(cov) - SCALE_FLOOR))

    x_dim, z_dim = model.H.shape
    transition = LinearTransition(z_dim)
    emitter = GaussianEmitter(LinearEmitter(x_dim, z_dim), x_dim)
    for module, name, value in (
        (transition.linear, "weight", torch.from_numpy(model.F)),
        (transition.linear, "bias", torch.from_numpy(model.drift)),
        (transition, "rho", rho(model.Q)),
        (emitter.mean.z_to_logits, "weight", torch.from_numpy(model.H)),
        (emitter.mean.z_to_logits, "bias", torch.from_numpy(model.offset)),
        (emitter, "rho", rho(model.R)),
    ):
        hold(module, name, value)
    first = (torch.from_numpy(model.mean_1), scale(model.cov_1)) if learned_start is None else None
    dmm = DMM(emitter, transition, inference or ExactLinear(model, off), z_dim, first=first, sees_holes=sees_holes)
    if learned_start is not None:
        hold(dmm, "z_0", torch.as_tensor(learned_start))
    return dmm.requires_grad_(False).eval()


def wild(model, lengths):
    """A ragged batch that the model has not drawn, with one x far from all others."""
    lengths = torch.tensor(lengths)
    mask = (torch.arange(int(lengths.max())) < lengths[:, None]).double()
    x = 4 * torch.randn(*mask.shape, len(model.R))
    x[0, 0] = 60.0
    return Batch(x * mask.unsqueeze(-1), mask, lengths)


def ragged(frames):
    return (frames, 1, (frames + 1) // 2, frames)


def log_likelihood(model, batch):
    """log p(x) of each sequence, from Kalman's filter: (B,)."""
    observed = torch.ones_like(batch.x) if batch.observed is None else batch.observed
    whole = zip(batch.x.numpy(), observed.numpy(), batch.lengths, strict=True)
    found = [kalman.kalman_filter(model, x[None, :length], seen[None, :length]) for x, seen, length in whole]
    return torch.tensor([each.log_likelihood[0] for each in found])


def draws(dmm, batch, count=5):
    """Noise of several passes; the last is ten times too wide: the weight is the same for *every* z."""
    noises = [dmm.sample_noise(batch.x, torch.Generator().manual_seed(seed)) for seed in range(count)]
    return [*noises[:-1], noises[-1]._replace(eps=10 * noises[-1].eps)]


def log_weights(dmm, batch, noise):
    return elbo.elbo(dmm, batch, noise, kl="sampled").elbo


# --- elbo.py ---


def test_importance_weight_is_the_likelihood_for_every_x_and_every_draw(case):
    model, frames = case
    dmm, batch = make_exact(model), wild(model, ragged(frames))
    for noise in draws(dmm, batch):
        assert_same(log_weights(dmm, batch, noise), log_likelihood(model, batch))


def test_with_a_learned_start_as_well():
    z_0 = 0.8
    model = one_dimensional(5)
    model = model._replace(mean_1=model.F @ [z_0] + model.drift, cov_1=model.Q)
    dmm, batch = make_exact(model, learned_start=z_0), wild(model, ragged(6))
    for noise in draws(dmm, batch):
        assert_same(log_weights(dmm, batch, noise), log_likelihood(model, batch))


@pytest.mark.parametrize("name", ["S9", "one frame", "three observations", "40 frames"])
def test_with_frames_and_single_observations_missing(name):
    model, frames = CASES[name]
    batch = wild(model, ragged(frames))
    some, whole = (torch.rand(*batch.mask.shape, dim) < 0.7 for dim in (len(model.R), 1))
    batch = batch._replace(observed=(some & whole) * batch.mask.unsqueeze(-1))
    dmm, exact = make_exact(model, sees_holes=True), log_likelihood(model, batch)
    program = PyroProgram(dmm)
    for noise in draws(dmm, batch):
        assert_same(log_weights(dmm, batch, noise), exact)
    assert_same(torch.tensor(Trace_ELBO().loss(program.model, program.guide, *batch)), -exact.sum())
    assert (exact != log_likelihood(model, batch._replace(observed=None))).any()


def test_a_state_without_memory_needs_no_more_than_a_mean_field_guess():
    model = one_dimensional(6)._replace(F=np.zeros((1, 1)))
    network = MeanField({RIGHT: ExactMessages(model)}, z_dim=1, rnn_dim=1)
    network.messages[RIGHT] = WithoutPast()
    dmm, batch = make_exact(model, inference=network), wild(model, ragged(6))
    for noise in draws(dmm, batch):
        assert_same(log_weights(dmm, batch, noise), log_likelihood(model, batch))


def test_a_model_one_percent_off_has_weights_that_vary():
    model = systems.linear()
    batch = wild(model, [25, 25])
    for name in ("F", "H", "Q", "R", "cov_1"):
        dmm = make_exact(model._replace(**{name: 1.01 * getattr(model, name)}), inference=ExactLinear(model))
        values = torch.stack([log_weights(dmm, batch, noise) for noise in draws(dmm, batch)[:-1]])
        assert (values.std(0) > 1e-3).all(), name


# --- the analytic KL ---


def moments(dmm, batch, kl):
    """Exact mean and variance of the bound over all draws, for one sequence: it is quadratic in the noise."""

    def bound(eps):
        return elbo.elbo(dmm, batch, noise._replace(eps=eps), kl=kl).elbo.sum()

    noise = dmm.sample_noise(batch.x, torch.Generator().manual_seed(0))
    middle, eps = torch.zeros_like(noise.eps).requires_grad_(), noise.eps.flatten()
    height = bound(middle)
    slope = torch.autograd.grad(height, middle)[0].flatten()
    curvature = torch.autograd.functional.hessian(bound, middle.detach()).reshape(len(eps), len(eps))
    height = height.detach()
    assert_same(height + slope @ eps + eps @ curvature @ eps / 2, bound(noise.eps))  # there is no more to it
    return height + curvature.trace() / 2, slope @ slope + (curvature**2).sum() / 2


def variance_of_analytic_bound(model, x):
    """The formula above, from the smoother's moments, for x (T, X)."""
    A, b, C = kalman.conditionals(model, x[None])
    smoothed = kalman.smoother(model, kalman.kalman_filter(model, x[None]))
    total = 0.0
    for t in range(len(x)):
        prior = model.Q if t else model.cov_1
        d, spread = b[0, t] - (model.drift if t else model.mean_1), np.zeros_like(prior)
        if t:
            coefficient = A[t] - model.F
            d = d + coefficient @ smoothed.mean[0, t - 1]
            spread = coefficient @ smoothed.cov[0, t - 1] @ coefficient.T
        r_squared = np.diag(C[t]) / np.diag(prior)
        total += ((r_squared - 1) ** 2 / 2 + r_squared / np.diag(prior) * (d**2 + np.diag(spread))).sum()
    return total


def test_bound_with_the_analytic_kl_is_exact_on_average_alone(case):
    model, frames = case
    dmm, batch = make_exact(model), wild(model, [frames])
    mean, variance = moments(dmm, batch, "analytic")
    assert_same(mean, log_likelihood(model, batch)[0])
    assert_same(variance, torch.tensor(variance_of_analytic_bound(model, batch.x[0].numpy())))
    assert variance > 0.01


@pytest.mark.parametrize("off", ["A", "b", "scale"])
def test_a_guess_one_percent_off_has_weights_that_vary_and_a_bound_that_is_lower(off):
    model = systems.linear()
    dmm, batch = make_exact(model, off), wild(model, [25])
    mean, variance = moments(dmm, batch, "sampled")
    lost = log_likelihood(model, batch)[0] - mean  # the KL of q and the posterior
    assert lost > 1e-5
    assert variance > 1e-4  # 0.01 nats, where the exact guess leaves less than 1e-9
    assert 0.4 < lost / variance < 0.6  # for a small error the one is half the other
    assert_same(moments(dmm, batch, "analytic")[0], mean)  # the two forms of the KL agree on average


# --- Pyro ---


def test_pyros_traces_differ_by_the_likelihood(case):
    model, frames = case
    dmm, batch = make_exact(model), wild(model, ragged(frames))
    program = PyroProgram(dmm)
    for noise in draws(dmm, batch, count=2):
        guide = poutine.trace(FixedNoise(noise.eps)(program.guide)).get_trace(*batch)
        joint = poutine.trace(poutine.replay(program.model, trace=guide)).get_trace(*batch)
        assert_same(joint.log_prob_sum() - guide.log_prob_sum(), log_likelihood(model, batch).sum())
        for trace in (joint, guide):
            trace.compute_log_prob()
        by_sequence = [
            sum(site["log_prob"] for site in trace.nodes.values() if "log_prob" in site and site["name"][0] in "xz")
            for trace in (joint, guide)
        ]
        assert_same(by_sequence[0] - by_sequence[1], log_likelihood(model, batch))


@pytest.mark.parametrize("loss", [Trace_ELBO(), Trace_ELBO(num_particles=3), RenyiELBO(alpha=0.5, num_particles=3)])
def test_pyros_losses_are_the_likelihood_with_pyros_own_draws(case, loss):
    model, frames = case
    batch, program = wild(model, ragged(frames)), PyroProgram(make_exact(model))
    assert_same(torch.tensor(loss.loss(program.model, program.guide, *batch)), -log_likelihood(model, batch).sum())


def test_pyros_analytic_bound_is_the_readable_one_and_its_sampled_one_the_likelihood(case):
    model, frames = case
    dmm, batch = make_exact(model), wild(model, ragged(frames))
    (noise, _) = draws(dmm, batch, count=2)
    for kl in ("analytic", "sampled"):
        assert_same(pyro_program.bound(dmm, batch, noise, kl=kl).elbo, elbo.bound(dmm, batch, noise, kl=kl).elbo)
    assert_same(pyro_program.bound(dmm, batch, noise, kl="sampled").elbo, log_likelihood(model, batch).sum())


# --- evaluation.py ---


def pieces(model, lengths):
    """Sequences (T, X) that float32 holds exactly, since that is how a batch of pieces comes to `evaluate`."""
    batch = wild(model, lengths)
    return [x[:length].float().double().numpy() for x, length in zip(batch.x, batch.lengths, strict=True)]


def nll(model, x):
    return -kalman.kalman_filter(model, x[None]).log_likelihood[0]


@pytest.mark.parametrize("samples", [1, 7])
def test_importance_sampled_likelihood_is_exact_with_any_number_of_draws(case, samples):
    model, frames = case
    rolls = pieces(model, ragged(frames))
    result = evaluate(make_exact(model), rolls, samples)
    frames = sum(map(len, rolls))
    assert abs(result.nll_is - sum(nll(model, x) for x in rolls) / frames) < 1e-9
    assert result.nll_is_se is None if samples == 1 else result.nll_is_se < 1e-9
    assert abs(result.effective_samples - samples) < 1e-9
    se = np.sqrt(sum(variance_of_analytic_bound(model, x) for x in rolls) / samples) / frames
    assert abs(result.nll_bound - result.nll_is) < 5 * se  # the analytic KL: exact on average, as above


@pytest.mark.parametrize("samples", [1, 7])
def test_with_the_sampled_kl_the_bound_is_the_likelihood_too(case, samples, monkeypatch):
    monkeypatch.setattr(elbo, "quietest_kl", lambda dmm: "sampled")
    model, frames = case
    rolls = pieces(model, ragged(frames))
    result = evaluate(make_exact(model), rolls, samples)
    exact = np.array([nll(model, x) for x in rolls])
    lengths = np.array([len(x) for x in rolls])
    assert abs(result.nll_bound - result.nll_is) < 1e-9
    assert abs(result.nll_bound - exact.sum() / lengths.sum()) < 1e-9
    assert abs(result.nll_bound_per_sequence - (exact / lengths).mean()) < 1e-9
    if samples > 1:
        assert max(result.nll_bound_se, result.nll_bound_per_sequence_se) < 1e-9


def test_the_bounds_standard_error_is_what_theory_says():
    model = systems.linear()
    (x,) = pieces(model, [25])
    result = evaluate(make_exact(model), [x], samples=4000)
    se = np.sqrt(variance_of_analytic_bound(model, x) / 4000) / 25
    assert abs(result.nll_bound_se / se - 1) < 0.1
    assert abs(result.nll_bound - nll(model, x) / 25) < 5 * se
