"""One update: Algorithm 1 as a diagram, with the ways on which gradients come back to theta and to phi."""

from dmm.palette import GREY, PHI, THETA
from dmm.ui.diagram import Arrow, Shape
from dmm.ui.one_update.stages import STAGES

PLACES = ((0.9, 1), (3.3, 1), (5.7, 1), (8.1, 2), (8.1, 0), (10.5, 1), (10.5, 3), (0.9, 3))
OWNERS = {"RNN": ("φ", PHI), "draw z": ("φ: combiner", PHI), "transition": ("θ", THETA), "emitter": ("θ", THETA)}
FORWARD = (
    ("batch", "RNN", "x", 0.0),
    ("RNN", "draw z", "h<sup>right</sup>", 0.0),
    ("draw z", "transition", "z", 0.0),
    ("draw z", "emitter", "z", 0.0),
    ("draw z", "bound", "", 0.0),
    ("transition", "bound", "p", 0.0),
    ("emitter", "bound", "logits", 0.0),
    ("bound", "gradient", "", 0.0),
    ("gradient", "update", "gradient", 0.0),
    ("update", "batch", "", 0.0),
)
BACK = (  # from, to, whose gradient it carries, how far it bends
    ("bound", "emitter", "theta", 0.25),
    ("bound", "transition", "theta", -0.25),
    ("bound", "emitter", "phi", 0.42),
    ("bound", "transition", "phi", -0.42),
    ("emitter", "draw z", "phi", 0.4),
    ("transition", "draw z", "phi", -0.4),
    ("bound", "draw z", "phi", 0.2),
    ("draw z", "RNN", "phi", 0.45),
)
SHOWN = {  # which arrows are not pale, by the choice
    "all": ("forward", "theta", "phi"),
    "forward": ("forward",),
    "theta": ("theta",),
    "phi": ("phi",),
}


def draw_loop(stage: int, arrows: str = "all"):
    """Shapes, arrows and words of the loop; `stage`, counted from 1, is the one that is looked at."""
    shapes = {}
    for number, (one, (x, y)) in enumerate(zip(STAGES, PLACES, strict=True), 1):
        owner, colour = OWNERS.get(one.name, ("", GREY))
        label = f"<b>{number}</b> {one.name}" + (f"\n{owner}" if owner else "")
        look = {"strong": number == stage, "height": 0.7, "width": 1.75, "colour": colour}
        shapes[one.name] = Shape(x, y, label, "box", hover=plain_words(one.words), **look)
    for words, x in (("next batch", 1.05), ("loss", 10.65)):  # beside an arrow that runs upright
        shapes[words] = Shape(x, 2.05, words, "text", width=0.6)
    shown = SHOWN[arrows]
    forward = [
        Arrow(start, end, label=label, bend=bend, pale="forward" not in shown) for start, end, label, bend in FORWARD
    ]
    colours = {"theta": THETA, "phi": PHI}
    back = [
        Arrow(start, end, colours[whose], dashed=True, bend=bend, pale=whose not in shown)
        for start, end, whose, bend in BACK
    ]
    return shapes, forward + back, in_words()


def in_words() -> str:
    """The diagram for those who do not see it."""
    ways = {
        whose: ", ".join(f"{start} to {end}" for start, end, one, _ in BACK if one == whose)
        for whose in ("theta", "phi")
    }
    names = ", ".join(f"{number} {one.name}" for number, one in enumerate(STAGES, 1))
    return (
        f"A loop of eight stages: {names}, and then the next batch. Dashed arrows carry gradients back. Of theta: "
        f"{ways['theta']}. Of phi: {ways['phi']}."
    )


def plain_words(markdown: str) -> str:
    """The words without marks."""
    for mark in ("*", "$", "\\", "`"):
        markdown = markdown.replace(mark, "")
    return markdown.replace("^{text{right}}", " right ").replace("{t-1}", "t-1")
