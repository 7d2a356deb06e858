"""What is trained for the table: sizes, settings and seconds of each row."""

from typing import NamedTuple

PAPER = {  # the paper's text: Adam at 8e-4, the KL annealed over 5000 updates, p(z_1) = N(0, I)
    "learning_rate": 8e-4,
    "lr_decay": 1.0,
    "annealing_updates": 5000,
    "min_kl_weight": 0.01,
    "first": "given",
}
PYRO = {  # Pyro's example, as it is today: a summed loss, weight decay 2, the sampled KL
    "optimiser": "clipped-adam",
    "learning_rate": 3e-4,
    "beta1": 0.96,
    "clip_norm": 10.0,
    "lr_decay": 0.99996,
    "weight_decay": 2.0,
    "loss": "sum",
    "kl": "sampled",
    "min_kl_weight": 0.2,
    "annealing_updates": 12_000,
}
OURS = {"schedule": "cosine", "lr_decay": 1.0, "annealing_updates": 500, "learning_rate": 2e-3, "rnn_dropout": 0.1}
SMALL = {"schedule": "cosine", "lr_decay": 1.0, "annealing_updates": 500, "learning_rate": 5e-3, "rnn_cell": "gru"}


class Row(NamedTuple):
    """`preset` sizes, `settings` over them, `seconds` of training on one core, and what it is in `words`."""

    preset: str
    settings: dict
    seconds: float
    words: str


ROWS = {
    name.upper(): Row("paper", OURS | {"inference": name}, 480, f"{name.upper()} with settings of our own")
    for name in ("st-r", "st-l", "st-lr", "mf-lr")
}
ROWS["ST-R, the paper's settings"] = Row("paper", PAPER, 900, "Adam 8e-4, KL annealed over 5000 updates, N(0, I) first")
ROWS["ST-R, Pyro's settings"] = Row(
    "paper", PYRO, 1200, "ClippedAdam 3e-4, weight decay 2.0 on a summed loss, sampled KL"
)
ROWS["standard, 3 min"] = Row("standard", SMALL, 180, "the standard preset's sizes, a GRU")
ROWS["standard, 10 min"] = Row("standard", SMALL | {"rnn_dropout": 0.2}, 600, "the same with dropout 0.2")
