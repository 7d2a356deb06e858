"""What is trained for the table: sizes, settings and seconds of each row."""

from typing import NamedTuple

PAPER = {  # the paper's text: Adam at 8e-4, the KL annealed over 5000 updates, p(z_1) = N(0, I)
    "learning_rate": 8e-4,
    "lr_decay": 1.0,
    "annealing_updates": 5000,
    "min_kl_weight": 0.01,
    "first": "given",
    "schedule": "exponential",
    "rnn_dropout": 0.0,
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
    "schedule": "exponential",
    "rnn_dropout": 0.0,
}
OURS = {"schedule": "cosine", "lr_decay": 1.0, "annealing_updates": 500, "learning_rate": 2e-3, "rnn_dropout": 0.1}
AUGMENTED = {"edges": "augmented", "annealing_updates": 300, "epochs": 100}


class Row(NamedTuple):
    """`preset` sizes, `settings` over them, `seconds` of training on one core (0: as many as its epochs take)."""

    preset: str
    settings: dict
    seconds: float
    words: str


ROWS = {
    "ST-R": Row("paper", OURS, 480, "settings of our own: Adam 2e-3 falling along a cosine, clipped by norm, dropout"),
    "ST-L": Row("paper", OURS | {"inference": "st-l", "epochs": 590}, 0, "the same, for as many epochs"),
    "ST-LR": Row("paper", OURS | {"inference": "st-lr", "epochs": 590}, 0, "the same, for as many epochs"),
    "MF-LR": Row("paper", OURS | {"inference": "mf-lr", "epochs": 590}, 0, "the same, for as many epochs"),
    "ST-R, the paper's settings": Row(
        "paper", PAPER, 900, "Adam 8e-4, KL annealed over 5000 updates, p(z_1) = N(0, I)"
    ),
    "ST-R, Pyro's settings": Row("paper", PYRO, 1200, "ClippedAdam 3e-4, weight decay 2 on a summed loss, sampled KL"),
    "standard, 3 min": Row(
        "standard", {}, 180, "the preset `standard` as it is: a GRU, dropout 0.1, 5e-3 along a cosine"
    ),
    "standard, 10 min": Row(
        "standard", {"rnn_dropout": 0.2}, 600, "the preset with dropout 0.2: more of it, and more time, did not help"
    ),
    "standard, augmented": Row(
        "standard", AUGMENTED, 0, "the preset with edges from the frame before (DMM-Aug), for 100 epochs"
    ),
}
