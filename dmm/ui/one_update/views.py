"""One update: what a stage shows of its tensors: a slice as a picture, shapes and ranges, sums."""

import numpy as np
import streamlit as st

from dmm import figures
from dmm.palette import PHI, THETA
from dmm.ui.dials import Dial, dials, pick
from dmm.ui.one_update.stages import STAGES, in_numbers
from dmm.ui.plot import plot

LESSON = "one_update"
PIECE = Dial("piece", "Piece of the batch", 1, 20, 1, 1, "Which piece $b$ of the batch the picture shows.")
LOOK = "Which tensor of this stage the picture shows."
THETAS = ("emitter", "transition", "z_0")


def show_slice(stage, one):
    """One tensor of one piece, or of all pieces, as a heat map; and a sum with its numbers."""
    left, right = st.columns(2, vertical_alignment="bottom")
    offered = [tensor for tensor in STAGES[stage - 1].tensors if tensor.axes != "B"]
    with left:
        names = {tensor.name: tensor.name for tensor in offered}
        name = pick(LESSON, f"look{stage}", "Tensor", names, LOOK) if len(names) > 1 else offered[0].name
    with right:
        piece = min(dials(LESSON, [PIECE])["piece"], len(one.pieces))
    tensor = next(one for one in offered if one.name == name)
    values, length = one.tensors[name], int(one.tensors["lengths"][piece - 1])
    if tensor.axes == "B, T":
        plot(figures.tensor_map(values, name, "piece", framed=piece), f"slice {stage}", tools=False)
    else:
        plot(figures.tensor_map(values[piece - 1].T, name, tensor.row, length), f"slice {stage}", tools=False)
    st.caption(
        f"Piece {piece} of {len(one.pieces)}: {one.pieces[piece - 1]}. {in_numbers(stage, one.tensors, piece - 1)}"
    )


def show_gradient(one):
    """The length of the gradient, module by module, and what clipping makes of it."""
    gradient = one.tensors["gradient"]
    bars, names = bars_of(one.lengths_of(gradient), one)
    title = "length of the gradient"
    plot(figures.module_bars({title: bars}, names, title), "gradient lengths", tools=False)
    norm, limit = float(np.linalg.norm(gradient)), one.config.clip_norm
    clipped = (
        f"longer than {limit:g}, so all of it is multiplied by {limit / norm:.3f}"
        if norm > limit
        else f"not longer than {limit:g}, so clipping leaves it as it is"
    )
    st.markdown(f"All {len(gradient):,} numbers together have length {norm:.4f}: {clipped}.")


def show_move(one):
    """How far the weights moved, and the bound on the same batch and noise before and after."""
    bars, names = bars_of(one.moved, one)
    title = "how far an average weight moved"
    plot(figures.module_bars({title: bars}, names, title), "moves", tools=False)
    rows = [("reconstruction", *_pair(one, 0)), ("KL", *_pair(one, 1))]
    rows.append(("minus the ELBO", sum(one.before), sum(one.after)))
    w = one.kl_weight
    rows.append((f"with w = {w:g}: what is lowered", *(part[0] + w * part[1] for part in (one.before, one.after))))
    lines = [f"| {name} | {before:.3f} | {after:.3f} | {after - before:+.3f} |" for name, before, after in rows]
    head = ["| nats per frame, same batch and noise | before | after | change |", "|:---|---:|---:|---:|"]
    st.markdown("\n".join([*head, *lines]))


def _pair(one, part):
    return one.before[part], one.after[part]


def bars_of(values, one):
    """Bars in the colours of theta and phi, and their names with the letter of the one they belong to."""
    mine = [name in THETAS for name in one.modules]
    names = [f"{name} {'θ' if theta else 'φ'}" for name, theta in zip(one.modules, mine, strict=True)]
    return ([THETA if theta else PHI for theta in mine], values), names


def table_of(this, tensors):
    """The tensors of a stage: shape, and what their numbers are like."""
    lines = ["| tensor | shape | min / mean / max |", "|:---|:---|:---|"]
    for tensor in this.tensors:
        values = tensors[tensor.name]
        kept = values[tensors["mask"] > 0] if "T" in tensor.axes and tensor.name != "mask" else values
        numbers = " / ".join(f"{number:.3g}" for number in (kept.min(), kept.mean(), kept.max()))
        shape = " × ".join(f"{size:,}" for size in values.shape)
        lines.append(f"| `{tensor.name}`: {tensor.holds} | {shape} ({tensor.axes}) | {numbers} |")
    return "\n".join(lines)


def sums_of(one):
    """From the frames' numbers to the one that is lowered."""
    reconstruction, kl = (float(one.tensors[name].sum()) for name in ("reconstruction", "kl"))
    w, N = one.kl_weight, one.scale
    loss = -(reconstruction - w * kl) / N
    terms = f"-({reconstruction:,.1f} - {w:g} \\times {kl:,.1f}) / {N:,.1f}".replace(",", "{,}")
    return (
        f"Summed up: :green[{reconstruction:,.1f}] and :orange[{kl:,.1f}] nats, over {one.frames:,} real frames. The "
        f"loss weighs the KL by $w = {w:g}$ and divides by $N$ = {N:,.1f}, the frames of an average batch: "
        f"$\\text{{loss}} = {terms} = {loss:.3f}$. For this batch alone, with the whole KL: :blue[−ELBO = "
        f"{sum(one.before):.3f} nats per frame]."
    )
