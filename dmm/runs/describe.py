"""What a run's `config.json` says besides the configuration: the data with their digest, and versions. No torch."""

import platform
from importlib.metadata import version

from dmm.data import Dataset
from dmm.data.piece import digest


def describe(dataset: Dataset) -> dict:
    """The data and the versions that a run depends on, as JSON can write them."""
    parts = {part: len(getattr(dataset, part)) for part in ("train", "valid", "test")}
    return {
        "data": {"name": dataset.name, "source": dataset.source, "digest": digest(dataset), "pieces": parts},
        "versions": {
            "python": platform.python_version(),
            "torch": version("torch"),
            "pyro": version("pyro-ppl"),
            "machine": platform.machine(),
        },
    }
