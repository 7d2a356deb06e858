"""The linear Gaussian model three independent ways: one large Gaussian, numeric integration, and simulation."""

import numpy as np
import pytest

from dmm import kalman, linear_gaussian

S9 = linear_gaussian.make_linear_gaussian(F=1, Q=10, H=0.5, R=20, mean_1=0, cov_1=1, drift=0.05)
CASES = [
    pytest.param(z_dim, x_dim, frames, id=f"Z{z_dim} X{x_dim} T{frames}")
    for z_dim, x_dim in ((1, 1), (2, 1), (2, 3), (3, 2))
    for frames in (1, 2, 4, 7)
]


def make_case(z_dim, x_dim, frames, sequences=3):
    """A random model and some x, not even drawn from it."""
    rng = np.random.default_rng(1000 * z_dim + 100 * x_dim + frames)

    def cov(dim):
        root = rng.normal(size=(dim, dim))
        return root @ root.T + 0.3 * np.eye(dim)

    model = linear_gaussian.make_linear_gaussian(
        F=rng.normal(size=(z_dim, z_dim)) / np.sqrt(z_dim),
        Q=cov(z_dim),
        H=rng.normal(size=(x_dim, z_dim)),
        R=cov(x_dim),
        mean_1=rng.normal(size=z_dim),
        cov_1=cov(z_dim),
        drift=rng.normal(size=z_dim),
        offset=rng.normal(size=x_dim),
    )
    return model, 2 * rng.normal(size=(sequences, frames, x_dim)), rng


def joint(model, frames):
    """Mean and covariance of (z_1, ..., z_T, x_1, ..., x_T), by running the model on each of its noises alone."""
    z_dim, x_dim = len(model.F), len(model.R)

    def run(z_noise, x_noise, constants):
        z = [constants * model.mean_1 + z_noise[0]]
        for w in z_noise[1:]:
            z.append(model.F @ z[-1] + constants * model.drift + w)
        x = [model.H @ z_t + constants * model.offset + v for z_t, v in zip(z, x_noise, strict=True)]
        return np.concatenate([*z, *x])

    def split(vector):
        return vector[: frames * z_dim].reshape(frames, z_dim), vector[frames * z_dim :].reshape(frames, x_dim)

    size = frames * (z_dim + x_dim)
    effect = np.stack([run(*split(unit), constants=0) for unit in np.eye(size)], axis=1)
    noise = np.zeros((size, size))
    for block, part in enumerate([model.cov_1] + [model.Q] * (frames - 1)):
        noise[block * z_dim : (block + 1) * z_dim, block * z_dim : (block + 1) * z_dim] = part
    for block in range(frames):
        place = slice(frames * z_dim + block * x_dim, frames * z_dim + (block + 1) * x_dim)
        noise[place, place] = model.R
    return run(*split(np.zeros(size)), constants=1), effect @ noise @ effect.T


def condition(mean, cov, wanted, given, values):
    """Mean, covariance and coefficients of some entries of a Gaussian, given the values of others."""
    gain = cov[np.ix_(wanted, given)] @ np.linalg.inv(cov[np.ix_(given, given)])
    return (
        mean[wanted] + gain @ (values - mean[given]),
        cov[np.ix_(wanted, wanted)] - gain @ cov[np.ix_(given, wanted)],
        gain,
    )


def log_p_gaussian(value, mean, cov):
    away = value - mean
    squared = away @ np.linalg.inv(cov) @ away
    return -(squared + np.log(np.linalg.det(cov)) + len(value) * np.log(2 * np.pi)) / 2


class Places:
    """Where z_t and x_t, counted from 1, stand in the joint vector; x only where it was seen."""

    def __init__(self, model, frames, seen=None):
        self.z_dim, self.x_dim, self.frames = len(model.F), len(model.R), frames
        self.seen = np.ones((frames, self.x_dim)) if seen is None else seen

    def z(self, t):
        return [(t - 1) * self.z_dim + i for i in range(self.z_dim)]

    def all_x(self, t):
        return [self.frames * self.z_dim + (t - 1) * self.x_dim + i for i in range(self.x_dim)]

    def x(self, first, last):
        times = range(first, last + 1)
        return [p for t in times for p, seen in zip(self.all_x(t), self.seen[t - 1], strict=True) if seen]


def same(got, expected, places=1e-9):
    np.testing.assert_allclose(got, expected, rtol=places, atol=places)


def assert_equals_dense_gaussian(model, x, observed, seen):
    """Filter, smoother, lag-one covariance, log-likelihood and forecast; `seen` is `observed` as (N, T, X)."""
    frames, steps = x.shape[1], 3
    mean, cov = joint(model, frames)
    later_mean, later_cov = joint(model, frames + steps)
    filtered = kalman.kalman_filter(model, x, observed)
    smoothed = kalman.smoother(model, filtered)
    ahead = kalman.forecast(model, filtered, steps)
    for n, x_n in enumerate(np.where(seen == 1, x, 0)):
        at = Places(model, frames, seen[n])
        values = np.concatenate([np.zeros(frames * at.z_dim), x_n.ravel()])

        def given(wanted, observations, mean=mean, cov=cov, values=values):
            return condition(mean, cov, wanted, observations, values[observations])

        everything = at.x(1, frames)
        for t in range(1, frames + 1):
            for (m, P), last in (
                ((filtered.predicted_mean, filtered.predicted_cov), t - 1),
                ((filtered.mean, filtered.cov), t),
                ((smoothed.mean, smoothed.cov), frames),
            ):
                expected = given(at.z(t), at.x(1, last))
                same(m[n, t - 1], expected[0])
                same(P[n, t - 1], expected[1])
            if t < frames:
                pair = given(at.z(t + 1) + at.z(t), everything)[1]
                same(smoothed.lag_one[n, t - 1], pair[: at.z_dim, at.z_dim :])
        log_p = log_p_gaussian(values[everything], mean[everything], cov[np.ix_(everything, everything)])
        same(filtered.log_likelihood[n], log_p)

        on = Places(model, frames + steps, np.concatenate([seen[n], np.ones((steps, at.x_dim))]))
        for k in range(1, steps + 1):
            for (m, P), wanted in (((ahead.mean, ahead.cov), on.z), ((ahead.x_mean, ahead.x_cov), on.all_x)):
                expected = condition(later_mean, later_cov, wanted(frames + k), on.x(1, frames), values[everything])
                same(m[n, k - 1], expected[0])
                same(P[n, k - 1], expected[1])


@pytest.mark.parametrize(("z_dim", "x_dim", "frames"), CASES)
def test_filter_smoother_and_forecast_equal_dense_gaussian(z_dim, x_dim, frames):
    model, x, _ = make_case(z_dim, x_dim, frames)
    assert_equals_dense_gaussian(model, x, None, np.ones(x.shape))


@pytest.mark.parametrize(("z_dim", "x_dim", "frames"), CASES)
def test_missing_frames_are_integrated_out(z_dim, x_dim, frames):
    model, x, rng = make_case(z_dim, x_dim, frames)
    observed = rng.integers(0, 2, x.shape[:2])
    observed[0] = 0  # one sequence of which nothing was seen
    x[observed == 0] = np.nan
    assert_equals_dense_gaussian(model, x, observed, np.repeat(observed[..., None], x_dim, axis=2))


@pytest.mark.parametrize(("z_dim", "x_dim", "frames"), CASES)
def test_missing_components_are_integrated_out(z_dim, x_dim, frames):
    model, x, rng = make_case(z_dim, x_dim, frames)
    observed = rng.integers(0, 2, x.shape)
    x[observed == 0] = np.nan
    assert_equals_dense_gaussian(model, x, observed, observed)


@pytest.mark.parametrize(("z_dim", "x_dim", "frames"), CASES)
@pytest.mark.parametrize("first", ["from t on", "from the first"])
def test_conditionals_equal_dense_gaussian_and_need_no_frame_before(z_dim, x_dim, frames, first):
    model, x, _ = make_case(z_dim, x_dim, frames)
    mean, cov = joint(model, frames)
    A, b, C = kalman.conditionals(model, x)
    assert A.shape == C.shape == (frames, z_dim, z_dim)
    assert b.shape == (len(x), frames, z_dim)
    assert not A[0].any()
    at = Places(model, frames)
    for n, x_n in enumerate(x):
        values = np.concatenate([np.zeros(frames * z_dim), x_n.ravel()])
        for t in range(1, frames + 1):
            before = at.z(t - 1) if t > 1 else []
            frames_seen = at.x(t if first == "from t on" else 1, frames)
            given = before + frames_seen
            at_zero, expected_C, gain = condition(mean, cov, at.z(t), given, values[given])
            same(C[t - 1], expected_C)
            same(b[n, t - 1], at_zero)  # `values` has z_{t-1} = 0
            if t > 1:
                same(A[t - 1], gain[:, :z_dim])


def test_chain_of_conditionals_has_the_smoothers_moments():
    model, x, _ = make_case(3, 2, 7)
    smoothed = kalman.smoother(model, kalman.kalman_filter(model, x))
    A, b, C = kalman.conditionals(model, x)
    mean, cov = b[:, 0], C[0]
    for t in range(1, 7):
        same(smoothed.lag_one[0, t - 1], A[t] @ cov)
        mean, cov = mean @ A[t].T + b[:, t], A[t] @ cov @ A[t].T + C[t]
        same(smoothed.mean[:, t], mean)
        same(smoothed.cov[1, t], cov)


def test_conditionals_leave_the_weight_of_every_draw_constant():
    model, x, rng = make_case(2, 3, 7, sequences=1)
    A, b, C = kalman.conditionals(model, x)
    expected = kalman.kalman_filter(model, x).log_likelihood[0]
    for _ in range(20):
        z_prev, log_w = np.zeros(2), 0.0
        for t in range(7):
            z_t = rng.multivariate_normal(A[t] @ z_prev + b[0, t], C[t])
            log_q = log_p_gaussian(z_t, A[t] @ z_prev + b[0, t], C[t])
            p_mean, p_cov = (model.F @ z_prev + model.drift, model.Q) if t else (model.mean_1, model.cov_1)
            log_w += log_p_gaussian(x[0, t], model.H @ z_t + model.offset, model.R)
            log_w += log_p_gaussian(z_t, p_mean, p_cov) - log_q
            z_prev = z_t
        same(log_w, expected)


def test_two_frames_equal_numeric_integration():
    model, _, _ = make_case(1, 1, 2)
    x = np.array([[[0.7], [-1.2]]])
    span = np.linspace(-20, 20, 1601)
    z_1, z_2 = np.meshgrid(span, span, indexing="ij")

    def density(value, mean, cov):
        return np.exp(-((value - mean) ** 2) / (2 * cov.item())) / np.sqrt(2 * np.pi * cov.item())

    F, H, drift, offset = (part.item() for part in (model.F, model.H, model.drift, model.offset))
    p = density(z_1, model.mean_1.item(), model.cov_1) * density(z_2, F * z_1 + drift, model.Q)
    p *= density(x[0, 0, 0], H * z_1 + offset, model.R) * density(x[0, 1, 0], H * z_2 + offset, model.R)

    def integral(values):
        return np.trapezoid(np.trapezoid(values, span, axis=1), span)

    evidence = integral(p)
    means = [integral(p * z) / evidence for z in (z_1, z_2)]
    away = z_1 - means[0], z_2 - means[1]
    filtered = kalman.kalman_filter(model, x)
    smoothed = kalman.smoother(model, filtered)
    same(filtered.log_likelihood[0], np.log(evidence))
    same(smoothed.mean[0, :, 0], means)
    same(smoothed.cov[0, :, 0, 0], [integral(p * d**2) / evidence for d in away])
    same(smoothed.lag_one[0, 0, 0, 0], integral(p * away[0] * away[1]) / evidence)


def test_samples_have_the_moments_of_the_joint_gaussian():
    model, _, rng = make_case(2, 3, 4)
    n = 40_000
    z, x = linear_gaussian.sample(model, n, 4, rng)
    assert z.shape == (n, 4, 2)
    assert x.shape == (n, 4, 3)
    drawn = np.concatenate([z.reshape(n, -1), x.reshape(n, -1)], axis=1)
    mean, cov = joint(model, 4)
    scale = np.sqrt(np.diag(cov))
    assert abs((drawn.mean(0) - mean) / scale).max() < 5 / np.sqrt(n)
    spread = np.sqrt((np.outer(scale**2, scale**2) + cov**2) / n)  # of a sample covariance
    assert abs((np.cov(drawn.T) - cov) / spread).max() < 5


def test_log_likelihood_equals_an_average_over_simulated_states():
    x = linear_gaussian.sample(S9, 1, 3, np.random.default_rng(4))[1]
    z, _ = linear_gaussian.sample(S9, 200_000, 3, np.random.default_rng(5))
    p = np.exp(-(((x - 0.5 * z) ** 2).sum((1, 2)) / 20 + 3 * np.log(2 * np.pi * 20)) / 2)
    expected = kalman.kalman_filter(S9, x).log_likelihood.item()
    assert abs(p.mean() / np.exp(expected) - 1) < 4 * p.std() / p.mean() / np.sqrt(len(p))


def test_linear_synthetic_set_has_its_known_numbers():
    filtered = kalman.kalman_filter(S9, np.zeros((1, 25, 1)))
    smoothed = kalman.smoother(S9, filtered)
    surprise = 0.25 * filtered.predicted_cov + 20
    nll = (np.log(2 * np.pi * surprise) + 1).mean() / 2  # an observation's squared surprise is its variance, on average
    assert round(nll, 4) == 3.0758
    assert round(np.sqrt(smoothed.cov.mean()), 4) == 3.6980
    assert round(np.sqrt(filtered.cov.mean()), 4) == 4.6465


def test_errors_on_simulated_sequences_are_the_closed_forms():
    n = 4000
    z, x = linear_gaussian.sample(S9, n, 25, np.random.default_rng(6))
    filtered = kalman.kalman_filter(S9, x)
    smoothed = kalman.smoother(S9, filtered)
    for guess, expected in ((filtered, 4.6465), (smoothed, 3.6980)):
        squared = ((guess.mean - z) ** 2).mean((1, 2))
        assert abs(squared.mean() - expected**2) < 4 * squared.std() / np.sqrt(n)
    nll = -filtered.log_likelihood / 25
    assert abs(nll.mean() - 3.0758) < 4 * nll.std() / np.sqrt(n)


@pytest.mark.parametrize(("Q", "R"), [(1e-8, 1e8), (1e8, 1e-8), (1e-8, 1e-8)])
def test_covariances_stay_symmetric_and_positive_at_the_extremes(Q, R):
    eye = np.eye(2)
    model = linear_gaussian.make_linear_gaussian([[1, 1], [0, 1]], Q * eye, [[1, 0]], R, [0, 0], 1e6 * eye)
    filtered = kalman.kalman_filter(model, np.ones((1, 200, 1)))
    smoothed = kalman.smoother(model, filtered)
    for cov in (filtered.cov, filtered.predicted_cov, smoothed.cov, kalman.conditionals(model, np.ones((1, 200, 1))).C):
        assert (cov == cov.swapaxes(-1, -2)).all()
        assert (np.linalg.eigvalsh(cov) > 0).all()


def test_all_seen_said_aloud_changes_nothing():
    model, x, _ = make_case(2, 3, 7)
    silent, said = (kalman.kalman_filter(model, x, observed) for observed in (None, np.ones(x.shape[:2])))
    for one, other in zip(
        (*silent, *kalman.smoother(model, silent)), (*said, *kalman.smoother(model, said)), strict=True
    ):
        same(one, other, 1e-12)


def test_each_sequence_is_judged_by_itself():
    model, x, rng = make_case(2, 3, 7)
    observed = rng.integers(0, 2, x.shape)
    together = kalman.kalman_filter(model, x, observed)
    alone = [kalman.kalman_filter(model, x[n : n + 1], observed[n : n + 1]) for n in range(3)]
    for part, parts in zip(together, zip(*alone, strict=True), strict=True):
        same(part, np.concatenate(parts), 1e-12)


def test_nothing_that_was_passed_in_is_changed():
    model, x, _ = make_case(2, 1, 4)
    kept = x.copy()
    filtered = kalman.kalman_filter(model, x)
    means = filtered.mean.copy(), filtered.predicted_mean.copy()
    kalman.smoother(model, filtered)
    kalman.forecast(model, filtered, 2)
    kalman.conditionals(model, x)
    assert (x == kept).all()
    assert (filtered.mean == means[0]).all()
    assert (filtered.predicted_mean == means[1]).all()


def test_same_seed_gives_the_same_sample():
    one, other = (linear_gaussian.sample(S9, 2, 5, np.random.default_rng(3)) for _ in range(2))
    assert (one[0] == other[0]).all()
    assert (one[1] == other[1]).all()


EYE = [[1, 0], [0, 1]]
GOOD = {"F": EYE, "Q": EYE, "H": EYE, "R": EYE, "mean_1": [0, 0], "cov_1": EYE}
ONE = {"F": 1, "Q": 1, "H": 1, "R": 1, "mean_1": 0, "cov_1": 1}
BAD = [
    (ONE | {"Q": -1}, "Q is the noise's variance and must be above 0: got -1."),
    (ONE | {"R": 0}, "R is the noise's variance and must be above 0: got 0."),
    (ONE | {"cov_1": -0.5}, "cov_1 is the first state's variance and must be above 0: got -0.5."),
    (ONE | {"F": float("nan")}, "F must be finite: got nan."),
    (ONE | {"drift": [1, 2]}, "drift is a vector of 2, expected a vector of 1."),
    (ONE | {"H": [1, 2]}, "H is 1x2, expected 1x1."),
    (ONE | {"F": []}, "F is 1x0, expected 1x1."),
    (GOOD | {"R": [[1, 1.5], [1.5, 1]]}, "R must be positive definite: its smallest eigenvalue is -0.5."),
    (GOOD | {"Q": [[1, 0], [0, 0]]}, "Q must be positive definite: its smallest eigenvalue is 0."),
    (GOOD | {"Q": [[0, 0], [0, 0]]}, "Q must be positive definite: its smallest eigenvalue is 0."),
    (
        GOOD | {"Q": [[1, 0.5], [0.25, 1]]},
        "Q must be symmetric: row 1, column 2 is 0.5, and row 2, column 1 is 0.25.",
    ),
    (GOOD | {"H": np.ones((2, 3))}, "H is 2x3, expected 2x2."),
    (GOOD | {"Q": 1}, "Q is 1x1, expected 2x2."),
    (GOOD | {"mean_1": 0}, "mean_1 is a vector of 1, expected a vector of 2."),
    (GOOD | {"F": np.ones((2, 2, 2))}, "F is 2x2x2, expected 2x2."),
    (GOOD | {"offset": [0, np.inf]}, "offset must be finite: got inf."),
]


@pytest.mark.parametrize(("numbers", "sentence"), BAD, ids=[sentence for _, sentence in BAD])
def test_impossible_model_is_refused_in_one_sentence(numbers, sentence):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011
        linear_gaussian.make_linear_gaussian(**numbers)
    assert str(refusal.value) == sentence


def test_singular_covariance_is_refused_even_if_rounding_hides_it():
    root = np.random.default_rng(0).normal(size=(2, 1))
    with pytest.raises(ValueError, match="R must be positive definite"):
        linear_gaussian.make_linear_gaussian(**GOOD | {"R": root @ root.T})


X = np.zeros((1, 5, 1))
HOLE = np.where(np.arange(5)[None, :, None] == 2, np.nan, 0.0)
CALLS = {
    "x is 1x5x2, expected NxTx1 with at least one sequence and one frame.": lambda: kalman.kalman_filter(
        S9, np.zeros((1, 5, 2))
    ),
    "x is a vector of 5, expected NxTx1 with at least one sequence and one frame.": lambda: kalman.conditionals(
        S9, np.zeros(5)
    ),
    "x is 1x0x1, expected NxTx1 with at least one sequence and one frame.": lambda: kalman.kalman_filter(S9, X[:, :0]),
    "x must be finite where it is observed: got nan.": lambda: kalman.kalman_filter(S9, HOLE),
    "observed is 1x4, expected 1x5 or 1x5x1.": lambda: kalman.kalman_filter(S9, X, np.ones((1, 4))),
    "observed must be 0 or 1: got 0.5.": lambda: kalman.kalman_filter(S9, X, np.full((1, 5), 0.5)),
    "n must be at least 1: got 0.": lambda: linear_gaussian.sample(S9, 0, 5, np.random.default_rng(0)),
    "frames must be 1 to 100,000: got 0.": lambda: linear_gaussian.sample(S9, 1, 0, np.random.default_rng(0)),
    "frames must be 1 to 100,000: got 100,001.": lambda: linear_gaussian.sample(
        S9, 1, 100_001, np.random.default_rng(0)
    ),
    "steps must be 1 to 100,000: got 0.": lambda: kalman.forecast(S9, kalman.kalman_filter(S9, X), 0),
}


@pytest.mark.parametrize("sentence", CALLS)
def test_impossible_call_is_refused_in_one_sentence(sentence):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011
        CALLS[sentence]()
    assert str(refusal.value) == sentence
