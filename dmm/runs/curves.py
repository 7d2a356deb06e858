"""The learning curve of a run as columns for a chart, built up as records come in. No torch.

Updates are grouped so that a point is calm and yet soon there: a point is an epoch, or what 0.8 s of training did
where an epoch takes longer; in the first epoch each update is a point. Values are means over frames. A published curve
stands beside them, with a value at each point.
"""

import contextlib

from dmm.runs import store
from dmm.runs.published import published_bound

GROUP_SECONDS = 0.8
TERMS = ("bound", "reconstruction", "kl")
COLUMNS = ("step", *TERMS, "validation", "published")


def mean_over_frames(records) -> tuple[int, dict[str, float]]:
    """How many frames some updates saw, and the mean of each of `TERMS` over them.

    Raises:
        ZeroDivisionError: they saw none.
    """
    frames = sum(one["frames"] for one in records)
    return frames, {term: sum(one[term] * one["frames"] for one in records) / frames for term in TERMS}


class Curves:
    """The points of one run so far.

    `points` maps each of `COLUMNS` to a list; `frames_per_second` is the speed of the last point, None before there
    is one; `kl_weight`, `learning_rate` and `gradient_norm` are the last update's, `active` (latent dimensions in use)
    the last validation's.
    """

    def __init__(self, run):
        self.run = run
        self._offset = 0
        self.points = {name: [] for name in COLUMNS}
        self.frames_per_second = self.kl_weight = self.learning_rate = self.gradient_norm = self.active = None
        self._group, self._since = [], 0.0

    def update(self) -> None:
        """Read what the run has written since the last call."""
        records, self._offset = store.read_lines(self.run / "metrics.jsonl", self._offset)
        for record in records:
            with contextlib.suppress(KeyError, TypeError, ZeroDivisionError):  # a damaged line
                self._add(record)

    def _add(self, record):
        self._rewind(record)
        if record["kind"] == "valid":
            self._add_validation(record)
        else:
            self._add_update(record)

    def _rewind(self, record):
        """A run that went back to a snapshot repeats updates: forget what it had done after it."""
        newest = self._group[-1]["step"] if self._group else (self.points["step"] or [0])[-1]
        if record["kind"] == "valid" or record["step"] > newest:
            return
        self._group = [one for one in self._group if one["step"] < record["step"]]
        while self.points["step"] and self.points["step"][-1] >= record["step"]:
            for column in self.points.values():
                column.pop()
        self._since = record["seconds"]

    def _add_validation(self, record):
        if self.points["step"] and self.points["step"][-1] == record["step"]:
            self.points["validation"][-1] = record["bound"] + 0
        self.active = record.get("active")  # the first runs had none

    def _add_update(self, record):
        """Take an update into the group, and close the group where it makes a point; a skipped one adds no values."""
        elapsed = record["seconds"] - self._since
        closes = record["ends_epoch"] or record["epoch"] == 1 or elapsed >= GROUP_SECONDS
        if record["bound"] is not None:
            self._group.append({name: record[name] + 0 for name in ("step", "frames", *TERMS)})
            self.kl_weight, self.learning_rate = record["kl_weight"], record.get("learning_rate")
            self.gradient_norm = record.get("gradient_norm")
        if not closes or not self._group:
            return
        frames, means = mean_over_frames(self._group)
        step = record["step"] + 0
        point = {"step": step, "validation": None, "published": published_bound(step), **means}
        for name, value in point.items():
            self.points[name].append(value)
        self.frames_per_second = frames / elapsed if elapsed > 0 else self.frames_per_second
        self._group, self._since = [], record["seconds"]
