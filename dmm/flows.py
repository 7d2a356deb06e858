r"""Inverse autoregressive flows: steps that bend the Gaussian posterior into another shape.

A step moves each latent dimension by an amount that depends on the dimensions before it alone; so its Jacobian is
triangular, and the logarithm of its determinant a sum.
"""

import torch
from torch import nn, relu, sigmoid
from torch.nn.functional import linear, logsigmoid


class IAFStep(nn.Module):
    r"""One step of an inverse autoregressive flow, from $u$ to $z$.

    $$
    \begin{aligned}
    m_j, s_j &= \operatorname{MLP}_j(u_1, \dots, u_{j-1}) \\
    z_j      &= \operatorname{sigmoid}(s_j) \, u_j + (1 - \operatorname{sigmoid}(s_j)) \, m_j \\
    \log \Big| \det \frac{\partial z}{\partial u} \Big| &= \sum_j \log \operatorname{sigmoid}(s_j)
    \end{aligned}
    $$

    Args:
        z_dim: Z.
        iaf_dim: width of the hidden layer.

    Source: Kingma et al. (2016), Algorithm 1; $s$ starts near 2, so that a new step changes little.
    """

    def __init__(self, z_dim, iaf_dim):
        super().__init__()
        self.to_hidden = nn.Linear(z_dim, iaf_dim)
        self.to_shift = nn.Linear(iaf_dim, z_dim)
        self.to_gate = nn.Linear(iaf_dim, z_dim)
        nn.init.constant_(self.to_gate.bias, 2.0)
        j = torch.arange(z_dim)
        # A hidden unit of degree d sees the dimensions up to d (counted from 0); output j hears the degrees below j.
        # With one dimension there is nothing before it: degree -1.
        degree = torch.arange(iaf_dim) % (z_dim - 1) if z_dim > 1 else torch.full((iaf_dim,), -1)
        self.register_buffer("sees", (j[None, :] <= degree[:, None]).to(torch.get_default_dtype()), persistent=False)
        self.register_buffer("hears", (degree[None, :] < j[:, None]).to(torch.get_default_dtype()), persistent=False)

    def shift_and_gate(self, u):
        """m and s: each (..., Z)."""
        hidden = relu(linear(u, self.to_hidden.weight * self.sees, self.to_hidden.bias))
        shift = linear(hidden, self.to_shift.weight * self.hears, self.to_shift.bias)
        return shift, linear(hidden, self.to_gate.weight * self.hears, self.to_gate.bias)

    def forward(self, u):  # (..., Z)
        m, s = self.shift_and_gate(u)
        z = sigmoid(s) * u + (1 - sigmoid(s)) * m
        return z, logsigmoid(s)  # both (..., Z); the second sums to log |det dz/du|


class IAF(nn.Module):
    """Several steps; each one meets the dimensions in the opposite order, so that none is always the first.

    Args:
        z_dim: Z.
        iaf_dim: width of each step's hidden layer.
        steps: how many.
    """

    def __init__(self, z_dim, iaf_dim, steps):
        super().__init__()
        self.steps = nn.ModuleList(IAFStep(z_dim, iaf_dim) for _ in range(steps))

    def forward(self, u):  # (..., Z)
        z, log_det = u, torch.zeros_like(u)
        for step in self.steps:
            z, change = step(z.flip(-1))
            log_det = log_det + change
        return z, log_det  # both (..., Z)
