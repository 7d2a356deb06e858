"""In code: what the first notes on this model wrote in Pyro 0.1, what one writes today, and why it changed."""

from typing import NamedTuple

import streamlit as st

from dmm import reading
from dmm.ui.in_code.programs import FIRST, GUIDE, MODEL


class Idiom(NamedTuple):
    """One thing to say in code: its title, how Pyro 0.1 said it, where today's lines stand, why, and since when.

    `now` holds the name of a piece of our code and what its lines contain; `pulls` Pyro's pull requests, "" for none.
    """

    title: str
    old: str
    now: tuple[tuple[str, ...], ...]
    why: str
    pulls: tuple[int, ...] = ()


IDIOMS = (
    Idiom(
        "Data",
        "pyro.observe(name, dist.bernoulli, x, ps, log_pdf_mask=m)",
        ((MODEL, 'pyro.sample(f"x_{t}"'),),
        "One statement for both kinds of site. With `obs=` it is data; without, it is drawn.",
        (947,),
    ),
    Idiom(
        "Distributions",
        "pyro.sample(name, dist.Normal, mu, sigma, log_pdf_mask=m)",
        ((GUIDE, "q_z = dist.Normal"), (GUIDE, 'pyro.sample(f"z_{t}"')),
        "A distribution is an object. It knows its parameters, its mask, and by `to_event` which axes make up one "
        "draw.",
        (806, 821),
    ),
    Idiom(
        "Annealing",
        "log_pdf_mask=weight * m",
        ((MODEL, "poutine.scale"),),
        "Two questions, two words. The mask says *which* entries count, the scale *how much*; a weight inside a mask "
        "says neither.",
        (768, 821),
    ),
    Idiom(
        "The batch",
        "for t in range(1, T + 1):  # and nobody says that rows are independent",
        ((MODEL, "pyro.plate"),),
        "The plate declares the axis of independent sequences, and Pyro checks every shape against it. It was called "
        "`iarange` for a while.",
        (806, 1464),
    ),
    Idiom(
        "The first latent",
        "z_prev = z_0  # (Z,), though a batch comes out",
        ((FIRST, "self.dmm.z_0.expand"), (GUIDE, "z_q_0.expand")),
        "Inside a plate each sequence needs a row of its own, so the start is expanded to (B, Z).",
        (806,),
    ),
    Idiom(
        "The loss",
        'SVI(p, q, optim, "ELBO", trace_graph=False)',
        (("pyro_program.make_svi", "return SVI"), ("pyro_program.make_loss", "return ")),
        "The loss is an object, so that one can choose among several: with sampled KL, with analytic KL, or one's own.",
        (1018, 1054),
    ),
    Idiom(
        "One minus",
        "ng_ones(g.size()).type_as(g) - g",
        (("model.GatedTransition.forward", "loc = "),),
        "A number and a tensor can be subtracted; a tensor of ones of the right type is not needed.",
        (926,),
    ),
    Idiom(
        "Names",
        "mu, sigma = net(Variable(z))",
        (("model.GatedTransition.forward", "return loc, scale"),),
        "Since PyTorch 0.4 a tensor carries its own gradient, and needs no `Variable` around it. `loc` and "
        "`scale` are called so in every distribution that has a location and a scale.",
        (961,),
    ),
    Idiom(
        "The RNN's start",
        "h = h_0 if not use_gpu else h_0.expand(1, B, H).contiguous()",
        (("rnn.RNN.start", "h_0 = "),),
        "Expanded and made contiguous always: right on a GPU, which insists on it, and harmless elsewhere.",
    ),
)


def today(idiom: Idiom) -> str:
    """Today's lines, as they stand in the code."""
    return "\n".join(reading.lines(*place) for place in idiom.now)


def show_idioms() -> None:
    """All of them, one below the other."""
    for idiom in IDIOMS:
        with st.container(border=True):
            old, now, why = st.columns([4, 5, 4], gap="medium")
            old.markdown(f"**{idiom.title}**, then")
            old.code(idiom.old, language="python", wrap_lines=True)
            now.markdown(f"today, in {_files(idiom)}")
            now.code(today(idiom), language="python", wrap_lines=True)
            pulls = ", ".join(f"[#{one}](https://github.com/pyro-ppl/pyro/pull/{one})" for one in idiom.pulls)
            why.markdown(idiom.why + (f" ({pulls})" if pulls else ""))


def _files(idiom):
    return " and ".join(dict.fromkeys(f"`{name.split('.')[0]}.py`" for name, *_ in idiom.now))
