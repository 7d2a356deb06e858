"""Words from outside, shown as they are: a file name or a piece's title must not turn into a link or a formula."""

import re


def plain(text: str) -> str:
    r"""The text with every character that Markdown would act on escaped.

    >>> print(plain("[a](b) $x$"))
    \[a\](b) \$x\$
    """
    return re.sub(r"([\\`*_\[\]$<>~])", r"\\\1", text)


def describe_config(config) -> str:
    """A run in a few words: what is most often changed.

    >>> from dmm.config import make_config
    >>> describe_config(make_config("standard", seed=3))
    'z 32, RNN 200, rate 0.004, 400 epochs, seed 3'
    """
    sizes = f"z {config.z_dim}, RNN {config.rnn_dim}"
    return f"{sizes}, rate {config.learning_rate:g}, {config.epochs:,} epochs, seed {config.seed}"
