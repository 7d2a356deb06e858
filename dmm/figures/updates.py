"""One step of learning: a slice of a tensor, what each module gets of the gradient, and how far a step may go."""

import numpy as np

from dmm.figures.base import blank, matrix, rgba
from dmm.palette import BLUE, BOUND, GREY, KL, RECONSTRUCTION, VERMILLION

SIGNED = [[0.0, VERMILLION], [0.5, rgba(GREY, 0.06)], [1.0, BLUE]]
POSITIVE = [[0.0, rgba(BLUE, 0.03)], [1.0, BLUE]]
DECADES = 6.0  # of a logarithmic axis below its longest bar
SMALLEST = 1e-12  # below, a bar counts as none


def tensor_map(values, name, rows, real=0, framed=0):
    """A slice of a tensor over the frames: one column a frame, blue above 0 and vermillion below.

    Args:
        values: (R, T).
        name: of the tensor.
        rows: what a row is, in words.
        real: how many of the frames are real, the rest being padding; 0 where each row says so itself.
        framed: a row, counted from 1, that gets a frame; 0 for none.

    Raises:
        ValueError: the shape is not (R, T), or an entry is not finite.
    """
    import plotly.graph_objects as go

    values = matrix(values, name)
    R, T = values.shape
    low, high = values.min(), values.max()
    signed = low < 0
    most = max(abs(low), abs(high)) or 1.0
    told = f" The last {T - real} frames are padding." if 0 < real < T else ""
    figure = blank(
        f"Heat map of {name}: {R} rows ({rows}) over {T} frames, from {low:.3f} to {high:.3f}, on average "
        f"{values.mean():.3f}.{told}",
        height=300,
    )
    figure.add_trace(
        go.Heatmap(
            x=np.arange(1, T + 1),
            y=np.arange(1, R + 1),
            z=np.round(values, 4).astype(np.float32),
            zmin=-most if signed else 0,
            zmax=most,
            colorscale=SIGNED if signed else POSITIVE,
            colorbar={"thickness": 10, "outlinewidth": 0},
            hovertemplate=f"frame %{{x}}, {rows} %{{y}}<br>{name} = %{{z:.4g}}<extra></extra>",
        )
    )
    if told:
        shade = {"fillcolor": rgba(GREY, 0.35), "line_width": 0, "layer": "above"}
        figure.add_vrect(x0=real + 0.5, x1=T + 0.5, **shade)
        figure.add_annotation(x=(real + T + 1) / 2, y=0.5, yref="paper", text="padding", showarrow=False, textangle=-90)
    if framed:
        figure.add_shape(type="rect", x0=0.5, x1=T + 0.5, y0=framed - 0.5, y1=framed + 0.5, line={"color": KL})
    figure.update_xaxes(title_text="frame t", showgrid=False, range=[0.5, T + 0.5])
    figure.update_yaxes(title_text=rows, showgrid=False, range=[0.5, R + 0.5])
    return figure


def module_bars(parts, modules, title):
    """A number of each module, such as the length of its gradient, on a logarithmic axis; 0 is written as 0.

    Args:
        parts: from a name to (colour, or one for each module; a number of 0 or more for each module).
        modules: their names, first on top.
        title: what the numbers are.

    Raises:
        ValueError: a number is below 0 or not finite, or there are not as many as modules.
    """
    import plotly.graph_objects as go

    numbers = matrix([values for _, values in parts.values()], "parts", low=0)
    if numbers.shape[1] != len(modules):
        raise ValueError(f"got {numbers.shape[1]} numbers for {len(modules)} modules")
    listed = (
        f"{name}: {', '.join(f'{module} {value:.3g}' for module, value in zip(modules, values, strict=True))}"
        for name, (_, values) in parts.items()
    )
    figure = blank(
        f"Bars, {title}, on a logarithmic axis. {'; '.join(listed)}.", height=90 + (12 + 15 * len(parts)) * len(modules)
    )
    floor = max(numbers.max(), SMALLEST) / 10**DECADES
    for name, (colour, values) in parts.items():
        values = np.asarray(values, dtype=float)
        figure.add_trace(
            go.Bar(
                orientation="h",
                y=list(modules),
                x=np.where(values > SMALLEST, np.maximum(values, floor), floor),
                name=name,
                marker={"color": colour if isinstance(colour, str) else list(colour)},
                text=[f"{value:.2g}" if value > SMALLEST else "0" for value in values],
                textposition="outside",
                textfont={"size": 12},
                constraintext="none",
                cliponaxis=False,
                customdata=values,
                hovertemplate=f"%{{y}}, {name}<br>%{{customdata:.4g}}<extra></extra>",
            )
        )
    top = np.log10(max(numbers.max(), SMALLEST))
    # room for what stands behind the longest bar
    figure.update_xaxes(type="log", range=[top - DECADES, top + 0.9], title_text=title, dtick=1, exponentformat="power")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_layout(showlegend=len(parts) > 1, barmode="group", bargap=0.25)
    return figure


def rate_curve(rates, after, before, used):
    """Minus the bound after one step of each length, with its two parts; where it stood before, and the rate in use.

    Args:
        rates: (R,), rising.
        after: (R, 2), reconstruction and KL in nats per frame; an entry that is not finite is left out.
        before: the same two numbers before the step.
        used: the rate of the configuration.

    Raises:
        ValueError: the shapes do not fit.
    """
    import plotly.graph_objects as go

    rates, after = np.asarray(rates, dtype=float), np.asarray(after, dtype=float)
    if after.shape != (len(rates), 2):
        raise ValueError(f"got results of shape {after.shape}, expected {(len(rates), 2)}")
    kept = np.isfinite(after).all(1)
    total, start = after[kept].sum(1), sum(before)
    best = rates[kept][total.argmin()]
    lost = f" At {', '.join(f'{rate:.2g}' for rate in rates[~kept])} it is no number." if not kept.all() else ""
    figure = blank(
        f"Minus the bound after one step, over {len(rates)} learning rates. Before the step: {start:.3f} nats per "
        f"frame. Lowest after it: {total.min():.3f}, at the rate {best:.2g}; the rate in use is {used:.2g}.{lost}",
        height=330,
    )
    for name, values, colour, width in (
        ("minus the ELBO", total, BOUND, 3),
        ("reconstruction", after[kept, 0], RECONSTRUCTION, 2),
        ("KL", after[kept, 1], KL, 2),
    ):
        look = {"mode": "lines+markers", "line": {"color": colour, "width": width}, "marker": {"size": 6}}
        hover = f"rate %{{x:.2g}}<br>{name} %{{y:.3f}} nats per frame<extra></extra>"
        figure.add_trace(go.Scatter(x=rates[kept], y=values, name=name, hovertemplate=hover, **look))
    figure.add_hline(
        y=start, line={"color": GREY, "dash": "dot"}, annotation_text="before the step", annotation_position="top left"
    )
    figure.add_vline(x=used, line={"color": GREY, "dash": "dash"})
    place = {"x": np.log10(used), "y": 1, "yref": "paper", "xanchor": "right", "yanchor": "top", "xshift": -4}
    figure.add_annotation(text="in use", showarrow=False, **place)
    ends = [np.log10(rates[0]) - 0.1, np.log10(rates[-1]) + 0.1]
    figure.update_xaxes(type="log", title_text="learning rate", dtick=1, exponentformat="power", range=ends)
    figure.update_yaxes(title_text="nats per frame", range=[0, 2.2 * start])
    figure.update_layout(showlegend=True)
    return figure
