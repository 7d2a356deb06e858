"""Large matrix products with the quicker of the two libraries inside PyTorch.

PyTorch multiplies float32 matrices with MKL, which on AMD processors leaves the AVX-512 units idle; oneDNN does not.
Measured on one core (Zen 5), in GFLOP/s:

| product                    | MKL | oneDNN |
|----------------------------|-----|--------|
| (20, 600) by (600, 600)    |  99 |    203 |
| (600, 1200) by (1200, 600) | 112 |    241 |
| (20, 200) by (200, 200)    |  91 |     86 |

Only an operator that PyTorch made for its own compiler gives plain tensors to oneDNN. Where it is missing, for other
numbers than float32 on the processor, and for small matrices, there is MKL: oneDNN takes 12 microseconds to start, and
500 more for a shape that it has not seen before.
"""

import torch
from torch.nn.functional import linear

# How many multiplications are worth oneDNN's start: for shapes that come again and again, and for those that do not.
FAMILIAR, NEW = 1_000_000, 100_000_000


def _find_onednn():
    """oneDNN's `linear`, or None."""
    operator = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    return operator.default if operator is not None and torch.backends.mkldnn.is_available() else None


_ONEDNN = _find_onednn()


def _pays(rows, weight, least):
    on_processor = weight.dtype == torch.float32 and weight.device.type == "cpu"
    return _ONEDNN is not None and on_processor and rows * weight.numel() >= least


def multiply(a, weight):
    """`a @ weight.T`: (N, I), (O, I) -> (N, O). It has no gradient of its own."""
    if _pays(len(a), weight, NEW):
        return _ONEDNN(a, weight, None, "none", [], "")
    return linear(a, weight)


def adder(weight, rows):
    """The function `add(y, a)` that does `y += a @ weight.T`, for a loop that calls it often.

    Args:
        weight: (O, I).
        rows: how many rows `a` has at most: a (n, I), y (n, O).
    """
    weight_t = weight.t().contiguous()  # (I, O): read row by row
    if not _pays(rows, weight, FAMILIAR):
        return lambda y, a: y.addmm_(a, weight_t)
    weight = weight_t.t()
    return lambda y, a: y.add_(_ONEDNN(a, weight, None, "none", [], ""))
