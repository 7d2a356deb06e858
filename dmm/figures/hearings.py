"""Who was taken for whom by somebody who listened without knowing."""

from collections.abc import Sequence
from typing import NamedTuple

from dmm.figures.base import blank
from dmm.palette import BLUE, GREEN, GREY, VERMILLION

COLOURS = (GREEN, BLUE, GREY)
ROW = 34  # pixels
FEW = 12  # answers of a row, up to which every number stands at the axis


class Hearing(NamedTuple):
    """One row: its name, which of the voices it is, and how often each voice was named."""

    name: str
    right: int
    said: tuple[int, ...]


def taken_for(hearings: Sequence[Hearing], voices: Sequence[str]):
    """A bar for each row, cut by what was said: full colour is right and comes first, hatched is wrong.

    A tick marks a third of the answers, where the full part would end on average if one guessed.

    Args:
        voices: the names of three voices.

    Raises:
        ValueError: no row, or counts that are not of these voices.
    """
    import plotly.graph_objects as go

    if not hearings or len(voices) != len(COLOURS) or any(len(one.said) != len(voices) for one in hearings):
        raise ValueError(f"got {len(hearings)} rows and {len(voices)} voices, expected 1 or more and {len(COLOURS)}")
    names, totals = [one.name for one in hearings], [sum(one.said) for one in hearings]
    most = max(totals)
    figure = blank(
        _in_words(hearings, voices),
        height=110 + ROW * len(names),
        barmode="overlay",
        bargap=0.35,
        showlegend=True,
        xaxis={"title": {"text": "answers"}, "range": [0, max(1, most) * 1.35], "fixedrange": True}
        | ({"dtick": 1} if most <= FEW else {}),
        yaxis={"autorange": "reversed", "showgrid": False, "fixedrange": True, "type": "category"},
    )
    for nth, (voice, colour) in enumerate(zip(voices, COLOURS, strict=True)):
        figure.add_trace(_part(hearings, names, nth, voice, colour))
    for voice, colour in zip(voices, COLOURS, strict=True):  # a legend without hatches
        figure.add_trace(go.Bar(x=[None], y=[names[0]], name=f"“{voice}”", marker={"color": colour}, hoverinfo="skip"))
    mark = {"symbol": "line-ns", "size": 20, "line": {"width": 3, "color": VERMILLION}, "color": VERMILLION}
    chance = {"x": [total / len(voices) for total in totals], "y": names, "mode": "markers", "marker": mark}
    figure.add_trace(go.Scatter(**chance, name="a third", hoverinfo="skip"))
    told = [f"\u00a0{one.said[one.right]} of {total}" for one, total in zip(hearings, totals, strict=True)]
    look = {"mode": "text", "text": told, "textposition": "middle right", "cliponaxis": False}
    figure.add_trace(go.Scatter(x=totals, y=names, hoverinfo="skip", showlegend=False, name="right", **look))
    return figure


def _part(hearings, names, nth, voice, colour):
    """In each row how often one of the voices was named."""
    import plotly.graph_objects as go

    hatches = ["" if one.right == nth else "/" for one in hearings]
    return go.Bar(
        y=names,
        x=[one.said[nth] for one in hearings],
        base=[_before(one, nth) for one in hearings],
        orientation="h",
        name=f"said {voice}",
        showlegend=False,
        marker={"color": colour, "pattern": {"shape": hatches, "solidity": 0.35}},
        hovertemplate=f"%{{y}}<br>“{voice}” %{{x}} times<extra></extra>",
    )


def _before(hearing, nth):
    """Where the part of a voice begins: the right one at 0, the others after it in their order."""
    if nth == hearing.right:
        return 0
    return hearing.said[hearing.right] + sum(n for i, n in enumerate(hearing.said[:nth]) if i != hearing.right)


def _in_words(hearings, voices):
    told = [
        f"{one.name}: " + ", ".join(f"“{voice}” {n}" for voice, n in zip(voices, one.said, strict=True))
        for one in hearings
    ]
    return f"Bars of what was said of each voice, in answers. {'; '.join(told)}. A mark stands at a third of each bar."
