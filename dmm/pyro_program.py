"""The same model and guide as Pyro programs, one latent at a time: a twin of `elbo.py`, tested equal to it.

Pyro's sites are named `z_1 ... z_T` and `x_1 ... x_T`. Pyro keeps its parameters in a global store: use this module in
one thread of a training process, never in the web process.
"""

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from pyro.infer import SVI, Trace_ELBO, TraceMeanField_ELBO
from pyro.optim import ClippedAdam
from pyro.poutine.messenger import Messenger

from dmm.elbo import Bound


class PyroProgram:
    """The model p and the guide q of a `DMM`, as programs that Pyro can run.

    Both take the same arguments: x (B, T, X), mask (B, T), lengths (B,), `kl_weight` for annealing and `keep`, the
    dropout factors of `Noise` (only the guide needs them).
    """

    def __init__(self, dmm):
        self.dmm = dmm

    def model(self, x, mask, lengths, kl_weight=1.0, keep=()):
        """p(x, z): each latent from the one before, each frame from its latent."""
        pyro.module("dmm", self.dmm)
        z_prev = self.dmm.z_0.expand(len(x), -1)
        with pyro.plate("sequences", len(x)):
            for t in range(1, x.shape[1] + 1):
                real = mask[:, t - 1 : t]  # (B, 1): broadcasts over Z, and over X
                p_loc, p_scale = self.dmm.transition(z_prev)
                with poutine.scale(scale=kl_weight):
                    z_t = pyro.sample(f"z_{t}", dist.Normal(p_loc, p_scale).mask(real).to_event(1))
                logits = self.dmm.emitter(z_t)
                pyro.sample(f"x_{t}", dist.Bernoulli(logits=logits).mask(real).to_event(1), obs=x[:, t - 1])
                z_prev = z_t

    def guide(self, x, mask, lengths, kl_weight=1.0, keep=()):
        """q(z | x): each latent from the one before and from the future."""
        pyro.module("dmm", self.dmm)
        q = self.dmm.inference
        h_right = q.rnn(x, lengths, keep)
        z_prev = q.z_q_0.expand(len(x), -1)
        with pyro.plate("sequences", len(x)):
            for t in range(1, x.shape[1] + 1):
                q_loc, q_scale = q.combiner(z_prev, h_right[:, t - 1])
                with poutine.scale(scale=kl_weight):
                    z_t = pyro.sample(f"z_{t}", dist.Normal(q_loc, q_scale).mask(mask[:, t - 1 : t]).to_event(1))
                z_prev = z_t


class FixedNoise(Messenger):
    """Inside this context the latents are drawn from given noise instead of Pyro's own: z_t = loc + scale * eps_t.

    A latent that has its value already, because it is replayed or observed, keeps it.

    Args:
        eps: (B, T, Z) standard normal.
    """

    def __init__(self, eps):
        super().__init__()
        self.eps = eps

    def _pyro_sample(self, message):
        if message["is_observed"] or message["done"] or not message["name"].startswith("z_"):
            return
        t = int(message["name"].removeprefix("z_"))
        normal = message["fn"].base_dist.base_dist
        message["value"] = normal.loc + normal.scale * self.eps[:, t - 1]
        message["done"] = True


def make_loss(kl):
    """Pyro's own ELBO: `Trace_ELBO` samples the KL, `TraceMeanField_ELBO` has it in closed form.

    The second one's name misleads: it asks that model and guide have the same parents for each latent, not that the
    guide is mean field. Here both have z_{t-1}, so it is right.
    """
    return TraceMeanField_ELBO() if kl == "analytic" else Trace_ELBO()


class Reconstruction(Messenger):
    """Inside this context `total` gathers log p(x | z) of every observed site, in nats, without gradients."""

    def __init__(self):
        super().__init__()
        self.total = 0.0

    @torch.no_grad()
    def _pyro_post_sample(self, message):
        if message["is_observed"]:
            self.total = self.total + message["fn"].log_prob(message["value"]).sum()


def elbo(dmm, batch, noise, kl_weight=1.0, kl="analytic"):
    """The bound as Pyro computes it; arguments and result as `elbo.elbo`, each part summed over the batch."""
    pyro.clear_param_store()
    program, loss, reconstruction = PyroProgram(dmm), make_loss(kl), Reconstruction()
    model, guide = reconstruction(program.model), FixedNoise(noise.eps)(program.guide)
    total = -loss.differentiable_loss(model, guide, *batch, kl_weight, noise.keep)
    divergence = (reconstruction.total - total.detach()) / kl_weight
    return Bound(total, reconstruction.total, divergence)


def make_svi(dmm, config):
    """Pyro's own stochastic variational inference for this model: what the tutorial writes, in today's Pyro."""
    program = PyroProgram(dmm)
    optimiser = ClippedAdam(
        {
            "lr": config.learning_rate,
            "betas": (config.beta1, config.beta2),
            "clip_norm": config.clip_norm,
            "lrd": config.lr_decay,
            "weight_decay": config.weight_decay,
        }
    )
    return SVI(program.model, program.guide, optimiser, make_loss(config.kl))
