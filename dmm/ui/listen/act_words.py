"""What came of an act, in words: how far a piece and its twin are apart, and how fast that fades."""

import numpy as np

from dmm.interventions import Act
from dmm.ui.listen.acts import PAIRS

NONE = 0.005  # keys: less is written as 0.00


def how_many_differ(found, act: Act) -> str:
    """The difference of two twins in numbers."""
    keys, after = int(found.differs.sum()), found.differs[act.start :]
    beats = int(after.any(1).sum())
    if not keys:
        return "They do not differ at a single key. Try a more audible dimension, a stronger act, or a longer one."
    many = f"They differ at {keys:,} key{'' if keys == 1 else 's'}"
    if len(after) == 1:
        return f"{many}, all on the last beat; before it, nowhere."
    return f"{many}, on {beats} of the {len(after)} beats from beat {act.start + 1} on; before it, nowhere."


def how_far_it_carries(spread, act: Act) -> str:
    """The mean difference, and how fast it fades, in numbers of the figure."""
    last, other = spread.common[act.end - 1], spread.apart[act.end - 1]
    there = f"At the last beat of the act {last:.2f} keys differ on average over {PAIRS} pairs of pieces"
    much = ", more than twice as much: one such pair would say little of the act" if other > 2 * last else ""
    apart = f"With *other* random numbers from the first beat of the act on it is {other:.2f}{much}."
    after = spread.common[act.end :]
    if last < NONE:
        return f"{there}, so there is nothing whose fading could be heard. {apart}"
    if not len(after):
        return f"{there}. {apart}"
    gone = np.flatnonzero(after <= last / 2)
    if not len(gone):
        return f"{there}, and {after[-1]:.2f} still do at the end of the piece. {apart}"
    beats = f"{gone[0] + 1} beat{'s' if gone[0] else ''}"
    return f"{there}; {beats} later it is half of that or less, so soon is the act forgotten. {apart}"
