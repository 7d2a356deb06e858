"""The colours of terms, traces and voices: one place, so that a formula and its trace always match.

All come from the Okabe-Ito palette, which stays distinct for colour-blind eyes.
"""

BLUE = "#0072B2"
SKY = "#56B4E9"
GREEN = "#009E73"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#8A8F98"
BLACK = "#333333"

ON_DARK = {BLUE: "#4AA8E0", BLACK: "#E8E8E8"}  # what is too dim on a dark page, and its lighter twin there

WORDS = {  # for words and formulas: the same hue, dark or light enough to be read; .streamlit/config.toml has them too
    "light": {BLUE: BLUE, SKY: BLUE, GREEN: "#008460", ORANGE: "#9C6C00", VERMILLION: "#BE5400", PURPLE: "#BB4D8A"},
    "dark": {BLUE: SKY, SKY: SKY, GREEN: "#33B68F", ORANGE: ORANGE, VERMILLION: "#E8833A", PURPLE: "#D990B8"},
}

BOUND = BLUE  # minus the ELBO
RECONSTRUCTION = GREEN  # minus log p(x | z)
KL = ORANGE  # KL(q || p)
VALIDATION = PURPLE  # the bound on held-out pieces
GATE = PURPLE
LATENT = SKY

GATES = {  # from shut to open: place and colour; one hue, its lightness grows evenly, on a light page and on a dark one
    "light": ((0.0, "#F9EFF4"), (0.572, GATE), (1.0, "#6E4B5D")),
    "dark": ((0.0, "#2D2226"), (0.721, GATE), (1.0, "#E0BDCE")),
}

TIME = ((0.0, "#A9DAF6"), (0.4, SKY), (0.75, BLUE), (1.0, "#005F96"))  # one hue, early to late

RUNS = (  # side by side, in order: hue and dash, so that neither alone has to tell
    (BLUE, "solid"),
    (VERMILLION, "dash"),
    (GREEN, "dot"),
    (ORANGE, "dashdot"),
    (PURPLE, "longdash"),
    (SKY, "longdashdot"),
)

THETA = BLUE  # whose weights: the model's
PHI = VERMILLION  # the guess's

VOICES = (VERMILLION, ORANGE, GREEN, BLUE)  # soprano, alto, tenor, bass
