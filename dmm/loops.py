r"""The two loops that no batched product can replace, each with its gradient beside it.

Both run over packed frames (see `packing.py`) and do inside the loop only what waits for the frame before. A line of
`backward` stands in the place of its line of `forward`, in the opposite order; `d_y` is the gradient for `y`. The
gradient of a weight is a sum over frames, so it is taken in one product after the loop.
"""

import torch
from torch import addcmul
from torch.autograd.function import once_differentiable
from torch.nn.functional import softplus

from dmm.multiply import adder, multiply, weight_gradient
from dmm.packing import frames, parents, put_start, split


def through_softplus(d_y, a):
    """The gradient for a, from the one for `y = softplus(a)`; as PyTorch has it, which rounds the slope from 20 on."""
    return torch.ops.aten.softplus_backward(d_y, a, 1, 20)


class ReLULoop(torch.autograd.Function):
    r"""One layer of a ReLU-RNN, from the first frame to the last.

    $$
    h_t = \operatorname{relu}(W_x x_t + b + W_h h_{t-1})
    $$

    Args: x (N, I), w_x (H, I), b (H,), w_h (H, H), h_0 (H,), a `Packing`. Returns h (N, H).
    Kept for the gradient, per frame: x and h, so I + H numbers.
    """

    @staticmethod
    def forward(ctx, x, w_x, b, w_h, h_0, packing):
        h = put_start(h_0, multiply(x, w_x, b), packing)
        views = split(h, packing)
        add_w_h = adder(w_h, packing.sizes[0])
        for h_prev, h_t in zip(parents(views, packing), views[1:], strict=True):
            add_w_h(h_t, h_prev)
            h_t.relu_()
        ctx.save_for_backward(x, w_x, w_h, h)
        ctx.packing = packing
        return h[packing.sizes[0] :]

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        x, w_x, w_h, h = ctx.saved_tensors
        packing, n_1 = ctx.packing, ctx.packing.sizes[0]
        d_h = put_start(d_h.new_zeros(d_h.shape[1]), d_h, packing)  # becomes the gradient for the sum inside relu
        slopes = h.sign()  # relu'
        views = split(d_h, packing)
        add_w_h = adder(w_h.t(), n_1)
        backwards = (reversed(part) for part in (parents(views, packing), views[1:], split(slopes, packing)[1:]))
        for d_prev, d_t, slope_t in zip(*backwards, strict=True):
            d_t.mul_(slope_t)
            add_w_h(d_prev, d_t)
        d_h_0, d_a = d_h[:n_1].sum(0), d_h[n_1:]
        d_w_h = weight_gradient(d_a, h.index_select(0, packing.previous))
        d_x = multiply(d_a, w_x.t()) if ctx.needs_input_grad[0] else None
        return d_x, weight_gradient(d_a, x), d_a.sum(0), d_w_h, d_h_0, None


class ChainLoop(torch.autograd.Function):
    r"""One draw of the latents, each from the one before.

    $$
    \begin{aligned}
    c_t        &= \tanh(W z_{t-1} + b) + m_t                                     \\
    (\mu_t, a_t) &= U c_t + v                                                    \\
    z_t        &= \mu_t + \sigma_t \epsilon_t, \qquad \sigma_t = \operatorname{softplus}(a_t) + \text{floor}
    \end{aligned}
    $$

    The loop works with $s = \operatorname{sigmoid}(2 (W z_{t-1} + b))$ instead, which is eight times as quick: then
    $c_t = 2 s + m_t - 1$, and of $U c_t + v$ all but $2 U s$ is there before the loop starts.

    Args: eps (N, Z), m (N, H), w (H, Z), b (H,), u (2 Z, H), v (2 Z,), z_0 (Z,), a `Packing`, the floor.
    Returns z, loc, scale, each (N, Z).
    Kept for the gradient, per frame: eps, m, s, a and z, so 2 H + 3 Z numbers.
    """

    @staticmethod
    def forward(ctx, eps, m, w, b, u, v, z_0, packing, floor):
        n_1, z_dim = packing.sizes[0], eps.shape[1]
        s = (2 * b).expand(len(m), -1).contiguous()
        out = multiply(m, u, v - u.sum(1))
        out[:, :z_dim].add_(eps, alpha=floor)  # floor * eps, so that softplus alone is left to the loop
        soft = torch.empty_like(out)
        z = put_start(z_0, torch.empty_like(eps), packing)
        zs = split(z, packing)
        add_w, add_u = adder(2 * w, n_1), adder(2 * u, n_1)
        pieces = [frames(part, packing) for part in (s, out, soft, out[:, :z_dim], soft[:, z_dim:], eps)]
        for z_prev, z_t, s_t, out_t, soft_t, loc_t, scale_t, eps_t in zip(
            parents(zs, packing), zs[1:], *pieces, strict=True
        ):
            add_w(s_t, z_prev)
            s_t.sigmoid_()
            add_u(out_t, s_t)
            softplus(out_t, out=soft_t)
            addcmul(loc_t, scale_t, eps_t, out=z_t)
        scale = soft[:, z_dim:] + floor
        loc = addcmul(z[n_1:], scale, eps, value=-1)
        ctx.save_for_backward(eps, m, w, u, s, out[:, z_dim:].contiguous(), z)
        ctx.packing = packing
        return z[n_1:], loc, scale

    @staticmethod
    @once_differentiable
    def backward(ctx, d_z, d_loc, d_scale):
        eps, m, w, u, s, a, z = ctx.saved_tensors
        packing, n_1 = ctx.packing, ctx.packing.sizes[0]
        d_z = put_start(d_z.new_zeros(d_z.shape[1]), d_z, packing)
        along = torch.stack([torch.ones_like(eps), through_softplus(eps, a)], 1)  # (N, 2, Z): of z_t, for mean and a
        d_out = torch.stack([d_loc, through_softplus(d_scale, a)], 1)
        flat = d_out.view(len(eps), -1)
        d_c = torch.zeros_like(s)
        d_a = addcmul(s, s, s, value=-1).mul_(4)  # tanh' becomes the gradient for what is inside tanh
        d_zs = split(d_z, packing)
        add_w, add_u = adder(w.t(), n_1), adder(u.t(), n_1)
        pieces = [frames(part, packing) for part in (d_out, along, flat, d_c, d_a)]
        backwards = (reversed(part) for part in (parents(d_zs, packing), split(d_z.unsqueeze(1), packing)[1:], *pieces))
        for d_prev, d_z_t, d_out_t, along_t, flat_t, d_c_t, d_a_t in zip(*backwards, strict=True):
            d_out_t.addcmul_(d_z_t, along_t)
            add_u(d_c_t, flat_t)
            d_a_t.mul_(d_c_t)
            add_w(d_prev, d_a_t)
        d_w = weight_gradient(d_a, z.index_select(0, packing.previous))
        d_u = weight_gradient(flat, s.mul(2).sub_(1).add_(m))
        return None, d_c, d_w, d_a.sum(0), d_u, flat.sum(0), d_z[:n_1].sum(0), None, None
