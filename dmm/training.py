"""Training as a chain of short slices: `advance(state, spec, budget) -> (state, report)`.

A state holds everything that a run has learned; a spec holds what never changes. Randomness is counted, not stored:
the noise of update k follows from the seed and k, the order of epoch e from the seed and e. So a run that was stopped
and resumed is bit-identical to one that was not (same processor type, same versions, same number of threads), unless
its learning rate follows the clock: a cosine schedule with a horizon in seconds.
"""

import copy
import math
import time
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from dmm import elbo, fused, optimisers
from dmm.batches import HOLES, NOISE, VALIDATION, epoch_batches, hide, make_generator, pad, to_tensors
from dmm.config import Config, ConfigError
from dmm.conventions import ACTIVE
from dmm.data.baselines import log_odds
from dmm.deep_markov_model import DMM, build_dmm, make_dmm
from dmm.optimisers import Moments
from dmm.steering import Change, in_force

BAD_STEPS = 3  # that many in a row, and the run has diverged


class Spec(NamedTuple):
    """What describes a run: configuration, pieces as (T, X) arrays, what builds the model, and changes made by hand."""

    config: Config
    train: tuple[np.ndarray, ...]
    valid: tuple[np.ndarray, ...]
    build: Callable[[Config], DMM] = build_dmm
    changes: tuple[Change, ...] = ()

    @property
    def updates_per_epoch(self):
        return math.ceil(len(self.train) / self.config.batch_size)

    @property
    def frames_per_update(self):
        """Real frames in an average batch; a loss per frame divides by this, so that no piece counts more."""
        return sum(map(len, self.train)) / self.updates_per_epoch


class State(NamedTuple):
    """All that a run has learned. `weights` maps a name to a tensor; the moments are flat, in the same order."""

    weights: dict[str, torch.Tensor]
    moments: Moments
    step: int = 0  # updates done
    bad_steps: int = 0  # skipped in a row
    best: float = math.inf  # lowest validation bound so far, nats per frame
    seconds: float = 0.0  # time spent on training
    best_step: int = 0  # when it was that low


class Budget(NamedTuple):
    """How far one slice goes: whichever comes first. `until` is asked after each update whether that was the last."""

    seconds: float = math.inf
    steps: int | None = None
    until: Callable[[], bool] = lambda: False


class Report(NamedTuple):
    """What a slice did: plain records, why it ended, and if the run diverged, the cause in words."""

    records: tuple[dict, ...]
    ended: str  # "budget", "milestone", "done", "diverged"
    cause: str = ""


def make_spec(config, dataset):
    """A spec from a configuration and a `Dataset`.

    Raises:
        ConfigError: the pieces have another number of keys than the configuration says, or the device is not there.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("This machine has no graphics card that PyTorch can use (device cuda); choose device cpu.")
    keys = dataset.train[0].roll.shape[1]
    if keys != config.x_dim:
        raise ConfigError(f"The pieces have {keys} keys, but x_dim is {config.x_dim}; set x_dim={keys}.")
    return Spec(config, *(tuple(piece.roll for piece in part) for part in (dataset.train, dataset.valid)))


def make_state(spec, dtype=torch.float32):
    """The state before the first update; the same for the same seed."""
    dmm = make_dmm(spec.config, first_bias(spec), spec.build).to(dtype)
    weights = {name: weight.detach().clone() for name, weight in dmm.named_parameters()}
    size = sum(weight.numel() for weight in weights.values())
    return State(weights, Moments(torch.zeros(size, dtype=dtype), torch.zeros(size, dtype=dtype)))


def first_bias(spec):
    """Where the emission's bias starts: the log-odds of each key in training, or its mean. (X,)"""
    if spec.config.emission == "gaussian":
        return np.concatenate(spec.train).mean(0)
    return log_odds(spec.train)


def load_dmm(config, weights, build=build_dmm):
    """A `DMM` with these weights, for looking at; it shares no memory with them."""
    weights = {name: weight.clone() for name, weight in weights.items()}
    return _dmm_around(config, weights, build).eval().requires_grad_(False)


def _dmm_around(config, weights, build=build_dmm):
    """A `DMM` of these very weights, on their device."""
    dmm = copy.deepcopy(_mould(build, config)).to(next(iter(weights.values())))  # buffers too
    dmm.load_state_dict(weights, strict=False, assign=True)  # what is not learned, the mould has
    return dmm


@lru_cache(maxsize=4)
def _mould(build, config):
    """A `DMM` that is only ever copied: building one draws first weights that nobody needs."""
    with torch.random.fork_rng(devices=[]):
        return build(config)


def advance(state, spec, budget):
    """Train for a while.

    A slice ends when its budget is spent, at a milestone (an epoch after which the validation bound was taken), at
    the end of the run, or when the run diverged; then the state is the one from before the slice.

    Args:
        state: where to start.
        spec: the run.
        budget: how far to go.

    Returns:
        the new `State` and a `Report`.
    """
    learner = _Learner(state, spec)
    records, start, before = [], time.perf_counter(), state.seconds
    last = spec.config.epochs * spec.updates_per_epoch
    done, ended = 0, "budget"
    while learner.step < last:
        now = before + time.perf_counter() - start
        if learner.over(now):
            ended = "done"
            if done:  # this very slice came to the end
                records.append(learner.validate() | {"seconds": round(now, 3)})
            break
        if done == budget.steps or (done and (now - before >= budget.seconds or budget.until())):
            break
        record = learner.update(now)
        done += 1
        record["seconds"] = round(before + time.perf_counter() - start, 3)
        records.append(record)
        if learner.bad_steps >= BAD_STEPS:
            return state, Report(tuple(records), "diverged", record["skipped"])
        if learner.step % spec.updates_per_epoch == 0 and is_milestone(record["epoch"], spec.config.epochs):
            records.append(learner.validate() | {"seconds": record["seconds"]})
            ended = "milestone"
            break
    if learner.step >= last:
        ended = "done"
    return learner.state(before + time.perf_counter() - start), Report(tuple(records), ended)


def is_milestone(epoch, epochs):
    """Whether validation follows this epoch (counted from 1): each of the first ten, the last, and every fifth.

    Where that would make fewer than twenty after the tenth, every fourth, third, second, or each of them.
    """
    every = min(5, max(1, (epochs - 10) // 20))
    return epoch <= 10 or epoch % every == 0 or epoch == epochs


def kl_weight(step, config):
    """The weight of the KL in the update after `step` others: a straight line from `min_kl_weight` to 1."""
    if step >= config.annealing_updates:
        return 1.0
    return config.min_kl_weight + (1 - config.min_kl_weight) * step / config.annealing_updates


def load_engine(name):
    """The function that computes the bound of a batch: `bound` of the fused engine, of `elbo.py`, or of Pyro's twin."""
    if name == "pyro":
        from dmm import pyro_program  # takes a second to import, and only training with it needs it

        return pyro_program.bound
    return {"fused": fused.bound, "readable": elbo.bound}[name]


class _Learner:
    """The moving parts of one slice: a model whose parameters are views of one flat vector of weights."""

    def __init__(self, state, spec):
        self.spec, self.config = spec, spec.config
        self.kind = (next(iter(state.weights.values())).dtype, torch.device(spec.config.device))
        state = _moved(state, self.kind[1])
        self.dmm = _dmm_around(spec.config, state.weights, spec.build)
        self.parameters = list(self.dmm.parameters())
        self.bound = load_engine(spec.config.engine)
        self.moments = Moments(*(part.clone() for part in state.moments))
        self.step, self.bad_steps, self.best = state.step, state.bad_steps, state.best
        self.best_step = state.best_step
        self.names = list(state.weights)
        self.weights = torch.cat([weight.reshape(-1) for weight in state.weights.values()])
        parts = self.weights.split([parameter.numel() for parameter in self.parameters])
        for parameter, part in zip(self.parameters, parts, strict=True):
            parameter.data = part.view_as(parameter)
        self.epoch, self.batches = None, []
        self.pieces = [torch.tensor(roll, dtype=self.kind[0], device=self.kind[1]) for roll in spec.train]

    def state(self, seconds):
        weights = {name: one.detach().clone() for name, one in zip(self.names, self.parameters, strict=True)}
        counters = (self.step, self.bad_steps, self.best, seconds, self.best_step)
        return _moved(State(weights, self.moments, *counters), "cpu")

    def next_batch(self):
        epoch, position = divmod(self.step, self.spec.updates_per_epoch)
        if epoch != self.epoch:
            self.epoch, self.batches = epoch, epoch_batches(self.spec, epoch)
        batch = pad([self.pieces[i] for i in self.batches[position]])
        if self.config.missing:
            batch = hide(batch, self.config.missing, make_generator(self.config.seed, HOLES, self.step))
        return batch

    def settings(self):
        """The configuration and the weight of the KL that hold for the next update."""
        now = in_force(self.spec.changes, self.step, self.config)
        weight = kl_weight(self.step, self.config) if now.kl_weight is None else now.kl_weight
        if now.learning_rate == self.config.learning_rate:
            return self.config, weight
        return self.config.model_copy(update={"learning_rate": now.learning_rate}), weight

    def progress(self, seconds):
        """How much of the run is over, 0..1: of its epochs, or of its horizon in seconds."""
        by_step = self.step / (self.config.epochs * self.spec.updates_per_epoch)
        return min(max(by_step, seconds / self.config.seconds if self.config.seconds else 0.0), 1.0)

    def over(self, seconds):
        """Whether a cosine has brought the learning rate to 0, so that no update would change anything."""
        return self.config.schedule == "cosine" and self.progress(seconds) >= 1.0

    def update(self, seconds=0.0):
        """One update, unless the loss or its gradient is not a usable number; a record of it."""
        batch, progress = self.next_batch(), self.progress(seconds)
        config, weight = self.settings()
        noise = self.dmm.sample_noise(batch.x, make_generator(config.seed, NOISE, self.step), training=True)
        bound = self.bound(self.dmm, batch, noise, weight, config.kl, config.free_bits)
        scale = self.spec.frames_per_update if config.loss == "per-frame" else 1.0
        gradient = torch.autograd.grad(-bound.elbo / scale, self.parameters, materialize_grads=True)
        gradient = torch.cat([part.reshape(-1) for part in gradient])
        record = _record(bound.reconstruction, bound.kl, batch) | {
            "kind": "train",
            "step": self.step + 1,
            "epoch": self.epoch + 1,
            "ends_epoch": (self.step + 1) % self.spec.updates_per_epoch == 0,
            "kl_weight": weight,
            "learning_rate": optimisers.learning_rate(self.step + 1, config, progress),
            "gradient_norm": float(gradient.norm()),
        }
        self.step += 1
        cause = _trouble(record, config)
        if cause:
            self.bad_steps += 1
            return _plain(record) | {"skipped": cause}
        self.bad_steps = 0
        optimisers.update_(self.weights, gradient, self.moments, self.step, config, progress)
        return _plain(record)

    @torch.no_grad()
    def validate(self):
        """The bound on the validation pieces, always with the same noise, and how many latent dimensions it uses."""
        batch = to_tensors(self.spec.valid, *self.kind)
        noise = self.dmm.sample_noise(batch.x, make_generator(self.config.seed, VALIDATION))
        log_p_x, kl = fused.terms(self.dmm, batch, noise, elbo.quietest_kl(self.dmm))
        record = _record(log_p_x.sum(), kl.sum(), batch)
        record |= {"kind": "valid", "step": self.step, "epoch": self.step // self.spec.updates_per_epoch}
        record["active"] = int((kl.mean(0) > ACTIVE).sum())
        improved = record["bound"] < self.best  # never true of what is not a number
        if improved:
            self.best, self.best_step = record["bound"], self.step
        return _plain(record) | {"improved": improved}


def _moved(state, device):
    """The state on a device; between slices it is at home, on the processor."""
    weights = {name: weight.to(device) for name, weight in state.weights.items()}
    return state._replace(weights=weights, moments=Moments(*(part.to(device) for part in state.moments)))


def _record(reconstruction, kl, batch):
    """The bound without annealing and its two parts, in nats per (known) frame: lower is better."""
    frames = int(batch.lengths.sum() if batch.observed is None else batch.observed.amax(-1).sum())
    reconstruction = -float(reconstruction.detach()) / frames
    kl = float(kl.detach()) / frames
    return {"bound": reconstruction + kl, "reconstruction": reconstruction, "kl": kl, "frames": frames}


def _trouble(record, config):
    """Why this step must not be taken, or nothing."""
    if not math.isfinite(record["bound"]):
        return "The bound is no longer a number."
    if config.emission == "bernoulli" and record["bound"] > 10 * config.x_dim * math.log(2):
        height = _short(record["bound"])
        return f"The bound rose to {height} nats per frame, more than ten times worse than tossing coins."
    if record["bound"] > 1e6 * config.x_dim:
        return f"The bound rose to {_short(record['bound'])} nats per frame."
    if not math.isfinite(record["gradient_norm"]):
        return "The gradient is no longer a number."
    return ""


def _short(number):
    return f"{number:,.0f}" if number < 1e6 else f"{number:.0e}"


def _plain(record):
    """The record as JSON can write it: eight digits, and None in place of what is not a number."""

    def plain(value):
        if not isinstance(value, float):
            return value
        return float(f"{value:.8g}") if math.isfinite(value) else None

    return {key: plain(value) for key, value in record.items()}
