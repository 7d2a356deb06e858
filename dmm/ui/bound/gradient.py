"""The gradient of a mean: how it gets past the draw, in two pictures and line by line."""

import numpy as np
import streamlit as st

from dmm import one_draw, one_latent
from dmm.one_latent import WORLDS, log_p_normal, log_p_x
from dmm.palette import BOUND, GREY, LATENT, RECONSTRUCTION
from dmm.ui.bound.guess import LESSON, now
from dmm.ui.bound.numbers import DRAWS, FINE, average, draws, integral
from dmm.ui.deriving import Check, Step, derive
from dmm.ui.diagram import Arrow, Shape, diagram

STEP = 1e-4  # of the differences that a gradient is held against
DRAWN = "z is drawn from a bell with mean mu and standard deviation sigma: no gradient gets from z back to them."
MADE = "z is mu plus sigma times epsilon, and only epsilon is drawn: the gradient gets from z back to mu and sigma."


def show_pictures() -> None:
    """z drawn, and z made from a draw."""
    for column, made in zip(st.columns(2, gap="large"), (False, True), strict=True):
        with column:
            title = "**Reparameterised**: draw $\\epsilon$, make $z$" if made else "**Drawn**: a die stands in the way"
            st.markdown(title)
            diagram(shapes(made), arrows(made), MADE if made else DRAWN, key=f"draw_{made:d}", row=62)


def shapes(made: bool) -> dict[str, Shape]:
    """The parts of one picture."""
    middle = Shape(1.7, 0.5, "μ + σ ε", "box", BOUND, width=1.3) if made else Shape(1.7, 0.5, "draw", "box", GREY)
    parts = {
        "loc": Shape(0, 0, "μ", colour=BOUND, hover="the mean of q, to be learned"),
        "scale": Shape(0, 1, "σ", colour=BOUND, hover="the standard deviation of q, to be learned"),
        "middle": middle,
        "z": Shape(3.2, 0.5, "z", colour=LATENT, hover="the hidden number"),
        "f": Shape(4.8, 0.5, "log p(x|z)", "box", RECONSTRUCTION, hover="how well z explains the frame"),
    }
    if not made:
        parts["doubt"] = Shape(2.4, -0.4, "?", "text", GREY)
    else:
        parts["noise"] = Shape(1.7, 1.7, "ε", colour=GREY, hover="drawn from N(0, 1): nothing in it is learned")
    return parts


def arrows(made: bool) -> list[Arrow]:
    """Grey: what is computed; blue: where the gradient gets back; dashed: where it does not."""
    forth = [("loc", "middle"), ("scale", "middle"), ("middle", "z"), ("z", "f")]
    if made:
        forth.append(("noise", "middle"))
    back = [Arrow("f", "z", BOUND, bend=0.45)]
    if made:
        back += [Arrow("z", "middle", BOUND, bend=0.45), Arrow("middle", "loc", BOUND, bend=0.35)]
        back += [Arrow("middle", "scale", BOUND, bend=-0.35)]
    else:
        back.append(Arrow("z", "middle", GREY, dashed=True, bend=0.45))
    return [Arrow(start, end) for start, end in forth] + back


@st.fragment
def show_inside() -> None:
    """The gradient moved inside the mean."""
    derive(LESSON, "inside", INSIDE)


def reconstruction(world, x, loc, scale) -> float:
    """E_q[log p(x | z)], a sum over a grid of z, not of epsilon."""
    return integral(np.exp(log_p_normal(FINE, loc, scale)) * log_p_x(world, x, FINE))


def differences(world, x, loc, scale) -> tuple[float, float]:
    """Its derivatives by mean and by standard deviation, from two neighbours each."""
    by_loc = reconstruction(world, x, loc + STEP, scale) - reconstruction(world, x, loc - STEP, scale)
    by_scale = reconstruction(world, x, loc, scale + STEP) - reconstruction(world, x, loc, scale - STEP)
    return by_loc / (2 * STEP), by_scale / (2 * STEP)


def check_change() -> Check:
    """The same mean over z and over epsilon."""
    kind, x, loc, scale = now()
    world = WORLDS[kind]
    left = reconstruction(world, x, loc, scale)
    right = one_latent.expect(lambda z: log_p_x(world, x, z), loc, scale)
    return Check("a sum over a grid of $z$", left, "a sum over a grid of $\\epsilon$", float(right))


def check_gradient(estimate, place: int) -> Check:
    """A gradient from draws against the slope of the sum."""
    kind, x, loc, scale = now()
    exact = differences(WORLDS[kind], x, loc, scale)[place]
    mean, error = average(estimate(WORLDS[kind], x, loc, scale, draws(0))[place])
    return Check(f"difference of two sums, over {2 * STEP:g}", exact, f"mean over {DRAWS:,} draws", mean, error)


INSIDE = (
    Step(
        r"\nabla_{\mu, \sigma} \, E_q[f(z)] = \nabla_{\mu, \sigma} \int q(z) \, f(z) \, dz",
        "Here $f(z) = \\log p(x \\mid z)$. The $\\mu$ and $\\sigma$ are in $q$, not in $f$: while the "
        "draws depend on them, one cannot just move the derivative inside.",
    ),
    Step(
        r"E_q[f(z)] = E_{\epsilon \sim N(0, 1)}[f(\mu + \sigma \epsilon)]",
        "A draw from $N(\\mu, \\sigma^2)$ is a draw $\\epsilon$ from $N(0, 1)$, stretched and moved. Now the mean is "
        "over something that has no $\\mu$ in it.",
        check_change,
    ),
    Step(
        r"\frac{\partial}{\partial \mu} E_q[f(z)] = E_\epsilon \bigl[ f'(\mu + \sigma \epsilon) \bigr]",
        "So the derivative goes inside, and the chain rule gives $f' \\cdot 1$.",
        lambda: check_gradient(one_draw.gradient_inside, 0),
    ),
    Step(
        r"\frac{\partial}{\partial \sigma} E_q[f(z)] = E_\epsilon \bigl[ f'(\mu + \sigma \epsilon) \, \epsilon \bigr]",
        "The same for $\\sigma$: the chain rule gives $f' \\cdot \\epsilon$. PyTorch does this by itself, if $z$ comes "
        "from `rsample`.",
        lambda: check_gradient(one_draw.gradient_inside, 1),
    ),
    Step(
        r"\begin{aligned} \frac{\partial}{\partial \mu} E_q[f(z)] "
        r"&= E_q \Bigl[ f(z) \, \frac{\partial \log q(z)}{\partial \mu} \Bigr] \\ "
        r"&= E_\epsilon \Bigl[ f(\mu + \sigma \epsilon) \, \frac{\epsilon}{\sigma} \Bigr] \end{aligned}",
        "Another way, the **score function**: differentiate $q$ itself, with $\\partial q = q \\, \\partial \\log q$. "
        "It needs no slope of $f$, so $z$ may even be discrete. Its standard error is mostly larger: compare it with "
        "that of the first derivative by $\\mu$.",
        lambda: check_gradient(one_draw.gradient_score, 0),
    ),
)
