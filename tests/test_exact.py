"""The exact answers: each number computed once more by plain loops, and what the command makes of them."""

import json
import math
import statistics

import numpy as np
import pytest

from dmm import exact, floors, particles, systems
from tests.test_cli import good, refused, strict
from tests.test_kalman import S9, Places, condition, joint

FEW = {"frames": 6, "sequences": 5, "seed": 3}


@pytest.fixture(scope="module")
def few():
    return exact.run("nonlinear", **FEW)


@pytest.fixture(scope="module")
def many():
    return exact.run("nonlinear", frames=25, sequences=80, seed=1)


def drawn(frames, sequences, seed):
    """The sequences of an experiment, as anybody can draw them: z and x (N, T), and the generator after that."""
    rng = np.random.default_rng(seed)
    z, x = systems.sample(systems.nonlinear(), sequences, frames, rng)
    return z[..., 0], x[..., 0], rng


def normal(value, mean, variance):
    return np.exp(-((value - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


# --- by hand ---


def solved_on_another_grid(x):
    """log p(x), and the means of filter and smoother, for one sequence of the non-linear system (T,)."""
    g = np.arange(-60, 60, 0.08)
    K = normal(g, (g + 2 * np.sin(g))[:, None], 5) * 0.08  # from row to column
    joint_up_to, filtered = [], []
    for t, x_t in enumerate(x):
        before = normal(g, 0, 0.01) * 0.08 if t == 0 else joint_up_to[-1] @ K
        joint_up_to.append(before * normal(x_t, 0.5 * g, 5))  # p(z_t, x_1..t), never normalised
        filtered.append(joint_up_to[-1] @ g / joint_up_to[-1].sum())
    after, smoothed = np.ones_like(g), []
    for t in reversed(range(len(x))):
        both = joint_up_to[t] * after
        smoothed.append(both @ g / both.sum())
        after = K @ (normal(x[t], 0.5 * g, 5) * after)
    return math.log(joint_up_to[-1].sum()), filtered, smoothed[::-1]


def unscented_by_hand(x):
    """The pseudo log-likelihood, and the means of filter and smoother, from three sigma points and plain numbers."""
    steps, log_p, m, P = [], 0.0, 0.0, 0.01
    for t, x_t in enumerate(x):
        cross = None
        if t:
            points = [m, m + math.sqrt(3 * P), m - math.sqrt(3 * P)]
            images = [z + 2 * math.sin(z) for z in points]
            centre = 2 / 3 * images[0] + (images[1] + images[2]) / 6
            weighted = list(zip((2 / 3, 1 / 6, 1 / 6), points, images, strict=True))
            cross = sum(w * (z - m) * (y - centre) for w, z, y in weighted)
            m, P = centre, sum(w * (y - centre) ** 2 for w, _, y in weighted) + 5
        predicted = m, P
        S = 0.25 * P + 5  # the look is linear: nothing to approximate
        log_p += math.log(normal(x_t, 0.5 * m, S))
        m, P = m + 0.5 * P / S * (x_t - 0.5 * m), P - 0.25 * P**2 / S
        steps.append((m, P, *predicted, cross))
    smoothed = [m]
    for (m, *_), (_, _, m_next, P_next, cross) in zip(steps[-2::-1], steps[:0:-1], strict=True):
        smoothed.append(m + cross / P_next * (smoothed[-1] - m_next))
    return log_p, [m for m, *_ in steps], smoothed[::-1]


def assert_mean(result, name, numbers):
    assert result[name] == pytest.approx(statistics.mean(numbers), rel=1e-7)
    assert result[f"{name}_se"] == pytest.approx(statistics.stdev(numbers) / math.sqrt(len(numbers)), rel=1e-6)


def rmse(means, z):
    return math.sqrt(statistics.mean(((np.array(means) - z) ** 2).ravel()))


# --- linear ---


@pytest.mark.parametrize("frames", [1, 2, 9, 25])
def test_linear_numbers_are_those_of_one_large_gaussian(frames):
    result = exact.run("linear", frames)
    mean, cov = joint(S9, frames)
    at = Places(S9, frames)
    everything = at.x(1, frames)
    entropy = np.linalg.slogdet(2 * np.pi * math.e * cov[np.ix_(everything, everything)])[1] / 2
    assert abs(result["nll"] - entropy / frames) < 1e-9
    for name, last in (("smoother", lambda t: frames), ("filter", lambda t: t)):
        left = [
            condition(mean, cov, at.z(t), at.x(1, last(t)), np.zeros(last(t)))[1].item() for t in range(1, frames + 1)
        ]
        assert abs(result[f"rmse_{name}"] - math.sqrt(statistics.mean(left))) < 1e-9


def test_linear_numbers_are_the_known_ones():
    result = exact.run("linear")
    assert [round(result[name], 4) for name in ("nll", "rmse_smoother", "rmse_filter")] == [3.0758, 3.6980, 4.6465]
    bounds = {family: round(one["bound"], 4) for family, one in result["floors"].items()}
    assert bounds == {
        "mf-l": 3.4173,
        "mf-r": 3.3860,
        "mf-lr": 3.2680,
        "st-l": 3.2251,
        "st-r": 3.0758,
        "st-lr": 3.0758,
    }


def test_linear_floors_are_the_modules_and_add_up():
    result = exact.run("linear", 7)
    for family, one in floors.floors(systems.linear(), 7).items():
        said = result["floors"][family]
        assert said == {name: value for name, value in one._asdict().items() if name != "exact"}
        assert abs(result["nll"] + said["mean_field_gap"] + said["blind_gap"] - said["bound"]) < 1e-12


# --- non-linear ---


def test_exact_numbers_are_those_of_another_grid(few):
    z, x, _ = drawn(**FEW)
    log_p, filtered, smoothed = zip(*map(solved_on_another_grid, x), strict=True)
    assert_mean(few, "nll", [-value / FEW["frames"] for value in log_p])
    assert few["rmse_filter"] == pytest.approx(rmse(filtered, z), rel=1e-7)
    assert few["rmse_smoother"] == pytest.approx(rmse(smoothed, z), rel=1e-7)


def test_unscented_numbers_are_those_of_plain_loops(few):
    z, x, _ = drawn(**FEW)
    log_p, filtered, smoothed = zip(*map(unscented_by_hand, x), strict=True)
    nll = [-solved_on_another_grid(x_n)[0] / FEW["frames"] for x_n in x]
    pseudo = [-value / FEW["frames"] for value in log_p]
    assert_mean(few["unscented"], "pseudo_nll", pseudo)
    assert_mean(few["unscented"], "nll_above_exact", [one - other for one, other in zip(pseudo, nll, strict=True)])
    assert few["unscented"]["rmse_filter"] == pytest.approx(rmse(filtered, z), rel=1e-7)
    assert few["unscented"]["rmse_smoother"] == pytest.approx(rmse(smoothed, z), rel=1e-7)


def test_particle_numbers_are_the_modules_and_near_the_exact_ones(few, many):
    z, x, rng = drawn(**FEW)
    cloud, found = particles.particle_filter(systems.nonlinear(), x[..., None], exact.PARTICLES, rng), few
    assert_mean(found["particle_filter"], "nll", list(-cloud.log_likelihood / FEW["frames"]))
    assert found["particle_filter"]["rmse_filter"] == pytest.approx(rmse(cloud.mean[..., 0], z))
    found = many["particle_filter"]
    assert found["particles"] == exact.PARTICLES
    assert 0 <= found["nll_above_exact"] + 4 * found["nll_above_exact_se"] < 0.02
    assert found["nll_above_exact"] == pytest.approx(found["nll"] - many["nll"], abs=1e-12)
    assert abs(found["rmse_filter"] - many["rmse_filter"]) < 0.05


def test_nonlinear_numbers_are_the_known_ones(many):
    unscented = many["unscented"]
    for result, name, known in (
        (many, "nll", 2.479),
        (many, "rmse_smoother", 2.296),
        (many, "rmse_filter", 2.808),
        (unscented, "pseudo_nll", 2.509),
        (unscented, "rmse_smoother", 2.494),
        (unscented, "rmse_filter", 2.954),
        (many["particle_filter"], "nll", 2.480),
    ):
        assert abs(result[name] - known) < 4 * result[f"{name}_se"] + 0.003, name
        assert result[f"{name}_se"] < 0.1


def test_the_error_of_an_rmse_is_that_of_leaving_one_sequence_out(many):
    z, x, _ = drawn(25, 80, 1)
    squared = ((exact.grid_filter(systems.nonlinear(), x[..., None], exact.make_grid()).mean - z) ** 2).mean(1)
    without = np.sqrt((squared.sum() - squared) / 79)
    jackknife = math.sqrt(((without - without.mean()) ** 2).sum() * 79 / 80)
    assert many["rmse_filter_se"] == pytest.approx(jackknife, rel=0.03)


def test_the_grid_reaches_as_far_as_the_states_do(monkeypatch):
    before = exact.run("nonlinear", 25, 10, seed=0)
    monkeypatch.setattr(exact, "WIDTH", 1)
    after = exact.run("nonlinear", 25, 10, seed=0)
    for name in ("nll", "rmse_smoother", "rmse_filter"):
        assert after[name] == pytest.approx(before[name], rel=1e-6)


@pytest.mark.parametrize(("frames", "sequences"), [(1, 1), (1, 3), (100, 2)])
def test_the_shortest_and_the_longest_have_finite_numbers(frames, sequences):
    result = exact.run("nonlinear", frames, sequences)
    json.dumps(result, allow_nan=False)
    assert (result["nll_se"] is None) == (sequences == 1)
    assert "None" not in exact.in_words(result)
    assert "nan" not in exact.in_words(result)


# --- the command ---


def test_the_command_prints_what_the_module_computes_with_every_digit(few):
    (line,) = good("exact", "--experiment", "linear", "--frames", 12, "--json")
    assert strict(line) == exact.run("linear", 12)
    options = [word for name, value in FEW.items() for word in (f"--{name}", value)]
    (line,) = good("exact", "--experiment", "nonlinear", *options, "--json")
    assert strict(line) == few
    assert FEW.items() <= strict(line).items()
    assert good("exact", "--experiment", "nonlinear", *options, "--json") == [line]


def test_another_seed_draws_other_sequences(few):
    assert exact.run("nonlinear", **(FEW | {"seed": 4}))["nll"] != few["nll"]


def test_the_command_prints_a_table_for_people(many, few):
    text = "\n".join(good("exact"))
    for word in ("nats per frame", "closed form", "3.0758", "3.6980", "4.6465", "mf-lr", "3.2680", "mean-field gap"):
        assert word in text
    options = ["--frames", FEW["frames"], "--sequences", FEW["sequences"], "--seed", FEW["seed"]]
    text = "\n".join(good("exact", "--experiment", "nonlinear", *options))
    assert text == exact.in_words(few)
    for word in ("5 sequences of 6 frames, seed 3", f"{few['nll']:.3f} ± {few['nll_se']:.3f}", "500 particles"):
        assert word in text
    assert all(len(line) < 100 for line in exact.in_words(many).splitlines())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--frames", 0], "frames must be 1 to 1,000 in the linear experiment: got 0."),
        (["--frames", 1_000_000], "frames must be 1 to 1,000 in the linear experiment: got 1,000,000."),
        (["--frames", -3, "--experiment", "nonlinear"], "1 to 100 in the nonlinear experiment: got -3."),
        (["--frames", 101, "--experiment", "nonlinear"], "1 to 100 in the nonlinear experiment: got 101."),
        (["--frames", 10**30], "got 1,000,000,000"),
        (["--frames", "many"], "many"),
        (["--sequences", 0], "sequences must be 1 to 10,000: got 0."),
        (["--sequences", 10_001, "--experiment", "nonlinear"], "got 10,001."),
        (["--seed", -1], "-1"),
        (["--experiment", "cubic"], "'linear', 'nonlinear'"),
    ],
)
def test_a_wrong_request_gets_one_sentence(options, says):
    assert says in refused("exact", *options)


def test_an_unknown_experiment_is_refused_by_the_module_too():
    with pytest.raises(ValueError, match=r"Unknown experiment 'cubic': choose one of linear, nonlinear\."):
        exact.run("cubic")
