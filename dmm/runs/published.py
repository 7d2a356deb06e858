"""Published numbers to stand beside one's own, all on the JSB chorales: the same kind of music, but another set.

The numbers are from tables; b is the bound, a the importance-sampled likelihood, in nats per frame on the test pieces.
The curve is the test bound of Pyro's DMM example, read off the picture in Pyro's tutorial on the deep Markov model, so
good to about 0.1 nats per frame: 229 pieces to learn from, 12 updates of 20 in an epoch.
"""

from typing import NamedTuple

import numpy as np


class Published(NamedTuple):
    """A model, where its numbers stand, and a and b; None where one was not published."""

    name: str
    where: str
    a: float | None
    b: float | None


PAPER = "Krishnan et al. (2017)"
JSB = (  # tables of the paper, unless said otherwise
    Published("DKS = ST-R", "Table 2", 6.605, 7.033),
    Published("ST-L", "Table 2", 7.020, 7.519),
    Published("ST-LR", "Table 2", 6.632, 7.078),
    Published("MF-LR", "Table 2", 6.701, 7.101),
    Published("DMM, annealed", "Table 3", 6.388, 6.926),
    Published("DMM-Aug", "Table 3", 6.288, 6.773),
    Published("no IAF", "Pyro's tutorial", None, 6.87),
    Published("RNN (NLL)", "Table 3", None, 8.71),
)
WITH_NADE = (  # whose emission is another
    Published("DMM-Aug-NADE", "Table 4", 5.118, 5.335),
    Published("RNN-NADE (NLL)", "Table 4", None, 5.19),
)

UPDATES_PER_EPOCH = 12
EPOCHS = (50, 100, 150, 200, 250, 300, 400, 500, 700, 1000, 2000, 3000, 5000)
BOUNDS = (12.2, 11.9, 10.7, 10.0, 9.4, 9.0, 8.5, 8.1, 7.7, 7.35, 7.15, 7.06, 7.02)  # nats per frame


def published_bound(step: int) -> float | None:
    """The published bound after so many updates, with straight lines between what was read off; None beyond its ends.

    >>> published_bound(100), published_bound(600), published_bound(900)
    (None, 12.2, 12.05)
    """
    found = np.interp(step / UPDATES_PER_EPOCH, EPOCHS, BOUNDS, left=np.nan, right=np.nan)
    return None if np.isnan(found) else round(float(found), 3)
