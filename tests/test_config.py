"""Every hyper-parameter: what a control is told, what is refused and in which words, and what survives JSON."""

import json
import math

import pytest
from pydantic import ValidationError

from dmm.config import GROUPS, PRESETS, Config, ConfigError, about, knobs, make_config, read_config

FIELDS = list(Config.model_fields)
NUMBERS = [name for name in FIELDS if "minimum" in about(name)]
FREE_NUMBERS = [name for name in NUMBERS if not about(name)["fixed"]]
CHOICES = [name for name in FIELDS if about(name)["choices"]]


def refusal(preset="classroom", **values):
    with pytest.raises(ConfigError) as caught:
        make_config(preset, **values)
    return str(caught.value)


def number_in(sentence, value):
    """Whether the sentence holds this number with all its digits, however it is written."""
    words = sentence.replace("–", " ").replace(";", " ").replace(",", "").split()
    for word in words:
        try:
            if float(word.rstrip(".")) == value:
                return True
        except ValueError:
            continue
    return False


@pytest.mark.parametrize("name", FIELDS)
def test_field_has_label_meaning_and_a_known_group(name):
    told = about(name)
    assert told["label"].strip()
    assert len(told["meaning"]) > 10
    assert told["group"] in GROUPS
    assert name in knobs(told["group"])


def test_groups_share_out_all_fields_without_overlap():
    assert sorted(name for group in GROUPS for name in knobs(group)) == sorted(FIELDS)


@pytest.mark.parametrize("name", NUMBERS)
def test_number_has_both_limits_and_a_default_between_them(name):
    told = about(name)
    assert told["minimum"] <= told["default"] <= told["maximum"]
    assert math.isfinite(told["minimum"])
    assert math.isfinite(told["maximum"])


@pytest.mark.parametrize("name", CHOICES)
def test_default_is_one_of_the_choices(name):
    assert about(name)["default"] in about(name)["choices"]


def test_field_with_a_single_possible_value_says_why_it_is_fixed():
    for name in FIELDS:
        told = about(name)
        single = told["choices"] and len(told["choices"]) == 1
        single = single or ("minimum" in told and told["minimum"] == told["maximum"])
        assert bool(single) == bool(told["fixed"]), name


@pytest.mark.parametrize(
    ("preset", "sizes"),
    [("classroom", (16, 32, 32, 64)), ("standard", (32, 100, 100, 200)), ("paper", (100, 100, 200, 600))],
)
def test_preset_has_the_sizes_of_the_design(preset, sizes):
    config = make_config(preset)
    assert (config.z_dim, config.emission_dim, config.transition_dim, config.rnn_dim) == sizes
    assert (config.x_dim, config.batch_size) == (88, 20)


def test_there_are_three_presets_and_classroom_is_the_default():
    assert list(PRESETS) == ["classroom", "standard", "paper"]
    assert make_config() == make_config("classroom")


def test_values_go_over_the_preset():
    config = make_config("paper", z_dim=7, epochs=1)
    assert (config.z_dim, config.epochs, config.rnn_dim) == (7, 1, 600)


def test_configuration_is_frozen_and_hashable():
    config = make_config()
    with pytest.raises(ValidationError, match="frozen"):
        config.z_dim = 3
    assert hash(config) == hash(make_config())


def test_unknown_field_and_unknown_preset_are_named():
    assert refusal(z_dims=3) == 'Unknown field "z_dims".'
    sentence = refusal("tutorial")
    assert '"tutorial"' in sentence
    assert all(name in sentence for name in PRESETS)


@pytest.mark.parametrize("name", FREE_NUMBERS)
@pytest.mark.parametrize("bad", [-1, 1e308, math.nan, math.inf, -math.inf, "twelve", None, [1]])
def test_bad_number_is_refused_in_one_sentence_with_the_field_and_the_value(name, bad):
    sentence = refusal(**{name: bad})
    assert sentence.startswith(name)
    assert str(bad) in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize("name", FREE_NUMBERS)
def test_sentence_about_the_range_holds_both_limits_exactly(name):
    told = about(name)
    for limit in (told["minimum"], told["maximum"]):
        sentence = refusal(**{name: -1 if limit == told["minimum"] else told["maximum"] + 1})
        assert number_in(sentence, limit), sentence


@pytest.mark.parametrize("name", FREE_NUMBERS)
def test_limits_themselves_are_allowed(name):
    for limit in (about(name)["minimum"], about(name)["maximum"]):
        assert getattr(make_config(**{name: limit}), name) == limit


@pytest.mark.parametrize("name", CHOICES)
def test_wrong_choice_is_refused_with_all_that_there_are(name):
    sentence = refusal(**{name: "tea"})
    assert all(choice in sentence for choice in about(name)["choices"])
    assert '"tea"' in sentence


def test_whole_number_is_asked_for_where_a_fraction_was_given():
    assert refusal(z_dim=16.5) == "z_dim must be 1–256 (a whole number); you asked for 16.5."


def test_truth_value_is_not_a_number():
    for name in ("z_dim", "learning_rate"):
        assert "True" in refusal(**{name: True})


def test_number_beyond_every_float_is_refused_with_a_sentence():
    for name in ("z_dim", "learning_rate"):
        assert refusal(**{name: 10**400}).startswith(f"{name} must be")


def test_each_bad_value_gets_its_own_sentence():
    sentence = refusal(z_dim=0, epochs=-1, engine="jax", depth=3)
    for part in ("z_dim must be", "epochs must be", "engine must be", 'Unknown field "depth".'):
        assert part in sentence


def test_hostile_text_is_cut_short():
    assert len(refusal(z_dim="9" * 10_000 + "x")) < 200
    assert len(refusal(**{"y" * 10_000: 1})) < 200
    assert len(refusal("p" * 10_000)) < 200


@pytest.mark.parametrize("preset", PRESETS)
def test_configuration_survives_a_round_trip_through_json(preset):
    config = make_config(preset, rnn_dropout=0.1, lr_decay=0.99996, seed=2**32 - 1, engine="pyro")
    text = json.dumps(config.model_dump(), allow_nan=False)
    assert read_config(json.loads(text)) == config
    assert Config.model_validate_json(config.model_dump_json()) == config


def test_absent_field_of_a_stored_configuration_takes_its_default():
    assert read_config({}) == Config()


def test_stored_configuration_cannot_name_a_preset():
    with pytest.raises(ConfigError, match="preset"):
        read_config({"preset": "paper"})
    with pytest.raises(ConfigError, match="preset"):
        read_config({"preset": []})
