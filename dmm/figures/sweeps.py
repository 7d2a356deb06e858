"""What came of a sweep: a map of numbers over two settings, or dots over one."""

import numpy as np

from dmm.figures.base import TIME_SCALE, blank
from dmm.palette import BLUE, GREY, VERMILLION

ROW = 46  # pixels
INK, WHITE = "#111111", "#FFFFFF"  # of numbers on light and on dark cells
DARK = 0.7  # from this shade on
BEST_OF = 3.0  # how much farther than the middle one a value may lie from the best and still have a shade of its own
LOW_IS_GOOD = "nats per frame, lower is better"


def sweep_map(values, columns, rows, column_title: str, row_title: str, words=None, spread=None):
    """A cell for each pair of settings, with its number in it: the lower, the darker; the best has a frame and a star.

    Args:
        values: (R, C) nats per frame; NaN where there is none yet.
        columns, rows: C and R names.
        words: (R, C) what stands in a cell that has no number.
        spread: (R, C) the standard deviation over the seeds of a cell, told when one points at it.

    Raises:
        ValueError: names or shapes do not fit together.
    """
    import plotly.graph_objects as go

    values = np.asarray(values, dtype=float)
    if values.shape != (len(rows), len(columns)) or not values.size:
        raise ValueError(f"got values {values.shape}, {len(rows)} rows and {len(columns)} columns, expected (R, C)")
    words = np.full(values.shape, "–") if words is None else np.asarray(words)
    spread = np.full(values.shape, np.nan) if spread is None else np.asarray(spread, dtype=float)
    if words.shape != values.shape or spread.shape != values.shape:
        raise ValueError(f"got words {words.shape} and spread {spread.shape}, expected {values.shape}")
    shades, best = shades_of(values), _best(values)
    digits = 3 if len(columns) <= 4 else 2
    figure = blank(
        _map_in_words(values, columns, rows, column_title, row_title, best),
        height=ROW * len(rows) + 70,
        xaxis={"title": {"text": column_title, "standoff": 8}, "tickvals": [*range(len(columns))], "ticktext": columns}
        | {"range": [-0.5, len(columns) - 0.5], "showgrid": False, "fixedrange": True},
        yaxis={"title": {"text": row_title, "standoff": 8}, "tickvals": [*range(len(rows))], "ticktext": rows}
        | {"range": [-0.5, len(rows) - 0.5], "showgrid": False, "fixedrange": True},
    )
    places = {"x": [*range(len(columns))], "y": [*range(len(rows))]}
    look = {"colorscale": TIME_SCALE, "zmin": 0, "zmax": 1, "showscale": False, "xgap": 3, "ygap": 3}
    figure.add_trace(go.Heatmap(z=shades, hoverinfo="skip", **places, **look))
    cells = [(row, column) for row in range(len(rows)) for column in range(len(columns))]
    for cell in cells:
        if not np.isfinite(values[cell]):  # on the page itself, in its colour
            figure.add_annotation(x=cell[1], y=cell[0], text=str(words[cell]), showarrow=False)
    for ink, shade in ((INK, shades < DARK), (WHITE, shades >= DARK)):
        mine = [cell for cell in cells if shade[cell]]
        told = [f"{'★ ' if cell == best else ''}{values[cell]:.{digits}f}" for cell in mine]
        figure.add_trace(_numbers([column for _, column in mine], [row for row, _ in mine], told, ink))
    told_of = [_hover(values[cell], spread[cell]) for cell in cells]
    hover = [
        f"{row_title} {rows[row]}<br>{column_title} {columns[column]}<br>{words}"
        for (row, column), words in zip(cells, told_of, strict=True)
    ]
    figure.add_trace(
        go.Scatter(  # over the cells, not to be seen: what can be pressed
            x=[column for _, column in cells],
            y=[row for row, _ in cells],
            mode="markers",
            marker={"symbol": "square", "size": 36, "opacity": 0},
            customdata=[[row, column] for row, column in cells],
            hovertext=hover,
            hovertemplate="%{hovertext}<extra></extra>",
            showlegend=False,
        )
    )
    if best:
        row, column = best
        frame = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
        figure.add_shape(type="rect", line={"color": VERMILLION, "width": 3}, **frame)
    return figure


def sweep_dots(names, runs, title: str, ordered: bool = True):
    """A dot for each run over the values of one setting; where a value has several, a line from the best to the worst.

    Args:
        names: of the values, in order.
        runs: for each of them the numbers of its runs, nats per frame; none where there is none yet.
        title: of the setting.
        ordered: whether the values are a scale, so that a line may join their means.

    Raises:
        ValueError: not as many names as values.
    """
    import plotly.graph_objects as go

    if len(names) != len(runs) or not names:
        raise ValueError(f"got {len(names)} names and {len(runs)} values, expected one each")
    means = [float(np.mean(each)) if len(each) else None for each in runs]
    told = "; ".join(
        f"{name}: {', '.join(f'{one:.3f}' for one in each) or 'nothing yet'}"
        for name, each in zip(names, runs, strict=True)
    )
    figure = blank(
        f"Best validation bound over {title}, {LOW_IS_GOOD}, a dot for each run: {told}.",
        height=340,
        xaxis={"title": {"text": title}, "tickvals": [*range(len(names))], "ticktext": names, "fixedrange": True}
        | {"range": [-0.5, len(names) - 0.5], "showgrid": False},
        yaxis={"title": {"text": "nats per frame"}, "fixedrange": True},
    )
    for place, each in enumerate(runs):
        if len(each) > 1:
            line = {"color": GREY, "width": 2}
            ends = {"x": [place, place], "y": [min(each), max(each)]}
            figure.add_trace(go.Scatter(**ends, mode="lines", line=line, hoverinfo="skip", showlegend=False))
    if ordered:
        line = {"color": BLUE, "width": 1.5, "dash": "dot"}
        hidden = {"hoverinfo": "skip", "showlegend": False, "connectgaps": True}
        figure.add_trace(go.Scatter(x=[*range(len(names))], y=means, mode="lines", line=line, **hidden))
    lowest = min((one for each in runs for one in each), default=None)
    dots = [(place, one) for place, each in enumerate(runs) for one in each]
    figure.add_trace(
        go.Scatter(
            x=[place for place, _ in dots],
            y=[one for _, one in dots],
            mode="markers",
            marker={
                "size": [14 if one == lowest else 10 for _, one in dots],
                "symbol": ["star" if one == lowest else "circle" for _, one in dots],
                "color": [VERMILLION if one == lowest else BLUE for _, one in dots],
            },
            customdata=[[place] for place, _ in dots],
            hovertemplate="%{y:.3f} nats per frame<extra></extra>",
            showlegend=False,
        )
    )
    return figure


# --- parts ------------------------------------------------------------------------------------------------------------


def shades_of(values):
    """From 0, far above the best, to 1, the best; values far above the middle one do not press the rest together."""
    known = values[np.isfinite(values)]
    if not known.size:
        return np.full(values.shape, np.nan)
    low = known.min()
    width = min(known.max() - low, BEST_OF * (np.median(known) - low)) or known.max() - low or 1.0
    return 1 - np.clip((values - low) / width, 0, 1)


def _best(values):
    """Row and column of the lowest; None before there is one."""
    if not np.isfinite(values).any():
        return None
    row, column = np.unravel_index(np.nanargmin(values), values.shape)
    return int(row), int(column)


def _numbers(x, y, told, ink):
    """Numbers in cells; they keep their colour when a cell is pressed."""
    import plotly.graph_objects as go

    font = {"size": 14, "color": ink}
    kept = {"selected": {"textfont": {"color": ink}}, "unselected": {"textfont": {"color": ink}}}
    return go.Scatter(x=x, y=y, mode="text", text=told, textfont=font, hoverinfo="skip", showlegend=False, **kept)


def _hover(value, spread):
    if not np.isfinite(value):
        return "no number yet"
    return f"{value:.3f} nats per frame" + (
        f", standard deviation {spread:.3f} over its seeds" if np.isfinite(spread) else ""
    )


def _map_in_words(values, columns, rows, column_title, row_title, best):
    told = [
        f"{row_title} {row}: "
        + ", ".join(
            f"{name} {value:.3f}" if np.isfinite(value) else f"{name} –"
            for name, value in zip(columns, line, strict=True)
        )
        for row, line in zip(rows, values, strict=True)
    ]
    end = f" The best is {row_title} {rows[best[0]]} with {column_title} {columns[best[1]]}." if best else ""
    return f"Heat map of the best validation bound, {LOW_IS_GOOD}, over {column_title}. {'; '.join(told)}.{end}"
