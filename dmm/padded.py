r"""Padding, reversal, packing and an RNN of one unit, in NumPy: what `rnn.py` and `packing.py` do, small enough to see.

$$
h_t = \operatorname{relu}\big(x_t + \tfrac12 h_{t+1}\big), \qquad h_{T+1} = h_0
$$

is the RNN of `rnn.py` with one unit, $W_x = 1$, $W_h = \tfrac12$ and no biases. Tested equal to it.
"""

import numpy as np

KEEP = 0.5  # how much of its last state the unit keeps, W_h


def pad(pieces, extra: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Sequences (T_b,) as one block with zeros behind them: x (B, T + extra), lengths (B,).

    >>> pad([[1, 2, 3], [1]])
    (array([[1., 2., 3.],
           [1., 0., 0.]]), array([3, 1]))
    """
    lengths = np.array([len(piece) for piece in pieces])
    x = np.zeros((len(pieces), lengths.max() + extra))
    for row, piece in zip(x, pieces, strict=True):
        row[: len(piece)] = piece
    return x, lengths


def flip(x, lengths):
    """The whole block back to front, padding and all: (B, T) -> (B, T). What one should not do."""
    return x[:, ::-1]


def reverse(x, lengths):
    """Each sequence back to front, its padding left where it is: (B, T) -> (B, T).

    >>> reverse(np.array([[1, 2, 3, 0]]), np.array([3]))
    array([[3, 2, 1, 0]])
    """
    t, last = np.arange(x.shape[1]), lengths[:, None] - 1
    return np.take_along_axis(x, np.where(t <= last, last - t, t), axis=1)


def run(x, h_0: float) -> np.ndarray:
    """The unit's state after each frame, read from the first to the last: (B, T) -> (B, T)."""
    h, states = np.full(len(x), float(h_0)), []
    for x_t in x.T:
        h = np.maximum(x_t + KEEP * h, 0)
        states.append(h)
    return np.stack(states, axis=1)


def look_right(x, lengths, h_0: float, turn=reverse) -> np.ndarray:
    """What the unit says of $x_t, \\dots, x_T$ at each t: turned, read, and turned back; (B, T) -> (B, T)."""
    return turn(run(turn(x, lengths), h_0), lengths)


def apart(x, lengths, h_0: float, turn=flip) -> float:
    """The largest difference that another way to turn makes to the state at a real frame."""
    real = np.arange(x.shape[1]) < lengths[:, None]
    return float(np.abs(look_right(x, lengths, h_0, turn) - look_right(x, lengths, h_0))[real].max())


def packed(lengths) -> tuple[np.ndarray, np.ndarray]:
    """The real frames in the order of `packing.py`: frame after frame, the longest sequence first; two arrays of (N,).

    Returns:
        which sequence, and which frame, each counted from 0.

    >>> packed(np.array([1, 3]))
    (array([1, 0, 1, 1]), array([0, 0, 1, 2]))
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    t, place = np.nonzero(np.arange(max(lengths))[:, None] < np.asarray(lengths)[order])
    return order[place], t
