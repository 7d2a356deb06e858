"""What a lesson prints about a piece of the code: its formula and its source, read without importing it."""

import ast
import re
from functools import cache
from pathlib import Path

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


@cache
def _source(module):
    return (HERE / f"{module}.py").read_text(encoding="utf-8")


def _node(name):
    module, *path = name.split(".")
    node = ast.parse(_source(module))
    for part in path:
        inside = (child for child in node.body if getattr(child, "name", None) == part)
        node = next(inside, None)
        if node is None:
            raise KeyError(f"there is no dmm.{name}")
    return node
