"""In code: the whole model, the guide and SVI as they run, and what trips those who come from Pyro's tutorial."""

import streamlit as st

from dmm.ui import frame, questions
from dmm.ui.in_code import counting, idioms, owners, padding, parts, places, programs, tasks

frame.lesson("in_code")
st.markdown(
    "**Pyro** is a library in which one writes a probabilistic model as a program. Each `pyro.sample` names a random "
    "variable, a *site*. Learning needs two programs: the **model** $p$, and the **guide** $q$, Pyro's word for the "
    "guess of what is hidden. A circle is a variable, filled if it is seen; a square is a network, :blue[blue] "
    "with the model's weights :blue[$\\theta$], :red[dark orange] with the guide's :red[$\\phi$]. Press a circle: "
    "strong arrows show where a latent or frame comes from; for a learned start, where it goes."
)

st.subheader("Two programs, the same names", anchor=False)
programs.show_programs()
mine, starts = st.columns(2, gap="large")
with mine:
    owners.show_owners()
with starts:
    owners.show_starts()

st.subheader("Part by part", anchor=False)
st.markdown(
    "The whole model in the order in which one builds it. A formula and its code stand in one place, the docstring and "
    "the lines below it; this page prints both from there."
)
parts.show_parts()

questions.answer(
    "mask-scale-plate",
    "- **mask**: *which* log-probabilities count, 1 or 0. Padded frames get 0.\n"
    "- **scale**: *how much* they count. Annealing is a scale on the latents' sites, never on the frames'.\n"
    "- **plate**: which axis holds *independent* things, here the sequences of a batch.\n"
    "- **to_event**: which axes make up *one* draw. The Z numbers of a latent are one draw, so their log-probabilities "
    "are summed.\n\n"
    "The first two change the number. The last two say what the axes mean, so that Pyro can refuse what does not fit; "
    "it does so as long as its validation is on, which is the default.",
)
counting.show_counting()

questions.answer(
    "packing",
    "Pieces differ in length, and a batch is one block: the short ones are filled up with **padding**. Whoever reads "
    "them from the end must not begin with it. So each piece is **reversed** within its own length, or the padding is "
    "left out altogether: **packed**. Step by step, on three pieces:",
)
padding.show_padding()

st.subheader("Coming from Pyro's tutorial", anchor=False)
st.markdown("Many meet this model in Pyro's tutorial, or in notes made from it. Where each of its parts is here:")
places.show_map()
st.markdown(
    "Code from the first months of Pyro, its versions 0.1, no longer runs. Nine habits of that time, what stands in "
    "this course's code today, and why it changed; the numbers are Pyro's pull requests."
)
idioms.show_idioms()

st.subheader("Three ways to the same number", anchor=False)
places.show_tests()

tasks.show_tasks()
frame.onward("in_code")
