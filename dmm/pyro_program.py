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

from dmm.data import Batch
from dmm.deep_markov_model import heard
from dmm.elbo import Bound


class PyroProgram:
    """The model p and the guide q of a `DMM`, as programs that Pyro can run.

    Both take the same arguments: the four of a `Batch`, `kl_weight` for annealing, and `keep`, the dropout factors of
    `Noise` (only the guide needs them).
    """

    def __init__(self, dmm):
        self.dmm = dmm

    def model(self, x, mask, lengths, observed=None, kl_weight=1.0, keep=()):
        """p(x, z): each latent from the one before, each frame from its latent."""
        pyro.module("dmm", self.dmm)
        x = heard(Batch(x, mask, lengths, observed))
        known = mask.unsqueeze(-1) if observed is None else mask.unsqueeze(-1) * observed  # (B, T, 1 or X)
        frames_before = self.dmm.frames_before(x)
        z_prev = None
        with pyro.plate("sequences", len(x)):
            for t in range(1, x.shape[1] + 1):
                x_prev = [frames[:, t - 1] for frames in frames_before]
                p_loc, p_scale = self.first(x_prev, len(x)) if t == 1 else self.dmm.transition(z_prev, *x_prev)
                with poutine.scale(scale=kl_weight):  # the mask is (B, 1): it broadcasts over Z
                    z_t = pyro.sample(f"z_{t}", dist.Normal(p_loc, p_scale).mask(mask[:, t - 1 : t]).to_event(1))
                p_x = self.emission(z_t, *x_prev)
                pyro.sample(f"x_{t}", p_x.mask(known[:, t - 1]).to_event(1), obs=x[:, t - 1])
                z_prev = z_t

    def guide(self, x, mask, lengths, observed=None, kl_weight=1.0, keep=()):
        """q(z | x): each latent from what the RNNs say, and if structured, from the one before."""
        pyro.module("dmm", self.dmm)
        q = self.dmm.inference
        messages = q.summarise(self.dmm.inputs(Batch(x, mask, lengths, observed)), lengths, keep)
        z_prev = q.z_q_0.expand(len(x), -1) if q.structured else None
        with pyro.plate("sequences", len(x)):
            for t in range(1, x.shape[1] + 1):
                at_t = [message[:, t - 1] for message in messages]
                q_loc, q_scale = q.combiner(z_prev, *at_t) if q.structured else q.gaussian(*at_t)
                real = mask[:, t - 1 : t]  # (B, 1)
                q_z = dist.Normal(q_loc, q_scale).mask(real).to_event(1)
                if q.flow is not None:  # a flow mixes the dimensions: it has one log-density for all, its mask is (B,)
                    q_z = dist.TransformedDistribution(dist.Normal(q_loc, q_scale), [Flow(q.flow)]).mask(real[:, 0])
                with poutine.scale(scale=kl_weight):
                    z_prev = pyro.sample(f"z_{t}", q_z)

    def first(self, x_prev, sequences):
        """Mean and scale of p(z_1)."""
        if self.dmm.z_0 is None:
            return self.dmm.first_loc.expand(sequences, -1), self.dmm.first_scale.expand(sequences, -1)
        return self.dmm.transition(self.dmm.z_0.expand(sequences, -1), *x_prev)

    def emission(self, z_t, *x_prev):
        """p(x_t | z_t) as a distribution."""
        parameters = self.dmm.emitter(z_t, *x_prev)
        return dist.Normal(*parameters) if isinstance(parameters, tuple) else dist.Bernoulli(logits=parameters)


class Flow(dist.TransformModule):
    """An `IAF` as Pyro knows transforms. It remembers its last input, since its inverse is slow and never needed."""

    domain = codomain = dist.constraints.real_vector
    bijective = True

    def __init__(self, iaf):
        super().__init__(cache_size=1)
        self.iaf, self.log_det = [iaf], None  # in a list: its weights belong to the `DMM`

    def _call(self, u):
        z, self.log_det = self.iaf[0](u)
        return z

    def log_abs_det_jacobian(self, u, z):
        return self.log_det.sum(-1)


class FixedNoise(Messenger):
    """Inside this context the latents are drawn from given noise instead of Pyro's own: u_t = loc + scale * eps_t.

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
        q_z = message["fn"]
        while not isinstance(q_z, dist.TransformedDistribution | dist.Normal):
            q_z = q_z.base_dist
        flows = getattr(q_z, "transforms", [])
        normal = q_z.base_dist if flows else q_z
        while not isinstance(normal, dist.Normal):
            normal = normal.base_dist
        z_t = normal.loc + normal.scale * self.eps[:, t - 1]
        for flow in flows:
            z_t = flow(z_t)
        message["value"] = z_t
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


def bound(dmm, batch, noise, kl_weight=1.0, kl="analytic", free_bits=0.0):
    """The bound as Pyro computes it; arguments and result as `elbo.bound`.

    Raises:
        ValueError: free bits, which Pyro's ELBO does not have.
    """
    if free_bits:
        raise ValueError(f"got free_bits={free_bits}, expected 0: Pyro's ELBO has none")
    pyro.clear_param_store()
    program, loss, reconstruction = PyroProgram(dmm), make_loss(kl), Reconstruction()
    model, guide = reconstruction(program.model), FixedNoise(noise.eps)(program.guide)
    total = -loss.differentiable_loss(model, guide, *batch, kl_weight, noise.keep)
    divergence = (reconstruction.total - total.detach()) / kl_weight
    return Bound(total, reconstruction.total, divergence)


def make_svi(dmm, config):
    """Pyro's own stochastic variational inference for this model: what the tutorial writes, in today's Pyro."""
    pyro.clear_param_store()  # Pyro knows weights by name, and would go on with another model's
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
