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
        steps: how many beats to go on.
        seed: of what happens on the way.
    """
    import torch

    from dmm.batches import make_generator

    generator = make_generator(seed, FURTHER)
    like = {"dtype": next(dmm.parameters()).dtype}
    z_t, x_t = (torch.as_tensor(np.repeat(part, FUTURES, axis=0), **like) for part in (z, x_t))
    found = [1.0]  # a state settles what its own beat plays
    with torch.no_grad():
        for _ in range(steps):
            parents = (z_t, x_t) if dmm.augmented else (z_t,)
            loc, scale = dmm.transition(*parents)
            z_t = loc + scale * torch.randn(loc.shape, generator=generator, **like)
            chances = dmm.emitter.probabilities(z_t, *parents[1:])
            x_t = (torch.rand(chances.shape, generator=generator, **like) < chances).to(chances)
            found.append(settled(chances.double().numpy().reshape(len(z), FUTURES, -1)))
    return np.array(found)
