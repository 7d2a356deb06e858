"""A piano's 88 keys as a strip, coloured by how likely each is to sound."""

import numpy as np

from dmm.figures.base import blank, matrix
from dmm.music import KEYS, LOWEST_KEY, note_name
from dmm.palette import GREEN, GREY, VERMILLION

BLACK = {1, 3, 6, 8, 10}  # among the twelve of an octave from C
WHITE_COLOUR, BLACK_COLOUR = (252, 252, 250), (38, 41, 46)
NAMED = 0.2  # keys at least so likely have their names above


def keyboard(probabilities, played=None):
    """The keys from A0 to C8; the greener, the likelier. Names stand above likely keys, dots on those that were played.

    Args:
        probabilities: (88,) in 0..1.
        played: (88,) 0/1, or None.

    Raises:
        ValueError: there are not 88 numbers from 0 to 1.
    """
    import plotly.graph_objects as go

    p = matrix(np.atleast_2d(probabilities), "probabilities", 0, 1)[0]
    if p.shape != (KEYS,):
        raise ValueError(f"got {len(p)} probabilities, expected {KEYS}")
    pitches = np.arange(LOWEST_KEY, LOWEST_KEY + KEYS)
    place, is_black = layout()
    played = np.zeros(KEYS, dtype=bool) if played is None else np.asarray(played).astype(bool)
    figure = blank(_in_words(p, played), height=190)
    for name, black in (("white keys", False), ("black keys", True)):
        keys = np.flatnonzero(is_black == black)
        base = np.array(BLACK_COLOUR if black else WHITE_COLOUR)
        figure.add_trace(
            go.Bar(
                x=place[keys],
                y=np.full(len(keys), 0.62 if black else 1.0),
                base=0.38 if black else 0.0,
                width=0.62 if black else 1.0,
                marker={"color": [_mix(base, p[k]) for k in keys], "line": {"color": GREY, "width": 1}},
                customdata=[[note_name(pitches[k]), p[k]] for k in keys],
                hovertemplate="%{customdata[0]}<br>probability %{customdata[1]:.3f}<extra></extra>",
                name=name,
                showlegend=False,
            )
        )
    dots = np.flatnonzero(played)
    figure.add_trace(
        go.Scatter(
            x=place[dots],
            y=np.where(is_black[dots], 0.5, 0.16),
            mode="markers",
            marker={"color": VERMILLION, "size": 8, "line": {"color": "white", "width": 1}},
            customdata=[note_name(pitches[k]) for k in dots],
            hovertemplate="%{customdata} sounds here<extra></extra>",
            name="played",
            showlegend=False,
        )
    )
    for k in np.flatnonzero(p >= NAMED):
        figure.add_annotation(
            text=note_name(pitches[k]), x=place[k], y=1.04, textangle=-90, showarrow=False, yanchor="bottom"
        )
    figure.update_layout(barmode="overlay", bargap=0)
    octaves = [k for k in range(KEYS) if pitches[k] % 12 == 0]
    names = [note_name(pitches[k]) for k in octaves]
    figure.update_xaxes(range=[-0.6, 51.6], tickvals=place[octaves], ticktext=names, showgrid=False, fixedrange=True)
    figure.update_yaxes(range=[0, 1.4], visible=False, fixedrange=True)
    return figure


def layout():
    """The middle of each key, in widths of a white key from A0 on, (88,); and which keys are black, (88,)."""
    pitches = np.arange(LOWEST_KEY, LOWEST_KEY + KEYS)
    is_black = np.isin(pitches % 12, list(BLACK))
    before = np.cumsum(~is_black) - ~is_black  # white keys to the left
    return np.where(is_black, before - 0.5, before).astype(float), is_black


def _mix(base, p):
    """A key's own colour on its way to green."""
    green = np.array([int(GREEN[i : i + 2], 16) for i in (1, 3, 5)])
    return "rgb({:.0f},{:.0f},{:.0f})".format(*((1 - p) * base + p * green))


def _in_words(p, played):
    names = [note_name(k + LOWEST_KEY) for k in range(KEYS)]
    likely = ", ".join(f"{names[k]} {p[k]:.2f}" for k in np.flatnonzero(p >= NAMED)) or "none"
    words = f"A keyboard of {KEYS} keys, {p.sum():.2f} of them expected to sound. At least {NAMED:g} likely: {likely}."
    if played.any():
        words += f" Played: {', '.join(names[k] for k in np.flatnonzero(played))}."
    return words
