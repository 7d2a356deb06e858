"""The whole: the generative model p and the inference network q in one module."""

import torch
from torch import nn

from dmm.inference import ST_R, Noise
from dmm.model import Emitter, GatedTransition


class DMM(nn.Module):
    r"""A deep Markov model with its inference network.

    $z_0$ is a learned stand-in for the latent before the first: $p(z_1) = p(z_1 \mid z_0)$. The inference network
    has its own, `inference.z_q_0`, and its RNN starts from `inference.rnn.h_0`: three learned starts, three roles.

    Source: Pyro's DMM example.
    Differs: the paper has $p(z_1) = N(0, I)$; here, as in Pyro, $z_0$ is learned.

    Args:
        config: a `Config`; read here are x_dim, z_dim, emission_dim, transition_dim, rnn_dim, rnn_layers, rnn_dropout.
    """

    def __init__(self, config):
        super().__init__()
        self.emitter = Emitter(config.x_dim, config.z_dim, config.emission_dim)
        self.transition = GatedTransition(config.z_dim, config.transition_dim)
        self.z_0 = nn.Parameter(torch.zeros(config.z_dim))
        self.inference = ST_R(config.x_dim, config.z_dim, config.rnn_dim, config.rnn_layers)
        self.rnn_dropout = config.rnn_dropout

    def previous(self, z):
        """The latents one step earlier, $z_0, z_1, \\dots, z_{T-1}$: (B, T, Z) -> (B, T, Z)."""
        return torch.cat([self.z_0.expand(len(z), 1, -1), z[:, :-1]], dim=1)

    def sample_noise(self, x, generator, training=False):
        """The randomness that one pass over `x` (B, T, X) needs; dropout only in training."""
        like = {"dtype": self.z_0.dtype, "generator": generator}
        eps = torch.randn(*x.shape[:2], len(self.z_0), **like)
        if not (training and self.rnn_dropout):
            return Noise(eps)
        shape = (*x.shape[:2], self.inference.rnn.h_0.shape[1])
        rate = self.rnn_dropout
        kept = [torch.rand(shape, **like) >= rate for _ in self.inference.rnn.layers]
        return Noise(eps, tuple(one.to(eps.dtype) / (1 - rate) for one in kept))

    @torch.no_grad()
    def sample(self, steps, generator, sequences=1):
        """Music from the model alone: latents, gates and key probabilities.

        Returns:
            z (sequences, steps, Z), gates (sequences, steps, Z) in 0..1, probabilities (sequences, steps, X) in 0..1.
        """
        z_t = self.z_0.expand(sequences, -1)
        latents, gates = [], []
        for _ in range(steps):
            gates.append(self.transition.openness(z_t))
            loc, scale = self.transition(z_t)
            z_t = loc + scale * torch.randn(loc.shape, dtype=loc.dtype, generator=generator)
            latents.append(z_t)
        z = torch.stack(latents, dim=1)
        return z, torch.stack(gates, dim=1), torch.sigmoid(self.emitter(z))


def make_dmm(config, log_odds=None):
    """A new model, the same for the same `config.seed`.

    Args:
        config: a `Config`.
        log_odds: (X,) where the emission biases start: the data's log-odds per key, so that training does not spend
            its first minutes on learning which keys are never struck.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        dmm = DMM(config)
    if log_odds is not None:
        with torch.no_grad():
            dmm.emitter.hidden_to_logits.bias.copy_(torch.as_tensor(log_odds))
    return dmm
