"""A check that what a probe reads means something to the model: move z along it, and see what the emitter plays."""

from typing import NamedTuple

import numpy as np

from dmm.data.piece import LOWEST
from dmm.probing.ridge import Probe
from dmm.probing.targets import FLATS

RANDOM = 20  # directions to compare with
MOST_BEATS = 1500
SCALE = (0, 2, 4, 5, 7, 9, 11)  # a major scale, in semitones above its tonic
MEASURES = {  # what of the emitter's chances shows each target, and its unit
    "signature": ("the share of expected notes that belong to its scale", "%"),
    "key": ("the share of expected notes that belong to the scale of its signature", "%"),
    "lowest": ("the chance that it is the lowest note", "%"),
    "highest": ("the expected highest key, as a MIDI number,", ""),
    "sounding": ("the expected number of keys that sound", " keys"),
}


class Nudged(NamedTuple):
    """Expected notes a beat of each pitch class, (12,), `before` and `after`; and what `MEASURES` tells.

    `value` before, `moved` after, and `others` (20,) after steps as long in random directions. `beats`: on how many.
    """

    before: np.ndarray
    after: np.ndarray
    value: float
    moved: float
    others: np.ndarray
    beats: int


def direction(probe: Probe, column: int) -> np.ndarray:
    """The way of z on which a reading grows fastest for its length in standard deviations of each dimension: (Z,)."""
    weights = probe.weights[:, column]
    return probe.scale * weights / (np.linalg.norm(weights) or 1.0)


def nudge(dmm, probe: Probe, column: int, length: float, latents, rolls, target: str, answer: int, seed=0) -> Nudged:
    """What the emitter plays before and after.

    Args:
        dmm: a `DMM`.
        column: of the probe's readings, the one to raise.
        length: in standard deviations; below 0 lowers it.
        latents: draws (T, Z) of pieces, of which at most 1,500 beats are taken.
        rolls: their notes (T, 88), which an augmented model looks at.
        target: a name in `MEASURES`.
        answer: the class that the column stands for; any, for a number.
        seed: of the random directions.
    """
    z = np.concatenate(latents)[:MOST_BEATS]
    before_it = np.concatenate([np.vstack([np.zeros_like(roll[:1]), roll[:-1]]) for roll in rolls])[:MOST_BEATS]
    ways = np.random.default_rng(seed).standard_normal((RANDOM, z.shape[1]))
    ways *= probe.scale / np.linalg.norm(ways, axis=1, keepdims=True)
    steps = [np.zeros(z.shape[1]), length * direction(probe, column), *(length * ways)]
    chances = [_play(dmm, z + step, before_it) for step in steps]
    value, moved, *others = (measure(p, target, answer) for p in chances)
    return Nudged(pitch_classes(chances[0]), pitch_classes(chances[1]), value, moved, np.array(others), len(z))


def measure(chances: np.ndarray, target: str, answer: int) -> float:
    """What shows a target, from the chances (N, 88) of keys that are independent of each other; the mean over beats."""
    if target in ("signature", "key"):
        inside = scale_of(answer if target == "signature" else answer // 2)
        classes = pitch_classes(chances)
        return float(100 * classes[inside].sum() / classes.sum())
    if target == "sounding":
        return float(chances.sum(1).mean())
    if target == "lowest":
        return float(100 * _is_outermost(chances)[:, _classes() == answer].sum(1).mean())
    highest = _is_outermost(chances[:, ::-1])[:, ::-1]
    pitches = np.arange(chances.shape[1]) + LOWEST
    return float((highest @ pitches / highest.sum(1).clip(1e-12)).mean())


def pitch_classes(chances: np.ndarray) -> np.ndarray:
    """Expected notes a beat of each pitch class from C on: (N, 88) -> (12,)."""
    return np.bincount(_classes(), weights=chances.mean(0), minlength=12)


def scale_of(place: int) -> np.ndarray:
    """The pitch classes of the major scale with a signature, which is 0 for five flats and 11 for six sharps.

    >>> scale_of(5).tolist(), scale_of(6).tolist()  # C major and G major
    ([0, 2, 4, 5, 7, 9, 11], [7, 9, 11, 0, 2, 4, 6])
    """
    return (7 * (place - FLATS) + np.array(SCALE)) % 12


def _is_outermost(chances):
    """The chance that each key sounds and none below it: (N, 88)."""
    silent = np.cumprod(1 - chances, axis=1)
    return chances * np.hstack([np.ones((len(chances), 1)), silent[:, :-1]])


def _classes():
    return (np.arange(88) + LOWEST) % 12


def _play(dmm, z, x_before):
    """The emitter's chances, (N, 88)."""
    import torch

    with torch.no_grad():
        like = next(dmm.parameters()).dtype
        parents = (torch.as_tensor(x_before, dtype=like),) if dmm.augmented else ()
        return dmm.emitter.probabilities(torch.as_tensor(z, dtype=like), *parents).double().numpy()
