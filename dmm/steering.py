"""Changes that a hand makes while a run trains, each with the update from which it counts.

A change is part of what describes a run, like its configuration: a run that is resumed, or repeated with the same
changes, takes the same steps.
"""

from typing import NamedTuple

from dmm.config import Config, about

MOST_KL_WEIGHT = 2.0


class Change(NamedTuple):
    """From the update after `step` others: a learning rate, and a weight of the KL (None: as the annealing has it)."""

    step: int
    learning_rate: float
    kl_weight: float | None = None


def add(changes: tuple[Change, ...], new: Change) -> tuple[Change, ...]:
    """The changes of a run with one more; a run that went back forgets those of the updates it takes anew.

    >>> add((Change(3, 0.01), Change(9, 0.1)), Change(5, 0.02))
    (Change(step=3, learning_rate=0.01, kl_weight=None), Change(step=5, learning_rate=0.02, kl_weight=None))
    """
    return (*(one for one in changes if one.step < new.step), new)


def in_force(changes: tuple[Change, ...], step: int, config: Config) -> Change:
    """What holds for the update after `step` others: the last change until then, or the configuration."""
    past = [one for one in changes if one.step <= step]
    return past[-1] if past else Change(0, config.learning_rate)


def check(learning_rate: float, kl_weight: float | None) -> None:
    """Refuse what no run can be told.

    Raises:
        ValueError: a sentence with the limits.
    """
    limits = about("learning_rate")
    if not limits["minimum"] <= learning_rate <= limits["maximum"]:
        low, high = limits["minimum"], limits["maximum"]
        raise ValueError(f"The learning rate must be {low:g}–{high:g}; you asked for {learning_rate:g}.")
    if kl_weight is not None and not 0 <= kl_weight <= MOST_KL_WEIGHT:
        raise ValueError(f"The weight of the KL must be 0–{MOST_KL_WEIGHT:g}; you asked for {kl_weight:g}.")
