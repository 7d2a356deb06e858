r"""The loop of a GRU, with its gradient beside it; how it is written, and what each name means, is in `loops.py`."""

import torch
from torch.autograd.function import once_differentiable

from dmm.multiply import adder, multiply, weight_gradient
from dmm.packing import frames, parents, put_start, split


class GRULoop(torch.autograd.Function):
    r"""One layer of a GRU, from the first frame to the last.

    $$
    \begin{aligned}
    r_t, s_t &= \operatorname{sigmoid}(W_x x_t + b_x + W_h h_{t-1} + b_h)              && \text{reset, stay} \\
    n_t      &= \tanh(V_x x_t + c_x + r_t \odot (V_h h_{t-1} + c_h))                    && \text{news} \\
    h_t      &= (1 - s_t) \odot n_t + s_t \odot h_{t-1}
    \end{aligned}
    $$

    Args: x (N, I), w_x (3 H, I), b_x (3 H,), w_h (3 H, H), b_h (3 H,), with the rows of r, s and n in this order as in
    PyTorch; h_0 (H,), a `Packing`. Returns h (N, H).
    Kept for the gradient, per frame: x, h, r, s, n and V h + c, so I + 5 H numbers.

    Source: Cho et al. (2014), with the reset inside the news' product, as PyTorch has it.
    """

    @staticmethod
    def forward(ctx, x, w_x, b_x, w_h, b_h, h_0, packing):
        size = len(h_0)
        from_x = multiply(x, w_x, b_x)
        gates = b_h.repeat(len(x), 1)  # (N, 3 H): becomes r, s and V h + c
        gates[:, : 2 * size].add_(from_x[:, : 2 * size])
        n = from_x[:, 2 * size :].contiguous()
        h = put_start(h_0, torch.empty_like(n), packing)
        views = split(h, packing)
        add_w_h = adder(w_h, packing.sizes[0])
        parts = (gates, gates[:, : 2 * size], *gates.split(size, 1), n)
        pieces = (frames(part, packing) for part in parts)
        for h_prev, h_t, gates_t, both_t, r_t, s_t, v_t, n_t in zip(
            parents(views, packing), views[1:], *pieces, strict=True
        ):
            add_w_h(gates_t, h_prev)
            both_t.sigmoid_()
            n_t.addcmul_(r_t, v_t).tanh_()
            torch.lerp(n_t, h_prev, s_t, out=h_t)
        ctx.save_for_backward(x, w_x, w_h, h, gates, n)
        ctx.packing = packing
        return h[packing.sizes[0] :]

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        x, w_x, w_h, h, gates, n = ctx.saved_tensors
        packing, n_1, size = ctx.packing, ctx.packing.sizes[0], n.shape[1]
        h_prev = h.index_select(0, packing.previous)
        r, s, v = gates.split(size, 1)
        news = (1 - s) * (1 - n * n)  # of h_t, for what is inside tanh
        d_gates = torch.stack([news * v * r * (1 - r), (h_prev - n) * s * (1 - s), news * r], 1)  # (N, 3, H), of h_t
        d_h = put_start(d_h.new_zeros(size), d_h, packing)
        views, wide = split(d_h, packing), split(d_h.unsqueeze(1), packing)[1:]
        add_w_h = adder(w_h.t(), n_1)
        flat = d_gates.view(len(n), -1)
        pieces = (frames(part, packing) for part in (d_gates, flat, s))
        backwards = (reversed(part) for part in (parents(views, packing), views[1:], wide, *pieces))
        for d_prev, d_t, wide_t, d_gates_t, flat_t, s_t in zip(*backwards, strict=True):
            d_gates_t.mul_(wide_t)
            d_prev.addcmul_(d_t, s_t)
            add_w_h(d_prev, flat_t)
        d_h_0, d_h = d_h[:n_1].sum(0), d_h[n_1:]
        d_w_h, d_b_h = weight_gradient(flat, h_prev), flat.sum(0)
        flat[:, 2 * size :] = d_h * news  # what x adds to the news is not reset
        d_x = multiply(flat, w_x.t()) if ctx.needs_input_grad[0] else None
        return d_x, weight_gradient(flat, x), flat.sum(0), d_w_h, d_b_h, d_h_0, None
