"""The floors of all families: against known numbers, simulation, one large linear solve and numeric optimisation."""

import math

import numpy as np
import pytest
import torch

from dmm import inference, kalman, linear_gaussian
from dmm.floors import FAMILIES, best, floor, floors, influence
from tests.test_kalman import S9, joint

MEAN_FIELD = [family for family in FAMILIES if family.startswith("mf")]
ALL_SEEING = ["mf-lr", "st-r", "st-lr"]


def may_look(family, frames):
    """1 where E[z_t] (row) may depend on x_s (column)."""
    ones = np.ones((frames, frames))
    return {"mf-l": np.tril(ones), "st-l": np.tril(ones), "mf-r": np.triu(ones)}.get(family, ones)


def random_model(seed, z_dim=1, x_dim=1):
    rng = np.random.default_rng(seed)
    F, H = rng.normal(size=(z_dim, z_dim)), rng.normal(size=(x_dim, z_dim))
    Q, R, cov_1 = (
        root @ root.T + 0.2 * np.eye(len(root)) for root in (rng.normal(size=(d, d)) for d in (z_dim, x_dim, z_dim))
    )
    return linear_gaussian.make_linear_gaussian(
        F, Q, H, R, rng.normal(size=z_dim), cov_1, drift=rng.normal(size=z_dim), offset=rng.normal(size=x_dim)
    )


def test_families_are_the_inference_networks():
    assert list(FAMILIES) == list(inference.NETWORKS)
    for family, (structured, _) in FAMILIES.items():
        assert structured == inference.NETWORKS[family][0].structured


@pytest.mark.parametrize(
    ("family", "bound", "rmse"),
    [
        ("mf-l", 3.4173, 5.084),
        ("mf-r", 3.3860, 4.907),
        ("mf-lr", 3.2680, 3.698),
        ("st-l", 3.2251, 5.084),
        ("st-r", 3.0758, 3.698),
        ("st-lr", 3.0758, 3.698),
    ],
)
def test_linear_synthetic_set_has_its_known_floors(family, bound, rmse):
    lowest = floor(S9, 25, family)
    assert round(lowest.bound, 4) == bound
    assert round(lowest.rmse, 3) == rmse
    assert round(lowest.exact, 4) == 3.0758
    assert lowest == floors(S9, 25)[family]


@pytest.mark.parametrize("seed", range(4))
def test_gaps_add(seed):
    by_family = floors(random_model(seed), 6)
    for one in by_family.values():
        assert abs(one.exact + one.mean_field_gap + one.blind_gap - one.bound) < 1e-9
    mf_l, mf_lr, st_l, st_r = (by_family[family] for family in ("mf-l", "mf-lr", "st-l", "st-r"))
    assert abs((mf_l.bound - st_r.bound) - (mf_lr.bound - st_r.bound) - (st_l.bound - st_r.bound)) < 1e-9
    assert mf_lr.blind_gap == st_l.mean_field_gap == st_r.mean_field_gap == st_r.blind_gap == 0
    assert min(mf_l.blind_gap, mf_lr.mean_field_gap) > 0
    assert by_family["st-lr"] == st_r


@pytest.mark.parametrize(("F", "frames"), [(1, 1), (1, 25), (1, 1000), (0, 25), (-0.9, 25), (1.2, 40), (1.2, 75)])
def test_exact_part_is_the_kalman_filters(F, frames):
    model = S9._replace(F=np.array([[float(F)]]))
    x = linear_gaussian.sample(model, 1, frames, np.random.default_rng(0))[1]
    filtered = kalman.kalman_filter(model, x)
    variance = 0.25 * filtered.predicted_cov + 20
    exact = floor(model, frames, "st-r")
    digits = 1e-5 if (F, frames) == (1.2, 75) else 1e-9  # the longest that is not refused
    assert abs(exact.exact - (np.log(2 * np.pi * variance) + 1).mean() / 2) < digits
    smoothed = kalman.smoother(model, filtered)
    assert abs(exact.rmse - np.sqrt(smoothed.cov.mean())) < 1e-9
    q = best(model, frames, "st-r")
    np.testing.assert_allclose(q.A @ x[0, :, 0] + q.const, smoothed.mean[0, :, 0], rtol=1e-9, atol=1e-9)


def test_exact_influence_is_the_slope_of_the_smoother():
    model, frames = random_model(9), 6

    def smooth(x):
        return kalman.smoother(model, kalman.kalman_filter(model, x)).mean[..., 0]

    x = np.random.default_rng(0).normal(size=(1, frames, 1))
    slope = (smooth(x + np.eye(frames)[..., None]) - smooth(x)).T  # (T, T)
    np.testing.assert_allclose(influence(model, frames), slope, atol=1e-9)
    for family in ALL_SEEING:
        assert (influence(model, frames, family) == influence(model, frames)).all()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("frames", [1, 25])
def test_influence_is_zero_exactly_where_the_family_may_not_look(family, frames):
    of_family = influence(S9, frames, family)
    assert ((of_family != 0) == (may_look(family, frames) == 1)).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_one_frame_leaves_nothing_to_lose(family):
    lowest = floor(S9, 1, family)
    assert abs(lowest.bound - lowest.exact) < 1e-12


def test_means_of_the_best_causal_guess_are_not_the_filters():
    x = linear_gaussian.sample(S9, 1, 25, np.random.default_rng(0))[1]
    q, filtered = best(S9, 25, "mf-l"), kalman.kalman_filter(S9, x)
    assert abs(q.A @ x[0, :, 0] + q.const - filtered.mean[0, :, 0]).max() > 1
    assert floor(S9, 25, "mf-l").rmse > np.sqrt(filtered.cov.mean()) + 0.4


@pytest.mark.parametrize("family", FAMILIES)
def test_simulated_bound_and_error_of_the_best_guess_are_the_floor(family):
    n, frames, rng = 20_000, 25, np.random.default_rng(1)
    truth, x = (part[..., 0] for part in linear_gaussian.sample(S9, n, frames, rng))
    q, lowest = best(S9, frames, family), floor(S9, frames, family)
    loc = x @ q.A.T + q.const
    root = np.linalg.cholesky(q.precision)
    eps = rng.standard_normal((n, frames))
    z = loc + np.linalg.solve(root.T, eps.T).T

    def log_p(value, mean, variance):
        return -((value - mean) ** 2 / variance + np.log(2 * np.pi * variance)) / 2

    log_q = np.log(np.diag(root)).sum() - (eps**2 + np.log(2 * np.pi)).sum(1) / 2
    log_joint = log_p(z[:, 0], 0, 1) + log_p(z[:, 1:], z[:, :-1] + 0.05, 10).sum(1) + log_p(x, 0.5 * z, 20).sum(1)
    bound = (log_q - log_joint) / frames
    assert abs(bound.mean() - lowest.bound) < 4 * bound.std() / np.sqrt(n)
    squared = ((loc - truth) ** 2).mean(1)
    assert abs(squared.mean() - lowest.rmse**2) < 4 * squared.std() / np.sqrt(n)


@pytest.mark.parametrize(("z_dim", "x_dim"), [(1, 1), (1, 2), (2, 1), (2, 3)])
@pytest.mark.parametrize("family", ["mf-l", "mf-r"])
@pytest.mark.parametrize("seed", range(3))
def test_triangular_roots_equal_one_large_solve(family, z_dim, x_dim, seed):
    """The readable twin: one equation for each free entry of A, all at once, since the precision couples the rows."""
    model, frames = random_model(seed, z_dim, x_dim), 4
    mean, cov = joint(model, frames)
    split = frames * z_dim
    x_cov = cov[split:, split:]
    G = cov[:split, split:] @ np.linalg.inv(x_cov)
    precision = np.linalg.inv(cov[:split, :split] - G @ cov[split:, :split])
    rows, columns = np.nonzero(np.kron(may_look(family, frames), np.ones((z_dim, x_dim))))
    system = precision[np.ix_(rows, rows)] * x_cov[np.ix_(columns, columns)]
    A = np.zeros_like(G)
    A[rows, columns] = np.linalg.solve(system, (precision @ G @ x_cov)[rows, columns])

    q, lowest = best(model, frames, family), floor(model, frames, family)
    np.testing.assert_allclose(q.A, A, atol=1e-9)
    np.testing.assert_allclose(q.const, mean[:split] - A @ mean[split:], atol=1e-9)
    np.testing.assert_allclose(q.precision, np.diag(np.diag(precision)), atol=1e-9)
    blind = np.trace(precision @ (A - G) @ x_cov @ (A - G).T) / (2 * frames)
    assert abs(lowest.blind_gap - blind) < 1e-9
    error = np.linalg.inv(precision) + (A - G) @ x_cov @ (A - G).T
    assert abs(lowest.rmse - np.sqrt(np.diag(error).mean())) < 1e-9


class FreeGuess:
    """Any linear Gaussian member of a family, written as the networks write it, and its expected bound."""

    def __init__(self, model, frames, family, generator):
        self.structured, _ = FAMILIES[family]
        looks = may_look("mf-r" if family == "st-r" else family, frames)  # ST-R is given only what lies ahead
        z_dim, x_dim = len(model.F), len(model.R)
        self.looks = torch.from_numpy(np.kron(looks, np.ones((z_dim, x_dim))))
        size = frames * z_dim
        self.reads = torch.randn(self.looks.shape, generator=generator, dtype=torch.float64).mul(0.1).requires_grad_()
        self.bias = torch.zeros(size, dtype=torch.float64, requires_grad=True)
        self.log_scale = torch.zeros(size, dtype=torch.float64, requires_grad=True)
        self.from_last = torch.zeros(size - 1, dtype=torch.float64, requires_grad=self.structured)
        self.model, self.frames = model, frames
        mean, cov = (torch.from_numpy(part) for part in joint(model, frames))
        self.x_mean, self.x_cov, self.p_mean, self.p_cov = mean[size:], cov[size:, size:], mean, cov

    def parameters(self):
        return [p for p in (self.reads, self.bias, self.log_scale, self.from_last) if p.requires_grad]

    def bound(self):
        """E[log q(z | x) - log p(x, z)] over x from the model and z from the guess, nats per frame."""
        size = len(self.bias)
        passed_on = torch.linalg.inv(torch.eye(size, dtype=torch.float64) - torch.diag(self.from_last, -1))
        A, const = passed_on @ (self.looks * self.reads), passed_on @ self.bias
        root = passed_on * self.log_scale.exp()
        zx = A @ self.x_cov
        cov = torch.cat([torch.cat([zx @ A.T + root @ root.T, zx], 1), torch.cat([zx.T, self.x_cov], 1)])
        away = torch.cat([A @ self.x_mean + const, self.x_mean]) - self.p_mean
        inverse = torch.linalg.inv(self.p_cov)
        cross_entropy = (inverse * (cov + torch.outer(away, away))).sum() + torch.logdet(self.p_cov)
        entropy = 2 * self.log_scale.sum() + size * (1 + math.log(2 * math.pi))
        return (cross_entropy + len(self.p_mean) * math.log(2 * math.pi) - entropy) / (2 * self.frames)

    def optimise(self):
        steps = torch.optim.LBFGS(
            self.parameters(), max_iter=3000, tolerance_grad=1e-10, tolerance_change=0, line_search_fn="strong_wolfe"
        )
        seen = []

        def closure():
            steps.zero_grad()
            bound = self.bound()
            bound.backward()
            seen.append(float(bound.detach()))
            return bound

        steps.step(closure)
        return min(seen)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("family", "frames", "model"),
    [
        *(pytest.param(family, 5, S9, id=f"{family} S9") for family in FAMILIES),
        *(
            pytest.param(family, 4, random_model(seed), id=f"{family} random {seed}")
            for family in FAMILIES
            for seed in (1, 2)
        ),
        *(pytest.param(family, 3, random_model(5, 2, 2), id=f"{family} Z2 X2") for family in MEAN_FIELD),
    ],
)
def test_optimisation_reaches_the_floor_and_nothing_goes_below(family, frames, model):
    lowest = floor(model, frames, family).bound
    guess = FreeGuess(model, frames, family, torch.Generator().manual_seed(3))
    assert float(guess.bound().detach()) > lowest
    assert abs(guess.optimise() - lowest) < 1e-6


ERRORS = {
    "The floor of st-l has a closed form for z_dim 1 only, since its networks give diagonal Gaussians: got z_dim 2.": (
        lambda: floor(random_model(0, 2), 5, "st-l")
    ),
    "The influence of a frame is one number for z_dim 1 and x_dim 1: got 1 and 2.": (
        lambda: influence(random_model(0, 1, 2), 5)
    ),
    "Unknown family 'dks': choose one of mf-l, mf-r, mf-lr, st-l, st-r, st-lr.": lambda: floor(S9, 5, "dks"),
    "frames must be 1 to 1,000: got 0.": lambda: floor(S9, 0, "mf-l"),
    "frames must be 1 to 1,000: got 1,001.": lambda: influence(S9, 1001),
    "A state that grows 1.2-fold per frame has floors up to 75 frames: got 76.": (
        lambda: floor(S9._replace(F=np.array([[1.2]])), 76, "mf-l")
    ),
    "Q is the noise's variance and must be above 0: got -10.": (
        lambda: floor(linear_gaussian.make_linear_gaussian(1, -10, 0.5, 20, 0, 1), 5, "mf-l")
    ),
}


@pytest.mark.parametrize("sentence", ERRORS)
def test_impossible_call_is_refused_in_one_sentence(sentence):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011
        ERRORS[sentence]()
    assert str(refusal.value) == sentence
