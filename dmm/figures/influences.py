"""How far each frame moves each latent's mean: as maps on one scale, and one row of them as lines."""

import numpy as np

from dmm.figures.base import blank, matrix, rgba
from dmm.palette import BLUE, GREY, PURPLE, SKY, VERMILLION

APART = 0.06  # between two maps, of the sheet's width
DIVERGING = (  # 0 is as the page; small values show
    *((0.0, BLUE), (0.25, rgba(BLUE, 0.7)), (0.5, rgba(BLUE, 0.03))),
    *((0.5, rgba(VERMILLION, 0.03)), (0.75, rgba(VERMILLION, 0.7)), (1.0, VERMILLION)),
)
LOOKS = (  # what is exact, the best, what was learned, and a classical rival
    {"color": rgba(SKY, 0.55), "width": 9},
    {"color": VERMILLION, "width": 2.5},
    {"color": PURPLE, "width": 2.5, "dash": "dash"},
    {"color": GREY, "width": 2, "dash": "dot"},
)


def influence_maps(maps, t: int = 0):
    """Influence matrices beside each other, on one diverging colour scale: row z_t, column x_s.

    Args:
        maps: from a name to `(T, T)`; one to four, of one size. The scale reaches as far as the first needs, so that it
            stays while the others change.
        t: the row to frame, 1..T; 0 for none.

    Raises:
        ValueError: none or too many, not square, of different sizes, or a value is not finite.
    """
    import plotly.graph_objects as go

    maps = {name: matrix(values, name) for name, values in maps.items()}
    shapes = {values.shape for values in maps.values()}
    if not 1 <= len(maps) <= len(LOOKS) or len(shapes) != 1 or len(set(*shapes)) != 1:
        raise ValueError(f"got {len(maps)} maps of shapes {sorted(shapes)}, expected 1 to 4 of one shape (T, T)")
    first = next(iter(maps.values()))
    frames, end = len(first), abs(first).max() or 1.0
    layout, traces, s = {"shapes": [], "annotations": []}, [], np.arange(1, frames + 1)
    width = (1 + APART) / len(maps)
    for place, (name, values) in enumerate(maps.items()):
        number, left = place + 1 if place else "", place * width
        hover = f"{name}<br>x<sub>%{{x}}</sub> moves z<sub>%{{y}}</sub> by %{{z:.3f}}<extra></extra>"
        where = {"xaxis": f"x{number}", "yaxis": f"y{number}", "coloraxis": "coloraxis"}
        traces.append(go.Heatmap(x=s, y=s, z=values, name=name, hovertemplate=hover, **where))
        plain = {"showgrid": False, "zeroline": False, "fixedrange": True}
        x_title = {"text": "frame s", "standoff": 12}
        y = {"autorange": "reversed", "anchor": f"x{number}", "automargin": True, "showticklabels": place == 0}
        y |= {} if place else {"title": {"text": "latent t", "standoff": 4}}
        span = [left, min(1.0, left + width - APART)]
        layout[f"xaxis{number}"] = plain | {"domain": span, "anchor": f"y{number}", "title": x_title}
        layout[f"yaxis{number}"] = plain | y
        above = {"xref": "paper", "yref": "paper", "x": sum(span) / 2, "y": 1, "showarrow": False}
        layout["annotations"].append(above | {"text": f"<b>{name}</b>", "xanchor": "center", "yanchor": "bottom"})
        if t:
            row = {"x0": 0.5, "x1": frames + 0.5, "y0": t - 0.5, "y1": t + 0.5, "line": {"color": GREY, "width": 2}}
            layout["shapes"].append(row | {"type": "rect", "xref": f"x{number}", "yref": f"y{number}"})
    bar = {"orientation": "h", "x": 0.5, "y": -0.26, "yanchor": "top", "thickness": 10, "outlinewidth": 0}
    cut = ", cut off at its ends" if any(abs(values).max() > end for values in maps.values()) else ""
    bar |= {"title": {"text": f"∂E[z<sub>t</sub>] / ∂x<sub>s</sub>{cut}", "side": "bottom"}}
    scale = {"colorscale": DIVERGING, "cmin": -end, "cmax": end, "colorbar": bar}
    figure = blank(_in_words(maps, frames), height=380, **layout, coloraxis=scale, margin={"t": 30})
    figure.add_traces(traces)
    return figure


def influence_lines(rows, t: int, rival: str = ""):
    """One row of influence matrices as lines over the frames: how far each moves the mean of z_t.

    Args:
        rows: from a name to `(T,)`; the first is drawn as a wide band, the others upon it.
        t: 1..T.
        rival: the row that is no guess of the network, dotted.
    """
    import plotly.graph_objects as go

    values = matrix(list(rows.values()), "rows")
    s = np.arange(1, values.shape[1] + 1)
    told = [f"{name} weighs x_{t} by {row[t - 1]:.3f}" for name, row in zip(rows, values, strict=True)]
    here = {"type": "line", "x0": t, "x1": t, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain"}
    figure = blank(
        f"Lines over {len(s)} frames: how far each moves the mean of z_{t}. {'; '.join(told)}.",
        height=340,
        shapes=[here | {"line": {"color": GREY, "width": 1, "dash": "dot"}}],
        xaxis={"title": {"text": "frame s"}, "showgrid": False, "range": [0.5, len(s) + 0.5], "fixedrange": True},
        yaxis={
            "title": {"text": f"∂E[z<sub>{t}</sub>] / ∂x<sub>s</sub>"},
            "rangemode": "tozero",
            "fixedrange": True,
        },
        showlegend=True,
    )
    for name, row, look in zip(rows, values, LOOKS, strict=False):
        hover = f"{name}<br>x<sub>%{{x}}</sub> moves z<sub>{t}</sub> by %{{y:.3f}}<extra></extra>"
        line = LOOKS[-1] if name == rival else look
        figure.add_trace(go.Scatter(x=s, y=row, name=name, mode="lines", line=line, hovertemplate=hover))
    return figure


def _in_words(maps, frames):
    """What the maps show, as sentences."""
    seen = np.tril(np.ones((frames, frames)), -1) == 1  # the past
    told = []
    for name, values in maps.items():
        past, future = abs(values)[seen].sum() / frames, abs(values)[seen.T].sum() / frames
        told.append(f"{name}: {past:.2f} from the past, {future:.2f} from the future.")
    return f"Heat maps of {frames} latents by {frames} frames. Mean influence on a latent: {' '.join(told)}"
