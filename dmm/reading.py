"""What a lesson prints about a piece of the code: its formula and its source, read without importing it."""

import ast
import re
from functools import cache
from pathlib import Path
from textwrap import dedent

HERE = Path(__file__).parent


def formula(name: str) -> str:
    """The formula in a docstring, without its dollar signs: the first one, if there are several.

    Args:
        name: `module` or `module.Thing`, below `dmm`.

    Raises:
        KeyError: there is no such thing, or it has no formula.

    >>> formula("model.GatedTransition").splitlines()[0]
    '\\\\begin{aligned}'
    """
    found = re.search(r"^\s*\$\$\n(.*?)^\s*\$\$$", ast.get_docstring(_node(name)) or "", re.DOTALL | re.MULTILINE)
    if not found:
        raise KeyError(f"dmm.{name} has no formula")
    return found.group(1).strip()


def code(name: str) -> str:
    """The source of a class or function, without its docstring.

    Args:
        name: `module.Thing` or `module.Thing.method`.

    Raises:
        KeyError: there is no such thing.
    """
    node, lines = _node(name), _source(name.split(".")[0]).splitlines()
    text = lines[node.lineno - 1 : node.end_lineno]
    if ast.get_docstring(node):
        first = node.body[0]
        del text[first.lineno - node.lineno : first.end_lineno - node.lineno + 1]
    indent = len(text[0]) - len(text[0].lstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line[indent:] for line in text)).replace(":\n\n", ":\n", 1)


def lines(name: str, *fragments: str) -> str:
    """The first line of a thing's code that holds each of these words, in the order of the code.

    Args:
        name: as for `code`.
        fragments: a piece of each line.

    Raises:
        KeyError: there is no such thing, or no such line.

    >>> print(lines("model.GatedTransition.forward", "loc = ", "scale = "))
    loc = (1 - g) * self.linear(z_prev) + g * h
    scale = softplus(self.to_scale(relu(h))) + SCALE_FLOOR
    """
    text = code(name).splitlines()
    places = {next((i for i, line in enumerate(text) if part in line), None): part for part in fragments}
    if None in places:
        raise KeyError(f"dmm.{name} has no line with {places[None]!r}")
    return dedent("\n".join(text[i] for i in sorted(places)))


def remark(name: str, word: str) -> str:
    """What a docstring says after "Source:", "Differs:" or the like, as one line; "" if it says nothing.

    >>> remark("model.Emitter", "Differs")
    'returns logits, because probabilities close to 0 or 1 lose their digits.'
    """
    found = re.search(rf"^{word}: (.*?)(?=^\w+: |^\s*$|\Z)", ast.get_docstring(_node(name)) or "", re.S | re.M)
    return " ".join(found.group(1).split()) if found else ""


@cache
def _source(module):
    return (HERE / f"{module}.py").read_text(encoding="utf-8")


@cache
def _tree(module):
    return ast.parse(_source(module))


def _node(name):
    module, *path = name.split(".")
    node = _tree(module)
    for part in path:
        inside = (child for child in node.body if getattr(child, "name", None) == part)
        node = next(inside, None)
        if node is None:
            raise KeyError(f"there is no dmm.{name}")
    return node
