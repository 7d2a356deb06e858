"""In code: model and guide, unrolled over the frames, as graphs of latents, frames, networks and learned starts."""

from dmm.palette import GREEN, GREY, LATENT, PHI, THETA
from dmm.ui.diagram import Arrow, Shape

FRAMES = 3
FUTURE = GREEN  # as on the other pages
STARTS = {"z0": "z_0", "zq0": "z_{q,0}", "h0": "h_0"}  # the learned ones, as LaTeX
SITES = [*(f"{letter}{t}" for letter in "zx" for t in range(1, FRAMES + 1)), *STARTS]  # what can be pressed
STEP, GAP = 1.3, 0.65  # columns from a latent to the next, and to the square between them


def model_arrows() -> list[tuple[str, str]]:
    """What comes from what in the model, f for the transition's squares, e for the emitter's."""
    pairs = []
    for t in range(1, FRAMES + 1):
        pairs += [(f"z{t - 1}", f"f{t}"), (f"f{t}", f"z{t}"), (f"z{t}", f"e{t}"), (f"e{t}", f"x{t}")]
    return pairs


def guide_arrows() -> list[tuple[str, str]]:
    """The same in the guide, r for the RNN's squares, c for the combiner's."""
    pairs = []
    for t in range(1, FRAMES + 1):
        after, before = f"h{t + 1}" if t < FRAMES else "h0", f"z{t - 1}" if t > 1 else "zq0"
        pairs += [(after, f"r{t}"), (f"x{t}", f"r{t}"), (f"r{t}", f"h{t}")]
        pairs += [(f"h{t}", f"c{t}"), (before, f"c{t}"), (f"c{t}", f"z{t}")]
    return pairs


def bright(pairs: list[tuple[str, str]], site: str) -> set[tuple[str, str]]:
    """The arrows on the ways into a latent, or into what has no way out; of all else, on the ways out.

    A way ends at a latent: what lies behind it is another site's.
    """
    into = site not in {start for start, _ in pairs} or (site[0] == "z" and site not in STARTS)
    todo, found = [site], set()
    while todo:
        here = todo.pop()
        for pair in pairs:
            end, other = (pair[1], pair[0]) if into else (pair[0], pair[1])
            if end == here and pair not in found:
                found.add(pair)
                if other[0] != "z":
                    todo.append(other)
    return found


def model_shapes(site: str) -> dict[str, Shape]:
    """The circles and squares of the model."""
    room = Shape(STEP * (FRAMES + 1), 0, kind="text", width=0.55)  # as wide as the guide, so that frames stand alike
    shapes = {"z0": _circle(0, 0, "z0", site, THETA, "a weight, in the place of a latent before the first")}
    shapes["room"] = room
    for t in range(1, FRAMES + 1):
        hover = {"f": "transition network", "e": "emission network"}
        shapes[f"f{t}"] = Shape(STEP * t - GAP, 0, kind="square", colour=THETA, hover=hover["f"])
        shapes[f"e{t}"] = Shape(STEP * t, 1.5, kind="square", colour=THETA, hover=hover["e"])
        shapes[f"z{t}"] = _circle(STEP * t, 0, f"z{t}", site, LATENT, "a latent, drawn")
        shapes[f"x{t}"] = _circle(STEP * t, 3, f"x{t}", site, GREY, "a frame, observed")
    return shapes


def guide_shapes(site: str) -> dict[str, Shape]:
    """The circles and squares of the guide."""
    shapes = {
        "zq0": _circle(0, 0, "zq0", site, PHI, "a weight, in the place of a latent before the first"),
        "h0": _circle(STEP * (FRAMES + 1), 1.5, "h0", site, PHI, "a weight, where the RNN starts"),
    }
    for t in range(1, FRAMES + 1):
        last = f"sums up x {t} to x {FRAMES}"
        shapes[f"c{t}"] = Shape(STEP * t, 0.78, kind="square", colour=PHI, hover="combiner network")
        shapes[f"r{t}"] = Shape(STEP * t, 2.25, kind="square", colour=PHI, hover="RNN")
        shapes[f"h{t}"] = Shape(STEP * t, 1.5, f"h<sub>{t}</sub><sup>right</sup>", colour=FUTURE, hover=last)
        shapes[f"z{t}"] = _circle(STEP * t, 0, f"z{t}", site, LATENT, "a latent, drawn")
        shapes[f"x{t}"] = _circle(STEP * t, 3, f"x{t}", site, GREY, "a frame, read")
    return shapes


def _circle(x, y, name, site, colour, hover):
    label = {"zq0": "z<sub>q,0</sub>"}.get(name, f"{name[0]}<sub>{name[1:]}</sub>")
    return Shape(x, y, label, colour=colour, seen=name[0] == "x", strong=name == site, hover=hover)


def unrolled(side: str, site: str) -> tuple[dict[str, Shape], list[Arrow], str]:
    """One of the two programs as a diagram: its shapes, its arrows, and what it shows in words."""
    is_model = side == "model"
    pairs = model_arrows() if is_model else guide_arrows()
    shapes = model_shapes(site) if is_model else guide_shapes(site)
    lit = bright(pairs, site)
    arrows = [Arrow(*pair, colour=_colour(pair), pale=bool(lit) and pair not in lit) for pair in pairs]
    words = (
        "each latent comes from the one before through the transition, each frame from its latent through the emitter"
        if is_model
        else "an RNN runs from the last frame back; each latent comes from its state, h right, and the latent before"
    )
    return shapes, arrows, f"The {side} over {FRAMES} frames: {words}. Strong arrows: what has to do with {site}."


def _colour(pair):
    """Of an arrow: the future's on the RNN's way, else a latent's."""
    return FUTURE if {pair[0][0], pair[1][0]} & set("rh") else LATENT
