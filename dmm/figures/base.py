"""What all figures share: an empty figure, colours with opacity, checked input, beats and note names."""

import numpy as np
import plotly.graph_objects as go

from dmm.palette import GREY, TIME

TIME_SCALE = TIME
TIME_AXIS = "time t (beats)"
INF = float("inf")


def rgba(colour: str, opacity: float) -> str:
    """A `#RRGGBB` colour with an opacity, 0..1."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


GRID = rgba(GREY, 0.25)  # shows on white and on black


def blank(description: str, height: int = 340, **layout) -> go.Figure:
    """An empty figure with clear background, legend on top and a description in words.

    Args:
        layout: what the layout has besides, or instead. Said here it costs far less time than in an `update_`.
    """
    axis = {"gridcolor": GRID, "zeroline": False, "automargin": True}
    basis = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "modebar": {"orientation": "v", "bgcolor": "rgba(0,0,0,0)"},  # at the side: on top it would cover the legend
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"},
        "meta": {"description": description},
        "xaxis": axis,
        "yaxis": axis | {"title": {"standoff": 18}},
    }
    return go.Figure(layout=_merged(basis, layout))


def _merged(basis, more):
    """Both, the dicts in them as well; where both say something, the second."""
    both = {name for name in more if isinstance(more[name], dict) and name in basis}
    return basis | more | {name: _merged(basis[name], more[name]) for name in both}


def colour_bar(title: str) -> dict:
    """A flat colour bar from 0 to 1 on top of the figure."""
    return {
        "orientation": "h",
        "x": 0.5,
        "y": 1.02,
        "yanchor": "bottom",
        "thickness": 10,
        "outlinewidth": 0,
        "title": {"text": title, "side": "top"},
        "tickvals": [0, 0.5, 1],
        "ypad": 0,
    }


def beats(T: int) -> np.ndarray:
    """The time of each frame, 1..T: `(T,)`."""
    return np.arange(1, T + 1)


def matrix(values, name: str, low: float = -INF, high: float = INF) -> np.ndarray:
    """A checked `(T, Z)` array of finite numbers from `low` to `high`.

    Raises:
        ValueError: it has another number of axes, no entry, or an entry that is not finite or out of range.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"got {name} of shape {values.shape}, expected (T, Z) with T and Z at least 1")
    if not np.isfinite(values).all():
        raise ValueError(f"got {np.sum(~np.isfinite(values))} values in {name} that are not finite, expected 0")
    if values.min() < low or values.max() > high:
        raise ValueError(f"got {name} from {values.min():g} to {values.max():g}, expected {low:g} to {high:g}")
    return values


def check_dims(dims, z_dim: int) -> tuple[int, ...]:
    """Dimensions of z as a tuple of indices from 0; ValueError outside 0..z_dim - 1."""
    dims = tuple(int(i) for i in dims)
    wrong = [i for i in dims if not 0 <= i < z_dim]
    if wrong or not dims:
        raise ValueError(f"got dimensions {dims}, expected indices from 0 to {z_dim - 1}")
    return dims
