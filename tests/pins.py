"""Writes constraints.txt from what is installed: `make pins`."""

import re
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = "# What requirements.txt and requirements-dev.txt pull in, pinned. Made by `make pins`.\n"


def main():
    named = "\n".join((ROOT / name).read_text() for name in ("requirements.txt", "requirements-dev.txt"))
    direct = {name.lower() for name in re.findall(r"^([\w-]+)==", named, re.MULTILINE)}
    pins = {one.metadata["Name"]: one.version for one in distributions()}
    skipped = direct | {"pip", "setuptools", "wheel"}
    lines = [f"{name}=={version}\n" for name, version in pins.items() if name.lower() not in skipped]
    (ROOT / "constraints.txt").write_text(HEAD + "".join(sorted(lines, key=str.lower)))


if __name__ == "__main__":
    main()
