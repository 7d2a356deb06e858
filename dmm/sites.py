r"""What one Pyro site after the other counts: mask, scale, plate and `to_event`, in NumPy. Tested equal to Pyro.

The values of all sites are given, `obs=`.

$$
\log p(z_{1:T}) = s \sum_{t=1}^{T} \sum_{b=1}^{B} m_{bt} \sum_{j=1}^{Z} \log p(z_{btj})
$$

with the mask $m$, 1 for a frame and 0 for padding, and the scale $s$, the weight of the KL. Pyro sums up whatever it is
given; the plate and `to_event` tell it which axes are what, so that it can refuse what cannot be meant.
"""

from typing import NamedTuple

import numpy as np


class Counted(NamedTuple):
    """What Pyro makes of the sites $z_1 \\dots z_T$, whose values are given, each with (B, Z) log-probabilities.

    `batch_shape`, `event_shape`: the axes of many draws, and those of one draw, as the distribution says them.
    `log_prob_shape`: of a site's log-probabilities, inside the plate.
    `by_frame`: (B, T), what each sequence adds at each site, in nats.
    `times`: how often each log-probability is counted.
    `refused`: why Pyro refuses, or "".
    """

    batch_shape: tuple[int, ...]
    event_shape: tuple[int, ...]
    log_prob_shape: tuple[int, ...]
    by_frame: np.ndarray
    times: int
    refused: str

    @property
    def total(self) -> float:
        """The sum over all sites, in nats."""
        return float(self.by_frame.sum())


def count(log_p, mask=None, scale: float = 1.0, event_dims: int = 1, in_plate: bool = True) -> Counted:
    """What the sites of a batch add up to.

    Args:
        log_p: (B, T, Z), B and Z different, each at least 2.
        mask: (B, T), 1 = real; None for none.
        scale: the weight of these sites.
        event_dims: how many axes of (B, Z), from the right, make up one draw: `to_event(event_dims)`, 0 for none.
        in_plate: whether the sites stand in a plate over the B sequences.
    """
    sequences, _, latents = log_p.shape
    shape = (sequences, latents)
    batch_shape, event_shape = shape[: 2 - event_dims], shape[2 - event_dims :]
    # a plate repeats a site that has no axis for it
    times = sequences if in_plate and not batch_shape else 1
    by_frame = scale * times * log_p.sum(-1) * (1 if mask is None else mask)
    log_prob_shape = batch_shape or (sequences,) * in_plate
    return Counted(batch_shape, event_shape, log_prob_shape, by_frame, times, _refusal(shape, batch_shape, in_plate))


def mask_fits(mask_shape: tuple[int, ...], batch_shape: tuple[int, ...]) -> bool:
    """Whether a mask picks among the log-probabilities of a site and leaves their shape as it is.

    >>> mask_fits((3, 1), (3, 2)), mask_fits((3, 1), (3,))
    (True, False)
    """
    try:
        return np.broadcast_shapes(mask_shape, batch_shape) == batch_shape
    except ValueError:
        return False


def _refusal(shape, batch_shape, in_plate):
    """Why Pyro refuses a site with this batch shape, or ""."""
    sequences, latents = shape
    if in_plate and len(batch_shape) == 2:
        return f"The plate's {sequences} sequences should be the last axis, but that axis has size {latents}."
    if not in_plate and batch_shape:
        axes = " and ".join(map(str, batch_shape))
        return f"No plate stands for the {'axes' if len(batch_shape) > 1 else 'axis'} of size {axes}."
    return ""
