"""A piece gone on with, or mended: the notes that a model puts where they are not known. Arrays in, arrays out."""

from typing import NamedTuple

import numpy as np
import torch

from dmm.batches import make_generator
from dmm.inspection import HOTTEST, finite
from dmm.rollout import draw_chance, roll_out
from dmm.smoothing import smooth

CONTINUING = 600  # a stream of random numbers of its own


class Imputed(NamedTuple):
    """Some draws of a piece, in which what was known is as it was.

    rolls (S, T, X) uint8, 0 or 1; z (S, T, Z); probabilities (S, T, X) in 0..1 of each key given the draw's z.
    log_likelihood, effective: of what was known, as in `smoothing.Smoothed`.
    """

    rolls: np.ndarray
    z: np.ndarray
    probabilities: np.ndarray
    log_likelihood: float
    effective: np.ndarray


def fill_in(dmm, roll, observed, draws=8, seed=0, particles=512):
    """What may have stood where notes were erased, given all that is left.

    Args:
        dmm: a `DMM`, in eval mode.
        roll: (T, X) 0/1; anything where it is erased.
        observed: (T, X), 1 where the roll is left and 0 where it is erased.
        draws: S.
        seed: of the draws.
        particles: P; more are slower, and nearer to the exact answer.

    Returns:
        `Imputed`.

    Raises:
        ValueError, NotFinite: as `smoothing.smooth`.
    """
    done = smooth(dmm, roll, observed, particles, draws, seed)
    return _imputed(done, done.x, done.z, done.probabilities)


@torch.no_grad()
def continue_piece(dmm, roll, start, beats, draws=8, seed=0, particles=512, *, z_temperature=1.0, note_temperature=1.0):
    """How a piece may go on after its first frames: their states inferred, then the model alone.

    Args:
        dmm, draws, seed, particles: as `fill_in`.
        roll: (T, X) 0/1, of which nothing behind `start` is looked at.
        start: how many frames are kept, 1..T.
        beats: how many are added.
        z_temperature, note_temperature: of what is added, 0..10; 1 is the model itself, see `DMM.sample`.

    Returns:
        `Imputed` of start + beats frames; the probabilities of those that are added are at their temperature.

    Raises:
        ValueError: a number is out of range, or as `smoothing.smooth`.
        NotFinite: as there, or a state runs away in the beats that are added.
    """
    if not 1 <= start <= len(roll):
        raise ValueError(f"start must be 1 to {len(roll)}, the frames of the piece: got {start}.")
    if beats < 1:
        raise ValueError(f"beats must be at least 1: got {beats}.")
    for temperature in (z_temperature, note_temperature):
        if not 0 <= temperature <= HOTTEST:
            raise ValueError(f"got temperature {temperature}, expected 0 to {HOTTEST}")
    known = smooth(dmm, roll[:start], None, particles, draws, seed)
    generator = make_generator(seed, CONTINUING)
    added = roll_out(
        dmm,
        draw_chance(dmm, beats, generator, draws),
        before=(known.z[:, -1], known.x[:, -1]),
        z_temperature=z_temperature,
        note_temperature=note_temperature,
    )
    parts = (known.x, added.x), (known.z, added.z), (known.probabilities, added.probabilities)
    return _imputed(known, *(torch.cat(pair, dim=1) for pair in parts))


def _imputed(known, x, z, probabilities):
    """As arrays; a key sounds where its number is nearer to 1, which only a Gaussian emission leaves open."""
    rolls = (x > 0.5).to(torch.uint8)
    arrays = rolls.numpy(), z.numpy(), probabilities.numpy()
    return finite(Imputed(*arrays, known.log_likelihood, known.effective.numpy()))
