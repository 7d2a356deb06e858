"""The JSB chorales of the literature: train each row of the table, judge it once on the test split, write the table.

    python benchmarks/jsb.py train ROW --data jsb-chorales-quarter.json [--seed 0] [--runs-dir DIR]
    python benchmarks/jsb.py write

`train` adds a line to `jsb_results.jsonl`; `write` makes `jsb.md` of them. The data file is the quarter-note one of
Boulanger-Lewandowski et al. (2012), as JSON; it is not part of this repository. Each run has one thread.
"""

import argparse
import json
import platform
from pathlib import Path

from jsb_rows import ROWS
from jsb_table import write

from dmm.config import make_config
from dmm.data import load_dataset

HERE = Path(__file__).parent
RESULTS = HERE / "jsb_results.jsonl"
SAMPLES = 2000  # the paper's
EPOCHS = 100_000  # as many as fit into a row's seconds, unless it names their number


def train(row, data, seed, runs_dir):
    """Train one row in its time, evaluate the snapshot that was best on validation, and keep the numbers."""
    import torch

    from dmm.evaluation import evaluate
    from dmm.runs import session, store
    from dmm.runs.describe import describe
    from dmm.runs.snapshots import load_run

    recipe = ROWS[row]
    limit = recipe.seconds
    dataset = load_dataset(data)
    values = {"epochs": EPOCHS, "seconds": limit} | recipe.settings
    config = make_config(recipe.preset, data=str(Path(data).resolve()), seed=seed, **values)
    run = store.new_run(config, describe(dataset), runs_dir)
    spent = [0.0]

    def orders():
        return "limit" if limit and spent[0] >= limit else None

    def on_report(state, spec, report):
        spent[0] = state.seconds
        if report.ended == "milestone":
            last = report.records[-1]
            print(f"{row} epoch {last['epoch']} {state.seconds:.0f} s: validation {last['bound']:.3f}", flush=True)

    status = session.train(run, dataset, orders, on_report)
    best = [line for line in store.read_lines(run / "metrics.jsonl")[0] if line.get("improved")][-1]
    rolls = [piece.roll for piece in dataset.test]
    result = evaluate(load_run(run)[0], rolls, SAMPLES)._asdict()
    record = {
        "row": row,
        "seed": seed,
        "settings": config.model_dump(exclude={"data", "seed"}),
        "epochs": status.epoch,
        "best_epoch": best["epoch"],
        "seconds": round(status.seconds),
        "best_seconds": round(best["seconds"]),
        "valid_bound": best["bound"],
        "test": result,
        "torch": torch.__version__,
        "processor": platform.machine(),
    }
    with RESULTS.open("a") as file:
        file.write(json.dumps(record) + "\n")
    print(json.dumps(record["test"]), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("train")
    one.add_argument("row", choices=list(ROWS))
    one.add_argument("--data", required=True)
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--runs-dir", type=Path, default=Path("runs"))
    commands.add_parser("write")
    given = parser.parse_args()
    if given.command == "train":
        train(given.row, given.data, given.seed, given.runs_dir)
    else:
        write(HERE / "jsb.md", ROWS, [json.loads(line) for line in RESULTS.read_text().splitlines()])
