"""What the live chart of a tab shows, counted by the rules of `dmm/ui/live_chart.py`."""

import time

RESYNC_EVERY = 2.0  # seconds


class ChartPoints:
    """The run that the chart shows, how many of its points it has, and when a new run's first point came."""

    def __init__(self, clock=time.perf_counter):
        self.run, self.shown, self.resyncs = None, 0, 0
        self.first_point = None
        self._clock = clock
        self._watched_from, self._before = None, None
        self._resynced = -RESYNC_EVERY

    def watch(self) -> None:
        """From now on the first point of a run that is not the present one is waited for."""
        self._watched_from, self._before = self._clock(), self.run

    def hear(self, packet: dict) -> bool:
        """Take in a packet; False if it begins beyond the points that are there, and so cannot be drawn."""
        points = len(next(iter(packet["columns"].values())))
        if packet["run"] != self.run:
            self.run, self.shown = packet["run"], 0
        if packet["start"] > self.shown:
            return False
        self.shown = packet["start"] + points
        if self.shown and self._watched_from is not None and self.first_point is None and self.run != self._before:
            self.first_point = self._clock() - self._watched_from
        return True

    def may_resync(self) -> bool:
        """Whether to ask for all points now; the chart does so once in two seconds."""
        now = self._clock()
        if now - self._resynced < RESYNC_EVERY:
            return False
        self._resynced, self.resyncs = now, self.resyncs + 1
        return True
