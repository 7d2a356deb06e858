"""A published learning curve to stand beside one's own: the test bound of Pyro's DMM example on the JSB chorales.

Read off the picture in Pyro's tutorial on the deep Markov model, so good to about 0.1 nats per frame. It is the same
kind of music, but another set of chorales: 229 to learn from, 12 updates of 20 in an epoch.
"""

import numpy as np

UPDATES_PER_EPOCH = 12
EPOCHS = (50, 100, 150, 200, 250, 300, 400, 500, 700, 1000, 2000, 3000, 5000)
BOUNDS = (12.2, 11.9, 10.7, 10.0, 9.4, 9.0, 8.5, 8.1, 7.7, 7.35, 7.15, 7.06, 7.02)  # nats per frame


def published_curve(steps: list[int]) -> list[float | None]:
    """The published bound after so many updates, with straight lines between what was read off; None before the first.

    >>> published_curve([100, 600, 900])
    [None, 12.2, 12.05]
    """
    found = np.interp(steps, UPDATES_PER_EPOCH * np.array(EPOCHS), BOUNDS, left=np.nan, right=np.nan)
    return [None if np.isnan(one) else round(float(one), 3) for one in found]
