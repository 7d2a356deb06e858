"""Figures: numpy in, plotly out.

`from dmm import figures; figures.piano_roll(roll)`. Plotly is loaded when the first figure is asked for.

On screen, beats t, dimensions of z and principal components count from 1, as the formulas do; arguments are
array indices and count from 0. Every figure says what it shows in words in
`figure.layout.meta["description"]`: pass it on as `st.plotly_chart(figure, alt=...)`. Text takes its colour
from the theme of the page.
"""

from importlib import import_module

_HOMES = {
    "trajectory_3d": "trajectories",
    "gate_bars": "gates",
    "gate_history": "gates",
    "gated_map": "lanes",
    "vector_field": "fields",
    "fitting_part": "fields",
    "near_fixed_point": "fields",
    "step_matrix": "lanes",
    "engine_curves": "engines",
    "engine_speeds": "engines",
    "compared_curves": "comparisons",
    "sweep_map": "sweeps",
    "sweep_dots": "sweeps",
    "sweep_lines": "parallel",
    "cost_areas": "numbers",
    "estimate_by_draws": "numbers",
    "ladder": "numbers",
    "graph": "graphs",
    "Node": "graphs",
    "Arrow": "graphs",
    "piano_roll": "rolls",
    "open_paths": "chains",
    "frame_weights": "chains",
    "wiring": "chains",
    "network_masks": "masks",
    "two_bells": "bells",
    "ellipses": "bells",
    "influence_maps": "influences",
    "influence_lines": "influences",
    "gap_bars": "gaps",
    "hidden_and_seen": "bands",
    "band_widths": "bands",
    "Band": "bands",
    "likelihood_curve": "likelihoods",
    "as_good": "likelihoods",
    "best_place": "likelihoods",
    "noisy_map": "maps",
    "transition_table": "maps",
    "model_graph": "models",
    "who_sees_what": "models",
    "coupled_step": "coupling",
    "likelihood_valley": "valleys",
    "Way": "valleys",
    "bound_at_ends": "laws",
    "one_step": "dynamics",
    "spreading": "dynamics",
    "keyboard": "keys",
    "bound_bar": "bounds",
    "jensen_chord": "bounds",
    "latent_curves": "curves",
    "belief_curves": "curves",
    "Curves": "curves",
    "estimate_hills": "estimates",
    "Estimate": "estimates",
    "guess_walk": "walks",
    "bound_by_step": "walks",
    "trajectory_draws": "draws",
    "chorale_costs": "costs",
    "system_costs": "costs",
    "ranked_kl": "steps",
    "step_bells": "steps",
    "number_grid": "cells",
    "tensor_map": "updates",
    "module_bars": "updates",
    "rate_curve": "updates",
    "annealing_schedule": "objectives",
    "printed_loss": "objectives",
    "gradient_strips": "objectives",
    "cost_ahead": "horizons",
    "twin_paths": "twins",
    "keys_apart": "twins",
    "probe_scores": "probes",
    "class_reading": "probes",
    "number_reading": "probes",
    "probe_reach": "probes",
    "pitch_class_bars": "probes",
    "principal_components": "projection",
    "Projection": "projection",
    "taken_for": "hearings",
    "Hearing": "hearings",
}  # no file bears the name of a figure: importing it would put the module in the figure's place

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    """Loads a figure's file when the figure is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
