r"""What is known exactly of the paper's linear and non-linear systems: the numbers that every learned guess chases.

NLL is the negative log-likelihood $-\frac1{NT} \sum_n \log p(x^{(n)}_{1:T})$, RMSE the error of a mean of $z_t$ over
all frames. Of the linear system both have a closed form. The non-linear one is simulated, each sequence is solved on a
grid, and beside a mean $\bar y$ over N sequences stands its standard error (`_se`, None for a single sequence):

$$
\operatorname{se}(\bar y) = \sqrt{\frac{1}{N (N - 1)} \sum_n (y_n - \bar y)^2}, \qquad
\operatorname{se}\big(\sqrt{\bar y}\big) \approx \operatorname{se}(\bar y) \big/ 2 \sqrt{\bar y}
$$

Source: Krishnan, Shalit & Sontag (2017), section 6.2.
"""

import numpy as np

from dmm import systems
from dmm.floors import floors
from dmm.grid import grid_filter, grid_smoother, make_grid
from dmm.kalman import kalman_filter, smoother
from dmm.particles import particle_filter
from dmm.unscented import unscented_filter, unscented_smoother

LONGEST = {"linear": 1_000, "nonlinear": 100}  # frames; longer non-linear paths wander off any grid
MOST = 10_000  # sequences: about a minute
PARTICLES = 500
SPACING = 0.1  # of the grid, the scale of z_1: no Gaussian is narrower
WIDTH, MARGIN = 75, 30  # the grid reaches so far at least, and so far beyond the farthest state


def run(experiment, frames=systems.FRAMES, sequences=500, seed=0):
    """The exact answers to one of the paper's experiments, as a dictionary of plain numbers.

    >>> known = run("linear")
    >>> round(known["nll"], 4), round(known["rmse_smoother"], 4), round(known["floors"]["mf-lr"]["bound"], 4)
    (3.0758, 3.698, 3.268)

    Args:
        experiment: "linear" or "nonlinear".
        frames: T, 1 to 1,000 or to 100.
        sequences, seed: of the simulation, N from 1 to 10,000; the linear experiment needs none.

    Returns:
        what `linear` or `nonlinear` does.

    Raises:
        ValueError: the experiment is unknown, or a number is out of its range.
    """
    if experiment not in LONGEST:
        raise ValueError(f"Unknown experiment {experiment!r}: choose one of {', '.join(LONGEST)}.")
    longest = LONGEST[experiment]
    if not 1 <= frames <= longest:
        raise ValueError(f"frames must be 1 to {longest:,} in the {experiment} experiment: got {frames:,}.")
    if not 1 <= sequences <= MOST:
        raise ValueError(f"sequences must be 1 to {MOST:,}: got {sequences:,}.")
    return linear(frames) if experiment == "linear" else nonlinear(frames, sequences, seed)


def linear(frames):
    """The linear system in closed form: NLL, RMSE of smoother and filter, and the floor of each family of networks.

    `floors` holds for each family bound, mean_field_gap, blind_gap and rmse, as `floors.Floor` explains them.
    """
    system = systems.linear()
    lowest = floors(system, frames)
    filtered = kalman_filter(system, np.zeros((1, frames, 1)))  # no covariance depends on x
    rmse = {
        f"rmse_{name}": float(np.sqrt(found.cov.mean()))
        for name, found in (("smoother", smoother(system, filtered)), ("filter", filtered))
    }
    kept = ("bound", "mean_field_gap", "blind_gap", "rmse")
    of_families = {family: {name: getattr(one, name) for name in kept} for family, one in lowest.items()}
    return {"experiment": "linear", "frames": frames, "nll": lowest["st-r"].exact} | rmse | {"floors": of_families}


def nonlinear(frames, sequences, seed):
    """The non-linear system by simulation: the exact answers by the grid, and beside them two classical rivals.

    The `pseudo_nll` of the unscented Kalman filter is that of a Gaussian stand-in; `nll_above_exact`, of either
    rival, is the mean difference on the same sequences, and so much less noisy than the two numbers it lies between.
    """
    system, rng = systems.nonlinear(), np.random.default_rng(seed)
    z, x = systems.sample(system, sequences, frames, rng)
    width = max(WIDTH, int(np.ceil(abs(z).max())) + MARGIN)
    grid = make_grid(-width, width, round(2 * width / SPACING) + 1)
    on_grid = {"smoother": grid_smoother(system, x, grid), "filter": grid_filter(system, x, grid)}
    unscented = unscented_filter(system, x)
    cloud = particle_filter(system, x, PARTICLES, rng)
    nll, unscented_nll, particle_nll = (
        -found.log_likelihood / frames for found in (on_grid["filter"], unscented, cloud)
    )  # (N,)
    result = {"experiment": "nonlinear", "frames": frames, "sequences": sequences, "seed": seed} | _mean("nll", nll)
    for name, found in on_grid.items():
        result |= _rmse(name, found.mean[..., None], z)
    result["unscented"] = (
        _mean("pseudo_nll", unscented_nll)
        | _mean("nll_above_exact", unscented_nll - nll)
        | _rmse("smoother", unscented_smoother(system, unscented).mean, z)
        | _rmse("filter", unscented.mean, z)
    )
    result["particle_filter"] = (
        {"particles": PARTICLES}
        | _mean("nll", particle_nll)
        | _mean("nll_above_exact", particle_nll - nll)
        | _rmse("filter", cloud.mean, z)
    )
    return result


def in_words(result):
    """The result as lines of text."""
    return "\n".join(_linear_lines(result) if result["experiment"] == "linear" else _nonlinear_lines(result))


def _linear_lines(result):
    yield f"linear system, sequences of {result['frames']} frames, in closed form; nats per frame"
    for name, words in (("nll", "exact NLL"), ("rmse_smoother", "RMSE, smoother"), ("rmse_filter", "RMSE, filter")):
        yield f"  {words:20}{result[name]:8.4f}"
    yield "the best of each network   bound   mean-field gap   blind gap      RMSE"
    for family, one in result["floors"].items():
        gaps = f"{one['mean_field_gap']:17.4f}{one['blind_gap']:12.4f}"
        yield f"  {family:20}{one['bound']:10.4f}{gaps}{one['rmse']:10.4f}"


def _nonlinear_lines(result):
    count = f"{result['sequences']} sequences of {result['frames']} frames, seed {result['seed']}"
    yield f"non-linear system, {count}; nats per frame"
    yield f"{'':24}{'NLL':16}{'RMSE, smoother':16}{'RMSE, filter':16}{'NLL above exact'}".rstrip()
    rivals = (
        ("exact, on a grid", result, "nll"),
        ("unscented Kalman", result["unscented"], "pseudo_nll"),
        (f"{result['particle_filter']['particles']} particles", result["particle_filter"], "nll"),
    )
    for words, found, nll in rivals:
        columns = [_with_error(found, name) for name in (nll, "rmse_smoother", "rmse_filter")]
        columns.append(_with_error(found, "nll_above_exact", digits=4))
        yield f"  {words:22}{''.join(f'{column:16}' for column in columns)}".rstrip()
    yield "The unscented filter's NLL is that of a Gaussian stand-in for the system."


def _with_error(found, name, digits=3):
    """A number and its standard error, where there are any."""
    numbers = (found.get(name), found.get(f"{name}_se"))
    return " ± ".join(f"{number:.{digits}f}" for number in numbers if number is not None) or "–"


def _mean(name, each):
    """The mean of a number over sequences (N,), and its standard error."""
    error = None if len(each) == 1 else float(each.std(ddof=1) / np.sqrt(len(each)))
    return {name: float(each.mean()), f"{name}_se": error}


def _rmse(name, mean, z):
    """How far a mean (N, T, Z) lies from the states, over all sequences and frames, and its standard error."""
    squared, error = _mean("squared", ((mean - z) ** 2).mean((1, 2))).values()
    rmse = float(np.sqrt(squared))
    return {f"rmse_{name}": rmse, f"rmse_{name}_se": None if error is None else error / (2 * rmse)}
