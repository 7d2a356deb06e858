"""Symbols and words of the course, and where each is explained: one click away from every page."""

import re
from html.entities import codepoint2name
from typing import NamedTuple

import streamlit as st

from dmm.ui.course import lesson_of
from dmm.ui.questions import QUESTIONS

WORDS_HELP = "The symbols and words of the course, and the questions that most people have."
SEARCH = "Shows the lines that have these words: a word or its beginning, a name in the code, a symbol such as mu."
LONGEST = 100  # characters
SHORT = 2  # a word of so few letters is sought whole: "mu" is not "music"


class Symbol(NamedTuple):
    """A letter of the formulas: what it means, its name in the code, its shape and unit, the page that explains it."""

    letter: str
    meaning: str
    code: str
    shape: str
    page: str


class Word(NamedTuple):
    """A word of the field: what it means, and the page that explains it."""

    word: str
    meaning: str
    page: str


SYMBOLS = (
    Symbol(
        r"x_t,\; x_{1:T}", "what is seen: frame $t$, and all $T$ frames", "x_t, x", "(B, X), (B, T, X)", "state_space"
    ),
    Symbol(r"z_t,\; z_{1:T}", "what is hidden: the latent state", "z_t, z", "(B, Z), (B, T, Z)", "state_space"),
    Symbol(
        r"t,\; T", "a frame, counted from 1, and their number; arrays count from 0", "t, lengths", "(B,)", "in_code"
    ),
    Symbol(
        r"p(z_t \mid z_{t-1})", "transition: how the state moves", "p_loc, p_scale", "(..., Z)", "deep_markov_model"
    ),
    Symbol(r"p(x_t \mid z_t)", "emission: what a state shows", "logits", "(..., X)", "deep_markov_model"),
    Symbol(r"\theta", "the parameters of the model $p$", "emitter, transition, z_0", "weights", "deep_markov_model"),
    Symbol(r"\phi", "the parameters of the guess $q$", "inference", "weights", "one_update"),
    Symbol(
        r"q(z_t \mid z_{t-1}, x)",
        "the guess of a hidden state, also called guide",
        "q_loc, q_scale",
        "(..., Z)",
        "bound",
    ),
    Symbol(r"\mu,\; \sigma", "mean and standard deviation of a Gaussian", "loc, scale", "(..., Z)", "gate"),
    Symbol(r"\epsilon_t", "noise of mean 0 and variance 1, from which $z_t$ is made", "eps", "(B, T, Z)", "bound"),
    Symbol(r"g_t", "gate: 0 moves by the linear rule, 1 as the network proposes", "g, openness", "(..., Z)", "gate"),
    Symbol(r"h_t", "the proposed mean, inside the gated transition", "h", "(..., Z)", "gate"),
    Symbol(
        r"h^{\text{left}}_t,\; h^{\text{right}}_t",
        "what an RNN says of the frames up to $t$, and from $t$ on",
        "messages",
        "(B, T, rnn_dim)",
        "structured_inference",
    ),
    Symbol(
        r"h_{\text{combined}}",
        "the last latent and the messages, merged",
        "h_combined",
        "(B, rnn_dim)",
        "structured_inference",
    ),
    Symbol(r"z_0", "stands before the first latent in the model", "z_0", "(Z,)", "in_code"),
    Symbol(r"z_{q,0}", "stands before the first latent in the guess", "z_q_0", "(Z,)", "in_code"),
    Symbol(r"h_0", "where the RNN starts", "h_0", "(layers, rnn_dim)", "in_code"),
    Symbol(r"\mathrm{ELBO}", "the bound: reconstruction minus KL", "elbo", "(B,), nats", "bound"),
    Symbol(
        r"\mathrm{KL}(q \,\|\, p)",
        "how far $q$ is from $p$; 0 only if they are equal",
        "kl",
        "(B, T, Z), nats",
        "bound",
    ),
    Symbol(
        r"a,\; c,\; Q,\; R",
        "a linear system: step, look, and the variances of their noise",
        "F, H, Q, R",
        "numbers",
        "state_space",
    ),
    Symbol(
        r"\ell_t",
        "logits: one number for each key, from minus to plus infinity",
        "logits",
        "(..., X)",
        "deep_markov_model",
    ),
    Symbol(r"W,\; b", "weight and bias of a linear layer", "weight, bias", "weights", "deep_markov_model"),
    Symbol(r"w", "weight of the KL while it is annealed", "kl_weight", "0..1", "one_update"),
    Symbol(r"\Lambda", "precision: the inverse of a covariance", "precision", "(T, T)", "structured_inference"),
)

WORDS = (
    Word("amortised", "one network guesses for every sequence, instead of a fit for each", "bound_in_time"),
    Word("annealing", "the weight of the KL rises from small to 1 while training", "one_update"),
    Word("bell", "the curve of a Gaussian", "state_space"),
    Word("ClippedAdam", "Adam whose gradient is bounded entry by entry, with a rate that decays", "in_code"),
    Word("collider", "a node of a graph in which two arrows of a path meet", "bound_in_time"),
    Word("combiner", "merges the last latent with what the RNNs say", "structured_inference"),
    Word(
        "DKS", "the paper's name for ST-R: the last latent, and an RNN over present and future", "structured_inference"
    ),
    Word("common random numbers", "the same chance under two settings, so that only the settings differ", "listen"),
    Word("counterfactual", "what would have been, had something been otherwise and chance the same", "listen"),
    Word("dimension", "one entry of the latent vector $z_t$", "state_space"),
    Word("$\\operatorname{do}(z_t = c)$", "putting a number in the place of $z_t$, whatever led to it", "listen"),
    Word(
        "DMM-Aug",
        "a deep Markov model with arrows from each frame to the next latent and the next frame",
        "bound_in_time",
    ),
    Word(
        "d-separated",
        "without an open path between them in the graph, and so independent given what is known",
        "bound_in_time",
    ),
    Word("$E_q[\\cdot]$", "the mean over draws from $q$", "bound"),
    Word("ELBO", "evidence lower bound: never above $\\log p(x)$", "bound"),
    Word("emitter", "the network that says what a hidden state sounds like", "deep_markov_model"),
    Word("evidence", "$p(x)$: how probable the model makes what was seen, whatever was hidden", "bound"),
    Word("filter", "a guess of $z_t$ from the frames up to $t$", "state_space"),
    Word("floor", "the lowest bound that any guess of a family could reach", "structured_inference"),
    Word("frame", "what is seen at one time; in music one beat, 88 keys", "state_space"),
    Word("free bits", "a KL that counts only above a small limit in each dimension", "latents"),
    Word("guide", "Pyro's word for the guess $q$", "in_code"),
    Word("IAF", "inverse autoregressive flow: bends a Gaussian guess into another shape", "in_code"),
    Word("importance sampling", "estimating $p(x)$ from draws of $q$, each weighted by $p / q$", "bound_in_time"),
    Word("Jensen's inequality", "the log of a mean is never less than the mean of the logs", "bound"),
    Word("Kalman filter", "the exact filter of a linear Gaussian model", "state_space"),
    Word("latent", "hidden: never seen, only inferred", "state_space"),
    Word(
        "likelihood",
        "how probable the data are, as a function of the parameters, or of $z$ in $p(x \\mid z)$",
        "state_space",
    ),
    Word("logit", "$\\log(p / (1 - p))$ of a probability $p$", "deep_markov_model"),
    Word("mask", "1 where a frame is real, 0 where it is padding", "in_code"),
    Word("mean field", "a guess that treats all latents as independent", "structured_inference"),
    Word("MLP", "multi-layer perceptron: a network whose layers follow one another", "deep_markov_model"),
    Word("nats", "the unit of natural logarithms: 1 nat is 1.44 bits", "state_space"),
    Word("NLL", "negative log-likelihood: lower is better", "bound"),
    Word("padding", "silence that fills up the shorter pieces of a batch; it does not count", "in_code"),
    Word("posterior", "what is known of the hidden once the frames are seen", "bound"),
    Word("posterior collapse", "a guess that has become the prior, and tells nothing", "latents"),
    Word("prior", "what the model expects of the hidden before any frame is seen", "bound"),
    Word(
        "reparameterisation",
        "drawing $z$ as $\\mu + \\sigma \\epsilon$, so that gradients reach $\\mu$ and $\\sigma$",
        "bound",
    ),
    Word(
        "RNN",
        "recurrent network: reads frame after frame, and keeps a summary; GRU and LSTM are kinds of it",
        "bound_in_time",
    ),
    Word("S9", "the paper's linear system, on which all is known exactly", "bound_in_time"),
    Word("score function", "a gradient past a draw that needs no slope of the model, and is noisy", "bound"),
    Word("smoother", "a guess of $z_t$ from all frames, later ones too", "state_space"),
    Word(
        "ST-R, MF-L, …",
        "structured or mean field, with an RNN from the left, the right or both",
        "structured_inference",
    ),
    Word("structured", "a guess in which each latent depends on the one before", "structured_inference"),
    Word("SVI", "stochastic variational inference: raise the ELBO by noisy gradients", "one_update"),
    Word("temperature", "how much chance there is in a draw: 0 takes the likeliest, 1 is the model", "listen"),
)


@st.fragment
def button() -> None:
    """The button that opens it all, at the right of the page; made only when somebody asks.

    A dialog, and no popover that tells when it closes: a click on the menu closes that, and Streamlit would then run
    this fragment of a page that is gone, and leave the next one blank.
    """
    if st.button("Symbols", icon=":material/dictionary:", help=WORDS_HELP, key="glossary", type="tertiary"):
        _open()


@st.dialog("Symbols and questions", width="medium", position="right", icon=":material/dictionary:")
def _open():
    show("dialog")


def show(key: str) -> None:
    """Symbols, words and questions, with a search. `key` tells the dialog and the page apart."""
    sought = st.text_input(
        "Search", key=f"search {key}", placeholder="such as KL, mask, sigma", help=SEARCH, max_chars=LONGEST
    )
    symbols, words, questions = (found(rows, sought) for rows in (SYMBOLS, WORDS, _rows()))
    with st.container(key=f"glossary_{key}"):
        if symbols:
            _table("symbol | meaning | in code | shape | explained in", symbols)
        if words:
            _table("word | meaning | explained in", words)
        if questions:
            st.markdown("**Questions that most people have**\n\n" + "\n".join(questions))
        if not symbols + words + questions:
            st.caption("Nothing here has these words.")


def found(rows, sought: str) -> list[str]:
    """The rows that have every word that is sought, as Markdown; if there are none, those that contain the letters.

    >>> len(found(SYMBOLS, "h_combined")), len(found(WORDS, "mask")), len(found(SYMBOLS, "σ"))
    (1, 1, 1)
    """
    texts = {row: _plain(" ".join(row[:-1])) for row in rows}  # without the page
    wanted = _plain(sought[:LONGEST]).split()  # a browser may send more than the field takes
    kept = [row for row, text in texts.items() if all(_has(text.split(), word) for word in wanted)]
    return [_line(row) for row in kept or [row for row, text in texts.items() if "".join(wanted) in text]]


def _plain(text):
    """Words in small letters, Greek ones by their names, without LaTeX's own.

    >>> _plain(r"\\mathrm{KL}(q, z_{q,0}) of σ")
    'kl q z q 0 of sigma'
    """
    text = re.sub(r"\\(mathrm|text|mid|log|frac)\b", " ", text)
    named = "".join(codepoint2name.get(ord(one), one) if ord(one) > 127 else one for one in text)
    return " ".join(re.findall(r"[a-z]+|\d+", named.lower()))


def _has(words, sought):
    return any(word == sought or (len(sought) > SHORT and word.startswith(sought)) for word in words)


def _table(heads, rows):
    st.markdown("\n".join([f"| {heads} |", f"|{'---|' * len(heads.split(' | '))}", *rows]))


def _rows():
    return [(question.asks, anchor, question.page) for anchor, question in QUESTIONS.items()]


def _line(row):
    """One row of a table, or of the list of questions."""
    if isinstance(row, Symbol):
        code = ", ".join(f"`{name}`" for name in row.code.split(", "))
        return f"| ${row.letter}$ | {row.meaning} | {code} | {row.shape} | {_link(row.page)} |"
    if isinstance(row, Word):
        return f"| {row.word} | {row.meaning} | {_link(row.page)} |"
    asks, anchor, page = row
    return f"- [{asks}]({page}#{anchor})"


def _link(page):
    return f"[{lesson_of(page).title}]({page})"
