"""The same model in JAX, written the usual way: `lax.scan` for what is sequential, everything else in one piece.

    python -m benchmarks.jax_scan --preset paper [--against | --check]

Prints seconds per epoch as one JSON object. With `--against` the fused engine takes every other turn, in the same
process and on the same pieces; with `--check` bound and gradient are compared with `elbo.py` in float64 instead.
"""

import argparse
import json
import statistics
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax import lax, tree
from jax.nn import relu, sigmoid, softplus

from dmm import bench, elbo, training
from dmm.config import PRESETS, make_config
from dmm.data import load_dataset, make_batch
from dmm.model import SCALE_FLOOR
from dmm.optimisers import EPSILON

BUCKET = 16  # frames: lengths are rounded up to a multiple, so that XLA compiles a handful of shapes
RNN = "inference.rnns.right"


def linear(w, name, x):
    return x @ w[f"{name}.weight"] + w[f"{name}.bias"]


def mlp(w, name, x):
    return linear(w, f"{name}.2", relu(linear(w, f"{name}.0", x)))


def emitter(w, z):
    a = relu(linear(w, "emitter.z_to_hidden", z))
    return linear(w, "emitter.hidden_to_logits", relu(linear(w, "emitter.hidden_to_hidden", a)))


def transition(w, z_prev):
    g = sigmoid(mlp(w, "transition.gate", z_prev))
    h = mlp(w, "transition.proposal", z_prev)
    loc = (1 - g) * linear(w, "transition.linear", z_prev) + g * h
    return loc, softplus(linear(w, "transition.to_scale", relu(h))) + SCALE_FLOOR


def backward_rnn(w, x, real):  # (T, B, X), (T, B, 1)
    w_x, w_h, b_x, b_h = (w[f"{RNN}.layers.0.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    inputs = x @ w_x + b_x + b_h

    def step(h_next, now):
        input_t, real_t = now
        h_t = relu(input_t + h_next @ w_h)
        return jnp.where(real_t, h_t, h_next), h_t  # padding hands h_0 on

    h_0 = jnp.broadcast_to(w[f"{RNN}.h_0"][:, 0], inputs.shape[1:])
    return lax.scan(step, h_0, (inputs, real), reverse=True)[1]  # (T, B, rnn_dim)


def draw(w, h_right, eps):  # (T, B, rnn_dim), (T, B, Z)
    def both(kind):
        return jnp.concatenate([w[f"inference.combiner.hidden_to_{one}.{kind}"] for one in ("loc", "scale")], axis=-1)

    weight, bias = both("weight"), both("bias")

    def step(z_prev, now):
        h_t, eps_t = now
        h_combined = 0.5 * (jnp.tanh(linear(w, "inference.combiner.z_to_hidden", z_prev)) + h_t)
        loc, scale = jnp.split(h_combined @ weight + bias, 2, axis=-1)
        scale = softplus(scale) + SCALE_FLOOR
        z_t = loc + scale * eps_t
        return z_t, (z_t, loc, scale)

    z_q_0 = jnp.broadcast_to(w["inference.z_q_0"], eps.shape[1:])
    return lax.scan(step, z_q_0, (h_right, eps))[1]  # each (T, B, Z)


def bound(w, x, lengths, eps, kl_weight):  # (T, B, X), (B,), (T, B, Z)
    """The bound summed over the batch, in nats."""
    real = (jnp.arange(len(x))[:, None] < lengths)[..., None]  # (T, B, 1)
    z, q_loc, q_scale = draw(w, backward_rnn(w, x, real), eps)
    z_0 = jnp.broadcast_to(w["z_0"], z[:1].shape)
    p_loc, p_scale = transition(w, jnp.concatenate([z_0, z[:-1]]))
    logits = emitter(w, z)
    kl = jnp.log(p_scale / q_scale) + (q_scale**2 + (q_loc - p_loc) ** 2) / (2 * p_scale**2) - 0.5
    return jnp.sum(real * (x * logits - softplus(logits))) - kl_weight * jnp.sum(real * kl)


@partial(jax.jit, static_argnames=("config", "frames"), donate_argnames=("w", "first", "second"))
def update(w, first, second, key, k, x, lengths, kl_weight, config, frames):
    """One step of Adam on minus the bound per frame, the gradient clipped by its global norm; k counts from 1."""
    eps = jax.random.normal(jax.random.fold_in(key, k), (*x.shape[:2], config.z_dim))
    loss, g = jax.value_and_grad(lambda w: -bound(w, x, lengths, eps, kl_weight) / frames)(w)
    norm = jnp.sqrt(sum(jnp.sum(one**2) for one in tree.leaves(g)))
    g = tree.map(lambda one: one * jnp.minimum(1.0, config.clip_norm / norm), g)
    first = tree.map(lambda m, one: config.beta1 * m + (1 - config.beta1) * one, first, g)
    second = tree.map(lambda v, one: config.beta2 * v + (1 - config.beta2) * one**2, second, g)
    correction = jnp.sqrt(1 - config.beta2**k)
    rate = config.learning_rate * config.lr_decay**k * correction / (1 - config.beta1**k)
    w = tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + EPSILON * correction), w, first, second)
    return w, first, second, loss


def to_jax(named):
    """Tensors by name as arrays of their own; matrices as (in, out)."""
    return {name: jnp.array(value.detach().numpy().T) for name, value in named}


class JaxEpoch:
    """One epoch at each call."""

    def __init__(self, spec):
        self.spec, self.epoch, self.k = spec, 0, 0
        self.w = to_jax(training.make_state(spec).weights.items())
        self.first, self.second = (tree.map(jnp.zeros_like, self.w) for _ in range(2))
        self.key = jax.random.key(spec.config.seed)

    def batch(self, pieces):
        x, _, lengths, *_ = make_batch([self.spec.train[i] for i in pieces])
        frames = -(-x.shape[1] // BUCKET) * BUCKET
        padded = np.zeros((frames, len(x), x.shape[2]), np.float32)
        padded[: x.shape[1]] = x.swapaxes(0, 1)
        return padded, lengths.astype(np.int32)

    def __call__(self):
        for pieces in training.epoch_batches(self.spec, self.epoch):
            self.k += 1
            weight = np.float32(training.kl_weight(self.k - 1, self.spec.config))
            numbers = (self.key, np.float32(self.k), *self.batch(pieces), weight)
            fixed = (self.spec.config, self.spec.frames_per_update)
            self.w, self.first, self.second, loss = update(self.w, self.first, self.second, *numbers, *fixed)
        self.epoch += 1
        if not np.isfinite(loss):  # waits for the last update
            raise SystemExit("the loss is no longer a number")

    def compile(self, epochs):
        """Meet every shape of so many epochs once, with weights that are thrown away: seconds, and how many shapes."""
        shapes = {}
        for epoch in range(epochs):
            for pieces in training.epoch_batches(self.spec, epoch):
                x, lengths = self.batch(pieces)
                shapes[x.shape] = (x, lengths)
        start = time.perf_counter()
        for x, lengths in shapes.values():
            copies = (tree.map(jnp.array, part) for part in (self.w, self.first, self.second))
            numbers = (self.key, np.float32(1), x, lengths, np.float32(1))
            jax.block_until_ready(update(*copies, *numbers, self.spec.config, self.spec.frames_per_update))
        return time.perf_counter() - start, len(shapes)


def measure(spec, rounds, against):
    """Seconds per epoch, in turn with the fused engine if asked."""
    ours = JaxEpoch(spec)
    compile_s, shapes = ours.compile(rounds + 1)
    engines = bench.make_engines(spec, ("fused",)) if against else {}
    seconds = bench.in_turns({"jax": ours} | engines, rounds)
    result = {f"{name}_s": statistics.median(each) for name, each in seconds.items()}
    result["quickest_s"] = {name: min(each) for name, each in seconds.items()}
    return result | {"compile_s": compile_s, "shapes": shapes, "rounds": rounds}


def check(spec):
    """The largest difference from `elbo.py`, relative to the largest number: of the bound, and of its gradient."""
    dmm = training.load_dmm(spec.config, training.make_state(spec, torch.float64).weights).requires_grad_(True)
    with torch.no_grad():
        for start in (dmm.z_0, dmm.inference.z_q_0, dmm.inference.rnns["right"].h_0):
            start.fill_(0.3)
    batch = training.to_tensors(spec.train[:5], torch.float64)
    noise = dmm.sample_noise(batch.x, torch.Generator().manual_seed(1))
    theirs = elbo.bound(dmm, batch, noise, 0.7).elbo
    names, weights = zip(*dmm.named_parameters(), strict=True)
    gradient = to_jax(zip(names, torch.autograd.grad(theirs, weights), strict=True))
    x, lengths, eps = (np.asarray(part) for part in (batch.x.transpose(0, 1), batch.lengths, noise.eps.transpose(0, 1)))
    ours, ours_gradient = jax.value_and_grad(bound)(to_jax(dmm.named_parameters()), x, lengths, eps, 0.7)
    differences = tree.map(lambda a, b: float(abs(a - b).max()), gradient, ours_gradient)
    largest = max(float(abs(one).max()) for one in gradient.values())
    return {"bound": abs(float(theirs.detach()) / float(ours) - 1), "gradient": max(differences.values()) / largest}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=PRESETS, default="classroom")
    parser.add_argument("--data", default="chorales")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2, help="of PyTorch; XLA takes all cores")
    parser.add_argument("--against", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", options.check)
    torch.set_num_threads(options.threads)
    spec = training.make_spec(make_config(options.preset, data=options.data), load_dataset(options.data))
    result = check(spec) if options.check else measure(spec, options.rounds, options.against)
    versions = {"jax": jax.__version__, "torch": torch.__version__}
    print(json.dumps({"preset": options.preset, "threads": options.threads} | result | {"versions": versions}))


if __name__ == "__main__":
    main()
