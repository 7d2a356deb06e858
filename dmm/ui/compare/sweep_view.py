"""Compare: what came of a sweep so far, as a map, dots or lines, and as a table; a press on a cell pins its run."""

import statistics

import numpy as np
import streamlit as st

from dmm import figures
from dmm.config import about
from dmm.runs import sweep_records
from dmm.ui.compare.sweep_acts import pin
from dmm.ui.compare.sweep_form import in_words
from dmm.ui.plot import plot
from dmm.ui.words import plain

VIEWS = {"map": "Heat map", "lines": "Parallel coordinates"}
VIEW = "A number for each pair of values; or a line for each run, from setting to setting to its bound."
PIN = "Puts this run among those side by side, at the top of the page."
WORDS = {"running": "training", "queued": "waiting", "done": "–"}  # in a cell that has no number


def show_view(sweep, results) -> None:
    """The figure that suits it, how to read it, and all runs in a table."""
    done, two = sweep_records.by_cell(results), len(sweep.fields) == 2
    view = "map"
    if two or len(sweep.seeds) > 1:
        first = VIEWS if two else {"map": "Dots", "lines": VIEWS["lines"]}
        how = {"format_func": first.get, "default": "map", "required": True, "help": VIEW, "persist_state": "session"}
        view = st.segmented_control("View", [*first], key="sweep view", **how)
    left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
    with left:
        if view == "lines":
            plot(_lines(sweep, done), f"sweep lines {sweep.id}", tools=False)
        else:
            key = f"sweep {'map' if two else 'dots'} {sweep.id}"
            figure = _map(sweep, results, done) if two else _dots(sweep, done)
            plot(figure, key, tools=False, on_click=lambda: _pin_pressed(key, sweep, done))
    with right:
        st.caption(_legend(sweep, view))
        _choose_run(sweep, done)
    with st.expander("All its runs as a table"):
        st.markdown(_table(sweep, results))


def _map(sweep, results, done):
    """The longer axis stands upright, so that a narrow page has room for the numbers."""
    columns, rows = _axes(sweep)
    shape = len(sweep.fields[rows]), len(sweep.fields[columns])
    values, spread, words = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, "–", dtype=object)
    states: dict[tuple, list[str]] = {}
    for one in results:
        states.setdefault(one.values, []).append(one.status.state)
    for (row, column), cell in _cells(sweep):
        bounds = [one.status.best for one in done.get(cell, [])]
        if bounds and len(bounds) == len(states[cell]):  # all its seeds are done
            values[row, column] = statistics.fmean(bounds)
            spread[row, column] = statistics.stdev(bounds) if len(bounds) > 1 else np.nan
        elif cell in states:
            state = next((one for one in ("running", "queued") if one in states[cell]), states[cell][0])
            words[row, column] = WORDS.get(state, state)
    names = {name: [in_words(name, value) for value in sweep.fields[name]] for name in sweep.fields}
    titles = {name: about(name)["label"] for name in sweep.fields}
    return figures.sweep_map(values, names[columns], names[rows], titles[columns], titles[rows], words, spread)


def _dots(sweep, done):
    ((name, values),) = sweep.fields.items()
    bounds = [[one.status.best for one in done.get((value,), [])] for value in values]
    names = [in_words(name, value) for value in values]
    return figures.sweep_dots(names, bounds, about(name)["label"], ordered=not about(name)["choices"])


def _lines(sweep, done):
    """All runs that are done."""
    axes = [(about(name)["label"], [in_words(name, one) for one in values]) for name, values in sweep.fields.items()]
    many = len(sweep.seeds) > 1
    done = [one for runs in done.values() for one in runs]
    places = [
        [values.index(value) for value, values in zip(one.values, sweep.fields.values(), strict=True)] for one in done
    ]
    if many:
        axes.append((about("seed")["label"], [str(seed) for seed in sweep.seeds]))
        places = [[*place, sweep.seeds.index(one.seed)] for place, one in zip(places, done, strict=True)]
    return figures.sweep_lines(axes, places, [one.status.best for one in done])


def _axes(sweep):
    """The fields that go across and up."""
    one, other = sweep.fields
    return (one, other) if len(sweep.fields[one]) <= len(sweep.fields[other]) else (other, one)


def _cells(sweep):
    """Row and column of each cell, and its values in the order of the fields."""
    columns, rows = _axes(sweep)
    for row, up in enumerate(sweep.fields[rows]):
        for column, across in enumerate(sweep.fields[columns]):
            told = {rows: up, columns: across}
            yield (row, column), tuple(told[name] for name in sweep.fields)


def _pin_pressed(key, sweep, done):
    """Pin the best run of the cell that was pressed; a press on anything else does nothing."""
    try:
        (point,) = st.session_state[key]["selection"]["points"]
        carried = point["customdata"]
        place = [int(one) for one in (carried.values() if isinstance(carried, dict) else carried)]
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):  # a browser may send anything
        return
    if len(sweep.fields) == 2:
        cell = dict(_cells(sweep)).get(tuple(place))
    else:
        (values,) = sweep.fields.values()
        cell = dict(enumerate((value,) for value in values)).get(place[0]) if len(place) == 1 else None
    runs = done.get(cell)
    if runs:
        pin(min(runs, key=lambda one: one.status.best).run)
        st.rerun()


def _choose_run(sweep, done):
    """The same without a pointer: choose a run, the best first, and pin it."""
    ready = sorted((one for runs in done.values() for one in runs), key=lambda one: one.status.best)
    if not ready:
        return
    words = {one.run.name: f"{one.status.best:.3f}: {_said(sweep, one)}" for one in ready}
    key = f"sweep run {sweep.id} {ready[0].run.name}"  # when another is best, that one stands there
    name = st.selectbox("A run of it", [*words], format_func=words.get, key=key, help=PIN)
    run = next(one.run for one in ready if one.run.name == name)
    if st.button("Pin it above", icon=":material/keep:", key="sweep pin", help=PIN, on_click=pin, args=(run,)):
        st.rerun()


def _said(sweep, one):
    """The settings of a run in words."""
    told = [
        f"{about(name)['label']} {in_words(name, value)}" for name, value in zip(sweep.fields, one.values, strict=True)
    ]
    return ", ".join(told + ([f"seed {one.seed}"] if len(sweep.seeds) > 1 else []))


def _legend(sweep, view):
    """How to read it."""
    several = len(sweep.seeds) > 1
    number = "of one run, so a few hundredths may be the seed's"
    if several:
        number = "the mean over a cell's seeds" if len(sweep.fields) == 2 else "a dot for each run"
    if view == "lines":
        return "A line for each run that is done; the best is thick. Lower is better, in nats per frame."
    how = "The darker, the better; ★ marks the best. " if len(sweep.fields) == 2 else "★ marks the best. "
    spread = " Grey lines reach from the best seed to the worst." if several and len(sweep.fields) == 1 else ""
    press = "Press one to pin its run above."
    return f"Best validation bound in nats per frame, lower is better: {number}. {how}{press}{spread}"


def _table(sweep, results):
    """All runs, the best first."""
    head = [about(name)["label"] for name in sweep.fields]
    lines = [
        f"| {' | '.join([*head, 'seed', 'best bound', 'epoch', 'seconds', 'state'])} |",
        f"|{'---:|' * (len(head) + 5)}",
    ]
    for one in sorted(results, key=lambda one: (one.status.best is None, one.status.best)):
        best = "–" if one.status.best is None else f"{one.status.best:.3f}"
        told = [in_words(name, value) for name, value in zip(sweep.fields, one.values, strict=True)]
        cells = [*told, one.seed, best, one.status.epoch, f"{one.status.seconds:.1f}", plain(one.status.state)]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)
