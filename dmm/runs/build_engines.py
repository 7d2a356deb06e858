"""Train with both engines and store what was measured: `python -m dmm.runs.build_engines` (a minute).

The Train page shows it in "Two engines, one answer" until visitors measure for themselves. Run it on a machine that
does nothing else; so that a moment's disturbance does not count, each engine's quickest lap of a few is kept.
"""

import tempfile
from pathlib import Path

from dmm.data import load_dataset
from dmm.runs import engine_race, session, store
from dmm.runs.describe import describe


def race(folder: Path, **values) -> list[engine_race.Lap]:
    """One run for each engine, in turn, in this folder; `values` of the configuration are the same for both."""
    laps = []
    for engine in engine_race.ENGINES:
        config = engine_race.race_config(engine, **values)
        dataset = load_dataset(config.data)
        run = store.new_run(config, describe(dataset), folder)
        session.train(run, dataset)
        laps.append(engine_race.read_lap(run))
    return laps


def main() -> None:
    """Measure, store and tell."""
    with tempfile.TemporaryDirectory() as folder:
        races = [race(Path(folder)) for _ in range(engine_race.STORED_RACES)]
    laps = [min(laps, key=lambda lap: lap.seconds) for laps in zip(*races, strict=True)]
    engine_race.save_laps(laps)
    for lap in laps:
        print(f"{lap.engine}: {lap.frames_per_second:,.0f} frames a second")
    print(f"largest relative difference {engine_race.largest_difference(*laps):.1e}")


if __name__ == "__main__":
    main()
