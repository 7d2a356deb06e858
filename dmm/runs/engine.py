"""Who computes: the protocol that the runner speaks, whether processes of this machine or others do the work."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from dmm.runs.store import RunError
from dmm.steering import Change

ORDERS = {  # that end a turn: the state in which it leaves its run, and a sentence
    "pause": ("paused", "It can go on from here."),
    "cancel": ("cancelled", "Stopped as asked; what it has learned is kept."),
    "limit": ("paused", "The time limit is up; it can go on from here."),
    "interrupt": ("interrupted", "Interrupted; it can go on from here."),
    "yield": ("queued", "Waiting for its next turn."),
}


class NoPlace(RunError):
    """All places are taken."""


class Slice(NamedTuple):
    """A turn of one run: from its last snapshot on until it is told to stop, or for so many updates."""

    run: Path
    steps: int | None = None


class Ended(NamedTuple):
    """How a turn ended: with the state that the run's folder then says, or "died", and why."""

    state: str
    cause: str = ""


class Handle(Protocol):
    """A turn that is under way."""

    def tell(self, order: str | Change) -> None:
        """Give an order of `ORDERS`, or change what holds from the next update on."""

    def kill(self) -> None:
        """End it at once, whatever it is doing."""


class Engine(Protocol):
    """Some places in which runs train."""

    def slots(self) -> int:
        """How many turns could begin now."""

    def submit(self, turn: Slice, on_end: Callable[[Ended], None]) -> Handle:
        """Begin a turn; `on_end` is called once, from another thread.

        Raises:
            NoPlace: all are taken.
            RunError: no process can be started.
        """

    def close(self) -> None:
        """Let all turns save and end, and wait for that."""
