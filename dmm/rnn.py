r"""Recurrent networks that sum up a sequence from one of its ends.

$$
h^{\text{right}}_t = f(x_t, h^{\text{right}}_{t+1}), \qquad h^{\text{left}}_t = f(x_t, h^{\text{left}}_{t-1})
$$
"""

import torch
from torch import nn, relu

LEFT, RIGHT = "left", "right"  # what is summed up: all on the left of t, or all on the right; with t itself
CELLS = {"relu": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def reverse(x, lengths):
    """Each sequence back to front; padding stays where it is, so that doing it twice changes nothing.

    Args:
        x: (B, T, ...) padded sequences.
        lengths: (B,) how many frames of each are real.

    >>> reverse(torch.tensor([[1, 2, 3, 0]]), torch.tensor([3]))
    tensor([[3, 2, 1, 0]])
    """
    t = torch.arange(x.shape[1], device=x.device).expand(x.shape[:2])  # (B, T)
    last = lengths.unsqueeze(1) - 1
    source = torch.where(t <= last, last - t, t)
    return x.gather(1, source.reshape(*source.shape, *[1] * (x.dim() - 2)).expand_as(x))


class RNN(nn.Module):
    r"""Sums up the future ("right": $h_t$ depends on $x_t, \dots, x_T$ alone) or the past ("left").

    $$
    h_t = \operatorname{relu}(W_x x_t + b_x + W_h h_{t+1} + b_h), \qquad h_{T+1} = h_0
    $$

    for the plain cell, looking right; GRU and LSTM are PyTorch's.

    Args:
        x_dim: X, how many keys there are.
        rnn_dim: size of the state.
        direction: "left" or "right".
        cell: "relu", "gru" or "lstm".
        layers: how many RNNs are stacked.
        embedding_dim: width of a relu layer between the keys and the first RNN; 0 for none.

    Source: Krishnan, Shalit & Sontag (2017), section 4; $h_0$ is learned, as in Pyro's example.
    Differs: the authors' code has an LSTM behind an embedding; the plain ReLU-RNN is Pyro's example. Dropout acts on
    the output of every layer; PyTorch's own leaves the last one out.
    """

    def __init__(self, x_dim, rnn_dim, direction, cell="relu", layers=1, embedding_dim=0):
        super().__init__()
        self.direction, self.cell = direction, cell
        self.embedding = nn.Linear(x_dim, embedding_dim) if embedding_dim else None
        sizes = [embedding_dim or x_dim] + [rnn_dim] * (layers - 1)
        kind = {"nonlinearity": "relu"} if cell == "relu" else {}
        self.layers = nn.ModuleList(CELLS[cell](size, rnn_dim, batch_first=True, **kind) for size in sizes)
        self.h_0 = nn.Parameter(torch.zeros(layers, rnn_dim))
        self.c_0 = nn.Parameter(torch.zeros(layers, rnn_dim)) if cell == "lstm" else None

    def start(self, layer, sequences):
        """What a layer starts from, as PyTorch wants it: (1, B, rnn_dim), for an LSTM two of them."""
        h_0 = self.h_0[layer].expand(1, sequences, -1).contiguous()
        return h_0 if self.c_0 is None else (h_0, self.c_0[layer].expand(1, sequences, -1).contiguous())

    def forward(self, x, lengths, keep=()):  # (B, T, X), (B,), one (B, T, rnn_dim) for each layer
        h = x if self.embedding is None else relu(self.embedding(x))
        h = reverse(h, lengths) if self.direction == RIGHT else h
        for layer, rnn in enumerate(self.layers):
            h, _ = rnn(h, self.start(layer, len(x)))
            if keep:
                factor = keep[layer]
                h = h * (reverse(factor, lengths) if self.direction == RIGHT else factor)
        return reverse(h, lengths) if self.direction == RIGHT else h  # (B, T, rnn_dim)
