"""In code: whose each weight is, and the three learned starts, as a stored run has them."""

import math
from functools import lru_cache

from dmm.runs import store
from dmm.ui.current import shipped_run
from dmm.ui.questions import answer

WEIGHTS = "weights."  # how the names begin in a snapshot
OWNS = {"model": ("emitter.", "transition.", "z_0"), "guide": ("inference.",)}  # what each program reads
STARTS = (  # letter, its ending in a snapshot, whose, what it stands for
    ("z_0", "z_0", "model", "the latent before the first, so that $p(z_1 \\mid z_0)$ is a transition like all others"),
    ("z_{q,0}", "inference.z_q_0", "guide", "what the combiner reads at $t = 1$ in the place of $z_{t-1}$"),
    ("h_0", "h_0", "guide", "the RNN's state before it has read a frame; it stands behind the *last* one"),
)


@lru_cache(4)
def stored_shapes(path, changed: float) -> dict[str, tuple[int, ...]]:
    """The name and shape of every weight in a snapshot, from its header alone."""
    from safetensors import safe_open

    with safe_open(path, "numpy") as file:
        stored = {name: tuple(file.get_slice(name).get_shape()) for name in list(file.keys())}
    return {name.removeprefix(WEIGHTS): shape for name, shape in stored.items() if name.startswith(WEIGHTS)}


def shapes() -> dict[str, tuple[int, ...]]:
    """Those of the first run that came with the app."""
    path = store.shown_snapshot(shipped_run())
    return stored_shapes(path, path.stat().st_mtime)


def owned(side: str) -> dict[str, tuple[int, ...]]:
    """The weights that one of the programs reads."""
    return {name: shape for name, shape in shapes().items() if name.startswith(OWNS[side])}


def numbers_in(weights: dict[str, tuple[int, ...]]) -> int:
    """How many numbers they are."""
    return sum(math.prod(shape) for shape in weights.values())


def show_owners() -> None:
    """Do model and guide share parameters?"""
    theta, phi = owned("model"), owned("guide")
    shared, neither = theta.keys() & phi.keys(), shapes().keys() - theta.keys() - phi.keys()
    rows = [
        ("model, :blue[$\\theta$]: `emitter`, `transition`, `z_0`", theta),
        ("guide, :red[$\\phi$]: `inference`, with RNN, combiner, `z_q_0`, `h_0`", phi),
    ]
    table = "\n".join(f"| {who} | {len(own)} | {numbers_in(own):,} |" for who, own in rows)
    answer(
        "shared-parameters",
        "**No, not one.** They share the *names of their sites*. Site `z_2` of the guide is site `z_2` of the model: "
        "Pyro draws its value in the guide, replays it in the model, and sets $\\log p$ against $\\log q$ of the same "
        f"number.\n\n| reads | tensors | numbers |\n|:--|--:|--:|\n{table}\n\n"
        f"So it is in stored run {shipped_run().name}: {len(shared)} tensors in both, {len(neither)} in neither. "
        "Both programs call `pyro.module` on the *whole* module. That only tells Pyro's optimiser which weights there "
        "are. Yet :red[$\\phi$] learns from the model too: the latents it drew go into $p$, and gradients come back "
        "through them.",
    )


def show_starts() -> None:
    """What are z_0, z_q_0 and h_0?"""
    rows = []
    for symbol, ending, side, meaning in STARTS:
        name, shape = next((name, shape) for name, shape in owned(side).items() if name.endswith(ending))
        size = " × ".join(map(str, shape))
        rows.append(f"- ${symbol}$, the {side}'s: {meaning}. In the stored run `{name}`, {size} numbers.")
    answer(
        "three-starts",
        "**Three learned starts, three roles.** A chain needs something before its first step, and there are three "
        "chains: the latents of the model, the latents of the guide, and the RNN's states.\n\n"
        + "\n".join(rows)
        + "\n\n"
        "$z_0$ and $z_{q,0}$ have the same length and are still two weights. None of the three is drawn, so none is "
        "a site.",
    )
