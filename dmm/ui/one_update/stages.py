"""One update: its eight stages in words, the tensors of each, and one of its sums done with the numbers of the page."""

from typing import NamedTuple

from dmm.music import LOWEST_KEY, note_name


class Tensor(NamedTuple):
    """A tensor of a stage: its name, its axes, what it holds, and what a row of its picture is."""

    name: str
    axes: str
    holds: str
    row: str = "dimension"


class Stage(NamedTuple):
    """A stage: its name, what it does and why (Markdown), its function, what that calls, and its tensors."""

    name: str
    words: str
    code: str
    calls: tuple[str, ...]
    tensors: tuple[Tensor, ...]


STAGES = (
    Stage(
        "batch",
        "A few pieces of the training set, of similar length. The shorter ones are filled up with silence, the "
        "*padding*; the **mask** remembers which frames are real, since padding must not count.",
        "one_update.take_batch",
        ("batches.epoch_batches", "batches.to_tensors"),
        (
            Tensor("x", "B, T, X", "1 where a key sounds", "key"),
            Tensor("mask", "B, T", "1 where a frame is real", "piece"),
            Tensor("lengths", "B", "real frames of each piece"),
        ),
    ),
    Stage(
        "RNN",
        "The RNN reads each piece from its last frame to its first. What it holds at frame $t$ sums up the frames "
        "from $t$ on: all that $z_{t-1}$ does not tell about $z_t$.",
        "one_update.listen",
        ("rnn.RNN.forward",),
        (Tensor("h_right", "B, T, rnn_dim", "what the RNN says of the frames from $t$ on", "unit"),),
    ),
    Stage(
        "draw z",
        "The combiner turns $h^{\\text{right}}_t$ and the last latent into a Gaussian. One value is drawn from it, as "
        "mean plus standard deviation times noise: so a gradient can pass *through the draw* to both of them.",
        "one_update.draw",
        ("inference.Structured.draw", "combiner.Combiner.forward"),
        (
            Tensor("q_loc", "B, T, Z", "mean of the guess"),
            Tensor("q_scale", "B, T, Z", "its standard deviation"),
            Tensor("eps", "B, T, Z", "standard normal noise"),
            Tensor("z", "B, T, Z", "the draw"),
        ),
    ),
    Stage(
        "transition",
        "For each latent that was drawn, the model says where it would have expected it, from the one before alone. "
        "Here nothing is drawn: it only judges what stage 3 drew.",
        "one_update.expect",
        ("model.GatedTransition.forward", "deep_markov_model.DMM.p_z", "deep_markov_model.DMM.previous"),
        (
            Tensor("gate", "B, T, Z", "0: linear rule, 1: the network's proposal"),
            Tensor("p_loc", "B, T, Z", "mean that the model expects"),
            Tensor("p_scale", "B, T, Z", "its standard deviation"),
        ),
    ),
    Stage(
        "emitter",
        "The emitter turns each latent into 88 *logits*, one for each key, and a sigmoid turns those into "
        "probabilities. The loss is computed from the logits: near 0 and 1 probabilities lose their digits.",
        "one_update.decode",
        ("model.Emitter.forward",),
        (
            Tensor("logits", "B, T, X", "before the sigmoid", "key"),
            Tensor("probabilities", "B, T, X", "how likely each key is to sound", "key"),
        ),
    ),
    Stage(
        "bound",
        "How well the notes of stage 1 were explained, minus how far the guess was from what the model expected. With "
        "one draw it is a noisy estimate of the bound. The mask silences the padding, and all is summed up.",
        "one_update.weigh",
        ("model.log_p_bernoulli", "elbo.divergence", "elbo.kl_normal"),
        (
            Tensor("reconstruction", "B, T", "$\\log p(x_t \\mid z_t)$, nats", "piece"),
            Tensor("kl", "B, T", "$\\mathrm{KL}(q \\,\\|\\, p)$ summed over Z, nats", "piece"),
            Tensor("elbo", "B, T", "their difference, nats", "piece"),
        ),
    ),
    Stage(
        "gradient",
        "How the loss would change if one weight moved a little, for every weight at once. The sums of stages 6 to 2 "
        "are gone through backwards, along the dashed arrows.",
        "one_update.differentiate",
        (),
        (Tensor("gradient", "P", "one number for each weight"),),
    ),
    Stage(
        "update",
        "Adam moves each weight a little against its gradient: $\\theta$ and $\\phi$, all in the same step. Then the "
        "next batch comes.",
        "one_update.change",
        ("optimisers.update", "optimisers.clip"),
        (
            Tensor("weights", "P", "before the step"),
            Tensor("new_weights", "P", "after it"),
        ),
    ),
)


def in_numbers(stage: int, tensors, piece: int) -> str:
    """One of the stage's sums, with the numbers of one piece, counted from 0; nothing where there is none."""
    at = {name: values[piece, 0] for name, values in tensors.items() if values.ndim > 1}
    if stage == 1:
        keys = ", ".join(note_name(LOWEST_KEY + key) for key in at["x"].nonzero()[0])
        return f"In frame 1 of this piece sound {keys or 'no keys'}; {tensors['lengths'][piece]} frames are real."
    if stage == 2:
        shown = ", ".join(f"{value:.2f}" for value in at["h_right"][:4])
        return (
            f"At frame 1 it sums up all {tensors['lengths'][piece]} frames in {len(at['h_right'])} numbers: {shown}, …"
        )
    if stage == 3:
        q_loc, q_scale, eps, z = (at[name][0] for name in ("q_loc", "q_scale", "eps", "z"))
        return f"Frame 1, dimension 1: ${q_loc:.3f} + {q_scale:.3f} \\times ({eps:.3f}) = {z:.3f}$."
    if stage == 4:
        gate, p_loc, p_scale, z = (tensors[name][piece, 1, 0] for name in ("gate", "p_loc", "p_scale", "z"))
        return (
            f"Frame 2, dimension 1: the gate is {gate:.0%} open. The model expects ${p_loc:.2f} \\pm {p_scale:.2f}$; "
            f"drawn was ${z:.2f}$."
        )
    if stage == 5:
        keys = at["x"].nonzero()[0]
        heard = ", ".join(f"{note_name(LOWEST_KEY + key)} {at['probabilities'][key]:.1%}" for key in keys)
        return f"How likely it finds the keys that sound in frame 1: {heard}."
    if stage == 6:
        reconstruction, kl, elbo = (at[name] for name in ("reconstruction", "kl", "elbo"))
        return f"Frame 1: :green[${reconstruction:.2f}$] − :orange[${kl:.2f}$] = :blue[${elbo:.2f}$ nats]."
    return ""
