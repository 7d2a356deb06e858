"""The browser's part of our own components: plain JavaScript in files beside the Python, without a build step."""

import re
from pathlib import Path

HERE = Path(__file__).parent


def read_code(name: str) -> str:
    """`name_paint.js`, if there is one, and `name.js`, without comment lines and indentation, for it travels often."""
    files = (HERE / f"{name}_paint.js", HERE / f"{name}.js")
    text = "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())
    return re.sub(r"^\s*//.*\n|^\s+", "", text, flags=re.MULTILINE)


def read_style(name: str) -> str:
    """`name.css`."""
    return (HERE / f"{name}.css").read_text(encoding="utf-8")
