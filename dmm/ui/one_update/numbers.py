"""One update: the numbers of the page, computed once for each model and kept as NumPy. Torch is loaded when asked."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from dmm.config import Config, make_config
from dmm.runs import store
from dmm.ui.datasets import dataset_of

RUN = "0000000000000001"  # which came with the app
MODELS = {"fresh": "not trained yet", "trained": "trained"}
RATES = tuple(float(rate) for rate in 10 ** np.arange(-5, -0.9, 0.25))
DRAWS, PIECES, BEATS = 64, 4, 8
UPDATES = np.unique(np.geomspace(1, 20_000, 160).astype(int))


class Update(NamedTuple):
    """One update of a model: what `one_update.Step` holds, each module's entries, and the bound after it."""

    config: Config
    pieces: tuple[str, ...]  # their names
    tensors: dict[str, np.ndarray]
    modules: dict[str, np.ndarray]  # from a name to the places of its entries in the flat vector
    kl_weight: float
    scale: float
    rate: float
    before: tuple[float, float]  # reconstruction and KL, nats per frame
    after: tuple[float, float]

    @property
    def frames(self) -> int:
        """Real frames of the batch."""
        return int(self.tensors["lengths"].sum())

    def lengths_of(self, vector) -> np.ndarray:
        """The length of each module's part of a flat vector."""
        return np.array([np.linalg.norm(vector[places]) for places in self.modules.values()])

    @property
    def moved(self) -> np.ndarray:
        """How far an average weight of each module moved: the root of the mean square."""
        change = self.tensors["new_weights"] - self.tensors["weights"]
        sizes = np.array([len(places) for places in self.modules.values()])
        return self.lengths_of(change) / np.sqrt(sizes)


class Setting(NamedTuple):
    """Where an update starts: a spec, and weights by their names."""

    spec: object
    weights: dict


@st.cache_data(show_spinner="Computing one update…", max_entries=4)
def update_of(model: str) -> Update:
    """One update of a model, by its name in `MODELS`."""
    import torch

    from dmm import one_update, optimisers, update_study

    spec, weights = _setting(model)
    step = one_update.slow_motion(spec, weights)
    tensors, module = step.tensors, update_study.module_of_each(weights)
    real = int(tensors["lengths"].sum())
    train = dataset_of(spec.config.data).train
    return Update(
        spec.config,
        tuple(train[i].name for i in step.pieces),
        tensors,
        {name: np.flatnonzero(module == i) for i, name in enumerate(update_study.MODULES)},
        step.kl_weight,
        step.scale,
        optimisers.learning_rate(1, spec.config),
        (-float(tensors["reconstruction"].sum()) / real, float(tensors["kl"].sum()) / real),
        update_study.bound_after(spec, weights, torch.from_numpy(tensors["new_weights"])),
    )


@st.cache_data(show_spinner="Taking the step at other rates…", max_entries=4)
def rates_of(model: str) -> np.ndarray:
    """Reconstruction and KL after the same step at other rates: (R, 2)."""
    from dmm import update_study

    return update_study.rates_tried(*_setting(model), update_of(model).tensors["gradient"], RATES)


@st.cache_data(show_spinner="Drawing the noise again and again…", max_entries=4)
def noise_of(model: str):
    """The gradient's noise with both forms of the KL, on the first beats of a few pieces."""
    from dmm import one_update, update_study

    spec, weights = _setting(model)
    pieces = one_update.take_batch(spec, next(iter(weights.values())).dtype)[0][:PIECES]
    short = spec._replace(train=tuple(spec.train[i][:BEATS] for i in pieces))
    found = update_study.gradient_noise(short, weights, range(PIECES), DRAWS)
    return {kl: {name: tuple(one) for name, one in modules.items()} for kl, modules in found.items()}


@st.cache_data(show_spinner=False)
def schedule_of(first: float, updates: int) -> np.ndarray:
    """The weight of the KL in `UPDATES`, from `first` to 1 in so many updates, as `training.py` has it."""
    from dmm import update_study

    config = make_config("classroom", min_kl_weight=first, annealing_updates=updates)
    return update_study.schedule(config, UPDATES)


@st.cache_resource(show_spinner=False)
def _setting(model):
    """Where the update of a model starts; of the trained one, with the whole KL and an Adam that starts anew."""
    from dmm import training
    from dmm.runs.snapshots import load_run

    if model == "fresh":
        config = make_config("classroom")
        spec = training.make_spec(config, dataset_of(config.data))
        return Setting(spec, training.make_state(spec).weights)
    run = store.find_run(RUN)
    config = store.read_run_config(run).model_copy(update={"annealing_updates": 0})
    weights = {name: weight.detach() for name, weight in load_run(run)[0].named_parameters()}
    return Setting(training.make_spec(config, dataset_of(config.data)), weights)
