"""What an additive combiner can reach: against an optimiser that knows no closed form, and against what was trained."""

import numpy as np
import pytest
import torch

from dmm import floors, systems
from dmm.combiner_floor import SEES, combiner_floor
from dmm.linear_gaussian import make_linear_gaussian
from dmm.runs.experiment_results import load_results

pytestmark = pytest.mark.usefixtures("one_thread", "seeded_float64")

S9 = systems.linear()
MODELS = {
    "S9": S9,
    "restless": make_linear_gaussian(F=0.6, Q=2, H=1.5, R=0.7, mean_1=1, cov_1=3, drift=-0.2, offset=0.4),
    "alternating": make_linear_gaussian(F=-0.9, Q=0.5, H=1, R=2, mean_1=0, cov_1=0.2),
}


def optimum(model, frames, family):
    """The lowest KL per frame of the best weight, coefficients and scales that an optimiser finds, and its RMSE."""
    F, Q, H, R = (getattr(model, name)[0, 0] for name in "FQHR")
    step = torch.eye(frames) - F * torch.diag(torch.ones(frames - 1), -1)
    weight = torch.diag(torch.tensor([1 / model.cov_1[0, 0]] + [1 / Q] * (frames - 1)))
    prior = step.T @ weight @ step
    precision = prior + H**2 / R * torch.eye(frames)
    x_cov = H**2 * torch.linalg.inv(prior) + R * torch.eye(frames)
    G = torch.linalg.inv(precision) * H / R
    seen = {"past": torch.tril, "future": torch.triu, "all": lambda B: B}[SEES[family]]
    a, B, log_s = torch.tensor(0.3), G.contiguous().clone(), torch.zeros(frames)
    search = torch.optim.LBFGS(
        [one.requires_grad_() for one in (a, B, log_s)],
        max_iter=2000,
        tolerance_grad=1e-13,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def judged():
        inverse = torch.linalg.inv(torch.eye(frames) - a * torch.diag(torch.ones(frames - 1), -1))
        missed = inverse @ seen(B) - G
        cov = inverse @ torch.diag(torch.exp(2 * log_s)) @ inverse.T
        spread = (missed @ x_cov @ missed.T).diagonal().sum()
        kl = (precision @ cov).trace() - frames - cov.logdet() - precision.logdet()
        kl = kl + (precision @ missed @ x_cov @ missed.T).trace()
        return kl / (2 * frames), ((torch.linalg.inv(precision).trace() + spread) / frames).sqrt()

    def closure():
        search.zero_grad()
        loss = judged()[0]
        loss.backward()
        return loss

    for _ in range(3):
        search.step(closure)
    with torch.no_grad():
        return [float(number) for number in judged()], a.item()


@pytest.mark.parametrize("family", SEES)
@pytest.mark.parametrize("name", MODELS)
def test_optimiser_reaches_the_floor_and_no_lower(name, family):
    (gap, rmse), weight = optimum(MODELS[name], 6, family)
    found = combiner_floor(MODELS[name], 6, family)
    assert found.gap == pytest.approx(gap, abs=1e-8)
    assert found.gap <= gap + 1e-10
    assert found.rmse == pytest.approx(rmse, abs=1e-4)
    assert found.weight == pytest.approx(weight, abs=1e-3)


@pytest.mark.parametrize("family", SEES)
def test_combiner_s_floor_is_above_the_family_s_and_vanishes_where_the_weight_is_the_same(family):
    blind = floors.floor(S9, 25, family)
    assert combiner_floor(S9, 25, family).gap > blind.bound - blind.exact
    gap = combiner_floor(S9, 2, family).gap  # one step alone has one weight
    assert gap == pytest.approx(floors.floor(S9, 2, family).blind_gap, abs=1e-9)


def test_numbers_of_the_paper_s_linear_system():
    found = combiner_floor(S9, 25, "st-r")
    assert (round(found.gap, 5), round(found.rmse, 4), round(found.weight, 3)) == (0.00475, 3.7167, 0.726)


@pytest.mark.parametrize("family", SEES)
def test_trained_networks_end_just_above_the_combiner_s_floor(family):
    for one in load_results().of("linear", family):
        assert -3 * one.gap_se < one.gap - combiner_floor(S9, 25, family).gap < 0.003


def test_other_models_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="Only structured networks have a combiner: got 'mf-l'"):
        combiner_floor(S9, 5, "mf-l")
    with pytest.raises(ValueError, match="frames must be 1 to 1,000: got 0"):
        combiner_floor(S9, 0, "st-r")
    two = make_linear_gaussian(np.eye(2), np.eye(2), np.eye(2), np.eye(2), [0, 0], np.eye(2))
    with pytest.raises(ValueError, match="z_dim 1 and x_dim 1"):
        combiner_floor(two, 5, "st-r")
