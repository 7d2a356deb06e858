"""Words from outside, shown as they are: a file name or a piece's title must not turn into a link or a formula."""

import re


def plain(text: str) -> str:
    r"""The text with every character that Markdown would act on escaped.

    >>> print(plain("[a](b) $x$"))
    \[a\](b) \$x\$
    """
    return re.sub(r"([\\`*_\[\]$<>~])", r"\\\1", text)
