"""What each frame costs: the bound's parts as stacked bars over time, under what was heard or seen."""

import numpy as np

from dmm.figures.base import GRID, TIME_AXIS, beats, blank, matrix, rgba
from dmm.figures.rolls import piano_roll
from dmm.palette import GREY, KL, LATENT, RECONSTRUCTION

SPLIT = 0.46  # the bars' share of the height
HEIGHT = 500
MARGIN = 58  # pixels left of both panels, so that a slider can be set below them
NAMES = ("−log p(x<sub>t</sub> | z<sub>t</sub>)", "KL<sub>1</sub>, against p(z<sub>1</sub>)", "KL<sub>t</sub>")


def chorale_costs(roll, reconstruction, kl):
    """A piano roll, and under it what each beat costs. Its notes are of one colour: those of the parts mean the parts.

    Args:
        roll: (T, 88), 0 or 1.
        reconstruction: (T,), -log p(x_t | z_t) in nats.
        kl: (T,), in nats.

    Raises:
        ValueError: the lengths differ, or a number is not finite.
    """
    figure = piano_roll(roll)
    figure.update_layout(height=HEIGHT)
    return _with_bars(figure, len(roll), reconstruction, kl, "beat", TIME_AXIS)


def system_costs(x, loc, scale, reconstruction, kl):
    """What is seen of a linear system and a guess of what is hidden, and under it what each frame costs.

    Args:
        x: (T,), what is seen.
        loc, scale: (T,), the guess: mean and standard deviation of each latent.
        reconstruction, kl: as in `chorale_costs`.
    """
    import plotly.graph_objects as go

    x, loc, scale = matrix([x, loc, scale], "x, loc and scale")
    t = beats(len(x))
    words = f"Above: {len(t)} frames of x from {x.min():.2f} to {x.max():.2f}, and q's band, {scale.mean():.2f} wide."
    figure = blank(words, height=HEIGHT)
    around = np.concatenate([loc + 2 * scale, (loc - 2 * scale)[::-1]])
    both, shade = (
        np.concatenate([t, t[::-1]]),
        {"fill": "toself", "fillcolor": rgba(LATENT, 0.22), "line": {"width": 0}},
    )
    figure.add_trace(go.Scatter(x=both, y=around, mode="lines", hoverinfo="skip", showlegend=False, **shade))
    hover = "frame %{x}<br>q's mean of z is %{y:.2f}<extra></extra>"
    line = {"color": LATENT, "width": 2.5}
    figure.add_trace(go.Scatter(x=t, y=loc, mode="lines", line=line, name="q: mean of z, ± 2 σ", hovertemplate=hover))
    hover, marker = "frame %{x}<br>x is %{y:.2f}<extra></extra>", {"color": GREY, "size": 7}
    figure.add_trace(go.Scatter(x=t, y=x, mode="markers", marker=marker, name="seen x", hovertemplate=hover))
    figure.update_yaxes(title={"text": "z and x", "standoff": 6})
    return _with_bars(figure, len(x), reconstruction, kl, "frame", "time t (frames)")


def _with_bars(figure, frames, reconstruction, kl, unit, axis):
    """The lower panel; a click gives a point whose `customdata` begins with its t."""
    import plotly.graph_objects as go

    reconstruction, kl = matrix([reconstruction, kl], "reconstruction and kl")
    if len(kl) != frames:
        raise ValueError(f"got {len(kl)} costs, expected {frames}, one for each {unit}")
    t = beats(frames)
    look = {"yaxis": "y2", "width": 0.82}
    parts = zip(
        NAMES,
        (RECONSTRUCTION, KL, KL),
        (t > 0, t == 1, t > 1),
        (reconstruction, kl, kl),
        (kl, 0 * kl, 0 * kl),  # the KL at the bottom, so that its bars can be compared
        strict=True,
    )
    for i, (name, colour, shown, values, base) in enumerate(parts):
        pattern = {"shape": "/", "fillmode": "overlay", "fgcolor": "rgba(0,0,0,0.6)", "size": 5} if i == 1 else {}
        # in a bar with a base, %{y} would be where it ends
        hover = f"{unit} %{{x}}<br>{name}: %{{customdata[2]:.2f}} nats<br>in all %{{customdata[1]:.2f}}<extra></extra>"
        figure.add_trace(
            go.Bar(
                x=t[shown],
                y=values[shown],
                base=base[shown],
                name=name,
                marker={"color": colour, "pattern": pattern, "line": {"width": 0}},
                customdata=np.stack([t, reconstruction + kl, values], axis=1)[shown],
                hovertemplate=hover,
                **look,
            )
        )
    figure.update_traces(selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}})
    figure.update_traces(showlegend=True, selector={"yaxis": "y2"})
    axes = {"gridcolor": GRID, "zeroline": False, "fixedrange": True, "automargin": False}
    figure.update_layout(
        barmode="overlay",
        margin={"l": MARGIN, "r": 8, "t": 8, "b": 8},
        dragmode=False,
        xaxis={"anchor": "y2", "title": {"text": axis}, "range": [0.5, frames + 0.5], "fixedrange": True},
        yaxis={"domain": [SPLIT + 0.05, 1]} | axes,
        yaxis2={"domain": [0, SPLIT], "title": {"text": "nats", "standoff": 6}} | axes,
        meta={"description": f"{figure.layout.meta['description']} {_in_words(reconstruction, kl, unit)}"},
    )
    return figure


def _in_words(reconstruction, kl, unit):
    cost = reconstruction + kl
    return (
        f"Under it stacked bars, {cost.sum():.2f} nats in all: {reconstruction.sum():.2f} for the reconstruction and, "
        f"at the bottom, {kl.sum():.2f} for the KL, {kl[0]:.2f} of it at the first {unit}. The dearest is {unit} "
        f"{np.argmax(cost) + 1} with {cost.max():.2f}; the KL is largest at {unit} {np.argmax(kl) + 1} with "
        f"{kl.max():.2f}."
    )
