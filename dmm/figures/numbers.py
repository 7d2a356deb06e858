"""One model, many numbers: costs of pieces as areas, an estimate that falls with the draws, and a ladder."""

import numpy as np

from dmm.figures.base import blank
from dmm.palette import BLUE, BOUND, GREY, ORANGE, PURPLE, SKY

ROOM = 1.2  # of the longest bar: its number stands behind it


def cost_areas(costs, lengths, lines):
    """A bar for each piece: as wide as it has frames, as high as a frame costs; its area is what the piece costs.

    Args:
        costs: (N,) nats.
        lengths: (N,) frames.
        lines: from a label to nats per frame, drawn across.

    Raises:
        ValueError: not as many costs as lengths, or a number that is not finite or not above 0.
    """
    import plotly.graph_objects as go

    costs, lengths = np.asarray(costs, dtype=float), np.asarray(lengths, dtype=float)
    if costs.shape != lengths.shape or costs.ndim != 1 or not len(costs):
        raise ValueError(f"got costs of shape {costs.shape} and lengths of shape {lengths.shape}, expected (N,) twice")
    if not (np.isfinite([costs, lengths]).all() and lengths.min() > 0):
        raise ValueError("got a number that is not finite, or a piece without frames")
    heights, starts = costs / lengths, np.cumsum(lengths) - lengths
    told = ", ".join(f"{cost:.1f} nats in {length:g} frames" for cost, length in zip(costs, lengths, strict=True))
    across = "; ".join(f"{label} at {value:.2f}" for label, value in lines.items())
    figure = blank(
        f"Pieces side by side, as wide as their frames, as high as their nats per frame: {told}. Lines: {across}.",
        height=330,
        showlegend=True,
        xaxis={"title": {"text": "frames"}, "range": [0, lengths.sum()], "fixedrange": True, "showgrid": False},
        yaxis={"title": {"text": "nats per frame"}, "rangemode": "tozero", "fixedrange": True},
    )
    bars = {"x": starts, "width": lengths, "offset": 0, "customdata": costs, "name": "−ELBO of a piece"}
    look = {"marker": {"color": SKY, "opacity": 0.45, "line": {"color": SKY, "width": 2}}}
    hover = "%{customdata:.1f} nats in %{width:g} frames<br>%{y:.2f} nats per frame<extra></extra>"
    figure.add_trace(go.Bar(y=heights, hovertemplate=hover, **bars, **look))
    words = [f"piece {n}<br>{cost:.1f} nats" for n, cost in enumerate(costs, 1)]
    place = {"x": starts + lengths / 2, "y": np.full(len(costs), 0.03 * heights.max()), "textposition": "top center"}
    figure.add_trace(go.Scatter(mode="text", text=words, hoverinfo="skip", showlegend=False, **place))
    looks = ((BOUND, "solid"), (ORANGE, "dash"), (PURPLE, "dot"), (GREY, "dashdot"))
    for (label, value), (colour, dash) in zip(lines.items(), looks, strict=False):
        line = {"color": colour, "dash": dash, "width": 2.5}
        hover = f"{label}: {value:.3f} nats per frame<extra></extra>"
        ends = {"x": [0, lengths.sum()], "y": [value, value]}
        figure.add_trace(go.Scatter(**ends, mode="lines", line=line, name=label, hovertemplate=hover))
    return figure


def estimate_by_draws(counts, a, a_se, b):
    """The importance-sampled estimate over the number of draws, with two standard errors, and the bound as a line.

    Args:
        counts: (C,) numbers of draws, rising.
        a, a_se: (C,) nats per frame.
        b: the bound, nats per frame.

    Raises:
        ValueError: the shapes differ.
    """
    import plotly.graph_objects as go

    counts, a, a_se = (np.asarray(each, dtype=float) for each in (counts, a, a_se))
    if not counts.shape == a.shape == a_se.shape or not len(counts):
        raise ValueError(f"got shapes {counts.shape}, {a.shape} and {a_se.shape}, expected (C,) three times")
    figure = blank(
        f"The estimate a in nats per frame over the number of draws: {a[0]:.3f} with {counts[0]:g}, falling to "
        f"{a[-1]:.3f} with {counts[-1]:g}; the bound (b) is {b:.3f}.",
        height=330,
        showlegend=True,
        xaxis={"title": {"text": "draws S for each piece"}, "type": "log", "fixedrange": True, "dtick": 1},
        yaxis={"title": {"text": "nats per frame"}, "fixedrange": True},
    )
    ends = [counts[0], counts[-1]]
    figure.add_trace(
        go.Scatter(x=ends, y=[b, b], mode="lines", name="(b)", line={"color": BOUND, "width": 2}, hoverinfo="skip")
    )
    bars = {"type": "data", "array": 2 * a_se, "color": PURPLE, "thickness": 1.5}
    hover = "S = %{x:g}<br>a = %{y:.4f}<extra></extra>"
    look = {"line": {"color": PURPLE, "width": 2}, "marker": {"size": 7}, "error_y": bars, "hovertemplate": hover}
    figure.add_trace(go.Scatter(x=counts, y=a, mode="lines+markers", name="a, ± 2 standard errors", **look))
    return figure


def ladder(rungs):
    """Bars from the dearest to the cheapest: who knows more pays less.

    Args:
        rungs: (label, nats per frame, kind); the kind is "baseline", "ours" or "published".

    Raises:
        ValueError: no rung, a kind that is none of these, or a number that is not finite.
    """
    import plotly.graph_objects as go

    colours = {"baseline": GREY, "ours": BLUE, "published": ORANGE}
    wrong = [one for one in rungs if one[2] not in colours or not np.isfinite(one[1])]
    if not rungs or wrong:
        raise ValueError(f"got the rungs {wrong or rungs}, expected a finite number and a kind among {list(colours)}")
    rungs = sorted(rungs, key=lambda one: -one[1])
    told = "; ".join(f"{label} {value:.2f}" for label, value, _ in rungs)
    figure = blank(
        f"A ladder of nats per frame, lower is better: {told}.",
        height=70 + 34 * len(rungs),
        showlegend=True,
        bargap=0.3,
        barmode="overlay",
        xaxis={
            "title": {"text": "nats per frame, lower is better"},
            "range": [0, ROOM * rungs[0][1]],
            "fixedrange": True,
        },
        yaxis={
            "autorange": "reversed",
            "categoryorder": "array",
            "categoryarray": [label for label, _, _ in rungs],
            "showgrid": False,
            "fixedrange": True,
            "title": None,
        },
    )
    for kind, colour in colours.items():
        mine = [one for one in rungs if one[2] == kind]
        if not mine:
            continue
        labels, values, _ = zip(*mine, strict=True)
        look = {"marker": {"color": colour}, "text": [f"{value:.2f}" for value in values], "textposition": "outside"}
        hover = "%{y}: %{x:.3f} nats per frame<extra></extra>"
        bar = {"x": values, "y": labels, "orientation": "h", "name": kind, "cliponaxis": False}
        figure.add_trace(go.Bar(hovertemplate=hover, **bar, **look))
    return figure
