"""A small grid of numbers, each in its cell: what stands where in a batch."""

import numpy as np

from dmm.figures.base import blank
from dmm.palette import BLACK

ROW = 38  # pixels


def number_grid(values, shades, colours, rows, description: str, columns=(), digits: int = 0):
    """Numbers in a grid, sequences below each other and frames side by side.

    Args:
        values: (R, C); NaN is written as a dash.
        shades: (R, C) of indices into `colours`, or -1 where there is no cell.
        colours: of the cells, light enough for dark numbers.
        rows: R names.
        description: what the grid shows, in words.
        columns: C names, above; none for no names.
        digits: after the point.

    Raises:
        ValueError: shapes or names do not fit together.
    """
    import plotly.graph_objects as go

    values, shades = np.asarray(values, dtype=float), np.asarray(shades)
    if values.shape != shades.shape or values.ndim != 2 or len(rows) != len(values):
        raise ValueError(f"got values {values.shape}, shades {shades.shape} and {len(rows)} rows, expected one shape")
    if len(columns) not in (0, values.shape[1]):
        raise ValueError(f"got {len(columns)} names of columns, expected {values.shape[1]} or none")
    text = [["–" if np.isnan(value) else f"{value:.{digits}f}" for value in row] for row in values]
    told = "; ".join(
        f"{name}: {', '.join(_told(line, own))}" for name, line, own in zip(rows, text, shades, strict=True)
    )
    steps = [[(shade + end) / len(colours), colours[shade]] for shade in range(len(colours)) for end in (0, 1)]
    figure = blank(f"{description} {told}.", height=ROW * len(values) + (28 if columns else 8))
    place, names = list(range(values.shape[1])), list(columns) or [""] * values.shape[1]
    figure.add_trace(
        go.Heatmap(
            x=place,
            y=list(range(len(rows))),
            z=np.where(shades < 0, np.nan, shades).tolist(),
            zmin=-0.5,
            zmax=len(colours) - 0.5,
            colorscale=steps,
            showscale=False,
            xgap=3,
            ygap=3,
            text=[
                ["" if shade < 0 else word for word, shade in zip(*pair, strict=True)]
                for pair in zip(text, shades, strict=True)
            ],
            texttemplate="%{text}",
            textfont={"size": 15, "color": BLACK},  # on the cells, not on the page
            hoverinfo="skip",
        )
    )
    quiet = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": ""}
    figure.update_xaxes(**quiet, side="top", tickvals=place, ticktext=names, showticklabels=bool(columns))
    figure.update_yaxes(**quiet, autorange="reversed", tickvals=list(range(len(rows))), ticktext=list(rows))
    figure.update_layout(margin={"l": 4, "r": 4, "t": 4, "b": 4})
    return figure


def _told(line, shades):
    """The numbers of a row that are there."""
    return [word for word, shade in zip(line, shades, strict=True) if shade >= 0]
