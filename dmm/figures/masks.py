"""What each inference network may look at, as a grid of latents and frames."""

import numpy as np

from dmm.figures.base import blank, rgba
from dmm.floors import FAMILIES
from dmm.palette import GREY, SKY, VERMILLION

NOT, DETOUR, DIRECT = range(3)
SHADES = (rgba(GREY, 0.12), rgba(SKY, 0.45), "#1F86C8")
WORDS = ("not seen", "seen through z<sub>t-1</sub>", "seen directly")
COLUMNS = ((0.0, 0.29), (0.355, 0.645), (0.71, 1.0))  # of the sheet: three grids in a row
ROWS = ((0.58, 0.99), (0.0, 0.41))


def sight(family: str, frames: int) -> np.ndarray:
    """What the guess of z_t (row) knows of x_s (column): 0 nothing, 1 through $z_{t-1}$ alone, 2 directly.

    >>> sight("st-r", 3).tolist()
    [[2, 2, 2], [1, 2, 2], [1, 1, 2]]

    Raises:
        ValueError: the family is unknown.
    """
    if family not in FAMILIES:
        raise ValueError(f"Unknown family {family!r}: choose one of {', '.join(FAMILIES)}.")
    ones = np.ones((frames, frames), dtype=bool)
    sides = family.split("-")[1]
    direct = np.tril(ones) * ("l" in sides) | np.triu(ones) * ("r" in sides)
    structured, _ = FAMILIES[family]
    known = np.logical_or.accumulate(direct, axis=0) if structured else direct  # what z_{t-1} knows, z_t knows
    return known.astype(int) + direct


def network_masks(t: int, frames: int = 6):
    """The six networks as grids: rows are latents, columns frames; row t is framed.

    Args:
        t: 1..T.
        frames: T.

    Raises:
        ValueError: t lies outside 1 to T.
    """
    import plotly.graph_objects as go

    if not 1 <= t <= frames:
        raise ValueError(f"t must be 1 to {frames}: got {t}.")
    layout, traces, s = {"shapes": [], "annotations": []}, [], np.arange(1, frames + 1)
    colours = [[(shade + end) / 3, SHADES[shade]] for shade in range(3) for end in range(2)]
    for place, family in enumerate(FAMILIES):
        seen, number = sight(family, frames), place + 1 if place else ""
        cells = {"x": s, "y": s, "z": seen, "zmin": -0.5, "zmax": 2.5, "colorscale": colours, "xgap": 2, "ygap": 2}
        hover = f"z<sub>%{{y}}</sub>, x<sub>%{{x}}</sub>: %{{customdata}}<extra>{family.upper()}</extra>"
        words = [[WORDS[value] for value in row] for row in seen]
        where = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
        traces.append(go.Heatmap(customdata=words, showscale=False, hovertemplate=hover, **cells, **where))
        layout |= _axes(place, number, frames)
        layout["shapes"].append(_frame(t, frames, number))
        layout["annotations"].append(_title(family, place))
        if FAMILIES[family][0] and t > 1:
            layout["annotations"].append(_arrow_from_last(t, number))
    for value in (DIRECT, DETOUR, NOT):
        mark = {"symbol": "square", "size": 13, "color": SHADES[value]}
        traces.append(go.Scatter(x=[None], y=[None], mode="markers", name=WORDS[value], marker=mark, hoverinfo="skip"))
    figure = blank(_in_words(t, frames), height=480, **layout, showlegend=True, legend={"y": 1.07})
    figure.add_traces(traces)
    return figure


def _axes(place, number, frames):
    """The axes of one grid; the outer ones have a title."""
    row, column = divmod(place, 3)
    ticks = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "tickvals": list(range(1, frames + 1)),
        "ticks": "",
    }
    x = {"domain": COLUMNS[column], "anchor": f"y{number}", "range": [-0.3, frames + 0.6]}
    y = {"domain": ROWS[row], "anchor": f"x{number}", "range": [frames + 0.6, 0.4], "showticklabels": column == 0}
    if row == 1:
        x["title"] = {"text": "frame x<sub>s</sub>", "standoff": 4}
    if column == 0:
        y["title"] = {"text": "latent z<sub>t</sub>", "standoff": 4}
    return {f"xaxis{number}": ticks | x, f"yaxis{number}": ticks | y}


def _frame(t, frames, number):
    """Around row t of a grid."""
    row = {"x0": 0.45, "x1": frames + 0.55, "y0": t - 0.5, "y1": t + 0.5, "line": {"color": VERMILLION, "width": 2}}
    return row | {"type": "rect", "xref": f"x{number}", "yref": f"y{number}"}


def _title(family, place):
    """Above a grid."""
    row, column = divmod(place, 3)
    x = sum(COLUMNS[column]) / 2
    where = {"xref": "paper", "yref": "paper", "x": x, "y": ROWS[row][1], "xanchor": "center", "yanchor": "bottom"}
    return where | {"text": family.upper(), "showarrow": False, "font": {"size": 16}}


def _arrow_from_last(t, number):
    """The latent before enters the guess of this one."""
    refs = {"xref": f"x{number}", "yref": f"y{number}", "axref": f"x{number}", "ayref": f"y{number}"}
    look = {"text": "", "showarrow": True, "arrowhead": 2, "arrowwidth": 2, "arrowcolor": SKY}
    return {"x": 0.1, "y": t + 0.15, "ax": 0.1, "ay": t - 1.1} | look | refs


def _in_words(t, frames):
    """Row t of each grid as a sentence."""
    told = []
    for family in FAMILIES:
        row = sight(family, frames)[t - 1]
        parts = [
            f"{way} {', '.join(f'x_{s + 1}' for s in np.flatnonzero(row == value))}"
            for value, way in ((DIRECT, "directly"), (DETOUR, "through the latent before"))
            if (row == value).any()
        ]
        told.append(f"{family.upper()} sees {' and '.join(parts)}.")
    return f"Six grids of {frames} latents and {frames} frames. For z_{t}: {' '.join(told)}"
