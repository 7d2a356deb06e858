"""Whose turn is next: a fair line of runs. Plain bookkeeping, no clocks, no processes.

A learner's runs come one after another; a race of theirs does not wait for these. Learners take turns: whose run has
never had a turn comes first, then who was served longest ago. Runs of sweeps come behind all others; those of one
learner may train at the same time, once every other sweep has a turn.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

RUN, RACE, SWEEP = "run", "race", "sweep"


@dataclass
class Entry:
    """A run that wants to train: whose it is, from where, of which kind, and for how many updates."""

    run: Path
    learner: str = ""
    address: str = ""
    kind: str = RUN
    steps: int | None = None
    fresh: bool = True  # it has not had a turn since it came
    deaths: int = 0  # of its processes, in a row, without a new snapshot in between
    died_at: int = -1  # the update that the last of them left

    @property
    def who(self):
        """Who takes turns with others; runs of nobody are each on their own."""
        return self.learner or self.run.name, self.kind

    @property
    def is_last(self):
        """Whether it gives way to all single runs."""
        return self.kind == SWEEP


class Line:
    """The runs that are not over: those that have a turn now, and those that wait."""

    def __init__(self):
        self.entries: dict[Path, Entry] = {}  # in the order in which they came
        self.training: dict[Path, Entry] = {}
        self._served: dict[tuple[str, str], int] = {}
        self._count = 0

    def add(self, entry: Entry) -> None:
        """At the end, behind what the same learner has in it."""
        self.entries[entry.run] = entry

    def remove(self, run: Path) -> None:
        """Out of it; nothing if it is not in it."""
        self.entries.pop(run, None)
        self.training.pop(run, None)
        present = {one.who for one in self.entries.values()}
        self._served = {key: count for key, count in self._served.items() if key in present}

    def begin(self, entry: Entry) -> None:
        """It has a turn now."""
        self._count += 1
        self.training[entry.run] = entry
        self._served[entry.who] = self._count

    def rest(self, run: Path) -> None:
        """Its turn is over, and it waits for the next."""
        entry = self.training.pop(run, None)
        if entry:
            entry.fresh = False

    def ready(self) -> list[Entry]:
        """Those that may have a turn now, in the order in which they will."""
        taken = Counter(one.who for one in self.training.values())  # places that each has, or will have before
        ranks = {}
        for entry in self.entries.values():
            if entry.run in self.training:
                continue
            if entry.is_last or not taken[entry.who]:
                late = taken[entry.who] if entry.is_last else not entry.fresh
                ranks[entry.run] = entry.is_last, late, self._served.get(entry.who, 0)
            taken[entry.who] += 1
        return [self.entries[run] for run in sorted(ranks, key=ranks.get)]

    def starving(self) -> list[Entry]:
        """Those of them whose learner has no turn at all."""
        served = {one.who for one in self.training.values()}
        return [one for one in self.ready() if one.who not in served]

    def before(self, run: Path) -> int | None:
        """How many turns come before this run's; None if it has one now, or is not in the line.

        A learner's second run counts the turns before their first one, too.
        """
        entry = self.entries.get(run)
        if entry is None or run in self.training:
            return None
        ready = [one.run for one in self.ready()]
        if run in ready:
            return ready.index(run)
        ahead = [one for one in self.entries.values() if one.who == entry.who]
        return len(ready) + ahead.index(entry) - 1

    def blocker(self, run: Path) -> Path | None:
        """The run of the same learner that must be over before this one begins."""
        entry = self.entries.get(run)
        if entry is None or entry.is_last:
            return None
        first = next(one for one in self.entries.values() if one.who == entry.who)
        return None if first is entry else first.run
