"""How long a run will take, roughly: from how long others took, and how much more there is to multiply. No torch."""

import math
from collections.abc import Iterable

from dmm.config import Config
from dmm.runs.store import Status

GATES = {"relu": 1, "gru": 3, "lstm": 4}
BESIDES = 40_000  # multiplications a frame that what does not depend on the sizes takes the time of; measured


def work(config: Config) -> int:
    """About how many multiplications a frame takes."""
    x, z, rnn = config.x_dim, config.z_dim, config.rnn_dim
    sides = 2 if config.inference.endswith("lr") else 1
    into = config.rnn_embedding or x
    layers = GATES[config.rnn_cell] * (rnn * (into + rnn) + (config.rnn_layers - 1) * 2 * rnn**2)
    emitter = z * x if config.emitter == "linear" else config.emission_dim * (z + config.emission_dim + x)
    transition = 2 * z**2 + (0 if config.transition == "linear" else 4 * z * config.transition_dim)
    flows = config.num_iafs * 3 * z * config.iaf_dim
    embedding = x * config.rnn_embedding
    return sides * layers + 2 * z * rnn + emitter + transition + flows + embedding


def seconds_per_epoch(config: Config, measured: Iterable[tuple[Config, Status]]) -> float | None:
    """An estimate from the run that is most like it among those measured; None where none is on the same data and
    engine, or none of them has had an epoch."""
    like = [
        (one, status.seconds / status.epoch)
        for one, status in measured
        if status.epoch > 0 and status.seconds > 0 and _kind(one) == _kind(config)
    ]
    if not like:
        return None
    wanted = work(config) + BESIDES
    one, seconds = min(like, key=lambda found: abs(math.log((work(found[0]) + BESIDES) / wanted)))
    return seconds * wanted / (work(one) + BESIDES)


def in_words(seconds: float) -> str:
    """A time that is only roughly known.

    >>> in_words(3), in_words(47), in_words(70), in_words(100), in_words(6000)
    ('a few seconds', 'about 50 seconds', 'about a minute', 'about 2 minutes', 'about 1.7 hours')
    """
    if seconds < 8:
        return "a few seconds"
    if seconds < 55:
        return f"about {round(seconds, -1):.0f} seconds"
    if seconds < 5400:
        minutes = round(seconds / 60)
        return f"about {minutes} minutes" if minutes > 1 else "about a minute"
    return f"about {seconds / 3600:.1f} hours"


def _kind(config):
    return config.data, config.engine, config.device
