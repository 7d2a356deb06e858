"""How long one epoch takes with each engine, and how far the quickest is from what this machine could do at best.

An epoch is all that training does: batches, noise, bound, gradient, clipping, optimiser. The engines take turns in one
process, a round after another, on the same pieces in the same order, so that a busy moment of the machine meets them
all. Pyro's time is that of its own `SVI.step` with its own ClippedAdam.
"""

import statistics
import time

import numpy as np
import torch

from dmm import pyro_program, training
from dmm.limit import limit

ENGINES = ("fused", "readable")
SHUFFLED = 3  # a stream of random numbers beside those of `training`


def run(config, dataset, threads=2, rounds=3):
    """Measure everything.

    Args:
        config: a `Config`; its engine does not matter.
        dataset: a `Dataset`, of which the training pieces count.
        threads: of PyTorch.
        rounds: epochs of each engine; one more of each comes first and is not counted.

    Returns:
        a dictionary of numbers: `..._s` are seconds per epoch, `ratio` is Pyro's by the fused engine's on the same
        batches, `ratio_shuffled` that of Pyro on batches of any lengths, which is how Pyro's example makes them.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        spec = training.make_spec(config, dataset)
        seconds = in_turns(make_engines(spec) | {"pyro": PyroEpoch(spec)}, rounds)
        shuffled = in_turns({"pyro_shuffled": PyroEpoch(spec, shuffled_batches)}, 1, warm_up=0)
        result = _summary(seconds | shuffled, spec) | limit(spec) | {"bytes_per_frame": bytes_per_frame(spec)}
    finally:
        torch.set_num_threads(before)
    result["limit_share"] = result["limit_s"] / result["fused_s"] if result["limit_s"] else None
    return result | {"data": dataset.name, "threads": threads, "rounds": rounds, "torch": torch.__version__}


def in_turns(epochs, rounds, warm_up=1):
    """Seconds of each call: name to callable in, name to a list of `rounds` numbers out."""
    seconds = {name: [] for name in epochs}
    for turn in range(warm_up + rounds):
        for name, epoch in epochs.items():
            start = time.perf_counter()
            epoch()
            if turn >= warm_up:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def make_engines(spec, names=ENGINES):
    """For each engine of training a callable that trains one epoch."""
    return {name: _Epoch(spec._replace(config=spec.config.model_copy(update={"engine": name}))) for name in names}


class _Epoch:
    """One epoch at each call, as training does it."""

    def __init__(self, spec):
        self.spec = spec
        self.learner = training._Learner(training.make_state(spec), spec)

    def __call__(self):
        for _ in range(self.spec.updates_per_epoch):
            self.learner.update()


class PyroEpoch(_Epoch):
    """One epoch at each call, as Pyro does it; `order(spec, epoch)` says which pieces go together."""

    def __init__(self, spec, order=training.epoch_batches):
        super().__init__(spec)
        self.svi = pyro_program.make_svi(self.learner.dmm, spec.config)
        self.order = order

    def __call__(self):
        learner, config = self.learner, self.spec.config
        learner.epoch = learner.step // self.spec.updates_per_epoch
        learner.batches = self.order(self.spec, learner.epoch)
        for _ in range(self.spec.updates_per_epoch):
            batch, keep = learner.next_batch(), ()
            if config.rnn_dropout:
                generator = training.make_generator(config.seed, training.NOISE, learner.step)
                keep = learner.dmm.sample_noise(batch.x, generator, training=True).keep
            self.svi.step(*batch, training.kl_weight(learner.step, config), keep)
            learner.step += 1


def shuffled_batches(spec, epoch):
    """Which pieces go together when lengths do not count, as in Pyro's example: a list of index arrays."""
    order = np.random.default_rng([spec.config.seed, SHUFFLED, epoch]).permutation(len(spec.train))
    return np.split(order, range(spec.config.batch_size, len(order), spec.config.batch_size))


def _summary(seconds, spec):
    """Medians of the seconds per epoch, the quickest, and how far apart slowest and quickest are, in medians."""
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    result = {f"{name}_s": median for name, median in medians.items()}
    result["ratio"] = medians["pyro"] / medians["fused"]
    result["ratio_shuffled"] = medians["pyro_shuffled"] / medians["fused"]
    result["frames"] = sum(map(len, spec.train))
    result["frames_per_second"] = result["frames"] / medians["fused"]
    result["quickest_s"] = {name: min(each) for name, each in seconds.items()}
    result["spread"] = {name: (max(each) - min(each)) / medians[name] for name, each in seconds.items()}
    return result


def bytes_per_frame(spec, engine="fused"):
    """What the backward pass needs kept, in bytes for one more frame; weights and other fixed costs cancel out."""
    learner = make_engines(spec, (engine,))[engine].learner
    rolls = [spec.train[i] for i in training.epoch_batches(spec, 0)[0]]
    once, twice = (_kept(learner, rolls * times) for times in (1, 2))
    return (twice - once) / sum(map(len, rolls))


def _kept(learner, rolls):
    """Bytes of all blocks of memory that one pass keeps for its gradient, each block counted once."""
    batch = training.to_tensors(rolls, *learner.kind)
    noise = learner.dmm.sample_noise(batch.x, training.make_generator(0, training.NOISE), training=True)
    blocks = {}

    def pack(tensor):
        blocks[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        bound = learner.bound(learner.dmm, batch, noise, 1.0, learner.config.kl)  # alive, so is what it keeps
    del bound
    return sum(blocks.values())


def in_words(result):
    """The result as lines of text."""
    lines = [
        f"{result.get('preset', 'model')} on {result['data']}: {result['frames']} frames an epoch; "
        f"{result['threads']} threads, {result['rounds']} rounds, torch {result['torch']}",
        "seconds per epoch        median  quickest   spread",
    ]
    for name, quickest in result["quickest_s"].items():
        spread = result["spread"][name]
        lines.append(f"  {name.replace('_', ' '):20}{result[f'{name}_s']:9.4f} {quickest:9.4f} {spread:8.0%}")
    lines.append(
        f"The fused engine is {result['ratio']:.1f} times as quick as Pyro on the same batches, "
        f"{result['ratio_shuffled']:.1f} times as quick as Pyro on shuffled ones: {result['frames_per_second']:.0f} "
        f"frames a second, {result['bytes_per_frame']:.0f} bytes kept for each frame of a batch."
    )
    if result["limit_s"]:
        lines.append(
            f"Its {result['multiply_adds'] / 1e9:.2f} thousand million multiply-adds alone would take "
            f"{result['limit_s']:.4f} s here: {result['limit_share']:.0%} of its time."
        )
    return "\n".join(lines)
