"""What the choices of the controls are called, when one has no effect, and how to get out of a refusal. No torch."""

import ast
import re
import shutil
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from dmm.refusals import impossible

INFERENCE = Path(__file__).parents[1] / "inference.py"
ROW = re.compile(r"^\| ([MS][FT]-L?R?) +\| \$(.+?)\$ +\| (.+?) +\|$", re.MULTILINE)


class Network(NamedTuple):
    """An inference network in words: its name in the paper, its formula, and what it looks at."""

    name: str
    formula: str
    sees: str


@cache
def networks() -> dict[str, Network]:
    """The inference networks, from the table at the head of `inference.py`, so that it is written once.

    >>> networks()["st-r"].sees
    'the last latent, present and future'
    """
    rows = ROW.findall(ast.get_docstring(ast.parse(INFERENCE.read_text(encoding="utf-8"))))
    return {name.lower(): Network(name, formula, sees) for name, formula, sees in rows}


WORDS = {
    "transition": {"gated": "Gated", "mlp": "MLP", "linear": "Linear"},
    "emission": {"bernoulli": "Bernoulli", "gaussian": "Gaussian"},
    "emitter": {"mlp": "MLP", "linear": "Linear"},
    "edges": {"markov": "Markov", "augmented": "Augmented"},
    "first": {"learned": "Learned", "given": "Given"},
    "rnn_cell": {"relu": "ReLU", "gru": "GRU", "lstm": "LSTM"},
    "kl": {"analytic": "Analytic", "sampled": "Sampled"},
    "loss": {"per-frame": "Per frame", "sum": "Sum"},
    "optimiser": {"adam": "Adam", "clipped-adam": "ClippedAdam"},
    "schedule": {"exponential": "Exponential", "cosine": "Cosine"},
    "engine": {"fused": "Fused", "readable": "Readable", "pyro": "Pyro"},
    "device": {"cpu": "CPU", "cuda": "CUDA"},
}


def in_words(name: str, choice: str) -> str:
    """What one choice of a field is called on a control.

    >>> in_words("inference", "st-r")
    'ST-R: last latent, present and future'
    """
    if name != "inference":
        return WORDS.get(name, {}).get(choice, choice)
    network = networks()[choice]
    return f"{network.name}: {network.sees.removeprefix('the ')}"


NO_EFFECT = {  # a field, and with which value of which other field it is not looked at
    "emission_dim": ("emitter", "linear", "Not used: a linear emitter has no hidden layers."),
    "transition_dim": ("transition", "linear", "Not used: a linear transition has no hidden layers."),
    "first_loc": ("first", "learned", "Not used: the first latent is learned."),
    "first_scale": ("first", "learned", "Not used: the first latent is learned."),
    "iaf_dim": ("num_iafs", 0, "Not used: there are no IAF steps."),
    "min_kl_weight": ("annealing_updates", 0, "Not used: without annealing the KL counts in full at once."),
    "seconds": ("schedule", "exponential", "Not used: only a cosine schedule has a horizon."),
}
NO_CARD = "This machine has no graphics card that PyTorch can use."


def why_idle(name: str, values: dict) -> str:
    """Why a control changes nothing at present, as a sentence; nothing where it does."""
    if name == "device":
        return "" if has_graphics_card() else NO_CARD
    other, value, reason = NO_EFFECT.get(name, ("", None, ""))
    return reason if other and values[other] == value else ""


@cache
def has_graphics_card() -> bool:
    """Whether a worker is likely to find one; PyTorch would know, but takes a second to import."""
    return bool(shutil.which("nvidia-smi") or Path("/dev/nvidia0").exists()) and "+cpu" not in version("torch")


WAYS_OUT = (
    ("Use the sampled KL", {"kl": "sampled"}),
    ("Use the analytic KL", {"kl": "analytic"}),
    ("Use the fused engine", {"engine": "fused"}),
    ("No IAF steps", {"num_iafs": 0}),
    ("No free bits", {"free_bits": 0.0}),
    ("Markov edges", {"edges": "markov"}),
    ("No missing frames", {"missing": 0.0}),
)


def ways_out(values: dict) -> list[tuple[str, dict]]:
    """Single changes, each with its name, that leave fewer reasons to refuse these values."""
    return [(label, change) for label, change in WAYS_OUT if _reasons(values | change) < _reasons(values)]


def _reasons(values):
    return sum(bool(refused) for refused, _ in impossible(SimpleNamespace(**values)))
