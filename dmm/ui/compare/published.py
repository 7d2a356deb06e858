"""Compare: what others have reached on the JSB chorales, beside one's own best; other pieces, so to be read apart."""

import streamlit as st

from dmm.runs.published import JSB, PAPER

CAPTION = (
    f"Published: {PAPER}, and Pyro's tutorial on its DMM example, on the test pieces of the JSB set. That is the same "
    "kind of music as the chorales here but **other pieces**, transposed and cut otherwise: whether a number of theirs "
    "is above or below yours says nothing. The order among theirs, or among yours, does."
)


def show_published(own: tuple[str, str, str] | None) -> None:
    """A table of published numbers, with one's own best on top.

    Args:
        own: its name, (b) and a, in Markdown; None if there is none.
    """
    rows = [f"| {' | '.join(own)} |"] if own else []
    for one in JSB:
        numbers = [f"{one.b:.3f}", f"{one.a:.3f}"] if one.a else [f"{one.b:.2f}", "–"]
        rows.append(f"| {' | '.join([f'{one.name}, JSB ({one.where})', *numbers])} |")
    st.markdown("\n".join(["| nats per frame | *(b)* | *a* |", "|:---|---:|---:|", *rows]))
    st.caption(CAPTION)
