"""Every hyper-parameter, once: type, range, unit, meaning and source.

The sliders of the Train page, the options of the command line, `config.json` in a run folder and the sentences
that refuse a bad value are all made from the one class below.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dmm.refusals import ELSEWHERE, impossible

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
        meaning="The pieces to learn from: a set that comes with the app, or music of your own (a MIDI or JSON file), "
        "alone or added to the chorales.",
        min_length=1,
        max_length=500,
    )

    x_dim: int = knob(
        88,
        group="model",
        label="Keys",
        symbol="x_t",
        unit="keys",
        ge=1,
        le=1024,
        meaning="How many observations a frame has: for music one for each key of the piano.",
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
    transition: Literal["gated", "mlp", "linear"] = knob(
        "gated",
        group="model",
        label="Transition",
        symbol="p(z_t \\mid z_{t-1})",
        meaning="How the state moves: a gate that chooses, dimension by dimension, between a linear rule and a "
        "network's proposal; the network alone (mlp); or the linear rule alone.",
        source=f"{PAPER}: gated",
    )
    emission: Literal["bernoulli", "gaussian"] = knob(
        "bernoulli",
        group="model",
        label="Emission",
        symbol="p(x_t \\mid z_t)",
        meaning="What is drawn from the state: a coin for each key, or a real number with Gaussian noise. Nats of the "
        "second are of a density: not comparable with the first, and on keys that never sound it falls without end.",
        source=f"{PAPER}: Bernoulli for music",
    )
    emitter: Literal["mlp", "linear"] = knob(
        "mlp",
        group="model",
        label="Emitter",
        meaning="What leads from the state to the emission: a network with two hidden layers, or one matrix.",
        source=f"{PAPER}: mlp",
    )
    edges: Literal["markov", "augmented"] = knob(
        "markov",
        group="model",
        label="Edges",
        meaning="Augmented adds an arrow from each frame to the next latent and to the next frame (DMM-Aug): a better "
        "score, and a hidden state that need not remember what was just heard.",
        source=f"{PAPER}, section 6.5",
    )
    first: Literal["learned", "given"] = knob(
        "learned",
        group="model",
        label="First latent",
        symbol="p(z_1)",
        meaning="Where the chain starts: one transition after a learned z_0, or a given Gaussian.",
        source=f"{PAPER}: N(0, I); {PYRO}: learned",
    )
    first_loc: float = knob(
        0.0,
        group="model",
        label="Its mean",
        symbol="m_0",
        ge=-100.0,
        le=100.0,
        step=0.1,
        meaning="The mean of a given first latent, the same in each dimension.",
        source=f"{PAPER}: 0",
    )
    first_scale: float = knob(
        1.0,
        group="model",
        label="Its scale",
        symbol="\\sqrt{P_0}",
        ge=0.001,
        le=100.0,
        step=0.1,
        meaning="The standard deviation of a given first latent, the same in each dimension.",
        source=f"{PAPER}: 1",
    )
    emission_dim: int = knob(
        32,
        group="model",
        label="Emitter width",
        symbol="p(x_t \\mid z_t)",
        unit="units",
        ge=1,
        le=1024,
        meaning="Width of the two hidden layers between a hidden state and the emission.",
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
        meaning="Width of the hidden layers: of the gate and of the proposed mean, or of the mlp.",
        source=f"{PAPER}: 200",
    )

    inference: Literal["mf-l", "mf-r", "mf-lr", "st-l", "st-r", "st-lr"] = knob(
        "st-r",
        group="inference",
        label="Network",
        symbol="q(z_t \\mid \\dots)",
        meaning="What the guess of a latent may look at: the left (past), the right (future) or both; alone (mf, mean "
        "field), or with the latent before it (st, structured).",
        source=f"{PAPER}, Table 1; st-r is its DKS",
    )
    rnn_cell: Literal["relu", "gru", "lstm"] = knob(
        "relu",
        group="inference",
        label="RNN cell",
        meaning="How the RNN's state is carried on: a plain ReLU-RNN, or one with gates of its own.",
        source=f"{PYRO}: relu; the authors' code: lstm",
    )
    rnn_embedding: int = knob(
        0,
        group="inference",
        label="Embedding",
        unit="units",
        ge=0,
        le=1024,
        meaning="Width of a layer between the keys and the RNN; 0 for none.",
        source="the authors' code: as wide as the RNN",
    )
    rnn_dim: int = knob(
        64,
        group="inference",
        label="RNN width",
        symbol="h_t",
        unit="units",
        ge=1,
        le=1024,
        meaning="Size of the state in which each RNN sums up the past or the future.",
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
        unit="steps",
        ge=0,
        le=4,
        meaning="How many inverse autoregressive flow steps bend the Gaussian posterior. They need the sampled KL.",
        source=f"{PYRO}: 0, 1 or 2",
    )
    iaf_dim: int = knob(
        100,
        group="inference",
        label="IAF width",
        unit="units",
        ge=1,
        le=512,
        meaning="Width of the hidden layer of an IAF step.",
        source=f"{PYRO}: 100",
    )
    missing: float = knob(
        0.0,
        group="inference",
        label="Missing frames",
        unit="probability",
        ge=0.0,
        le=0.9,
        step=0.05,
        meaning="The chance that a frame is hidden in a training step. What is hidden is summed out of the bound, and "
        "the network is told where the holes are: so it learns to fill them. The training curve counts nats per known "
        "frame, so it lies above that of the validation, which has no holes.",
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
    free_bits: float = knob(
        0.0,
        group="objective",
        label="Free bits",
        unit="nats",
        ge=0.0,
        le=2.0,
        step=0.01,
        meaning="So much KL per latent dimension and frame costs nothing: it keeps dimensions from falling asleep. "
        "The curves still show the bound itself.",
        source="Kingma et al. (2016)",
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
    schedule: Literal["exponential", "cosine"] = knob(
        "exponential",
        group="optimiser",
        label="Schedule",
        meaning="How the learning rate falls: by the rate decay alone, or along half a cosine as well, to zero at the "
        "end of the run.",
        source=f"{PYRO}: exponential",
    )
    seconds: float = knob(
        0.0,
        group="optimiser",
        label="Horizon",
        unit="seconds",
        ge=0.0,
        le=1e6,
        step=1.0,
        meaning="Training time after which a cosine schedule, and so the run, comes to its end; 0: the last epoch.",
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
    patience: int = knob(
        0,
        group="run",
        label="Patience",
        unit="epochs",
        ge=0,
        le=10_000,
        meaning="The run ends once the bound on the validation pieces has not improved for so many epochs; 0: never.",
    )
    target: float = knob(
        0.0,
        group="run",
        label="Target",
        unit="nats per frame",
        ge=0.0,
        le=1000.0,
        step=0.1,
        meaning="The run ends once the bound on the validation pieces is as low as this; 0: never.",
    )
    time_limit: float = knob(
        0.0,
        group="run",
        label="Time limit",
        unit="seconds",
        ge=0.0,
        le=1e6,
        step=10.0,
        meaning="The run ends after so much training time; 0: never. Unlike a horizon it changes no learning rate.",
    )
    seed: int = knob(
        0,
        group="run",
        label="Seed",
        ge=0,
        le=2**32 - 1,
        meaning="Where the random numbers start: first weights, order of the pieces, noise.",
    )
    engine: Literal["fused", "readable", "pyro"] = knob(
        "fused",
        group="run",
        label="Engine",
        meaning="Who computes the bound and its gradient: hand-written loops over packed frames (fused), the readable "
        "definition in plain PyTorch, or the Pyro program with Pyro's own ELBO (TraceMeanField_ELBO for the analytic "
        "KL, Trace_ELBO for the sampled one). All give the same numbers; fused is the fastest, Pyro the slowest.",
    )
    device: Literal["cpu", "cuda"] = knob(
        "cpu",
        group="run",
        label="Device",
        meaning="Where the arithmetic happens: the processor, or a graphics card (cuda).",
        source="Pyro's first example: use_cuda",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_truth_values(cls, value):
        if isinstance(value, bool):
            raise ValueError("a truth value is not a number")
        return value

    @model_validator(mode="after")
    def _refuse_what_cannot_go_together(self):
        reasons = [reason for refused, reason in impossible(self) if refused]
        if reasons:
            raise ValueError(" ".join(reasons))
        return self


SIZES = {
    "classroom": {"z_dim": 16, "emission_dim": 32, "transition_dim": 32, "rnn_dim": 64},
    "standard": {"z_dim": 32, "emission_dim": 100, "transition_dim": 100, "rnn_dim": 200},
    "paper": {"z_dim": 100, "emission_dim": 100, "transition_dim": 200, "rnn_dim": 600},
}
SETTINGS = {
    "classroom": {"learning_rate": 1e-2, "lr_decay": 0.9998, "annealing_updates": 100, "epochs": 300},
    "standard": {
        "rnn_cell": "gru",
        "rnn_dropout": 0.1,
        "schedule": "cosine",
        "learning_rate": 5e-3,
        "annealing_updates": 500,
        "epochs": 400,
    },
    "paper": {
        "rnn_dropout": 0.1,
        "schedule": "cosine",
        "learning_rate": 2e-3,
        "annealing_updates": 500,
        "epochs": 600,
    },
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
        return " ".join(filter(None, [f'Unknown field "{name}".', ELSEWHERE.get(name, "")]))
    if not error["loc"]:  # single values are right, but not together
        return error["msg"].removeprefix("Value error, ")
    limits = about(name)
    if limits["fixed"] and "minimum" not in limits:
        asked = f'"{given}"' if limits["choices"] else given
        return f"{name} is fixed at {limits['default']}; you asked for {asked}. {limits['fixed']}"
    if limits["choices"]:
        return f'{name} must be {" or ".join(limits["choices"])}; you asked for "{given}".'
    if "minimum" in limits:
        whole = " (a whole number)" if limits["type"] == "integer" else ""
        return f"{name} must be {limits['minimum']:.10g}–{limits['maximum']:.10g}{whole}; you asked for {given}."
    return f"{name} is not valid: {error['msg']}."
