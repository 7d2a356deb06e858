"""The browser's part of our own components: plain JavaScript in files beside the Python, without a build step."""

import re
from pathlib import Path

HERE = Path(__file__).parent


def read_code(name: str) -> str:
    """All `name_*.js` and then `name.js`, without comment lines and indentation, for it travels often."""
    files = (*sorted(HERE.glob(f"{name}_*.js")), HERE / f"{name}.js")
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return re.sub(r"^\s*//.*\n|^\s+", "", text, flags=re.MULTILINE)


def read_style(*names: str) -> str:
    """The files `name.css`, one after another."""
    return "\n".join((HERE / f"{name}.css").read_text(encoding="utf-8") for name in names)
