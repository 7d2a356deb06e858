"""What was stored of the recovery of two numbers, checked, and what follows from it: how far off, at what cost."""

from math import sqrt
from typing import NamedTuple

import numpy as np

from dmm import floors, linear_gaussian, systems
from dmm.figures.surfaces import between
from dmm.figures.valleys import checked_way
from dmm.runs.experiment_results import NETWORKS, Landscape, Result, load_results
from dmm.systems import FRAMES

EXPERIMENT = "recovery"
ALPHA, BETA = systems.two_dimensional.__defaults__  # the truth
SMALL = 1e-6


class End(NamedTuple):
    """Where one network ended: means over its seeds, with their standard errors; nats per frame.

    `away` is the distance from the exact estimate on the first seed's sequences, for alpha and beta; `far` the mean
    distance from the truth; both in the exact estimate's standard errors. `law` is what its law costs beyond the best
    one, `gap` what its guess loses under that law: the bound is the best NLL plus both.
    """

    alpha: float
    alpha_se: float
    beta: float
    beta_se: float
    away: tuple[float, float]
    far: float
    law: float
    gap: float
    gap_se: float


class Study(NamedTuple):
    """What was stored of this experiment, checked."""

    ground: Landscape
    results: dict[str, list[Result]]  # by network, the first seed first
    ends: dict[str, End]
    about: dict

    @property
    def frames(self):
        """Of all sequences together."""
        return self.ground.sequences * FRAMES

    def cost(self, alpha, beta):
        """Nats per frame by which the exact NLL lies above its lowest."""
        return nll_at(self.ground, alpha, beta) - nll_at(self.ground, self.ground.alpha, self.ground.beta)


def nll_at(ground, alpha, beta) -> float:
    """The exact NLL per frame of two numbers, between the points of the grid."""
    return between(ground.alphas, ground.betas, ground.nll, [alpha], [beta]).item()


def read_study() -> Study | None:
    """What was stored; None where nothing was, or nothing that can be shown."""
    stored = load_results()
    try:
        results = {name: sorted(stored.of(EXPERIMENT, name), key=lambda one: one.seed) for name in NETWORKS}
        results = {name: found for name, found in results.items() if found}
        ground = stored.landscape
        if not min(ground.alpha_se, ground.beta_se, ground.sequences) > 0:
            return None
        first = min((found[0].seed for found in results.values()), default=0)
        ends = {name: _end(ground, found, first) for name, found in results.items()}
        whole = Study(ground, results, ends, stored.about)
        usable = np.isfinite([whole.cost(ALPHA, BETA), *(number for one in ends.values() for number in _flat(one))])
        return whole if usable.all() else None
    except (ValueError, TypeError, AttributeError, IndexError):
        return None


def twin_gap(family, alpha, beta) -> float:
    """What the best mean-field guess loses, nats per frame, where tanh and sin are straight lines."""
    like = systems.two_dimensional(alpha, beta)
    F, H = like.step(SMALL * np.eye(2)).T / SMALL, like.look(np.eye(2)).T  # slopes at 0
    model = linear_gaussian.make_linear_gaussian(F, like.Q, H, like.R, like.mean_1, like.cov_1)
    floor = floors.floor(model, FRAMES, family)
    return floor.mean_field_gap + floor.blind_gap


def _flat(end):
    return (*end.away, *end[:4], *end[5:])


def _end(ground, found, first):
    """An `End` from the results of one network."""
    last = np.array([checked_way(one.path)[-1, 1:] for one in found])  # (seeds, 2)
    errors = np.array([ground.alpha_se, ground.beta_se])
    away = (last[0] - [ground.alpha, ground.beta]) / errors if found[0].seed == first else np.full(2, np.nan)
    law = np.array([nll_at(ground, *point) for point in last])  # (seeds,)
    gap = [one.gap for one in found] - (law - nll_at(ground, ALPHA, BETA))  # stored: over the exact NLL of the truth
    (alpha, beta), (alpha_se, beta_se) = last.mean(0), _se(last)
    return End(
        alpha,
        alpha_se,
        beta,
        beta_se,
        tuple(away),
        float(np.linalg.norm((last - [ALPHA, BETA]) / errors, axis=1).mean()),
        float(law.mean()) - nll_at(ground, ground.alpha, ground.beta),
        float(gap.mean()),
        float(_se(gap)),
    )


def _se(values):
    """The standard error of a mean over the first axis; 0 where one value says nothing of it."""
    return values.std(0, ddof=1) / sqrt(len(values)) if len(values) > 1 else np.zeros(values.shape[1:])
