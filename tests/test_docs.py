"""What the documents say is true of the repository, and the repository says nothing of the machine it was made on."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dmm import cli

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "assets/README.md")
EXAMPLES = ("pages/name.py", "dmm/ui/name/", "my-music.json")  # for the reader to make
ELSEWHERE = ("/wo" + "rk/", "../sha" + "red", "/ro" + "ot/", "pypi.org/" + "simple", "files.python" + "hosted")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def lines_of_code(name):
    """Command lines in the fenced parts of a document, and those in backticks, without their comments."""
    fenced = "\n".join(FENCE.findall(text(name))).splitlines()
    inline = re.findall(r"`([^`\n]+)`", FENCE.sub("", text(name)))
    return [line.split("  #")[0].strip() for line in (*fenced, *inline)]


def repository_files():
    """What git keeps, or would."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a clone and git")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def ignored():
    return {line.strip("/") for line in text(".gitignore").splitlines() if line and not line.startswith("!")}


# --- documents -------------------------------------------------------------------------------------------------


def test_readme_opens_with_a_picture_and_the_two_commands():
    opening = text("README.md")[:1500]
    assert re.search(r"!\[[^\]]{10,}\]\([^)]+\.png\)", opening), "a picture with words for those who do not see it"
    assert re.search(r"^make app\b", opening, re.MULTILINE)
    assert re.search(r"^make test\b", opening, re.MULTILINE)


def test_readme_tells_how_without_make():
    commands = "\n".join(lines_of_code("README.md"))
    assert re.search(r"pip install -r requirements\.txt$", commands, re.MULTILINE)
    assert re.search(r"streamlit run app\.py$", commands, re.MULTILINE)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    targets = re.findall(r"\]\(([^)#\s]+)", FENCE.sub("", text(name)))
    here = [target for target in targets if "://" not in target]
    assert [target for target in here if not ((ROOT / name).parent / target).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_named_files_exist(name):
    """Whatever in backticks looks like a file or a folder, from the root, from beside the document or by its name."""
    words = re.findall(r"`([\w./-]+)`", FENCE.sub("", text(name)))
    paths = [word for word in words if re.search(r"\w\.(py|md|txt|toml|npz|png|jsonl?|js|css)$|\w/$", word)]
    known = {path.name for path in repository_files()}
    missing = [
        path
        for path in paths
        if not (ROOT / path).exists() and not ((ROOT / name).parent / path).exists() and path not in known
    ]
    assert [path for path in missing if path not in EXAMPLES and path.strip("/") not in ignored()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_named_commands_exist(name):
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    for line in lines_of_code(name):
        words = line.split()
        if words[:1] == ["make"]:
            assert words[1] in targets, f"there is no {line}"
        if words[:3] == ["python", "-m", "dmm"]:
            command = cli.main.commands[words[3]]
            options = {option for param in command.params for option in param.opts}
            assert {word for word in words[4:] if word.startswith("--")} <= options, line
        elif words[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(words[2]), f"there is no module {words[2]}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_was_left_to_fill_in(name):
    left = re.findall(r"\b(?:TODO|TBD|FIXME|XXX|RESULTS|PLACEHOLDER|lorem)\b", FENCE.sub("", text(name)))
    assert left == []


# --- the repository --------------------------------------------------------------------------------------------


def test_no_file_names_the_machine_it_was_made_on():
    found = []
    for path in repository_files():
        data = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {words}" for words in ELSEWHERE if words in data]
    assert found == []


def test_top_level_is_as_the_user_gave_it():
    for name in ("app.py", "pages", "dmm", "tests", "assets", "requirements.txt", "LICENSE", "Makefile", ".ci/run"):
        assert (ROOT / name).exists(), name
    assert "MIT License" in text("LICENSE")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "constraints.txt"])
def test_every_version_is_pinned(name):
    lines = [line.split("#")[0].strip() for line in text(name).splitlines()]
    for line in filter(None, lines):
        assert re.fullmatch(r"-[rc] [\w.-]+\.txt|[A-Za-z0-9._-]+==[0-9][\w.]*(\s*;.+)?", line), line


def test_torch_is_the_version_that_was_agreed():
    assert re.search(r"^torch==2\.13\.0$", text("requirements.txt"), re.MULTILINE)
    assert not re.search(r"^(torchvision|music21)\b", text("requirements.txt"), re.MULTILINE | re.IGNORECASE)


def test_no_package_is_pinned_twice_to_different_versions():
    pins = {}
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        for package, version in re.findall(r"^([A-Za-z0-9._-]+)==([\w.]+)", text(name), re.MULTILINE):
            assert pins.setdefault(re.sub(r"[-_.]+", "-", package.lower()), version) == version, package


def test_everything_that_is_installed_on_the_way_is_constrained():
    """Or next year's install differs; `make pins` writes constraints.txt."""
    assert "-c constraints.txt" in text("requirements.txt")
    assert len(re.findall(r"^[\w.-]+==", text("constraints.txt"), re.MULTILINE)) > 20


def test_ci_runs_what_everybody_runs():
    assert re.search(r"^(exec )?make test$", text(".ci/run"), re.MULTILINE)
