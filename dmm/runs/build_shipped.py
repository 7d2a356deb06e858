"""Train the runs that ship with the app: `python -m dmm.runs.build_shipped`.

They are ordinary runs on the chorales that ship, with some things left out to keep them small: the optimiser's state,
the records of single updates, of which each epoch keeps the mean, and half of the drawn pieces. Three things are added,
so that pages show them before torch is loaded: `inspection.npz`, what the model makes of the first test piece;
`history.npz`, the same at moments of the training, and the transition then, one byte a number; and `drawn.npz`, a piece
that it makes up.
"""

import shutil
import tempfile
from pathlib import Path

from dmm import plane
from dmm.config import make_config
from dmm.data import load_dataset
from dmm.history import Moment, make_history, save_history
from dmm.inspection import FIRST_BEATS, FIRST_SEED, draw_piece, inspect_piece, save
from dmm.runs import session, store
from dmm.runs.curves import mean_over_frames
from dmm.runs.describe import describe
from dmm.runs.moments import Kept, moment_epochs
from dmm.runs.snapshots import load_run
from dmm.training import load_dmm

RUNS = {  # the first is the one that pages show: a good one; the others are for looking at the differences
    "0000000000000001": ("standard", {}),
    "0000000000000002": ("classroom", {}),
    "0000000000000003": ("classroom", {"inference": "mf-lr"}),
}
MOMENTS = 36  # of a history, and the best one, if it is not among them


def main() -> None:
    """Train, then put the runs in the place of those that shipped before."""
    with tempfile.TemporaryDirectory() as folder:
        for run_id, (preset, settings) in RUNS.items():
            run = _train(run_id, make_config(preset, **settings), Path(folder))
            shutil.rmtree(store.SHIPPED / run_id, ignore_errors=True)
            shutil.copytree(run, store.SHIPPED / run_id)


def _train(run_id, config, folder):
    dataset = load_dataset(config.data)
    run = store.new_run(config, describe(dataset) | {"id": run_id}, folder)
    due, kept = set(moment_epochs(config.epochs, MOMENTS)), {}

    def look(state, spec, report):
        if report.ended not in ("milestone", "done"):
            return
        record = [record for record in report.records if record["kind"] == "valid"][-1]
        print(f"{run_id} epoch {record['epoch']}: validation {record['bound']:.3f}", flush=True)
        now = Kept(record["step"], record["epoch"], record["bound"], state.weights)
        if record["improved"]:
            kept["best"] = now
        if record["epoch"] in due:
            kept[record["epoch"]] = now

    print(session.train(run, dataset, on_report=look))
    moments = {one.step: one for one in kept.values()}
    save_views(run, [moments[step] for step in sorted(moments)], dataset.test[0].roll)
    _thin(run, {0, *(one.epoch for one in moments.values())})
    return run


def save_views(run: Path, kept: list[Kept], roll) -> None:
    """Into a run's folder: what its best model makes of a piece and makes up; what those of some moments made of it."""
    config, (dmm, _) = store.read_run_config(run), load_run(run)
    best = inspect_piece(dmm, roll)
    save(run / "inspection.npz", best)
    save(run / "drawn.npz", draw_piece(dmm, FIRST_BEATS, FIRST_SEED))
    models = [load_dmm(config, one.weights) for one in kept]
    moments = [Moment(*one[:3], inspect_piece(dmm, roll)) for one, dmm in zip(kept, models, strict=True)]
    through = plane.plane_through(best.z_loc)
    seen = [plane.look(plane.mean_of(dmm), through) for dmm in models]
    save_history(run / "history.npz", make_history(moments, through, seen))


def _thin(run, epochs):
    """Leave the best weights, one training record an epoch, and the pieces drawn after some `epochs`."""
    for path in (*(run / "snapshots").glob("step-*"), run / "lock"):
        path.unlink()
    shutil.rmtree(run / "moments", ignore_errors=True)
    _rewrite(run / "metrics.jsonl", _by_epoch)
    _rewrite(run / "samples.jsonl", lambda samples: [sample for sample in samples if sample["epoch"] in epochs])


def _rewrite(path, change):
    lines, _ = store.read_lines(path)
    path.unlink()
    store.append_lines(path, change(lines))


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
