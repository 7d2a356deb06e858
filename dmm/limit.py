"""The least time an epoch could take on this machine: its multiply-adds alone, at the rate of products of their shapes.

Each distinct shape of product in an epoch is timed by itself, with the quicker of PyTorch's two libraries and with one
thread or all, and counted as often as it comes; frames that are only padding are not counted.
"""

import math
import time
from collections import Counter

import torch

from dmm import training
from dmm.multiply import can_onednn, onednn

LOOK = 0.004  # seconds to watch one shape of product


def limit(spec):
    """Seconds that the multiply-adds of an epoch alone take, without padding; nothing for models not counted here."""
    config = spec.config
    plain = config.inference == "st-r" and config.rnn_cell == "relu" and config.transition == "gated"
    plain &= config.emitter == "mlp" and config.edges == "markov" and config.missing == 0 and config.num_iafs == 0
    if not plain or config.rnn_embedding or config.rnn_layers > 1 or config.device != "cpu":
        return {"limit_s": None, "multiply_adds": None}
    lengths = [[len(spec.train[i]) for i in batch] for batch in training.epoch_batches(spec, 0)]
    counted = sum((products(config, batch) for batch in lengths), Counter())
    multiply_adds = sum(m * k * n * times for (m, k, n), times in counted.items())
    seconds = dict.fromkeys(counted, math.inf)
    for threads in {1, torch.get_num_threads()}:  # small products are quicker in one
        torch.set_num_threads(threads)
        seconds = {shape: min(before, _seconds(*shape)) for shape, before in seconds.items()}
    return {"limit_s": sum(seconds[shape] * times for shape, times in counted.items()), "multiply_adds": multiply_adds}


def products(config, lengths):
    """The matrix products of one update, gradient included: a `Counter` of (m, k, n) for (m, k) times (k, n).

    Products that wait for the frame before have as many rows as sequences still sound; all others have a row for each
    frame of the batch.
    """
    x, z, h = config.x_dim, config.z_dim, config.rnn_dim
    e, w = config.emission_dim, config.transition_dim
    frames, counted = sum(lengths), Counter()
    for t in range(max(lengths)):
        rows = sum(length > t for length in lengths)
        for k, n in ((h, h), (z, h), (h, 2 * z)):  # RNN; latent into the combiner; out of it
            counted.update([(rows, k, n), (rows, n, k)])  # forward, and backward to the frame before
    for k, n in ((x, h), (h, h), (z, h), (h, 2 * z)):
        counted[k, frames, n] += 1  # the gradient of a weight
    counted[frames, x, h] += 1  # the RNN's input
    for k, n in ((z, w), (w, z), (z, w), (w, z), (z, z), (z, z), (z, e), (e, e), (e, x)):  # transition, emitter
        counted.update([(frames, k, n), (frames, n, k), (k, frames, n)])
    return counted


def _seconds(m, k, n):
    """What one product of this shape takes here: the quickest that was seen, by MKL or by oneDNN."""
    a, b, out = torch.ones(m, k), torch.ones(k, n), torch.empty(m, n)
    ways = [lambda: torch.mm(a, b, out=out)]
    if can_onednn(a):
        transposed = b.t().contiguous()
        ways.append(lambda: onednn(a, transposed))
    return min(_quickest(way) for way in ways)


def _quickest(way):
    """The least seconds of a call, of all that fit into a moment."""
    seconds, end = [], time.perf_counter() + LOOK
    while len(seconds) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        way()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
