"""The house's plan as a test: imports point down, and each heavy package stays where it belongs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = [
    {"config", "refusals", "palette", "data", "music", "sound", "reading", "sizes", "coins", "conventions"}
    | {"steering", "stopping", "config_link", "decoding", "interventions", "holes", "quiz", "answers", "rates"},
    {"model", "variants", "rnn", "combiner", "flows", "inference", "sites", "padded"}
    | {"systems", "linear_gaussian", "one_dimension", "kalman", "floors", "combiner_floor"}
    | {"gaussian_chain", "d_separation", "gated", "fields", "one_latent", "one_draw"}
    | {"grid", "unscented", "particles", "marginals", "rollout"},
    {"deep_markov_model", "elbo", "batches", "optimisers", "fused", "packing", "multiply", "loops", "gru_loop"}
    | {"guided"},
    {"pyro_program"},
    {"training", "evaluation", "inspection", "history", "plane", "figures", "bench", "limit", "exact", "experiments"}
    | {"one_update", "update_study", "smoothing", "imputing", "counterfactual", "probing"},
    {"runs"},
    {"ui", "terminal", "cli", "serve", "__main__"},
]
EXACT = [
    f"dmm.{name}"
    for name in [
        "one_dimension",
        "gated",
        "fields",
        "kalman",
        "floors",
        "combiner_floor",
        "grid",
        "unscented",
        "particles",
        "exact",
        "one_latent",
        "one_draw",
        "gaussian_chain",
        "d_separation",
    ]
]
ALLOWED = {
    "streamlit": {"app.py", "pages", "dmm/ui"},
    "plotly": {"dmm/figures", "dmm/ui"},
    "pyro": {"dmm/pyro_program.py"},
    "music21": {"dmm/data/build_chorales.py", "dmm/data/scores.py"},
    "pickle": set(),
    "torchvision": set(),
}
FILES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "dmm").rglob("*.py"))]


def imports(path, top_level_only=False):
    """The full names of all modules a file imports, `from a import b` counting as a and a.b."""
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else ast.walk(tree)
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def layer(module):
    for level, names in enumerate(LAYERS):
        if module in names:
            return level
    raise AssertionError(f"dmm/{module} is in no layer of tests/test_layers.py")


MODULES = [path for path in FILES if path.is_relative_to(ROOT / "dmm")]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    own = path.relative_to(ROOT / "dmm").parts[0].removesuffix(".py")
    if own == "__init__":
        assert imports(path) == []
        return
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "dmm" and len(parts) > 1 and parts[1] != own:
            assert layer(parts[1]) <= layer(own), f"{path.name} imports {name}, which lies above it"


@pytest.mark.parametrize("package", ALLOWED)
def test_package_is_imported_only_where_the_plan_says(package):
    for path in FILES:
        place = path.relative_to(ROOT).as_posix()
        allowed = any(place == home or place.startswith(home + "/") for home in ALLOWED[package])
        used = any(name.split(".")[0] == package for name in imports(path))
        assert allowed or not used, f"{place} imports {package}"


def test_pages_import_no_torch_pyro_or_plotly():
    for path in (ROOT / "pages").glob("*.py"):
        assert {name.split(".")[0] for name in imports(path)} <= {"streamlit", "dmm"}, path.name


def test_torch_load_is_used_nowhere():
    for path in FILES:
        assert "torch.load" not in path.read_text(), path


@pytest.mark.parametrize(
    "module", ["dmm.config", "dmm.data", "dmm.runs.store", "dmm.runs.runner", "dmm.figures", *EXACT]
)
def test_light_modules_import_neither_torch_nor_pyro_nor_plotly(module):
    code = f"import {module}, sys; print(sorted({{'torch', 'pyro', 'plotly', 'streamlit'}} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.strip() == "[]"
