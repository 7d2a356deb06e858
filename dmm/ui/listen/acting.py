"""Listen, fourth part: do(z). The hidden state is moved for a while, and all else stays; what would have sounded?"""

import streamlit as st

from dmm import figures
from dmm.ui.dials import pick, picked
from dmm.ui.explain import formula_and_code
from dmm.ui.listen import act_words, acts, drawn
from dmm.ui.listen.lesson import LESSON
from dmm.ui.live import shown_gates
from dmm.ui.looking import choose_piece, telling
from dmm.ui.plot import plot
from dmm.ui.takes_view import Take, takes_view

SOURCES = {"made": "A piece the model makes up", "piece": "A piece that is there"}
SOURCE = (
    "A made-up piece comes from random numbers that are known. For a piece that is there, a draw of the posterior says "
    "how it may have come about, and so from which random numbers."
)
HOW = (
    "Three steps, as for every *counterfactual*. **Abduction**: which random numbers made the piece? Of a piece that "
    "the model made up they are known. Of another one, a draw of $z_{1:T}$ from the posterior (as in **Fill in**) "
    "gives $\\epsilon_t$, and the notes say on which side of its probability each $u_{tk}$ lies. **Action**: put "
    "another number in the place of $z_{tj}$, or of a gate. **Prediction**: let the model play again, from the same "
    "$\\epsilon$ and $u$.\n\nThe answer is the *model's*: it tells what its $z_t$ does, not what Bach would have done. "
    "For a piece that is there the twin also rests on the one draw that explains it; another seed, another explanation."
)


def show(run) -> None:
    """A piece, what is done to its state, and its twin."""
    st.markdown(
        "What would have sounded, had the hidden state been another? Not *seen* to be another, which other music would "
        "explain, but **made** so: $\\operatorname{do}({z_{tj} = c})$. The arrows into $z_{tj}$ are cut, those out of "
        "it stay, and so does every random number. Whatever differs between a piece and its twin is due to the act, "
        "and to nothing else."
    )
    source = pick(LESSON, "act_on", "Act on", SOURCES, SOURCE)
    _show_twins(run, choose_piece(run, LESSON) if source == "piece" else None)
    st.subheader("How a piece gets its twin", anchor=False)
    st.markdown(HOW)
    formula_and_code("rollout.recover")
    formula_and_code("rollout.roll_out", formula="rollout")


@st.fragment
@telling
def _show_twins(run, piece):
    """The controls, both pieces in one player, and how far the act carries."""
    origin = acts.origin_of(run, piece, acts.choose_seed())
    act = acts.choose_act(run, origin)
    if act is None:
        st.info(acts.why_not(run, picked(LESSON, "act", "hold")))
        return
    found, spread = acts.twins(origin, act)
    pointed = {"marks": found.differs, "shaded": (act.start, act.end)}
    takes_view(
        key="twins",
        takes=[
            _take(run, "As it is", found.factual, piece)._replace(**pointed),
            _take(run, "As it would have been", found.counterfactual)._replace(**pointed),
        ],
        title=origin.title,
        description="A piece and its twin, whose hidden state was moved; keys at which they differ are marked.",
        marked="differs",
        shade="acted on",
        line=act.dimension,
        on_draw=drawn.keep if act.kind == "draw" else None,
    )
    st.caption(act_words.how_many_differ(found, act))
    dimension = act.dimension or 0
    left, right = st.columns(2, gap="large")
    with left:
        paths = [one.z[:, dimension] for one in (found.factual, found.counterfactual)]
        plot(figures.twin_paths(*paths, act.start, act.end, dimension), "twin paths")
    with right:
        plot(figures.keys_apart(*spread, act.start, act.end, acts.PAIRS), "keys apart")
    st.caption(act_words.how_far_it_carries(spread, act))


def _take(run, label, drawn, piece=None):
    """One of the twins; a piece that is there keeps its voices."""
    voices = {} if piece is None else {"voices": piece.voices, "onsets": piece.onsets}
    return Take(label, drawn.roll, latents=drawn.z, gates=shown_gates(run, drawn.gates), **voices)
