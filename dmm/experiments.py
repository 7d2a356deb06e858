r"""The paper's experiments on systems whose truth is known: data, models and how near the learned guess comes.

The generative model is given, or given but for two numbers; what is learned is the inference network q. Then the bound
can be held against the exact log-likelihood of the same sequences, and the mean of q against the exact posterior's.

$$
\text{gap} = \frac{1}{NT} \sum_i \big( \log p(x_i) - \mathcal{L}(x_i) \big) \ge 0
$$

Source: Krishnan, Shalit & Sontag (2017), section 6.2, figures 3, 4, 7 and 8; the networks' size (RNN 40) is theirs.
Differs: a GRU instead of an LSTM; a cosine schedule; each network works in units in which x and z are about 1.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from dmm import elbo, grid, kalman, systems, unscented
from dmm.batches import make_generator, to_tensors
from dmm.config import Config, make_config
from dmm.deep_markov_model import DMM
from dmm.inference import make_network
from dmm.model import SCALE_FLOOR
from dmm.rnn import RNN
from dmm.training import Spec
from dmm.variants import GaussianEmitter, LinearEmitter, LinearTransition, hold

TRAIN, VALID, TEST = range(3)  # independent draws of the data
SIZES = (5000, 500, 500)  # sequences in each, as in the paper
JUDGEMENT = 300  # a stream of random numbers of its own
SETTINGS = {
    "x_dim": 1,
    "z_dim": 1,
    "emission": "gaussian",
    "emitter": "linear",
    "first": "given",
    "rnn_cell": "gru",
    "rnn_dim": 40,
    "batch_size": 100,
    "learning_rate": 0.02,
    "schedule": "cosine",
    "min_kl_weight": 1.0,
    "annealing_updates": 0,
}


class Experiment(NamedTuple):
    """One of the paper's systems, and what the learner is given of it."""

    system: Callable  # -> systems.System
    transition: Callable  # -> nn.Module: p(z_t | z_{t-1})
    exact: Callable  # x (N, T, X) -> `Exact`
    dims: int  # of z and of x
    x_unit: float  # about how large x is; the RNNs see it in this unit
    z_unit: float


class Exact(NamedTuple):
    """What is known: log p(x) of each sequence (N,) in nats, and the means of the posterior (N, T, Z)."""

    log_likelihood: np.ndarray
    mean: np.ndarray


class Judgement(NamedTuple):
    """A learned guess on test sequences: nats per frame, and the root mean square error of its mean in units of z.

    `gap` is the bound minus the exact NLL of the same sequences; `gap_se` its standard error, over sequences and draws.
    `rmse` adds to the exact posterior's squared error the squared distance of the two means: what the exact mean still
    misses is chance to whoever sees only x, so this is right on average, and much less noisy than a count of errors.
    """

    bound: float
    exact: float
    gap: float
    gap_se: float
    rmse: float
    exact_rmse: float


class SineTransition(nn.Module):
    r"""The non-linear system's step, which is known: $\mu_t = z_{t-1} + 2 \sin z_{t-1}$, $\sigma_t = \sqrt{5}$."""

    def forward(self, z_prev):  # (..., 1)
        return z_prev + 2 * torch.sin(z_prev), torch.full_like(z_prev, math.sqrt(5))

    def openness(self, z_prev):
        """A gate that is always open, 1."""
        return torch.ones_like(z_prev)


class CoupledTransition(nn.Module):
    r"""The two-dimensional system's step, of which $\alpha$ and $\beta$ are to be learned; the scale is 1.

    $$
    \mu_t = \begin{bmatrix} 0.2 \, z^0_{t-1} + \tanh(\alpha z^1_{t-1}) \\
                            0.2 \, z^1_{t-1} + \sin(\beta z^0_{t-1}) \end{bmatrix}
    $$

    Both start from a uniform draw between -0.2 and 0.2.
    """

    def __init__(self):
        super().__init__()
        self.alpha, self.beta = (nn.Parameter(torch.empty(()).uniform_(-0.2, 0.2)) for _ in range(2))

    def forward(self, z_prev):  # (..., 2)
        first, second = z_prev.unbind(-1)
        pull = torch.stack([torch.tanh(self.alpha * second), torch.sin(self.beta * first)], dim=-1)
        return 0.2 * z_prev + pull, torch.ones_like(z_prev)

    def openness(self, z_prev):
        """A gate that is always open, 1."""
        return torch.ones_like(z_prev)


def linear_transition():
    """The linear system's step, all of it held."""
    system = systems.linear()
    transition = LinearTransition(1)
    hold(transition.linear, "weight", system.F)
    hold(transition.linear, "bias", system.drift)
    hold(transition, "rho", rho(math.sqrt(system.Q[0, 0])))
    return transition


def rho(scale):
    """What softplus, with the floor, makes this scale of."""
    return math.log(math.expm1(scale - SCALE_FLOOR))


def _kalman(x):
    system = systems.linear()
    filtered = kalman.kalman_filter(system, x)
    return Exact(filtered.log_likelihood, kalman.smoother(system, filtered).mean)


def _grid(x):
    result = grid.grid_smoother(systems.nonlinear(), x, grid.make_grid())
    return Exact(result.log_likelihood, result.mean[..., None])


def _unscented(x):
    system = systems.two_dimensional()
    filtered = unscented.unscented_filter(system, x)
    return Exact(filtered.log_likelihood, unscented.unscented_smoother(system, filtered).mean)


EXPERIMENTS = {
    "linear": Experiment(lambda: systems.as_system(systems.linear()), linear_transition, _kalman, 1, 7.0, 11.0),
    "nonlinear": Experiment(systems.nonlinear, SineTransition, _grid, 1, 7.0, 13.0),
    "recovery": Experiment(
        systems.two_dimensional, CoupledTransition, _unscented, 2, 0.7, 1.2
    ),  # the unscented filter is all but exact here: 1e-4 nats per frame
}


def draw(name, n, part, seed=0):
    """Sequences of an experiment's system: z (n, 25, Z) and x (n, 25, X), the same for the same part and seed."""
    rng = np.random.default_rng([seed, JUDGEMENT, part])
    return systems.sample(EXPERIMENTS[name].system(), n, systems.FRAMES, rng)


def make_experiment(name, sequences=SIZES[0], **values):
    """The `Spec` of a run: data drawn with the configuration's seed, and a model of which only q is to be learned.

    Args:
        name: "linear", "nonlinear" or "recovery".
        sequences: how many to learn from.
        values: fields of the configuration, such as inference, seed and epochs.
    """
    dims = EXPERIMENTS[name].dims
    config = make_config(**(SETTINGS | {"data": name, "x_dim": dims, "z_dim": dims} | values))
    train, valid = (draw(name, n, part, config.seed)[1] for n, part in ((sequences, TRAIN), (SIZES[1], VALID)))
    return Spec(config, *(tuple(part.astype(np.float32)) for part in (train, valid)), build)


def build(config: Config) -> DMM:
    """The model of an experiment, which the configuration names as its data."""
    known = EXPERIMENTS[config.data]
    dims, system = known.dims, known.system()
    emitter = GaussianEmitter(LinearEmitter(dims, dims), dims)
    hold(emitter.mean.z_to_logits, "weight", 0.5 * torch.eye(dims))
    hold(emitter.mean.z_to_logits, "bias", 0.0)
    hold(emitter, "rho", rho(math.sqrt(system.R[0, 0])))

    def make_rnn(direction):
        return RNN(dims, config.rnn_dim, direction, config.rnn_cell, config.rnn_layers, config.rnn_embedding)

    q = make_network(config.inference, make_rnn, dims, config.rnn_dim)
    with torch.no_grad():
        for rnn in q.rnns.values():
            (rnn.layers[0].weight_ih_l0 if rnn.embedding is None else rnn.embedding.weight).div_(known.x_unit)
        if q.structured:
            q.combiner.z_to_hidden.weight.div_(known.z_unit)
    return DMM(emitter, known.transition(), q, dims, first=(0.0, math.sqrt(system.cov_1[0, 0])))


@torch.no_grad()
def judge(dmm, name, z, x, draws=100, seed=0) -> Judgement:
    """How near a learned guess comes to the exact answer, on sequences z (N, T, Z), x (N, T, X) of the system."""
    exact = EXPERIMENTS[name].exact(x)
    batch = to_tensors(list(x.astype(np.float32)), next(dmm.parameters()).dtype)
    generator = make_generator(seed, JUDGEMENT)
    bounds, z_q = torch.zeros(draws, len(x), dtype=torch.float64), np.zeros((draws, *z.shape))
    for i in range(draws):
        ran = elbo.one_pass(dmm, batch, dmm.sample_noise(batch.x, generator))
        kl = elbo.divergence(ran.posterior, ran.p_loc, ran.p_scale, "sampled")  # without noise where q is exact
        bounds[i] = ran.log_p_x.double().sum(1) - kl.double().sum((1, 2))
        z_q[i] = ran.posterior.z
    frames = x.shape[1]
    squared = ((exact.mean - z) ** 2).mean()
    apart = ((z_q.mean(0) - exact.mean) ** 2 - z_q.var(0, ddof=1) / draws).mean()  # as if of infinitely many draws
    lost = (exact.log_likelihood - bounds.mean(0).numpy()) / frames  # (N,)
    return Judgement(
        bound=float(-bounds.mean() / frames),
        exact=float(-exact.log_likelihood.mean() / frames),
        gap=float(lost.mean()),
        gap_se=float(lost.std(ddof=1) / math.sqrt(len(lost))),
        rmse=float(np.sqrt(squared + apart)),
        exact_rmse=float(np.sqrt(squared)),
    )


def influence(dmm, x, seed=0):
    """How the mean of z_t moves with x_s under a learned guess: (T, T) for Z = X = 1, a mean over sequences and noise.

    Args:
        dmm: a `DMM`.
        x: (N, T, 1).
    """
    batch = to_tensors(list(x.astype(np.float32)), next(dmm.parameters()).dtype)
    batch.x.requires_grad_()
    noise = dmm.sample_noise(batch.x, make_generator(seed, JUDGEMENT))
    z = dmm.inference(dmm.inputs(batch), batch.lengths, noise).z
    rows = [torch.autograd.grad(z[:, t].sum(), batch.x, retain_graph=True)[0] for t in range(z.shape[1])]
    return torch.stack([row.mean(0).squeeze(-1) for row in rows]).numpy()
