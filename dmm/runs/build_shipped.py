"""Train the run that ships with the app: `python -m dmm.runs.build_shipped` (about three minutes on one core).

It is an ordinary run of the `standard` preset on the chorales that ship, with two things left out to keep it small: the
optimiser's state, and the records of single updates, of which each epoch keeps the mean. One thing is added:
`inspection.npz`, what the model makes of the first test piece, which the Latents page shows before torch is loaded.
"""

import shutil
import tempfile
from pathlib import Path

from dmm.config import make_config
from dmm.data import load_dataset
from dmm.inspection import inspect_piece, save_inspection
from dmm.runs import session, store
from dmm.runs.curves import mean_over_frames
from dmm.runs.describe import describe
from dmm.runs.snapshots import load_run

RUN_ID = "0000000000000001"
PRESET = "standard"


def main() -> None:
    """Train, then put the run in the place of the one that shipped before."""
    config = make_config(PRESET)
    dataset = load_dataset(config.data)
    with tempfile.TemporaryDirectory() as folder:
        run = store.new_run(config, describe(dataset) | {"id": RUN_ID}, Path(folder))
        status = session.train(run, dataset, on_report=_say)
        save_inspection(run / "inspection.npz", inspect_piece(load_run(run)[0], dataset.test[0].roll))
        _thin(run)
        shutil.rmtree(store.SHIPPED / RUN_ID, ignore_errors=True)
        shutil.copytree(run, store.SHIPPED / RUN_ID)
    print(status)


def _say(state, spec, report):
    if report.ended == "milestone":
        print(f"epoch {report.records[-1]['epoch']}: validation {report.records[-1]['bound']:.3f}", flush=True)


def _thin(run):
    """Leave the best weights and one training record an epoch."""
    for snapshot in (run / "snapshots").glob("step-*"):
        snapshot.unlink()
    records, _ = store.read_lines(run / "metrics.jsonl")
    (run / "metrics.jsonl").unlink()
    store.append_lines(run / "metrics.jsonl", _by_epoch(records))


def _by_epoch(records):
    kept, epoch = [], []
    for record in records:
        if record["kind"] == "valid":
            kept.append(record)
            continue
        epoch.append(record)
        if record["ends_epoch"]:
            frames, means = mean_over_frames(epoch)
            kept.append(record | {term: float(f"{mean:.6g}") for term, mean in means.items()} | {"frames": frames})
            epoch = []
    return kept


if __name__ == "__main__":
    main()
