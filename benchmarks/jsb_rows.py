"""What is trained for the table: sizes, settings and seconds of each row."""

from typing import NamedTuple

PAPER = {  # and the authors' code: Adam 8e-4, KL annealed over 5000 updates, an LSTM behind an embedding
    "learning_rate": 8e-4,
    "lr_decay": 1.0,
    "annealing_updates": 5000,
    "min_kl_weight": 0.01,
    "rnn_cell": "lstm",
    "rnn_embedding": 600,
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
OURS = {"schedule": "cosine", "lr_decay": 1.0, "annealing_updates": 500, "rnn_cell": "gru"}


class Row(NamedTuple):
    """`settings` over a preset; `seconds` of training on one core; `published` numbers to stand beside."""

    preset: str
    settings: dict
    seconds: float
    words: str
    published: str = ""


ROWS = {}
