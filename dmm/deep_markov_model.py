"""The whole: the generative model p and the inference network q in one module."""

import torch
from torch import nn

from dmm.flows import IAF
from dmm.inference import Noise, make_network
from dmm.model import Emitter, GatedTransition
from dmm.rnn import RNN
from dmm.rollout import draw_chance, roll_out
from dmm.variants import GaussianEmitter, LinearEmitter, LinearTransition, MLPTransition


class DMM(nn.Module):
    r"""A deep Markov model with its inference network.

    $z_0$ is a learned stand-in for the latent before the first: $p(z_1) = p(z_1 \mid z_0)$. A structured network has
    its own, `inference.z_q_0`, and each of its RNNs starts from an `h_0`: three learned starts, three roles.

    Args:
        emitter: p(x_t | z_t).
        transition: p(z_t | z_{t-1}).
        inference: q(z | x).
        z_dim: Z.
        first: (loc, scale), numbers or (Z,), for a given $p(z_1) = N(m_0, P_0)$ with diagonal P_0; None learns z_0.
        augmented: whether emitter and transition look at the frame before as well.
        rnn_dropout: the chance that an RNN's unit is silenced in training.
        sees_holes: whether the network is told, key by key, what is missing.

    Source: Pyro's DMM example; DMM-Aug in Krishnan, Shalit & Sontag (2017), section 6.5.
    Differs: the paper has $p(z_1) = N(0, I)$; here, as in Pyro, $z_0$ is learned unless `first` is given.
    """

    def __init__(
        self, emitter, transition, inference, z_dim, first=None, augmented=False, rnn_dropout=0.0, sees_holes=False
    ):
        super().__init__()
        self.emitter, self.transition, self.inference = emitter, transition, inference
        self.augmented, self.rnn_dropout, self.sees_holes = augmented, rnn_dropout, sees_holes
        self.z_dim = z_dim
        self.z_0 = nn.Parameter(torch.zeros(z_dim)) if first is None else None
        if first is not None:
            loc, scale = (torch.as_tensor(part, dtype=torch.get_default_dtype()).expand(z_dim) for part in first)
            self.register_buffer("first_loc", loc.clone())
            self.register_buffer("first_scale", scale.clone())

    @property
    def start(self):
        """What stands in the place before the first latent, (Z,): z_0, or the given mean, which nothing then uses."""
        return self.first_loc if self.z_0 is None else self.z_0

    def p_z(self, z, x):
        """p(z_t | z_{t-1}) at each step: loc and scale, (B, T, Z) both, for latents (B, T, Z) of frames (B, T, X)."""
        if self.z_0 is not None:
            return self.transition(*self.parents(z, x))
        parents = [part[:, 1:] for part in self.parents(z, x)]
        loc, scale = self.transition(*parents)
        first = (part.expand(len(z), 1, -1) for part in (self.first_loc, self.first_scale))
        return tuple(torch.cat(pair, dim=1) for pair in zip(first, (loc, scale), strict=True))

    def log_p_x(self, x, z):
        """log p(x_t | z_t), key by key, in nats: (B, T, X)."""
        return self.emitter.log_p(x, z, *self.frames_before(x))

    def parents(self, z, x):
        """What lies one step back: latents (B, T, Z) from $z_0$ on, and if augmented the frames (B, T, X) as well."""
        return (self.previous(z), *self.frames_before(x))

    def frames_before(self, x):
        """The frames one step earlier, (B, T, X), as the one member of a tuple if the model is augmented; else none."""
        return (shift(x),) if self.augmented else ()

    def previous(self, z):
        """The latents one step earlier, $z_0, z_1, \\dots, z_{T-1}$: (B, T, Z) -> (B, T, Z)."""
        return torch.cat([self.start.expand(len(z), 1, -1), z[:, :-1]], dim=1)

    def inputs(self, batch):
        """What the network sees: (B, T, X), with what is missing as silence; (B, T, 2 X) if it is told the holes."""
        x = heard(batch)
        if not self.sees_holes:
            return x
        return torch.cat([x, torch.ones_like(x) if batch.observed is None else batch.observed], dim=-1)

    def sample_noise(self, x, generator, training=False):
        """The randomness that one pass over `x` (B, T, X) needs; dropout only in training."""
        like = {"dtype": next(self.parameters()).dtype, "generator": generator}
        eps = torch.randn(*x.shape[:2], self.z_dim, **like).to(x.device)
        if not (training and self.rnn_dropout):
            return Noise(eps)
        rate = self.rnn_dropout

        def keep(rnn):
            shape = (*x.shape[:2], rnn.h_0.shape[1])
            return tuple((torch.rand(shape, **like) >= rate).to(eps) / (1 - rate) for _ in rnn.layers)

        return Noise(eps, tuple(keep(rnn) for rnn in self.inference.rnns.values()))

    @torch.no_grad()
    def sample(self, steps, generator, sequences=1, z_temperature=1.0, note_temperature=1.0):
        r"""Music from the model alone: latents, gates, key probabilities, and notes drawn with them.

        At a temperature $\tau$ each conditional $p$ becomes $p^{1 / \tau}$, made to sum to 1 again: the scale of a
        Gaussian is then $\sqrt{\tau} \, \sigma$, the log-odds of a key are $\ell / \tau$. At 0 the likeliest is taken.
        Whatever the temperatures, the same generator gives the same random numbers in the same places.

        Args:
            steps: frames.
            generator: of random numbers.
            sequences: how many pieces to draw.
            z_temperature: of each step of the latents given the one before; 1 is the model.
            note_temperature: of the keys given the latents; 1 is the model.

        Returns:
            `Rolled`; its probabilities are those at the temperature of the notes.
        """
        chance = draw_chance(self, steps, generator, sequences)
        return roll_out(self, chance, z_temperature=z_temperature, note_temperature=note_temperature)


def shift(x):
    """The frames one step earlier, silence before the first: (B, T, X) -> (B, T, X)."""
    return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], dim=1)


def heard(batch):
    """The notes of a batch, with silence where they are missing: (B, T, X)."""
    if batch.observed is None:
        return batch.x
    return torch.where(batch.observed > 0, batch.x, torch.zeros_like(batch.x))


def build_dmm(config):
    """The model that a `Config` describes, with PyTorch's first weights."""
    x_prev_dim = config.x_dim if config.edges == "augmented" else 0
    emitter = (
        Emitter(config.x_dim, config.z_dim, config.emission_dim, x_prev_dim)
        if config.emitter == "mlp"
        else LinearEmitter(config.x_dim, config.z_dim, x_prev_dim)
    )
    if config.emission == "gaussian":
        emitter = GaussianEmitter(emitter, config.x_dim)
    transitions = {
        "gated": lambda: GatedTransition(config.z_dim, config.transition_dim, x_prev_dim),
        "mlp": lambda: MLPTransition(config.z_dim, config.transition_dim, x_prev_dim),
        "linear": lambda: LinearTransition(config.z_dim, x_prev_dim),
    }
    transition = transitions[config.transition]()
    sees_holes = config.missing > 0

    def make_rnn(direction):
        x_dim = config.x_dim * (2 if sees_holes else 1)
        return RNN(x_dim, config.rnn_dim, direction, config.rnn_cell, config.rnn_layers, config.rnn_embedding)

    flow = IAF(config.z_dim, config.iaf_dim, config.num_iafs) if config.num_iafs else None
    inference = make_network(config.inference, make_rnn, config.z_dim, config.rnn_dim, flow)
    first = (config.first_loc, config.first_scale) if config.first == "given" else None
    return DMM(
        emitter,
        transition,
        inference,
        config.z_dim,
        first=first,
        augmented=bool(x_prev_dim),
        rnn_dropout=config.rnn_dropout,
        sees_holes=sees_holes,
    )


def make_dmm(config, bias=None, build=build_dmm):
    """A new model, the same for the same `config.seed`.

    Args:
        config: a `Config`.
        bias: (X,) where the emission's bias starts: the data's log-odds per key (the mean, if it is Gaussian), so that
            training does not spend its first minutes on learning which keys are never struck.
        build: what makes the modules, from the configuration.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        dmm = build(config)
    if bias is not None:
        with torch.no_grad():
            dmm.emitter.bias.copy_(torch.as_tensor(bias))
    return dmm
