r"""How many weights each part of the generative model has, by formula: nothing is built to count them.

$$
\begin{aligned}
\text{emitter}          &= (Z + 1) E + (E + 1) E + (E + 1) X \\
\text{gated transition} &= 2 \, \bigl( (Z + 1) H + (H + 1) Z \bigr) + 2 \, (Z + 1) Z \\
z_0                     &= Z
\end{aligned}
$$

Z latent dimensions, X keys, E the width of the emitter's hidden layers, H that of the transition's. The 1 is a bias.
The number of frames T is in none of them: the same weights serve each frame.
"""


def emitter(x_dim, z_dim, emission_dim) -> tuple[int, int, int]:
    """The weights of the three layers of `model.Emitter`.

    >>> emitter(88, 100, 100)
    (10100, 10100, 8888)
    """
    return layer(z_dim, emission_dim), layer(emission_dim, emission_dim), layer(emission_dim, x_dim)


def gated_transition(z_dim, transition_dim) -> dict[str, int]:
    """The weights of the four parts of `model.GatedTransition`."""
    mlp = layer(z_dim, transition_dim) + layer(transition_dim, z_dim)
    return {"gate": mlp, "proposal": mlp, "linear": layer(z_dim, z_dim), "to_scale": layer(z_dim, z_dim)}


def linear_transition(z_dim) -> int:
    """The weights of `variants.LinearTransition`: a matrix, its bias, and one scale for each dimension."""
    return layer(z_dim, z_dim) + z_dim


def layer(inputs, outputs) -> int:
    """A matrix and a bias."""
    return (inputs + 1) * outputs
