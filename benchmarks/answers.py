"""Which run of a script answered which request, and when: what a browser tab can know of it."""

import time
from typing import NamedTuple

WHOLE_PAGE = ""  # in the place of a fragment's id


class Rerun(NamedTuple):
    """A request, and the seconds until the script had finished; `timed` by a timer, not by a click."""

    asked: float
    seconds: float
    timed: bool
    whole_page: bool


class Answers:
    """Requests and what became of them, one tab's; `clock` gives seconds.

    A run of the whole page answers everything that was asked before it began, a run of fragments what was asked of
    them. Of a run that "finished early for a rerun" nobody can tell at once: a fragment that came to its end while
    another one waited is called so too, and counts; but if the whole page follows, that is the answer.
    """

    def __init__(self, clock=time.perf_counter):
        self.reruns: list[Rerun] = []
        self._clock = clock
        self._pending: dict[str, list[tuple[float, bool]]] = {}
        self._fragments, self._began = (), 0.0
        self._early: list[tuple[tuple[str, ...], float, float]] = []

    def ask(self, fragment: str, timed: bool) -> None:
        """A request goes out."""
        self._pending.setdefault(fragment, []).append((self._clock(), timed))

    def begin(self, fragments: list[str]) -> None:
        """A run of these fragments begins; of the whole page if there are none."""
        if fragments:
            self._settle()
        self._early.clear()
        self._fragments, self._began = tuple(fragments), self._clock()

    def end(self, early: bool) -> None:
        """The run has ended."""
        if self._fragments or not early:
            self._early.append((self._fragments, self._began, self._clock()))
        if not early:
            self._settle()

    def waiting(self) -> float:
        """For how many seconds the oldest request has not been answered; 0 if all are."""
        oldest = min((asked for asks in self._pending.values() for asked, _ in asks), default=None)
        return 0.0 if oldest is None else self._clock() - oldest

    def _settle(self):
        for fragments, began, ended in self._early:
            for fragment in fragments or tuple(self._pending):
                asks = self._pending.pop(fragment, [])
                self._pending[fragment] = [one for one in asks if one[0] > began]
                answered = [one for one in asks if one[0] <= began]
                self.reruns += [Rerun(asked, ended - asked, timed, not fragments) for asked, timed in answered]
        self._early.clear()
