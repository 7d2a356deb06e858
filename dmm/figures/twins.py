"""A piece and its twin: where the path of one dimension parts, and at how many keys the music does."""

import numpy as np

from dmm.figures.base import GRID, TIME_AXIS, beats, blank, rgba
from dmm.palette import BLUE, GREY, VERMILLION

AS_IT_IS, AS_IT_WOULD_BE = "as it is", "as it would have been"


def twin_paths(factual, counterfactual, start: int, end: int, dimension: int):
    """One dimension of the hidden state, as it is and as it would have been.

    Args:
        factual, counterfactual: (T,) each.
        start, end: frames from 0 in which something was done, the last not included; they are shaded.
        dimension: from 0; for the words.

    Raises:
        ValueError: the shapes differ, a number is not finite, or there is no such stretch.
    """
    import plotly.graph_objects as go

    paths = _checked((factual, counterfactual), start, end)
    t = beats(len(paths[0]))
    apart = np.abs(paths[0] - paths[1])
    figure = _stretch(
        blank(
            f"Dimension {dimension + 1} of the hidden state over {len(t)} beats, as it is and as it would have been; "
            f"something is done from beat {start + 1} to {end}. The two differ by up to {apart.max():.2f}, and by "
            f"{apart[-1]:.2f} at the last beat.",
            height=240,
        ),
        start,
        end,
    )
    looks = ((AS_IT_IS, BLUE, "solid"), (AS_IT_WOULD_BE, VERMILLION, "dash"))
    for path, (name, colour, dash) in zip(paths, looks, strict=True):
        hover = "beat %{x}<br>z is %{y:.2f} " + name + "<extra></extra>"
        line = {"color": colour, "width": 2, "dash": dash}
        figure.add_trace(go.Scatter(x=t, y=path, mode="lines", name=name, line=line, hovertemplate=hover))
    figure.update_xaxes(title_text=TIME_AXIS, range=[0.5, len(t) + 0.5], showgrid=False)
    figure.update_yaxes(title_text=f"z, dimension {dimension + 1}")
    return figure


def keys_apart(common, apart, start: int, end: int, pairs: int):
    """At how many keys a piece and its twin differ: from the same random numbers, and from others.

    Args:
        common, apart: (T,) each, averaged over pairs of pieces.
        start, end: as for `twin_paths`.
        pairs: how many, for the words.

    Raises:
        ValueError: as `twin_paths`.
    """
    import plotly.graph_objects as go

    common, apart = _checked((common, apart), start, end)
    t = beats(len(common))
    figure = _stretch(
        blank(
            f"Keys at which a piece and its twin differ, averaged over {pairs} pairs: from the same random numbers "
            f"{common[start:end].mean():.1f} a beat while something is done, {common[-1]:.1f} at the last beat; from "
            f"other random numbers {apart[start:end].mean():.1f} and {apart[-1]:.1f}.",
            height=240,
        ),
        start,
        end,
    )
    looks = ((apart, "other random numbers", GREY, "dot"), (common, "the same random numbers", VERMILLION, "solid"))
    for values, name, colour, dash in looks:
        hover = f"beat %{{x}}<br>%{{y:.2f}} keys differ, {name}<extra></extra>"
        line = {"color": colour, "width": 2, "dash": dash}
        figure.add_trace(go.Scatter(x=t, y=values, mode="lines", name=name, line=line, hovertemplate=hover))
    figure.update_xaxes(title_text=TIME_AXIS, range=[0.5, len(t) + 0.5], showgrid=False)
    figure.update_yaxes(title_text="keys that differ", rangemode="tozero", gridcolor=GRID)
    return figure


def _checked(paths, start, end):
    """Both as arrays."""
    one, other = (np.asarray(path, dtype=float) for path in paths)
    if one.ndim != 1 or not len(one) or one.shape != other.shape:
        raise ValueError(f"got shapes {one.shape} and {other.shape}, expected (T,) twice")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError("got a number that is not finite")
    if not 0 <= start < end <= len(one):
        raise ValueError(f"got frames {start} to {end}, expected a stretch within 0 to {len(one)}")
    return one, other


def _stretch(figure, start, end):
    """The figure with the stretch shaded in which something is done."""
    figure.add_vrect(x0=start + 0.5, x1=end + 0.5, line_width=0, fillcolor=rgba(GREY, 0.2), layer="below")
    return figure
