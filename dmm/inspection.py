"""What a trained model makes of one piece: latents, gates, reconstruction and KL. Tensors in, numpy out."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

INSPECTION, DRAW = 300, 400  # streams of random numbers of their own
FIRST_BEATS, FIRST_SEED = 64, 0  # of the drawn piece that is stored with a run that ships
HOTTEST = 10  # temperature


class Inspection(NamedTuple):
    """A piece through a model's eyes.

    z_loc, z_scale (T, Z): mean and standard deviation over draws of the posterior. draws (S, T, Z): some of them.
    gates (T, Z) in 0..1: how open the gate into each frame is. probabilities (T, X) in 0..1: the reconstruction.
    kl (T, Z): nats; reconstruction (T,): -log p(x_t | z_t) in nats. All are means over the draws.
    """

    z_loc: np.ndarray
    z_scale: np.ndarray
    draws: np.ndarray
    gates: np.ndarray
    probabilities: np.ndarray
    kl: np.ndarray
    reconstruction: np.ndarray


class Drawn(NamedTuple):
    """A piece from the model alone: roll (T, X) 0/1, z (T, Z), gates (T, Z) and probabilities (T, X), both in 0..1."""

    roll: np.ndarray
    z: np.ndarray
    gates: np.ndarray
    probabilities: np.ndarray


class NotFinite(ValueError):
    """A hidden state ran away: the weights are no good, or no good for so many frames."""


def finite(found):
    """The arrays of a NamedTuple as they are.

    Raises:
        NotFinite: there is something in them that is not a finite number.
    """
    if not all(np.isfinite(part).all() for part in found):
        raise NotFinite("a hidden state, or what follows from it, is not a finite number")
    return found


def save(path: Path, found: Inspection | Drawn) -> None:
    """Write an inspection or a drawn piece as an `.npz` file."""
    np.savez_compressed(path, **found._asdict())


def load_inspection(path: Path) -> Inspection:
    """Read an inspection that `save` wrote; needs no torch.

    Raises:
        OSError, ValueError, KeyError: the file is missing or damaged.
    """
    return _load(path, Inspection)


def load_drawn(path: Path) -> Drawn:
    """The same for a drawn piece."""
    return _load(path, Drawn)


def _load(path, kind):
    with np.load(path, allow_pickle=False) as file:
        return kind(**{name: file[name] for name in kind._fields})


def inspect_piece(dmm, roll, draws=50, keep=8, seed=0) -> Inspection:
    """Infer the latents of a piece and look at everything that follows from them.

    The mean of a structured posterior has no closed form (each latent depends on the one before), so it is the mean of
    draws; the paper does the same with 100.

    Args:
        dmm: a `DMM`.
        roll: (T, X) 0/1.
        draws: how many draws of the posterior to average.
        keep: how many of them to return.
        seed: of the draws.
    """
    import torch  # here, so that a stored inspection is shown without it

    from dmm import elbo
    from dmm.batches import make_generator, to_tensors

    with torch.no_grad():
        batch = to_tensors([roll] * draws, next(dmm.parameters()).dtype)
        noise = dmm.sample_noise(batch.x, make_generator(seed, INSPECTION))
        ran = elbo.one_pass(dmm, batch, noise)
        z = ran.posterior.z
        kl = elbo.divergence(ran.posterior, ran.p_loc, ran.p_scale, elbo.quietest_kl(dmm))
        parents = dmm.parents(z, batch.x)
        return Inspection(
            z_loc=z.mean(0).numpy(),
            z_scale=z.std(0, correction=min(1, draws - 1)).numpy(),
            draws=z[:keep].numpy(),
            gates=dmm.transition.openness(*parents).mean(0).numpy(),
            probabilities=dmm.emitter.probabilities(z, *parents[1:]).mean(0).numpy(),
            kl=kl.mean(0).numpy(),
            reconstruction=-ran.log_p_x.mean(0).numpy(),
        )


def draw_piece(dmm, steps, seed, stream=DRAW, *, z_temperature=1.0, note_temperature=1.0) -> Drawn:
    """Draw a piece of so many frames from a `DMM`; the same for the same seed and stream of random numbers.

    Temperatures (0..; 1 is the model itself, see `DMM.sample`) leave the random numbers as they are, so that two
    settings can be compared by ear.

    Raises:
        ValueError: a temperature is not a number from 0 to 10.
    """
    from dmm.batches import make_generator

    for temperature in (z_temperature, note_temperature):
        if not 0 <= temperature <= HOTTEST:
            raise ValueError(f"got temperature {temperature}, expected 0 to {HOTTEST}")
    generator = make_generator(seed, stream)
    drawn = dmm.sample(steps, generator, z_temperature=z_temperature, note_temperature=note_temperature)
    z, gates, probabilities, x = (part[0].numpy() for part in drawn)
    return Drawn(x.astype(np.uint8), z, gates, probabilities)
