"""What a linear probe reads from a hidden state: its score beside others, and its reading along a piece."""

import re

import numpy as np
import plotly.graph_objects as go

from dmm.figures.base import TIME_AXIS, beats, blank, colour_bar, matrix, rgba
from dmm.palette import BLUE, GREEN, GREY, LATENT, ORANGE, VERMILLION

LOOKS = {  # of a row: what must be beaten, the notes, the hidden state, the control
    "baseline": (GREY, "line-ns-open"),
    "notes": (ORANGE, "square"),
    "latent": (BLUE, "circle"),
    "control": (GREY, "x"),
}
SCALE = [[0.0, rgba(GREEN, 0.0)], [1.0, GREEN]]
LINES = ((ORANGE, "dot"), (BLUE, "solid"), (LATENT, "dash"))
BAR_TITLE = {  # a note, for below a titled colour bar a narrow figure has the title of its axis on the numbers
    "text": "reading (framed: what is right)",
    "xref": "paper",
    "x": 1,
    "xanchor": "right",
    "yref": "paper",
    "y": 1.02,
    "yanchor": "bottom",
    "yshift": 26,
    "showarrow": False,
}


def probe_scores(rows, x_title: str):
    """A dot for each input of a probe, with one standard error to both sides; a dotted line where the baseline is.

    Args:
        rows: (name, score, standard error or nan, kind), top to bottom, of the kinds in `LOOKS`; the first of kind
            "baseline" draws the line.
        x_title: what the score is.
    """
    names = [row[0] for row in rows]
    base = next((row[1] for row in rows if row[3] == "baseline"), None)
    told = ", ".join(
        f"{name} {value:.3f}" + (f" ± {error:.3f}" if error >= 0 else "") for name, value, error, _ in rows
    )
    figure = blank(
        re.sub("<.*?>", "", f"{x_title}, {len(rows)} rows, with one standard error: {told}."),
        height=64 + 34 * len(rows),
        xaxis={"title": {"text": x_title}, "fixedrange": True},
        yaxis={"autorange": "reversed", "fixedrange": True, "categoryorder": "array", "categoryarray": names},
        shapes=[] if base is None else [_line(base)],
        showlegend=False,
    )
    for name, value, error, kind in rows:
        colour, symbol = LOOKS[kind]
        figure.add_trace(
            go.Scatter(
                x=[value],
                y=[name],
                mode="markers",
                name=name,
                marker={"color": colour, "symbol": symbol, "size": 11, "line": {"width": 2, "color": colour}},
                error_x={"array": [error if error >= 0 else 0], "color": colour, "thickness": 2, "width": 5},
                hovertemplate=f"{name}<br>%{{x:.3f}}" + (f" ± {error:.3f}" if error >= 0 else "") + "<extra></extra>",
            )
        )
    return figure


def class_reading(readings, names, truth):
    """How much a probe gives each class, beat by beat, as shades; the right class is marked on each beat.

    Args:
        readings: `(T, K)`; what is below 0 or above 1 is shown as 0 or 1.
        names: K of them, bottom to top.
        truth: `(T,)` which of them is right, -1 where none of them is.
    """
    readings, truth = matrix(readings, "readings"), np.asarray(truth)
    right, values = int((readings.argmax(1) == truth).sum()), readings.clip(0, 1)
    top = max(0.1, np.ceil(10 * values.max()) / 10)
    bar = {"x": 1, "xanchor": "right", "len": 0.75, "tickvals": [0, top / 2, top]}
    t = beats(len(values))
    figure = blank(
        f"Heat map of {len(names)} classes over {len(t)} beats. The right one has the highest reading on {right}.",
        height=130 + max(60, 20 * len(names)),
        xaxis={"title": {"text": TIME_AXIS}, "range": [0.5, len(t) + 0.5], "showgrid": False},
        yaxis={"tickvals": list(range(len(names))), "ticktext": list(names), "showgrid": False, "fixedrange": True},
        showlegend=False,
        margin={"t": 56},
        annotations=[BAR_TITLE],
    )
    figure.add_trace(
        go.Heatmap(
            x=t,
            y=list(range(len(names))),
            z=np.round(values.T, 2),
            zmin=0,
            zmax=top,
            colorscale=SCALE,
            colorbar=colour_bar("") | bar,
            customdata=np.repeat(np.array(names)[:, None], len(t), axis=1),
            hovertemplate="%{customdata}, beat %{x}<br>reading %{z:.2f}<extra></extra>",
        )
    )
    known = truth >= 0
    figure.add_trace(
        go.Scatter(
            x=t[known],
            y=truth[known],
            mode="markers",
            name="right",
            marker={"symbol": "square-open", "size": 7, "color": VERMILLION, "line": {"width": 1.5}},
            hoverinfo="skip",
        )
    )
    return figure


def number_reading(readings, truth, mean: float, y_title: str):
    """What a probe says beat by beat and what is right, as two lines; dotted, the mean of the training pieces.

    Args:
        readings: `(T,)`.
        truth: `(T,)`, or None where it is not known.
        mean: a number.
        y_title: what is read.
    """
    lines = matrix([readings] if truth is None else [readings, truth], "readings and truth")
    t = beats(lines.shape[1])
    apart = np.sqrt(((lines[0] - lines[-1]) ** 2).mean())
    beside = "." if truth is None else f" and what is right; {apart:.2f} apart (root mean square)."
    figure = blank(
        f"{y_title} over {len(t)} beats: the probe's reading{beside}",
        height=300,
        xaxis={"title": {"text": TIME_AXIS}, "range": [0.5, len(t) + 0.5]},
        yaxis={"title": {"text": y_title}, "fixedrange": True},
        shapes=[_line(mean, "y")],
        showlegend=True,
    )
    looks = (("the probe's reading", BLUE, "solid"), ("right", VERMILLION, "dash"))
    for values, (name, colour, dash) in zip(lines, looks, strict=False):
        line = {"color": colour, "dash": dash, "width": 2}
        hover = f"{name}<br>beat %{{x}}: %{{y:.2f}}<extra></extra>"
        figure.add_trace(go.Scatter(x=t, y=values, mode="lines", name=name, line=line, hovertemplate=hover))
    return figure


def probe_reach(lags, lines, base: float, y_title: str):
    """The score of reading, from beat t, the answer of a beat before or after it.

    Args:
        lags: (L,) beats, below 0 for earlier ones.
        lines: from a name to (scores (L,), standard errors (L,)); three at most. A nan leaves a gap.
        base: the score that knows nothing, dotted.
        y_title: what the score is.
    """
    lags = np.asarray(lags)
    told = "; ".join(
        f"{name}: {np.nanmax(scores):.2f} at lag {lags[np.nanargmax(scores)]}"
        for name, (scores, _) in lines.items()
        if np.isfinite(scores).any()
    )
    figure = blank(
        re.sub(
            "<.*?>", "", f"{y_title} over {len(lags)} lags from {lags[0]} to {lags[-1]} beats. The highest, {told}."
        ),
        height=330,
        xaxis={"title": {"text": "beats earlier (−) or later (+)"}, "fixedrange": True},
        yaxis={"title": {"text": y_title}, "fixedrange": True},
        shapes=[_line(base, "y")],
        showlegend=True,
    )
    for (name, (values, errors)), (colour, dash) in zip(lines.items(), LINES, strict=False):
        hover = f"{name}<br>lag %{{x}}: %{{y:.3f}} ± %{{customdata:.3f}}<extra></extra>"
        figure.add_trace(
            go.Scatter(
                x=lags,
                y=values,
                customdata=errors,
                mode="lines+markers",
                name=name,
                line={"color": colour, "dash": dash, "width": 2},
                hovertemplate=hover,
            )
        )
    return figure


def pitch_class_bars(before, after, names, marked=()):
    """Expected notes of each pitch class, before and after; those of interest are named in bold.

    Args:
        before, after: `(12,)`.
        names: twelve.
        marked: which of them are of interest, 0 to 11.
    """
    values = matrix([before, after], "expected notes", 0)
    bold = [f"<b>{name}</b>" if i in set(marked) else name for i, name in enumerate(names)]
    grown = [names[i] for i in np.argsort(values[0] - values[1])[:3] if values[1, i] > values[0, i]]
    figure = blank(
        f"Expected notes a beat of {len(names)} pitch classes before and after. Most is gained by "
        f"{', '.join(grown) or 'none'}.",
        height=300,
        xaxis={"tickvals": list(range(len(names))), "ticktext": bold, "showgrid": False, "fixedrange": True},
        yaxis={"title": {"text": "expected notes a beat"}, "rangemode": "tozero", "fixedrange": True},
        barmode="group",
        showlegend=True,
    )
    for title, row, colour in (("before", values[0], GREY), ("after", values[1], GREEN)):
        hover = f"{title}: %{{y:.3f}}<extra></extra>"
        figure.add_trace(
            go.Bar(x=list(range(len(names))), y=row, name=title, marker={"color": colour}, hovertemplate=hover)
        )
    return figure


def _line(place, axis="x"):
    """A dotted line across the figure, where x or y has a value."""
    other = "y" if axis == "x" else "x"
    where = {f"{axis}0": place, f"{axis}1": place, axis + "ref": axis}
    across = {f"{other}0": 0, f"{other}1": 1, other + "ref": f"{other} domain"}
    return {"type": "line", "line": {"color": GREY, "width": 1.5, "dash": "dot"}} | where | across
