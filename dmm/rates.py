"""How often somebody may do something: so many times in a while. Plain bookkeeping, no clocks."""

import threading
from collections import deque
from collections.abc import Sequence


class Rates:
    """Caps that hold together, each on another name of the same one: who it is, and where they are.

    Args:
        seconds: the while that is looked back on.
        most: so many in it, a cap for each name.
    """

    def __init__(self, seconds: float, *most: int):
        self.seconds, self.most = seconds, most
        self._lock = threading.Lock()
        self._times: list[dict[str, deque[float]]] = [{} for _ in most]

    def take(self, names: Sequence[str], now: float) -> float:
        """Do it once more, if every cap allows.

        Args:
            names: one for each cap; nobody, an empty one, is without it.
            now: in seconds, never less than before.

        Returns:
            0.0, and it counts; or the seconds until it is allowed, and it does not.

        >>> rates = Rates(60, 2, 3)
        >>> [rates.take(("ada", "here"), now) for now in (0.0, 10.0, 20.0)]
        [0.0, 0.0, 40.0]
        """
        with self._lock:
            self._forget(now - self.seconds)
            waits = [0.0]
            for times, most, name in zip(self._times, self.most, names, strict=True):
                if name and len(times.get(name, ())) >= most:
                    waits.append(times[name][0] + self.seconds - now)
            if max(waits) > 0:
                return max(waits)
            for times, name in zip(self._times, names, strict=True):
                if name:
                    times.setdefault(name, deque()).append(now)
            return 0.0

    def _forget(self, before):
        """What lies too far back, and whoever did nothing since."""
        for times in self._times:
            for name in list(times):
                while times[name] and times[name][0] <= before:
                    times[name].popleft()
                if not times[name]:
                    del times[name]
