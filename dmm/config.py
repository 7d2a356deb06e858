"""Every hyper-parameter, once: type, range, unit, meaning and source.

The sliders of the Train page, the options of the command line, `config.json` in a run folder and the sentences
that refuse a bad value are all made from the one class below.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

PAPER = "Krishnan, Shalit & Sontag (2017)"
PYRO = "Pyro's DMM example"

GROUPS = {
    "model": "The model p",
    "inference": "The inference network q",
    "objective": "The bound",
    "optimiser": "The optimiser",
    "run": "The run",
}


class ConfigError(ValueError):
    """A hyper-parameter was refused; the message is one sentence for each reason."""


def knob(default, *, group, label, symbol="", unit="", source="", fixed="", step=None, **limits):
    """A pydantic field that carries what a control shows; `fixed` says why a value cannot change yet."""
    meaning = limits.pop("meaning")
    extra = {"group": group, "symbol": symbol, "unit": unit, "source": source, "fixed": fixed, "step": step}
    return Field(default, title=label, description=meaning, json_schema_extra=extra, **limits)


class Config(BaseModel):
    """One run, completely described: the same configuration, data and versions train the same weights.

    Raises:
        ValidationError: a value is unknown, of the wrong type or out of its range (see `make_config`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    data: str = knob(
        "chorales",
        group="run",
        label="Data",
        meaning="The pieces to learn from: a set that comes with the app, or the path of a JSON file.",
        min_length=1,
        max_length=500,
    )

    x_dim: int = knob(
        88,
        group="model",
        label="Keys",
        symbol="x_t",
        unit="keys",
        ge=88,
        le=88,
        meaning="How many 0/1 observations a frame has: one for each key of the piano.",
        fixed="The data decide: a piano has 88 keys.",
    )
    z_dim: int = knob(
        16,
        group="model",
        label="Latent size",
        symbol="z_t",
        unit="dimensions",
        ge=1,
        le=256,
        meaning="How many numbers the hidden state has. More can remember more, and take longer to learn.",
        source=f"{PAPER}: 100",
    )
    emission_dim: int = knob(
        32,
        group="model",
        label="Emitter width",
        symbol="p(x_t \\mid z_t)",
        unit="units",
        ge=1,
        le=1024,
        meaning="Width of the two hidden layers that turn a hidden state into the odds of 88 keys.",
        source=f"{PAPER}: 100",
    )
    transition_dim: int = knob(
        32,
        group="model",
        label="Transition width",
        symbol="p(z_t \\mid z_{t-1})",
        unit="units",
        ge=1,
        le=1024,
        meaning="Width of the hidden layers of the gate and of the proposed mean.",
        source=f"{PAPER}: 200",
    )

    inference: Literal["st-r"] = knob(
        "st-r",
        group="inference",
        label="Network",
        symbol="q(z_t \\mid z_{t-1}, x_{t:T})",
        meaning="What the posterior's network may look at. ST-R sees the last latent and the future.",
        source=f"{PAPER}, Table 1 (there: DKS)",
        fixed="ST-R is the network of the paper and of Pyro's example; its five rivals come later.",
    )
    rnn_dim: int = knob(
        64,
        group="inference",
        label="RNN width",
        symbol="h_t",
        unit="units",
        ge=1,
        le=1024,
        meaning="Size of the state in which the backward RNN sums up the future.",
        source=f"{PAPER}: 400 or 600",
    )
    rnn_layers: int = knob(
        1,
        group="inference",
        label="RNN layers",
        unit="layers",
        ge=1,
        le=4,
        meaning="How many RNNs are stacked.",
        source=f"{PYRO}: 1",
    )
    rnn_dropout: float = knob(
        0.0,
        group="inference",
        label="RNN dropout",
        unit="probability",
        ge=0.0,
        le=0.9,
        step=0.05,
        meaning="The chance that a unit of an RNN layer's output is silenced in a training step. It acts on "
        "every layer, the last one too, so that it is not without effect when there is just one.",
        source=f"{PYRO}: 0.1, which PyTorch ignores for one layer",
    )
    num_iafs: int = knob(
        0,
        group="inference",
        label="IAF steps",
        ge=0,
        le=0,
        meaning="How many inverse autoregressive flow steps bend the Gaussian posterior.",
        source=f"{PYRO}: 0, 1 or 2",
        fixed="Normalising flows are not part of this version: the posterior is a diagonal Gaussian.",
    )
    iaf_dim: int = knob(
        100,
        group="inference",
        label="IAF width",
        unit="units",
        ge=100,
        le=100,
        meaning="Width of the hidden layer of an IAF step.",
        source=f"{PYRO}: 100",
        fixed="It has no effect while there are no IAF steps.",
    )

    kl: Literal["analytic", "sampled"] = knob(
        "analytic",
        group="objective",
        label="KL",
        symbol="\\mathrm{KL}(q \\| p)",
        meaning="In closed form given the sampled past, or estimated from the same sample as the rest.",
        source=f"{PAPER}: analytic; {PYRO}: sampled",
    )
    loss: Literal["per-frame", "sum"] = knob(
        "per-frame",
        group="objective",
        label="Loss",
        meaning="What the optimiser sees: minus the bound for an average frame, or summed over the batch. "
        "Clipping and weight decay mean something else in each.",
        source=f"{PYRO}: sum",
    )
    min_kl_weight: float = knob(
        0.01,
        group="objective",
        label="First KL weight",
        unit="weight",
        ge=0.001,
        le=1.0,
        step=0.001,
        meaning="The weight of the KL at the first update; it rises in a straight line to 1.",
        source=f"{PYRO}: 0.2; the authors' code: 0.01",
    )
    annealing_updates: int = knob(
        100,
        group="objective",
        label="Annealing",
        unit="updates",
        ge=0,
        le=100_000,
        meaning="How many updates the weight of the KL takes to reach 1.",
        source=f"{PAPER}: 5000 (Table 3)",
    )

    optimiser: Literal["adam", "clipped-adam"] = knob(
        "adam",
        group="optimiser",
        label="Optimiser",
        meaning="Adam with the gradient clipped by its global norm, or Pyro's ClippedAdam, which clips each "
        "entry of the gradient by itself. Both are computed here on one flat vector.",
        source=f"{PAPER}: Adam; {PYRO}: ClippedAdam",
    )
    learning_rate: float = knob(
        5e-3,
        group="optimiser",
        label="Learning rate",
        ge=1e-6,
        le=1.0,
        meaning="How far a step goes.",
        source=f"{PAPER}: 8e-4; {PYRO}: 3e-4",
    )
    beta1: float = knob(
        0.9,
        group="optimiser",
        label="Beta 1",
        ge=0.0,
        le=0.999,
        step=0.001,
        meaning="How much of the last steps' direction is kept (momentum).",
        source=f"the authors' code: 0.9; {PYRO}: 0.96",
    )
    beta2: float = knob(
        0.999,
        group="optimiser",
        label="Beta 2",
        ge=0.0,
        le=0.99999,
        meaning="How slowly the scale of each weight's gradient is forgotten.",
        source=f"the authors' code, {PYRO}: 0.999",
    )
    clip_norm: float = knob(
        1.0,
        group="optimiser",
        label="Clip",
        ge=1e-3,
        le=1e4,
        meaning="The largest gradient that counts: of the whole vector's length with Adam, of each entry with "
        "ClippedAdam.",
        source=f"the authors' code: 1; {PYRO}: 10, by entry",
    )
    lr_decay: float = knob(
        1.0,
        group="optimiser",
        label="Rate decay",
        unit="per update",
        ge=0.99,
        le=1.0,
        step=0.00001,
        meaning="The learning rate is multiplied by this at every update, the first one too.",
        source=f"{PYRO}: 0.99996",
    )
    weight_decay: float = knob(
        0.0,
        group="optimiser",
        label="Weight decay",
        ge=0.0,
        le=10.0,
        step=0.01,
        meaning="This times each weight is added to its gradient (after clipping).",
        source=f"{PYRO}: 2.0, with a summed loss",
    )
    batch_size: int = knob(
        20,
        group="optimiser",
        label="Batch size",
        unit="pieces",
        ge=1,
        le=512,
        meaning="How many pieces one update looks at; pieces of similar length go together.",
        source=f"the authors' code, {PYRO}: 20",
    )

    epochs: int = knob(
        200,
        group="run",
        label="Epochs",
        unit="epochs",
        ge=0,
        le=100_000,
        meaning="How often training goes through all the pieces.",
        source=f"{PAPER}: 2000; {PYRO}: 5000",
    )
    seed: int = knob(
        0,
        group="run",
        label="Seed",
        ge=0,
        le=2**32 - 1,
        meaning="Where the random numbers start: first weights, order of the pieces, noise.",
    )
    engine: Literal["readable", "pyro"] = knob(
        "readable",
        group="run",
        label="Engine",
        meaning="Who computes the bound and its gradient: the readable definition in plain PyTorch, or the Pyro "
        "program with Pyro's own ELBO (TraceMeanField_ELBO for the analytic KL, Trace_ELBO for the sampled one). "
        "Both give the same numbers; Pyro takes longer.",
    )
    device: Literal["cpu"] = knob(
        "cpu",
        group="run",
        label="Device",
        meaning="Where the arithmetic happens.",
        fixed="This version trains on the processor; models this small gain little from a graphics card.",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_truth_values(cls, value):
        if isinstance(value, bool):
            raise ValueError("a truth value is not a number")
        return value


SIZES = {
    "classroom": {"z_dim": 16, "emission_dim": 32, "transition_dim": 32, "rnn_dim": 64},
    "standard": {"z_dim": 32, "emission_dim": 100, "transition_dim": 100, "rnn_dim": 200},
    "paper": {"z_dim": 100, "emission_dim": 100, "transition_dim": 200, "rnn_dim": 600},
}
SETTINGS = {
    "classroom": {"learning_rate": 1e-2, "lr_decay": 0.9998, "annealing_updates": 100, "epochs": 300},
    "standard": {"learning_rate": 4e-3, "lr_decay": 0.9995, "annealing_updates": 500, "epochs": 400},
    "paper": {"learning_rate": 2e-3, "lr_decay": 0.9995, "annealing_updates": 500, "epochs": 400},
}
PRESETS = {name: sizes | SETTINGS[name] for name, sizes in SIZES.items()}


def make_config(preset: str = "classroom", /, **values: Any) -> Config:
    """A validated configuration: the preset, with `values` put over it.

    Raises:
        ConfigError: the preset or a field is unknown, or a value is out of range; one sentence each.
    """
    if preset not in PRESETS:
        raise ConfigError(f'There is no preset "{str(preset)[:40]}"; choose one of {", ".join(PRESETS)}.')
    return read_config(PRESETS[preset] | values)


def read_config(values: Mapping[str, Any]) -> Config:
    """A configuration as `config.json` holds it; an absent field takes its default.

    Raises:
        ConfigError: as `make_config`.
    """
    try:
        return Config(**values)
    except ValidationError as error:
        raise ConfigError(" ".join(_sentence(one) for one in error.errors())) from None


def knobs(group: str) -> list[str]:
    """The names of the fields of one group, in the order in which they are declared."""
    return [name for name in Config.model_fields if about(name)["group"] == group]


@cache
def about(name: str) -> Mapping[str, Any]:
    """What a control needs to know of a field: label, meaning, source, limits, choices, and why it is fixed.

    >>> about("z_dim")["minimum"], about("z_dim")["maximum"]
    (1, 256)
    """
    schema = Config.model_json_schema()["properties"][name]
    choices = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
    words = {"label": schema["title"], "meaning": schema["description"], "choices": choices}
    return MappingProxyType(schema | words)


def _sentence(error: dict) -> str:
    """What pydantic found, as a sentence with both numbers."""
    name = ".".join(str(part) for part in error["loc"])[:40]
    given = str(error.get("input"))[:40]
    if error["type"] == "extra_forbidden":
        return f'Unknown field "{name}".'
    limits = about(name)
    if limits["fixed"]:
        asked = f'"{given}"' if limits["choices"] else given
        return f"{name} is fixed at {limits['default']}; you asked for {asked}. {limits['fixed']}"
    if limits["choices"]:
        return f'{name} must be {" or ".join(limits["choices"])}; you asked for "{given}".'
    if "minimum" in limits:
        whole = " (a whole number)" if limits["type"] == "integer" else ""
        return f"{name} must be {limits['minimum']:.10g}–{limits['maximum']:.10g}{whole}; you asked for {given}."
    return f"{name} is not valid: {error['msg']}."
