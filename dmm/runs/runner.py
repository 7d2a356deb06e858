"""The server's one runner: takes runs in line, gives them turns, and says in each run's folder what becomes of it.

A run trains until somebody else's turn has come: its first turn is short, so that everybody soon sees something. A
turn ends with a snapshot, and the next begins there. A process that dies costs what came after the last snapshot.
"""

import contextlib
import logging
import threading
import time
from pathlib import Path
from typing import NamedTuple

from dmm.runs import changes, store
from dmm.runs.engine import ORDERS, NoPlace, Slice
from dmm.runs.events import note
from dmm.runs.line import RACE, RUN, SWEEP, Entry, Line
from dmm.runs.local_engine import LocalEngine
from dmm.runs.retention import tidy
from dmm.runs.store import RunError, Status
from dmm.steering import Change, check

FIRST_TURN, TURN = 2.0, 5.0  # seconds, when others wait
LONGEST_TURN = 600.0  # seconds, when nobody does: workers are to be refreshed now and then
MOST_PER_LEARNER = {RUN: 4, RACE: 1, SWEEP: 36}  # one that trains, and others that wait
MOST_PER_ADDRESS = 130  # a class behind one address
UNWATCHED = 600.0  # seconds after which a run that nobody looks at rests
WATCHING = 5.0  # seconds for which one who has looked counts as looking
GRACE = 15.0  # seconds that a process has to follow an order
DEATHS = 3  # processes of a run that die in a row, and it has failed
LOOK_EVERY = 0.1  # seconds
TIDY_EVERY = 120.0  # seconds
FORGOTTEN_AFTER = 10.0  # seconds; a run that is only just being started is younger
FORGOTTEN = "The app was closed before it was done; press Resume to go on from its last snapshot."
WAITING = "Waiting for a free place to train."
ENDS = {name: ORDERS[name] for name in ("pause", "cancel")}  # what a learner asks for
NOBODY = "Nobody has watched for ten minutes, so it rests; press Resume to go on."


class Wait(NamedTuple):
    """Where a run is in the line: turns before its own, seconds until then, and the own run it waits for, if any."""

    before: int
    seconds: float
    behind: Path | None


class _Turn:
    """A turn that is under way, or has just been asked for."""

    def __init__(self):
        self.handle, self.began = None, time.monotonic()
        self.order, self.ordered = None, 0.0
        self.change = None  # the last one it was told of

    def tell(self, order):
        """An order to end; the first "pause" or "cancel" stands."""
        if self.order not in ENDS:
            self.order, self.ordered = order, time.monotonic()
            self.handle.tell(order)


class Runner:
    """The line of runs and the turns they have.

    Args:
        engine: where they train; the processors of this machine unless given.
        folder: of runs, to see which an earlier server left behind, and to keep them within limits.
    """

    def __init__(self, engine=None, folder: Path | None = None):
        self.engine, self.folder = engine or LocalEngine(), folder
        self._lock = threading.RLock()
        self._line, self._turns = Line(), {}
        self._watched: dict[Path, float] = {}
        self._watchers: dict[str, float] = {}
        self._rest: dict[Path, str] = {}  # runs that end for a reason of ours, with its sentence
        self._closed, self._wake = threading.Event(), threading.Event()
        if folder:
            find_left_behind(folder)
        threading.Thread(target=self._go, daemon=True, name="runner").start()

    # --- what learners ask for ------------------------------------------------------------------------------------

    def submit(
        self, run: Path, learner: str = "", address: str = "", *, steps: int | None = None, kind: str = RUN
    ) -> None:
        """Put a run in line; one that is in it already stays where it is.

        Args:
            run: its folder.
            learner, address: whose it is, and where they are: each may have only so many.
            steps: so many updates, then it pauses.
            kind: RUN, RACE (does not wait for the learner's runs) or SWEEP (has turns only when no other run waits).

        Raises:
            RunError: the learner, the address or another process has it, or too many, already.
        """
        with self._lock:
            if run in self._line.entries:
                return
            self._check_caps(learner, address, kind)
            status = store.read_status(run)
            if status.state == "running" and not store.is_free(run):
                raise RunError("This run is being trained right now by another process.")
            try:
                store.write_status(run, status._replace(state="queued", sentence=WAITING))
            except OSError as error:
                raise RunError(f"This run cannot be queued: {store.reason(error)}.") from None
            self._line.add(Entry(run, learner, address, kind, steps))
            self._watched[run] = time.monotonic()
            self._fill()

    def order(self, run: Path, order: str) -> None:
        """Tell a run to "pause" or "cancel"; one that is not in line stays as it is."""
        with self._lock:
            if run in self._turns:
                self._turns[run].tell(order)
            elif run in self._line.entries:
                self._leave(run, ENDS[order][0], "Taken out of the line; press Resume to queue it again.")

    def steer(self, run: Path, learning_rate: float, kl_weight: float | None) -> None:
        """Change what holds from the next update on, whether the run trains, waits or rests.

        Raises:
            RunError: no run can be told that, or it cannot be written.
        """
        try:
            check(learning_rate, kl_weight)
        except ValueError as error:
            raise RunError(str(error)) from None
        change = Change(0, learning_rate, kl_weight)
        with self._lock:
            if run in self._turns:
                self._turns[run].change = change
                self._turns[run].handle.tell(change)
            else:
                _write_change(run, change)

    def watch(self, run: Path, who: str = "") -> None:
        """Somebody looks at this run: neither it nor what its learner has behind it will rest."""
        with self._lock:
            now = self._watchers[who] = time.monotonic()
            seen = self._line.entries.get(run)
            for entry in self._line.entries.values() if seen else ():
                if entry.who == seen.who:
                    self._watched[entry.run] = now

    def watchers(self) -> int:
        """How many look at runs at this time."""
        with self._lock:
            now = time.monotonic()
            self._watchers = {who: seen for who, seen in self._watchers.items() if now - seen < WATCHING}
            return len(self._watchers)

    # --- what pages ask about -------------------------------------------------------------------------------------

    def wait(self, run: Path) -> Wait | None:
        """Where a run is in the line; None if it trains, or is not in it."""
        with self._lock:
            before = self._line.before(run)
            if before is None:
                return None
            left = sorted(max(0.0, self._length(one) - (time.monotonic() - turn.began)) for one, turn in self._busy())
            places = max(1, self.engine.slots() + len(left))
            first = left[before % len(left)] if left else 0.0
            each = FIRST_TURN if self._line.entries[run].fresh else TURN
            return Wait(before, first + each * (before // places), self._line.blocker(run))

    def waiting_before(self, run: Path) -> int | None:
        """How many turns come before this run's; None if it does not wait."""
        with self._lock:
            return self._line.before(run)

    def holds(self, run: Path) -> bool:
        """Whether this run trains or waits here, and so obeys `order`."""
        with self._lock:
            return run in self._line.entries

    def trains(self, run: Path) -> bool:
        """Whether it has a turn at this moment."""
        with self._lock:
            return run in self._turns

    def status(self, run: Path) -> Status:
        """How a run is doing; one that waits in the line of a server that is no more counts as interrupted."""
        status = store.read_status(run)
        if status.state in store.LIVE and time.time() - status.heartbeat > FORGOTTEN_AFTER and not self.holds(run):
            if status.state == "queued":
                return status._replace(state="interrupted", sentence=FORGOTTEN)
            if store.is_free(run):  # its end could not be written
                return store.interrupted(status)
        return status

    def close(self) -> None:
        """Let every process save and end, and wait for that."""
        self._closed.set()
        with self._lock:
            for run in [run for run in self._line.entries if run not in self._turns]:
                self._leave(run, "interrupted", FORGOTTEN)
        self.engine.close()

    # --- turns ----------------------------------------------------------------------------------------------------

    def _check_caps(self, learner, address, kind):
        present = [one for one in self._line.entries.values() if one.kind == kind]
        mine = sum(bool(learner) and one.learner == learner for one in present)
        if mine >= MOST_PER_LEARNER[kind]:
            what = f"{mine} runs" if mine > 1 else f"a {kind}"
            raise RunError(f"You already have {what} training or waiting; stop one first.")
        near = sum(bool(address) and one.address == address for one in present)
        if kind != SWEEP and near >= MOST_PER_ADDRESS:
            raise RunError(f"{near} runs of your network train or wait already; try again in a few minutes.")

    def _fill(self):
        """Give turns while there are places."""
        for entry in self._line.ready():
            if self._closed.is_set() or not self.engine.slots():
                return
            self._begin(entry)

    def _begin(self, entry):
        turn = self._turns[entry.run] = _Turn()
        self._line.begin(entry)
        try:
            turn.handle = self.engine.submit(
                Slice(entry.run, entry.steps), lambda ended: self._note_end(entry, turn, ended)
            )
        except NoPlace:
            self._turns.pop(entry.run)
            self._line.training.pop(entry.run)
        except RunError as error:
            self._turns.pop(entry.run)
            self._leave(entry.run, "failed", str(error))

    def _note_end(self, entry, turn, ended):
        """A turn is over: the run leaves the line, or waits for its next."""
        with self._lock:
            if self._turns.pop(entry.run, None) is None:
                return
            sentence = self._rest.pop(entry.run, None)
            if ended.state == "died":
                self._note_death(entry, turn, ended.cause)
            elif ended.state == "queued" and turn.order in ENDS:  # told to end when it was just about to yield
                self._leave(entry.run, *ENDS[turn.order])
            elif ended.state == "queued" and not self._closed.is_set():
                self._line.rest(entry.run)
            else:
                self._line.remove(entry.run)
                self._watched.pop(entry.run, None)
            if turn.change and ended.state not in ("done", "diverged"):  # what nobody heard has changed nothing
                _keep_change(entry.run, turn.change)
            if sentence and entry.run not in self._line.entries and store.read_status(entry.run).state == "paused":
                _say(entry.run, sentence)
                note(entry.run, store.read_status(entry.run).step, sentence)
            self._fill()
            self._wake.set()

    def _note_death(self, entry, turn, cause):
        """Its process is gone: the run goes on from its last snapshot, unless that was its end anyway."""
        saved = store.saved_step(entry.run)
        entry.deaths = entry.deaths + 1 if saved == entry.died_at else 1
        entry.died_at = saved
        if turn.order in ENDS:
            sentence = f"{cause} before it had saved; what its last snapshot holds is kept."
            self._leave(entry.run, ENDS[turn.order][0], sentence)
        elif self._closed.is_set():
            self._leave(entry.run, "interrupted", FORGOTTEN)
        elif entry.deaths >= DEATHS:
            sentence = f"{cause}, for the {DEATHS}rd time in a row; press Resume to try again from its last snapshot."
            self._leave(entry.run, "failed", sentence)
        else:
            sentence = f"{cause}; it goes on from its last snapshot."
            with contextlib.suppress(OSError):
                step = store.read_status(entry.run).step
                note(entry.run, step, sentence)
                store.write_status(entry.run, store.read_status(entry.run)._replace(state="queued", sentence=sentence))
            self._line.rest(entry.run)
            entry.fresh = True  # it is the first to go on

    def _leave(self, run, state, sentence):
        """Out of the line; its folder says why, if it is still there."""
        self._line.remove(run)
        self._watched.pop(run, None)
        with contextlib.suppress(OSError):
            store.write_status(run, store.read_status(run)._replace(state=state, sentence=sentence))

    def _busy(self):
        return [(self._line.entries[run], turn) for run, turn in self._turns.items() if run in self._line.entries]

    def _length(self, entry):
        return FIRST_TURN if entry.fresh else TURN

    # --- what happens by itself -----------------------------------------------------------------------------------

    def _go(self):
        """Take turns away from those that have had theirs, and look after what nobody looks after."""
        tidied = time.monotonic()
        while not self._closed.is_set():
            self._wake.wait(LOOK_EVERY)
            self._wake.clear()
            try:
                with self._lock:
                    self.engine.slots()  # lets it refresh what is old before somebody needs it
                    self._fill()
                    self._take_turns()
                    self._rest_unwatched()
                if self.folder and time.monotonic() - tidied > TIDY_EVERY:
                    tidied = time.monotonic()
                    tidy(self.folder, self.holds)
            except Exception:  # whatever it is, the line must go on
                logging.exception("The runner stumbled.")

    def _take_turns(self):
        """While others wait, a turn that has had its time yields; one of a sweep yields to a single run at once."""
        now, waiting = time.monotonic(), self._line.starving()
        single = [one for one in waiting if not one.is_last]
        wanted = len(single or waiting) - sum(turn.order == "yield" for turn in self._turns.values())
        for entry, turn in sorted(self._busy(), key=lambda one: (not one[0].is_last, one[1].began)):
            if turn.order:
                if turn.order != "yield" and now - turn.ordered > GRACE:
                    turn.handle.kill()
                continue
            lasted = now - turn.began
            due = lasted > self._length(entry) or (entry.is_last and single)
            if (due and wanted > 0 and (entry.is_last or single)) or lasted > LONGEST_TURN:
                turn.tell("yield")
                wanted -= 1

    def _rest_unwatched(self):
        """A run that nobody has looked at for long rests."""
        now = time.monotonic()
        for run in [run for run in self._line.entries if now - self._watched.get(run, now) > UNWATCHED]:
            if run not in self._turns:
                self._leave(run, "paused", NOBODY)
            elif self._turns[run].order is None:
                self._rest[run] = NOBODY
                self._turns[run].tell("pause")


def find_left_behind(folder: Path) -> None:
    """Runs that say they train, and that no process holds: an earlier server left them. They can be resumed."""
    for run in store.list_runs(folder):
        status = store.stored_status(run)
        if run.parent == store.SHIPPED or status.state not in store.LIVE:
            continue
        young = status.state == "queued" and time.time() - status.heartbeat < FORGOTTEN_AFTER
        if not young and store.is_free(run):
            with contextlib.suppress(OSError):
                store.write_status(run, status._replace(state="interrupted", sentence=FORGOTTEN))


def _keep_change(run, change):
    """Write down a change that a turn was told of and ended without having heard."""
    kept = changes.read_changes(run)
    if not kept or kept[-1][1:] != change[1:]:
        with contextlib.suppress(RunError):
            _write_change(run, change)


def _write_change(run, change):
    """Of a run that nobody trains now: from where it will go on."""
    try:
        with store.hold(run):
            changes.append_change(run, change._replace(step=store.saved_step(run)))
    except OSError as error:
        raise RunError(f"The change cannot be written: {store.reason(error)}.") from None


def _say(run, sentence):
    """Another sentence for how a run has ended."""
    with contextlib.suppress(OSError):
        store.write_status(run, store.read_status(run)._replace(sentence=sentence))
