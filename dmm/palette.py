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

BOUND = BLUE  # minus the ELBO
RECONSTRUCTION = GREEN  # minus log p(x | z)
KL = ORANGE  # KL(q || p)
VALIDATION = PURPLE  # the bound on held-out pieces
GATE = PURPLE
LATENT = SKY

THETA = BLUE  # whose weights: the model's
PHI = VERMILLION  # the guess's

VOICES = (VERMILLION, ORANGE, GREEN, BLUE)  # soprano, alto, tenor, bass
