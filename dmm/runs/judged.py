"""What a stored run's draws say of the test pieces, as `build_numbers` stored it: read without torch."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dmm.runs import store

STORED = store.ROOT / "assets" / "numbers.json"
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)  # draws S for importance sampling
DRAWS = 2 * COUNTS[-1]  # of each piece: two groups for the largest S


class Judged(NamedTuple):
    """Costs of N pieces in nats: minus the bound, and what importance sampling says for C numbers of draws.

    `run`: its id. `counts`: (C,). `lengths`: (N,) frames. `bounds`: (N,), minus the bound, a mean over all draws. `nll`
    and its standard errors `nll_se`: (N, C). `effective`: of the largest number of draws, how many carry the weight, a
    mean over the pieces.
    """

    run: str
    counts: np.ndarray
    lengths: np.ndarray
    bounds: np.ndarray
    nll: np.ndarray
    nll_se: np.ndarray
    effective: float

    def per_frame(self) -> tuple[np.ndarray, np.ndarray]:
        """a for each number of draws, and its standard error over draws: (C,) and (C,), nats per frame."""
        frames = self.lengths.sum()
        return self.nll.sum(0) / frames, np.sqrt((self.nll_se**2).sum(0)) / frames


@cache
def load_judged(path: Path = STORED) -> Judged | None:
    """What was stored; None if the file is not there or damaged."""
    try:
        found = json.loads(path.read_text())
        one = Judged(**{name: found[name] for name in Judged._fields})
        arrays = {name: np.asarray(getattr(one, name), dtype=float) for name in ("bounds", "nll", "nll_se")}
        whole = {name: np.asarray(getattr(one, name), dtype=int) for name in ("counts", "lengths")}
        one = one._replace(**arrays, **whole, run=str(one.run), effective=float(one.effective))
        pieces, counts = len(one.lengths), len(one.counts)
        whole_file = one.bounds.shape == (pieces,) and one.nll.shape == one.nll_se.shape == (pieces, counts)
        if not whole_file or not all(np.isfinite(each).all() for each in arrays.values()):
            raise ValueError(path)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return one if pieces and counts and one.lengths.min() > 0 else None


def save_judged(judged: Judged, path: Path = STORED) -> None:
    """Write it down, a line for each field."""
    lines = []
    for name, value in judged._asdict().items():
        plain = np.asarray(value).tolist()
        lines.append(f'"{name}": {json.dumps(plain, separators=(",", ":"))}')
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
