"""Where each network's bound ends, and what lies between it and the truth."""

import math

import numpy as np

from dmm.figures.base import blank
from dmm.palette import GREY, ORANGE, SKY, VERMILLION

LEAST = 0.02  # nats per frame: the axis shows at least so much beyond the exact value
BEFORE, BEYOND = 0.18, 1.6  # where it begins and ends, in parts of the largest gap: room for a label
GAP = "\u00a0"  # between a whisker and its label


def gap_bars(floors, reached=None):
    """A bar for each network: the exact value, its two gaps, and, where it was trained, what optimisation leaves.

    Args:
        floors: from a network's name to its `Floor`, all of one model.
        reached: from a network's name to (bound minus exact, its standard error) in nats per frame; None or a missing
            name where nothing was trained. The exact value is then that of the same sequences.

    Raises:
        ValueError: no floor, a name in `reached` without a floor, or a number there that is not finite.
    """
    import plotly.graph_objects as go

    reached = _checked(floors, reached or {})
    names, exact = [name.upper() for name in floors], next(iter(floors.values())).exact
    span = max([LEAST, *(one.bound - exact for one in floors.values()), *(over for over, _ in reached.values())])
    start, ends, traces = exact - BEFORE * span, [exact] * len(names), []
    for label, colour, pattern, widths in _parts(floors, reached):
        exactly = label == "exact NLL"
        bar = {"x": [exact - start] * len(names) if exactly else widths, "base": start if exactly else ends}
        hover = f"%{{y}}, {label}<br>%{{customdata:.4f}} nats per frame<extra></extra>"
        marker = {"color": colour, "pattern": {"shape": pattern, "solidity": 0.35}}
        look = {"orientation": "h", "name": label, "marker": marker, "hovertemplate": hover}
        traces.append(go.Bar(y=names, customdata=widths, **bar, **look))
        if not exactly:
            ends = [end + width for end, width in zip(ends, widths, strict=True)]
    if reached:
        traces.append(_whiskers(reached, exact))
    traces.append(_numbers(floors, reached, ends))
    here = {"type": "line", "x0": exact, "x1": exact, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain"}
    title = {"text": f"nats per frame; the axis begins at {start:.2f}"}
    figure = blank(
        _in_words(floors, reached),
        height=90 + 42 * len(names),
        shapes=[here | {"line": {"color": GREY, "width": 2, "dash": "dot"}}],
        barmode="overlay",
        bargap=0.35,
        showlegend=True,
        xaxis={"title": title, "range": [start, exact + BEYOND * span], "fixedrange": True},
        yaxis={"autorange": "reversed", "showgrid": False, "fixedrange": True},
    )
    figure.add_traces(traces)
    return figure


def _checked(floors, reached):
    """What was reached, if it can be drawn."""
    if not floors or set(reached) - set(floors):
        raise ValueError(f"got floors of {sorted(floors)} and bounds of {sorted(reached)}, expected a floor for each")
    if not all(math.isfinite(number) for pair in reached.values() for number in pair):
        raise ValueError(f"got bounds {reached}, expected finite numbers")
    return reached


def _parts(floors, reached):
    """The parts of each bar: name, colour, pattern, and nats per frame of each network."""
    every = floors.values()
    yield "exact NLL", GREY, "", [one.exact for one in every]
    yield "mean field", ORANGE, "", [one.mean_field_gap for one in every]
    yield "blind", VERMILLION, "", [one.blind_gap for one in every]
    if reached:
        yield "optimisation", SKY, "/", [_left(name, one, reached) for name, one in floors.items()]


def _left(name, one, reached):
    """What optimisation leaves above the floor; Monte Carlo may seem to put it below."""
    return max(0.0, reached[name][0] - (one.bound - one.exact)) if name in reached else 0.0


def _whiskers(reached, exact):
    """Where training ended, with two standard errors to each side."""
    import plotly.graph_objects as go

    errors = [2 * error for _, error in reached.values()]
    return go.Scatter(
        x=[exact + over for over, _ in reached.values()],
        y=[name.upper() for name in reached],
        mode="markers",
        name="reached ± 2 s.e.",
        marker={"color": GREY, "size": 7, "symbol": "line-ns", "line": {"width": 2, "color": GREY}},
        error_x={"array": errors, "color": GREY, "thickness": 2},
        customdata=errors,
        hovertemplate="%{y}, reached<br>%{x:.4f} ± %{customdata:.4f} nats per frame<extra></extra>",
    )


def _numbers(floors, reached, ends):
    """Right of each bar and its whisker the bound that was reached, if any, and the floor."""
    import plotly.graph_objects as go

    over = {name: one.exact + sum(reached[name] * np.array([1, 2])) for name, one in floors.items() if name in reached}
    labels = [
        f"{GAP}{one.exact + reached[name][0]:.4f} reached<br>" if name in reached else ""
        for name, one in floors.items()
    ]
    return go.Scatter(
        x=[max(end, over.get(name, end)) for name, end in zip(floors, ends, strict=True)],
        y=[name.upper() for name in floors],
        mode="text",
        text=[f"{label}{GAP}{one.bound:.4f} floor" for label, one in zip(labels, floors.values(), strict=True)],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
        name="bound",
    )


def _in_words(floors, reached):
    """Each bar as a sentence."""
    told = []
    for name, one in floors.items():
        words = f"{name.upper()} {one.bound:.4f} = exact {one.exact:.4f}"
        words += f" + mean field {one.mean_field_gap:.4f} + blind {one.blind_gap:.4f}"
        if name in reached:
            over, error = reached[name]
            words += f"; training reached {one.exact + over:.4f}, standard error {error:.4f}"
        told.append(words)
    return f"Bars of {len(floors)} networks in nats per frame. {'. '.join(told)}."
