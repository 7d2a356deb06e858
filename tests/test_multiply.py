"""Both libraries multiply, and give the same."""

import pytest
import torch

from dmm import multiply

SHAPES = [(20, 300, 400), (3, 5, 2), (900, 400, 400)]


@pytest.fixture(params=["as it is", "without oneDNN"])
def library(request, monkeypatch):
    if request.param == "without oneDNN":
        monkeypatch.setattr(multiply, "_ONEDNN", None)
    return request.param


@pytest.mark.parametrize(("rows", "inner", "outer"), SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_both_equal_the_plain_product(library, rows, inner, outer, dtype):
    a, weight = torch.randn(rows, inner, dtype=dtype), torch.randn(outer, inner, dtype=dtype)
    expected = a.double() @ weight.double().T
    near = {"rtol": 1e-4, "atol": 1e-3} if dtype == torch.float32 else {}
    torch.testing.assert_close(multiply.multiply(a, weight).double(), expected, **near)
    turned = multiply.multiply(a.T.contiguous().T, weight.T.contiguous().T)
    torch.testing.assert_close(turned.double(), expected, **near)
    y = torch.ones(rows, outer, dtype=dtype)
    add = multiply.adder(weight, rows)
    add(y, a)
    torch.testing.assert_close(y.double(), 1 + expected, **near)
    add(y[:2], a[:2])  # as the shorter sequences end
    torch.testing.assert_close(y[:2].double(), 1 + 2 * expected[:2], **near)


@pytest.mark.parametrize("rows", [5, 256, 700])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_weight_gradient_is_that_of_the_plain_product(library, rows, dtype):
    d_y, a = torch.randn(rows, 90, dtype=dtype), torch.randn(rows, 100, dtype=dtype)
    near = {"rtol": 1e-4, "atol": 1e-3} if dtype == torch.float32 else {}
    torch.testing.assert_close(multiply.weight_gradient(d_y, a).double(), d_y.double().T @ a.double(), **near)
