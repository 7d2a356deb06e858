"""The paper's experiments on systems whose truth is known: `python -m dmm.runs.build_experiments` (half an hour).

Each of the six networks learns each system with several seeds, on one thread and in less than a minute of an idle core.
The pages show what is stored; `dmm/experiments.py` says what is done.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from itertools import product

import numpy as np
import torch

from dmm import experiments, systems, training, unscented
from dmm.runs.experiment_results import NETWORKS, STORED, Landscape, Result, Stored, load_results, rounded, save_results

SEEDS = (0, 1, 2)
BUDGETS = {  # a minute of an idle core
    "linear": {"sequences": 20_000, "batch_size": 50, "seconds": 58, "epochs": 10_000},
    "nonlinear": {"epochs": 120},
    "recovery": {"epochs": 100, "batch_size": 250},
}
TESTED = 1000  # sequences
DRAWS = 50
POINTS = 100  # of a path, close together where much changes: at the beginning
ALPHAS, BETAS = np.linspace(-0.25, 0.85, 34), np.linspace(-0.45, 0.35, 25)


def run(experiment, inference, seed) -> Result:
    """Train one network with one seed and judge it."""
    torch.set_num_threads(1)
    spec = experiments.make_experiment(experiment, inference=inference, seed=seed, **BUDGETS[experiment])
    state, path, ended = training.make_state(spec), [], ""
    total = spec.config.epochs * spec.updates_per_epoch
    moments = sorted({round(one) for one in np.geomspace(1, total, POINTS)}) if experiment == "recovery" else [total]
    while ended != "done":
        path.append(_numbers(state))
        goal = next(one for one in moments if one > state.step)
        state, report = training.advance(state, spec, training.Budget(steps=goal - state.step))
        ended = report.ended
        if ended == "diverged":
            raise SystemExit(f"{experiment} {inference} {seed}: {report.cause}")
    path.append(_numbers(state))
    dmm = training.load_dmm(spec.config, state.weights, experiments.build)
    z, x = experiments.draw(experiment, TESTED, experiments.TEST, seed)
    judged = experiments.judge(dmm, experiment, z, x, DRAWS)
    seen = experiments.influence(dmm, x).round(4).tolist() if (experiment, seed) == ("linear", 0) else None
    about = {"updates": state.step, "seconds": round(state.seconds, 1)}
    return Result(
        experiment,
        inference,
        seed,
        **about,
        **rounded(judged),
        influence=seen,
        path=path if experiment == "recovery" else None,
    )


def landscape() -> Landscape:
    """The likelihood of the recovery's first data set, by the unscented filter, which is all but exact there."""
    x = np.stack(experiments.make_experiment("recovery", seed=SEEDS[0]).train).astype(float)

    def nll(alpha, beta):
        return -unscented.unscented_filter(systems.two_dimensional(alpha, beta), x).log_likelihood.sum()

    grid = np.array([[nll(alpha, beta) for beta in BETAS] for alpha in ALPHAS])
    lowest, errors = _lowest(nll, *np.array(np.unravel_index(grid.argmin(), grid.shape)))
    return Landscape(
        len(x),
        *(numbers.round(6).tolist() for numbers in (ALPHAS, BETAS, grid / x[..., 0].size)),
        *(float(f"{one:.5g}") for one in (lowest[0], errors[0], lowest[1], errors[1])),
    )


def _lowest(nll, i, j, step=0.02):
    """Where the NLL is lowest and how sure that is, from a parabola around a point of the grid, twice."""
    centre = np.array([ALPHAS[i], BETAS[j]])
    corners = step * np.array(list(product((-1, 0, 1), repeat=2)))
    a, b = corners.T
    for _ in range(2):
        values = [nll(*(centre + corner)) for corner in corners]
        terms = np.stack([np.ones(9), a, b, a * a / 2, a * b, b * b / 2], axis=1)
        _, d_a, d_b, aa, ab, bb = np.linalg.lstsq(terms, np.array(values), rcond=None)[0]
        curvature = np.array([[aa, ab], [ab, bb]])
        centre = centre - np.linalg.solve(curvature, [d_a, d_b])
    return centre, np.sqrt(np.diag(np.linalg.inv(curvature)))


def _numbers(state):
    """Updates, alpha and beta; without them, the updates alone."""
    found = [float(state.weights[name]) for name in ("transition.alpha", "transition.beta") if name in state.weights]
    return (state.step, *(round(one, 5) for one in found))


def main() -> None:
    """Run what is asked for and put it in the place of what was stored of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=list(BUDGETS), help="one experiment; the others stay as they are stored")
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    names = [asked.only] if asked.only else list(BUDGETS)
    before = load_results()
    kept = [one for one in before.results if one.experiment not in names]
    ground = landscape() if "recovery" in names else before.landscape
    jobs = list(product(names, NETWORKS, SEEDS))
    about = {"torch": torch.__version__, "tested": TESTED, "draws": DRAWS}
    with ProcessPoolExecutor(asked.processes) as pool:
        for result in pool.map(run, *zip(*jobs, strict=True)):
            kept.append(result)
            words = f"gap {result.gap:.4f} +- {result.gap_se:.4f}, RMSE {result.rmse:.3f} ({result.exact_rmse:.3f})"
            print(result.experiment, result.inference, result.seed, words, f"{result.seconds:.0f} s", flush=True)
            save_results(Stored(tuple(sorted(kept, key=lambda one: one[:3])), ground, about), STORED)


if __name__ == "__main__":
    main()
