"""The bound in time: a factor of the posterior, and the network that mimics it, side by side."""

import streamlit as st

from dmm.palette import GREEN, GREY, LATENT
from dmm.ui.bound_in_time.trajectories import LESSON
from dmm.ui.diagram import Arrow, Shape, diagram
from dmm.ui.dials import Dial, dials
from dmm.ui.explain import coloured

LENGTH = 5
WHICH = Dial("factor", "Which factor, $t$", 1, LENGTH, 3, 1, "The latent $z_t$ whose factor is drawn.")
EXACT = r"p(z_{1:T} \mid x_{1:T}) = p(z_1 \mid x_{1:T}) \prod_{t=2}^{T} p(z_t \mid z_{t-1}, x_{t:T})"
MIMIC = (
    r"q(z_{1:T} \mid x_{1:T}) = \prod_{t=1}^{T} "
    r"N\big(z_t; \, \mu_\phi(z_{t-1}, x_{t:T}), \, \Sigma_\phi(z_{t-1}, x_{t:T})\big)"
)
COLOURS = {"z_{t-1}": LATENT, "x_{t:T}": GREEN}


@st.fragment
def show_factors() -> None:
    """Two graphs for one t: what the exact factor depends on, and the network that is given the same."""
    t = dials(LESSON, [WHICH])["factor"]
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**The posterior (Eq. 3)**")
        st.latex(coloured(EXACT, COLOURS))
        diagram(*exact_factor(t), _words(t, "The model"), key="exact_factor")
    with right:
        st.markdown("**Its mimic (Eq. 4)**")
        st.latex(coloured(MIMIC, COLOURS))
        diagram(*mimic(t), _words(t, "The network"), key="mimic")
        if t == 1:
            st.caption("$z_{q,0}$ is learned: nothing comes before $z_1$.")


def exact_factor(t: int):
    """The model's graph: what stays in the factor of z_t in colour, what has dropped out of it pale."""
    shapes, arrows = _nodes(t), []
    for s in range(1, LENGTH + 1):
        if s > 1:
            arrows.append(Arrow(f"z{s - 1}", f"z{s}", LATENT if s == t else GREEN if s > t else GREY, pale=s < t))
        arrows.append(Arrow(f"z{s}", f"x{s}", GREEN if s >= t else GREY, pale=s < t))
    return shapes, arrows


def mimic(t: int):
    """The network of z_t: frames from the last one back to t, summed up, and the latent before."""
    shapes, arrows = _nodes(t), []
    for s in range(1, LENGTH + 1):
        pale, colour = s < t, GREEN if s >= t else GREY
        hover = f"sums up x{s} to x{LENGTH}"
        shapes[f"h{s}"] = Shape(
            1.25 * s, 1.1, f"h<sub>{s}</sub><sup>right</sup>", colour=colour, pale=pale, hover=hover
        )
        arrows.append(Arrow(f"x{s}", f"h{s}", colour, pale=pale))
        if s < LENGTH:
            arrows.append(Arrow(f"h{s + 1}", f"h{s}", colour, pale=pale))
    shapes["net"] = Shape(1.25 * t - 0.62, 0.55, "", kind="square", colour=LATENT, hover="makes a mean and a scale")
    before = f"z{t - 1}" if t > 1 else "z0"
    if t == 1:
        shapes["z0"] = Shape(0, 0, "z<sub>q,0</sub>", hover="learned, in the place of a latent before")
    arrows += [Arrow(before, "net", LATENT), Arrow(f"h{t}", "net", GREEN), Arrow("net", f"z{t}", LATENT)]
    return shapes, arrows


def _nodes(t):
    """Latents above, frames below; pale where the factor of z_t does not see them, known ones filled."""
    shapes = {}
    for s in range(1, LENGTH + 1):
        seen, asked = s == t - 1, s == t
        hover = "asked about" if asked else "known" if seen else "not known, and summed out" if s > t else "not needed"
        shapes[f"z{s}"] = Shape(
            1.25 * s, 0, f"z<sub>{s}</sub>", seen=seen, strong=asked, pale=not seen and not asked, hover=hover
        )
        look = {"colour": GREEN, "hover": "known"} if s >= t else {"colour": GREY, "pale": True, "hover": "not needed"}
        shapes[f"x{s}"] = Shape(1.25 * s, 2.2, f"x<sub>{s}</sub>", seen=True, **look)
    return shapes


def _words(t, what):
    before = f"z_{t - 1} and " if t > 1 else ""
    return f"{what} for z_{t}: it depends on {before}the frames x_{t} to x_{LENGTH}; all that is earlier is pale."
