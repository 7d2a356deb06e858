"""Every hyper-parameter: what a control is told, what is refused and in which words, and what survives JSON."""

import json
import math
import re

import pytest
from pydantic import ValidationError

from dmm.config import ELSEWHERE, GROUPS, PRESETS, Config, ConfigError, about, knobs, make_config, read_config

FIELDS = list(Config.model_fields)
NUMBERS = [name for name in FIELDS if "minimum" in about(name)]
ONLY_WITH = {"num_iafs": {"kl": "sampled"}}  # what a value needs beside it to be allowed
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
        assert told["fixed"] or not single, name


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


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("bad", [-101, 1e308, math.nan, math.inf, -math.inf, "twelve", None, [1]])
def test_bad_number_is_refused_in_one_sentence_with_the_field_and_the_value(name, bad):
    sentence = refusal(**{name: bad})
    assert sentence.startswith(name)
    assert str(bad) in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize("name", NUMBERS)
def test_sentence_about_the_range_holds_both_limits_exactly(name):
    told = about(name)
    for limit in (told["minimum"], told["maximum"]):
        sentence = refusal(**{name: told["minimum"] - 1 if limit == told["minimum"] else told["maximum"] + 1})
        assert number_in(sentence, limit), sentence


@pytest.mark.parametrize("name", NUMBERS)
def test_limits_themselves_are_allowed(name):
    for limit in (about(name)["minimum"], about(name)["maximum"]):
        assert getattr(make_config(**{name: limit}, **ONLY_WITH.get(name, {})), name) == limit


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


# --- what cannot go together ---


TOGETHER = [  # settings that exclude each other, what the reason says, and one change that makes them possible
    ({"num_iafs": 1, "kl": "analytic"}, ["num_iafs", "no closed form", "kl sampled"], {"kl": "sampled"}),
    ({"num_iafs": 4, "inference": "mf-l"}, ["num_iafs", "no IAF steps"], {"num_iafs": 0}),
    ({"free_bits": 0.1, "kl": "sampled"}, ["free_bits", "below 0", "kl analytic"], {"kl": "analytic"}),
    ({"free_bits": 0.1, "engine": "pyro"}, ["free_bits", "Pyro", "another engine"], {"engine": "readable"}),
    ({"missing": 0.2, "edges": "augmented"}, ["missing", "summed out", "markov"], {"edges": "markov"}),
]


@pytest.mark.parametrize(("values", "words", "change"), TOGETHER)
def test_settings_that_exclude_each_other_are_refused_with_the_reason_and_a_way_out(values, words, change):
    sentence = refusal(**values)
    assert all(word in sentence for word in words)
    assert sentence.endswith(".")
    assert "Value error" not in sentence
    config = make_config(**(values | change))
    assert all(getattr(config, name) == value for name, value in (values | change).items())
    for preset in PRESETS:
        assert refusal(preset, **values) == sentence


def test_each_impossible_pair_gets_its_own_reason():
    sentence = refusal(num_iafs=1, missing=0.1, edges="augmented")
    assert "num_iafs" in sentence
    assert "missing" in sentence


def test_values_out_of_range_are_told_before_what_cannot_go_together():
    assert refusal(num_iafs=9).startswith("num_iafs must be 0–4")


def test_stored_configuration_with_an_impossible_pair_is_refused_too():
    with pytest.raises(ConfigError, match="num_iafs"):
        read_config(make_config().model_dump() | {"num_iafs": 1})


# --- what others call it ---


@pytest.mark.parametrize("name", ELSEWHERE)
def test_name_from_elsewhere_leads_to_what_it_is_called_here(name):
    assert name not in FIELDS
    assert refusal(**{name: 1}) == f'Unknown field "{name}". {ELSEWHERE[name]}'
    named = re.search(r"Here it is (\w+)|(\w+) \"([\w-]+)\"", ELSEWHERE[name])
    field, choice = named[1] or named[2], named[3]
    assert field in FIELDS
    if choice:
        assert getattr(make_config(**{field: choice}), field) == choice


def test_last_latent_beside_a_mean_field_network_is_refused_with_the_reason():
    sentence = refusal(inference="mf-lr", z_prev=True)
    assert 'Unknown field "z_prev".' in sentence
    assert "mean-field network" in sentence
    assert all(f'"{name}"' in sentence for name in ("st-l", "st-r", "st-lr"))


def test_number_of_keys_may_be_any_that_data_have():
    assert [make_config(x_dim=keys).x_dim for keys in (1, 2, 90, 1024)] == [1, 2, 90, 1024]
