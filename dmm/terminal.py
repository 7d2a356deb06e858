"""Training from the command line: obedient to signals and to a time limit, and saying how it goes."""

import json
import math
import signal
import sys

import click

from dmm.runs import store

TENTHS = 10  # a second's steps on a bar that shows time


class Terminal:
    """Trains runs in this process. While it is entered, SIGINT and SIGTERM end the training in good order.

    Args:
        as_json: print each record as a line of JSON; otherwise show a progress bar, on a terminal.
        seconds: of training time, after which it ends; None for no limit.
    """

    def __init__(self, as_json, seconds):
        self.as_json, self.seconds = as_json, seconds
        self.order = self.began = self.bar = None
        self.spent = 0.0

    def __enter__(self):
        self.handlers = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *error):
        for number, handler in self.handlers.items():
            signal.signal(number, handler)

    def train(self, run, dataset):
        """Train until the run is done, or stopped; its status."""
        from dmm.runs import session

        if self.as_json or not sys.stdout.isatty():
            return session.train(run, dataset, self._orders, self._report, until=self._is_told)
        config = store.read_run_config(run)
        updates = config.epochs * math.ceil(len(dataset.train) / config.batch_size)
        length = math.ceil(self.seconds * TENTHS) if self.seconds else updates
        with click.progressbar(length=length, label="Training", item_show_func=_in_words) as self.bar:
            return session.train(run, dataset, self._orders, self._report, until=self._is_told)

    def say_end(self, run, status):
        """The last words; the last line names the run's folder."""
        if self.as_json:
            click.echo(json.dumps({"run": str(run), **status._asdict()}))
            return
        best = f" Best validation bound: {status.best:.3f} nats per frame." if status.best is not None else ""
        click.echo(f"{status.sentence}{best}")
        click.echo(str(run))

    def _stop(self, *_):
        self.order = "interrupt"

    def _is_told(self):
        return self.order is not None

    def _orders(self):
        return "limit" if self.seconds and self.spent >= self.seconds else self.order

    def _report(self, state, spec, report):
        if self.began is None:
            self.began = state.seconds  # the first slice is one update; it is free
        self.spent = state.seconds - self.began
        if self.bar:
            position = min(int(self.spent * TENTHS), self.bar.length) if self.seconds else state.step
            self.bar.update(position - self.bar.pos, report.records[-1] if report.records else None)
        try:
            for record in report.records if self.as_json else ():
                click.echo(json.dumps(record))
        except BrokenPipeError:  # nobody reads any more: save and end
            self.order = "interrupt"


def _in_words(record):
    """A record beside the progress bar."""
    if not record or record["bound"] is None:
        return None
    return f"epoch {record['epoch']}, {record['kind']} bound {record['bound']:.3f} nats/frame"
