"""Words from outside, shown as they are: a file name or a piece's title must not turn into a link or a formula."""

import re

from dmm.data.load import SHIPPED, split_name
from dmm.ui.choices import in_words

JOINED = "\u2060"  # a sign of no width, in which no address and no name of an icon goes on
MARKS = re.compile(r"([\\`*_\[\]$<>~&|])")
BEGINS = re.compile(r"^(\d*)([-+=#.)])(?=[-+=#\s]|$)", re.MULTILINE)  # of a line that would be a list or a heading
BECOMES = re.compile(r"(:)(?=[\w+/-]+:)|(https?:)(?=//)|(www)(?=\.)|(?<=\w)(@)(?=\w)", re.IGNORECASE)  # an icon, a link


def plain(text: str) -> str:
    r"""The text, shown as it is: what Markdown acts on is escaped, and what would become a link or an icon is broken.

    >>> print(plain("[a](b) $x$"))
    \[a\](b) \$x\$
    >>> print(plain("# 1 & 2"), plain("1. x"), plain("- x"), plain("-1.5 at 12:30"), ascii(plain("http://x")))
    \# 1 \& 2 1\. x \- x -1.5 at 12:30 'http:\u2060//x'
    """
    escaped = BEGINS.sub(r"\1\\\2", MARKS.sub(r"\\\1", text))
    return BECOMES.sub(lambda found: found[0] + JOINED, escaped)


def refusal(name: str, text: str, right: str, used: str) -> str:
    """What a link says, and a control of this name cannot be; what it must be, and what is used instead."""
    shown = plain(" ".join(text[:20].split())) + ("…" if len(text) > 20 else "")
    return f"The link says {name} = {shown or 'nothing'}, but it must be {right}; {used} is used."


def describe_config(config) -> str:
    """A run in a few words: its network, what is not as usual, and what is most often changed.

    >>> from dmm.config import make_config
    >>> describe_config(make_config("standard", seed=3))
    'ST-R, GRU, z 32, RNN 200, rate 0.005, 400 epochs, seed 3'
    >>> describe_config(make_config(inference="mf-lr", transition="linear", rnn_cell="gru", engine="pyro"))
    'MF-LR, linear transition, GRU, Pyro engine, z 16, RNN 64, rate 0.01, 300 epochs, seed 0'
    >>> describe_config(make_config(data="chorales+song.mid"))
    'ST-R, chorales and own music, z 16, RNN 64, rate 0.01, 300 epochs, seed 0'
    """
    kind = ", ".join([config.inference.upper(), *_unusual(config)])
    sizes = f"z {config.z_dim}, RNN {config.rnn_dim}"
    length = f"{config.seconds:g} seconds" if config.seconds else f"{config.epochs:,} epochs"
    return f"{kind}, {sizes}, rate {config.learning_rate:g}, {length}, seed {config.seed}"


def _unusual(config):
    """What sets this member of the family apart."""
    if config.data not in SHIPPED:
        yield "chorales and own music" if split_name(config.data)[0] else "own music"
    if config.transition != "gated":
        yield f"{in_words('transition', config.transition).replace('Linear', 'linear')} transition"
    if config.emission != "bernoulli":
        yield "Gaussian emission"
    if config.edges != "markov":
        yield "augmented edges"
    if config.rnn_cell != "relu":
        yield in_words("rnn_cell", config.rnn_cell)
    if config.num_iafs:
        yield f"{config.num_iafs} IAF step{'s' if config.num_iafs > 1 else ''}"
    if config.engine != "fused":
        yield f"{in_words('engine', config.engine).replace('Readable', 'readable')} engine"
