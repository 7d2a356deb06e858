"""The hidden states that an inference network guesses for many pieces at once."""

from typing import NamedTuple

import numpy as np

from dmm.inspection import finite

DRAWS, TOGETHER = 8, 40  # draws whose mean is taken; pieces in a batch
GUESSES = 800  # a stream of random numbers of its own


class Latents(NamedTuple):
    """Guesses of one piece, each (T, Z): the `mean` of eight draws and one `draw`, of what the network usually sees.

    `filtered` is the mean of a guess that goes from beat to beat and at each is told no later one: one that looks right
    sees x_t there as the last beat. (Told of x_t, it would guess z_{t-1} anew; that is left out.)
    """

    mean: np.ndarray
    draw: np.ndarray
    filtered: np.ndarray


def infer(dmm, rolls, seed: int = 0) -> list[Latents]:
    """Guess the hidden states of pieces.

    Args:
        dmm: a `DMM`.
        rolls: arrays (T, X) 0/1, of any lengths.
        seed: of the draws.

    Returns:
        one `Latents` for each roll, in their order.

    Raises:
        NotFinite: a state is not a finite number.
    """
    order = sorted(range(len(rolls)), key=lambda i: len(rolls[i]))  # similar lengths share a batch
    found = {}
    for first in range(0, len(order), TOGETHER):
        chosen = order[first : first + TOGETHER]
        parts = _guess([rolls[i] for i in chosen], dmm, seed, first)
        for place, i in enumerate(chosen):
            found[i] = Latents(*(part[place, : len(rolls[i])].astype(float) for part in parts))
    return [finite(found[i]) for i in range(len(rolls))]


def _guess(rolls, dmm, seed, counter):
    """Means, first draws and filtered means of one batch: (B, T, Z) each."""
    import torch

    from dmm.batches import make_generator, to_tensors

    with torch.no_grad():
        batch = to_tensors(rolls, next(dmm.parameters()).dtype)
        x, generator = dmm.inputs(batch), make_generator(seed, GUESSES, counter)
        noises = [dmm.sample_noise(batch.x, generator).eps for _ in range(DRAWS)]
        usual = _draws(dmm, dmm.inference.summarise(x, batch.lengths), noises)
        filtered = _draws(dmm, summarise_past(dmm.inference, x, batch.lengths), noises)
        return usual.mean(0).numpy(), usual[0].numpy(), filtered.mean(0).numpy()


def _draws(dmm, messages, noises):
    """Draws of the latents from messages: (S, B, T, Z)."""
    import torch

    return torch.stack([dmm.inference.draw(messages, noise).z for noise in noises])


def summarise_past(network, x, lengths):
    """What each RNN of a network says of beat t if the piece ends there: a tuple of (B, T, rnn_dim).

    One that looks left has not seen more anyway. One that looks right then sees x_t alone, at the end of the piece.
    """
    import torch

    def alone(rnn):
        single = x.reshape(-1, 1, x.shape[-1])
        return rnn(single, torch.ones(len(single), dtype=lengths.dtype)).reshape(*x.shape[:2], -1)

    return tuple(rnn(x, lengths) if direction == "left" else alone(rnn) for direction, rnn in network.rnns.items())
