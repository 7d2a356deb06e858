"""In code: model and guide as two programs with the same names, and what happens at each of their sites."""

import streamlit as st

from dmm import reading
from dmm.ui.diagram import diagram
from dmm.ui.dials import pick, put
from dmm.ui.in_code.graphs import FRAMES, SITES, STARTS, unrolled

LESSON = "in_code"
MODEL, GUIDE = "pyro_program.PyroProgram.model", "pyro_program.PyroProgram.guide"
FIRST = "pyro_program.PyroProgram.first"
SITE_HELP = "A site or a weight of the two diagrams; pressing a circle there chooses it too."


def letter(site: str) -> str:
    """A site or weight as LaTeX."""
    return STARTS.get(site) or f"{site[0]}_{site[1:]}"


def show_diagram(side: str, site: str) -> None:
    """One of the two programs, unrolled over the frames."""
    shapes, arrows, told = unrolled(side, site)
    clickable = [name for name in shapes if name in SITES]
    diagram(shapes, arrows, told, key=f"unrolled {side}", clickable=clickable, on_click=_choose, row=64)


def _choose(site):
    put(LESSON, "site", site)


# --- what happens at a site ---


def at_site(site: str) -> dict[str, tuple[str, str, str]]:
    """For model and guide: a formula, a sentence, and the lines of the program; "" for what there is not."""
    t = site[1:]
    if site in STARTS:
        return _at_start(site)
    if site[0] == "x":
        model = rf"p(x_{t} \mid z_{t}) = \operatorname{{Bernoulli}}(\operatorname{{sigmoid}}(\ell_{t}))"
        reads = "No site: the guide only *reads* the frames, all at once and before its loop."
        return {
            "model": (model, "The emitter makes logits of the latent; the frame is given: `obs=`.", _lines(MODEL, "x")),
            "guide": ("", reads, reading.lines(GUIDE, "messages = ")),
        }
    before = {"model": "z_0" if t == "1" else f"z_{int(t) - 1}", "guide": "z_{q,0}" if t == "1" else f"z_{int(t) - 1}"}
    frames = f"x_{t}" if int(t) == FRAMES else f"x_{{{t}:{FRAMES}}}"
    p = rf"p(z_{t} \mid {before['model']}) = N(z_{t}; \, \mu_p, \sigma_p^2)"
    q = rf"q(z_{t} \mid {before['guide']}, {frames}) = N(z_{t}; \, \mu_q, \sigma_q^2)"
    return {
        "model": (p, f"From the transition. Its only parent is ${before['model']}$.", _lines(MODEL, "z")),
        "guide": (
            q,
            f"From the combiner, which reads $h^{{\\text{{right}}}}_{t}$ and ${before['guide']}$.",
            _lines(GUIDE, "z"),
        ),
    }


def _at_start(site):
    """The same for the three learned starts."""
    not_there = "Not there: "
    return {
        "z0": {
            "model": (
                "",
                "A weight, no site: the transition's input at $t = 1$.",
                reading.lines(FIRST, "self.dmm.z_0.expand"),
            ),
            "guide": ("", not_there + "the guide has a start of its own, $z_{q,0}$.", ""),
        },
        "zq0": {
            "model": ("", not_there + "the model starts from $z_0$.", ""),
            "guide": ("", "A weight, no site: the combiner's input at $t = 1$.", reading.lines(GUIDE, "z_q_0.expand")),
        },
        "h0": {
            "model": ("", not_there + "the model has no RNN.", ""),
            "guide": (
                "",
                "A weight, no site: the RNN's state behind the last frame.",
                reading.lines("rnn.RNN.start", "h_0 = "),
            ),
        },
    }[site]


def _lines(program, kind):
    """The lines of a program that make a site."""
    if kind == "x":
        return reading.lines(program, "p_x = ", 'pyro.sample(f"x_{t}"')
    if program == MODEL:
        return reading.lines(program, "p_loc, p_scale = ", "poutine.scale", 'pyro.sample(f"z_{t}"')
    return reading.lines(program, "q_loc, q_scale = ", "q_z = dist.Normal", "poutine.scale", 'pyro.sample(f"z_{t}"')


@st.fragment
def show_programs() -> None:
    """Both diagrams side by side, what happens at the chosen site, and both programs."""
    choices = {site: f"${letter(site)}$" for site in SITES}
    site = pick(LESSON, "site", "What happens at", choices, SITE_HELP, start="z2")
    told = at_site(site)
    for column, side in zip(st.columns(2, gap="large"), told, strict=True):
        with column:
            st.markdown("**Model**, $p(x, z)$" if side == "model" else "**Guide**, $q(z \\mid x)$")
            show_diagram(side, site)
            formula, words, lines = told[side]
            st.markdown(f"{f'${formula}$. ' if formula else ''}{words}")
            if lines:
                st.code(lines, language="python", wrap_lines=True)
    with st.expander("Both programs, whole"):
        for column, name in zip(st.columns(2, gap="large"), (MODEL, GUIDE), strict=True):
            column.code(reading.code(name), language="python", wrap_lines=True)
            column.caption("From dmm/pyro_program.py, as it runs.")
