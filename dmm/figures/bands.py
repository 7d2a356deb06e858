"""What is hidden and what is seen of it over time, with bands of what may be known; and how wide the bands are."""

from typing import NamedTuple

import numpy as np

from dmm.figures.base import GRID, blank, matrix, rgba
from dmm.palette import GREEN, GREY, LATENT, PURPLE, VERMILLION

FILTER, SMOOTHER, PREDICTION, NOBODY = VERMILLION, GREEN, PURPLE, GREY
TIME = "time t (frames)"


class Band(NamedTuple):
    """A mean and its standard deviation over some frames; `x_scale` None for no band around what is seen."""

    name: str
    colour: str
    first: int  # the frame at which it begins, from 1
    z_loc: np.ndarray  # (S,)
    z_scale: np.ndarray  # (S,)
    x_loc: np.ndarray  # (S,)
    x_scale: np.ndarray | None = None  # (S,)


def hidden_and_seen(z, x, bands, used=None, show_truth=True, show_seen=True):
    """Two panels on one time axis: above the hidden z with bands of two standard deviations, below what is seen, x.

    Args:
        z: (T,), the truth.
        x: (T,), what is seen of it.
        bands: some `Band`s.
        used: (T,), 1 where an estimate looked at x, 0 where it did not (hollow points); None for all.
        show_truth: whether z is drawn.
        show_seen: whether the panel below is drawn.

    Raises:
        ValueError: the shapes do not fit, or a number is not finite.
    """
    import plotly.graph_objects as go

    z, x = matrix([z, x], "z and x")
    used = np.ones(len(x)) if used is None else np.asarray(used)
    if len(used) != len(x):
        raise ValueError(f"got {len(used)} entries in used, expected {len(x)} as x")
    t = np.arange(1, len(z) + 1)
    axes = {
        "xaxis": {"title": {"text": TIME}, "showgrid": False, "range": [0.5, len(t) + 0.5]},
        "yaxis": {"title": {"text": "hidden z"}},
    }
    height = 330
    if show_seen:
        height, style = 470, {"gridcolor": GRID, "zeroline": False, "automargin": True}
        axes["xaxis"]["anchor"] = "y2"
        axes["yaxis"]["domain"] = [0.44, 1]
        axes["yaxis2"] = {"domain": [0, 0.38], "title": {"text": "seen x", "standoff": 18}} | style
    figure = blank(_in_words(z, x, bands, used), height, **axes)
    traces = [one for band in bands for one in _band_traces(band, go) if show_seen or one.yaxis != "y2"]
    if show_truth:
        hover = "frame %{x}<br>z is %{y:.2f}<extra></extra>"
        line = {"color": LATENT, "width": 2.5}
        traces.append(go.Scatter(x=t, y=z, mode=_mode(t), line=line, name="hidden z", hovertemplate=hover))
    figure.add_traces(traces + (list(_seen(t, x, used, go)) if show_seen else []))
    return figure


def _seen(t, x, used, go):
    """The points of the panel below."""
    for mask, symbol, name in ((used == 1, "circle", "seen x"), (used == 0, "circle-open", "x not looked at")):
        if mask.any():
            hover = f"frame %{{x}}<br>{name}: %{{y:.2f}}<extra></extra>"
            marker = {"color": GREY, "size": 6 if len(t) <= 100 else 4, "symbol": symbol}
            points = {"mode": "markers", "marker": marker, "name": name, "yaxis": "y2", "hovertemplate": hover}
            yield go.Scatter(x=t[mask], y=x[mask], **points)


def band_widths(scales):
    """The standard deviation of z at each frame, for observers who look at more and more.

    Args:
        scales: from a name to its colour and (T,) standard deviations.
    """
    import plotly.graph_objects as go

    rows = matrix([row for _, row in scales.values()], "scales", low=0)
    words = "; ".join(
        f"{name}: {row[0]:.2f} at the first frame, {row[-1]:.2f} at the last"
        for name, row in zip(scales, rows, strict=True)
    )
    figure = blank(
        f"Standard deviation of z over {rows.shape[1]} frames, as lines. {words}.",
        height=270,
        xaxis={"title": {"text": TIME}, "showgrid": False},
        yaxis={"title": {"text": "standard deviation of z"}, "rangemode": "tozero"},
    )
    t = np.arange(1, rows.shape[1] + 1)
    for (name, (colour, _)), row in zip(scales.items(), rows, strict=True):
        hover = f"frame %{{x}}, {name}<br>standard deviation %{{y:.3f}}<extra></extra>"
        line = {"color": colour, "width": 2.5}
        figure.add_trace(go.Scatter(x=t, y=row, mode=_mode(t), line=line, name=name, hovertemplate=hover))
    return figure


def _band_traces(band, go):
    """Above: a band and its mean. Below: the mean as seen, and a band where there is one."""
    t = np.arange(band.first, band.first + len(band.z_loc))
    hover = f"frame %{{x}}, {band.name}<br>mean %{{y:.2f}}, standard deviation %{{customdata:.2f}}<extra></extra>"
    line = {"mode": _mode(t), "line": {"color": band.colour, "width": 2}, "legendgroup": band.name}
    if band.x_scale is not None:
        yield _area(t, band.x_loc, band.x_scale, band, go, yaxis="y2")
    yield _area(t, band.z_loc, band.z_scale, band, go)
    yield go.Scatter(x=t, y=band.z_loc, customdata=band.z_scale, name=band.name, hovertemplate=hover, **line)
    quiet = {"showlegend": False, "name": f"{band.name}, as seen", "yaxis": "y2", "opacity": 0.7}
    words = f"frame %{{x}}, {band.name}<br>it makes of x %{{y:.2f}}<extra></extra>"
    yield go.Scatter(x=t, y=band.x_loc, hovertemplate=words, **line | {"line": line["line"] | {"width": 1.5}}, **quiet)


def _area(t, loc, scale, band, go, **where):
    """Two standard deviations to each side; with one frame alone it needs some width."""
    t = np.array([t[0] - 0.3, t[0] + 0.3]) if len(t) == 1 else t
    low, high = (np.broadcast_to(loc + k * scale, t.shape) for k in (-2, 2))
    return go.Scatter(
        x=np.concatenate([t, t[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        fill="toself",
        fillcolor=rgba(band.colour, 0.2),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        legendgroup=band.name,
        name=f"{band.name}, two standard deviations",
        **where,
    )


def _mode(t):
    return "lines" if len(t) > 1 else "markers"


def _in_words(z, x, bands, used):
    """Both panels as sentences."""
    words = [
        f"Two panels over {len(z)} frames. Above: the hidden z, from {z.min():.2f} to {z.max():.2f}.",
        f"Below: what is seen, x, from {x.min():.2f} to {x.max():.2f}; {int(used.sum())} frames were looked at.",
    ]
    for band in bands:
        span = slice(band.first - 1, band.first - 1 + len(band.z_loc))
        inside = int((abs(z[span] - band.z_loc) <= 2 * band.z_scale).sum())
        words.append(
            f"{band.name.capitalize()}: its band of two standard deviations, {band.z_scale.mean():.2f} each on "
            f"average, holds {inside} of {len(band.z_loc)} true states."
        )
    return " ".join(words)
