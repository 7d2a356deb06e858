"""Judge the first stored run on the test pieces by every convention: `python -m dmm.runs.build_numbers` (minutes)."""

import numpy as np
import torch

from dmm.conventions import nll_by_draws
from dmm.data import load_dataset
from dmm.evaluation import draws_of
from dmm.runs import store
from dmm.runs.judged import COUNTS, DRAWS, Judged, save_judged
from dmm.runs.snapshots import load_run


def judge(dmm, rolls, run: str, counts=COUNTS, draws=DRAWS) -> Judged:
    """Draw from the guess for each piece, and keep what the numbers need, to a thousandth of a nat or better."""
    weights, bounds = zip(*draws_of(dmm, rolls, draws), strict=True)
    weights, bounds = torch.stack(weights), torch.stack(bounds)  # (N, M)
    nll, nll_se = nll_by_draws(weights.numpy(), counts)
    shares = torch.softmax(weights[:, : counts[-1]], 1)
    return Judged(
        run,
        np.array(counts),
        np.array([len(roll) for roll in rolls]),
        (-bounds.mean(1)).numpy().round(4),
        nll.round(4),
        nll_se.round(5),
        round(float((1 / (shares**2).sum(1)).mean()), 3),
    )


def main() -> None:
    """Judge, store and tell."""
    run = sorted(path.parent for path in store.SHIPPED.glob("*/config.json"))[0]
    rolls = [piece.roll for piece in load_dataset(store.read_run_config(run).data).test]
    judged = judge(load_run(run)[0], rolls, run.name)
    save_judged(judged)
    for count, a, se in zip(judged.counts, *judged.per_frame(), strict=True):
        print(f"{count:5d} draws: {a:.4f} +- {se:.4f} nats per frame")


if __name__ == "__main__":
    main()
