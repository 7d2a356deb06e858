"""What people who learn this model trip over, each with the page that answers it.

A page answers with `answer("backwards", "...")`; the words get an anchor, and the glossary lists all questions with
links to them.
"""

from typing import NamedTuple

import streamlit as st


class Question(NamedTuple):
    """What is asked, and the file of the page that answers."""

    asks: str
    page: str


QUESTIONS = {  # by anchor, in the order in which most people meet them
    "which-nll": Question("Which number is “the NLL”, and what is it divided by?", "bound_in_time"),
    "backwards": Question("Why does the RNN run backwards?", "structured_inference"),
    "shared-parameters": Question("Do model and guide share parameters?", "in_code"),
    "three-starts": Question("What are $z_0$, $z_{q,0}$ and $h_0$?", "in_code"),
    "mask-scale-plate": Question("Mask, scale, plate, `to_event`: which does what?", "in_code"),
    "annealing": Question("Why is the KL annealed, and what does the printed loss then say?", "one_update"),
    "nan": Question("Why do others meet NaN, and what has weight decay to do with it?", "one_update"),
    "scale": Question("Variance or standard deviation?", "gate"),
    "packing": Question("Why are padded sequences packed, and how are they reversed?", "in_code"),
    "sampled-kl": Question("Sampled KL or analytic KL?", "bound"),
    "rough-samples": Question("Why do samples sound rough?", "deep_markov_model"),
    "collapse": Question("What is posterior collapse?", "latents"),
    "other-ssm": Question("Are these the state-space models of S4 and Mamba?", "state_space"),
    "filtering": Question("Filtering or smoothing: what is the difference?", "state_space"),
    "exact-inference": Question("Why not exact inference?", "structured_inference"),
}


def answer(anchor: str, words: str) -> None:
    """The answer to one of the questions, with its anchor.

    Args:
        anchor: of the question.
        words: the answer, Markdown.
    """
    with st.container(border=True, key=f"answer_{anchor}"):
        st.subheader(QUESTIONS[anchor].asks, anchor=anchor)
        st.markdown(words)
