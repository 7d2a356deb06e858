"""The table of the JSB runs is what its script makes of the stored results, and README repeats its numbers."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks"


@pytest.fixture
def records():
    return [json.loads(line) for line in (FOLDER / "jsb_results.jsonl").read_text().splitlines()]


def test_table_is_made_of_the_stored_results(records, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    from jsb_rows import ROWS
    from jsb_table import write

    write(tmp_path / "jsb.md", ROWS, records)
    assert (tmp_path / "jsb.md").read_text() == (FOLDER / "jsb.md").read_text()


@pytest.mark.parametrize(("row", "line"), [("standard, 3 min", "`standard` | 3 min"), ("ST-R", "ST-R | 8 min")])
def test_readme_repeats_the_stored_bounds(records, row, line):
    bound = next(record["test"]["nll_bound"] for record in records if (record["row"], record["seed"]) == (row, 0))
    (found,) = (text for text in (ROOT / "README.md").read_text().splitlines() if line in text)
    assert found.endswith(f"| {bound:.2f} |")


def test_no_stored_bound_beats_its_importance_sampled_likelihood(records):
    for record in records:
        test = record["test"]
        assert test["nll_is"] <= test["nll_bound"] + 3 * test["nll_bound_se"]
        assert (test["frames"], test["sequences"], test["samples"]) == (4725, 77, 2000)
