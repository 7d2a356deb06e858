"""Which settings a sweep may go over, and with which values: a small set around those of a run. No torch."""

import re

from dmm.config import Config, about, knobs

MOST_VALUES = 12
FIRST = ("learning_rate", "z_dim", "inference", "transition", "rnn_dim", "rnn_cell", "annealing_updates")
NOT_OFFERED = ("x_dim", "emission")  # the data decide; nats of a density are no nats of keys
FROM_NOTHING = {  # where the value of the run is 0, so that there is nothing to halve or double
    "rnn_dropout": (0.0, 0.1, 0.3),
    "missing": (0.0, 0.1, 0.3),
    "free_bits": (0.0, 0.02, 0.1),
    "weight_decay": (0.0, 0.01, 0.1),
    "num_iafs": (0, 1, 2),
    "rnn_embedding": (0, 32, 64),
    "annealing_updates": (0, 100, 300),
    "first_loc": (-1.0, 0.0, 1.0),
}
TOGETHER = {  # whose values are near an end of their range, so that halves and doubles tell nothing
    "rnn_layers": (1, 2, 3),
    "num_iafs": (0, 1, 2),
    "beta1": (0.8, 0.9, 0.96),
    "beta2": (0.99, 0.999, 0.9999),
    "lr_decay": (0.999, 0.9998, 1.0),
    "min_kl_weight": (0.01, 0.2, 1.0),
}


def offered() -> list[str]:
    """The fields that a sweep may go over, those that are tried most often first."""
    names = [name for group in ("model", "inference", "objective", "optimiser") for name in knobs(group)]
    rest = [name for name in names if name not in (*FIRST, *NOT_OFFERED, "seconds")]
    return [*FIRST, *sorted(rest, key=lambda name: about(name)["label"])]


def suggest(name: str, base: Config) -> tuple:
    """A few values around that of a run, which is among them.

    >>> from dmm.config import make_config
    >>> suggest("learning_rate", make_config()), suggest("z_dim", make_config())
    ((0.003, 0.01, 0.03), (8, 16, 32))
    >>> suggest("transition", make_config())
    ('gated', 'mlp', 'linear')
    """
    field, value = about(name), getattr(base, name)
    if field["choices"]:
        return tuple(field["choices"])
    if name in TOGETHER or not value:
        around = TOGETHER.get(name) or FROM_NOTHING.get(name, (0.0, 1.0))
    else:
        factor = 3 if name == "learning_rate" else 2
        around = (value / factor, value * factor)
        around = map(round, around) if field["type"] == "integer" else (float(f"{one:.1g}") for one in around)
    right = {one for one in around if field["minimum"] <= one <= field["maximum"]}
    return tuple(sorted({*right, value}))


def parse(name: str, text: str) -> tuple:
    """The values that somebody has written, with commas or spaces between them; each as often as it comes, once.

    Raises:
        ValueError: one of them is no number, or out of range, or there are too many; one sentence.

    >>> parse("z_dim", "8, 16 16; 4")
    (4, 8, 16)
    """
    field = about(name)
    whole = field["type"] == "integer"
    words = re.split(r"[\s,;]+", text.strip(" \t\n,;"))
    found = []
    for word in filter(None, words):
        try:
            value = float(word)
        except ValueError:
            value = float("nan")
        if not field["minimum"] <= value <= field["maximum"] or (whole and not value.is_integer()):
            kind = "whole numbers" if whole else "numbers"
            limits = f"{field['minimum']:.10g} to {field['maximum']:.10g}"
            raise ValueError(f"{field['label']}: give {kind} from {limits}, with commas between them, not {word[:20]}.")
        found.append(int(value) if whole else value)
    values = tuple(sorted(set(found)))
    if len(values) > MOST_VALUES:
        raise ValueError(f"{field['label']}: got {len(values)} values; {MOST_VALUES} at most.")
    return values


def in_text(values) -> str:
    """Numbers as `parse` reads them.

    >>> in_text((0.003, 0.01, 16))
    '0.003, 0.01, 16'
    """
    return ", ".join(f"{value:.10g}" for value in values)
