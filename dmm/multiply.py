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
500 more for a shape that it has not seen before. So it gets rows by the `BLOCK`, and MKL what is left over.
"""

import torch
from torch.nn.functional import linear

WORTHWHILE = 1_000_000  # so many multiplications take MKL longer than oneDNN, with its start
BLOCK = 256  # rows
WIDE = 2 * WORTHWHILE // BLOCK  # so many weights are worth the work of cutting into blocks


def _find_onednn():
    """oneDNN's `linear`; None where it is not, or where it would have no wider units to use."""
    wider = torch.backends.mkldnn.is_available() and torch.backends.cpu.get_cpu_capability() == "AVX512"
    operator = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if wider else None
    return getattr(operator, "default", None)


_ONEDNN = _find_onednn()


def onednn(a, weight, bias=None):
    """`a @ weight.T + bias` by oneDNN, where `can_onednn`."""
    return _ONEDNN(a, weight, bias, "none", [], "")


def can_onednn(like):
    """Whether oneDNN is here, and quicker, for tensors of this type and device."""
    return _ONEDNN is not None and like.dtype == torch.float32 and like.device.type == "cpu"


def adder(weight, rows):
    """The function `add(y, a)` that does `y += a @ weight.T`, for a loop that calls it often.

    Args:
        weight: (O, I).
        rows: how many rows `a` has at most: a (n, I), y (n, O).
    """
    weight_t = weight.t().contiguous()  # (I, O): read row by row
    if rows * weight.numel() < WORTHWHILE or not can_onednn(weight):
        return lambda y, a: y.addmm_(a, weight_t)
    weight = weight_t.t()
    return lambda y, a: y.add_(onednn(a, weight))


def multiply(a, weight, bias=None):
    """`a @ weight.T + bias`: (N, I), (O, I), (O,) or None -> (N, O). It has no gradient of its own."""
    if len(a) < BLOCK or weight.numel() < WIDE or not can_onednn(a):
        return linear(a, weight, bias)
    y = a.new_empty(len(a), len(weight))
    for a_part, y_part in zip(a.split(BLOCK), y.split(BLOCK), strict=True):
        product = onednn if len(a_part) == BLOCK else linear
        y_part.copy_(product(a_part, weight, bias))
    return y


def weight_gradient(d_y, a):
    """The gradient of `multiply` for its weight, `d_y.T @ a`: (N, O), (N, I) -> (O, I)."""
    if len(a) < BLOCK or a.shape[1] * d_y.shape[1] < WIDE or not can_onednn(a):
        return d_y.t() @ a
    whole = len(a) - len(a) % BLOCK
    d_weight = d_y[whole:].t() @ a[whole:]
    for d_part, a_part in zip(d_y[:whole].split(BLOCK), a[:whole].split(BLOCK), strict=True):
        d_weight += onednn(d_part.t(), a_part.t())
    return d_weight
