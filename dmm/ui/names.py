"""The names of all controls that a link carries or hides, page by page, and of the blocks that it hides.

A link outlives a version of the app: so a name says the same for ever, and `config_link.VERSION` counts up if one must
change. A test walks through all pages and finds every control here.
"""

from dmm.config import Config

BLOCKS = {"tasks": "Tasks", "answers": "Answers to the tasks", "code": "Code below formulas"}
SETTINGS = "settings"  # a block of Train: all its controls
NAMES = {
    "home": ("moment",),
    "state_space": (
        *("a", "c", "Q", "R", "T", "seed", "holes", "unknown", "model_a", "model_c", "model_Q", "model_R"),
        *("view", "truth", "now", "before", "code"),
    ),
    "deep_markov_model": (
        *("T", "Z", "X", "E", "H", "inside", "z_1", "sigma", "t", "lines", "beat", "number", "shift", "view", "seed"),
    ),
    "gate": (
        *("here", "hold1", "g1", "t", "i", "hold", "g", "rest", "nearby", "which", "plane", "seed", "across", "up"),
        *("clamp", "at", "dot", "epochs"),
    ),
    "bound": (
        *("world", "x", "mean", "sd", "jensen", "apart", "exactly", "gaussians", "q_mean", "q_sd", "p_mean", "p_sd"),
        *("inside", "noisy", "noisy_mean", "noisy_sd", "learn", "start", "rate", "draws", "code"),
    ),
    "bound_in_time": (
        *("graph", "target", "kind", "source", "known", "case", "family", "frame", "factor", "factors", "guess"),
        *("draw", "beat", "noise", "rank", "split", "gaussians"),
    ),
    "structured_inference": (
        *("row", "t", "known", "network", "combiner", "before", "unit_left", "unit_right", "left_mean", "left_sd"),
        *("right_mean", "right_sd", "guess", "latent", "noise", "rho", "race"),
    ),
    "one_update": (
        *("model", "stage", "arrows", "piece", *(f"look{stage}" for stage in range(1, 9)), "group", "w", "limit"),
    ),
    "recovery": ("alpha", "beta", "who", "seed", "close"),
    "train": ("preset", *Config.model_fields, SETTINGS),
    "latents": ("piece", "own", "moment", "axes", "seed", "beats", "mean"),
    "listen": (
        *("part", "piece", "seed", "beats", "pieces", "z_heat", "note_heat", "kept"),
        *("go_from", "go_for", "go_heat", "go_seed", "holes", "fill_seed", "act_on", "act_seed", "act", "act_dim"),
        *("act_other", "act_by", "act_path", "act_gate", "act_whose", "act_from", "act_for"),
        *("quiz_beats", "quiz_tidy", "quiz_seed", "ask", "ridge", "nudge", "toward", "own", "mine"),
    ),
    "compare": ("runs", "term", "axis", "sweep"),
    "numbers": ("T1", "T2", "T3", "c1", "c2", "c3", "spread", "S"),
    "in_code": ("site", "part", "event", "scale", "mask", "plate", "step", "h0", "extra"),
    "glossary": (),
}
