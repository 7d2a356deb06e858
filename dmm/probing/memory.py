r"""How long a model remembers: what a hidden state settles of the keys some beats later.

From each of N states $z_t$ the model goes on R times by itself. Of the chances $p_{k}$ of key k, n beats later, a part
of the variance lies between the N states; the rest comes from the randomness on the way:

$$
\text{settled}_n = \frac{\sum_k \operatorname{Var}_{z_t} E[p_{k,t+n} \mid z_t]}{\sum_k \operatorname{Var} p_{k,t+n}}
$$

1 if z_t alone decides, 0 if nothing of it is left. Both variances are estimated without bias, as in the analysis of
variance; so chance alone gives about 0, and now and then less.
"""

import numpy as np

FUTURES, FURTHER = 32, 600  # futures of each state; a stream of random numbers


def settled(chances: np.ndarray) -> float:
    """The share of the formula, from chances (N, R, X) of R futures of each of N states, both at least 2."""
    R = chances.shape[1]
    within = chances.var(1, ddof=1).mean(0).sum()
    between = chances.mean(1).var(0, ddof=1).sum() - within / R
    return float(between / (between + within)) if between + within > 0 else 0.0


def fade(dmm, z, x_t, steps: int, seed: int = 0) -> np.ndarray:
    """What is settled after 0 to `steps` beats: (steps + 1,).

    Args:
        dmm: a `DMM`.
        z: (N, Z) states to begin with.
        x_t: (N, X) the notes of their beats, which an augmented model looks at.
        steps: how many beats to go on, at least 1.
        seed: of what happens on the way.
    """
    import torch

    from dmm.batches import make_generator
    from dmm.rollout import draw_chance, roll_out

    like = {"dtype": next(dmm.parameters()).dtype}
    before = tuple(torch.as_tensor(np.repeat(part, FUTURES, axis=0), **like) for part in (z, x_t))
    chance = draw_chance(dmm, steps, make_generator(seed, FURTHER), len(before[0]))
    chances = roll_out(dmm, chance, before).probabilities.double().numpy()
    found = (settled(chances[:, t].reshape(len(z), FUTURES, -1)) for t in range(steps))
    return np.array([1.0, *found])  # a state settles what its own beat plays
